//! What counts of seeds are worth: intervals of shares, and of ratios of shares.

use serde::Serialize;

/// How many standard deviations a 99 % interval reaches to either side.
const Z_99: f64 = 2.575_829_303_548_901;
/// The same for 99.99 %: a table has some hundred ratios, and none of them should be there by chance.
const Z_9999: f64 = 3.890_591_886_413_124;

/// Thousandths are enough for people, and the same on every machine.
fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

/// The share of seeds that found something, with its 99 % interval (Wilson, *Probable inference*,
/// JASA 1927), which holds for few finds and few seeds too.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Share {
    pub(super) share: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Share {
    pub(super) fn of(found: u64, seeds: u64) -> Share {
        if seeds == 0 {
            return Share { share: 0.0, low: 0.0, high: 1.0 };
        }
        let (found, n) = (found as f64, seeds as f64);
        let (share, z2) = (found / n, Z_99 * Z_99);
        let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z_99 / (1.0 + z2 / n)
            * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
        Share {
            share: rounded(share),
            low: rounded((middle - half).max(0.0)),
            high: rounded((middle + half).min(1.0)),
        }
    }
}

/// Seeds with a family of faults and without it, and how many of them found the bug.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) on: u64,
    pub(super) found_on: u64,
    pub(super) off: u64,
    pub(super) found_off: u64,
}

/// How many times as often a bug is found with a family of faults as without.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Ratio {
    pub(super) family: &'static str,
    pub(super) ratio: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Ratios beyond these are told as these.
const SMALLEST: f64 = 1.0 / 1024.0;
const LARGEST: f64 = 1024.0;

impl Ratio {
    /// The ratio of the two shares with its 99.99 % score interval (Koopman, *Confidence intervals
    /// for the ratio of two binomial proportions*, Biometrics 1984), which holds where one side
    /// found nothing. The ratio itself has half a find added on each side so that it can be told
    /// there, too; it and its interval lie in 1/1024 to 1024.
    pub(super) fn of(family: &'static str, split: Split) -> Option<Ratio> {
        if split.on == 0 || split.off == 0 || split.found_on + split.found_off == 0 {
            return None;
        }
        let half = |count: u64| count as f64 + 0.5;
        let ratio =
            (half(split.found_on) / half(split.on)) / (half(split.found_off) / half(split.off));
        let hundredths = |ratio: f64| (ratio.clamp(SMALLEST, LARGEST) * 100.0).round() / 100.0;
        Some(Ratio {
            family,
            ratio: hundredths(ratio),
            low: hundredths(crossing(split, Z_9999)),
            high: hundredths(crossing(split, -Z_9999)),
        })
    }

    /// Helps, beyond doubt.
    pub(super) fn is_trigger(&self) -> bool {
        self.low > 1.0
    }

    /// Hinders, beyond doubt.
    pub(super) fn is_suppressor(&self) -> bool {
        self.high < 1.0
    }
}

/// The ratio at which the score comes down to `level`; the score falls as the ratio grows.
fn crossing(split: Split, level: f64) -> f64 {
    let (mut low, mut high) = (SMALLEST, LARGEST);
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if score(split, middle) > level { low = middle } else { high = middle }
    }
    (low * high).sqrt()
}

/// How many standard deviations the shares lie from having this ratio, were it the true one.
fn score(split: Split, ratio: f64) -> f64 {
    let [on, found_on, off, found_off] =
        [split.on, split.found_on, split.off, split.found_off].map(|count| count as f64);
    // The most likely share without the family, given the ratio, solves a quadratic equation.
    let square = (on + off) * ratio;
    let linear = (on + found_off) * ratio + found_on + off;
    let root = (linear * linear - 4.0 * square * (found_on + found_off)).max(0.0).sqrt();
    let without = ((linear - root) / (2.0 * square)).clamp(0.0, 1.0);
    let with = (without * ratio).clamp(0.0, 1.0);
    let variance = with * (1.0 - with) / on + ratio * ratio * without * (1.0 - without) / off;
    (found_on / on - ratio * found_off / off) / variance.max(f64::MIN_POSITIVE).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_the_intervals_of_wilson() {
        // Computed by hand from the formula: 10 of 100, z = 2.5758.
        let share = Share::of(10, 100);
        assert_eq!((share.share, share.low, share.high), (0.1, 0.046, 0.2038));
        let none = Share::of(0, 2_000);
        assert_eq!((none.share, none.low), (0.0, 0.0));
        assert!((0.003..0.004).contains(&none.high), "{none:?}");
        let all = Share::of(50, 50);
        assert!(all.high > 0.9999 && (0.85..0.92).contains(&all.low), "{all:?}");
        assert_eq!(Share::of(0, 0).high, 1.0);
    }

    #[test]
    fn a_family_that_is_needed_is_a_trigger_and_chance_is_nothing() {
        let split = |on, found_on, off, found_off| Split { on, found_on, off, found_off };
        let needed = Ratio::of("crash", split(1_000, 50, 1_000, 0)).unwrap();
        assert!(needed.is_trigger() && !needed.is_suppressor(), "{needed:?}");
        let harmful = Ratio::of("order", split(1_000, 10, 1_000, 90)).unwrap();
        assert!(harmful.is_suppressor() && !harmful.is_trigger(), "{harmful:?}");
        let chance = Ratio::of("slow", split(1_000, 55, 1_000, 45)).unwrap();
        assert!(!chance.is_trigger() && !chance.is_suppressor(), "{chance:?}");
        assert_eq!(Ratio::of("loss", split(1_000, 0, 1_000, 0)), None);
        assert_eq!(Ratio::of("loss", split(0, 0, 10, 5)), None);
    }
}
