//! A snapshot: what stands for the beginning of the log (Section 7).

use std::fmt;

use crate::events::consensus::Base;
use crate::parts::configuration::Configuration;
use crate::parts::machine::Machine;
use crate::parts::session::Replica;

/// Everything that the entries up to an index have led to: the machine, the clients' sessions, and who
/// votes. Copies share it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Snapshot<M: Machine> {
    /// The last entry it stands for ("last included index" and "last included term", Figure 13).
    pub base: Base,
    /// The latest configuration up to there.
    pub configuration: Configuration,
    /// What the entries were applied to.
    pub(super) replica: Replica<M>,
    /// The digest of what was applied to it, which is that of the base.
    pub(super) applied: u64,
    /// Its length in bytes, at least 1.
    pub size: u64,
}

impl<M: Machine> Snapshot<M> {
    pub(super) fn of(base: Base, configuration: Configuration, replica: Replica<M>) -> Snapshot<M> {
        let size = replica.size().saturating_add(u64::from(configuration.size())).max(1);
        Snapshot { base, configuration, replica, applied: base.prefix, size }
    }
}

impl<M: Machine> fmt::Debug for Snapshot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot {}@{}", self.base.index, self.base.term)
    }
}
