//! A request is counted once.
//!
//! Cost: one set of numbers for every client.

use std::collections::BTreeSet;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::counter::Event;

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "counted_once",
    sentence: "no request is counted twice",
    citation: "van Renesse & Schneider 2004, Chain Replication, section 2",
    new: |cluster| Box::new(CountedOnce { cluster: cluster.clone(), seen: BTreeSet::new() }),
};

struct CountedOnce {
    cluster: Cluster,
    /// By client and number.
    seen: BTreeSet<(NodeId, u64)>,
}

impl Monitor<Event> for CountedOnce {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let Event::Counted { client, number, index } = *note.event else { return Ok(()) };
        if self.seen.insert((client, number)) {
            return Ok(());
        }
        let (node, asker) = (self.cluster.name(note.node), self.cluster.name(client));
        let message = format!("{node} counts request {number} of {asker} again, as entry {index}");
        Err(Breach { message, nodes: vec![note.node, client] })
    }
}
