//! What can only be seen from inside: that a long run does not fill its arena, and that it does not
//! depend on its observers.

mod planted;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Simulation;
use super::queue::EventQueue;
use crate::bug::NoBugs;
use crate::effects::Effects;
use crate::invariant::{Breach, Invariant, Monitor, Note};
use crate::kinds;
use crate::law::{KeyLaw, Law};
use crate::plan::{Clock, Disk, ErasedConfig, Fault, Load, Network, Plan, PlannedFault};
use crate::plan::{PlannedNode, Processor, Target, Workload};
use crate::protocol::{Boot, Input, Message, NoConfig, NodeId, Protocol, Role, RoleInfo};
use crate::random::Chance;
use crate::record::{FieldChange, RowKind};
use crate::service::{Ask, Operation, Sequential, Service};
use crate::time::{SimTime, Span};
use crate::view::View;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Peer,
}
impl Role for Peer {
    const ALL: &'static [(Peer, RoleInfo)] =
        &[(Peer::Peer, RoleInfo::new("peer", "peers", 3).called())];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Word {
    Beat,
    Silence,
    Lease,
}
kinds!(Word { Beat, Silence, Lease });
impl Message for Word {}
impl Operation for Word {
    const KINDS: &'static [&'static str] = &["beat"];
    fn kind(&self) -> usize {
        0
    }
    fn object(&self) -> u64 {
        0
    }
}

/// Beats every 10 ms to all others and itself, writes what it hears, and sets two timers again that
/// hardly ever ring.
#[derive(Debug, Default)]
struct Heart {
    heard: u64,
    last: Option<NodeId>,
}
impl Service for Heart {
    type Operation = Word;
    type Reply = ();
    type Model = Heart;
    fn compose(_: &Ask) -> Word {
        Word::Beat
    }
}
impl Sequential for Heart {
    type Operation = Word;
    type Reply = ();
    type State = ();
    fn initial() {}
    fn apply((): &(), _: &Word) -> ((), ()) {
        ((), ())
    }
}
impl Protocol for Heart {
    const NAME: &'static str = "heart";
    const SUMMARY: &'static str = "beats";
    const INVARIANTS: &'static [Invariant<Word>] = &[Invariant {
        name: "leases_are_told",
        sentence: "somebody reads every event",
        citation: "",
        new: |_| Box::new(Reader(0)),
    }];
    type Bug = NoBugs;
    type Config = NoConfig;
    type Role = Peer;
    type Service = Heart;
    type Message = Word;
    type Timer = Word;
    type Record = u64;
    type Event = Word;

    fn boot(_: Boot<'_, Heart>, fx: &mut Effects<'_, Heart>) -> Heart {
        fx.arm(Word::Beat, Span::ZERO..Span::millis(10));
        Heart::default()
    }

    fn view(&self, view: &mut View) {
        view.field("heard", self.heard);
        if self.heard.is_multiple_of(3) {
            view.field("last", format!("{:?}", self.last));
        }
    }

    fn step(&mut self, input: Input<Heart>, fx: &mut Effects<'_, Heart>) {
        match input {
            Input::Message { from, .. } => {
                (self.heard, self.last) = (self.heard + 1, Some(from));
                fx.arm(Word::Silence, Span::secs(3600));
                fx.disarm(Word::Lease);
                fx.arm(Word::Lease, Span::secs(1));
                if from == fx.me() {
                    fx.rewrite(vec![1]);
                    fx.note_synced(Word::Lease);
                }
            }
            Input::Timer(_) => {
                fx.arm(Word::Beat, Span::millis(10));
                fx.all(Peer::Peer).collect::<Vec<NodeId>>().into_iter().for_each(|peer| {
                    fx.send(peer, Word::Beat);
                });
            }
            Input::Call { id, .. } => fx.reply(id, ()),
            Input::Refused { .. } | Input::WriteFailed { .. } => {}
        }
    }
}

/// Reads events and minds none.
struct Reader(u64);
impl Monitor<Word> for Reader {
    fn read(&mut self, _: &Note<'_, Word>) -> Result<(), Breach> {
        self.0 += 1;
        Ok(())
    }
}

fn plan() -> Plan {
    let fault = |n: u64| {
        let fault = match n % 2 {
            0 => Fault::Crash(Target::Nodes(vec![NodeId(0)])),
            _ => Fault::Pause(Target::Nodes(vec![NodeId(1)])),
        };
        PlannedFault::once(SimTime(n * 3_000_000_000), Some(Span::millis(700)), fault)
    };
    Plan {
        scenario: String::new(),
        title: String::new(),
        seed: 1,
        duration: Span::secs(700),
        nodes: (1..=3).map(|n| PlannedNode::new(format!("n{n}"), 0)).collect(),
        network: Network {
            latency: Law::Exponential { mean: Span::millis(2) },
            loss: Chance::from_f64(0.01).expect("a probability"),
            duplicate: Chance::from_f64(0.01).expect("a probability"),
            ..Network::default()
        },
        processor: Processor::default(),
        clock: Clock::default(),
        disk: Disk::new(Law::Constant(Span::millis(1))),
        workload: Some(Workload {
            load: Load::Open { gap: Law::Constant(Span::millis(2)) },
            keys: KeyLaw::Uniform { count: 1 },
            mix: vec![(0, 1)],
            start: SimTime::ZERO,
            stop: None,
        }),
        heal: None,
        faults: (1..200).map(fault).collect(),
        expectations: Vec::new(),
        config: ErasedConfig(Arc::new(NoConfig {})),
        bugs: Vec::new(),
        supervisor: crate::plan::Supervisor::default(),
        limits: crate::plan::Limits::default(),
        laws: super::Laws::default(),
    }
}

#[test]
fn a_million_events_leave_nothing_behind() {
    let plan = plan();
    let mut simulation = Simulation::<Heart>::new(&plan, 1, 0);
    simulation.go();
    let world = &simulation.world;
    assert!(world.events > 1_000_000, "{}", world.events);
    assert!(world.messages.in_flight < 100 && world.messages.delivered > 300_000);
    // About 6 messages, 9 timers, 3 syncs and 200 faults are pending at a time; a pause holds 140.
    let (queue, most) = (&simulation.queue, 600);
    assert!(queue.len() < most && queue.room() < most, "{} {}", queue.len(), queue.room());
    assert!(simulation.buffer.capacity() < 100);
    assert!(simulation.book.open().count() == 0);
    assert!(
        simulation.nodes.iter().all(|node| node.timers.names().len() <= 3 && node.inbox.len() < 10)
    );
}

#[test]
fn observers_change_nothing() {
    let plan = Plan { duration: Span::secs(20), ..plan() };
    let run = |watched: bool| {
        let mut simulation = Simulation::<Heart>::new(&plan, 1, usize::MAX);
        assert_eq!(simulation.watchers.len(), 1);
        if !watched {
            simulation.watchers.clear();
        }
        simulation.go();
        let notes = simulation.world.events;
        let rows = simulation.world.tracer.as_mut().expect("it is traced").drain();
        (simulation.world.digest, notes, rows)
    };
    let (watched, alone) = (run(true), run(false));
    assert!(watched.1 > 10_000, "{} events", watched.1);
    assert_eq!(watched, alone);
}

/// What nodes show in the end follows from the rows about it, from the latest boot on.
#[test]
fn view_rows_tell_what_nodes_show() {
    let plan = Plan { duration: Span::secs(20), ..plan() };
    let mut simulation = Simulation::<Heart>::new(&plan, 1, usize::MAX);
    simulation.go();
    let rows = simulation.world.tracer.as_mut().expect("it is traced").drain();
    let mut shown = vec![BTreeMap::new(); plan.nodes.len()];
    for row in &rows {
        let Some(shown) = row.node.map(|node| &mut shown[node as usize]) else { continue };
        match row.kind {
            RowKind::Boot => shown.clear(),
            RowKind::View => assert_ne!(row.changes, [], "{row:?}"),
            _ => {}
        }
        for FieldChange { field, from, to } in &row.changes {
            let before = match to {
                Some(to) => shown.insert(field.clone(), to.clone()),
                None => shown.remove(field),
            };
            assert_eq!(&before, from, "{row:?}");
        }
    }
    let of = |kind| rows.iter().filter(|row| row.kind == kind).count();
    assert!(of(RowKind::View) > 5_000 && of(RowKind::Boot) > 5, "{} rows", rows.len());
    for (node, shown) in simulation.nodes.iter().zip(shown) {
        let mut view = View::default();
        node.state.as_ref().expect("all are up in the end").view(&mut view);
        let named =
            |(name, value): (&str, String)| (name.to_owned(), simulation.world.named(&value));
        assert_eq!(view.fields.into_iter().map(named).collect::<BTreeMap<_, _>>(), shown);
    }
}
