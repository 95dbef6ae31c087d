//! A mirror of every node's log, as a chain of prefix digests.
//!
//! `prefix(i) = mix(prefix(i - 1), term(i), command(i))`, so two logs agree up to an index exactly if
//! their prefixes there are equal: comparing whole logs costs one comparison.

use rehearsal_sim::invariant::Note;
use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::{Base, Event};

/// What a node has at one index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    /// The entry's term.
    pub(super) term: u64,
    /// The digest of the log up to and including the entry.
    pub(super) prefix: u64,
}

/// The log of one node, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Log {
    /// The last entry that a snapshot stands for, index 0 where none does.
    base: Base,
    /// The entries that are known: those behind the base, and perhaps some before it.
    cells: Vec<Cell>,
    /// The commands of the entries.
    commands: Vec<u64>,
    /// The index of the first of them.
    first: u64,
}

impl Log {
    /// A log that begins behind a snapshot.
    fn behind(base: Base) -> Log {
        Log { base, cells: Vec::new(), commands: Vec::new(), first: base.index + 1 }
    }

    fn last_index(&self) -> u64 {
        self.first + self.cells.len() as u64 - 1
    }

    fn cell(&self, index: u64) -> Option<Cell> {
        let Base { index: base, term, prefix } = self.base;
        if index == base && index > 0 {
            return Some(Cell { term, prefix });
        }
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.cells.get(place).copied()
    }

    /// Term and command of the entry at an index.
    fn entry(&self, index: u64) -> Option<(u64, u64)> {
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        Some((self.cells.get(place)?.term, self.commands[place]))
    }

    fn push(&mut self, term: u64, command: u64) {
        let prefix = self.cells.last().map_or(self.base.prefix, |cell| cell.prefix);
        self.cells.push(Cell { term, prefix: Base::after(prefix, term, command) });
        self.commands.push(command);
    }

    /// Drops the entries from an index on.
    fn truncate(&mut self, from: u64) {
        let keep =
            usize::try_from(from.saturating_sub(self.first)).expect("a log fits into memory");
        self.cells.truncate(keep);
        self.commands.truncate(keep);
    }
}

/// The logs of all nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mirror {
    logs: Vec<Log>,
}

impl Mirror {
    pub(super) fn new(nodes: usize) -> Mirror {
        Mirror { logs: vec![Log::behind(Base::default()); nodes] }
    }

    /// Follows one event. False when an entry was appended behind a gap, which is not mirrored.
    pub(super) fn read(&mut self, note: &Note<'_, Event>) -> bool {
        let log = &mut self.logs[note.node.index()];
        match note.event {
            Event::Restored { base, entries, .. } => {
                *log = Log::behind(*base);
                for entry in entries.iter() {
                    log.push(entry.term, entry.command);
                }
                true
            }
            Event::FoundDamage { .. } => {
                *log = Log::behind(Base::default());
                true
            }
            // The entries behind it stay, if the node says so, with what the snapshot stands for before
            // them, whatever that was until now.
            Event::Installed { base, last_index, .. } => {
                let mut behind = Log::behind(*base);
                if *last_index == log.last_index() {
                    for index in base.index + 1..=*last_index {
                        let Some((term, command)) = log.entry(index) else { break };
                        behind.push(term, command);
                    }
                }
                *log = behind;
                true
            }
            Event::Truncated { from } => {
                log.truncate(*from);
                true
            }
            Event::Appended { index, term, command } => {
                log.truncate(*index); // an entry that is overwritten takes the rest along
                let fits = log.last_index() + 1 == *index;
                if fits {
                    log.push(*term, *command);
                }
                fits
            }
            _ => true,
        }
    }

    /// The index of a node's last entry.
    pub(super) fn last_index(&self, node: NodeId) -> u64 {
        self.logs[node.index()].last_index()
    }

    /// What stands for the beginning of a node's log.
    pub(super) fn base(&self, node: NodeId) -> Base {
        self.logs[node.index()].base
    }

    /// What a node has at an index from 1; `None` where it has nothing, and where only its snapshot
    /// would know.
    pub(super) fn cell(&self, node: NodeId, index: u64) -> Option<Cell> {
        self.logs[node.index()].cell(index)
    }
}
