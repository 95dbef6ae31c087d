//! The books about operations: one small row each, kept in every run.

use super::station::Station;
use crate::history::CallId;
use crate::protocol::NodeId;
use crate::record::{CurvePoint, Latency, OperationCounts, Series};
use crate::time::{SimTime, Span};

/// How an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Ok,
    Failed,
    Unknown,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) client: NodeId,
    pub(crate) called: SimTime,
    pub(crate) ended: SimTime,
    pub(crate) status: Status,
    /// The user of a closed loop.
    pub(crate) user: Option<u32>,
}

impl Row {
    pub(crate) fn latency(&self) -> Span {
        self.ended.since(self.called)
    }
}

/// Every operation of a run, by call number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) rows: Vec<Row>,
    station: Station,
}

impl Ledger {
    pub(crate) fn call(&mut self, now: SimTime, client: NodeId, user: Option<u32>) -> CallId {
        self.station.enter(now);
        self.rows.push(Row { client, called: now, ended: now, status: Status::Open, user });
        CallId(self.rows.len() as u64 - 1)
    }

    /// The node an operation was called on.
    pub(crate) fn client_of(&self, call: CallId) -> Option<NodeId> {
        self.rows.get(usize::try_from(call.0).ok()?).map(|row| row.client)
    }

    /// Ends an operation; `None` when it had ended before.
    pub(crate) fn end(&mut self, now: SimTime, call: CallId, status: Status) -> Option<&Row> {
        let row = self.rows.get_mut(usize::try_from(call.0).ok()?)?;
        if row.status != Status::Open {
            return None;
        }
        row.status = status;
        row.ended = now;
        self.station.leave(now, row.called);
        Some(row)
    }

    /// The client node of a call.
    pub(crate) fn client(&self, call: CallId) -> NodeId {
        self.rows[usize::try_from(call.0).expect("calls fit in memory")].client
    }

    pub(crate) fn counts(&self) -> OperationCounts {
        let mut counts =
            OperationCounts { called: self.rows.len() as u64, ..OperationCounts::default() };
        for row in &self.rows {
            match row.status {
                Status::Ok => counts.ok += 1,
                Status::Failed => counts.failed += 1,
                Status::Open | Status::Unknown => counts.unknown += 1,
            }
        }
        counts
    }

    /// Closes the books at the end of the run.
    pub(crate) fn close(&self, now: SimTime) {
        let open = self.rows.iter().filter(|row| row.status == Status::Open);
        self.station.clone().close("operations", now, open.map(|row| row.called));
    }

    /// Successful operations that ended in a stretch of time.
    pub(crate) fn successes(&self, (from, to): (SimTime, SimTime)) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(move |row| row.status == Status::Ok && from <= row.ended && row.ended < to)
    }

    /// The stretches in which operations waited and none succeeded, as far as they lie in `window`.
    pub(crate) fn unavailable(&self, window: (SimTime, SimTime), end: SimTime) -> Vec<Span> {
        // Ends come first at equal times, so that an operation that ends as another begins does not
        // bridge the two. What ends as it is called waits for nothing: of it only a success counts.
        let mut moves: Vec<(SimTime, Move)> = Vec::with_capacity(self.rows.len() * 2);
        for row in &self.rows {
            let ok = row.status == Status::Ok;
            if row.status == Status::Open {
                moves.push((row.called, Move::Called));
            } else if row.called == row.ended {
                moves.extend(ok.then_some((row.ended, Move::Passed)));
            } else {
                moves.push((row.called, Move::Called));
                moves.push((row.ended, if ok { Move::Succeeded } else { Move::GaveUp }));
            }
        }
        moves.sort_unstable();
        let mut stretches = Vec::new();
        let (mut waiting, mut since) = (0u64, SimTime::ZERO);
        let mut close = |since: SimTime, until: SimTime| {
            let (since, until) = (since.max(window.0), until.min(window.1));
            if until > since {
                stretches.push(until.since(since));
            }
        };
        for (at, what) in moves {
            let waited = waiting > 0;
            match what {
                Move::Called => waiting += 1,
                Move::GaveUp | Move::Succeeded => waiting -= 1,
                Move::Passed => {}
            }
            let ends = match what {
                Move::Called => !waited,
                Move::GaveUp => waiting == 0,
                Move::Passed | Move::Succeeded => true,
            };
            if ends {
                if waited {
                    close(since, at);
                }
                since = at;
            }
        }
        if waiting > 0 {
            close(since, end);
        }
        stretches
    }

    /// Latencies of the successes in a window, sorted.
    pub(crate) fn sorted_latencies(&self, window: (SimTime, SimTime)) -> Vec<u64> {
        let mut all: Vec<u64> = self.successes(window).map(|row| row.latency().0).collect();
        all.sort_unstable();
        all
    }

    /// How long the operations of a window that are open at the end have waited, as far as that is
    /// longer than a bound.
    pub(crate) fn waiting(
        &self,
        window: (SimTime, SimTime),
        end: SimTime,
        bound: Span,
    ) -> impl Iterator<Item = u64> {
        let open = self.rows.iter().filter(|row| row.status == Status::Open);
        open.filter(move |row| window.0 <= row.called && row.called < window.1)
            .map(move |row| end.since(row.called))
            .filter(move |waited| *waited > bound)
            .map(|waited| waited.0)
    }

    /// The latency-by-percentile curve, from the median on.
    pub(crate) fn curve(sorted: &[u64]) -> Vec<CurvePoint> {
        let steps = [100u64, 120, 140, 170, 200, 240, 300, 350, 400, 500, 600, 700, 850];
        let mut curve = Vec::new();
        let count = sorted.len() as u64;
        for decade in 0..9u32 {
            for step in steps {
                // The curve begins at the median and stops where nothing lies beyond.
                let one_in_100 = step * 10u64.pow(decade);
                if one_in_100 < 200 || one_in_100 % 100 != 0 {
                    continue;
                }
                let one_in = one_in_100 / 100;
                if one_in > count {
                    return curve;
                }
                let beyond = count / one_in;
                let latency_ns = sorted[usize::try_from(count - beyond - 1).unwrap_or(0)];
                curve.push(CurvePoint { one_in, latency_ns, beyond });
            }
        }
        curve
    }

    /// Counts and latencies over time; without buckets when nothing was ever called.
    pub(crate) fn series(&self, end: SimTime) -> Series {
        let bucket_ns = bucket(end);
        if self.rows.is_empty() {
            return Series { bucket_ns, ..Series::default() };
        }
        let buckets = usize::try_from(end.0.div_ceil(bucket_ns)).expect("a few hundred buckets");
        let place = |at: SimTime| {
            usize::try_from(at.0 / bucket_ns).expect("few buckets").min(buckets.saturating_sub(1))
        };
        let mut latencies: Vec<Vec<u64>> = vec![Vec::new(); buckets];
        let zeros = || vec![0; buckets];
        let mut series = Series {
            bucket_ns,
            called: zeros(),
            ok: zeros(),
            failed: zeros(),
            ..Series::default()
        };
        for row in self.rows.iter().filter(|_| buckets > 0) {
            series.called[place(row.called)] += 1;
            match row.status {
                Status::Ok => {
                    series.ok[place(row.ended)] += 1;
                    latencies[place(row.ended)].push(row.latency().0);
                }
                Status::Failed => series.failed[place(row.ended)] += 1,
                Status::Open | Status::Unknown => {}
            }
        }
        for bucket in &mut latencies {
            bucket.sort_unstable();
            series.p50_ns.push(nearest_rank(bucket, 2));
            series.p99_ns.push(nearest_rank(bucket, 100));
            series.max_ns.push(bucket.last().copied());
        }
        series
    }
}

/// The whole run, and beyond.
pub(crate) const EVER: (SimTime, SimTime) = (SimTime::ZERO, SimTime(u64::MAX));

/// What happens to the number of operations that wait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Move {
    /// One ends without success.
    GaveUp,
    /// One succeeds.
    Succeeded,
    /// One is called.
    Called,
    /// One succeeds at the instant it is called.
    Passed,
}

/// A summary of sorted latencies. The books keep every operation, so that percentiles are exact.
pub(crate) fn latency(sorted: &[u64]) -> Latency {
    let Some(max) = sorted.last().copied() else { return Latency::default() };
    let at = |one_in: u64| nearest_rank(sorted, one_in).unwrap_or(max);
    let count = sorted.len() as u64;
    let sum: u128 = sorted.iter().map(|latency| u128::from(*latency)).sum();
    let mean = u64::try_from(sum / u128::from(count)).expect("a mean of u64 values");
    Latency { count, mean, p50: at(2), p90: at(10), p99: at(100), p999: at(1000), max }
}

/// The nearest-rank percentile of sorted values: all but one in `one_in` are at most this.
pub(crate) fn nearest_rank(sorted: &[u64], one_in: u64) -> Option<u64> {
    let count = sorted.len() as u64;
    let place = count.saturating_sub(1 + count / one_in);
    sorted.get(usize::try_from(place).expect("a place in a list")).copied()
}

/// The width of a bucket: the shortest of 1, 2 and 5 times a power of ten that gives at most a
/// hundred of them. More show noise, fewer hide a gap.
fn bucket(end: SimTime) -> u64 {
    let decades = (3..19).map(|power| 10u64.pow(power));
    let widths = decades.flat_map(|decade| [1, 2, 5].map(|step| decade * step));
    let mut enough = widths.filter(|width| end.0.div_ceil(*width) <= 100);
    enough.next().expect("a run of 584 years has a bucket")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(rows: &[(u64, Option<u64>)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (called, ended) in rows {
            let status = if ended.is_some() { Status::Ok } else { Status::Open };
            ledger.rows.push(Row {
                client: NodeId(0),
                called: SimTime(*called),
                ended: SimTime(ended.unwrap_or(*called)),
                status,
                user: None,
            });
        }
        ledger
    }

    #[test]
    fn unavailable_is_waiting_without_success() {
        // One operation waits from 10 to 50, another from 20 to 30: nothing succeeds in 10..30 and
        // in 30..50; between 50 and 70 nobody waits; the last never ends.
        let ledger = ledger(&[(10, Some(50)), (20, Some(30)), (70, None)]);
        let spans = ledger.unavailable(EVER, SimTime(100));
        assert_eq!(spans, [Span(20), Span(20), Span(30)]);
        let clipped = ledger.unavailable((SimTime(25), SimTime(80)), SimTime(100));
        assert_eq!(clipped, [Span(5), Span(20), Span(10)]);
    }

    #[test]
    fn what_ends_as_it_is_called_does_not_wait() {
        // A call to a client that is down fails at once; nobody waits afterwards.
        let mut rows = ledger(&[(10, Some(10)), (20, Some(30)), (40, Some(90)), (60, Some(60))]);
        rows.rows[0].status = Status::Failed;
        assert_eq!(rows.unavailable(EVER, SimTime(100)), [Span(10), Span(20), Span(30)]);
        rows.rows[3].status = Status::Failed;
        assert_eq!(rows.unavailable(EVER, SimTime(100)), [Span(10), Span(50)]);
    }

    #[test]
    fn latencies_of_real_sizes_are_summed_up_exactly() {
        let sorted: Vec<u64> = (1..=1000).map(|ms| ms * 1_000_000).collect();
        let found = latency(&sorted);
        assert_eq!((found.count, found.mean, found.max), (1000, 500_500_000, 1_000_000_000));
        assert_eq!((found.p50, found.p90), (500_000_000, 900_000_000));
        assert_eq!((found.p99, found.p999), (990_000_000, 999_000_000));
        assert_eq!(latency(&[]), Latency::default());
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let sorted: Vec<u64> = (1..=100).collect();
        assert_eq!(nearest_rank(&sorted, 2), Some(50));
        assert_eq!(nearest_rank(&sorted, 100), Some(99));
        assert_eq!(nearest_rank(&sorted, 1000), Some(100));
        assert_eq!(nearest_rank(&[7], 2), Some(7));
        assert_eq!(nearest_rank(&[], 2), None);
    }

    #[test]
    fn buckets_are_round_and_few() {
        for end in [1, 1_000, 999_999, 20_000_000_000, 3_600_000_000_000, u64::MAX / 4] {
            let width = bucket(SimTime(end));
            assert!(end.div_ceil(width) <= 100, "{end}: {width}");
        }
        assert_eq!(bucket(SimTime(20_000_000_000)), 200_000_000);
    }

    #[test]
    fn series_count_operations_where_they_end() {
        let ledger = ledger(&[(0, Some(15_000)), (1_000, Some(2_000))]);
        let series = ledger.series(SimTime(80_000));
        assert_eq!(series.ok.iter().sum::<u64>(), 2);
        assert_eq!(series.called.iter().sum::<u64>(), 2);
        assert_eq!(series.max_ns.iter().flatten().max(), Some(&15_000));
    }
}
