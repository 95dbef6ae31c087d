//! The timers that a node has set.

use std::collections::BTreeMap;

use super::queue::Handle;
use crate::time::LocalTime;

/// A timer that is set: its place among the scheduled events and its instant on the node's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Armed {
    /// `None` while the node stands still and in scripts, where timers wait for commands.
    pub(crate) scheduled: Option<Handle>,
    pub(crate) rings: LocalTime,
    /// Timers are set one after the other.
    pub(crate) nth: u64,
}

/// Timers that are searched through one by one. Most nodes have two or three; some have one per
/// request.
const FEW: usize = 12;

/// The timers of a node by name: a few in a list, many in a tree.
#[derive(Debug)]
pub(crate) enum Timers<T> {
    /// In no order.
    Few(Vec<(T, Armed)>),
    Many(BTreeMap<T, Armed>),
}

impl<T> Default for Timers<T> {
    fn default() -> Timers<T> {
        Timers::Few(Vec::new())
    }
}

impl<T: Copy + Ord> Timers<T> {
    /// Sets a timer; gives back where it was scheduled before.
    #[inline(always)]
    pub(crate) fn set(&mut self, timer: T, armed: Armed) -> Option<Handle> {
        let Armed { scheduled, rings, nth } = armed;
        let Timers::Few(list) = self else { return self.set_among_many(timer, armed) };
        if let Some((_, old)) = list.iter_mut().find(|(name, _)| *name == timer) {
            let before = old.scheduled;
            // Field by field: what was just made is not read back as a whole.
            (old.scheduled, old.rings, old.nth) = (scheduled, rings, nth);
            return before;
        }
        if list.len() == FEW {
            return self.set_among_many(timer, armed);
        }
        list.push((timer, Armed { scheduled, rings, nth }));
        None
    }

    #[inline(never)]
    fn set_among_many(&mut self, timer: T, armed: Armed) -> Option<Handle> {
        if let Timers::Few(list) = self {
            *self = Timers::Many(list.drain(..).collect());
        }
        let Timers::Many(tree) = self else { unreachable!("the list has become a tree") };
        tree.insert(timer, armed)?.scheduled
    }

    #[inline(always)]
    pub(crate) fn remove(&mut self, timer: T) -> Option<Armed> {
        match self {
            Timers::Few(list) => {
                let place = list.iter().position(|(name, _)| *name == timer)?;
                Some(list.swap_remove(place).1)
            }
            Timers::Many(tree) => tree.remove(&timer),
        }
    }

    /// Every timer that is set, in the order of the names.
    pub(crate) fn names(&self) -> Vec<T> {
        let mut names: Vec<T> = match self {
            Timers::Few(list) => list.iter().map(|(name, _)| *name).collect(),
            Timers::Many(tree) => tree.keys().copied().collect(),
        };
        names.sort();
        names
    }

    /// Every timer that is set, in the order they were set.
    pub(crate) fn in_order(&mut self) -> Vec<(T, &mut Armed)> {
        let mut all: Vec<(T, &mut Armed)> = match self {
            Timers::Few(list) => list.iter_mut().map(|(name, armed)| (*name, armed)).collect(),
            Timers::Many(tree) => tree.iter_mut().map(|(name, armed)| (*name, armed)).collect(),
        };
        all.sort_by_key(|(_, armed)| armed.nth);
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few or many, they are those that a tree would hold.
        #[test]
        fn timers_are_found_by_name(moves in proptest::collection::vec((0u8..30, any::<bool>()), 0..200)) {
            let mut timers = Timers::default();
            let mut model = BTreeMap::new();
            for (nth, (timer, sets)) in (0u64..).zip(moves) {
                if sets {
                    let armed = Armed { scheduled: None, rings: LocalTime(0), nth };
                    timers.set(timer, armed);
                    model.insert(timer, nth);
                } else {
                    let removed = timers.remove(timer).map(|armed| armed.nth);
                    prop_assert_eq!(removed, model.remove(&timer));
                }
            }
            prop_assert_eq!(timers.names(), model.keys().copied().collect::<Vec<u8>>());
            let mut in_order: Vec<(u64, u8)> = model.iter().map(|(timer, nth)| (*nth, *timer)).collect();
            in_order.sort_unstable();
            let found = timers.in_order();
            let found: Vec<(u64, u8)> = found.iter().map(|(timer, armed)| (armed.nth, *timer)).collect();
            prop_assert_eq!(found, in_order);
        }
    }
}
