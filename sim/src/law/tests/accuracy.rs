//! Quantiles, means and whole distributions, and the order of draws.

use proptest::prelude::*;

use super::*;
use crate::random::{Purpose, Seed, Stream};

/// The laws the promises are tested on: usual ones, tiny ones, and the widest allowed.
fn laws() -> Vec<Law> {
    let mut laws: Vec<Law> = [100, 5_000_000, 1 << 56].map(exponential).into();
    laws.extend([
        lognormal(1_000_000, 8_000_000),
        lognormal(200, 900),
        lognormal(50_000, 50_000),
        lognormal(50_000, 51_000),
        lognormal(100_000, 100_000_000),
        lognormal(400_000_000, 400_000_000_000),
    ]);
    laws
}

/// The standard normal distribution function, by the error function.
fn normal(z: f64) -> f64 {
    0.5 * libm::erfc(-z / core::f64::consts::SQRT_2)
}

/// The standard deviation of a log-normal law's logarithm; 2.326... is the normal's 99th percentile.
fn spread(median: Span, p99: Span) -> f64 {
    libm::log(p99.0 as f64 / median.0 as f64) / 2.326_347_874_040_841
}

/// The probability of a draw up to `x`, by the textbook.
fn cdf(law: &Law, x: f64) -> f64 {
    match *law {
        Law::Constant(_) => unreachable!("no density"),
        Law::Uniform { from, to } => (x - from.0 as f64) / (to.0 - from.0) as f64,
        Law::Exponential { mean } => -libm::expm1(-x / mean.0 as f64),
        Law::Lognormal { median, p99 } => {
            normal(libm::log(x / median.0 as f64) / spread(median, p99))
        }
    }
}

/// The probability of a draw beyond `x`, by the textbook; exact where [`cdf`] is all but one.
fn beyond(law: &Law, x: f64) -> f64 {
    match *law {
        Law::Exponential { mean } => libm::exp(-x / mean.0 as f64),
        Law::Lognormal { median, p99 } => {
            normal(-libm::log(x / median.0 as f64) / spread(median, p99))
        }
        _ => 1.0 - cdf(law, x),
    }
}

fn mean(law: &Law) -> f64 {
    match *law {
        Law::Constant(span) => span.0 as f64,
        Law::Uniform { from, to } => (from.0 + to.0 - 1) as f64 / 2.0,
        Law::Exponential { mean } => mean.0 as f64,
        Law::Lognormal { median, p99 } => {
            let spread = spread(median, p99);
            median.0 as f64 * libm::exp(spread * spread / 2.0)
        }
    }
}

/// The `x` at which the probability beyond it falls to `tail`, by bisection.
fn quantile_above(law: &Law, tail: f64) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * LONGEST.0 as f64);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if beyond(law, middle) > tail { low = middle } else { high = middle }
    }
    high
}

/// The `x` at which the probability up to it grows to `p`, by bisection.
fn quantile_below(law: &Law, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * LONGEST.0 as f64);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if cdf(law, middle) < p { low = middle } else { high = middle }
    }
    high
}

#[track_caller]
fn assert_close(law: &Law, what: &str, drawn: u64, expected: f64) {
    let wrong = (drawn as f64 - expected).abs();
    assert!(wrong <= 0.001 * expected + 0.5, "{law} at {what}: {drawn}, not {expected}");
}

#[test]
fn quantiles_are_within_a_thousandth() {
    for law in laws() {
        if lognormal(50_000, 50_000) == law {
            continue; // no density, see below
        }
        let sampler = law.compile();
        let mut tail = 0.5;
        while tail > 0.9e-6 {
            let above = sampler.draw(!bits(tail));
            assert_close(&law, &format!("1 - {tail}"), above, quantile_above(&law, tail));
            let below = sampler.draw(bits(tail));
            assert_close(&law, &format!("{tail}"), below, quantile_below(&law, tail));
            tail *= 0.97;
        }
    }
}

#[test]
fn the_named_points_are_exact() {
    let sampler = lognormal(1_000_000, 8_000_000).compile();
    assert_eq!(sampler.draw(1 << 63), 1_000_000);
    assert_eq!(sampler.draw((1 << 63) - 1), 1_000_000);
    assert!(sampler.draw(bits(0.99)).abs_diff(8_000_000) < 800);
    let flat = lognormal(50_000, 50_000).compile();
    assert!([0, 1, 1 << 40, 1 << 63, u64::MAX].iter().all(|bits| flat.draw(*bits) == 50_000));
    let uniform = Law::Uniform { from: Span(10), to: Span(20) }.compile();
    assert_eq!([0, bits(0.55), u64::MAX].map(|bits| uniform.draw(bits)), [10, 15, 19]);
    assert_eq!(Law::Constant(Span(7)).compile().draw(u64::MAX), 7);
}

#[test]
fn means_are_within_a_hundredth_of_a_percent() {
    let mut laws = laws();
    laws.push(Law::Constant(Span(3)));
    laws.push(Law::Uniform { from: Span(1_000), to: Span(9_001) });
    for law in laws {
        let drawn = law.compile().mean_units() as f64 / 65_536.0;
        let wrong = (drawn / mean(&law) - 1.0).abs();
        assert!(wrong < 1e-4, "{law}: {drawn}, not {}: {wrong:e}", mean(&law));
    }
}

/// The integral is that of what is really drawn: an even sweep of a million uniform numbers.
#[test]
fn the_mean_is_that_of_the_draws() {
    for law in [exponential(5_000_000), lognormal(1_000_000, 8_000_000)] {
        let sampler = law.compile();
        let step = 1_u64 << 44;
        let sum: u128 = (0..1 << 20).map(|i| u128::from(sampler.draw(i * step + step / 2))).sum();
        let swept = sum as f64 / f64::from(1 << 20);
        assert!((swept / sampler.mean().0 as f64 - 1.0).abs() < 1e-5, "{law}: {swept}");
    }
}

/// Kolmogorov and Smirnov: the largest distance between the drawn and the true distribution
/// function stays below what one in a hundred honest samples exceeds. The stream is fixed, so the
/// answer is too.
#[test]
fn draws_follow_the_law() {
    for (owner, law) in [
        exponential(5_000_000),
        lognormal(1_000_000, 8_000_000),
        lognormal(100_000, 100_000_000),
        Law::Uniform { from: Span::millis(1), to: Span::millis(10) },
    ]
    .into_iter()
    .enumerate()
    {
        let sampler = law.compile();
        let mut stream = Stream::new(Seed(42), Purpose::Arrival, u32::try_from(owner).unwrap());
        let n = 100_000;
        let mut draws: Vec<u64> = (0..n).map(|_| sampler.draw(stream.next_u64())).collect();
        draws.sort();
        let distance = draws.iter().enumerate().map(|(i, draw)| {
            let p = cdf(&law, *draw as f64);
            (p - i as f64 / f64::from(n)).max((i + 1) as f64 / f64::from(n) - p)
        });
        let farthest = distance.fold(0.0, f64::max);
        assert!(farthest < 1.63 / f64::from(n).sqrt(), "{law}: {farthest}");
    }
}

proptest! {
    #[test]
    fn draws_never_fall_as_the_bits_grow(
        which in 0..9_usize, a: u64, step in prop_oneof![0..1000_u64, any::<u64>()],
    ) {
        let law = &laws()[which];
        let sampler = law.compile();
        let b = a.saturating_add(step);
        prop_assert!(sampler.draw(a) <= sampler.draw(b), "{law}: {a} {b}");
        prop_assert!(sampler.draw(a >> 40) <= sampler.draw(b >> 40), "{law}: {a} {b} >> 40");
    }
}

/// At every seam of a table (octaves, the median, the ends) and in the first and last cells.
#[test]
fn no_seam_shows() {
    for law in laws() {
        let sampler = law.compile();
        let mut seams: Vec<u64> = (0..64).map(|octave| 1 << octave).collect();
        seams.extend((0..64).map(|octave| !(1 << octave)));
        seams.extend((0..64).flat_map(|n| [n, !n, (1 << 63) - 32 + n]));
        let mut around: Vec<u64> =
            seams.iter().flat_map(|at| [at.saturating_sub(1), *at, at.saturating_add(1)]).collect();
        around.sort();
        let drawn: Vec<u64> = around.iter().map(|bits| sampler.draw(*bits)).collect();
        assert!(drawn.is_sorted(), "{law}");
    }
}

#[test]
fn the_far_end_saturates() {
    let sampler = exponential(1_000_000).compile();
    let end = 1_000_000.0 * 45.0 * core::f64::consts::LN_2;
    assert_close(&exponential(1_000_000), "the end", sampler.draw(u64::MAX), end);
    assert_eq!(sampler.draw(!((1 << 19) - 1)), sampler.draw(u64::MAX));
    assert_eq!(sampler.draw(0), 0);
}
