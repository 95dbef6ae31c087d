//! The catalog entry: a protocol with its types erased, as plain data and plain functions.

use std::sync::Arc;

use serde_json::Value;

use crate::bug::{BugInfo, PlantedBug};
use crate::divergence::Divergence;
use crate::plan::{ErasedConfig, Plan, Watch};
pub use crate::protocol::RoleInfo;
use crate::protocol::{Config, Kinds, Probe, Protocol, Remark, Role};
use crate::random::Stream;
use crate::record::Record;
use crate::script::Stage;
use crate::service::{Operation, Service};
use crate::simulation;
use crate::time::Span;

/// One protocol of a catalog. Made by [`Entry::of`]; what the command line, scenario files and
/// scripts know of a protocol is what stands here.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name, which is also its table in scenario files.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub summary: &'static str,
    /// Its roles, in order.
    pub roles: fn() -> Vec<RoleInfo>,
    /// The kinds of operation of its service.
    pub operations: &'static [&'static str],
    /// Whether a first scenario keeps few of them open ([`Service::STARTS_CLOSED`]).
    pub starts_closed: bool,
    /// The kinds of its messages.
    pub messages: &'static [&'static str],
    /// The kinds of its timers.
    pub timers: &'static [&'static str],
    /// The kinds of its events.
    pub events: &'static [&'static str],
    /// The ranks its nodes can have.
    pub ranks: &'static [&'static str],
    /// The counters it declares, and its gauges as `<name>_max`.
    pub metrics: &'static [&'static str],
    /// The rare situations it counts beside them.
    pub probes: &'static [Probe],
    /// Its invariants.
    pub invariants: fn() -> Vec<PropertyInfo>,
    /// Its planted bugs, in the order that [`Plan::bugs`] counts.
    pub bugs: fn() -> Vec<BugInfo>,
    /// The JSON schema of its table.
    pub config_schema: fn() -> Value,
    /// Its table with every default.
    pub config_default: fn() -> Value,
    /// Reads its table.
    pub configure: fn(&Value) -> Result<ErasedConfig, ConfigError>,
    /// Reviews a table that was read; `round_trip` is the median under the scenario's network.
    pub review: fn(&ErasedConfig, Span) -> Vec<Remark>,
    /// Reviews what depends on how many nodes there are of each role.
    pub review_cluster: fn(&ErasedConfig, &[u32]) -> Vec<Remark>,
    /// Draws other limits for a swarm, and gives back its whole table; `round_trip` as for `review`,
    /// and how many nodes of the first role there are.
    pub vary: fn(&ErasedConfig, &mut Stream, Span, u32) -> Value,
    /// Runs a plan with a seed.
    pub run: fn(&Plan, u64, &Watch) -> Record,
    /// Runs a plan with a seed twice at once, event by event; gives back the record of one of the
    /// two, or the first difference between them.
    pub twins: fn(&Plan, u64, &Watch) -> Result<Record, Box<Divergence>>,
    /// Opens a stage on which single steps are driven by hand.
    pub stage: for<'a> fn(&'a Plan) -> Box<dyn Stage + 'a>,
}

/// The metrics of every run, whatever the protocol; they are there even when zero.
pub const WORLD_METRICS: &[&str] = &[
    "bandwidth_windows",
    "bug_evaluations",
    "burst_windows",
    "clock_faults",
    "clogs",
    "corrupt_windows",
    "crashes",
    "damage_withheld",
    "disk_windows",
    "disks_wiped",
    "duplicate_windows",
    "exits",
    "faults_missed",
    "inputs_lost",
    "latency_windows",
    "leaders_max",
    "links_cut",
    "loss_windows",
    "messages_corrupt",
    "messages_cut",
    "messages_duplicated",
    "messages_lost",
    "messages_overflowed",
    "messages_refused",
    "messages_sent",
    "messages_to_down",
    "messages_unroutable",
    "partitions",
    "pauses",
    "processor_overflows",
    "processor_queue_max",
    "records_damaged",
    "records_misread",
    "restarts",
    "slow_windows",
    "timers_fired",
    "unavailable_ns",
    "writes_failed",
    "writes_misdirected",
    "writes_survived",
    "writes_torn",
];

/// A property, described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropertyInfo {
    /// Its name in `[[expect]]`.
    pub name: &'static str,
    /// What it says.
    pub sentence: &'static str,
    /// Where it comes from.
    pub citation: &'static str,
}

/// Why a protocol's table could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The path of the offending key inside the table: `election_timeout`, `a.b[2]`; empty for the
    /// table itself.
    pub path: String,
    /// What is wrong, as serde says it.
    pub message: String,
}

impl Entry {
    /// The entry of a protocol.
    pub const fn of<P: Protocol>() -> Entry {
        Entry {
            name: P::NAME,
            summary: P::SUMMARY,
            roles: roles::<P>,
            operations: <<P::Service as Service>::Operation as Operation>::KINDS,
            starts_closed: <P::Service as Service>::STARTS_CLOSED,
            messages: <P::Message as Kinds>::KINDS,
            timers: <P::Timer as Kinds>::KINDS,
            events: <P::Event as Kinds>::KINDS,
            ranks: P::RANKS,
            metrics: P::METRICS,
            probes: P::PROBES,
            invariants: invariants::<P>,
            bugs: bugs::<P>,
            config_schema: || schemars::schema_for!(P::Config).to_value(),
            config_default: config_default::<P>,
            configure: configure::<P>,
            review: |config, round_trip| open::<P>(config).review(round_trip),
            review_cluster: |config, counts| open::<P>(config).review_cluster(counts),
            vary: vary::<P>,
            run: simulation::run::<P>,
            twins: simulation::twins::<P>,
            stage: simulation::script::stage::<P>,
        }
    }
}

fn roles<P: Protocol>() -> Vec<RoleInfo> {
    P::Role::ALL.iter().map(|(_, info)| *info).collect()
}

fn invariants<P: Protocol>() -> Vec<PropertyInfo> {
    P::INVARIANTS
        .iter()
        .map(|i| PropertyInfo { name: i.name, sentence: i.sentence, citation: i.citation })
        .collect()
}

fn bugs<P: Protocol>() -> Vec<BugInfo> {
    P::Bug::ALL.iter().map(|bug| bug.info()).collect()
}

fn config_default<P: Protocol>() -> Value {
    serde_json::to_value(P::Config::default()).expect("a configuration is plain data")
}

fn vary<P: Protocol>(
    config: &ErasedConfig,
    dice: &mut Stream,
    round_trip: Span,
    count: u32,
) -> Value {
    let drawn = open::<P>(config).clone().vary(dice, round_trip).vary_cluster(dice, count);
    serde_json::to_value(drawn).expect("a configuration is plain data")
}

fn configure<P: Protocol>(table: &Value) -> Result<ErasedConfig, ConfigError> {
    match serde_path_to_error::deserialize::<_, P::Config>(table) {
        Ok(config) => Ok(ErasedConfig(Arc::new(config))),
        Err(error) => {
            let path = error.path().to_string();
            let path = if path == "." { String::new() } else { path };
            Err(ConfigError { path, message: error.inner().to_string() })
        }
    }
}

/// Opens a configuration that this protocol's entry made.
pub(crate) fn open<P: Protocol>(config: &ErasedConfig) -> &P::Config {
    config.0.downcast_ref().expect("the plan's configuration was made by this protocol's entry")
}
