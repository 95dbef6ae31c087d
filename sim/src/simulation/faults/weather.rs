//! Windows in which the network is worse than usual.

use std::sync::Arc;

use super::Struck;
use crate::law::Law;
use crate::plan::{self, Ends, Target, Weather};
use crate::protocol::{Kinds, NodeId, Protocol};
use crate::random::{Chance, Stream};
use crate::record::RowKind;
use crate::simulation::network::{Change, Marks, Scope};
use crate::simulation::queue::EventQueue;
use crate::simulation::world::Tag;
use crate::simulation::{Event, Simulation};
use crate::time::Span;

impl<P: Protocol> Simulation<'_, P> {
    /// The whole network loses messages.
    pub(super) fn lose(&mut self, strike: usize, chance: Chance) -> Struck {
        self.begin_weather(strike, Scope::default(), Change::Loss(chance));
        self.world.count("loss_windows", 1);
        window("loss", format!("{} %", percent(chance)))
    }

    /// The whole network takes another latency.
    pub(super) fn delay(&mut self, strike: usize, law: &Law) -> Struck {
        let sampler = self.laws.faults[self.strikes[strike].fault].own[0].clone();
        self.begin_weather(strike, Scope::default(), Change::Latency(sampler));
        self.world.count("latency_windows", 1);
        window("latency", law.to_string())
    }

    /// Some messages have it worse.
    pub(super) fn weather(&mut self, strike: usize, weather: &Weather) -> Option<Struck> {
        let Weather { change, scope } = weather;
        let mut dice = self.choices(strike);
        let Parties { ends, who, groups } = self.ends(strike, &scope.ends, &mut dice)?;
        let names = <P::Message as Kinds>::KINDS;
        let kinds = match scope.messages.as_slice() {
            [] => None,
            some => Some((0..names.len()).map(|kind| some.contains(&kind)).collect()),
        };
        let (changed, metric, what) = self.changed(strike, change);
        self.begin_weather(strike, Scope { ends, kinds }, changed);
        self.world.count(metric, 1);
        let messages: Vec<&str> = scope.messages.iter().map(|kind| names[*kind]).collect();
        let parts = [what, who, messages.join(" ")];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let kind = change.kind();
        Some(Struck { nodes: groups.concat(), groups, ..window(kind, parts.join(", ")) })
    }

    /// What the network is told, the metric that counts it, and what people are told.
    fn changed(&self, strike: usize, change: &plan::Change) -> (Change, &'static str, String) {
        let share = |chance: Chance| format!("{} %", percent(chance));
        match change {
            plan::Change::Loss(chance) => (Change::Loss(*chance), "loss_windows", share(*chance)),
            plan::Change::Latency(law) => {
                let own = &self.laws.faults[self.strikes[strike].fault].own;
                (Change::Latency(Arc::clone(&own[0])), "latency_windows", law.to_string())
            }
            plan::Change::Duplicate(chance) => {
                (Change::Duplicate(*chance), "duplicate_windows", share(*chance))
            }
            plan::Change::Corrupt(chance) => {
                (Change::Corrupt(*chance), "corrupt_windows", share(*chance))
            }
            plan::Change::Burst(burst) => {
                let plan::Burst { begins, ends, loss } = burst;
                let [begins, ends, loss] = [begins, ends, loss].map(|chance| share(*chance));
                let text = format!("{loss} lost, begins {begins}, ends {ends}");
                (Change::Burst(*burst), "burst_windows", text)
            }
            plan::Change::Bandwidth(rate) => {
                (Change::Bandwidth((*rate).max(1)), "bandwidth_windows", format!("{rate} bit/s"))
            }
            plan::Change::Clog => (Change::Clog, "clogs", String::new()),
        }
    }

    /// Whom a change is about: as marks, for people, and as nodes. `None` when it finds nobody.
    fn ends(&self, strike: usize, ends: &Ends, dice: &mut Stream) -> Option<Parties> {
        let mut all = |targets: &[Target]| {
            let found = targets.iter().flat_map(|target| self.resolve(target, strike, dice));
            let mut found: Vec<NodeId> = found.collect();
            found.sort();
            found.dedup();
            found
        };
        let marks = |ids: &[NodeId]| self.marks(ids);
        let everybody = |targets: &[Target]| targets.is_empty();
        match ends {
            Ends::All => Some(Parties::default()),
            Ends::Directed { from, to } => {
                let (a, b) = (all(from), all(to));
                let is_nobody =
                    (a.is_empty() && !everybody(from)) || (b.is_empty() && !everybody(to));
                let side = |ids: &[NodeId]| if ids.is_empty() { None } else { Some(marks(ids)) };
                let name = |ids: &[NodeId]| {
                    if ids.is_empty() { "all".to_owned() } else { self.label(ids) }
                };
                let who = format!("{} -> {}", name(&a), name(&b));
                let ends = vec![(side(&a), side(&b))];
                (!is_nobody).then(|| Parties { ends, who, groups: vec![a, b] })
            }
            Ends::Between(a, b) => {
                let (a, b) = (all(a), all(b));
                let who = format!("{} <-> {}", self.label(&a), self.label(&b));
                let ends =
                    vec![(Some(marks(&a)), Some(marks(&b))), (Some(marks(&b)), Some(marks(&a)))];
                let is_nobody = a.is_empty() || b.is_empty();
                (!is_nobody).then(|| Parties { ends, who, groups: vec![a, b] })
            }
            Ends::At(targets) => {
                let at = all(targets);
                let ends = vec![(Some(marks(&at)), None), (None, Some(marks(&at)))];
                let who = self.label(&at);
                (!at.is_empty()).then(|| Parties { ends, who, groups: vec![at] })
            }
        }
    }

    /// A mark per node.
    pub(super) fn marks(&self, ids: &[NodeId]) -> Vec<bool> {
        let mut marks = vec![false; self.nodes.len()];
        ids.iter().for_each(|id| marks[id.index()] = true);
        marks
    }

    fn begin_weather(&mut self, strike: usize, scope: Scope, change: Change) {
        self.world.network.change(strike, scope, change);
        self.weather_changed();
    }

    /// A strike that changed the network or cut it ends.
    pub(super) fn end_weather(&mut self, strike: usize) {
        self.world.network.heal(strike);
        self.weather_changed();
    }

    /// Each target is clogged for a while of its own: from a random instant of the first half of the
    /// fault to a random one of the second (FoundationDB's `swizzle-clogging`, in
    /// `fdbserver/workloads/RandomClogging.cpp`).
    pub(super) fn swizzle(&mut self, strike: usize, targets: &[Target]) -> Option<Struck> {
        let mut dice = self.choices(strike);
        let resolved = targets.iter().flat_map(|target| self.resolve(target, strike, &mut dice));
        let mut nodes: Vec<NodeId> = resolved.collect();
        nodes.sort();
        nodes.dedup();
        if nodes.is_empty() {
            return None;
        }
        let left = self.world.end.since(self.world.now);
        let lasts = self.plan.faults[self.strikes[strike].fault].lasts.unwrap_or(left).min(left);
        let half = lasts.0 / 2;
        let number = u32::try_from(strike).expect("fewer strikes than events");
        for node in &nodes {
            let begins = Span(dice.below(half.max(1)));
            let ends = Span(half.saturating_add(dice.below((lasts.0 - half).max(1))));
            for (wait, clogs) in [(begins, true), (ends, false)] {
                let at = self.world.now.after(wait);
                self.queue.push(at, Event::Swizzle { strike: number, node: *node, clogs });
            }
        }
        self.world.count("clogs", nodes.len() as u64);
        Some(Struck { nodes: nodes.clone(), ..window("swizzle", self.label(&nodes)) })
    }

    /// One node of a swizzle is clogged, or is so no more, unless the fault is over.
    pub(in crate::simulation) fn swizzles(&mut self, strike: usize, node: NodeId, clogs: bool) {
        if self.strikes[strike].band.is_none() {
            return;
        }
        self.world.digest(Tag::Swizzle, u64::from(node.0), strike as u64, u64::from(clogs));
        self.turn(strike, node, clogs);
        if clogs {
            let marks = self.marks(&[node]);
            let ends = vec![(Some(marks.clone()), None), (None, Some(marks))];
            self.world.network.change_part(strike, node, Scope { ends, kinds: None }, Change::Clog);
        } else {
            self.world.network.heal_part(strike, node);
        }
        self.world.causes(|causes| causes.strike_goes_on(strike));
        let text = if clogs { "is clogged" } else { "is clogged no more" };
        self.world.trace(RowKind::Fault, Some(node), || text.to_owned());
        self.weather_changed();
    }
}

/// Whom a change of the network is about.
#[derive(Default)]
struct Parties {
    /// Senders and receivers.
    ends: Vec<(Marks, Marks)>,
    /// For people.
    who: String,
    /// As nodes.
    groups: Vec<Vec<NodeId>>,
}

fn window(kind: &'static str, label: String) -> Struck {
    let space = if label.is_empty() { "" } else { " " };
    Struck {
        begins: format!("the network changes: {kind}{space}{label}"),
        ends: format!("the network is as before: no more {kind}{space}{label}"),
        ..Struck::nodes(kind, label, Vec::new())
    }
}

/// A percentage with at most four decimals and no trailing zeros.
fn percent(chance: Chance) -> String {
    let text = format!("{:.4}", chance.to_f64() * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
