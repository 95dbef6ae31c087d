//! "If a proposal with value v is chosen, then every higher-numbered proposal issued by any proposer has
//! value v" (Lamport, *Paxos Made Simple*, 2001, section 2.2: P2b).
//!
//! Everything in the first phase is there to keep this. It breaks before a second value is chosen, and
//! also where luck keeps the second one from being chosen. State: the proposals of each slot. Cost: one
//! lookup an event, and when a value is chosen a look at the slot's higher proposals, which are few.

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use super::tally::Tally;
use crate::events::consensus::Event;
use crate::parts::ballot::Ballot;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "chosen_value_carried",
    sentence: "a proposal above a chosen ballot carries the chosen value",
    citation: "Lamport 2001, Paxos Made Simple, section 2.2 (P2b)",
    new: |cluster| {
        Box::new(ChosenValueCarried { cluster: cluster.clone(), tally: Tally::default() })
    },
};

#[derive(Clone, Debug)]
struct ChosenValueCarried {
    cluster: Cluster,
    tally: Tally,
}

impl ChosenValueCarried {
    fn breach(&self, slot: u64, higher: Ballot, chosen: Ballot) -> Breach {
        let (at, before) = (self.cluster.name(higher.node), self.cluster.name(chosen.node));
        let message = format!(
            "{at} proposed another value for slot {slot} in its round {} than was chosen in round {} of \
             {before}",
            higher.round, chosen.round
        );
        Breach { message, nodes: vec![chosen.node, higher.node] }
    }
}

impl Monitor<Event> for ChosenValueCarried {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        if let Some((slot, chosen, value)) = self.tally.read(note) {
            // A higher proposal may have been made already: nobody who made it could know.
            let known = self.tally.slot(slot).into_iter().flat_map(|slot| &slot.proposals);
            let mut others =
                known.filter(|((ballot, other), _)| *ballot > chosen && *other != value);
            if let Some(((higher, _), _)) = others.next() {
                return Err(self.breach(slot, *higher, chosen));
            }
        }
        let Event::Proposed { slot, ballot, value, .. } = *note.event else { return Ok(()) };
        match self.tally.chosen(slot) {
            Some((chosen, carried)) if ballot > chosen && value != carried => {
                Err(self.breach(slot, ballot, chosen))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accepted, breach, feed, proposed};
    use super::*;

    #[test]
    fn higher_proposals_carry_the_value_and_lower_ones_need_not() {
        let notes = [
            (0, proposed(1, 6)),
            (0, accepted(1, 6)),
            (1, proposed(2, 7)),
            (1, accepted(2, 7)),
            (2, accepted(2, 7)),
            (2, proposed(5, 7)),
            (0, proposed(1, 6)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_higher_proposal_of_another_value_is_a_breach() {
        let notes =
            [(0, proposed(1, 7)), (0, accepted(1, 7)), (1, accepted(1, 7)), (2, proposed(2, 8))];
        let message =
            "n1 proposed another value for slot 1 in its round 2 than was chosen in round 1 of n1";
        assert_eq!(breach(&INVARIANT, &notes).message, message);
    }

    #[test]
    fn a_choice_below_a_proposal_that_was_made_already_is_a_breach() {
        let notes =
            [(0, proposed(1, 7)), (0, accepted(1, 7)), (2, proposed(2, 8)), (1, accepted(1, 7))];
        breach(&INVARIANT, &notes);
    }
}
