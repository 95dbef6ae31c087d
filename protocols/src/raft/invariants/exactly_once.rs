//! **Exactly once**: an operation that its client asked for again and again takes effect once, in one
//! place of the log (Section 8; thesis, 6.3).
//!
//! A command's digest holds its session and its serial, so no two operations share one. State: for each
//! command that took effect, where. Cost: one lookup an entry.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::events::consensus::Event;

/// The property.
pub const INVARIANT: Invariant<Event> = Invariant {
    name: "exactly_once",
    sentence: "an operation takes effect once, however often its client asks",
    citation: "Ongaro & Ousterhout 2014, Section 8; Ongaro's dissertation, 6.3",
    new: |cluster| Box::new(ExactlyOnce { cluster: cluster.clone(), places: BTreeMap::new() }),
};

#[derive(Clone, Debug)]
struct ExactlyOnce {
    cluster: Cluster,
    /// The index at which each command took effect.
    places: BTreeMap<u64, u64>,
}

impl Monitor<Event> for ExactlyOnce {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let Event::Applied { index, command, effect: true, .. } = *note.event else {
            return Ok(());
        };
        let place = *self.places.entry(command).or_insert(index);
        if place == index {
            return Ok(()); // on another server, or once more after a restart
        }
        let name = self.cluster.name(note.node);
        let message = format!(
            "on {name} an operation took effect as entry {index}, which had taken effect as entry {place}"
        );
        Err(Breach { message, nodes: vec![note.node] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{breach, feed, restored};
    use super::*;

    fn applied(index: u64, command: u64, effect: bool) -> Event {
        Event::Applied { index, term: 1, command, effect, answers: false }
    }

    #[test]
    fn an_operation_that_comes_again_has_no_effect() {
        let notes = [
            (0, applied(1, 7, true)),
            (0, applied(2, 7, false)),
            (1, applied(1, 7, true)),
            (0, restored(&[])),
            (0, applied(1, 7, true)),
            (0, applied(3, 8, true)),
        ];
        assert_eq!(feed(&INVARIANT, &notes), Ok(()));
    }

    #[test]
    fn a_second_effect_is_a_breach() {
        let found = breach(&INVARIANT, &[(0, applied(1, 7, true)), (1, applied(2, 7, true))]);
        let message =
            "on n2 an operation took effect as entry 2, which had taken effect as entry 1";
        assert_eq!(found.message, message);
    }
}
