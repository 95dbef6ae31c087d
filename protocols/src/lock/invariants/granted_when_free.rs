//! A lock is granted only when its holder has released it, or its lease has ended.
//!
//! Whether a lease has ended is for the server's clock to say, which may be wrong; that is what tokens
//! are for. Cost: one grant for every lock.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::NodeId;

use crate::lock::Event;

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "granted_when_free",
    sentence: "a lock is granted only when its holder has released it or its lease has ended",
    citation: "Gray & Cheriton 1989, Leases, section 2",
    new: |cluster| Box::new(GrantedWhenFree { cluster: cluster.clone(), held: BTreeMap::new() }),
};

struct GrantedWhenFree {
    cluster: Cluster,
    /// By lock: the token, and who holds it.
    held: BTreeMap<u64, (u64, NodeId)>,
}

impl Monitor<Event> for GrantedWhenFree {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        match *note.event {
            Event::Granted { lock, token, to } => {
                let Some((held, by)) = self.held.insert(lock, (token, to)) else { return Ok(()) };
                let name = |node| self.cluster.name(node);
                let message = format!(
                    "{} grants lock {lock} to {} with token {token}, and {} holds it with token {held}",
                    name(note.node),
                    name(to),
                    name(by)
                );
                Err(Breach { message, nodes: vec![note.node, to, by] })
            }
            Event::Released { lock, token } | Event::Expired { lock, token } => {
                if self.held.get(&lock).is_some_and(|(held, _)| *held == token) {
                    self.held.remove(&lock);
                }
                Ok(())
            }
            Event::Wrote { .. } => Ok(()),
        }
    }
}
