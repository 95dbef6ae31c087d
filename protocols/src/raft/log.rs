//! The log: entries numbered from 1, in memory, and the pieces of it that travel.

use std::fmt;
use std::sync::Arc;

use crate::parts::configuration::Configuration;
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
    /// To be applied by nobody: who votes from this entry on (Section 6).
    Configure(Configuration),
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
            Command::Configure(configuration) => digest::of(&[1, configuration.digest()]),
        }
    }

    /// Bytes on the wire: the operation and, before it, session and serial.
    pub fn size(&self) -> u32 {
        match self {
            Command::Noop => 0,
            Command::Apply { operation, .. } => 24 + M::size(operation),
            Command::Configure(configuration) => configuration.size(),
        }
    }
}

impl<M: Machine> fmt::Debug for Command<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Noop => f.write_str("noop"),
            Command::Apply { operation, .. } => write!(f, "{operation:?}"),
            Command::Configure(configuration) => write!(f, "voters {configuration:?}"),
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

/// `log[]` of Figure 2. The first index is 1; index 0 is the end of the empty log, in term 0. Where a
/// snapshot stands for the beginning (Section 7), the log has the index and the term of the last entry
/// it stands for, and only the entries behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log<M: Machine> {
    /// Index and term of the last entry that is not here any more.
    base: (u64, u64),
    entries: Vec<Entry<M>>,
}

impl<M: Machine> Default for Log<M> {
    fn default() -> Log<M> {
        Log::behind(0, 0)
    }
}

impl<M: Machine> Log<M> {
    /// A log without entries, behind a snapshot that ends so.
    pub fn behind(index: u64, term: u64) -> Log<M> {
        Log { base: (index, term), entries: Vec::new() }
    }

    /// The index of the last entry that a snapshot stands for, 0 when there is none.
    pub fn base_index(&self) -> u64 {
        self.base.0
    }

    /// The index of the last entry, 0 when there never was one.
    pub fn last_index(&self) -> u64 {
        self.base.0 + self.entries.len() as u64
    }

    /// The term of the last entry, 0 when there never was one.
    pub fn last_term(&self) -> u64 {
        self.entries.last().map_or(self.base.1, |entry| entry.term)
    }

    /// The entry at an index, unless a snapshot stands for it.
    pub fn get(&self, index: u64) -> Option<&Entry<M>> {
        self.entries.get(self.position(index)?)
    }

    /// The term of the entry at an index; 0 at index 0, `None` behind the end and where only a
    /// snapshot knows.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.base.0 {
            Some(self.base.1)
        } else {
            self.get(index).map(|entry| entry.term)
        }
    }

    /// Adds an entry and returns its index.
    pub fn push(&mut self, entry: Entry<M>) -> u64 {
        self.entries.push(entry);
        self.last_index()
    }

    /// Removes the entry at `from` and all behind it.
    pub fn truncate(&mut self, from: u64) {
        if let Some(keep) = self.position(from) {
            self.entries.truncate(keep);
        }
    }

    /// Removes all entries up to `index`, for which a snapshot stands now.
    pub fn compact(&mut self, index: u64) {
        let (Some(term), Some(last)) = (self.term_at(index), self.position(index)) else { return };
        self.entries.drain(..=last);
        self.base = (index, term);
    }

    /// A copy of at most `max` entries from `from` on, to be sent.
    pub fn batch(&self, from: u64, max: u32) -> Entries<M> {
        let rest =
            self.position(from).and_then(|start| self.entries.get(start..)).unwrap_or_default();
        Entries::of(&rest[..rest.len().min(max as usize)])
    }

    /// The entries, from the one right behind the snapshot.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<M>> {
        self.entries.iter()
    }

    /// The place of an index in the list; what a snapshot stands for has none.
    fn position(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.base.0 + 1)?).ok()
    }
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

    #[test]
    fn a_snapshot_stands_for_the_beginning() {
        let mut log = Log::<KeyValue>::default();
        for term in [1, 1, 2, 3] {
            log.push(Entry { term, command: Command::Noop });
        }
        log.compact(3);
        assert_eq!((log.base_index(), log.last_index(), log.last_term()), (3, 4, 3));
        assert_eq!([2, 3, 4, 5].map(|index| log.term_at(index)), [None, Some(2), Some(3), None]);
        assert!(log.batch(3, 9).is_empty() && log.batch(4, 9).len() == 1);
        log.compact(2); // further back than it is
        log.truncate(3);
        assert_eq!((log.base_index(), log.last_index()), (3, 4), "what was committed stays");
        log.truncate(4);
        assert_eq!((log.last_index(), log.last_term()), (3, 2));
        assert_eq!(log.push(Entry { term: 5, command: Command::Noop }), 4);
        assert_eq!(Log::<KeyValue>::behind(7, 2).last_index(), 7);
    }
}
