//! Quantiles and means, and the order of draws.

use proptest::prelude::*;

use super::oracle::{moment, quantile_above, quantile_below};
use super::*;

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
        normal(5_000_000, 1_000_000),
        normal(1 << 61, 1 << 58),
        normal(1_000, 1_000),
        normal(50_000, 0),
        weibull(5_000_000, 0.7),
        weibull(5_000_000, 0.2),
        weibull(800, 3.6),
        weibull(5_000_000, 100.0),
        pareto(1_000_000, 1.5),
        pareto(1_000_000, 0.5),
        pareto(300, 2.5),
        pareto(5_000_000, 100.0),
    ]);
    laws
}

#[track_caller]
fn assert_close(law: &Law, what: &str, drawn: u64, expected: f64) {
    let wrong = (drawn as f64 - expected).abs();
    let cut = match law {
        // Where it is cut at zero.
        Law::Normal { sd, .. } if expected < 0.01 * sd.0 as f64 => 0.0015 * sd.0 as f64,
        _ => 0.0,
    };
    assert!(wrong <= 0.001 * expected + 0.5 + cut, "{law} at {what}: {drawn}, not {expected}");
}

#[test]
fn quantiles_are_within_a_thousandth() {
    for law in laws() {
        if [lognormal(50_000, 50_000), normal(50_000, 0)].contains(&law) {
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
    for flat in [lognormal(50_000, 50_000), normal(50_000, 0)] {
        let flat = flat.compile();
        assert!([0, 1, 1 << 40, 1 << 63, u64::MAX].iter().all(|bits| flat.draw(*bits) == 50_000));
    }
    assert_eq!(normal(5_000_000, 1_000_000).compile().draw(1 << 63), 5_000_000);
    assert_eq!(normal(1_000, 1_000).compile().draw(bits(0.15)), 0, "cut");
    assert_eq!(pareto(1_000_000, 0.5).compile().draw(1 << 63), 4_000_000);
    assert_eq!(pareto(1_000_000, 1.5).compile().draw(0), 1_000_000);
    assert_eq!(weibull(3_000_000, 1.0).compile().draw(1 << 63), 2_079_442, "3 ms times ln 2");
    let scale = weibull(3_000_000, 0.7).compile().draw(bits(1.0 - libm::exp(-1.0)));
    assert!(scale.abs_diff(3_000_000) < 300, "{scale}");
    let uniform = Law::Uniform { from: Span(10), to: Span(20) }.compile();
    assert_eq!([0, bits(0.55), u64::MAX].map(|bits| uniform.draw(bits)), [10, 15, 19]);
    assert_eq!(Law::Constant(Span(7)).compile().draw(u64::MAX), 7);
}

#[test]
fn means_are_within_a_hundredth_of_a_percent() {
    let mut laws = laws();
    laws.push(Law::Constant(Span(3)));
    laws.push(Law::Uniform { from: Span(1_000), to: Span(9_001) });
    laws.retain(|law| ![pareto(1_000_000, 0.5), normal(50_000, 0)].contains(law));
    laws.extend([
        empirical(&[(0.5, 1_000), (0.99, 8_000), (1.0, 40_000)]),
        empirical(&[(0.0, 0), (0.5, 1_000), (1.0, 40_000)]),
        empirical(&[(1.0, 7)]),
        samples(&[5, 9, 1_000, 4]),
        mixture([(0.9, exponential(1_000)), (0.1, pareto(40_000, 1.5))]),
        mixture([(0.999_999, samples(&[1_000])), (0.000_001, samples(&[1 << 61]))]),
    ]);
    for law in laws {
        let drawn = law.compile().mean_units().unwrap() as f64 / 65_536.0;
        let mean = moment(&law, 1);
        let wrong = (drawn / mean - 1.0).abs();
        assert!(wrong < 1e-4, "{law}: {drawn}, not {mean}: {wrong:e}");
    }
    assert_eq!(normal(50_000, 0).compile().mean(), Some(Span(50_000)));
}

/// Up to an exponent of 1 the sum of n draws outgrows n times anything.
#[test]
fn what_has_no_mean_says_so() {
    let mean = |law: &Law| law.compile().mean();
    assert_eq!(mean(&pareto(1_000_000, 1.0)), None);
    assert!(mean(&pareto(1_000_000, 1.01)).is_some());
    let with = |law| mixture([(0.99, samples(&[5])), (0.01, law)]);
    assert_eq!(mean(&with(pareto(1_000_000, 0.9))), None);
    assert_eq!(mean(&with(samples(&[106]))), Some(Span(6)));
}

/// The integral is that of what is really drawn: an even sweep of a million uniform numbers.
#[test]
fn the_mean_is_that_of_the_draws() {
    for law in [
        exponential(5_000_000),
        lognormal(1_000_000, 8_000_000),
        normal(5_000_000, 4_000_000),
        weibull(5_000_000, 0.7),
        pareto(1_000_000, 8.0),
        empirical(&[(0.5, 1_000_000), (0.99, 8_000_000), (1.0, 40_000_000)]),
        samples(&[2_000, 7_000_000, 9]),
        mixture([(0.3, exponential(1_000_000)), (0.7, samples(&[7_000_000]))]),
    ] {
        let sampler = law.compile();
        let step = 1_u64 << 44;
        let sum: u128 = (0..1 << 20).map(|i| u128::from(sampler.draw(i * step + step / 2))).sum();
        let swept = sum as f64 / f64::from(1 << 20);
        assert!((swept / sampler.mean().unwrap().0 as f64 - 1.0).abs() < 1e-5, "{law}: {swept}");
    }
}

proptest! {
    #[test]
    fn draws_never_fall_as_the_bits_grow(
        which in 0..21_usize, a: u64, step in prop_oneof![0..1000_u64, any::<u64>()],
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

/// A power law does not: it goes on to the last of the uniform numbers, or to 146 years.
#[test]
fn the_far_end_of_a_power_law_goes_on() {
    for law in [pareto(1_000_000, 1.5), pareto(300, 2.5), pareto(5_000_000, 100.0)] {
        let Law::Pareto { shortest, exponent } = law else { unreachable!() };
        let sampler = law.compile();
        for distance in (0..25).flat_map(|octave| [1_u64 << octave, 3 << octave]) {
            let tail = distance as f64 / 18_446_744_073_709_551_616.0;
            let expected = shortest.0 as f64 * libm::pow(tail, -1.0 / exponent);
            let what = format!("2^-64 times {distance}");
            assert_close(&law, &what, sampler.draw(!distance), expected.min(LONGEST.0 as f64));
        }
        assert_eq!(sampler.draw(u64::MAX), sampler.draw(!1));
    }
    assert_eq!(pareto(1_000_000_000, 0.5).compile().draw(u64::MAX), LONGEST.0);
}

/// Without the far end, means were short by what it is worth: of exponent 1.5 a part in 30 000, of
/// 1.2 one in 180.
#[test]
fn the_far_end_of_a_power_law_counts() {
    let drawn = pareto(1_000, 1.2).compile().mean_units().unwrap() as f64 / 65_536.0;
    let short = 1.0 - drawn / moment(&pareto(1_000, 1.2), 1);
    // 2^(-64 / 6), less what the last number itself still holds.
    assert!((0.0..0.0007).contains(&short), "{short}");
}

#[test]
fn a_median_is_in_the_middle() {
    for law in laws() {
        let (median, middle) = (law.median().0, law.compile().draw(1 << 63));
        assert!(median.abs_diff(middle) <= 1, "{law}: {median}, not {middle}");
    }
    let uniform = Law::Uniform { from: Span(10), to: Span(20) };
    assert_eq!([uniform.median(), Law::Constant(Span(7)).median()], [Span(15), Span(7)]);
    assert_eq!(samples(&[9, 1, 5]).median(), Span(5));
    assert_eq!(empirical(&[(0.4, 100), (0.6, 200), (1.0, 900)]).median(), Span(150));
    // Most of the first part is below all of the second.
    let two = mixture([(0.75, exponential(1_000)), (0.25, samples(&[1_000_000]))]);
    let expected = quantile_below(&exponential(1_000), 0.5 / 0.75);
    assert!((two.median().0 as f64 / expected - 1.0).abs() < 0.01, "{}", two.median());
    let swapped = mixture([(0.25, samples(&[1_000_000])), (0.75, exponential(1_000))]);
    assert!((swapped.median().0 as f64 / expected - 1.0).abs() < 0.01, "{}", swapped.median());
    assert_eq!(exponential(0).median(), Span::ZERO, "no law at all");
}
