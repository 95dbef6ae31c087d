//! What one event of the engine costs: five nodes that send each other heartbeats.
//!
//! `cargo run --release -p rehearsal-sim --example heartbeat [SECONDS]` prints kernel events and the
//! digest; time it from outside (`perf stat`, `time`), for wall clocks do not belong here.

use std::sync::Arc;

use rehearsal_sim::bug::NoBugs;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{
    Clock, Disk, ErasedConfig, Network, Plan, PlannedNode, Processor, Supervisor, Watch,
};
use rehearsal_sim::protocol::{Boot, Input, Message, NoConfig, Protocol, Role, RoleInfo};
use rehearsal_sim::random::Chance;
use rehearsal_sim::service::{Ask, Operation, Sequential, Service};
use rehearsal_sim::simulation::Laws;
use rehearsal_sim::time::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Peer,
}
impl Role for Peer {
    const ALL: &'static [(Peer, RoleInfo)] = &[(Peer::Peer, RoleInfo::new("peer", "peers", 5))];
}

#[derive(Clone, Debug)]
enum Beat {
    Beat(u64),
}
kinds!(Beat { Beat });
impl Message for Beat {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Bell {
    Beat,
    Silence,
}
kinds!(Bell { Beat, Silence });

#[derive(Debug)]
enum News {
    Silence,
}
kinds!(News { Silence });

/// Nobody calls anything here.
#[derive(Debug)]
struct Nothing;
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct NoCall;
impl Operation for NoCall {
    const KINDS: &'static [&'static str] = &["nothing"];
    fn kind(&self) -> usize {
        0
    }
    fn object(&self) -> u64 {
        0
    }
}
impl Service for Nothing {
    type Operation = NoCall;
    type Reply = ();
    type Model = Nothing;
    fn compose(_: &Ask) -> NoCall {
        NoCall
    }
}
impl Sequential for Nothing {
    type Operation = NoCall;
    type Reply = ();
    type State = ();
    fn initial() {}
    fn apply((): &(), _: &NoCall) -> ((), ()) {
        ((), ())
    }
}

/// Beats every 10 ms, and listens for a silence of 100 ms.
#[derive(Debug)]
struct Heart {
    beats: u64,
    heard: u64,
}

impl Protocol for Heart {
    const NAME: &'static str = "heartbeat";
    const SUMMARY: &'static str = "nodes that beat and listen";
    const INVARIANTS: &'static [Invariant<News>] = &[];
    type Bug = NoBugs;
    type Config = NoConfig;
    type Role = Peer;
    type Service = Nothing;
    type Message = Beat;
    type Timer = Bell;
    type Record = ();
    type Event = News;

    fn boot(_: Boot<'_, Heart>, fx: &mut Effects<'_, Heart>) -> Heart {
        fx.arm(Bell::Beat, Span::ZERO..Span::millis(10));
        fx.arm(Bell::Silence, Span::millis(100)..Span::millis(200));
        Heart { beats: 0, heard: 0 }
    }

    fn step(&mut self, input: Input<Heart>, fx: &mut Effects<'_, Heart>) {
        match input {
            Input::Message { body: Beat::Beat(beats), .. } => {
                self.heard = self.heard.max(beats);
                fx.arm(Bell::Silence, Span::millis(100)..Span::millis(200));
            }
            Input::Timer(Bell::Beat) => {
                self.beats += 1;
                fx.arm(Bell::Beat, Span::millis(10));
                let (me, beats) = (fx.me(), self.beats);
                for peer in fx.all(Peer::Peer).filter(|peer| *peer != me) {
                    fx.send(peer, Beat::Beat(beats));
                }
            }
            Input::Timer(Bell::Silence) => fx.note(News::Silence),
            Input::Call { .. } | Input::Refused { .. } | Input::WriteFailed { .. } => {}
        }
    }
}

fn main() {
    let seconds = std::env::args_os().nth(1).and_then(|n| n.to_str()?.parse().ok()).unwrap_or(1000);
    let plan = Plan {
        scenario: "example/heartbeat".to_owned(),
        title: "five hearts".to_owned(),
        seed: 1,
        duration: Span::secs(seconds),
        nodes: (1..=5).map(|n| PlannedNode::new(format!("n{n}"), 0)).collect(),
        network: Network {
            latency: Law::Lognormal { median: Span::millis(1), p99: Span::millis(8) },
            loss: Chance::from_f64(0.001).expect("a probability"),
            ..Network::default()
        },
        processor: Processor::default(),
        clock: Clock::default(),
        disk: Disk::new(Law::Constant(Span::millis(1))),
        workload: None,
        faults: Vec::new(),
        heal: None,
        expectations: Vec::new(),
        config: ErasedConfig(Arc::new(NoConfig {})),
        bugs: Vec::new(),
        supervisor: Supervisor::default(),
        limits: rehearsal_sim::plan::Limits::default(),
        laws: Laws::default(),
    };
    let record = (Entry::of::<Heart>().run)(&plan, 1, &Watch::QUIET);
    let head = record.head;
    println!("{} events, {} messages, digest {}", head.events, head.messages.sent, head.digest);
}
