//! **Monotonic terms and commit indexes**: "current terms increase monotonically", on disk and so across
//! restarts, and within a life "commitIndex ... increases monotonically" (Section 5.1; Figure 2).
//!
//! TLA+: `MonotonicCurrentTerm` and `MonotonicCommitIndex` of the specifications derived from Ongaro's.
//! State: per node the latest term that it let others know, and its commit index. Cost: one comparison
//! an event.

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::events::consensus::{Base, Event};

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "terms_grow",
    sentence: "a server's term never falls, and within a life its commit index neither",
    citation: "Ongaro & Ousterhout 2014, Figure 2 and Section 5.1",
    new: |cluster| {
        let nodes = cluster.names.len();
        let (terms, commits) = (vec![0; nodes], vec![0; nodes]);
        Box::new(TermsGrow { cluster: cluster.clone(), terms, commits })
    },
};

#[derive(Clone, Debug)]
struct TermsGrow {
    cluster: Cluster,
    /// The latest term that each node showed.
    terms: Vec<u64>,
    commits: Vec<u64>,
}

impl Monitor<Event> for TermsGrow {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let node = note.node.index();
        let (shown, commit) = (&mut self.terms[node], &mut self.commits[node]);
        // What is shown is durable: a leader's own vote, and what is noted when the disk is done.
        let (term, index) = match *note.event {
            // A disk with nothing on it: a new server under an old name, or an old one whose disk was
            // replaced, which nobody can tell apart.
            Event::Restored { term: 0, base: Base { index: 0, .. }, ref entries }
                if entries.is_empty() =>
            {
                (*shown, *commit) = (0, 0);
                return Ok(());
            }
            Event::Restored { term, base, .. } => {
                *commit = base.index;
                (term, None)
            }
            Event::FoundDamage { .. } => {
                *commit = 0;
                return Ok(());
            }
            // Noted when the disk is done, and so perhaps late, after a later term is known.
            Event::VoteGranted { term, .. } | Event::Stored { term, .. } => {
                *shown = term.max(*shown);
                return Ok(());
            }
            Event::BecameLeader { term, .. } => (term, None),
            Event::Committed { index, term, leader: true } => (term, Some(index)),
            // A follower may hear of a term and of a commit at once, and forget the term in a crash.
            Event::Committed { index, .. } => (*shown, Some(index)),
            Event::Installed { term, base, .. } => {
                *commit = base.index.max(*commit);
                if term >= *shown {
                    return Ok(()); // heard of, and perhaps not durable yet
                }
                (term, None)
            }
            _ => return Ok(()),
        };
        let name = self.cluster.name(note.node);
        let message = if term < *shown {
            format!("{name} is in term {term} after it was in term {shown}")
        } else if let Some(index) = index.filter(|index| index < commit) {
            format!("{name} took back its commit index from {commit} to {index}")
        } else {
            *shown = term;
            *commit = index.unwrap_or(*commit);
            return Ok(());
        };
        Err(Breach { message, nodes: vec![note.node] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{breach, committed, feed, leads, restored, stored};
    use super::*;

    #[test]
    fn terms_survive_restarts_and_commit_indexes_do_not() {
        let notes = [
            (0, leads(2, 0, 0)),
            (0, committed(4, 2)),
            (0, restored(&[2])),
            (0, committed(1, 3)),
            (0, stored(9, 2)), // the disk was slow to say so
            (0, committed(2, 3)),
            (1, Event::Committed { index: 1, term: 4, leader: false }),
            (1, restored(&[3])),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_term_that_falls_is_a_breach() {
        let found = breach(&INVARIANT, &[(0, stored(1, 3)), (0, restored(&[1, 2]))]);
        assert_eq!(found.message, "n1 is in term 2 after it was in term 3");
        breach(&INVARIANT, &[(0, leads(3, 0, 0)), (0, leads(2, 0, 0))]);
    }

    #[test]
    fn a_commit_index_that_falls_is_a_breach() {
        let found = breach(&INVARIANT, &[(0, committed(4, 2)), (0, committed(3, 2))]);
        assert_eq!(found.message, "n1 took back its commit index from 4 to 3");
    }
}
