//! Histograms that can be merged: what many runs together say about latency.
//!
//! One run keeps every operation, so its own percentiles are exact. Whoever puts thousands of runs
//! together takes their histograms: a few kilobytes, three significant digits, and merging two of
//! them gives the same as recording everything in one, in any order.

use crate::record::Latency;

/// A histogram of spans in nanoseconds with three significant digits, up to 2^62 ns.
///
/// Its counts are made at the first span: an empty one costs nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    counts: Option<hdrhistogram::Histogram<u64>>,
    sum: u128,
}

/// The longest span a histogram tells from longer ones, in nanoseconds (146 years).
const LONGEST: u64 = 1 << 62;

fn empty() -> hdrhistogram::Histogram<u64> {
    hdrhistogram::Histogram::new(3).expect("three significant digits exist")
}

impl Histogram {
    /// Takes a span in.
    pub fn record(&mut self, nanos: u64) {
        let counts = self.counts.get_or_insert_with(empty);
        counts.record(nanos.min(LONGEST)).expect("the histogram grows as it must");
        self.sum += u128::from(nanos);
    }

    /// Takes everything in that another histogram holds.
    pub fn merge(&mut self, other: &Histogram) {
        let Some(others) = &other.counts else { return };
        let counts = self.counts.get_or_insert_with(empty);
        counts.add(others).expect("the histogram grows as it must");
        self.sum += other.sum;
    }

    /// What was recorded: each value that is told from others, the smallest first, and how often.
    pub fn recorded(&self) -> impl Iterator<Item = (u64, u64)> {
        let steps = self.counts.iter().flat_map(|counts| counts.iter_recorded());
        steps.map(|step| (step.value_iterated_to(), step.count_at_value()))
    }

    /// Count, mean and percentiles; percentiles and the largest carry three significant digits.
    pub fn summary(&self) -> Latency {
        let Some(counts) = &self.counts else { return Latency::default() };
        let count = counts.len();
        let at = |one_in: u64| value_at_rank(counts, count - count / one_in);
        let mean = u64::try_from(self.sum / u128::from(count)).expect("a mean of u64 values");
        let (p50, p90, p99, p999) = (at(2), at(10), at(100), at(1000));
        Latency { count, mean, p50, p90, p99, p999, max: counts.max() }
    }
}

/// The nearest-rank percentile in whole numbers: no float decides between two ranks.
fn value_at_rank(counts: &hdrhistogram::Histogram<u64>, rank: u64) -> u64 {
    let mut seen = 0;
    for step in counts.iter_recorded() {
        seen += step.count_at_value();
        if seen >= rank.max(1) {
            return step.value_iterated_to();
        }
    }
    counts.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        values.into_iter().for_each(|value| histogram.record(value));
        histogram
    }

    #[test]
    fn percentiles_carry_three_digits() {
        let latency = of((1..=100_000).map(|i| i * 1_000)).summary();
        let near = |value: u64, exact: u64| value.abs_diff(exact) * 1_000 <= exact;
        assert_eq!(latency.count, 100_000);
        assert_eq!(latency.mean, 50_000_500);
        assert!(near(latency.p50, 50_000_000), "{latency:?}");
        assert!(near(latency.p99, 99_000_000), "{latency:?}");
        assert!(near(latency.p999, 99_900_000), "{latency:?}");
        assert!(near(latency.max, 100_000_000), "{latency:?}");
        assert_eq!(Histogram::default().summary(), Latency::default());
        assert_eq!(of([u64::MAX]).summary().count, 1);
    }

    #[test]
    fn merging_equals_recording_everything_in_one_in_any_order() {
        let (a, b) = (of((0..1_000).map(|i| i * i)), of((0..500).map(|i| i * 7_919)));
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.merge(&b);
        ba.merge(&a);
        let all = of((0..1_000).map(|i| i * i).chain((0..500).map(|i| i * 7_919)));
        assert_eq!(ab.summary(), all.summary());
        assert_eq!(ba.summary(), all.summary());
    }
}
