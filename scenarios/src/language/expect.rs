//! `[[expect]]`.

use std::collections::BTreeMap;

use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::{Rate, Window};

/// Something that is demanded of the run: exactly one key beside `during`. Any invariant of the
/// protocol can be named as well, like `election_safety = true`; invariants are judged in every
/// run, naming one puts it into the report.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectTable {
    /// The history of the operations is linearizable.
    #[schemars(extend("const" = true))]
    #[allow(dead_code)] // whether it is true is seen in the tree, like that of an invariant
    pub(crate) linearizable: Option<bool>,
    /// Operations do not wait in vain at the end, not even for want of a quorum.
    #[schemars(extend("const" = true))]
    #[allow(dead_code)] // the same
    pub(crate) progress: Option<bool>,
    /// This property is violated: an invariant of the protocol, `linearizable`, `progress` or
    /// `panicked`.
    pub(crate) violates: Option<String>,
    /// Half of the successful operations are not slower than this.
    pub(crate) p50_at_most: Option<Span>,
    /// 90 % of the successful operations are not slower than this.
    pub(crate) p90_at_most: Option<Span>,
    /// 99 % of the successful operations are not slower than this.
    pub(crate) p99_at_most: Option<Span>,
    /// 99.9 % of the successful operations are not slower than this.
    pub(crate) p999_at_most: Option<Span>,
    /// At least this many operations succeed per unit of time.
    pub(crate) throughput_at_least: Option<Rate>,
    /// At most this share of the operations failed or was never answered; operations called in the
    /// last second of the run and still open are not counted.
    pub(crate) error_rate_at_most: Option<Chance>,
    /// The longest stretch in which operations wait and none succeeds.
    pub(crate) unavailable_at_most: Option<Span>,
    /// From the end of the last fault to the next successful operation.
    pub(crate) recovered_within: Option<Span>,
    /// Live nodes that lead in one epoch at one instant.
    pub(crate) leaders_at_most: Option<u32>,
    /// A number that the protocol counts lies within bounds, `metric.elections = { min = 2 }`.
    pub(crate) metric: Option<BTreeMap<String, Bounds>>,
    /// The part of the run that counts, `"5s..10s"`. Left out, all of it.
    pub(crate) during: Option<Window>,
}

/// Bounds of a metric, inclusive; at least one of them.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bounds {
    /// The least value.
    pub(crate) min: Option<i64>,
    /// The largest value.
    pub(crate) max: Option<i64>,
}
