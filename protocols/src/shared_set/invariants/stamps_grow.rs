//! What a server has of an element never gets older, not even by a restart.
//!
//! Cost: one stamp for every element and server.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::shared_set::{Event, Stamp};

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "stamps_grow",
    sentence: "what a server has acknowledged of an element never gets older",
    citation: "Attiya, Bar-Noy & Dolev 1995, Sharing Memory Robustly in Message-Passing Systems, \
               Lemma 3.1",
    new: |cluster| Box::new(StampsGrow { cluster: cluster.clone(), of: BTreeMap::new() }),
};

struct StampsGrow {
    cluster: Cluster,
    of: BTreeMap<(NodeId, u64), Stamp>,
}

impl Monitor<Event> for StampsGrow {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let (Event::Stored { element, stamp } | Event::Restored { element, stamp }) = *note.event;
        let before = self.of.entry((note.node, element)).or_default();
        if stamp >= *before {
            *before = stamp;
            return Ok(());
        }
        let name = self.cluster.name(note.node);
        let message = format!("{name} has {stamp:?} of element {element}, and had {before:?}");
        Err(Breach { message, nodes: vec![note.node] })
    }
}
