//! Different proposals have different numbers: a ballot carries one value in a slot (Lamport, *Paxos Made
//! Simple*, 2001, section 2.2; *The Part-Time Parliament*, 1998, B1).
//!
//! A proposer that forgets a ballot in a crash uses it again. State: the value of each ballot and slot.
//! Cost: one lookup an event.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::events::consensus::Event;
use crate::parts::ballot::Ballot;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "one_value_a_ballot",
    sentence: "a ballot carries one value in a slot",
    citation: "Lamport 2001, Paxos Made Simple, section 2.2",
    new: |cluster| Box::new(OneValueABallot { cluster: cluster.clone(), values: BTreeMap::new() }),
};

#[derive(Clone, Debug)]
struct OneValueABallot {
    cluster: Cluster,
    values: BTreeMap<(u64, Ballot), u64>,
}

impl Monitor<Event> for OneValueABallot {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let (Event::Proposed { slot, ballot, value, .. } | Event::Accepted { slot, ballot, value }) =
            *note.event
        else {
            return Ok(());
        };
        if *self.values.entry((slot, ballot)).or_insert(value) == value {
            return Ok(());
        }
        let name = self.cluster.name(ballot.node);
        let message = format!("round {} of {name} has two values in slot {slot}", ballot.round);
        Err(Breach { message, nodes: vec![ballot.node] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accepted, breach, feed, proposed};
    use super::*;

    #[test]
    fn other_ballots_may_have_other_values() {
        let notes = [(0, proposed(1, 7)), (1, accepted(1, 7)), (0, proposed(2, 8))];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_second_value_is_a_breach() {
        let breach = breach(&INVARIANT, &[(0, proposed(1, 7)), (0, proposed(1, 8))]);
        assert_eq!(breach.message, "round 1 of n1 has two values in slot 1");
    }
}
