//! Disks that have no room, refuse writes, or put them in the wrong place.
//!
//! A refused sync is what `fsync` tells of an error: what it covered is not on the disk, and not in
//! the cache either, so that asking again would succeed without having written anything (Rebello et
//! al., *Can Applications Recover from fsync Failures?*, USENIX ATC 2020).

use std::sync::Arc;

use super::{Disk, Drive, Write};
use crate::law::Sampler;
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
    /// Faults that let no sync end.
    stalls: u32,
    /// The sync under way would have ended, were it not for a stall.
    overdue: bool,
    /// Laws that syncs take instead of their own, by the strike that brought each; the last counts.
    slow: Vec<(usize, Arc<Sampler>)>,
    /// Records that can not be read for now, by the strike that did it: each a draw among all.
    unreadable: Vec<(usize, u64)>,
    /// The next append goes to another place, which this draw decides.
    pub(super) misdirected: Option<u64>,
    /// The disk was emptied.
    pub(super) wiped: bool,
}

impl<R, H> Disk<R, H> {
    pub(super) fn drive(&mut self) -> &mut Drive<R, H> {
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

    /// No sync ends from now on, or one such fault ends.
    pub(crate) fn stall(&mut self, begins: bool) {
        count(&mut self.drive().troubles().stalls, begins);
    }

    /// The sync under way would end now. Whether a stall keeps it from that; then it is overdue.
    #[inline]
    pub(crate) fn stalls(&mut self) -> bool {
        let troubles = self.0.as_mut().and_then(|drive| drive.troubles.as_mut());
        let Some(troubles) = troubles.filter(|troubles| troubles.stalls > 0) else { return false };
        troubles.overdue = true;
        true
    }

    /// Whether the sync under way is overdue, and nothing keeps it from ending any more.
    pub(crate) fn is_overdue(&self) -> bool {
        self.troubles().is_some_and(|troubles| troubles.overdue && troubles.stalls == 0)
    }

    /// Syncs take another law from now on.
    pub(crate) fn slow_down(&mut self, strike: usize, law: Arc<Sampler>) {
        self.drive().troubles().slow.push((strike, law));
    }

    /// They take that law no more.
    pub(crate) fn speed_up(&mut self, strike: usize) {
        self.drive().troubles().slow.retain(|(other, _)| *other != strike);
    }

    /// The law of syncs, where it is not their own.
    #[inline]
    pub(crate) fn pace(&self) -> Option<&Sampler> {
        self.troubles()?.slow.last().map(|(_, law)| &**law)
    }

    /// One record, decided by this draw, can not be read from now on.
    pub(crate) fn misread(&mut self, strike: usize, draw: u64) {
        self.drive().troubles().unreadable.push((strike, draw));
    }

    /// It can be read again.
    pub(crate) fn read_well(&mut self, strike: usize) {
        self.drive().troubles().unreadable.retain(|(other, _)| *other != strike);
    }

    /// What a node that starts reads.
    pub(crate) fn read(&self) -> Vec<Survivor<R>>
    where
        R: Clone,
    {
        let mut read = self.durable().to_vec();
        for (_, draw) in self.troubles().iter().flat_map(|troubles| &troubles.unreadable) {
            let place = usize::try_from(scale(*draw, read.len() as u64)).expect("a place");
            if let Some(record) = read.get_mut(place) {
                *record = Survivor::Damaged;
            }
        }
        read
    }

    /// How many records a node that starts can not read, although they are whole.
    pub(crate) fn differences(&self, read: &[Survivor<R>]) -> u64 {
        if self.troubles().is_none_or(|troubles| troubles.unreadable.is_empty()) {
            return 0;
        }
        let is_damaged = |record: &Survivor<R>| matches!(record, Survivor::Damaged);
        let pairs = read.iter().zip(self.durable());
        pairs.filter(|(read, durable)| is_damaged(read) && !is_damaged(durable)).count() as u64
    }

    pub(super) fn troubles(&self) -> Option<&Troubles> {
        self.0.as_ref()?.troubles.as_deref()
    }

    /// The next append will land in the place of an earlier record.
    pub(crate) fn misdirect(&mut self, draw: u64) {
        self.drive().troubles().misdirected = Some(draw);
    }

    /// The node hears of a sync that failed. What it handed over since is lost as well; gives back how
    /// many writes that were.
    pub(crate) fn told(&mut self, now: SimTime) -> u64 {
        let Some(drive) = self.0.as_mut().filter(|drive| drive.untold) else { return 0 };
        drive.untold = false;
        drive.refuse(now)
    }

    /// The sync under way fails. Gives back how many writes are lost, like [`Disk::end_sync`].
    pub(crate) fn fail_sync(&mut self, now: SimTime) -> u64 {
        self.0.as_mut().expect("a sync is under way").refuse(now)
    }
}

fn count(faults: &mut u32, begins: bool) {
    *faults = if begins { *faults + 1 } else { faults.saturating_sub(1) };
}

impl<R, H> Drive<R, H> {
    pub(super) fn troubles(&mut self) -> &mut Troubles {
        self.troubles.get_or_insert_with(Box::default)
    }

    /// The sync under way is over, one way or the other.
    #[inline]
    pub(super) fn sync_is_over(&mut self) {
        if let Some(troubles) = &mut self.troubles {
            troubles.overdue = false;
        }
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
