//! A store takes writes in the order of their tokens.
//!
//! Cost: one token for every cell.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::lock::Event;

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "writes_follow_tokens",
    sentence: "a store takes no write whose token is older than one it has taken",
    citation: "Kleppmann 2016, How to do distributed locking (fencing tokens)",
    new: |cluster| Box::new(WritesFollowTokens { cluster: cluster.clone(), last: BTreeMap::new() }),
};

struct WritesFollowTokens {
    cluster: Cluster,
    /// By cell.
    last: BTreeMap<u64, u64>,
}

impl Monitor<Event> for WritesFollowTokens {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let Event::Wrote { cell, token } = *note.event else { return Ok(()) };
        let last = self.last.entry(cell).or_default();
        if token >= *last {
            *last = token;
            return Ok(());
        }
        let name = self.cluster.name(note.node);
        let message = format!("{name} writes cell {cell} for token {token}, after token {last}");
        Err(Breach { message, nodes: vec![note.node] })
    }
}
