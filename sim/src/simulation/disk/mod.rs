//! The durable log of one node, and the effects that wait for it.
//!
//! What a node appends is first only handed over. One sync at a time makes everything handed over
//! at its beginning durable; a crash loses the rest, and everything that waited for it. What else can
//! happen to a disk stands in `troubles.rs` and `damage.rs`; disks that nothing happens to pay one
//! branch a sync for it.

mod damage;
#[cfg(test)]
mod tests;
mod troubles;

use std::collections::VecDeque;

pub(crate) use damage::Remains;
use troubles::Troubles;

use super::station::Station;
use crate::protocol::Survivor;
use crate::time::SimTime;

/// One operation handed to the disk.
#[derive(Debug)]
pub(crate) enum Write<R> {
    Append(R),
    Truncate { keep: usize },
    Rewrite(Vec<R>),
}

/// The disk of one node; made when something is first handed to it.
#[derive(Debug)]
pub(crate) struct Disk<R, H>(Option<Box<Drive<R, H>>>);

#[derive(Debug)]
struct Drive<R, H> {
    durable: Vec<Survivor<R>>,
    /// Handed over, not yet durable, with the instant of each.
    pending: VecDeque<(SimTime, Write<R>)>,
    /// Writes handed over, and made durable, since the node last started.
    handed: u64,
    synced: u64,
    /// While a sync is under way: the count of writes it will make durable.
    syncing: Option<u64>,
    /// Held effects with the count of writes that each waits for.
    held: VecDeque<(u64, H)>,
    station: Station,
    /// What is wrong with it, where something is.
    troubles: Option<Box<Troubles>>,
    /// A sync failed, and the node has not been told yet.
    untold: bool,
}

impl<R, H> Default for Disk<R, H> {
    fn default() -> Disk<R, H> {
        Disk(None)
    }
}

impl<R, H> Disk<R, H> {
    pub(crate) fn hand_over(&mut self, now: SimTime, write: Write<R>) {
        let drive = self.0.get_or_insert_with(Box::default);
        drive.station.enter(now);
        drive.pending.push_back((now, write));
        drive.handed += 1;
    }

    /// Holds an effect until everything handed over so far is durable; gives it back when it is.
    pub(crate) fn hold(&mut self, effect: H) -> Option<H> {
        let Some(drive) = self.0.as_mut().filter(|drive| drive.synced < drive.handed) else {
            return Some(effect);
        };
        drive.held.push_back((drive.handed, effect));
        None
    }

    /// Begins a sync if there is something to sync and none is under way.
    #[inline(always)]
    pub(crate) fn begin_sync(&mut self) -> bool {
        self.0.as_mut().is_some_and(|drive| drive.begin_sync())
    }

    /// Ends the sync that is under way: what it covered is durable. Gives back how many writes. Or
    /// the disk refuses them: everything that is not durable is lost, with what waited for it. Gives
    /// back how many writes that were.
    pub(crate) fn end_sync(&mut self, now: SimTime) -> Result<u64, u64> {
        self.0.as_mut().expect("a sync is under way").end_sync(now)
    }

    /// The next effect that waits for nothing any more.
    pub(crate) fn release(&mut self) -> Option<H> {
        let drive = self.0.as_mut()?;
        let (waits_for, _) = drive.held.front()?;
        (*waits_for <= drive.synced).then(|| drive.held.pop_front().expect("just seen").1)
    }

    /// Loses everything that is not durable. Gives back how many writes were lost.
    pub(crate) fn crash(&mut self, now: SimTime) -> usize {
        self.0.as_mut().map_or(0, |drive| drive.crash(now))
    }

    pub(crate) fn is_syncing(&self) -> bool {
        self.0.as_ref().is_some_and(|drive| drive.syncing.is_some())
    }

    pub(crate) fn durable(&self) -> &[Survivor<R>] {
        self.0.as_ref().map_or(&[], |drive| &drive.durable)
    }

    /// What was handed over and is not durable yet.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Write<R>> {
        self.0.iter().flat_map(|drive| drive.pending.iter().map(|(_, write)| write))
    }

    /// Closes the books at the end of the run.
    pub(crate) fn close(&self, name: &str, now: SimTime) {
        if let Some(drive) = &self.0 {
            let pending = drive.pending.iter().map(|(at, _)| *at);
            drive.station.clone().close(&format!("the disk of {name}"), now, pending);
        }
    }
}

impl<R, H> Default for Drive<R, H> {
    fn default() -> Drive<R, H> {
        Drive {
            durable: Vec::new(),
            pending: VecDeque::new(),
            handed: 0,
            synced: 0,
            syncing: None,
            held: VecDeque::new(),
            station: Station::default(),
            troubles: None,
            untold: false,
        }
    }
}

impl<R, H> Drive<R, H> {
    fn begin_sync(&mut self) -> bool {
        let begins = self.syncing.is_none() && self.synced < self.handed && !self.untold;
        if begins {
            self.syncing = Some(self.handed);
        }
        begins
    }

    fn end_sync(&mut self, now: SimTime) -> Result<u64, u64> {
        let upto = self.syncing.take().expect("a sync is under way");
        self.sync_is_over();
        let writes = upto - self.synced;
        if self.troubles.is_some() && self.refuses(writes) {
            let lost = self.refuse(now);
            // Until the node hears of it, what it does rests on what is lost: nothing reaches the
            // disk, and what waits for the disk waits.
            self.untold = true;
            self.handed = self.synced + 1;
            return Err(lost);
        }
        for _ in 0..writes {
            self.write_next(now);
        }
        self.synced = upto;
        Ok(writes)
    }

    /// The oldest write that is pending reaches the disk.
    #[inline]
    fn write_next(&mut self, now: SimTime) {
        let (since, write) = self.pending.pop_front().expect("a sync covers pending writes");
        self.station.leave(now, since);
        match write {
            Write::Append(_) if self.misdirects() => {}
            Write::Append(record) => self.durable.push(Survivor::Intact(record)),
            Write::Truncate { keep } => self.durable.truncate(keep),
            Write::Rewrite(records) => {
                self.durable = records.into_iter().map(Survivor::Intact).collect();
            }
        }
    }

    fn crash(&mut self, now: SimTime) -> usize {
        let lost = self.pending.len();
        for (since, _) in self.pending.drain(..) {
            self.station.leave(now, since);
        }
        self.held.clear();
        self.syncing = None;
        self.sync_is_over();
        self.untold = false;
        (self.handed, self.synced) = (0, 0);
        lost
    }
}
