//! The rows of the table: what runs, how large, and what it is compared with.

use std::sync::Arc;

use rehearsal::prelude::*;
use rehearsal::sim::plan::{
    Clock, Disk, ErasedConfig, Network, PlannedNode, Processor, Supervisor,
};
use rehearsal::sim::simulation::Laws;

use crate::baseline;
use crate::cast::{Courier, Heart, Metronome, Parts};
use crate::laws::{BEAT, LATENCY, TICK};

/// What keeps the engine busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// As many messages under way as nodes, each passed on to any other node.
    Messages,
    /// A timer of 1 ms on every node.
    Timers,
    /// A leader that beats all others, who answer and set their election timer again.
    Heartbeat,
    /// Short runs of few nodes, built and dropped: the unit is a run, not an event.
    Seeds,
    /// Raft without clients.
    RaftIdle,
    /// Raft under load.
    RaftBusy,
    /// `Messages`, and ten times as many nodes that never do anything.
    IdleNodes,
}

impl Workload {
    pub(crate) const ALL: [Workload; 7] = [
        Workload::Messages,
        Workload::Timers,
        Workload::Heartbeat,
        Workload::Seeds,
        Workload::RaftIdle,
        Workload::RaftBusy,
        Workload::IdleNodes,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Workload::Messages => "messages",
            Workload::Timers => "timers",
            Workload::Heartbeat => "heartbeat",
            Workload::Seeds => "seeds",
            Workload::RaftIdle => "raft-idle",
            Workload::RaftBusy => "raft-1000/s",
            Workload::IdleNodes => "idle-nodes",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Workload> {
        Workload::ALL.into_iter().find(|workload| workload.name() == name)
    }

    /// Nodes that take part.
    pub(crate) fn sizes(self) -> &'static [u32] {
        match self {
            Workload::Messages | Workload::Timers => &[2, 5, 100, 1000, 10_000],
            Workload::Heartbeat => &[2, 5, 100, 1000],
            Workload::Seeds | Workload::RaftIdle | Workload::RaftBusy => &[5],
            Workload::IdleNodes => &[100],
        }
    }

    /// What a reader must know to read the row; empty where there is nothing.
    pub(crate) fn remark(self) -> &'static str {
        match self {
            Workload::Messages => {
                "with 1000 nodes and more, most messages are the first on their link"
            }
            Workload::Seeds => "the unit is a run of about 100 events, set-up and record included",
            Workload::RaftIdle => "the baseline is that of heartbeat 5",
            Workload::RaftBusy => "disk syncs and calls count as events as well",
            Workload::IdleNodes => "the baseline is the engine without the idle nodes",
            Workload::Timers | Workload::Heartbeat => "",
        }
    }
}

/// What a side of a comparison did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Messages that arrived and timers that rang.
    pub(crate) events: u64,
    /// What time is divided by: events, or runs.
    pub(crate) units: u64,
}

pub(crate) type Side = Box<dyn Fn() -> Tally>;

/// A workload of some size, ready to run again and again.
pub(crate) struct Contest {
    pub(crate) engine: Side,
    pub(crate) baseline: Option<Side>,
}

impl Contest {
    /// Sets a workload up with about this many units on each side.
    pub(crate) fn new(workload: Workload, n: u32, units: u64) -> Contest {
        // The mean time that a message is under way.
        let flight = Span((LATENCY.start.0 + LATENCY.end.0) / 2);
        let nodes = u64::from(n);
        match workload {
            Workload::Messages => {
                let lasts = Span(units * flight.0 / nodes);
                contest(
                    engine::<Courier>(n, n, lasts),
                    baseline::run::<baseline::Courier>,
                    n,
                    lasts,
                )
            }
            Workload::Timers => {
                let lasts = TICK * units.div_ceil(nodes);
                let (entry, plan) = engine::<Metronome>(n, n, lasts);
                contest((entry, plan), baseline::run::<baseline::Metronome>, n, lasts)
            }
            Workload::Heartbeat => {
                let lasts = BEAT * units.div_ceil(2 * nodes - 1);
                contest(engine::<Heart>(n, n, lasts), baseline::run::<baseline::Heart>, n, lasts)
            }
            Workload::Seeds => seeds(n, units, Span(100 * flight.0 / nodes)),
            Workload::RaftIdle => {
                let lasts = BEAT * units.div_ceil(2 * nodes - 1);
                let run = baseline::run::<baseline::Heart>;
                contest(raft(n, "", lasts), run, n, lasts)
            }
            Workload::RaftBusy => {
                let (entry, plan) = raft(n, LOAD, Span::micros(units * 1000 / EVENTS_PER_MS));
                Contest { engine: one(move || simulate(&entry, &plan, 1)), baseline: None }
            }
            Workload::IdleNodes => {
                let lasts = Span(units * flight.0 / nodes);
                let (entry, plan) = engine::<Courier>(n, 11 * n, lasts);
                let (_, without) = engine::<Courier>(n, n, lasts);
                Contest {
                    engine: one(move || simulate(&entry, &plan, 1)),
                    baseline: Some(one(move || simulate(&entry, &without, 1))),
                }
            }
        }
    }
}

/// A side whose unit is the event.
fn one(run: impl Fn() -> u64 + 'static) -> Side {
    Box::new(move || {
        let events = run();
        Tally { events, units: events }
    })
}

/// The engine against the bare loop.
fn contest(
    (entry, plan): (Entry, Plan),
    bare: fn(u32, Span, u64) -> u64,
    n: u32,
    lasts: Span,
) -> Contest {
    Contest {
        engine: one(move || simulate(&entry, &plan, 1)),
        baseline: Some(one(move || bare(n, lasts, 1))),
    }
}

/// Many short runs of one plan.
fn seeds(n: u32, runs: u64, lasts: Span) -> Contest {
    let (entry, plan) = engine::<Courier>(n, n, lasts);
    let many =
        move |run: &dyn Fn(u64) -> u64| Tally { events: (0..runs).map(run).sum(), units: runs };
    Contest {
        engine: Box::new(move || many(&|seed| simulate(&entry, &plan, seed))),
        baseline: Some(Box::new(move || {
            many(&|seed| baseline::run::<baseline::Courier>(n, lasts, seed))
        })),
    }
}

/// Runs a plan, and gives back how many events it had.
fn simulate(entry: &Entry, plan: &Plan, seed: u64) -> u64 {
    let head = (entry.run)(plan, seed, &Watch::QUIET).head;
    assert!(head.violations.is_empty(), "the run broke off: {:?}", head.violations);
    std::hint::black_box(head.events)
}

fn engine<P: Protocol<Config = Parts>>(active: u32, all: u32, lasts: Span) -> (Entry, Plan) {
    (Entry::of::<P>(), plan(all, Parts { active, depth: 0 }, lasts))
}

/// The plan of a cluster without workload and faults.
pub(crate) fn plan(nodes: u32, parts: Parts, duration: Span) -> Plan {
    Plan {
        scenario: "benches/kernel".to_owned(),
        title: "the cost of an event".to_owned(),
        seed: 1,
        duration,
        nodes: (1..=nodes).map(|n| PlannedNode::new(format!("n{n}"), 0)).collect(),
        network: Network {
            latency: Law::Uniform { from: LATENCY.start, to: LATENCY.end },
            loss: Chance::NEVER,
            ..Network::default()
        },
        processor: Processor::default(),
        clock: Clock::default(),
        disk: Disk::new(Law::Constant(Span::millis(1))),
        workload: None,
        faults: Vec::new(),
        heal: None,
        expectations: Vec::new(),
        config: ErasedConfig(Arc::new(parts)),
        bugs: Vec::new(),
        supervisor: Supervisor::default(),
        limits: rehearsal::sim::plan::Limits::default(),
        laws: Laws::default(),
    }
}

/// 1000 operations per second from the second second on.
const LOAD: &str = "
[workload]
rate = \"1000/s\"
start = \"1s\"
keys = { zipf = { count = 1000, exponent = 0.99 } }
mix = { get = 0.5, put = 0.5 }
";
/// Events of Raft under that load, in a millisecond of simulated time, roughly.
const EVENTS_PER_MS: u64 = 15;

/// The bundled Raft.
fn raft(servers: u32, load: &str, lasts: Span) -> (Entry, Plan) {
    let clients = if load.is_empty() { 0 } else { 4 };
    let text = format!(
        "title = \"the cost of Raft\"
protocol = \"raft\"
duration = \"{}ns\"
[cluster]
servers = {servers}
clients = {clients}
[raft]
heartbeat = \"50ms\"
[network]
latency = \"1ms..10ms\"
[disk]
sync_latency = {{ lognormal = {{ median = \"500us\", p99 = \"3ms\" }} }}
{load}",
        lasts.0
    );
    let request = Request::of("benches/kernel");
    let catalog = rehearsal::protocols::catalog::CATALOG;
    match load_text(text.as_bytes(), &request, catalog) {
        Ok(loaded) => (loaded.entry, loaded.plan),
        Err(report) => panic!("the scenario can not be read: {report:?}"),
    }
}
