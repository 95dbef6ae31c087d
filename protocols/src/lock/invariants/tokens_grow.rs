//! Each grant of a lock has a higher token than all before it.
//!
//! Cost: one token for every lock.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::lock::Event;

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "tokens_grow",
    sentence: "each grant of a lock has a higher token than all before it",
    citation: "Kleppmann 2016, How to do distributed locking (fencing tokens)",
    new: |cluster| Box::new(TokensGrow { cluster: cluster.clone(), last: BTreeMap::new() }),
};

struct TokensGrow {
    cluster: Cluster,
    /// By lock.
    last: BTreeMap<u64, u64>,
}

impl Monitor<Event> for TokensGrow {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let Event::Granted { lock, token, .. } = *note.event else { return Ok(()) };
        let last = self.last.entry(lock).or_default();
        if token > *last {
            *last = token;
            return Ok(());
        }
        let name = self.cluster.name(note.node);
        let message = format!("{name} grants lock {lock} with token {token}, after {last}");
        Err(Breach { message, nodes: vec![note.node] })
    }
}
