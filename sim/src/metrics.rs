//! What the names of metrics tell, and histograms: what of a run's latencies is worth keeping where
//! many runs are put together.
//!
//! One run keeps every operation, so its own percentiles are exact. Whoever puts thousands of runs
//! together takes their histograms: a few kilobytes, three significant digits.

use crate::record::Latency;

/// Whether a metric is a span in nanoseconds. Its name tells: it ends with `_ns`, or with `_ns_max`
/// where it is the largest value of a gauge.
///
/// ```
/// use rehearsal_sim::metrics::is_span;
///
/// assert!(is_span("unavailable_ns") && is_span("queue_wait_ns_max"));
/// assert!(!is_span("elections") && !is_span("log_length_max"));
/// ```
pub fn is_span(metric: &str) -> bool {
    metric.strip_suffix("_max").unwrap_or(metric).ends_with("_ns")
}

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
    fn what_was_recorded_is_told() {
        let found: Vec<(u64, u64)> = of([5, 900, 5, 7]).recorded().collect();
        assert_eq!(found, [(5, 2), (7, 1), (900, 1)]);
        assert_eq!(Histogram::default().recorded().count(), 0);
    }
}
