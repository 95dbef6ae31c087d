//! "An acceptor can accept a proposal numbered n iff it has not responded to a prepare request having a
//! number greater than n" (Lamport, *Paxos Made Simple*, 2001, section 2.2: P1a).
//!
//! A promise binds across restarts. State: the highest durable promise of each node, for all slots and
//! slot by slot. Cost: two lookups an event.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::Event;
use crate::parts::ballot::Ballot;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "promises_kept",
    sentence: "an acceptor accepts nothing below a ballot that it promised",
    citation: "Lamport 2001, Paxos Made Simple, section 2.2 (P1a)",
    new: |cluster| Box::new(PromisesKept { cluster: cluster.clone(), promised: BTreeMap::new() }),
};

#[derive(Clone, Debug)]
struct PromisesKept {
    cluster: Cluster,
    promised: BTreeMap<(NodeId, Option<u64>), Ballot>,
}

impl Monitor<Event> for PromisesKept {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        match *note.event {
            Event::Promised { slot, ballot } => {
                let promised = self.promised.entry((note.node, slot)).or_insert(ballot);
                *promised = ballot.max(*promised);
                Ok(())
            }
            Event::Accepted { slot, ballot, .. } => {
                let of = |slot| self.promised.get(&(note.node, slot)).copied();
                match of(None).max(of(Some(slot))) {
                    Some(promised) if promised > ballot => {
                        let name = self.cluster.name(note.node);
                        let message = format!(
                            "{name} accepted round {} of {} in slot {slot} after it had promised round \
                             {} to {}",
                            ballot.round,
                            self.cluster.name(ballot.node),
                            promised.round,
                            self.cluster.name(promised.node),
                        );
                        Err(Breach { message, nodes: vec![note.node] })
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accepted, breach, feed, promised, restarted};
    use super::*;

    #[test]
    fn what_was_promised_and_what_lies_above_may_be_accepted() {
        let notes = [
            (0, promised(None, 2)),
            (0, accepted(2, 7)),
            (0, accepted(4, 7)),
            (1, accepted(1, 7)),
            (1, promised(Some(2), 9)),
            (1, accepted(3, 7)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_promise_binds_across_a_restart() {
        for slot in [None, Some(1)] {
            let notes = [(1, promised(slot, 2)), (1, restarted()), (1, accepted(1, 7))];
            let message = "n2 accepted round 1 of n1 in slot 1 after it had promised round 2 to n1";
            assert_eq!(breach(&INVARIANT, &notes).message, message);
        }
    }
}
