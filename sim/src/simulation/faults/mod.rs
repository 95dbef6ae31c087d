//! Faults: when they strike, whom they hit, what they do, and how they end.
//!
//! A fault of the plan may strike more than once. Each strike has a number, by which the world knows
//! what it did: the nodes that it holds, its windows in the network, its band in the record.

mod clocks;
mod cuts;
mod disks;
mod lives;
mod targets;
mod weather;
mod when;
mod work;

use super::queue::EventQueue;
use super::world::Tag;
use super::{Event, Simulation};
use crate::plan::{DiskFault, Fault};
use crate::protocol::{NodeId, Protocol};
use crate::record::{self, FaultBand, RowKind, Turn};

pub(crate) use when::{FaultLaws, Strike, Triggers};
pub(crate) use work::CrashLoops;

/// What a strike that found somebody did, for the record.
struct Struck {
    /// The kind, which is the lane of its band: `crash`.
    kind: &'static str,
    /// What it hit, for people: `n3`, `n1 n2 | n3`.
    label: String,
    /// The nodes concerned; empty for the whole network.
    nodes: Vec<NodeId>,
    /// The same in groups, where there are several.
    groups: Vec<Vec<NodeId>>,
    /// What the trace says when it begins; empty where the nodes' own rows tell of it.
    begins: String,
    /// What the trace says when it ends; empty likewise.
    ends: String,
    /// Whether it is over at once, and leaves no band.
    is_instant: bool,
}

impl Struck {
    /// Something happened to nodes, which tell of it themselves.
    fn nodes(kind: &'static str, label: String, nodes: Vec<NodeId>) -> Struck {
        let (begins, ends, groups) = (String::new(), String::new(), Vec::new());
        Struck { kind, label, nodes, groups, begins, ends, is_instant: false }
    }
}

impl<P: Protocol> Simulation<'_, P> {
    /// A strike begins.
    pub(super) fn fault_begins(&mut self, strike: usize) {
        let plan = self.plan;
        let fault = self.strikes[strike].fault;
        let planned = &plan.faults[fault];
        self.world.digest(Tag::FaultBegins, strike as u64, 0, 0);
        self.schedule_next(fault, self.strikes[strike].nth);
        let Some(struck) = self.strike(strike, &planned.fault) else {
            self.world.count("faults_missed", 1);
            self.world.trace(RowKind::Fault, None, || "a fault finds nobody to hit".to_owned());
            return;
        };
        self.world.last_fault_end = self.world.now;
        self.keep(strike, &struck);
        let Struck { kind, label, nodes, begins, ends, is_instant, .. } = struck;
        if !begins.is_empty() {
            self.world.trace(RowKind::Fault, None, || begins);
        }
        if is_instant {
            return;
        }
        self.strikes[strike].ends = ends;
        self.open_band(strike, kind, label, &nodes);
        let lasts_until = planned.lasts.map(|lasts| self.world.now.after(lasts));
        let healed = plan.heal.filter(|_| planned.fault.ends_when_the_world_heals());
        if let Some(at) = lasts_until.into_iter().chain(healed).min() {
            let number = u32::try_from(strike).expect("fewer strikes than events");
            self.queue.push(at, Event::FaultEnds(number));
        }
    }

    /// Does what a fault does; `None` when it finds nobody.
    fn strike(&mut self, strike: usize, fault: &Fault) -> Option<Struck> {
        match fault {
            Fault::Crash(target) => self.crash_all(strike, target, "crash"),
            Fault::PowerOff(target) => self.crash_all(strike, target, "power-off"),
            Fault::Restart(target) => self.restart_all(strike, target),
            Fault::Pause(target) => self.pause_all(strike, target),
            Fault::Partition(groups) => self.partition(strike, groups),
            Fault::OneWay { from, to } => self.one_way(strike, from, to),
            Fault::Loss(chance) => Some(self.lose(strike, *chance)),
            Fault::Latency(law) => Some(self.delay(strike, law)),
            Fault::Weather(weather) => self.weather(strike, weather),
            Fault::Swizzle(targets) => self.swizzle(strike, targets),
            Fault::Bridge(target) => self.bridge(strike, target),
            Fault::Ring => self.majorities_ring(strike),
            Fault::CutLinks(links) => Some(self.cut_links(strike, links)),
            Fault::Slow { nodes, .. } => self.slow_down(strike, nodes),
            Fault::CrashLoop { nodes, .. } => self.begin_loop(strike, nodes),
            Fault::ClockJump { nodes, by } => self.jump(strike, nodes, *by),
            Fault::ClockDrift { nodes, by } => self.drift(strike, nodes, *by),
            Fault::ClockOffset { nodes, by } => self.shift(strike, nodes, *by),
            Fault::ClockFreeze(nodes) => self.freeze(strike, nodes),
            Fault::Fire { nodes, timer } => self.fire_all(strike, nodes, *timer),
            Fault::Disk { target, fault } => self.disk_fault(strike, target, fault),
        }
    }

    /// A strike that lasted ends, for the nodes that it still holds: those that others took over are
    /// theirs.
    pub(super) fn fault_ends(&mut self, strike: usize) {
        self.world.digest(Tag::FaultEnds, strike as u64, 0, 0);
        if self.strikes[strike].band.is_none() {
            return;
        }
        self.world.last_fault_end = self.world.now;
        self.own_end(strike);
        self.close_band(strike);
        let held = self.held.remove(&strike).unwrap_or_default();
        let plan = self.plan;
        match &plan.faults[self.strikes[strike].fault].fault {
            Fault::Crash(_) | Fault::PowerOff(_) | Fault::Disk { fault: DiskFault::Wipe, .. } => {
                self.restart_held(held);
            }
            Fault::Pause(_) => self.resume_held(held),
            Fault::Disk { fault, .. } => self.disk_fault_ends(strike, fault),
            Fault::Restart(_) | Fault::ClockJump { .. } | Fault::Fire { .. } => {}
            Fault::Partition(_)
            | Fault::OneWay { .. }
            | Fault::Loss(_)
            | Fault::Latency(_)
            | Fault::Weather(_)
            | Fault::Swizzle(_)
            | Fault::Bridge(_)
            | Fault::Ring
            | Fault::CutLinks(_) => self.end_weather(strike),
            Fault::Slow { .. } => self.speed_up(strike),
            Fault::CrashLoop { .. } => self.end_loop(strike),
            Fault::ClockDrift { by, .. } => self.drift_back(strike, *by),
            Fault::ClockOffset { by, .. } => self.shift_back(strike, *by),
            Fault::ClockFreeze(_) => self.thaw(strike),
        }
        let ends = std::mem::take(&mut self.strikes[strike].ends);
        if !ends.is_empty() {
            self.world.trace(RowKind::Fault, None, || ends);
        }
    }

    /// Notes down whom a strike hit.
    fn keep(&mut self, strike: usize, struck: &Struck) {
        let numbers = |ids: &[NodeId]| ids.iter().map(|id| id.0).collect::<Vec<u32>>();
        let mut groups: Vec<Vec<u32>> = struck.groups.iter().map(|ids| numbers(ids)).collect();
        if groups.is_empty() && !struck.nodes.is_empty() {
            groups.push(numbers(&struck.nodes));
        }
        self.strikes[strike].kept = Some(self.world.struck.len());
        self.world.struck.push(record::Strike {
            fault: self.strikes[strike].fault,
            from_ns: self.world.now.0,
            groups,
            ..record::Strike::default()
        });
    }

    /// Notes down that a strike came to its own end.
    fn own_end(&mut self, strike: usize) {
        if let Some(kept) = self.strikes[strike].kept {
            self.world.struck[kept].to_ns = Some(self.world.now.0);
        }
    }

    /// Notes down what a strike does to one node in its course.
    fn turn(&mut self, strike: usize, node: NodeId, begins: bool) {
        if let Some(kept) = self.strikes[strike].kept {
            let turn = Turn { at_ns: self.world.now.0, node: node.0, begins };
            self.world.struck[kept].turns.push(turn);
        }
    }

    /// A node crashes or restarts: no earlier strike holds it any more. A strike that holds nobody
    /// any more is over.
    fn let_go(&mut self, id: NodeId) {
        let mut over = Vec::new();
        self.held.retain(|strike, held| {
            let before = held.len();
            held.retain(|node| *node != id);
            let is_over = held.is_empty() && before > 0;
            over.extend(is_over.then_some(*strike));
            !held.is_empty()
        });
        over.into_iter().for_each(|strike| self.close_band(strike));
    }

    /// Remembers whom a strike holds from now on.
    fn hold(&mut self, strike: usize, nodes: &[NodeId]) {
        if !nodes.is_empty() {
            self.held.insert(strike, nodes.to_vec());
        }
    }

    fn open_band(&mut self, strike: usize, kind: &str, label: String, nodes: &[NodeId]) {
        self.strikes[strike].band = Some(self.world.bands.len());
        self.world.bands.push(FaultBand {
            kind: kind.to_owned(),
            label,
            from_ns: self.world.now.0,
            to_ns: None,
            nodes: self.world.names(nodes),
        });
    }

    fn close_band(&mut self, strike: usize) {
        if let Some(band) = self.strikes[strike].band.take() {
            self.world.bands[band].to_ns.get_or_insert(self.world.now.0);
        }
    }

    /// The names of nodes, side by side.
    fn label(&self, nodes: &[NodeId]) -> String {
        self.world.names(nodes).join(" ")
    }
}
