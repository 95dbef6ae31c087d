//! How long nodes work on what they are given.

use crate::law::Law;

/// The processor of a node: one server that takes inputs in the order in which they came.
///
/// An input (a message, a timer that rings, a call) that finds the processor free is worked on at
/// once; the step happens, with all its effects, when the work is done. What comes meanwhile waits.
/// The default takes no time at all and turns nobody away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Processor {
    /// How long an input takes; `None` is no time at all, and nothing ever waits.
    pub step: Option<Law>,
    /// How many messages and calls may wait beside the input that is worked on; `None` is any
    /// number. A message that finds no room is dropped (`overflow`), a call fails at once; timers,
    /// and messages of a node to itself, always wait.
    pub queue: Option<u32>,
    /// How long a crashed process that is started again takes until it boots; until then it is down.
    /// `None` is no time. At the beginning of a run every process has just started.
    pub cold_start: Option<Law>,
}
