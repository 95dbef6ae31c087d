//! The resolved plan of a run: what a scenario file says, with every name looked up.
//!
//! A plan is plain data without the protocol's types; only [`Plan::config`] holds the protocol's
//! own parameters, behind `Any`. Many seeds share one plan.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::law::{KeyLaw, Law};
use crate::protocol::NodeId;
use crate::random::Chance;
use crate::simulation::Laws;
use crate::time::{SimTime, Span};

/// Everything that is fixed before a run begins, except the seed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario's name (`raft/leader-crash`) or the path it was read from.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The seed the scenario asks for; `--seed` wins.
    pub seed: u64,
    /// The length of the run.
    pub duration: Span,
    /// Every node, in the order of the ids.
    pub nodes: Vec<PlannedNode>,
    /// How messages travel.
    pub network: Network,
    /// How disks behave.
    pub disk: Disk,
    /// What applications do; `None` leaves the cluster alone.
    pub workload: Option<Workload>,
    /// What goes wrong, in the order of the file.
    pub faults: Vec<PlannedFault>,
    /// What is demanded of the run.
    pub expectations: Vec<Expectation>,
    /// The protocol's parameters.
    pub config: ErasedConfig,
    /// Planted bugs, as indexes into the protocol's list.
    pub bugs: Vec<usize>,
    /// The laws above as tables: start with `Laws::default()`, they are compiled at the first run
    /// and shared by all seeds. A run notices when the plan was changed since, and compiles anew.
    pub laws: Laws,
}

impl Plan {
    /// What each node's random draws are keyed by: its role, and its place among the nodes of that
    /// role. So one more server changes no draw of a client, although it changes the clients' ids.
    pub(crate) fn owners(&self) -> Vec<u32> {
        let mut counts = [0u32; 256];
        let owner = |node: &PlannedNode| {
            let count = &mut counts[node.role];
            *count += 1;
            u32::try_from(node.role).expect("few roles") << 24 | (*count - 1)
        };
        self.nodes.iter().map(owner).collect()
    }
}

/// A protocol's parameters behind `Any`; made by its catalog entry, opened by it again.
#[derive(Clone)]
pub struct ErasedConfig(pub Arc<dyn Any + Send + Sync>);

impl fmt::Debug for ErasedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErasedConfig(..)")
    }
}

/// One node of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedNode {
    /// `n1`, `client2`.
    pub name: String,
    /// Its role, as an index into the protocol's roles.
    pub role: usize,
}

/// How messages travel between nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// One-way latency.
    pub latency: Law,
    /// The chance that a copy is lost.
    pub loss: Chance,
    /// The chance that the network makes a second copy, which travels on its own.
    pub duplicate: Chance,
    /// Whether later messages of a link may overtake earlier ones.
    pub order: Order,
    /// Links that differ from the rest; of several that match, the last counts, key by key.
    pub links: Vec<LinkRule>,
}

/// Whether messages of one link keep their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Each copy draws its own latency; later ones may overtake.
    #[default]
    Reordering,
    /// A copy never arrives before one that was sent earlier on its link.
    Fifo,
}

/// What is different about some links.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRule {
    /// Senders.
    pub from: Vec<NodeId>,
    /// Receivers.
    pub to: Vec<NodeId>,
    /// Their latency, where it differs.
    pub latency: Option<Law>,
    /// Their loss, where it differs.
    pub loss: Option<Chance>,
    /// Their duplication, where it differs.
    pub duplicate: Option<Chance>,
    /// Their order, where it differs.
    pub order: Option<Order>,
}

/// How disks behave.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// How long it takes to make everything handed over so far durable. One sync is under way at a
    /// time; what is appended meanwhile is made durable by the next.
    pub sync_latency: Law,
}

/// What applications do.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// When operations are called.
    pub load: Load,
    /// Which keys they touch.
    pub keys: KeyLaw,
    /// How much of each kind of operation, by index into the service's kinds; weights are relative.
    pub mix: Vec<(usize, u64)>,
    /// The first instant of an operation.
    pub start: SimTime,
    /// No operation is called from here on; `None` means the end of the run.
    pub stop: Option<SimTime>,
}

/// When operations are called.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// Open loop: operations arrive whether or not earlier ones ended, spread over the client nodes
    /// in turn. Latency counts from the arrival.
    Open {
        /// The time between arrivals.
        gap: Law,
    },
    /// Closed loop: users who wait for the end of one operation, think, and call the next. Latency
    /// counts from the call, which hides what a waiting user would have called.
    Closed {
        /// How many users, spread over the client nodes in turn.
        users: u32,
        /// How long a user thinks; at least a millisecond while the client node is down.
        think: Law,
    },
}

/// One fault of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// When it begins.
    pub at: SimTime,
    /// How long it lasts; `None` is to the end of the run (and meaningless for `Restart`).
    pub lasts: Option<Span>,
    /// What it is.
    pub fault: Fault,
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Processes die and lose their memory and what their disks had not made durable. With `lasts`
    /// they restart after it, unless they did so before.
    Crash(Target),
    /// Crashed processes start again from their disks.
    Restart(Target),
    /// Processes stand still: no steps, and their monotonic clocks stop; messages wait. Of several
    /// pauses the last to end counts; a crash ends them all.
    Pause(Target),
    /// Messages between nodes of different groups are cut; nodes in no group reach everybody.
    Partition(Vec<Vec<Target>>),
    /// Messages in one direction are cut.
    OneWay {
        /// The senders whose messages are cut.
        from: Target,
        /// The receivers they do not reach.
        to: Target,
    },
    /// The network loses this share of copies, on top of its own loss.
    Loss(Chance),
    /// The network takes this latency instead of its own.
    Latency(Law),
}

/// Whom a fault hits. Ranks are looked up when the fault strikes; a fault that finds nobody is
/// counted (`faults_missed`) and does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// The live node of the given rank with the highest epoch: `leader`.
    Leader,
    /// The other live nodes that have a rank.
    Followers,
}

/// One expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As written: `unavailable_at_most = "1s"`.
    pub text: String,
    /// What is demanded.
    pub expect: Expect,
    /// Only this part of the run counts, for latencies, throughput, errors, unavailability and
    /// leaders; `None` is all of it. The others are judged over the whole run.
    pub during: Option<(SimTime, SimTime)>,
}

/// What can be demanded.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// The operations' history is linearizable.
    Linearizable,
    /// An invariant holds. Invariants are judged in every run; this only names one in the report.
    Holds(String),
    /// A property is violated (an invariant, `linearizable`, `progress` or `panicked`).
    Violates(String),
    /// A percentile of the latency of successful operations.
    LatencyAtMost {
        /// One operation in this many may be slower: 2 is the median, 100 the 99th percentile.
        one_in: u64,
        /// The bound.
        bound: Span,
    },
    /// Successful operations per second.
    ThroughputAtLeast {
        /// Operations in `per`.
        operations: u64,
        /// The unit of time.
        per: Span,
    },
    /// The share of operations that failed, that ended without anybody knowing how, or that were
    /// open at the end and had waited for a second or more. Younger ones are not counted at all.
    ErrorRateAtMost(Chance),
    /// The longest stretch in which operations wait and none succeeds.
    UnavailableAtMost(Span),
    /// From the end of the last fault to the next success.
    RecoveredWithin(Span),
    /// Live nodes of the rank `leader` in one epoch at one instant.
    LeadersAtMost(u32),
    /// Operations do not wait in vain at the end, not even for want of a quorum.
    Progress,
    /// A metric lies in these bounds (inclusive).
    Metric {
        /// Its name, as in the record.
        name: String,
        /// The least value.
        min: Option<i64>,
        /// The largest value.
        max: Option<i64>,
    },
}

/// How a run is to be watched; nothing here changes what happens in it.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Rows of trace to keep; 0 turns tracing off.
    pub trace_rows: usize,
    /// Configurations that the linearizability checker may explore per object.
    pub check_budget: u64,
    /// Told now and then how far simulated time got, for those who wait for a long run.
    pub progress: Option<fn(SimTime)>,
}

impl Watch {
    /// No trace, the default budget: for sweeps.
    pub const QUIET: Watch = Watch { trace_rows: 0, check_budget: 2_000_000, progress: None };
    /// The trace of a single run.
    pub const TRACED: Watch = Watch { trace_rows: 1_000_000, ..Watch::QUIET };
}
