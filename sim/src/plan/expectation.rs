//! What is demanded of a run.

use crate::random::Chance;
use crate::time::{SimTime, Span};

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
