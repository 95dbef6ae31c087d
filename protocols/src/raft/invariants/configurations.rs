//! By which configuration every node counts.

use rehearsal_sim::invariant::{Cluster, Note};
use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::Event;
use crate::parts::configuration::{Configuration, Members};

/// The configuration of each node. A node that never says counts by all nodes of the first role.
#[derive(Clone, Debug)]
pub(super) struct Configurations {
    of: Vec<Configuration>,
}

impl Configurations {
    pub(super) fn new(cluster: &Cluster) -> Configurations {
        let voters = u32::try_from(cluster.voters).expect("node ids are 32 bits");
        let all = Configuration::of(Members::of((0..voters).map(NodeId)));
        Configurations { of: vec![all; cluster.names.len()] }
    }

    /// Follows one event.
    pub(super) fn read(&mut self, note: &Note<'_, Event>) {
        if let Event::Configured { configuration } = note.event {
            self.of[note.node.index()] = configuration.clone();
        }
    }

    /// By which configuration a node counts.
    pub(super) fn of(&self, node: NodeId) -> &Configuration {
        &self.of[node.index()]
    }
}
