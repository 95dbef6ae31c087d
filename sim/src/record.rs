//! The record: everything a run leaves behind, as plain data that can be stored, sent and drawn.
//!
//! The command line prints its head as one JSON object (see
//! [`Head`]), reports draw its tail. Nothing in it depends on the protocol's types. A stored record
//! with a field that this version does not know is refused, as its page would leave something out.

mod trace;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use trace::{FieldChange, Row, RowKind, Trace, TraceRow};
pub(crate) use trace::{NewRow, Part};

use crate::check::Explanation;
use crate::metrics::Histogram;

/// Everything a run leaves behind. Times are nanoseconds of simulated time since the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The facts of the run: the one JSON object that `--json` prints.
    pub head: Head,
    /// The planned length of the run; [`Head::virtual_ns`] is shorter when a violation ended it.
    pub duration_ns: u64,
    /// The nodes in order of their ids: `n1`, `n2`, ..., `client1`, ...
    pub nodes: Arc<[NodeInfo]>,
    /// The faults that happened, in the order they began.
    pub faults: Vec<FaultBand>,
    /// Counts and latencies of operations in equal buckets of time.
    pub series: Series,
    /// The strikes of the plan's faults that hit somebody, in the order they began; they stay in
    /// memory.
    #[serde(skip)]
    pub strikes: Vec<Strike>,
    /// Latency by percentile, from the median to the last percentile that has samples beyond it.
    pub latency_curve: Vec<CurvePoint>,
    /// The latencies of the operations that succeeded, to be put together with those of other runs;
    /// it stays in memory.
    #[serde(skip)]
    pub latencies: Histogram,
    /// Every change of a node's rank, epoch or health, in order.
    pub standings: Vec<StandingChange>,
    /// What happened, step by step; empty when the run was not traced.
    pub trace: Trace,
}

/// The facts of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The scenario's name (`raft/leader-crash`) or the path it was read from.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The protocol's name.
    pub protocol: String,
    /// The seed.
    pub seed: u64,
    /// The version of the simulator.
    pub version: String,
    /// The judgement over all properties and expectations.
    pub verdict: Judgement,
    /// What was broken, first things first.
    pub violations: Vec<Violation>,
    /// What was expected, and what was measured.
    pub expectations: Vec<Measured>,
    /// Set when operations were still waiting at the end, and rightly so: the missing quorum.
    pub legally_stuck: Option<String>,
    /// The digest over every kernel event of the run, 16 hexadecimal digits.
    pub digest: String,
    /// Kernel events processed.
    pub events: u64,
    /// How far simulated time got.
    pub virtual_ns: u64,
    /// What became of every copy of every message between two nodes.
    pub messages: MessageCounts,
    /// How the operations ended.
    pub operations: OperationCounts,
    /// Latencies of the operations that succeeded, from their intended start.
    pub latency_ns: Latency,
    /// Successful operations per second of simulated time.
    pub throughput_per_s: f64,
    /// Counters of the world (`crashes`, `messages_lost`) and of the protocol (`elections`).
    pub metrics: BTreeMap<Cow<'static, str>, i64>,
}

/// The judgement over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Every property and expectation held.
    Pass,
    /// At least one was violated.
    Fail,
    /// None was seen violated, and at least one could not be judged.
    Inconclusive,
}

/// What kind of promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// Something bad happened.
    Safety,
    /// Something good did not happen in time.
    Liveness,
    /// A number expected by the scenario was not met.
    Expectation,
    /// The protocol panicked.
    Panic,
    /// Two runs of the same seed differed.
    Nondeterminism,
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// The property's name, as used in `[[expect]]`.
    pub property: String,
    /// Its kind.
    pub kind: ViolationKind,
    /// When it was seen.
    pub at_ns: u64,
    /// The names of the nodes concerned.
    pub nodes: Vec<String>,
    /// What happened, in a sentence.
    pub message: String,
    /// Where the property comes from: paper and section.
    pub citation: String,
    /// For judged histories: the operations around the one that can not be placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// One expectation of the scenario with its measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The expectation as written: `unavailable_at_most = "1s"`.
    pub expect: String,
    /// What was measured: `412ms`.
    pub measured: String,
    /// Whether it holds; `null` when it could not be judged.
    pub holds: Option<bool>,
}

/// Every copy of a message between two different nodes has exactly one fate, so that
/// `sent + duplicated = delivered + dropped + in_flight` in every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageCounts {
    /// Messages that nodes sent to other nodes.
    pub sent: u64,
    /// Copies that reached their receiver.
    pub delivered: u64,
    /// Extra copies the network made.
    pub duplicated: u64,
    /// Copies under way when the run ended.
    pub in_flight: u64,
    /// Copies that died, by cause.
    pub dropped: DropCounts,
}

/// Why copies of messages died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropCounts {
    /// Lost at random.
    pub loss: u64,
    /// Sent across a partition.
    pub cut: u64,
    /// Sent where the topology has no route.
    pub no_route: u64,
    /// The receiver was down when they arrived.
    pub down: u64,
    /// Turned away by a live host whose process was down.
    pub refused: u64,
    /// A bounded queue was full.
    pub overflow: u64,
    /// Arrived detectably corrupt.
    pub corrupt: u64,
}

impl DropCounts {
    /// All dropped copies; more than fit into the number, in a record from outside, are as many as
    /// fit.
    pub fn total(&self) -> u64 {
        let causes = [
            self.loss,
            self.cut,
            self.no_route,
            self.down,
            self.refused,
            self.overflow,
            self.corrupt,
        ];
        causes.into_iter().fold(0, u64::saturating_add)
    }
}

/// How the operations ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationCounts {
    /// Operations called.
    pub called: u64,
    /// Answered.
    pub ok: u64,
    /// Certainly without effect.
    pub failed: u64,
    /// Still open at the end, or given up without knowing.
    pub unknown: u64,
}

/// A summary of latencies in nanoseconds, exact; all zero when `count` is zero. Percentiles are by
/// nearest rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Samples.
    pub count: u64,
    /// Arithmetic mean, rounded down.
    pub mean: u64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// The largest.
    pub max: u64,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeInfo {
    /// `n1`, `client2`.
    pub name: String,
    /// What it was started as: `server`, `client`.
    pub role: String,
}

/// One fault, as a band over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultBand {
    /// The kind: `crash`, `pause`, `partition`, `one-way`, `loss`, `latency`. One lane per kind.
    pub kind: String,
    /// What it hit, for people: `n3`, `n1 n2 | n3 n4 n5`, `n1 -/-> n2`, `loss 20 %`.
    pub label: String,
    /// When it began.
    pub from_ns: u64,
    /// When it ended; `null` when it lasted to the end of the run.
    pub to_ns: Option<u64>,
    /// The names of the nodes concerned; empty for the whole network.
    pub nodes: Vec<String>,
}

/// One strike of a fault of the plan, as it came about: when, and whom it hit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strike {
    /// The fault, by its place in [`Plan::faults`](crate::plan::Plan::faults).
    pub fault: usize,
    /// When it began.
    pub from_ns: u64,
    /// When its own end came; `None` where the run was over before, where the nodes it held were
    /// taken over by another fault, and for what happens at once.
    pub to_ns: Option<u64>,
    /// Whom it hit, as indexes into [`Record::nodes`]: one group, or those of a partition, senders
    /// and receivers, the two halves around a bridge with the bridge between them. Empty for the
    /// whole network.
    pub groups: Vec<Vec<u32>>,
    /// What it did to single nodes in its course: the crashes and restarts of a crash loop, the
    /// clogs of a swizzle.
    pub turns: Vec<Turn>,
}

/// Something that a strike did to one node in its course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When.
    pub at_ns: u64,
    /// The node, an index into [`Record::nodes`].
    pub node: u32,
    /// Whether it did harm, or ended it.
    pub begins: bool,
}

impl Strike {
    /// How many fault operations it was: one for its beginning and one for its end, if that came
    /// before the run was over; of a strike that comes in turns, one for each.
    pub fn operations(&self) -> u64 {
        match self.turns.len() as u64 {
            0 => 1 + u64::from(self.to_ns.is_some()),
            turns => turns,
        }
    }
}

/// Operations in equal buckets of time. Bucket `i` covers
/// `i * bucket_ns .. (i + 1) * bucket_ns` of simulated time; an operation counts where it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The width of a bucket.
    pub bucket_ns: u64,
    /// Operations that were called in each bucket (by intended start).
    pub called: Vec<u64>,
    /// Operations that succeeded.
    pub ok: Vec<u64>,
    /// Operations that failed.
    pub failed: Vec<u64>,
    /// Median latency of those that succeeded; `null` where none did.
    pub p50_ns: Vec<Option<u64>>,
    /// 99th percentile.
    pub p99_ns: Vec<Option<u64>>,
    /// The largest.
    pub max_ns: Vec<Option<u64>>,
}

/// One point of the latency-by-percentile curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    /// One sample in this many is slower: 2 is the median, 100 the 99th percentile.
    pub one_in: u64,
    /// The latency at that percentile.
    pub latency_ns: u64,
    /// Samples that are slower than this point; few of them make the point unsure.
    pub beyond: u64,
}

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Running.
    Up,
    /// Crashed.
    Down,
    /// Standing still.
    Paused,
}

/// A change of what a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingChange {
    /// When.
    pub at_ns: u64,
    /// The node, an index into [`Record::nodes`].
    pub node: u32,
    /// Its health from now on.
    pub health: Health,
    /// Its rank from now on (`leader`, `candidate`, `follower`); empty where the role has none.
    pub rank: String,
    /// Its epoch from now on (Raft's term); 0 where the role has none.
    pub epoch: u64,
}
