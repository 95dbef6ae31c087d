//! One number of every run of a sweep: exact order statistics over the seeds.

use serde::{Deserialize, Serialize};

use super::row::Unit;

/// The numbers of one name. Zeros are only counted: most metrics of most runs are.
#[derive(Debug, Default)]
pub(super) struct Column {
    values: Vec<i64>,
    /// The largest, and the first seed that had it.
    most: Option<(i64, u64)>,
}

/// What is told of a column. Percentiles are by nearest rank, over the runs that have the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Band {
    /// `p99_ns`, or the name of a metric.
    pub(super) name: String,
    /// What it counts.
    pub(super) unit: Unit,
    /// How many runs have this number.
    pub(super) runs: u64,
    /// The number that 5 % of the runs do not exceed.
    pub(super) p5: i64,
    /// The median.
    pub(super) median: i64,
    /// The number that 95 % of the runs do not exceed.
    pub(super) p95: i64,
    /// The least.
    pub(super) least: i64,
    /// The most.
    pub(super) most: i64,
    /// The first seed that had the most; `null` where that is zero.
    pub(super) most_seed: Option<u64>,
}

impl Column {
    /// Takes a run's number in; runs come in the order of their seeds.
    pub(super) fn take(&mut self, value: i64, seed: u64) {
        if value == 0 {
            return;
        }
        self.values.push(value);
        if self.most.is_none_or(|(most, _)| value > most) {
            self.most = Some((value, seed));
        }
    }

    /// How many numbers are not zero.
    pub(super) fn hits(&self) -> u64 {
        self.values.len() as u64
    }

    /// All numbers together.
    pub(super) fn sum(&self) -> i64 {
        self.values.iter().fold(0, |sum, value| sum.saturating_add(*value))
    }

    /// The statistics over `runs` runs, those with a zero among them.
    pub(super) fn band(mut self, name: &str, unit: Unit, runs: u64) -> Band {
        self.values.sort_unstable();
        let at = |rank: u64| self.at_rank(rank, runs);
        let share = |percent: u64| {
            let rank = (u128::from(runs) * u128::from(percent)).div_ceil(100);
            at(u64::try_from(rank).expect("no more than there are runs"))
        };
        let most = at(runs);
        Band {
            name: name.to_owned(),
            unit,
            runs,
            p5: share(5),
            median: share(50),
            p95: share(95),
            least: at(1),
            most,
            most_seed: self.most.filter(|(value, _)| *value == most).map(|(_, seed)| seed),
        }
    }

    /// The number of a rank from 1, zero when there is none at all.
    fn at_rank(&self, rank: u64, runs: u64) -> i64 {
        let below = self.values.partition_point(|value| *value < 0) as u64;
        let zeros = runs - self.hits();
        let place = match rank {
            0 => return 0,
            _ if rank <= below => rank - 1,
            _ if rank <= below + zeros => return 0,
            _ => rank - zeros - 1,
        };
        usize::try_from(place).ok().and_then(|at| self.values.get(at)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(values: &[i64]) -> Band {
        let mut column = Column::default();
        (100..).zip(values).for_each(|(seed, value)| column.take(*value, seed));
        column.band("x", Unit::Count, values.len() as u64)
    }

    #[test]
    fn ranks_are_those_of_the_sorted_list() {
        let of = |b: &Band| (b.least, b.p5, b.median, b.p95, b.most, b.most_seed);
        assert_eq!(of(&band(&[])), (0, 0, 0, 0, 0, None));
        assert_eq!(of(&band(&[7])), (7, 7, 7, 7, 7, Some(100)));
        assert_eq!(of(&band(&[0, 0, 0])), (0, 0, 0, 0, 0, None));
        assert_eq!(of(&band(&[3, 0, -2, 0, 3])), (-2, -2, 0, 3, 3, Some(100)));
        assert_eq!(of(&band(&[-5, 0])), (-5, -5, -5, 0, 0, None));
        let hundred: Vec<i64> = (1..=100).rev().collect();
        assert_eq!(of(&band(&hundred)), (1, 5, 50, 95, 100, Some(100)));
    }

    /// Against the definition: the smallest number that so many do not exceed.
    #[test]
    fn percentiles_are_by_nearest_rank() {
        for length in 1..60i64 {
            let values: Vec<i64> = (0..length).map(|i| (i * 37) % 11 - 4).collect();
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let nearest = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100) - 1];
            let found = band(&values);
            assert_eq!(
                (found.p5, found.median, found.p95),
                (nearest(5), nearest(50), nearest(95)),
                "{values:?}"
            );
        }
    }
}
