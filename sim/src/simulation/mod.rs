//! The timed engine: one run of one plan with one seed.
//!
//! `Simulation` holds the typed half (nodes, messages, applications) and a `World` with the
//! untyped one. An event leads to steps of nodes, a step to effects, an effect to events; nothing
//! else happens. The same simulation, with time taken away, is the stage of scripts.

mod arena;
mod digest;
mod disk;
mod faults;
mod judge;
mod ledger;
mod network;
mod node;
mod progress;
mod queue;
mod run;
pub(crate) mod script;
mod station;
mod steps;
#[cfg(test)]
mod tests;
mod trace;
mod twins;
mod workload;
mod world;

use std::fmt;
use std::sync::Arc;
#[allow(clippy::disallowed_types, reason = "what it holds follows from the plan alone")]
use std::sync::OnceLock;

pub use digest::Digest;
pub use queue::{EventQueue, Handle, HeapQueue};
pub(crate) use run::run;
pub(crate) use twins::twins;

use arena::Arena;
use network::{Address, NetworkLaws};
use node::Node;
use workload::{Book, Workload, WorkloadLaws};
use world::World;

use crate::bug::BugSet;
use crate::effects::Recorded;
use crate::invariant::{Invariant, Monitor};
use crate::law::{Law, Sampler};
use crate::plan::{self, Fault, Plan, PlannedFault};
use crate::protocol::{NodeId, Protocol};
use crate::time::{SimTime, Span};

/// The laws of a plan as tables, compiled at the first run and shared by all seeds. A plan that was
/// changed since is noticed, and its laws are compiled anew.
#[derive(Clone, Default)]
#[allow(clippy::disallowed_types, reason = "what it holds follows from the plan alone")]
pub struct Laws(Arc<OnceLock<Arc<Compiled>>>);

impl fmt::Debug for Laws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Laws(..)")
    }
}

#[derive(Debug)]
pub(crate) struct Compiled {
    of: Source,
    network: Arc<NetworkLaws>,
    sync: Sampler,
    workload: Option<Arc<WorkloadLaws>>,
    /// The latency of each fault that has one.
    faults: Vec<Option<Arc<Sampler>>>,
}

/// What laws were compiled from.
#[derive(Clone, Debug, PartialEq)]
struct Source {
    duration: Span,
    network: plan::Network,
    disk: plan::Disk,
    workload: Option<plan::Workload>,
    latencies: Vec<Option<Law>>,
}

impl Source {
    fn of(plan: &Plan) -> Source {
        let latency = |planned: &PlannedFault| match &planned.fault {
            Fault::Latency(law) => Some(law.clone()),
            _ => None,
        };
        Source {
            duration: plan.duration,
            network: plan.network.clone(),
            disk: plan.disk.clone(),
            workload: plan.workload.clone(),
            latencies: plan.faults.iter().map(latency).collect(),
        }
    }
}

impl Laws {
    pub(crate) fn of(plan: &Plan) -> Arc<Compiled> {
        let source = Source::of(plan);
        let known = plan.laws.0.get_or_init(|| Arc::new(Compiled::new(source.clone())));
        if known.of == source { known.clone() } else { Arc::new(Compiled::new(source)) }
    }
}

impl Compiled {
    fn new(of: Source) -> Compiled {
        let end = SimTime::ZERO + of.duration;
        let workload = of.workload.as_ref();
        let sampler = |law: &Option<Law>| law.as_ref().map(|law| Arc::new(law.compile()));
        Compiled {
            network: Arc::new(NetworkLaws::compile(&of.network)),
            sync: of.disk.sync_latency.compile(),
            workload: workload.map(|workload| Arc::new(WorkloadLaws::compile(workload, end))),
            faults: of.latencies.iter().map(sampler).collect(),
            of,
        }
    }
}

/// A copy of a message under way.
#[derive(Debug)]
struct Flight<M> {
    at: Address,
    /// 0 for the original, 1 for the network's own copy.
    copy: u8,
    sent: SimTime,
    body: M,
}

/// A message of a node to itself; it dies with the process.
#[derive(Debug)]
struct SelfMessage<M> {
    node: NodeId,
    incarnation: u64,
    body: M,
}

/// What a node is working on.
#[derive(Clone, Copy, Debug)]
enum Occasion {
    Boot,
    Message(NodeId, usize),
    Timer(usize),
    Call(usize),
}

/// An observer of one run, with the property it judges.
struct Watcher<E: 'static> {
    invariant: &'static Invariant<E>,
    monitor: Box<dyn Monitor<E>>,
}

/// One run of one plan with one seed.
pub(crate) struct Simulation<'a, P: Protocol> {
    plan: &'a Plan,
    laws: Arc<Compiled>,
    config: &'a P::Config,
    roles: Vec<P::Role>,
    world: World,
    nodes: Vec<Node<P>>,
    flights: Arena<Flight<P::Message>>,
    selves: Arena<SelfMessage<P::Message>>,
    timers: Arena<(NodeId, P::Timer)>,
    workload: Option<Workload>,
    book: Book<P::Service>,
    watchers: Vec<Watcher<P::Event>>,
    bugs: BugSet,
    /// The nodes that each crash or pause of the plan hit and still holds.
    hits: Vec<Vec<NodeId>>,
    /// The band of each fault of the plan that is under way.
    bands: Vec<Option<usize>>,
    buffer: Vec<Recorded<P>>,
    /// On a stage: the messages in flight, in the order they were sent.
    parked: Vec<u32>,
    /// Whose code is running, and on what: set around every call into the protocol, so that a
    /// panic there can be told from one of ours.
    inside: Option<(NodeId, Occasion)>,
    /// A violation ended the run.
    stopped: bool,
    progress: Option<fn(SimTime)>,
}
