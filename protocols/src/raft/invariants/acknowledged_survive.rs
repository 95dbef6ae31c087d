//! **What was acknowledged survives**: an entry whose client was answered is in the log of every leader of
//! a later term. It is what clients rely on, and what "a log entry is committed" is for (Sections 5.3 and
//! 5.4; Section 8).
//!
//! Leader completeness says it of entries that are committed, and so depends on who may call an entry
//! that. This depends on nothing: it holds of the answer, whoever gave it and why. State: the prefix
//! digest at each acknowledged index, with the term in which it was acknowledged first, the highest of
//! each term. Cost: one step an answer, one comparison for each term an election.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use super::mirror::Mirror;
use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "acknowledged_survive",
    sentence: "a leader has every entry whose client was answered in an earlier term",
    citation: "Ongaro & Ousterhout 2014, Sections 5.3, 5.4 and 8",
    new: |cluster| {
        Box::new(AcknowledgedSurvive {
            cluster: cluster.clone(),
            mirror: Mirror::new(cluster.names.len()),
            leads: vec![0; cluster.names.len()],
            acknowledged: BTreeMap::new(),
        })
    },
};

#[derive(Clone, Debug)]
struct AcknowledgedSurvive {
    cluster: Cluster,
    mirror: Mirror,
    /// The term that each node led last.
    leads: Vec<u64>,
    /// The last entry that was acknowledged in each term: its index, and the log up to there.
    acknowledged: BTreeMap<u64, (u64, u64)>,
}

impl AcknowledgedSurvive {
    fn has(&self, leader: NodeId, (index, prefix): (u64, u64)) -> bool {
        let base = self.mirror.base(leader).index;
        index < base || self.mirror.cell(leader, index).is_some_and(|cell| cell.prefix == prefix)
    }
}

impl Monitor<Event> for AcknowledgedSurvive {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        self.mirror.read(note);
        match *note.event {
            Event::Applied { index, answers: true, .. } => {
                let term = self.leads[note.node.index()];
                if let Some(cell) = self.mirror.cell(note.node, index) {
                    let latest = self.acknowledged.entry(term).or_insert((0, 0));
                    *latest = (*latest).max((index, cell.prefix));
                }
                Ok(())
            }
            Event::BecameLeader { term, last_index, .. } => {
                self.leads[note.node.index()] = term;
                let mut earlier = self.acknowledged.range(..term);
                let Some((in_term, lost)) = earlier.rfind(|(_, one)| !self.has(note.node, **one))
                else {
                    // What this leader has, it hands on: one entry speaks for all before it.
                    let latest = self.acknowledged.range(..term).map(|(_, one)| *one).max();
                    self.acknowledged = self.acknowledged.split_off(&term);
                    if let Some(latest) = latest {
                        self.acknowledged.insert(term - 1, latest);
                    }
                    return Ok(());
                };
                let name = self.cluster.name(note.node);
                let message = format!(
                    "{name} leads term {term} without entry {}, whose client was answered by the \
                     leader of term {in_term}; its log ends at {last_index}",
                    lost.0
                );
                Err(Breach { message, nodes: vec![note.node] })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{appended, breach, feed, leads};
    use super::*;

    fn answered(index: u64, term: u64) -> Event {
        Event::Applied { index, term, command: term, effect: true, answers: true }
    }

    #[test]
    fn leaders_that_have_it_are_fine() {
        let notes = [
            (0, leads(1, 0, 0)),
            (0, appended(1, 1)),
            (1, appended(1, 1)),
            (0, answered(1, 1)),
            (0, appended(2, 1)), // never answered
            (1, leads(2, 1, 1)),
            (1, appended(2, 2)),
            (1, answered(2, 2)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_later_leader_without_it_is_a_breach() {
        let lost = [
            (0, leads(1, 0, 0)),
            (0, appended(1, 1)),
            (1, appended(1, 1)),
            (0, answered(1, 1)),
            (1, leads(2, 1, 1)),
            (2, leads(3, 0, 0)),
        ];
        let message = "n3 leads term 3 without entry 1, whose client was answered by the leader of \
                       term 1; its log ends at 0";
        assert_eq!(breach(&INVARIANT, &lost).message, message);
    }
}
