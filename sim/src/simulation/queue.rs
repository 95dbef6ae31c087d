//! The pending events, behind an interface: what comes next, and nothing else.
//!
//! Events of the same instant come in the order they were scheduled. That rule is part of every
//! recorded run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::SimTime;

/// Names a scheduled event until it is popped or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    slot: u32,
    generation: u32,
}

/// A set of events ordered by time, first scheduled first among equals.
pub trait EventQueue<E> {
    /// Schedules an event.
    fn push(&mut self, at: SimTime, event: E) -> Handle;
    /// Takes a scheduled event out; `None` when it was popped or cancelled before.
    fn cancel(&mut self, handle: Handle) -> Option<E>;
    /// Takes the next event out unless it is later than `limit`.
    fn pop_until(&mut self, limit: SimTime) -> Option<(SimTime, E)>;
    /// How many events are scheduled.
    fn len(&self) -> usize;
    /// Whether none is.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A binary heap over an arena of slots: simple, and the reference that faster queues must equal.
///
/// A cancelled event leaves a dead entry in the heap, which is thrown away when it comes up, or
/// with all others when they are the majority.
#[derive(Debug)]
pub struct HeapQueue<E> {
    heap: BinaryHeap<Reverse<(SimTime, u64, Handle)>>,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    scheduled: u64,
    live: usize,
}

/// Dead entries that are never worth a cleaning.
const FEW: usize = 64;

#[derive(Debug)]
struct Slot<E> {
    generation: u32,
    event: Option<E>,
}

impl<E> Default for HeapQueue<E> {
    fn default() -> HeapQueue<E> {
        HeapQueue {
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            scheduled: 0,
            live: 0,
        }
    }
}

impl<E> HeapQueue<E> {
    /// How much is held, alive or dead.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.heap.len() + self.slots.len()
    }

    fn take(&mut self, handle: Handle) -> Option<E> {
        let slot = &mut self.slots[handle.slot as usize];
        if slot.generation != handle.generation {
            return None;
        }
        let event = slot.event.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(handle.slot);
        self.live -= 1;
        Some(event)
    }
}

impl<E> EventQueue<E> for HeapQueue<E> {
    fn push(&mut self, at: SimTime, event: E) -> Handle {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, event: None });
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 events are pending")
        });
        let place = &mut self.slots[slot as usize];
        place.event = Some(event);
        let handle = Handle { slot, generation: place.generation };
        self.heap.push(Reverse((at, self.scheduled, handle)));
        self.scheduled += 1;
        self.live += 1;
        handle
    }

    fn cancel(&mut self, handle: Handle) -> Option<E> {
        let event = self.take(handle)?;
        if self.heap.len() > 2 * self.live + FEW {
            let slots = &self.slots;
            let lives =
                |handle: Handle| slots[handle.slot as usize].generation == handle.generation;
            self.heap.retain(|Reverse((_, _, handle))| lives(*handle));
        }
        Some(event)
    }

    fn pop_until(&mut self, limit: SimTime) -> Option<(SimTime, E)> {
        loop {
            let Reverse((at, _, handle)) = *self.heap.peek()?;
            let dead = self.slots[handle.slot as usize].generation != handle.generation;
            if !dead && at > limit {
                return None;
            }
            self.heap.pop();
            if let Some(event) = self.take(handle) {
                return Some((at, event));
            }
        }
    }

    fn len(&self) -> usize {
        self.live
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Move {
        Push(u64),
        Cancel(usize),
        Pop(u64),
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let step = prop_oneof![
            3 => (0u64..20).prop_map(Move::Push),
            1 => (0usize..64).prop_map(Move::Cancel),
            2 => (0u64..25).prop_map(Move::Pop),
        ];
        proptest::collection::vec(step, 0..200)
    }

    /// A timer that is set again and again, far in the future: what it leaves behind is cleaned up.
    #[test]
    fn cancelled_events_take_no_room() {
        let mut queue = HeapQueue::default();
        let kept: Vec<Handle> = (0..10).map(|n| queue.push(SimTime(n), n)).collect();
        for n in 0..100_000 {
            let handle = queue.push(SimTime(1 << 40), n);
            assert_eq!(queue.cancel(handle), Some(n));
            assert_eq!(queue.cancel(handle), None);
            assert!(queue.heap.len() <= 2 * queue.len() + FEW + 1);
        }
        assert_eq!((queue.len(), queue.slots.len()), (10, 11));
        queue.cancel(kept[3]);
        let popped = std::iter::from_fn(|| queue.pop_until(SimTime(100)));
        assert_eq!(popped.map(|(_, n)| n).collect::<Vec<u64>>(), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
    }

    proptest! {
        /// The heap pops what a sorted map over (time, order of scheduling) would.
        #[test]
        fn pops_in_order_of_time_and_scheduling(moves in moves()) {
            let mut queue = HeapQueue::default();
            let mut model: BTreeMap<(SimTime, usize), usize> = BTreeMap::new();
            let mut handles = Vec::new();
            for step in moves {
                match step {
                    Move::Push(at) => {
                        let n = handles.len();
                        handles.push((queue.push(SimTime(at), n), SimTime(at)));
                        model.insert((SimTime(at), n), n);
                    }
                    Move::Cancel(n) if n < handles.len() => {
                        let (handle, at) = handles[n];
                        prop_assert_eq!(queue.cancel(handle), model.remove(&(at, n)));
                    }
                    Move::Cancel(_) => {}
                    Move::Pop(limit) => {
                        let first = model.first_key_value().map(|((at, _), n)| (*at, *n));
                        let expected = first.filter(|(at, _)| at.0 <= limit);
                        if let Some((at, n)) = expected {
                            model.remove(&(at, n));
                        }
                        prop_assert_eq!(queue.pop_until(SimTime(limit)), expected);
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
            }
        }
    }
}
