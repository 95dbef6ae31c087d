//! The latencies of many runs together, small enough to be kept for every run of a sweep.

use std::collections::BTreeMap;

use rehearsal_sim::metrics::Histogram;
use rehearsal_sim::record::Latency;
use serde::{Deserialize, Serialize};

/// Buckets per doubling, as a power of two: a value is off by one part in 64 at most.
const BITS: u32 = 5;
const BUCKETS: u64 = 1 << BITS;

/// Latencies in buckets that grow with them. A run's own percentiles are exact; those of a million
/// runs together are known to 1.6 %, for some hundred bytes a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
pub(super) struct Pooled {
    counts: BTreeMap<u32, u64>,
    sum: u128,
    max: u64,
}

/// As it stands in a journal: sum, largest, then pairs of the distance from the bucket before and
/// how many fell into it.
#[derive(Serialize, Deserialize)]
struct Packed(String, u64, Vec<u64>);

impl From<Pooled> for Packed {
    fn from(pooled: Pooled) -> Packed {
        let (mut pairs, mut before) = (Vec::with_capacity(2 * pooled.counts.len()), 0);
        for (bucket, count) in pooled.counts {
            pairs.extend([u64::from(bucket - before), count]);
            before = bucket;
        }
        Packed(pooled.sum.to_string(), pooled.max, pairs)
    }
}

impl From<Packed> for Pooled {
    fn from(Packed(sum, max, pairs): Packed) -> Pooled {
        let (mut counts, mut bucket) = (BTreeMap::new(), 0u32);
        for pair in pairs.chunks_exact(2) {
            bucket = bucket.saturating_add(u32::try_from(pair[0]).unwrap_or(u32::MAX));
            counts.insert(bucket, pair[1]);
        }
        Pooled { counts, sum: sum.parse().unwrap_or_default(), max }
    }
}

impl Pooled {
    /// The latencies of one run; `exact` is its own summary of them.
    pub(super) fn of(latencies: &Histogram, exact: &Latency) -> Pooled {
        let mut counts = BTreeMap::new();
        for (value, count) in latencies.recorded() {
            *counts.entry(bucket(value)).or_default() += count;
        }
        Pooled { counts, sum: u128::from(exact.mean) * u128::from(exact.count), max: exact.max }
    }

    /// Takes in what another run measured. The order does not matter.
    pub(super) fn merge(&mut self, other: &Pooled) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// Count, mean and largest; the percentiles by nearest rank, off by 1.6 % at most.
    pub(super) fn summary(&self) -> Latency {
        let count: u64 = self.counts.values().sum();
        if count == 0 {
            return Latency::default();
        }
        let at = |one_in: u64| self.at_rank(count - count / one_in);
        let mean = u64::try_from(self.sum / u128::from(count)).unwrap_or(u64::MAX);
        let (p50, p90, p99, p999) = (at(2), at(10), at(100), at(1000));
        Latency { count, mean, p50, p90, p99, p999, max: self.max }
    }

    fn at_rank(&self, rank: u64) -> u64 {
        let mut seen = 0;
        for (bucket, count) in &self.counts {
            seen += count;
            if seen >= rank.max(1) {
                return middle(*bucket).min(self.max);
            }
        }
        self.max
    }
}

/// The bucket of a value: the values below 64 have one each, later doublings 32 each.
fn bucket(value: u64) -> u32 {
    let doublings = (u64::BITS - value.leading_zeros()).saturating_sub(BITS + 1);
    let within = u32::try_from(value >> doublings).expect("six bits");
    (doublings << BITS) + within
}

/// The middle of a bucket.
fn middle(bucket: u32) -> u64 {
    let doublings = (bucket >> BITS).saturating_sub(1);
    let within = u64::from(bucket) - (u64::from(doublings) << BITS);
    let low = u128::from(within) << doublings;
    let middle = low + ((1u128 << doublings) >> 1);
    debug_assert!(doublings == 0 || within >= BUCKETS);
    u64::try_from(middle).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_off_by_a_64th_at_most() {
        let mut value = 0u64;
        while value < u64::MAX / 3 {
            let near = middle(bucket(value));
            assert!(near.abs_diff(value) <= value / 64 + 1, "{value} became {near}");
            value += 1 + value / 97;
        }
        for exact in 0..64 {
            assert_eq!(middle(bucket(exact)), exact);
        }
        assert!(middle(bucket(u64::MAX)) > u64::MAX / 64 * 63);
    }

    #[test]
    fn buckets_grow_with_values() {
        let values: Vec<u64> = (0..10_000).chain((14..63).map(|bit| 1 << bit)).collect();
        assert!(values.windows(2).all(|pair| bucket(pair[0]) <= bucket(pair[1])));
    }

    #[test]
    fn packing_loses_nothing_and_merging_is_addition() {
        let mut histogram = Histogram::default();
        (1..500u64).for_each(|n| histogram.record(n * n * 1000));
        let one = Pooled::of(&histogram, &histogram.summary());
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Pooled>(&text).unwrap(), one);
        let mut two = one.clone();
        two.merge(&one);
        let (one, two) = (one.summary(), two.summary());
        assert_eq!((two.count, two.mean, two.max), (2 * one.count, one.mean, one.max));
        assert_eq!((two.p50, two.p90), (one.p50, one.p90));
        let exact = histogram.summary();
        assert!(one.p50.abs_diff(exact.p50) <= exact.p50 / 50, "{one:?} and {exact:?}");
    }
}
