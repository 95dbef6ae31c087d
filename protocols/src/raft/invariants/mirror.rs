//! A mirror of every node's log, as a chain of prefix digests.
//!
//! `prefix(i) = mix(prefix(i - 1), term(i), command(i))`, so two logs agree up to an index exactly if
//! their prefixes there are equal: comparing whole logs costs one comparison.

use rehearsal_sim::invariant::Note;
use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::Event;
use crate::parts::digest;

/// What a node has at one index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    /// The entry's term.
    pub(super) term: u64,
    /// The digest of the log up to and including the entry.
    pub(super) prefix: u64,
}

/// The logs of all nodes, in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mirror {
    logs: Vec<Vec<Cell>>,
}

impl Mirror {
    pub(super) fn new(nodes: usize) -> Mirror {
        Mirror { logs: vec![Vec::new(); nodes] }
    }

    /// Follows one event. False when an entry was appended behind a gap, which is not mirrored.
    pub(super) fn read(&mut self, note: &Note<'_, Event>) -> bool {
        let log = &mut self.logs[note.node.index()];
        match note.event {
            Event::Restored { entries, .. } => {
                log.clear();
                for entry in entries.iter() {
                    push(log, entry.term, entry.command);
                }
                true
            }
            Event::FoundDamage { .. } => {
                log.clear();
                true
            }
            Event::Truncated { from } => {
                log.truncate(before(*from));
                true
            }
            Event::Appended { index, term, command } => {
                log.truncate(before(*index)); // an entry that is overwritten takes the rest along
                let fits = log.len() == before(*index);
                if fits {
                    push(log, *term, *command);
                }
                fits
            }
            _ => true,
        }
    }

    /// The index of a node's last entry.
    pub(super) fn last_index(&self, node: NodeId) -> u64 {
        self.logs[node.index()].len() as u64
    }

    /// What a node has at an index from 1.
    pub(super) fn cell(&self, node: NodeId, index: u64) -> Option<Cell> {
        self.logs[node.index()].get(before(index)).copied()
    }
}

fn push(log: &mut Vec<Cell>, term: u64, command: u64) {
    let prefix = log.last().map_or(digest::EMPTY, |cell| cell.prefix);
    log.push(Cell { term, prefix: digest::mix(digest::mix(prefix, term), command) });
}

/// How many entries stand before an index from 1, which is also the index's place in a list.
pub(super) fn before(index: u64) -> usize {
    usize::try_from(index.saturating_sub(1)).expect("a log fits into memory")
}
