//! **State Machine Safety**: if a server has applied a log entry at a given index to its state
//! machine, no other server will ever apply a different log entry for the same index (Figure 3;
//! Section 5.4.3).
//!
//! TLA+: `StateMachineSafety`; the theorem that Ongaro's proof ends with (thesis, Appendix B).
//! State: one canonical sequence that every server advances along, each index exactly once. A
//! restart takes a server back to the beginning, or to its snapshot. Cost: one comparison an entry.

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use super::before;
use crate::events::consensus::{Base, Event};
use crate::parts::digest;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "state_machine_safety",
    sentence: "servers apply the same entries in the same order, each once",
    citation: "Ongaro & Ousterhout 2014, Figure 3 and Section 5.4.3",
    new: |cluster| {
        Box::new(StateMachineSafety {
            cluster: cluster.clone(),
            canonical: Vec::new(),
            prefixes: Vec::new(),
            last_applied: vec![0; cluster.names.len()],
        })
    },
};

#[derive(Clone, Debug)]
struct StateMachineSafety {
    cluster: Cluster,
    /// Term and command of each index, and who applied it first.
    canonical: Vec<(u64, u64, NodeId)>,
    /// The digest of the sequence up to each index.
    prefixes: Vec<u64>,
    last_applied: Vec<u64>,
}

impl Monitor<Event> for StateMachineSafety {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let (name, last_applied) =
            (self.cluster.name(note.node), &mut self.last_applied[note.node.index()]);
        match *note.event {
            Event::FoundDamage { .. } => {
                *last_applied = 0;
                Ok(())
            }
            // A snapshot stands for having applied everything up to its last entry.
            Event::Restored { base, .. } | Event::Installed { base, .. } => {
                *last_applied = base.index;
                if base.index == 0 || self.prefixes.get(before(base.index)) == Some(&base.prefix) {
                    return Ok(());
                }
                let message = format!(
                    "{name} took over a snapshot {}@{} that is not what others applied up to there",
                    base.index, base.term
                );
                Err(Breach { message, nodes: vec![note.node] })
            }
            Event::Applied { index, term, .. } if index != *last_applied + 1 => {
                let entry = entry(index, term);
                let message = format!("{name} applied {entry} right after {last_applied}");
                Err(Breach { message, nodes: vec![note.node] })
            }
            Event::Applied { index, term, command, .. } => {
                *last_applied = index;
                let Some(&(first_term, first_command, first)) = self.canonical.get(before(index))
                else {
                    self.canonical.push((term, command, note.node));
                    let prefix = self.prefixes.last().copied().unwrap_or(digest::EMPTY);
                    self.prefixes.push(Base::after(prefix, term, command));
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
        Event::Applied { index, term, command: term, effect: true, answers: false }
    }

    /// The digest of two entries of term 1.
    const TWO: u64 = Base::after(Base::after(digest::EMPTY, 1, 1), 1, 1);

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
            (0, Event::installed(2, TWO)),
            (0, applied(3, 4)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_snapshot_of_something_else_is_a_breach() {
        let notes = [(0, applied(1, 1)), (0, applied(2, 1)), (1, Event::installed(2, TWO + 1))];
        breach(&INVARIANT, &notes);
    }

    #[test]
    fn another_entry_at_the_same_index_is_a_breach() {
        let breach = breach(&INVARIANT, &[(0, applied(1, 1)), (2, applied(1, 2))]);
        assert_eq!(breach.message, "n3 applied another entry 1@2 than n1, which applied 1@1");
        assert_eq!(breach.nodes, [NodeId(0), NodeId(2)]);
    }

    #[test]
    fn the_same_term_with_another_command_is_a_breach() {
        let other = Event::Applied { index: 1, term: 1, command: 9, effect: true, answers: false };
        breach(&INVARIANT, &[(0, applied(1, 1)), (1, other)]);
    }

    #[test]
    fn an_entry_left_out_or_applied_twice_is_a_breach() {
        let skipped = breach(&INVARIANT, &[(0, applied(1, 1)), (0, applied(3, 1))]);
        assert_eq!(skipped.message, "n1 applied 3@1 right after 1");
        breach(&INVARIANT, &[(0, applied(1, 1)), (0, applied(1, 1))]);
    }
}
