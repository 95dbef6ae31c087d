//! Online invariants: observers that read a run's events, one after the other, at constant cost.

use std::sync::Arc;

use crate::protocol::NodeId;
use crate::time::SimTime;

/// A property of a protocol. It lives outside the protocol and reads events only, so that any
/// implementation that speaks the same events is judged by the same file.
pub struct Invariant<E: 'static> {
    /// The name used in `[[expect]]` and in reports: `election_safety`.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub sentence: &'static str,
    /// Where it comes from: paper and section.
    pub citation: &'static str,
    /// Starts an observer of one run.
    pub new: fn(&Cluster) -> Box<dyn Monitor<E>>,
}

/// The observer of one run.
pub trait Monitor<E> {
    /// Reads one event.
    ///
    /// # Errors
    /// The property is broken by this event.
    fn read(&mut self, note: &Note<'_, E>) -> Result<(), Breach>;
}

/// An event, where and when it happened.
#[derive(Debug)]
pub struct Note<'a, E> {
    /// When.
    pub at: SimTime,
    /// On which node.
    pub node: NodeId,
    /// What.
    pub event: &'a E,
}

/// How a property was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// What happened, in a sentence; nodes are called by name (see [`Cluster::name`]).
    pub message: String,
    /// The nodes concerned.
    pub nodes: Vec<NodeId>,
}

/// What an observer knows of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The nodes' names, in the order of their ids.
    pub names: Arc<[String]>,
    /// The number of nodes of the protocol's first role: the voters of a consensus protocol.
    pub voters: usize,
}

impl Cluster {
    /// A node's name.
    pub fn name(&self, node: NodeId) -> &str {
        &self.names[node.index()]
    }
    /// The smallest number of voters that is more than half of them.
    pub fn majority(&self) -> usize {
        self.voters / 2 + 1
    }
}
