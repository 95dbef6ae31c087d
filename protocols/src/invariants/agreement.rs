//! **Agreement**: only a single value is chosen (Lamport, *Paxos Made Simple*, 2001, section 2.1).
//!
//! The observer counts acceptances that are durable, and so knows of a second choice before any learner
//! does. It also compares what learners say. State: the acceptors of each proposal, and the first value
//! learned in each slot. Cost: one lookup an event.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use super::tally::Tally;
use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "agreement",
    sentence: "only one value is chosen, and learned, in a slot",
    citation: "Lamport 2001, Paxos Made Simple, section 2.1",
    new: |cluster| {
        Box::new(Agreement {
            cluster: cluster.clone(),
            tally: Tally::default(),
            learned: BTreeMap::new(),
        })
    },
};

#[derive(Clone, Debug)]
struct Agreement {
    cluster: Cluster,
    tally: Tally,
    /// What was learned first, and by whom.
    learned: BTreeMap<u64, (u64, NodeId)>,
}

impl Monitor<Event> for Agreement {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        if let Some((slot, ballot, value)) = self.tally.read(note)
            && let Some((first, other)) = self.tally.chosen(slot)
            && other != value
        {
            let (at, before) = (self.cluster.name(ballot.node), self.cluster.name(first.node));
            let message = format!(
                "another value was chosen in slot {slot} in round {} of {at} than in round {} of \
                 {before}",
                ballot.round, first.round
            );
            return Err(Breach { message, nodes: vec![first.node, ballot.node] });
        }
        let Event::Learned { slot, value } = *note.event else { return Ok(()) };
        let (known, first) = *self.learned.entry(slot).or_insert((value, note.node));
        if known == value {
            return Ok(());
        }
        let (name, first_name) = (self.cluster.name(note.node), self.cluster.name(first));
        let message = format!("{name} learned another value in slot {slot} than {first_name}");
        Err(Breach { message, nodes: vec![first, note.node] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accepted, breach, feed, learned, proposed};
    use super::*;

    #[test]
    fn a_value_may_be_chosen_again_and_others_may_be_accepted() {
        let notes = [
            (0, proposed(1, 7)),
            (0, accepted(1, 7)),
            (1, proposed(2, 8)),
            (1, accepted(2, 8)),
            (2, accepted(2, 8)),
            (1, proposed(3, 8)),
            (0, accepted(3, 8)),
            (1, accepted(3, 8)),
            (1, learned(8)),
            (0, learned(8)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_second_choice_is_a_breach_before_anybody_learns_it() {
        let notes = [
            (0, proposed(1, 7)),
            (0, accepted(1, 7)),
            (1, accepted(1, 7)),
            (1, proposed(2, 8)),
            (1, accepted(2, 8)),
            (2, accepted(2, 8)),
        ];
        let message = breach(&INVARIANT, &notes).message;
        assert!(message.starts_with("another value was chosen in slot 1 in round 2"), "{message}");
    }

    #[test]
    fn two_learners_that_differ_are_a_breach() {
        let breach = breach(&INVARIANT, &[(0, learned(7)), (2, learned(8))]);
        assert_eq!(breach.message, "n3 learned another value in slot 1 than n1");
        assert_eq!(breach.nodes, [NodeId(0), NodeId(2)]);
    }
}
