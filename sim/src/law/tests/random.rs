//! Any legal law, against the textbook.

use proptest::prelude::*;

use super::oracle::{cdf, moment, quantile_above, quantile_below};
use super::*;

/// From a microsecond to a second.
fn span() -> impl Strategy<Value = u64> {
    (1_000..1_000_000_000_u64, 0..20_u32).prop_map(|(span, halved)| (span >> halved).max(1_000))
}

/// Laws that have a density.
fn smooth() -> impl Strategy<Value = Law> {
    prop_oneof![
        (span(), span())
            .prop_map(|(from, more)| Law::Uniform { from: Span(from), to: Span(from + more) }),
        span().prop_map(exponential),
        (span(), 1.01..1000.0).prop_map(|(median, ratio)| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            lognormal(median, (median as f64 * ratio) as u64)
        }),
        (span(), 1..=1000_u64).prop_map(|(mean, sd)| normal(mean, mean * sd / 1000)),
        (span(), 0.5..100.0).prop_map(|(shortest, exponent)| pareto(shortest, exponent)),
        (span(), 0.2..100.0).prop_map(|(scale, shape)| weibull(scale, shape)),
    ]
}

fn rows() -> impl Strategy<Value = Law> {
    prop::collection::vec((1..1_000_000_u64, span()), 1..20).prop_map(|steps| {
        let total: u64 = steps.iter().map(|(step, _)| step).sum();
        let mut row = (0, 0);
        let rows = steps.iter().map(|(step, more)| {
            row = (row.0 + step, row.1 + more);
            (row.0 as f64 / total as f64, row.1)
        });
        empirical(&rows.collect::<Vec<_>>())
    })
}

fn whole() -> impl Strategy<Value = Law> {
    prop_oneof![
        6 => smooth(),
        1 => span().prop_map(|span| Law::Constant(Span(span))),
        1 => rows(),
        1 => prop::collection::vec(span(), 1..20).prop_map(|spans| samples(&spans)),
    ]
}

fn any_mixture() -> impl Strategy<Value = Law> {
    prop::collection::vec((1..100_u32, whole()), 2..=8).prop_map(|parts| {
        let total: u32 = parts.iter().map(|(weight, _)| weight).sum();
        mixture(parts.into_iter().map(|(weight, law)| (f64::from(weight) / f64::from(total), law)))
    })
}

fn any_law() -> impl Strategy<Value = Law> {
    prop_oneof![3 => whole(), 1 => any_mixture()]
}

/// How far off a quantile may be.
fn allowed(law: &Law, expected: f64) -> f64 {
    let cut = match law {
        Law::Normal { sd, .. } if expected < 0.01 * sd.0 as f64 => 0.0015 * sd.0 as f64,
        _ => 0.0,
    };
    0.001 * expected + 0.5 + cut
}

fn has_exact_mean(law: &Law) -> bool {
    match law {
        Law::Pareto { exponent, .. } => *exponent >= 1.5,
        Law::Mixture(parts) => parts.iter().all(|part| has_exact_mean(&part.law)),
        _ => true,
    }
}

proptest! {
    #[test]
    fn quantiles_are_those_of_the_textbook(law in smooth(), depth in 1.0..20.0_f64) {
        prop_assert_eq!(law.check(), Ok(()));
        let sampler = law.compile();
        let tail = libm::exp2(-depth);
        let near_the_cap = 0.97 * LONGEST.0 as f64;
        let above = quantile_above(&law, tail);
        if above < near_the_cap {
            let drawn = sampler.draw(!bits(tail));
            let wrong = (drawn as f64 - above).abs();
            prop_assert!(wrong <= allowed(&law, above) + 0.5, "{law} at 1-{tail}: {drawn} {above}");
        }
        let below = quantile_below(&law, tail);
        let drawn = sampler.draw(bits(tail));
        let wrong = (drawn as f64 - below).abs();
        prop_assert!(wrong <= allowed(&law, below) + 0.5, "{law} at {tail}: {drawn} {below}");
    }

    /// Of any law, mixtures too: how many of evenly spread draws are not above one of them.
    #[test]
    fn as_many_draws_are_below_as_the_textbook_says(law in any_law(), at in 0..4096_usize) {
        prop_assert_eq!(law.check(), Ok(()));
        let sampler = law.compile();
        let mut draws: Vec<u64> = (0..1 << 12).map(|i| sampler.draw(i << 52 | 1 << 51)).collect();
        draws.sort();
        let x = draws[at];
        let count = |up_to: u64| draws.partition_point(|draw| *draw <= up_to) as f64 / 4096.0;
        // Eight parts may each be cut within a step; a nanosecond, and a thousandth, either way.
        let off = 9.0 / 4096.0;
        let (near, far) = (x as f64 * 0.999 - 1.0, x as f64 * 1.001 + 1.0);
        prop_assert!(count(x) <= cdf(&law, far) + off, "{law}: {x} {} {}", count(x), cdf(&law, far));
        prop_assert!(count(x) >= cdf(&law, near) - off, "{law}: {x} {}", count(x));
    }

    #[test]
    fn means_are_those_of_the_textbook(law in any_law().prop_filter("a mean", has_exact_mean)) {
        let drawn = law.compile().mean_units().unwrap() as f64 / 65_536.0;
        let mean = moment(&law, 1);
        prop_assert!((drawn / mean - 1.0).abs() < 1e-4 + 1.0 / mean, "{law}: {drawn}, not {mean}");
    }

    #[test]
    fn draws_never_fall_but_between_parts(law in any_law(), a: u64, step: u64, shift in 0..64_u32) {
        let sampler = law.compile();
        let (a, b) = (a, a.saturating_add(step >> shift));
        let is_rising = sampler.draw(a) <= sampler.draw(b);
        prop_assert!(is_rising || matches!(law, Law::Mixture(_)), "{law}: {a} {b}");
    }

    #[test]
    fn no_draw_is_longer_than_the_longest(law in any_law(), bits: u64) {
        let longest = law.longest() * 1.000_001 + 1.0;
        let sampler = law.compile();
        for bits in [bits, 0, u64::MAX] {
            prop_assert!(sampler.draw(bits) as f64 <= longest, "{law}");
        }
    }

    #[test]
    fn what_is_written_is_read_back(law in any_law()) {
        let text = serde_json::to_string(&law).unwrap();
        prop_assert_eq!(serde_json::from_str::<Law>(&text).unwrap(), law, "{}", text);
    }
}
