//! The resolved plan of a run: what a scenario file says, with every name looked up.
//!
//! A plan is plain data without the protocol's types; only [`Plan::config`] holds the protocol's
//! own parameters, behind `Any`. Many seeds share one plan.

mod clock;
mod disk;
mod expectation;
mod fault;
mod network;
mod node;
mod processor;
mod weather;
mod workload;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

pub use clock::Clock;
pub use disk::{Damage, Disk};
pub use expectation::{Expect, Expectation};
pub use fault::{DiskFault, Fault, Occurrence, PlannedFault, Target, Trigger, When};
pub use network::{Burst, LinkRule, Network, Order, Place, PlaceLink, Sharing, Topology, Wire};
pub use node::PlannedNode;
pub use processor::Processor;
pub use weather::{Change, Ends, Scope, Weather};
pub use workload::{Load, Workload};

use crate::protocol::NodeId;
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
    /// How long nodes work on what they are given, unless a node has its own.
    pub processor: Processor,
    /// How wrong clocks are, unless a node has its own.
    pub clock: Clock,
    /// How disks behave, unless a node has its own.
    pub disk: Disk,
    /// What becomes of processes that end themselves.
    pub supervisor: Supervisor,
    /// What ends a run before memory does.
    pub limits: Limits,
    /// What applications do; `None` leaves the cluster alone.
    pub workload: Option<Workload>,
    /// What goes wrong, in the order of the file.
    pub faults: Vec<PlannedFault>,
    /// From here on no fault strikes, and those under way end; processes that are down stay down,
    /// unless they were to restart anyway, and `restart` may still strike. The second phase of a
    /// run: progress is demanded from here on. `None` leaves each fault to its own end.
    pub heal: Option<SimTime>,
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
    /// How the disk of a node behaves.
    pub(crate) fn disk_of(&self, id: NodeId) -> &Disk {
        self.nodes[id.index()].disk.as_ref().unwrap_or(&self.disk)
    }

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

/// What must not grow without bound: more ends a run with a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages in flight, of all links together: more is the violation `message_storm`.
    pub in_flight: u64,
    /// Inputs that wait at one node, for its processor or while it stands still: more is the
    /// violation `queue_growth`.
    pub waiting: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { in_flight: 1_000_000, waiting: 1_000_000 }
    }
}

/// What becomes of processes that end themselves ([`Effects::exit`](crate::effects::Effects::exit)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supervisor {
    /// They are started again so long after; `None`: nobody does that, but a `restart` fault may.
    pub restart_after: Option<Span>,
}

/// How a run is to be watched; nothing here changes what happens in it.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Rows of trace to keep; 0 turns tracing off.
    pub trace_rows: usize,
    /// Configurations that the linearizability checker may explore per object.
    pub check_budget: u64,
    /// Whether the record tells every operation, in words that other checkers know.
    pub keeps_history: bool,
    /// Told now and then how far simulated time got, for those who wait for a long run.
    pub progress: Option<fn(SimTime)>,
}

impl Watch {
    /// No trace, the default budget: for sweeps.
    pub const QUIET: Watch =
        Watch { trace_rows: 0, check_budget: 2_000_000, keeps_history: false, progress: None };
    /// The trace of a single run.
    pub const TRACED: Watch = Watch { trace_rows: 1_000_000, ..Watch::QUIET };
}
