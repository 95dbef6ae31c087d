//! Cuts: who does not hear whom.

use super::Struck;
use crate::plan::Target;
use crate::protocol::{NodeId, Protocol};
use crate::simulation::Simulation;
use crate::simulation::network::CutShape;

impl<P: Protocol> Simulation<'_, P> {
    pub(super) fn partition(&mut self, strike: usize, groups: &[Vec<Target>]) -> Option<Struck> {
        let mut group_of: Vec<Option<u32>> = vec![None; self.nodes.len()];
        let mut members: Vec<Vec<NodeId>> = vec![Vec::new(); groups.len()];
        // The others of all groups are known last.
        let is_rest = |targets: &[Target]| targets.contains(&Target::Others);
        let (rest, named): (Vec<usize>, Vec<usize>) =
            (0..groups.len()).partition(|place| is_rest(&groups[*place]));
        let mut dice = self.choices(strike);
        for place in named.into_iter().chain(rest) {
            for target in &groups[place] {
                let found = match target {
                    Target::Others => self.servers(),
                    target => self.resolve(target, strike, &mut dice),
                };
                let is_new = |id: &NodeId| group_of[id.index()].is_none();
                let fresh: Vec<NodeId> = found.into_iter().filter(is_new).collect();
                let number = u32::try_from(place).expect("few groups");
                fresh.iter().for_each(|id| group_of[id.index()] = Some(number));
                members[place].extend(fresh);
            }
        }
        let labels: Vec<String> = members
            .iter()
            .filter(|members| !members.is_empty())
            .map(|members| self.label(members))
            .collect();
        if labels.len() < 2 {
            return None;
        }
        let concerned = |(id, group): (u32, &Option<u32>)| group.map(|_| NodeId(id));
        let nodes = (0u32..).zip(&group_of).filter_map(concerned).collect();
        self.world.network.cut(strike, CutShape::Groups(group_of));
        self.world.count("partitions", 1);
        Some(cut("partition", labels.join(" | "), nodes))
    }

    pub(super) fn one_way(&mut self, strike: usize, from: &Target, to: &Target) -> Option<Struck> {
        let mut dice = self.choices(strike);
        let senders = self.resolve(from, strike, &mut dice);
        let receivers = self.resolve(to, strike, &mut dice);
        if senders.is_empty() || receivers.is_empty() {
            return None;
        }
        let mark = |ids: &[NodeId]| {
            let mut marks = vec![false; self.nodes.len()];
            ids.iter().for_each(|id| marks[id.index()] = true);
            marks
        };
        let shape = CutShape::OneWay { from: mark(&senders), to: mark(&receivers) };
        self.world.network.cut(strike, shape);
        self.world.count("partitions", 1);
        let label = format!("{} -/-> {}", self.label(&senders), self.label(&receivers));
        Some(cut("one-way", label, senders.into_iter().chain(receivers).collect()))
    }
}

fn cut(kind: &'static str, label: String, nodes: Vec<NodeId>) -> Struck {
    Struck {
        begins: format!("the network is cut: {label}"),
        ends: format!("the network heals: {label}"),
        ..Struck::nodes(kind, label, nodes)
    }
}
