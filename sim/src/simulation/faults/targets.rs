//! Whom a fault means.

use crate::plan::Target;
use crate::protocol::{NodeId, Protocol};
use crate::random::Stream;
use crate::simulation::{Node, Simulation};

impl<P: Protocol> Simulation<'_, P> {
    /// The nodes a target means at this instant, each once. What is drawn comes from the strike's own
    /// dice.
    pub(super) fn resolve(&self, target: &Target, strike: usize, dice: &mut Stream) -> Vec<NodeId> {
        match target {
            Target::Nodes(nodes) => {
                let mut seen = vec![false; self.nodes.len()];
                let first = |id: &NodeId| !std::mem::replace(&mut seen[id.index()], true);
                nodes.iter().copied().filter(first).collect()
            }
            Target::Leader => self.leader().into_iter().collect(),
            Target::Followers => {
                let leader = self.leader();
                let mut ranked = self.live(|node| !node.standing.rank.is_empty());
                ranked.retain(|id| Some(*id) != leader);
                ranked
            }
            Target::Rank(rank) => self.live(|node| node.standing.rank == rank),
            Target::Minority => {
                let servers = self.servers();
                let few = (servers.len() - 1) / 2;
                some(servers, few, dice)
            }
            Target::Majority => {
                let servers = self.servers();
                let most = servers.len() / 2 + 1;
                some(servers, most, dice)
            }
            Target::Any => {
                let mut up = self.servers();
                up.retain(|id| self.nodes[id.index()].is_up());
                some(up, 1, dice)
            }
            Target::Others => Vec::new(),
            Target::It => self.strikes[strike].subject.iter().map(|(it, _)| *it).collect(),
            Target::Peer => self.strikes[strike].subject.iter().filter_map(|(_, p)| *p).collect(),
        }
    }

    /// The nodes of the protocol's first role.
    pub(super) fn servers(&self) -> Vec<NodeId> {
        let roles = (0u32..).zip(&self.plan.nodes);
        roles.filter(|(_, node)| node.role == 0).map(|(id, _)| NodeId(id)).collect()
    }

    /// The nodes that are up and of which something holds.
    fn live(&self, holds: impl Fn(&Node<P>) -> bool) -> Vec<NodeId> {
        let nodes = (0u32..).zip(&self.nodes);
        let live = nodes.filter(|(_, node)| node.is_up() && holds(node));
        live.map(|(id, _)| NodeId(id)).collect()
    }

    fn leader(&self) -> Option<NodeId> {
        let mut leaders = self.live(|node| node.standing.rank == "leader");
        leaders.sort_by_key(|id| self.nodes[id.index()].standing.epoch);
        leaders.pop()
    }
}

/// So many of these, drawn; in their own order.
fn some(mut of: Vec<NodeId>, count: usize, dice: &mut Stream) -> Vec<NodeId> {
    dice.shuffle(&mut of);
    of.truncate(count);
    of.sort();
    of
}
