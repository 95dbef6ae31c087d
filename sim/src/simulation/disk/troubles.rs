//! Disks that have no room, refuse writes, or put them in the wrong place.
//!
//! A refused sync is what `fsync` tells of an error: what it covered is not on the disk, and not in
//! the cache either, so that asking again would succeed without having written anything (Rebello et
//! al., *Can Applications Recover from fsync Failures?*, USENIX ATC 2020).

use super::{Disk, Drive, Write};
use crate::protocol::Survivor;
use crate::random::scale;
use crate::time::SimTime;

/// What is wrong with a disk. Faults of one kind may overlap, so they are counted.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    /// The records that it has room for.
    capacity: Option<u64>,
    /// Faults that leave no room for another record.
    full: u32,
    /// Faults that make every sync fail.
    erring: u32,
    /// The next append goes to another place, which this draw decides.
    misdirected: Option<u64>,
}

#[allow(dead_code, reason = "for the disk faults to come")]
impl<R, H> Disk<R, H> {
    fn drive(&mut self) -> &mut Drive<R, H> {
        self.0.get_or_insert_with(Box::default)
    }

    /// Gives the disk room for so many records.
    pub(crate) fn limit(&mut self, records: u64) {
        self.drive().troubles().capacity = Some(records);
    }

    /// There is no room for another record from now on, or one such fault ends.
    pub(crate) fn fill_up(&mut self, begins: bool) {
        count(&mut self.drive().troubles().full, begins);
    }

    /// Every sync fails from now on, or one such fault ends.
    pub(crate) fn err(&mut self, begins: bool) {
        count(&mut self.drive().troubles().erring, begins);
    }

    /// The next append will land in the place of an earlier record.
    pub(crate) fn misdirect(&mut self, draw: u64) {
        self.drive().troubles().misdirected = Some(draw);
    }

    /// The sync under way fails. Gives back how many writes are lost, like [`Disk::end_sync`].
    pub(crate) fn fail_sync(&mut self, now: SimTime) -> u64 {
        self.0.as_mut().expect("a sync is under way").refuse(now)
    }
}

#[allow(dead_code, reason = "for the disk faults to come")]
fn count(faults: &mut u32, begins: bool) {
    *faults = if begins { *faults + 1 } else { faults.saturating_sub(1) };
}

impl<R, H> Drive<R, H> {
    fn troubles(&mut self) -> &mut Troubles {
        self.troubles.get_or_insert_with(Box::default)
    }

    /// Whether the disk refuses the next so many pending writes. They succeed or fail together.
    #[cold]
    pub(super) fn refuses(&self, writes: u64) -> bool {
        let Some(troubles) = &self.troubles else { return false };
        if troubles.erring > 0 {
            return true;
        }
        let room = troubles.capacity.unwrap_or(u64::MAX);
        let mut records = self.durable.len() as u64;
        let writes = usize::try_from(writes).expect("they are pending");
        for (_, write) in self.pending.iter().take(writes) {
            let before = records;
            match write {
                Write::Append(_) => records += 1,
                Write::Truncate { keep } => records = records.min(*keep as u64),
                Write::Rewrite(all) => records = all.len() as u64,
            }
            if records > before && (troubles.full > 0 || records > room) {
                return true;
            }
        }
        false
    }

    /// Loses everything that is not durable, and what waits for it. What is durable stays, and what
    /// waits for that alone still happens.
    #[cold]
    pub(super) fn refuse(&mut self, now: SimTime) -> u64 {
        let lost = self.pending.len() as u64;
        for (since, _) in self.pending.drain(..) {
            self.station.leave(now, since);
        }
        let synced = self.synced;
        self.held.retain(|(waits_for, _)| *waits_for <= synced);
        self.syncing = None;
        self.handed = synced;
        lost
    }

    /// Whether the append at hand lands in another place. The record there is overwritten, and in
    /// its own place stands nothing. Checksums cover a record's address, so that both are found
    /// unreadable when they are read (Bairavasundaram et al., *An Analysis of Data Corruption in the
    /// Storage Stack*, USENIX FAST 2008).
    #[inline]
    pub(super) fn misdirects(&mut self) -> bool {
        let Some(troubles) = &mut self.troubles else { return false };
        let Some(draw) = troubles.misdirected.take() else { return false };
        let place = scale(draw, self.durable.len() as u64);
        let place = usize::try_from(place).expect("a place on the disk");
        if let Some(record) = self.durable.get_mut(place) {
            *record = Survivor::Damaged;
        }
        self.durable.push(Survivor::Damaged);
        true
    }
}
