//! A wire: a link that takes time to send, and what waits for it.
//!
//! Work is counted in billionths of a bit, so that a wire of so many bits per second does that much of
//! it in a nanosecond: no fraction is ever lost. Only ends are rounded: a copy has been sent at the
//! first whole nanosecond at which all of it is.

use std::collections::{BTreeMap, VecDeque};

use super::laws::WireLaw;
use crate::plan::Sharing;
use crate::simulation::queue::Handle;
use crate::simulation::station::Station;
use crate::time::{SimTime, Span};

/// Billionths of a bit in a byte.
const BYTE: u128 = 8_000_000_000;

/// A copy on a wire.
#[derive(Debug)]
struct Job {
    parcel: u32,
    bytes: u64,
    /// When it joined the queue.
    came: SimTime,
    /// What the meter said when it began to be sent.
    start: u128,
}

/// The state of one wire.
#[derive(Debug)]
pub(crate) struct Wire {
    sharing: Sharing,
    /// Bytes that may be waiting or being sent.
    room: Option<u64>,
    /// Bits per second; `None` sends everything at once.
    rate: Option<u64>,
    /// What is not being sent yet, in the order it came.
    waiting: VecDeque<Job>,
    /// What is being sent, by what the meter will say when it has been, then by order of coming.
    sending: BTreeMap<(u128, u64), Job>,
    /// Copies that were ever sent or are being sent.
    begun: u64,
    /// Bytes waiting or being sent.
    bytes: u64,
    /// The work done since the run began for a copy that was being sent all the time.
    meter: u128,
    /// Work done that does not divide by the number of copies: each has less than a whole unit of it.
    rest: u128,
    /// Up to when that is right.
    read: SimTime,
    books: Books,
    /// When it is done next, and the event that says so.
    pub(crate) scheduled: Option<(SimTime, Handle)>,
}

/// Both sides of the two laws that hold exactly for every wire.
#[derive(Debug, Default)]
struct Books {
    /// Little's law: waiting and being sent.
    station: Station,
    /// Since when the wire has been busy at its present rate.
    busy_since: Option<SimTime>,
    /// The utilisation law: what it could do while it was busy, and what its copies got.
    offered: u128,
    got: u128,
}

impl Wire {
    pub(super) fn new(law: WireLaw, rate: Option<u64>) -> Wire {
        Wire {
            sharing: law.sharing,
            room: law.queue,
            rate,
            waiting: VecDeque::new(),
            sending: BTreeMap::new(),
            begun: 0,
            bytes: 0,
            meter: 0,
            rest: 0,
            read: SimTime::ZERO,
            books: Books::default(),
            scheduled: None,
        }
    }

    pub(super) fn rate(&self) -> Option<u64> {
        self.rate
    }

    /// Whether it takes no time and has nothing left to send.
    pub(super) fn is_idle_and_instant(&self) -> bool {
        self.rate.is_none() && self.sending.is_empty()
    }

    /// A copy joins; `false` when there is no room for it.
    pub(super) fn join(&mut self, now: SimTime, parcel: u32, bytes: u32) -> bool {
        self.read(now);
        let bytes = u64::from(bytes);
        if self.room.is_some_and(|room| self.bytes + bytes > room) {
            return false;
        }
        self.bytes += bytes;
        self.books.station.enter(now);
        let job = Job { parcel, bytes, came: now, start: 0 };
        if self.sharing == Sharing::Fifo && !self.sending.is_empty() {
            self.waiting.push_back(job);
        } else {
            self.begin(now, &job);
        }
        true
    }

    fn begin(&mut self, now: SimTime, job: &Job) {
        self.books.busy_since.get_or_insert(now);
        let end = self.meter + u128::from(job.bytes) * BYTE;
        self.sending.insert((end, self.begun), Job { start: self.meter, ..*job });
        self.begun += 1;
    }

    /// Lets time pass on the meter.
    fn read(&mut self, now: SimTime) {
        let passed = u128::from(now.since(self.read).0);
        self.read = now;
        let copies = self.sending.len() as u128;
        if let (Some(rate), 1..) = (self.rate, copies) {
            let work = passed * u128::from(rate) + self.rest;
            self.meter += work / copies;
            self.rest = work % copies;
        }
    }

    /// When the next copy will have been sent.
    pub(crate) fn due(&self) -> Option<SimTime> {
        let ((end, _), _) = self.sending.first_key_value()?;
        let Some(rate) = self.rate else { return Some(self.read) };
        let work = end.saturating_sub(self.meter) * self.sending.len() as u128;
        let takes = work.saturating_sub(self.rest).div_ceil(u128::from(rate));
        Some(self.read.after(Span(u64::try_from(takes).unwrap_or(u64::MAX))))
    }

    /// The copies that have been sent by now, in their order.
    pub(crate) fn sent(&mut self, now: SimTime) -> Vec<u32> {
        self.read(now);
        let mut sent = Vec::new();
        while let Some(first) = self.sending.first_entry() {
            if self.rate.is_some() && first.key().0 > self.meter {
                break;
            }
            let job = first.remove();
            self.bytes -= job.bytes;
            self.books.got += self.meter - job.start;
            self.books.station.leave(now, job.came);
            sent.push(job.parcel);
            if let (true, Some(next)) = (self.sending.is_empty(), self.waiting.pop_front()) {
                self.begin(now, &next);
            }
        }
        if self.sending.is_empty() {
            self.rests(now);
        }
        sent
    }

    /// What it did at its rate until now is added up.
    fn rests(&mut self, now: SimTime) {
        if let Some(since) = self.books.busy_since.take() {
            let busy = u128::from(now.since(since).0);
            self.books.offered += busy * u128::from(self.rate.unwrap_or(0));
            if self.sending.is_empty() {
                self.books.got += std::mem::take(&mut self.rest);
            }
        }
    }

    /// Changes how fast it sends, from now on.
    pub(super) fn set_rate(&mut self, now: SimTime, rate: Option<u64>) {
        self.read(now);
        self.rests(now);
        self.rate = rate;
        if !self.sending.is_empty() {
            self.books.busy_since = Some(now);
        }
    }

    /// Closes the books at the end of the run.
    ///
    /// Panics when the two sides of a law differ: then the simulator itself is wrong.
    pub(super) fn close(mut self, what: &str, now: SimTime) {
        self.read(now);
        self.rests(now);
        let partly: u128 = self.sending.values().map(|job| self.meter - job.start).sum();
        let (offered, got) = (self.books.offered, self.books.got + partly + self.rest);
        assert_eq!(
            offered, got,
            "utilisation of {what}: it did {offered} billionths of a bit, its copies got {got}"
        );
        let inside = self.sending.values().chain(&self.waiting).map(|job| job.came);
        self.books.station.close(what, now, inside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MBIT: u64 = 1_000_000;

    fn wire(sharing: Sharing, room: Option<u64>) -> Wire {
        let law = WireLaw { bandwidth: Some(MBIT), queue: room, sharing };
        Wire::new(law, law.bandwidth)
    }

    /// Lets a wire work until it is done; gives back each copy with its end.
    fn ends(wire: &mut Wire) -> Vec<(u32, u64)> {
        let mut ends = Vec::new();
        while let Some(at) = wire.due() {
            ends.extend(wire.sent(at).into_iter().map(|parcel| (parcel, at.0)));
        }
        ends
    }

    /// check:Q14: n equal transfers end at n S/B where they share, at (n+1)/2 S/B in the mean where
    /// they queue. 125 bytes at 1 Mbit/s are 1 ms.
    #[test]
    fn equal_transfers_share_or_queue_exactly() {
        for n in [1u32, 2, 3, 7, 10] {
            let mut fair = wire(Sharing::Fair, None);
            let mut fifo = wire(Sharing::Fifo, None);
            for parcel in 0..n {
                assert!(fair.join(SimTime::ZERO, parcel, 125));
                assert!(fifo.join(SimTime::ZERO, parcel, 125));
            }
            let all = u64::from(n) * 1_000_000;
            assert_eq!(ends(&mut fair), (0..n).map(|p| (p, all)).collect::<Vec<_>>());
            let queued = ends(&mut fifo);
            assert_eq!(
                queued,
                (0..n).map(|p| (p, u64::from(p + 1) * 1_000_000)).collect::<Vec<_>>()
            );
            let sum: u64 = queued.iter().map(|(_, end)| end).sum();
            assert_eq!(sum * 2, u64::from(n) * u64::from(n + 1) * 1_000_000);
            fair.close("fair", SimTime(all));
            fifo.close("fifo", SimTime(all));
        }
    }

    /// The late one gets half of the wire while the other is there.
    #[test]
    fn who_comes_later_shares_what_is_left() {
        let mut wire = wire(Sharing::Fair, None);
        assert!(wire.join(SimTime::ZERO, 0, 250));
        assert!(wire.join(SimTime(1_000_000), 1, 250));
        // Half of the first is left: it takes 2 ms; then half of the second, alone: 1 ms.
        assert_eq!(ends(&mut wire), [(0, 3_000_000), (1, 4_000_000)]);
        wire.close("fair", SimTime(9_000_000));
    }

    #[test]
    fn ends_are_rounded_up_to_whole_nanoseconds() {
        let law = WireLaw { bandwidth: Some(3_000_000_000), ..WireLaw::default() };
        let mut wire = Wire::new(law, law.bandwidth);
        (0..3).for_each(|parcel| assert!(wire.join(SimTime::ZERO, parcel, 1)));
        // 8 bits at 3 bits per nanosecond.
        assert_eq!(ends(&mut wire), [(0, 3), (1, 6), (2, 9)]);
        wire.close("fifo", SimTime(9));
    }

    #[test]
    fn what_finds_no_room_is_turned_away() {
        let mut wire = wire(Sharing::Fifo, Some(250));
        assert!(wire.join(SimTime::ZERO, 0, 125));
        assert!(wire.join(SimTime::ZERO, 1, 125));
        assert!(!wire.join(SimTime::ZERO, 2, 1), "the copy being sent counts");
        assert_eq!(wire.sent(SimTime(1_000_000)), [0]);
        assert!(wire.join(SimTime(1_000_000), 3, 125));
        assert_eq!(ends(&mut wire), [(1, 2_000_000), (3, 3_000_000)]);
        wire.close("fifo", SimTime(3_000_000));
    }

    /// A slower wire goes on with what is left, and one without a rate lets everything go at once.
    #[test]
    fn rates_change_in_the_middle_of_a_copy() {
        for sharing in [Sharing::Fifo, Sharing::Fair] {
            let mut wire = wire(sharing, None);
            assert!(wire.join(SimTime::ZERO, 0, 125));
            wire.set_rate(SimTime(500_000), Some(MBIT / 10));
            assert_eq!(wire.due(), Some(SimTime(5_500_000)));
            assert!(wire.join(SimTime(1_000_000), 1, 125));
            wire.set_rate(SimTime(2_000_000), None);
            assert_eq!(wire.due(), Some(SimTime(2_000_000)));
            assert_eq!(wire.sent(SimTime(2_000_000)), [0, 1]);
            assert!(wire.is_idle_and_instant());
            wire.close("a wire", SimTime(3_000_000));
        }
    }

    #[test]
    #[should_panic(expected = "utilisation of a wire")]
    fn work_that_nobody_got_is_noticed() {
        let mut wire = wire(Sharing::Fair, None);
        assert!(wire.join(SimTime::ZERO, 0, 125));
        wire.books.got += 1;
        wire.close("a wire", SimTime(10));
    }
}
