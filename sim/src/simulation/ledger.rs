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

    /// The calls that are open on a node.
    pub(crate) fn open_on(&self, node: NodeId) -> Vec<CallId> {
        let open = |row: &Row| row.status == Status::Open && row.client == node;
        (0u64..).zip(&self.rows).filter(|(_, r)| open(r)).map(|(id, _)| CallId(id)).collect()
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
        // +1 where an operation is called, -1 where one ends; ends come first at equal times, so
        // that an operation that ends as another begins does not bridge the two.
        let mut moves: Vec<(SimTime, bool, bool)> = Vec::with_capacity(self.rows.len() * 2);
        for row in &self.rows {
            moves.push((row.called, true, false));
            if row.status != Status::Open {
                moves.push((row.ended, false, row.status == Status::Ok));
            }
        }
        moves.sort();
        let mut stretches = Vec::new();
        let (mut waiting, mut since) = (0u64, SimTime::ZERO);
        let mut close = |since: SimTime, until: SimTime| {
            let (since, until) = (since.max(window.0), until.min(window.1));
            if until > since {
                stretches.push(until.since(since));
            }
        };
        for (at, called, succeeded) in moves {
            if called {
                if waiting == 0 {
                    since = at;
                }
                waiting += 1;
                continue;
            }
            waiting = waiting.saturating_sub(1);
            if succeeded || waiting == 0 {
                close(since, at);
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

    pub(crate) fn latency(&self) -> Latency {
        let mut histogram = histogram();
        let (mut sum, mut max) = (0u128, 0);
        for row in self.successes(EVER) {
            let latency = row.latency().0;
            histogram.record(latency.max(1)).expect("the histogram grows");
            sum += u128::from(latency);
            max = max.max(latency);
        }
        let count = histogram.len();
        if count == 0 {
            return Latency::default();
        }
        let at = |one_in: u64| rank(&histogram, one_in).min(max);
        let mean = u64::try_from(sum / u128::from(count)).expect("a mean of u64 values");
        Latency { count, mean, p50: at(2), p90: at(10), p99: at(100), p999: at(1000), max }
    }

    /// The latency-by-percentile curve: thirteen points a decade.
    pub(crate) fn curve(&self) -> Vec<CurvePoint> {
        let sorted = self.sorted_latencies(EVER);
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

    pub(crate) fn series(&self, end: SimTime) -> Series {
        let bucket_ns = bucket(end);
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

fn histogram() -> hdrhistogram::Histogram<u64> {
    hdrhistogram::Histogram::new(3).expect("three significant digits are supported")
}

/// The value that all but one in `one_in` samples stay below or at.
fn rank(histogram: &hdrhistogram::Histogram<u64>, one_in: u64) -> u64 {
    let target = histogram.len() - histogram.len() / one_in;
    let mut seen = 0;
    for step in histogram.iter_recorded() {
        seen += step.count_at_value();
        if seen >= target {
            return step.value_iterated_to();
        }
    }
    histogram.max()
}

/// The nearest-rank percentile of sorted values: all but one in `one_in` are at most this.
pub(crate) fn nearest_rank(sorted: &[u64], one_in: u64) -> Option<u64> {
    let count = sorted.len() as u64;
    let place = count.checked_sub(1 + count / one_in).unwrap_or(0);
    sorted.get(usize::try_from(place).expect("a place in a list")).copied()
}

/// The width of a bucket: a round number that gives 80 to 240 of them.
fn bucket(end: SimTime) -> u64 {
    let rough = end.0 / 80;
    let mut decade = 1_000;
    loop {
        for step in [1, 2, 5] {
            let next = decade * step * 3;
            if next > rough {
                return (decade * step).max(1);
            }
        }
        decade *= 10;
    }
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
            assert!(end.div_ceil(width) <= 400, "{end}: {width}");
        }
        assert_eq!(bucket(SimTime(20_000_000_000)), 100_000_000);
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
