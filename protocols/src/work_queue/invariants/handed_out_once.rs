//! An element is handed out once.
//!
//! Cost: one number for every element that was handed out.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::work_queue::Event;

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "handed_out_once",
    sentence: "no element is handed out twice",
    citation: "Gray & Reuter 1993, Transaction Processing, section 10.4 (recoverable queues)",
    new: |cluster| Box::new(HandedOutOnce { cluster: cluster.clone(), to: BTreeMap::new() }),
};

struct HandedOutOnce {
    cluster: Cluster,
    /// Who got it.
    to: BTreeMap<u64, NodeId>,
}

impl Monitor<Event> for HandedOutOnce {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let Event::HandedOut { value, to } = *note.event else { return Ok(()) };
        let Some(first) = self.to.insert(value, to) else { return Ok(()) };
        let name = |node| self.cluster.name(node);
        let message = format!(
            "{} hands {value} out to {}, and {} had it before",
            name(note.node),
            name(to),
            name(first)
        );
        Err(Breach { message, nodes: vec![note.node, to, first] })
    }
}
