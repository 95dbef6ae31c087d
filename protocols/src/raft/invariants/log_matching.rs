//! **Log Matching**: if two logs contain an entry with the same index and term, then the logs are
//! identical in all entries up through the given index (Figure 3; Section 5.3).
//!
//! TLA+: `LogMatching`; in Ongaro's `raft.tla` over the history variable `allLogs`, and so here: an
//! entry is compared with all that any node ever had. State: the prefix digest first seen for each
//! index and term. Cost: one comparison an entry, instead of all pairs of logs.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use super::mirror::{Cell, Mirror};
use crate::events::consensus::Event;
use crate::invariants::before;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "log_matching",
    sentence: "logs that agree on the term of an entry agree on everything up to it",
    citation: "Ongaro & Ousterhout 2014, Figure 3 and Section 5.3",
    new: |cluster| {
        Box::new(LogMatching {
            cluster: cluster.clone(),
            mirror: Mirror::new(cluster.names.len()),
            first: Vec::new(),
            others: BTreeMap::new(),
        })
    },
};

/// A prefix, and the node that had it first.
type Seen = (Cell, NodeId);

#[derive(Clone, Debug)]
struct LogMatching {
    cluster: Cluster,
    mirror: Mirror,
    /// What was seen first at each index; nearly always all there is.
    first: Vec<Seen>,
    /// What was seen in further terms, by index and term.
    others: BTreeMap<(u64, u64), Seen>,
}

impl LogMatching {
    /// Compares what a node has at an index with what was seen there before in that term.
    fn compare(&mut self, node: NodeId, index: u64) -> Result<(), Breach> {
        let Some(cell) = self.mirror.cell(node, index) else { return Ok(()) };
        let seen = match self.first.get(before(index)) {
            None => {
                // Logs have no gaps, so this is the index right behind all seen before; unless it comes
                // from a snapshot of entries that nobody ever had.
                if self.first.len() == before(index) {
                    self.first.push((cell, node));
                    return Ok(());
                }
                let name = self.cluster.name(node);
                let message =
                    format!("{name} has a snapshot of entries to {index} that nobody had");
                return Err(Breach { message, nodes: vec![node] });
            }
            Some(first) if first.0.term == cell.term => *first,
            Some(_) => *self.others.entry((index, cell.term)).or_insert((cell, node)),
        };
        if seen.0.prefix == cell.prefix {
            return Ok(());
        }
        let (other, term) = (seen.1, cell.term);
        let (name, others_name) = (self.cluster.name(node), self.cluster.name(other));
        let message = format!(
            "{name} has an entry {index}@{term} like {others_name}, \
             but the entries up to it are not the same"
        );
        Err(Breach { message, nodes: vec![other, node] })
    }
}

impl Monitor<Event> for LogMatching {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let fits = self.mirror.read(note);
        match note.event {
            Event::Appended { index, term, .. } if !fits => {
                let (name, last) =
                    (self.cluster.name(note.node), self.mirror.last_index(note.node));
                let message = format!("{name} put {index}@{term} into a log that ends at {last}");
                Err(Breach { message, nodes: vec![note.node] })
            }
            Event::Appended { index, .. } => self.compare(note.node, *index),
            // The last prefix speaks for all before it, but the first difference says more.
            Event::Restored { base, entries, .. } => {
                let last = base.index + entries.len() as u64;
                (base.index.max(1)..=last).try_for_each(|index| self.compare(note.node, index))
            }
            Event::Snapshotted { base } => {
                let cell = self.mirror.cell(note.node, base.index);
                if cell.is_some_and(|cell| (cell.term, cell.prefix) == (base.term, base.prefix)) {
                    return Ok(());
                }
                let (name, index) = (self.cluster.name(note.node), base.index);
                let message =
                    format!("{name} took a snapshot to {index} of what is not in its log");
                Err(Breach { message, nodes: vec![note.node] })
            }
            Event::Installed { base, last_index, .. } => {
                (base.index..=*last_index).try_for_each(|index| self.compare(note.node, index))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{appended, breach, feed, restored};
    use super::*;

    #[test]
    fn equal_logs_and_repaired_conflicts_are_fine() {
        let notes = [
            (0, appended(1, 1)),
            (1, appended(1, 1)),
            (0, appended(2, 1)),
            (1, appended(2, 2)),
            (0, Event::Truncated { from: 2 }),
            (0, appended(2, 2)),
            (0, restored(&[1, 2])),
            (0, appended(3, 3)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn the_same_index_and_term_with_another_command_is_a_breach() {
        let notes = [(0, appended(1, 1)), (1, Event::Appended { index: 1, term: 1, command: 9 })];
        assert_eq!(breach(&INVARIANT, &notes).nodes, [NodeId(0), NodeId(1)]);
    }

    #[test]
    fn a_difference_further_down_is_a_breach() {
        let breach = breach(
            &INVARIANT,
            &[(0, appended(1, 1)), (1, appended(1, 2)), (0, appended(2, 3)), (1, appended(2, 3))],
        );
        let message = "n2 has an entry 2@3 like n1, but the entries up to it are not the same";
        assert_eq!(breach.message, message);
    }

    #[test]
    fn what_a_disk_gives_back_is_compared_too() {
        let notes = [(0, appended(1, 1)), (0, appended(2, 3)), (1, restored(&[2, 3]))];
        assert_eq!(breach(&INVARIANT, &notes).nodes, [NodeId(0), NodeId(1)]);
    }

    #[test]
    fn a_gap_is_a_breach() {
        let breach = breach(&INVARIANT, &[(0, appended(1, 1)), (0, appended(3, 1))]);
        assert_eq!(breach.message, "n1 put 3@1 into a log that ends at 1");
    }
}
