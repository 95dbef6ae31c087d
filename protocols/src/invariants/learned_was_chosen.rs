//! A process never learns that a value has been chosen unless it actually has been (Lamport, *Paxos Made
//! Simple*, 2001, section 2.1).
//!
//! A value is chosen when a quorum has accepted it in one ballot, durably: an acceptance that a crash can
//! take back is none. State: the acceptors of each proposal. Cost: one lookup an event.

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use super::tally::Tally;
use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "learned_was_chosen",
    sentence: "nobody learns a value that no quorum has accepted durably",
    citation: "Lamport 2001, Paxos Made Simple, section 2.1",
    new: |cluster| Box::new(LearnedWasChosen { cluster: cluster.clone(), tally: Tally::default() }),
};

#[derive(Clone, Debug)]
struct LearnedWasChosen {
    cluster: Cluster,
    tally: Tally,
}

impl Monitor<Event> for LearnedWasChosen {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        self.tally.read(note);
        let Event::Learned { slot, value } = *note.event else { return Ok(()) };
        let problem = match self.tally.chosen(slot) {
            Some((_, chosen)) if chosen == value => return Ok(()),
            Some(_) => "although another one is chosen",
            None => "although none is chosen yet",
        };
        let name = self.cluster.name(note.node);
        let message = format!("{name} learned a value in slot {slot}, {problem}");
        Err(Breach { message, nodes: vec![note.node] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accepted, breach, feed, kept, learned, proposed, restarted};
    use super::*;

    #[test]
    fn what_a_quorum_accepted_in_one_ballot_may_be_learned() {
        let notes = [
            (0, proposed(1, 7)),
            (0, accepted(1, 7)),
            (0, accepted(1, 7)),
            (2, accepted(1, 7)),
            (1, learned(7)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn an_acceptance_that_survived_a_crash_counts_though_nobody_was_told() {
        let notes = [
            (0, proposed(1, 7)),
            (0, accepted(1, 7)),
            (2, restarted()),
            (2, kept(1, 7)),
            (1, learned(7)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn acceptances_in_different_ballots_or_of_one_acceptor_do_not_add_up() {
        let notes = [
            (0, proposed(1, 7)),
            (0, accepted(1, 7)),
            (0, accepted(1, 7)),
            (1, proposed(2, 7)),
            (2, accepted(2, 7)),
            (1, learned(7)),
        ];
        let message = "n2 learned a value in slot 1, although none is chosen yet";
        assert_eq!(breach(&INVARIANT, &notes).message, message);
    }
}
