//! What applications do.

use crate::law::{KeyLaw, Law};
use crate::time::SimTime;

/// What applications do.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// When operations are called.
    pub load: Load,
    /// Which keys they touch.
    pub keys: KeyLaw,
    /// How much of each kind of operation, by index into the service's kinds; weights are relative.
    pub mix: Vec<(usize, u64)>,
    /// The first instant of an operation.
    pub start: SimTime,
    /// No operation is called from here on; `None` means the end of the run.
    pub stop: Option<SimTime>,
}

/// When operations are called.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// Open loop: operations arrive whether or not earlier ones ended, spread over the client nodes
    /// in turn. Latency counts from the arrival.
    Open {
        /// The time between arrivals.
        gap: Law,
    },
    /// Closed loop: users who wait for the end of one operation, think, and call the next. Latency
    /// counts from the call, which hides what a waiting user would have called.
    Closed {
        /// How many users, spread over the client nodes in turn.
        users: u32,
        /// How long a user thinks; at least a millisecond while the client node is down.
        think: Law,
    },
}
