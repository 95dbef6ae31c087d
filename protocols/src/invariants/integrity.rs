//! **Integrity**: every process decides at most once (Chandra & Toueg, *Unreliable Failure Detectors for
//! Reliable Distributed Systems*, JACM 1996, section 3.1). One that restarts and has forgotten may learn
//! again.
//!
//! State: the slots that each node has decided in its present life. Cost: one lookup a decision.

use std::collections::BTreeSet;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "integrity",
    sentence: "a node decides a slot once in its life",
    citation: "Chandra & Toueg 1996, section 3.1",
    new: |cluster| {
        let decided = vec![BTreeSet::new(); cluster.names.len()];
        Box::new(Integrity { cluster: cluster.clone(), decided })
    },
};

#[derive(Clone, Debug)]
struct Integrity {
    cluster: Cluster,
    decided: Vec<BTreeSet<u64>>,
}

impl Monitor<Event> for Integrity {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let decided = &mut self.decided[note.node.index()];
        match *note.event {
            Event::Restored { .. } | Event::FoundDamage { .. } => decided.clear(),
            Event::Learned { slot, .. } if !decided.insert(slot) => {
                let name = self.cluster.name(note.node);
                let message = format!("{name} decided slot {slot} a second time");
                return Err(Breach { message, nodes: vec![note.node] });
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{breach, feed, learned, restarted};
    use super::*;

    #[test]
    fn once_in_each_life_is_fine() {
        let notes = [(0, learned(7)), (1, learned(7)), (0, restarted()), (0, learned(7))];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn twice_is_a_breach() {
        let breach = breach(&INVARIANT, &[(0, learned(7)), (0, learned(7))]);
        assert_eq!(breach.message, "n1 decided slot 1 a second time");
    }
}
