//! `[processor]`.

use rehearsal_sim::law::Law;
use schemars::JsonSchema;
use serde::Deserialize;

/// How long nodes work on what they are given: one processor per node, which takes messages, ringing
/// timers and calls one at a time, in the order in which they came. An input that finds it free is
/// worked on at once; the step happens, with all its effects, when that work is done. What comes
/// meanwhile waits in the node's inbox. A pause stops the work; a crash loses the inbox
/// (`metric.inputs_lost`). Not simulated: several cores, priorities, preemption.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessorTable {
    /// How long each input takes. Left out, no time at all.
    #[schemars(extend("x-range" = "0s up"))]
    pub(crate) step: Option<Law>,
    /// How many inputs may wait beside the one that is worked on. A message that finds no room is
    /// dropped (`overflow`), a call fails at once; timers, and messages of a node to itself, always
    /// wait. Left out, there is room for any number.
    pub(crate) queue: Option<u32>,
    /// How long a crashed process that is started again takes until it boots; until then it is down.
    /// At the beginning of a run every process has just started. Left out, no time at all.
    #[schemars(extend("x-range" = "0s up"))]
    pub(crate) cold_start: Option<Law>,
}
