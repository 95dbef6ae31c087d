//! **One vote a term**: "each server will vote for at most one candidate in a given term", also when it
//! crashes and comes back within the term (Section 5.2; Figure 2, votedFor is persistent).
//!
//! TLA+: `votedFor` changes in `UpdateTerm` only, once it is set. What is judged is the promise: the vote
//! as it is noted when it is durable. State: each node's latest vote. Cost: one comparison a vote.

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::{Base, Event};

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "one_vote",
    sentence: "a server votes for one candidate a term, and never again in an earlier one",
    citation: "Ongaro & Ousterhout 2014, Figure 2 and Section 5.2",
    new: |cluster| {
        Box::new(OneVote { cluster: cluster.clone(), votes: vec![None; cluster.names.len()] })
    },
};

#[derive(Clone, Debug)]
struct OneVote {
    cluster: Cluster,
    /// The latest vote of each node: term and candidate.
    votes: Vec<Option<(u64, NodeId)>>,
}

impl Monitor<Event> for OneVote {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let (term, candidate) = match *note.event {
            Event::VoteGranted { term, candidate } => (term, candidate),
            // A disk with nothing on it: nobody can tell it from that of a new server.
            Event::Restored { term: 0, base: Base { index: 0, .. }, ref entries }
                if entries.is_empty() =>
            {
                self.votes[note.node.index()] = None;
                return Ok(());
            }
            _ => return Ok(()),
        };
        let latest = self.votes[note.node.index()].replace((term, candidate));
        let Some((earlier, other)) = latest else { return Ok(()) };
        if term > earlier || (term, candidate) == (earlier, other) {
            return Ok(());
        }
        let name = |node| self.cluster.name(node);
        let message = format!(
            "{} voted for {} in term {term} after it voted for {} in term {earlier}",
            name(note.node),
            name(candidate),
            name(other)
        );
        Err(Breach { message, nodes: vec![note.node, other, candidate] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{breach, feed, restored};
    use super::*;

    fn vote(term: u64, candidate: u32) -> Event {
        Event::VoteGranted { term, candidate: NodeId(candidate) }
    }

    #[test]
    fn the_same_vote_again_and_later_terms_are_fine() {
        let notes = [
            (0, vote(1, 1)),
            (0, vote(1, 1)),
            (1, vote(1, 2)),
            (0, restored(&[1])),
            (0, vote(2, 2)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn an_empty_disk_is_that_of_a_new_server() {
        let notes = [(0, vote(1, 1)), (0, restored(&[])), (0, vote(1, 2))];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_vote_that_a_crash_forgot_is_a_breach() {
        let found = breach(&INVARIANT, &[(0, vote(1, 1)), (0, restored(&[1])), (0, vote(1, 2))]);
        assert_eq!(found.message, "n1 voted for n3 in term 1 after it voted for n2 in term 1");
        breach(&INVARIANT, &[(0, vote(2, 1)), (0, vote(1, 1))]);
    }
}
