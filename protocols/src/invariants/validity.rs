//! **Validity**: only a value that has been proposed may be chosen (Lamport, *Paxos Made Simple*, 2001,
//! section 2.1); no-ops, which fill the holes of a log, are everybody's.
//!
//! Judged when a proposer asks acceptors, and when an acceptor accepts: each value must have come from a
//! client. State: the digests of what clients asked for. Cost: one lookup a proposal.

use std::collections::BTreeSet;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::events::consensus::{Event, NOOP};

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "validity",
    sentence: "only values that clients asked for, or no-ops, are proposed and accepted",
    citation: "Lamport 2001, Paxos Made Simple, section 2.1",
    new: |cluster| Box::new(Validity { cluster: cluster.clone(), known: BTreeSet::from([NOOP]) }),
};

#[derive(Clone, Debug)]
struct Validity {
    cluster: Cluster,
    known: BTreeSet<u64>,
}

impl Monitor<Event> for Validity {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let (Event::Proposed { slot, value, .. }
        | Event::Accepted { slot, value, .. }
        | Event::Learned { slot, value }) = *note.event
        else {
            if let Event::Requested { value } = *note.event {
                self.known.insert(value);
            }
            return Ok(());
        };
        if self.known.contains(&value) {
            return Ok(());
        }
        let name = self.cluster.name(note.node);
        let message = format!("{name} has a value in slot {slot} that no client asked for");
        Err(Breach { message, nodes: vec![note.node] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accepted, breach, feed, proposed};
    use super::*;

    #[test]
    fn requested_values_and_no_ops_are_fine() {
        let notes = [
            (0, Event::Requested { value: 7 }),
            (1, proposed(1, 7)),
            (2, accepted(1, 7)),
            (1, proposed(2, NOOP)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_value_from_nowhere_is_a_breach() {
        let notes = [(0, Event::Requested { value: 7 }), (1, proposed(1, 8))];
        let message = "n2 has a value in slot 1 that no client asked for";
        assert_eq!(breach(&INVARIANT, &notes).message, message);
    }
}
