//! Whom a fault means.

use crate::plan::Target;
use crate::protocol::{NodeId, Protocol};
use crate::simulation::{Node, Simulation};

impl<P: Protocol> Simulation<'_, P> {
    /// The nodes a target means at this instant, each once.
    pub(super) fn resolve(&self, target: &Target) -> Vec<NodeId> {
        let ids = |wanted: &dyn Fn(&Node<P>) -> bool| {
            (0u32..)
                .zip(&self.nodes)
                .filter(|(_, node)| node.is_up() && !node.standing.rank.is_empty() && wanted(node))
                .map(|(id, _)| NodeId(id))
                .collect::<Vec<NodeId>>()
        };
        let leader = || {
            let mut leaders = ids(&|node| node.standing.rank == "leader");
            leaders.sort_by_key(|id| self.nodes[id.index()].standing.epoch);
            leaders.pop()
        };
        match target {
            Target::Nodes(nodes) => {
                let mut seen = vec![false; self.nodes.len()];
                let first = |id: &NodeId| !std::mem::replace(&mut seen[id.index()], true);
                nodes.iter().copied().filter(first).collect()
            }
            Target::Leader => leader().into_iter().collect(),
            Target::Followers => {
                let leader = leader();
                ids(&|_| true).into_iter().filter(|id| Some(*id) != leader).collect()
            }
        }
    }
}
