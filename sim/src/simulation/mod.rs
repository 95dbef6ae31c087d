//! The timed engine: one run of one plan with one seed.
//!
//! `Simulation` holds the typed half (nodes, messages, applications) and a `World` with the
//! untyped one. An event leads to steps of nodes, a step to effects, an effect to events; nothing
//! else happens. The same simulation, with time taken away, is the stage of scripts.

mod calls;
mod causes;
mod clock;
mod digest;
mod disk;
mod disks;
mod event;
mod faults;
mod judge;
mod ledger;
mod links;
mod network;
mod node;
mod parcels;
mod processor;
mod progress;
mod queue;
mod quirks;
mod run;
pub(crate) mod script;
mod station;
mod steps;
mod tally;
#[cfg(test)]
mod tests;
mod timers;
mod trace;
mod traced;
mod twins;
mod workload;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
#[allow(clippy::disallowed_types, reason = "what it holds follows from the plan alone")]
use std::sync::OnceLock;

pub use digest::Digest;
pub use queue::{EventQueue, Handle, HeapQueue, Wheel};
pub(crate) use run::run;
pub(crate) use twins::twins;

use event::{Event, Flight, SelfMessage};
use faults::{CrashLoops, FaultLaws, Strike, Triggers};
use network::NetworkLaws;
use node::Node;
use parcels::Parcels;
use quirks::Machines;
use traced::Traced;
use workload::{Book, Workload, WorkloadLaws};
use world::World;

use crate::bug::BugSet;
use crate::effects::Recorded;
use crate::invariant::{Invariant, Monitor};
use crate::law::Sampler;
use crate::plan::{self, Plan, PlannedFault, PlannedNode};
use crate::protocol::{NodeId, Protocol, Role as _};
use crate::random::Seed;
use crate::record::NodeInfo;
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

/// What is made of a plan once, and shared by all its seeds.
#[derive(Debug)]
pub(crate) struct Compiled {
    of: Source,
    network: Arc<NetworkLaws>,
    sync: Sampler,
    /// The law of each node that has its own; empty where none has.
    own_syncs: Vec<Option<Sampler>>,
    machines: Machines,
    workload: Option<Arc<WorkloadLaws>>,
    /// By the place of each fault in the plan.
    faults: Vec<FaultLaws>,
    /// What each node's draws are keyed by.
    owners: Arc<[u32]>,
    /// The nodes' names.
    names: Arc<[String]>,
    /// The nodes as records tell of them.
    infos: Arc<[NodeInfo]>,
}

/// What all this was made of.
#[derive(Debug)]
struct Source {
    duration: Span,
    nodes: Vec<PlannedNode>,
    network: plan::Network,
    processor: plan::Processor,
    clock: plan::Clock,
    disk: plan::Disk,
    workload: Option<plan::Workload>,
    faults: Vec<PlannedFault>,
}

impl Source {
    fn of(plan: &Plan) -> Source {
        Source {
            duration: plan.duration,
            nodes: plan.nodes.clone(),
            network: plan.network.clone(),
            processor: plan.processor.clone(),
            clock: plan.clock,
            disk: plan.disk.clone(),
            workload: plan.workload.clone(),
            faults: plan.faults.clone(),
        }
    }

    fn is_of(&self, plan: &Plan) -> bool {
        self.duration == plan.duration
            && self.nodes == plan.nodes
            && self.network == plan.network
            && self.processor == plan.processor
            && self.clock == plan.clock
            && self.disk == plan.disk
            && self.workload == plan.workload
            && self.faults == plan.faults
    }
}

impl Laws {
    pub(crate) fn of<P: Protocol>(plan: &Plan) -> Arc<Compiled> {
        let role = |role: usize| P::Role::ALL[role].1.singular;
        let known = plan.laws.0.get_or_init(|| Arc::new(Compiled::new(plan, role)));
        if known.of.is_of(plan) { known.clone() } else { Arc::new(Compiled::new(plan, role)) }
    }
}

impl Compiled {
    /// How long a node's disk takes to sync.
    fn sync_of(&self, id: NodeId) -> &Sampler {
        self.own_syncs.get(id.index()).and_then(Option::as_ref).unwrap_or(&self.sync)
    }

    fn new(plan: &Plan, role: fn(usize) -> &'static str) -> Compiled {
        let of = Source::of(plan);
        let end = SimTime::ZERO + of.duration;
        let workload = of.workload.as_ref();
        let info = |node: &PlannedNode| NodeInfo {
            name: node.name.clone(),
            role: role(node.role).to_owned(),
        };
        Compiled {
            network: Arc::new(NetworkLaws::compile(&of.network, of.nodes.len())),
            sync: of.disk.sync_latency.compile(),
            own_syncs: own_syncs(&of.nodes),
            machines: Machines::compile(plan),
            workload: workload.map(|workload| Arc::new(WorkloadLaws::compile(workload, end))),
            faults: FaultLaws::compile(&of.faults),
            owners: plan.owners().into(),
            names: of.nodes.iter().map(|node| node.name.clone()).collect(),
            infos: of.nodes.iter().map(info).collect(),
            of,
        }
    }
}

/// The sync latencies of nodes with disks of their own.
fn own_syncs(nodes: &[PlannedNode]) -> Vec<Option<Sampler>> {
    if nodes.iter().all(|node| node.disk.is_none()) {
        return Vec::new();
    }
    let own = |node: &PlannedNode| node.disk.as_ref().map(|disk| disk.sync_latency.compile());
    nodes.iter().map(own).collect()
}

/// What a node is working on.
#[derive(Clone, Copy, Debug)]
enum Occasion {
    Boot,
    Message(NodeId, usize),
    Timer(usize),
    Call(usize),
    Refusal(NodeId, usize),
    WriteFailed,
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
    queue: Wheel<Event<P>>,
    workload: Option<Workload>,
    book: Book<P::Service>,
    watchers: Vec<Watcher<P::Event>>,
    bugs: BugSet,
    seed: Seed,
    /// The strikes of the plan's faults, those that are only scheduled included. Those with a time
    /// of their own come first, in the order of the plan.
    strikes: Vec<Strike>,
    /// The nodes that each strike hit and still holds.
    held: BTreeMap<usize, Vec<NodeId>>,
    /// The processes that crash again and again.
    loops: CrashLoops,
    /// The nodes on whose disks something lasts, by the strike that did it.
    disks_hit: BTreeMap<usize, Vec<NodeId>>,
    /// The faults that wait for something to happen.
    triggers: Triggers,
    buffer: Vec<Recorded<P>>,
    /// Messages under way that do not simply arrive.
    parcels: Parcels<P::Message>,
    /// On a stage: the messages in flight, numbered in the order they were sent.
    parked: BTreeMap<u32, Flight<P::Message>>,
    /// Whose code is running, and on what: set around every call into the protocol, so that a
    /// panic there can be told from one of ours.
    inside: Option<(NodeId, Occasion)>,
    /// The process whose step is being carried out ends itself afterwards, for this reason.
    exiting: Option<&'static str>,
    /// A violation ended the run.
    stopped: bool,
    progress: Option<fn(SimTime)>,
    /// How many events there will have been when it is told next.
    tell_at: u64,
    /// What only a traced run keeps.
    traced: Option<Box<Traced<P>>>,
}
