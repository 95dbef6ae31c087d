//! What a server has accepted, slot by slot, and the snapshot that stands for the beginning.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::events::consensus::NOOP;
use crate::parts::ballot::Ballot;
use crate::parts::machine::Machine;
use crate::parts::session::{Replica, Request};

/// What can be chosen in a slot.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Value<M: Machine> {
    /// Nothing: it fills a hole.
    Noop,
    /// A client's operation.
    Request(Request<M>),
}

impl<M: Machine> Value<M> {
    /// The stable digest that observers see.
    pub fn digest(&self) -> u64 {
        match self {
            Value::Noop => NOOP,
            Value::Request(request) => request.digest(),
        }
    }

    /// Bytes on the wire.
    pub fn size(&self) -> u32 {
        match self {
            Value::Noop => 0,
            Value::Request(request) => request.size(),
        }
    }
}

impl<M: Machine> fmt::Debug for Value<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Noop => f.write_str("noop"),
            Value::Request(request) => write!(f, "{request:?}"),
        }
    }
}

/// A value, and the ballot in which it is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proposal<M: Machine> {
    /// The ballot.
    pub ballot: Ballot,
    /// The value.
    pub value: Value<M>,
}

/// Values in a message. Copies of the message share them, and an empty list, which is what every
/// heartbeat carries, needs no memory.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Values<M: Machine>(Option<Arc<[Value<M>]>>);

impl<M: Machine> Values<M> {
    /// These values.
    pub fn of(values: Vec<Value<M>>) -> Values<M> {
        Values((!values.is_empty()).then(|| values.into()))
    }

    /// The values.
    pub fn as_slice(&self) -> &[Value<M>] {
        self.0.as_deref().unwrap_or_default()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    /// Whether there is none: the message is a heartbeat.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// The slots of a server, numbered from 1. Some are holes: there it has accepted nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log<M: Machine> {
    /// The last slot that is gone, because a snapshot stands for it.
    base: u64,
    slots: VecDeque<Option<Proposal<M>>>,
}

impl<M: Machine> Default for Log<M> {
    fn default() -> Log<M> {
        Log { base: 0, slots: VecDeque::new() }
    }
}

impl<M: Machine> Log<M> {
    /// The last slot that a snapshot stands for, 0 when there is none.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// The last slot that is no hole, or the base.
    pub fn last(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    /// What was accepted in a slot.
    pub fn get(&self, slot: u64) -> Option<&Proposal<M>> {
        self.slots.get(self.place(slot)?)?.as_ref()
    }

    /// Puts what was accepted into its slot; nothing happens below the base.
    pub fn put(&mut self, slot: u64, proposal: Proposal<M>) {
        let Some(place) = self.place(slot) else { return };
        while self.slots.len() <= place {
            self.slots.push_back(None);
        }
        self.slots[place] = Some(proposal);
    }

    /// What was accepted from a slot on.
    pub fn from(&self, slot: u64) -> impl Iterator<Item = (u64, &Proposal<M>)> {
        let first = slot.max(self.base + 1);
        (first..=self.last()).filter_map(|slot| Some((slot, self.get(slot)?)))
    }

    /// Forgets everything up to a slot: a snapshot stands for it.
    pub fn compact(&mut self, upto: u64) {
        while self.base < upto {
            self.slots.pop_front();
            self.base += 1;
        }
    }

    fn place(&self, slot: u64) -> Option<usize> {
        usize::try_from(slot.checked_sub(self.base + 1)?).ok()
    }
}

/// Everything that was chosen up to a slot, applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot<M: Machine> {
    /// The last slot it stands for.
    pub slot: u64,
    /// The digest of all values up to there, as observers compute it.
    pub prefix: u64,
    /// Machine and sessions: without these an operation that is asked for again is applied again.
    pub replica: Replica<M>,
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::protocol::NodeId;

    use super::*;
    use crate::parts::kv::KeyValue;

    #[test]
    fn slots_may_come_in_any_order_and_go_from_the_front() {
        let mut log = Log::<KeyValue>::default();
        let of = |round| Proposal { ballot: Ballot { round, node: NodeId(0) }, value: Value::Noop };
        log.put(3, of(1));
        log.put(1, of(1));
        assert_eq!((log.last(), log.get(2)), (3, None));
        assert_eq!(log.from(1).map(|(slot, _)| slot).collect::<Vec<_>>(), [1, 3]);
        log.put(3, of(2));
        log.compact(2);
        log.put(2, of(9));
        assert_eq!((log.base(), log.last(), log.get(2)), (2, 3, None));
        assert_eq!(log.get(3), Some(&of(2)));
        log.compact(7);
        assert_eq!((log.base(), log.last(), log.get(3)), (7, 7, None));
        log.put(9, of(3));
        assert_eq!(log.from(0).map(|(slot, _)| slot).collect::<Vec<_>>(), [9]);
    }
}
