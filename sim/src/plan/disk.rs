//! How disks behave.

use crate::law::Law;
use crate::random::Chance;

/// How disks behave.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// How long it takes to make everything handed over so far durable. One sync is under way at a
    /// time; what is appended meanwhile is made durable by the next.
    pub sync_latency: Law,
    /// The chance, for each write of a sync that a crash interrupts, that it had reached the disk
    /// already. Writes reach it in order: the first that had not is lost with all behind it.
    pub survives: Chance,
    /// The chance that the first append that had not reached the disk is half-written.
    pub torn: Chance,
    /// The records that a disk has room for; `None` is any number.
    pub capacity: Option<u64>,
    /// How many disks may be damaged.
    pub damage: Damage,
}

/// How many disks of the protocol's first role may be damaged at a time: by bit rot, by misdirected
/// writes, or because they were wiped. Unreadable records that are overwritten or truncated are no
/// damage any more; a wiped disk is always one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Damage {
    /// So many that a majority is undamaged. Damage that would exceed it does not happen and is
    /// counted (`damage_withheld`).
    #[default]
    WithinBudget,
    /// Any number. All that can be asked for then is that damage is noticed.
    BeyondBudget,
}

impl Disk {
    /// Disks of which a crash leaves exactly what was durable, and with room for everything.
    pub fn new(sync_latency: Law) -> Disk {
        Disk {
            sync_latency,
            survives: Chance::NEVER,
            torn: Chance::NEVER,
            capacity: None,
            damage: Damage::WithinBudget,
        }
    }

    /// Whether a crash may leave more than what was durable.
    pub(crate) fn leaves_some(&self) -> bool {
        self.survives > Chance::NEVER || self.torn > Chance::NEVER
    }
}
