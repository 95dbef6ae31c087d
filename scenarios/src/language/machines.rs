//! The kinds of `[[fault]]` that hit processors, clocks and timers.

use rehearsal_sim::law::Law;
use rehearsal_sim::skew::{Drift, Offset};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::Names;

/// Slow processors.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slow {
    /// Whose.
    pub(crate) nodes: Names,
    /// How long each input takes that the processor begins with meanwhile, in place of the `step` of
    /// its [processor].
    pub(crate) step: Law,
}

/// Processes that do not stay up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CrashLoop {
    /// Whose.
    pub(crate) nodes: Names,
    /// How long a process stays up, drawn anew each time; at least 1us.
    pub(crate) up: Law,
    /// How long it stays down until it is started again, drawn anew each time; at least 1us.
    pub(crate) down: Law,
}

/// Wall clocks that are off.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockShift {
    /// Whose.
    pub(crate) nodes: Names,
    /// By how much; back, with a minus.
    pub(crate) by: Offset,
}

/// Clocks that run fast or slow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockDrift {
    /// Whose.
    pub(crate) nodes: Names,
    /// How much faster, on top of their own drift; slower, with a minus.
    pub(crate) by: Drift,
}

/// Timers that ring early.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fire {
    /// The kind of timer; the protocol's page lists them.
    pub(crate) timer: String,
    /// Whose.
    pub(crate) nodes: Names,
}
