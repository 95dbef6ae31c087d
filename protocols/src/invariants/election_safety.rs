//! **Election Safety**: at most one leader can be elected in a given term (Figure 3; Section 5.2).
//!
//! TLA+: `ElectionSafety`; in Ongaro's `raft.tla` no two records of the history variable
//! `elections` share a term. State: the leader of every term. Cost: one lookup an election.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "election_safety",
    sentence: "at most one leader is elected in a term",
    citation: "Ongaro & Ousterhout 2014, Figure 3 and Section 5.2",
    new: |cluster| Box::new(ElectionSafety { cluster: cluster.clone(), leaders: BTreeMap::new() }),
};

#[derive(Clone, Debug)]
struct ElectionSafety {
    cluster: Cluster,
    leaders: BTreeMap<u64, NodeId>,
}

impl Monitor<Event> for ElectionSafety {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let Event::BecameLeader { term, .. } = *note.event else { return Ok(()) };
        // The same node twice is a breach too: it forgot a term in which it led.
        let Some(earlier) = self.leaders.insert(term, note.node) else { return Ok(()) };
        let (first, second) = (self.cluster.name(earlier), self.cluster.name(note.node));
        let message = format!("{second} became leader of term {term}, which {first} won before");
        Err(Breach { message, nodes: vec![earlier, note.node] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{breach, feed, restarted};
    use super::*;

    fn leads(term: u64, last_index: u64, last_term: u64) -> Event {
        Event::BecameLeader { term, last_index, last_term }
    }

    #[test]
    fn one_leader_a_term_is_fine() {
        let notes = [(0, leads(1, 0, 0)), (1, leads(2, 1, 1)), (0, leads(5, 1, 1))];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn two_leaders_in_a_term_are_a_breach_even_across_a_restart() {
        let breach = breach(
            &INVARIANT,
            &[(0, leads(1, 0, 0)), (0, leads(2, 0, 0)), (0, restarted()), (2, leads(1, 0, 0))],
        );
        assert_eq!(breach.message, "n3 became leader of term 1, which n1 won before");
        assert_eq!(breach.nodes, [NodeId(0), NodeId(2)]);
    }
}
