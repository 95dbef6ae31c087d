//! **Leader Append-Only**: a leader never overwrites or deletes entries in its log; it only appends
//! new entries (Figure 3; Section 5.3).
//!
//! TLA+: `LeaderAppendOnly`, a property of steps; in Ongaro's `raft.tla` it holds by construction of
//! `ClientRequest`, the only action by which a leader changes its log. State: each leader's last
//! index. Cost: one comparison an entry.

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "leader_append_only",
    sentence: "a leader never overwrites or deletes entries of its log",
    citation: "Ongaro & Ousterhout 2014, Figure 3 and Section 5.3",
    new: |cluster| {
        let leading = vec![None; cluster.names.len()];
        Box::new(LeaderAppendOnly { cluster: cluster.clone(), leading })
    },
};

#[derive(Clone, Debug)]
struct LeaderAppendOnly {
    cluster: Cluster,
    /// Term and last index of every node that leads.
    leading: Vec<Option<(u64, u64)>>,
}

impl Monitor<Event> for LeaderAppendOnly {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let leading = &mut self.leading[note.node.index()];
        let deed = match (note.event, &mut *leading) {
            (Event::BecameLeader { term, last_index, .. }, _) => {
                *leading = Some((*term, *last_index));
                return Ok(());
            }
            (Event::SteppedDown { .. } | Event::Restored { .. } | Event::FoundDamage { .. }, _) => {
                *leading = None;
                return Ok(());
            }
            (Event::Appended { index, .. }, Some((_, last_index))) if *index == *last_index + 1 => {
                *last_index = *index;
                return Ok(());
            }
            (Event::Appended { index, term, .. }, Some((_, last_index))) => {
                format!("put {index}@{term} into a log that ends at {last_index}")
            }
            (Event::Truncated { from }, Some((_, last_index))) => {
                format!("deleted its entries from {from} to {last_index}")
            }
            _ => return Ok(()),
        };
        let term = leading.map_or(0, |(term, _)| term);
        let message = format!("{} {deed} while it led term {term}", self.cluster.name(note.node));
        Err(Breach { message, nodes: vec![note.node] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{appended, breach, feed, leads, restored};
    use super::*;

    #[test]
    fn leaders_append_and_followers_may_do_more() {
        let notes = [
            (0, leads(1, 0, 0)),
            (0, appended(1, 1)),
            (0, appended(2, 1)),
            (1, appended(1, 1)),
            (1, Event::Truncated { from: 1 }),
            (0, Event::SteppedDown { term: 2 }),
            (0, Event::Truncated { from: 2 }),
            (0, appended(2, 2)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_leader_that_deletes_is_a_breach() {
        let notes = [(0, leads(2, 3, 1)), (0, appended(4, 2)), (0, Event::Truncated { from: 3 })];
        let breach = breach(&INVARIANT, &notes);
        assert_eq!(breach.message, "n1 deleted its entries from 3 to 4 while it led term 2");
    }

    #[test]
    fn a_leader_that_overwrites_is_a_breach() {
        let breach = breach(&INVARIANT, &[(0, leads(2, 3, 1)), (0, appended(3, 2))]);
        assert_eq!(breach.message, "n1 put 3@2 into a log that ends at 3 while it led term 2");
    }

    #[test]
    fn a_restart_ends_leadership() {
        for start in [restored(&[]), Event::FoundDamage { records: 1 }] {
            let notes = [(0, leads(1, 1, 1)), (0, start), (0, appended(1, 2))];
            assert_eq!(feed(&INVARIANT, &notes), Ok(()));
        }
    }
}
