//! **State Machine Safety**: if a server has applied a log entry at a given index to its state
//! machine, no other server will ever apply a different log entry for the same index (Figure 3;
//! Section 5.4.3).
//!
//! TLA+: `StateMachineSafety`; the theorem that Ongaro's proof ends with (thesis, Appendix B).
//! State: one canonical sequence that every server advances along, each index exactly once. A
//! restart takes a server back to the beginning. Cost: one comparison an entry.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "state_machine_safety",
    sentence: "servers apply the same entries in the same order, each once",
    citation: "Ongaro & Ousterhout 2014, Figure 3 and Section 5.4.3",
    new: |cluster| {
        Box::new(StateMachineSafety {
            cluster: cluster.clone(),
            canonical: BTreeMap::new(),
            last_applied: vec![0; cluster.names.len()],
        })
    },
};

#[derive(Clone, Debug)]
struct StateMachineSafety {
    cluster: Cluster,
    /// Term and command of each index, and who applied it first.
    canonical: BTreeMap<u64, (u64, u64, NodeId)>,
    last_applied: Vec<u64>,
}

impl Monitor<Event> for StateMachineSafety {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let (name, last_applied) =
            (self.cluster.name(note.node), &mut self.last_applied[note.node.index()]);
        match *note.event {
            Event::Restored { .. } | Event::FoundDamage { .. } => {
                *last_applied = 0;
                Ok(())
            }
            Event::Installed { index, .. } => {
                *last_applied = index;
                Ok(())
            }
            Event::Applied { index, term, .. } if index != *last_applied + 1 => {
                let entry = entry(index, term);
                let message = format!("{name} applied {entry} right after {last_applied}");
                Err(Breach { message, nodes: vec![note.node] })
            }
            Event::Applied { index, term, command } => {
                *last_applied = index;
                let Some(&(first_term, first_command, first)) = self.canonical.get(&index) else {
                    self.canonical.insert(index, (term, command, note.node));
                    return Ok(());
                };
                if (term, command) == (first_term, first_command) {
                    return Ok(());
                }
                let message = format!(
                    "{name} applied another entry {} than {}, which applied {}",
                    entry(index, term),
                    self.cluster.name(first),
                    entry(index, first_term)
                );
                Err(Breach { message, nodes: vec![first, note.node] })
            }
            _ => Ok(()),
        }
    }
}

/// `5@3`, or `5` where entries have no terms.
fn entry(index: u64, term: u64) -> String {
    if term == 0 { index.to_string() } else { format!("{index}@{term}") }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{breach, feed, restarted};
    use super::*;

    fn applied(index: u64, term: u64) -> Event {
        Event::Applied { index, term, command: term }
    }

    #[test]
    fn the_same_sequence_everywhere_and_again_after_a_restart_is_fine() {
        let notes = [
            (0, applied(1, 1)),
            (0, applied(2, 1)),
            (1, applied(1, 1)),
            (0, restarted()),
            (0, applied(1, 1)),
            (1, applied(2, 1)),
            (1, applied(3, 4)),
            (0, Event::installed(2, 0)),
            (0, applied(3, 4)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn another_entry_at_the_same_index_is_a_breach() {
        let breach = breach(&INVARIANT, &[(0, applied(1, 1)), (2, applied(1, 2))]);
        assert_eq!(breach.message, "n3 applied another entry 1@2 than n1, which applied 1@1");
        assert_eq!(breach.nodes, [NodeId(0), NodeId(2)]);
    }

    #[test]
    fn the_same_term_with_another_command_is_a_breach() {
        let other = Event::Applied { index: 1, term: 1, command: 9 };
        breach(&INVARIANT, &[(0, applied(1, 1)), (1, other)]);
    }

    #[test]
    fn an_entry_left_out_or_applied_twice_is_a_breach() {
        let skipped = breach(&INVARIANT, &[(0, applied(1, 1)), (0, applied(3, 1))]);
        assert_eq!(skipped.message, "n1 applied 3@1 right after 1");
        breach(&INVARIANT, &[(0, applied(1, 1)), (0, applied(1, 1))]);
    }
}
