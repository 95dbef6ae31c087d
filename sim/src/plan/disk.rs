//! How disks behave.

use crate::law::Law;

/// How disks behave.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// How long it takes to make everything handed over so far durable. One sync is under way at a
    /// time; what is appended meanwhile is made durable by the next.
    pub sync_latency: Law,
}
