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
        members.retain(|members| !members.is_empty());
        Some(Struck { groups: members, ..cut("partition", labels.join(" | "), nodes) })
    }

    pub(super) fn one_way(&mut self, strike: usize, from: &Target, to: &Target) -> Option<Struck> {
        let mut dice = self.choices(strike);
        let senders = self.resolve(from, strike, &mut dice);
        let receivers = self.resolve(to, strike, &mut dice);
        if senders.is_empty() || receivers.is_empty() {
            return None;
        }
        let shape = CutShape::OneWay { from: self.marks(&senders), to: self.marks(&receivers) };
        self.world.network.cut(strike, shape);
        self.world.count("partitions", 1);
        let label = format!("{} -/-> {}", self.label(&senders), self.label(&receivers));
        let nodes = [&senders[..], &receivers].concat();
        Some(Struck { groups: vec![senders, receivers], ..cut("one-way", label, nodes) })
    }

    /// Two halves of the other servers, and who alone hears both.
    pub(super) fn bridge(&mut self, strike: usize, target: &Target) -> Option<Struck> {
        let mut dice = self.choices(strike);
        let bridge = self.resolve(target, strike, &mut dice);
        let mut others = self.servers();
        others.retain(|id| !bridge.contains(id));
        if bridge.is_empty() || others.len() < 2 {
            return None;
        }
        dice.shuffle(&mut others);
        let middle = others.len() / 2;
        let (half, other) = others.split_at_mut(middle);
        let mut group_of = vec![None; self.nodes.len()];
        for (number, group) in [(0, &mut *half), (1, &mut *other)] {
            group.sort();
            group.iter().for_each(|id| group_of[id.index()] = Some(number));
        }
        let labels = [self.label(half), self.label(&bridge), self.label(other)];
        let groups = vec![half.to_vec(), bridge, other.to_vec()];
        let nodes = groups.concat();
        self.world.network.cut(strike, CutShape::Groups(group_of));
        self.world.count("partitions", 1);
        Some(Struck { groups, ..cut("bridge", labels.join(" - "), nodes) })
    }

    /// Majorities in a ring, as Jepsen's `majorities-ring` (`jepsen/nemesis.clj`): of the servers in a
    /// ring, every stretch that is just a majority is what the one in its middle hears.
    pub(super) fn majorities_ring(&mut self, strike: usize) -> Option<Struck> {
        let mut ring = self.servers();
        let (count, most) = (ring.len(), ring.len() / 2 + 1);
        if count <= most {
            return None;
        }
        self.choices(strike).shuffle(&mut ring);
        let mut deaf = vec![Vec::new(); self.nodes.len()];
        for first in 0..count {
            let hears = |place: usize| ring[(first + place) % count];
            let heard: Vec<NodeId> = (0..most).map(hears).collect();
            let unheard: Vec<NodeId> =
                ring.iter().copied().filter(|id| !heard.contains(id)).collect();
            deaf[hears(most / 2).index()] = self.marks(&unheard);
        }
        self.world.network.cut(strike, CutShape::Deaf(deaf));
        self.world.count("partitions", 1);
        Some(cut("ring", self.label(&ring), ring))
    }

    /// Links of the topology are cut: routes change or end.
    pub(super) fn cut_links(&mut self, strike: usize, links: &[usize]) -> Struck {
        let plan = self.plan;
        let topology = plan.network.topology.as_ref();
        let name = |link: &usize| {
            let topology = topology?;
            let link = topology.links.get(*link)?;
            let [from, to] = [link.from, link.to].map(|place| topology.places[place].name.as_str());
            Some(format!("{from} -/-> {to}"))
        };
        let label: Vec<String> = links.iter().filter_map(name).collect();
        self.world.network.cut_edges(strike, links.to_vec());
        self.world.count("links_cut", 1);
        cut("cut", label.join(", "), Vec::new())
    }
}

fn cut(kind: &'static str, label: String, nodes: Vec<NodeId>) -> Struck {
    Struck {
        begins: format!("the network is cut: {label}"),
        ends: format!("the network heals: {label}"),
        ..Struck::nodes(kind, label, nodes)
    }
}
