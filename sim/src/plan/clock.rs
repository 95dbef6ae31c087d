//! How wrong clocks are.

use crate::skew::{Drift, Offset, Skew};

/// The clocks of a node: the monotonic one, by which its timers ring, and the wall clock. The default
/// is true time. A range is drawn from once per node and run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// By how much the wall clock is ahead of true time at the start of the run.
    pub offset: Skew<Offset>,
    /// How much faster than true time both clocks run, at most a tenth either way.
    pub drift: Skew<Drift>,
}
