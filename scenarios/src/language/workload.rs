//! `[workload]`.

use std::collections::BTreeMap;

use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::Rate;

/// What applications do. Without this table nobody calls any operation. Exactly one of `rate` and
/// `think` says when operations are called.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadTable {
    /// Open loop: this many operations arrive whether or not earlier ones have ended. Latency
    /// counts from the arrival.
    pub(crate) rate: Option<Rate>,
    /// How the arrivals of a `rate` are spread.
    #[schemars(extend("default" = "poisson"))]
    pub(crate) arrivals: Option<Arrivals>,
    /// Closed loop: each user waits for the end of an operation, thinks this long, and calls the
    /// next.
    pub(crate) think: Option<Law>,
    /// How many users think. Left out, one for each node that takes calls.
    #[schemars(range(min = 1))]
    pub(crate) users: Option<u32>,
    /// Which keys are asked for: how many there are, or a law.
    #[schemars(extend("default" = 100))]
    pub(crate) keys: Option<KeyLaw>,
    /// How much there is of each kind of operation; the weights are relative to each other. Left
    /// out, all kinds are alike.
    #[schemars(extend("x-range" = "weights from 0 up, one of them above 0"))]
    pub(crate) mix: Option<BTreeMap<String, f64>>,
    /// When the first operation may be called.
    #[schemars(extend("default" = "0s"))]
    pub(crate) start: Option<Span>,
    /// From when on no operation is called. Left out, the end of the run.
    pub(crate) stop: Option<Span>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Arrivals {
    /// Independent of each other: the gaps are exponential.
    Poisson,
    /// Evenly spaced.
    Constant,
}
