//! `check:K6`: whole distributions, drawn from the streams that runs draw from. The streams are
//! fixed, so the answers are too.

use super::oracle::{cdf, moment};
use super::*;
use crate::random::{Purpose, Seed, Stream};

const DRAWS: u32 = 100_000;

/// What one in a hundred thousand honest samples exceeds, in standard errors of a normal mean.
const SURPRISE: f64 = 4.42;

/// One of each kind, as scenarios have them.
fn laws() -> Vec<Law> {
    vec![
        exponential(5_000_000),
        lognormal(1_000_000, 8_000_000),
        lognormal(100_000, 100_000_000),
        Law::Uniform { from: Span::millis(1), to: Span::millis(10) },
        normal(5_000_000, 1_000_000),
        normal(5_000_000, 4_000_000),
        pareto(1_000_000, 1.5),
        pareto(1_000_000, 0.8),
        weibull(5_000_000, 0.7),
        weibull(5_000_000, 3.6),
        mixture([(0.9, exponential(1_000_000)), (0.1, normal(40_000_000, 5_000_000))]),
        mixture([
            (0.2, samples(&[7_000_000])),
            (0.5, lognormal(1_000_000, 8_000_000)),
            (0.3, pareto(2_000_000, 2.0)),
        ]),
        empirical(&[(0.5, 1_000_000), (0.99, 8_000_000), (1.0, 40_000_000)]),
        empirical(&[(0.0, 0), (0.25, 3_000_000), (0.5, 3_000_000), (1.0, 5_000_000)]),
        samples(&[3_000_000, 1_000_000, 1_200_000, 1_000_000]),
    ]
}

fn draws(law: &Law, owner: usize) -> Vec<u64> {
    let sampler = law.compile();
    let mut stream = Stream::new(Seed(42), Purpose::Arrival, u32::try_from(owner).unwrap());
    (0..DRAWS).map(|_| sampler.draw(stream.next_u64())).collect()
}

/// Kolmogorov and Smirnov: the largest distance between the drawn and the true distribution
/// function. Draws are whole nanoseconds, and some laws draw the same again and again, so that both
/// are looked at half a nanosecond on either side.
fn distance(mut draws: Vec<u64>, cdf: impl Fn(f64) -> f64) -> f64 {
    draws.sort();
    let count = draws.len() as f64;
    let mut below = 0;
    let mut farthest = 0.0_f64;
    for same in draws.chunk_by(|a, b| a == b) {
        let (x, up_to) = (same[0] as f64, below + same.len());
        let left = (cdf(x - 0.5) - below as f64 / count).abs();
        let right = (cdf(x + 0.5) - up_to as f64 / count).abs();
        farthest = farthest.max(left).max(right);
        below = up_to;
    }
    farthest
}

/// Beyond what one in a hundred honest samples exceeds it is wrong.
#[test]
fn draws_follow_the_law() {
    for (owner, law) in laws().into_iter().enumerate() {
        let farthest = distance(draws(&law, owner), |x| cdf(&law, x));
        assert!(farthest < 1.63 / f64::from(DRAWS).sqrt(), "{law}: {farthest}");
    }
}

/// The test tells laws apart that a plot would not: exponents 1.5 and 1.45, shares 0.1 and 0.12.
#[test]
fn draws_do_not_follow_a_neighbour() {
    for (law, neighbour) in [
        (pareto(1_000_000, 1.5), pareto(1_000_000, 1.45)),
        (weibull(5_000_000, 0.7), weibull(5_000_000, 0.74)),
        (normal(5_000_000, 1_000_000), normal(5_000_000, 1_050_000)),
        (
            mixture([(0.9, exponential(1_000_000)), (0.1, exponential(9_000_000))]),
            mixture([(0.88, exponential(1_000_000)), (0.12, exponential(9_000_000))]),
        ),
    ] {
        let farthest = distance(draws(&law, 0), |x| cdf(&neighbour, x));
        assert!(farthest > 2.47 / f64::from(DRAWS).sqrt(), "{law} as {neighbour}: {farthest}");
    }
}

#[track_caller]
fn assert_moments(what: &str, draws: &[f64], moment: impl Fn(u32) -> f64) {
    for k in [1, 2] {
        let sum: f64 = draws.iter().map(|draw| libm::pow(*draw, f64::from(k))).sum();
        let drawn = sum / draws.len() as f64;
        let variance = moment(2 * k) - moment(k) * moment(k);
        let errors = (drawn - moment(k)) / (variance / draws.len() as f64).sqrt();
        assert!(errors.abs() < SURPRISE, "{what}, moment {k}: {drawn}, {errors} errors off");
    }
}

/// Of laws whose fourth moment is finite: it says how far the second may be off.
#[test]
fn the_first_two_moments_are_right() {
    let mut laws = laws();
    laws.retain(|law| !law.to_string().contains("pareto"));
    laws.push(pareto(1_000_000, 8.0));
    for (owner, law) in laws.into_iter().enumerate() {
        let drawn: Vec<f64> = draws(&law, owner).into_iter().map(|draw| draw as f64).collect();
        assert_moments(&law.to_string(), &drawn, |k| moment(&law, k));
    }
}

/// Of Zipf's law over 100 keys with exponent 1 the first is drawn with probability 0.19278.
#[test]
fn zipf_keys_follow_the_law() {
    let sampler = KeyLaw::Zipf { count: 100, exponent: 1.0 }.compile();
    let mut stream = Stream::new(Seed(42), Purpose::Key, 0);
    let draws: Vec<u64> = (0..DRAWS).map(|_| sampler.draw(stream.next_u64())).collect();
    let total: f64 = (1..=100).map(|rank| 1.0 / f64::from(rank)).sum();
    assert!((1.0 / total - 0.19278).abs() < 5e-6);
    let first = draws.iter().filter(|key| **key == 0).count() as f64 / f64::from(DRAWS);
    assert!((first - 0.19278).abs() < SURPRISE * (0.19278 * 0.80722 / f64::from(DRAWS)).sqrt());
    let cdf = |x: f64| {
        let ranks = (1..=100).filter(|rank| f64::from(*rank) - 1.0 <= x);
        ranks.map(|rank| 1.0 / f64::from(rank)).sum::<f64>() / total
    };
    let farthest = distance(draws.clone(), cdf);
    assert!(farthest < 1.63 / f64::from(DRAWS).sqrt(), "{farthest}");
    let ranks: Vec<f64> = draws.iter().map(|key| *key as f64 + 1.0).collect();
    let moment = |k| (1..=100).map(|rank| libm::pow(f64::from(rank), f64::from(k) - 1.0)).sum();
    let moment = |k: u32| -> f64 {
        let sum: f64 = moment(k);
        sum / total
    };
    assert_moments("zipf", &ranks, moment);
}

#[test]
fn chances_hit_as_often_as_they_say() {
    for (owner, p) in [0.001, 0.1, 1.0 / 3.0, 0.5, 0.999].into_iter().enumerate() {
        let mut stream = Stream::new(Seed(42), Purpose::Arrival, u32::try_from(owner).unwrap());
        let hits: Vec<f64> =
            (0..DRAWS).map(|_| f64::from(chance(p).hits(stream.next_u64()))).collect();
        assert_moments(&format!("{p}"), &hits, |_| p);
    }
}
