//! The durable log of one node, and the effects that wait for it.
//!
//! What a node appends is first only handed over. One sync at a time makes everything handed over
//! at its beginning durable; a crash loses the rest, and everything that waited for it.

use std::collections::VecDeque;

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

/// The disk of one node.
#[derive(Debug)]
pub(crate) struct Disk<R, H> {
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
}

impl<R: Clone, H> Default for Disk<R, H> {
    fn default() -> Disk<R, H> {
        Disk {
            durable: Vec::new(),
            pending: VecDeque::new(),
            handed: 0,
            synced: 0,
            syncing: None,
            held: VecDeque::new(),
            station: Station::default(),
        }
    }
}

impl<R: Clone, H> Disk<R, H> {
    pub(crate) fn hand_over(&mut self, now: SimTime, write: Write<R>) {
        self.station.enter(now);
        self.pending.push_back((now, write));
        self.handed += 1;
    }

    /// Holds an effect until everything handed over so far is durable; gives it back when it is.
    pub(crate) fn hold(&mut self, effect: H) -> Option<H> {
        if self.synced == self.handed {
            return Some(effect);
        }
        self.held.push_back((self.handed, effect));
        None
    }

    /// Begins a sync if there is something to sync and none is under way.
    pub(crate) fn begin_sync(&mut self) -> bool {
        let begins = self.syncing.is_none() && self.synced < self.handed;
        if begins {
            self.syncing = Some(self.handed);
        }
        begins
    }

    /// Ends the sync that is under way: what it covered is durable. Gives back how many writes.
    pub(crate) fn end_sync(&mut self, now: SimTime) -> u64 {
        let upto = self.syncing.take().expect("a sync is under way");
        let writes = upto - self.synced;
        for _ in 0..writes {
            let (since, write) = self.pending.pop_front().expect("a sync covers pending writes");
            self.station.leave(now, since);
            match write {
                Write::Append(record) => self.durable.push(Survivor::Intact(record)),
                Write::Truncate { keep } => self.durable.truncate(keep),
                Write::Rewrite(records) => {
                    self.durable = records.into_iter().map(Survivor::Intact).collect();
                }
            }
        }
        self.synced = upto;
        writes
    }

    /// The next effect that waits for nothing any more.
    pub(crate) fn release(&mut self) -> Option<H> {
        let (waits_for, _) = self.held.front()?;
        (*waits_for <= self.synced).then(|| self.held.pop_front().expect("just seen").1)
    }

    /// Loses everything that is not durable. Gives back how many writes were lost.
    pub(crate) fn crash(&mut self, now: SimTime) -> usize {
        let lost = self.pending.len();
        for (since, _) in self.pending.drain(..) {
            self.station.leave(now, since);
        }
        self.held.clear();
        self.syncing = None;
        (self.handed, self.synced) = (0, 0);
        lost
    }

    pub(crate) fn is_syncing(&self) -> bool {
        self.syncing.is_some()
    }

    pub(crate) fn durable(&self) -> &[Survivor<R>] {
        &self.durable
    }

    /// What was handed over and is not durable yet.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Write<R>> {
        self.pending.iter().map(|(_, write)| write)
    }

    /// Closes the books at the end of the run.
    pub(crate) fn close(&self, name: &str, now: SimTime) {
        let station = self.station.clone();
        station.close(&format!("the disk of {name}"), now, self.pending.iter().map(|(at, _)| *at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intact(disk: &Disk<u32, &'static str>) -> Vec<u32> {
        let value = |record: &Survivor<u32>| match record {
            Survivor::Intact(value) => *value,
            other => panic!("{other:?}"),
        };
        disk.durable().iter().map(value).collect()
    }

    #[test]
    fn held_effects_wait_for_what_was_appended_before_them() {
        let mut disk = Disk::default();
        assert_eq!(disk.hold("nothing to wait for"), Some("nothing to wait for"));
        disk.hand_over(SimTime(1), Write::Append(1));
        assert_eq!(disk.hold("first"), None);
        assert!(disk.begin_sync());
        disk.hand_over(SimTime(2), Write::Append(2));
        assert_eq!(disk.hold("second"), None);
        assert!(!disk.begin_sync(), "one sync at a time");
        assert_eq!(disk.end_sync(SimTime(5)), 1);
        assert_eq!((disk.release(), disk.release()), (Some("first"), None));
        assert!(disk.begin_sync());
        disk.end_sync(SimTime(9));
        assert_eq!(disk.release(), Some("second"));
        assert_eq!(intact(&disk), [1, 2]);
        disk.close("n1", SimTime(9));
    }

    #[test]
    fn a_crash_loses_the_unsynced_tail_and_what_waited_for_it() {
        let mut disk = Disk::default();
        disk.hand_over(SimTime(1), Write::Append(1));
        disk.begin_sync();
        disk.end_sync(SimTime(2));
        disk.hand_over(SimTime(3), Write::Append(2));
        disk.hold("never");
        disk.begin_sync();
        assert_eq!(disk.crash(SimTime(4)), 1);
        assert_eq!((disk.release(), intact(&disk)), (None, vec![1]));
        disk.hand_over(SimTime(5), Write::Rewrite(vec![7, 8, 9]));
        disk.hand_over(SimTime(5), Write::Truncate { keep: 2 });
        disk.begin_sync();
        disk.end_sync(SimTime(6));
        assert_eq!(intact(&disk), [7, 8]);
        disk.close("n1", SimTime(8));
    }
}
