//! The log: entries numbered from 1, in memory, and the pieces of it that travel.

use std::fmt;
use std::sync::Arc;

use crate::parts::digest;
use crate::parts::machine::{Machine, OperationOf};
use crate::parts::session::Session;

/// What an entry tells the state machine to do.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Command<M: Machine> {
    /// Nothing. Every leader begins its term with one, because it may only commit entries of its
    /// own term by counting, and commits all earlier ones along with them (Section 8).
    Noop,
    /// To apply a client's operation, unless the session did so already.
    Apply {
        /// Whose.
        session: Session,
        /// The operation's number in its session.
        serial: u64,
        /// The operation.
        operation: OperationOf<M>,
    },
}

impl<M: Machine> Command<M> {
    /// The stable digest that observers see.
    pub fn digest(&self) -> u64 {
        match self {
            Command::Noop => digest::of(&[0]),
            Command::Apply { session, serial, operation } => digest::of(&[
                u64::from(session.client.0),
                session.incarnation,
                u64::from(session.slot),
                *serial,
                M::digest(operation),
            ]),
        }
    }

    /// Bytes on the wire: the operation and, before it, session and serial.
    pub fn size(&self) -> u32 {
        match self {
            Command::Noop => 0,
            Command::Apply { operation, .. } => 24 + M::size(operation),
        }
    }
}

impl<M: Machine> fmt::Debug for Command<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Noop => f.write_str("noop"),
            Command::Apply { operation, .. } => write!(f, "{operation:?}"),
        }
    }
}

/// One entry: a command, and the term of the leader that received it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry<M: Machine> {
    /// The term.
    pub term: u64,
    /// The command.
    pub command: Command<M>,
}

/// `log[]` of Figure 2. The first index is 1; index 0 is the end of the empty log, in term 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log<M: Machine> {
    entries: Vec<Entry<M>>,
}

impl<M: Machine> Default for Log<M> {
    fn default() -> Log<M> {
        Log { entries: Vec::new() }
    }
}

impl<M: Machine> Log<M> {
    /// The index of the last entry, 0 when there is none.
    pub fn last_index(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The term of the last entry, 0 when there is none.
    pub fn last_term(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.term)
    }

    /// The entry at an index.
    pub fn get(&self, index: u64) -> Option<&Entry<M>> {
        self.entries.get(position(index)?)
    }

    /// The term of the entry at an index; 0 at index 0, `None` behind the end.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        if index == 0 { Some(0) } else { self.get(index).map(|entry| entry.term) }
    }

    /// Adds an entry and returns its index.
    pub fn push(&mut self, entry: Entry<M>) -> u64 {
        self.entries.push(entry);
        self.last_index()
    }

    /// Removes the entry at `from` and all behind it.
    pub fn truncate(&mut self, from: u64) {
        if let Some(keep) = position(from) {
            self.entries.truncate(keep);
        }
    }

    /// A copy of at most `max` entries from `from` on, to be sent.
    pub fn batch(&self, from: u64, max: u32) -> Entries<M> {
        let rest = position(from).and_then(|start| self.entries.get(start..)).unwrap_or_default();
        Entries::of(&rest[..rest.len().min(max as usize)])
    }

    /// The entries, from index 1.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<M>> {
        self.entries.iter()
    }
}

/// The place of an index in the list; index 0 has none.
fn position(index: u64) -> Option<usize> {
    usize::try_from(index.checked_sub(1)?).ok()
}

/// Entries in a message. Copies of the message share them, and an empty list, which is what every
/// heartbeat carries, needs no memory.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entries<M: Machine>(Option<Arc<[Entry<M>]>>);

impl<M: Machine> Entries<M> {
    /// A copy of these entries.
    pub fn of(entries: &[Entry<M>]) -> Entries<M> {
        Entries((!entries.is_empty()).then(|| entries.into()))
    }

    /// The entries.
    pub fn as_slice(&self) -> &[Entry<M>] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::kv::KeyValue;

    #[test]
    fn indexes_start_at_one_and_batches_end_with_the_log() {
        let mut log = Log::<KeyValue>::default();
        assert_eq!((log.last_index(), log.last_term(), log.term_at(0)), (0, 0, Some(0)));
        for term in [1, 1, 2] {
            log.push(Entry { term, command: Command::Noop });
        }
        assert_eq!((log.last_index(), log.last_term(), log.term_at(2)), (3, 2, Some(1)));
        assert_eq!(log.term_at(4), None);
        assert_eq!(log.batch(2, 64).len(), 2);
        assert_eq!(log.batch(1, 2).len(), 2);
        assert!(log.batch(4, 64).is_empty() && log.batch(9, 64).is_empty());
        log.truncate(2);
        assert_eq!(log.last_index(), 1);
    }
}
