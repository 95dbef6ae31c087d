//! Faults: whom they hit, what they do, and how they end.

mod lives;
mod targets;

use super::network::CutShape;
use super::queue::EventQueue;
use super::world::Tag;
use super::{Event, Simulation};
use crate::plan::{Fault, Target};
use crate::protocol::{NodeId, Protocol};
use crate::record::{FaultBand, RowKind};

impl<P: Protocol> Simulation<'_, P> {
    /// A planned fault strikes.
    pub(super) fn fault_begins(&mut self, index: usize) {
        let plan = self.plan;
        let planned = &plan.faults[index];
        self.world.digest(Tag::FaultBegins, index as u64, 0, 0);
        let struck = match &planned.fault {
            Fault::Crash(target) => self.crash_all(index, target),
            Fault::Restart(target) => self.restart_all(target),
            Fault::Pause(target) => self.pause_all(index, target),
            Fault::Partition(groups) => self.partition(index, groups),
            Fault::OneWay { from, to } => self.one_way(index, from, to),
            Fault::Loss(chance) => {
                self.world.network.lose(index, *chance);
                self.world.count("loss_windows", 1);
                let percent = chance.to_f64() * 100.0;
                Some(("loss", format!("{} %", trim(percent)), vec![]))
            }
            Fault::Latency(law) => {
                let sampler = self.laws.faults[index].clone().expect("compiled with the plan");
                self.world.network.delay(index, sampler);
                self.world.count("latency_windows", 1);
                Some(("latency", law.to_string(), vec![]))
            }
        };
        let Some((kind, label, nodes)) = struck else {
            self.world.count("faults_missed", 1);
            self.world.trace(RowKind::Fault, None, || "a fault finds nobody to hit".to_owned());
            return;
        };
        self.world.last_fault_end = self.world.now;
        if kind == "restart" {
            return;
        }
        // What happens to nodes is told by their own rows.
        if !matches!(planned.fault, Fault::Crash(_) | Fault::Pause(_)) {
            self.world.trace(RowKind::Fault, None, || begins(kind, &label));
        }
        self.open_band(index, kind, label, &nodes);
        if let Some(lasts) = planned.lasts {
            let index = u32::try_from(index).expect("few faults");
            self.queue.push(self.world.now.after(lasts), Event::FaultEnds(index));
        }
    }

    /// A planned fault that lasted ends, for the nodes that it still holds: those that other faults
    /// took over are theirs.
    pub(super) fn fault_ends(&mut self, index: usize) {
        self.world.digest(Tag::FaultEnds, index as u64, 0, 0);
        let Some(band) = self.bands[index] else { return };
        self.world.last_fault_end = self.world.now;
        self.close_band(index);
        let held = std::mem::take(&mut self.hits[index]);
        match &self.plan.faults[index].fault {
            Fault::Crash(_) => held.into_iter().for_each(|node| {
                self.restart(node);
            }),
            Fault::Pause(_) => {
                for node in held {
                    if !self.hits.iter().any(|held| held.contains(&node)) {
                        self.resume(node);
                    }
                }
            }
            _ => {
                self.world.network.heal(index);
                let FaultBand { kind, label, .. } = &self.world.bands[band];
                let text = ends(kind, label);
                self.world.trace(RowKind::Fault, None, || text);
            }
        }
    }

    /// A node crashes or restarts: no earlier fault holds it any more. A fault that holds nobody
    /// any more is over.
    pub(super) fn let_go(&mut self, id: NodeId) {
        for index in 0..self.hits.len() {
            let held = &mut self.hits[index];
            if held.contains(&id) {
                held.retain(|node| *node != id);
                if held.is_empty() {
                    self.close_band(index);
                }
            }
        }
    }

    fn crash_all(&mut self, index: usize, target: &Target) -> Struck {
        let up = |id: &NodeId| self.nodes[id.index()].is_up();
        let hit: Vec<NodeId> = self.resolve(target).into_iter().filter(up).collect();
        hit.iter().for_each(|id| self.crash(*id));
        self.hits[index].clone_from(&hit);
        self.struck("crash", hit)
    }

    fn restart_all(&mut self, target: &Target) -> Struck {
        let hit: Vec<NodeId> =
            self.resolve(target).into_iter().filter(|id| self.restart(*id)).collect();
        self.struck("restart", hit)
    }

    fn pause_all(&mut self, index: usize, target: &Target) -> Struck {
        let up = |id: &NodeId| self.nodes[id.index()].is_up();
        let hit: Vec<NodeId> = self.resolve(target).into_iter().filter(up).collect();
        for id in &hit {
            // A node that stands still already does so until the last of its pauses ends.
            if self.nodes[id.index()].paused.is_none() {
                self.pause(*id);
            }
        }
        self.hits[index].clone_from(&hit);
        self.struck("pause", hit)
    }

    fn partition(&mut self, index: usize, groups: &[Vec<Target>]) -> Struck {
        let mut group_of: Vec<Option<u32>> = vec![None; self.nodes.len()];
        let mut labels = Vec::new();
        for (number, targets) in (0u32..).zip(groups) {
            let members: Vec<NodeId> = targets
                .iter()
                .flat_map(|target| self.resolve(target))
                .filter(|id| group_of[id.index()].is_none())
                .collect();
            members.iter().for_each(|id| group_of[id.index()] = Some(number));
            if !members.is_empty() {
                labels.push(self.world.names(&members).join(" "));
            }
        }
        if labels.len() < 2 {
            return None;
        }
        let concerned = |(id, group): (u32, &Option<u32>)| group.map(|_| NodeId(id));
        let nodes = (0u32..).zip(&group_of).filter_map(concerned).collect();
        self.world.network.cut(index, CutShape::Groups(group_of));
        self.world.count("partitions", 1);
        Some(("partition", labels.join(" | "), nodes))
    }

    fn one_way(&mut self, index: usize, from: &Target, to: &Target) -> Struck {
        let (senders, receivers) = (self.resolve(from), self.resolve(to));
        if senders.is_empty() || receivers.is_empty() {
            return None;
        }
        let mark = |ids: &[NodeId]| {
            let mut marks = vec![false; self.nodes.len()];
            ids.iter().for_each(|id| marks[id.index()] = true);
            marks
        };
        let shape = CutShape::OneWay { from: mark(&senders), to: mark(&receivers) };
        self.world.network.cut(index, shape);
        self.world.count("partitions", 1);
        let names = |ids: &[NodeId]| self.world.names(ids).join(" ");
        let label = format!("{} -/-> {}", names(&senders), names(&receivers));
        Some(("one-way", label, senders.into_iter().chain(receivers).collect()))
    }

    fn struck(&self, kind: &'static str, hit: Vec<NodeId>) -> Struck {
        (!hit.is_empty()).then(|| (kind, self.world.names(&hit).join(" "), hit))
    }

    fn open_band(&mut self, index: usize, kind: &str, label: String, nodes: &[NodeId]) {
        self.bands[index] = Some(self.world.bands.len());
        self.world.bands.push(FaultBand {
            kind: kind.to_owned(),
            label,
            from_ns: self.world.now.0,
            to_ns: None,
            nodes: self.world.names(nodes),
        });
    }

    fn close_band(&mut self, index: usize) {
        if let Some(band) = self.bands[index].take() {
            self.world.bands[band].to_ns.get_or_insert(self.world.now.0);
        }
    }
}

/// Kind, label and nodes of a fault that found someone.
type Struck = Option<(&'static str, String, Vec<NodeId>)>;

fn begins(kind: &str, label: &str) -> String {
    match kind {
        "latency" | "loss" => format!("the network changes: {kind} {label}"),
        _ => format!("the network is cut: {label}"),
    }
}

fn ends(kind: &str, label: &str) -> String {
    match kind {
        "latency" | "loss" => format!("the network is as before: no more {kind} {label}"),
        _ => format!("the network heals: {label}"),
    }
}

/// A percentage with at most four decimals and no trailing zeros.
fn trim(percent: f64) -> String {
    let text = format!("{percent:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
