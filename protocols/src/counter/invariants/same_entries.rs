//! Two servers that have an entry have the same.
//!
//! Cost: two numbers for every entry.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::counter::Event;

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "same_entries",
    sentence: "servers have the same entry at the same place",
    citation: "van Renesse & Schneider 2004, Chain Replication, section 3.1 (Update Propagation)",
    new: |cluster| Box::new(SameEntries { cluster: cluster.clone(), at: BTreeMap::new() }),
};

struct SameEntries {
    cluster: Cluster,
    /// By index: whose request, and who had it first.
    at: BTreeMap<u64, (NodeId, u64, NodeId)>,
}

impl Monitor<Event> for SameEntries {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let Event::Appended { index, client, number } = *note.event else { return Ok(()) };
        let (first_client, first_number, first) =
            *self.at.entry(index).or_insert((client, number, note.node));
        if (first_client, first_number) == (client, number) {
            return Ok(());
        }
        let name = |node| self.cluster.name(node);
        let message = format!(
            "entry {index} is request {number} of {} on {}, and request {first_number} of {} on {}",
            name(client),
            name(note.node),
            name(first_client),
            name(first)
        );
        Err(Breach { message, nodes: vec![note.node, first] })
    }
}
