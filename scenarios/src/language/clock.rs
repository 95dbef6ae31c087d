//! `[clock]`.

use rehearsal_sim::skew::{Drift, Offset, Skew};
use schemars::JsonSchema;
use serde::Deserialize;

/// How wrong clocks are. A node has two: a monotonic clock, by which its timers ring, and a wall
/// clock, which protocols may read and nothing else depends on. Each node draws once per run where a
/// range is given. Not simulated: clocks that are corrected from outside, leap seconds, resolution.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockTable {
    /// By how much wall clocks are ahead of true time at the start; behind it, with a minus.
    #[schemars(extend("default" = "0s", "x-range" = "10 years either way"))]
    pub(crate) offset: Option<Skew<Offset>>,
    /// How much faster than true time both clocks run, in parts per million; slower, with a minus.
    /// Ordinary quartz is within 100ppm.
    #[schemars(extend("default" = "0ppm", "x-range" = "-100000ppm to 100000ppm"))]
    pub(crate) drift: Option<Skew<Drift>>,
}
