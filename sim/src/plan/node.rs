//! Who is there.

use super::{Clock, Disk, Processor};

/// One node of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedNode {
    /// `n1`, `client2`.
    pub name: String,
    /// Its role, as an index into the protocol's roles.
    pub role: usize,
    /// How it works on what it is given, where that differs from [`Plan::processor`](super::Plan).
    pub processor: Option<Processor>,
    /// How wrong its clock is, where that differs from [`Plan::clock`](super::Plan).
    pub clock: Option<Clock>,
    /// How its disk behaves, where that differs from [`Plan::disk`](super::Plan).
    pub disk: Option<Disk>,
}

impl PlannedNode {
    /// A node like all others.
    pub fn new(name: impl Into<String>, role: usize) -> PlannedNode {
        PlannedNode { name: name.into(), role, processor: None, clock: None, disk: None }
    }
}
