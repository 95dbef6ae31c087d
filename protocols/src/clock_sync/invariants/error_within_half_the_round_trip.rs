//! An estimate is off by half of the round trip at most.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::{LocalTime, SimTime, Span};

use crate::clock_sync::Event;

/// Observers know the true time. The server's clock is compared as if it had gone on right since it
/// was read. Where the client's clock did not measure the round trip right, because it drifts, jumped
/// or stood still meanwhile, it may be off by half of what it missed as well.
pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "error_within_half_the_round_trip",
    sentence: "an estimate of the server's clock is off by half of the round trip at most",
    citation: "Cristian, Distributed Computing 3 (1989) 146, section 4; RFC 5905, appendix A",
    new: |cluster| Box::new(Within { cluster: cluster.clone(), asked: BTreeMap::new() }),
};

struct Within {
    cluster: Cluster,
    /// By client and number: when it was asked, and when servers told what. The network may copy a
    /// question, and then it is answered twice.
    asked: BTreeMap<(NodeId, u64), Question>,
}

type Question = (SimTime, Vec<(SimTime, LocalTime)>);

/// Questions of one client that may be open: as many as it keeps.
const OPEN: u64 = 64;

impl Monitor<Event> for Within {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        match *note.event {
            Event::Asked { number } => {
                self.asked.insert((note.node, number), (note.at, Vec::new()));
                if let Some(old) = number.checked_sub(OPEN) {
                    self.asked.remove(&(note.node, old));
                }
                Ok(())
            }
            Event::Told { to, number, wall } => {
                if let Some((_, told)) = self.asked.get_mut(&(to, number)) {
                    told.push((note.at, wall));
                }
                Ok(())
            }
            Event::Estimated { number, told, wall, offset, delay } => {
                let question = self.asked.remove(&(note.node, number));
                let Some((asked, answers)) = question else { return Ok(()) };
                let answer = answers.into_iter().rfind(|(_, server)| *server == told);
                let Some((told, server)) = answer else { return Ok(()) };
                let round_trip = note.at.since(asked);
                let right = i128::from(server.0) + i128::from(note.at.since(told).0);
                let error = i128::from(wall.0) + i128::from(offset) - right;
                self.judge(note.node, error, round_trip, delay)
            }
        }
    }
}

impl Within {
    fn judge(
        &self,
        node: NodeId,
        error: i128,
        round_trip: Span,
        delay: Span,
    ) -> Result<(), Breach> {
        let missed = round_trip.0.abs_diff(delay.0);
        // A nanosecond for the half of an odd number.
        let bound = (u128::from(round_trip.0) + u128::from(missed)) / 2 + 1;
        if error.unsigned_abs() <= bound {
            return Ok(());
        }
        let name = self.cluster.name(node);
        let message = format!(
            "the estimate of {name} is off by {error} ns, and its round trip took {round_trip}"
        );
        Err(Breach { message, nodes: vec![node] })
    }
}
