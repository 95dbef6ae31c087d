//! Laws that are made of rows, samples or other laws.

use super::*;

#[test]
fn a_table_of_quantiles_is_what_it_says() {
    let sampler = empirical(&[(0.5, 1_000), (0.75, 8_000), (1.0, 40_000)]).compile();
    let at = |p: f64| sampler.draw(bits(p));
    assert_eq!([at(0.0), at(0.25), at(0.4999), at(0.5)], [1_000; 4], "flat before the first row");
    assert_eq!([at(0.625), at(0.75), at(0.875)], [4_500, 8_000, 24_000], "and lines from there on");
    assert_eq!(sampler.draw(u64::MAX), 40_000, "up to the last");
    let from_zero = empirical(&[(0.0, 0), (0.5, 1_000), (1.0, 1_000)]).compile();
    let at = |p: f64| from_zero.draw(bits(p));
    assert_eq!([at(0.0), at(0.25), at(0.5), at(0.9)], [0, 500, 1_000, 1_000]);
    assert_eq!(empirical(&[(1.0, 7)]).compile().draw(u64::MAX), 7);
}

#[test]
fn samples_are_drawn_in_order_each_as_often() {
    let sampler = samples(&[9, 1, 5, 5]).compile();
    let drawn: Vec<u64> = (0..8).map(|eighth| sampler.draw(eighth << 61)).collect();
    assert_eq!(drawn, [1, 1, 5, 5, 5, 5, 9, 9]);
}

/// The bits are cut in proportion, and each part is drawn from with bits that are stretched to all
/// of them.
#[test]
fn a_mixture_draws_each_part_as_if_it_were_alone() {
    let parts = [
        (0.625, exponential(1_000_000)),
        (0.25, pareto(5_000_000, 1.5)),
        (0.125, Law::Uniform { from: Span(10), to: Span(1 << 40) }),
    ];
    let mixed = mixture(parts.clone()).compile();
    let mut start = 0.0;
    for (share, law) in parts {
        let alone = law.compile();
        for i in 0..1_000 {
            let p = (f64::from(i) + 0.5) / 1_000.0;
            let (drawn, expected) = (mixed.draw(bits(start + share * p)), alone.draw(bits(p)));
            let wrong = drawn.abs_diff(expected) as f64;
            assert!(wrong <= 1e-9 * expected as f64 + 1.0, "{law} at {p}: {drawn}, {expected}");
        }
        start += share;
    }
}

/// A part of one in a million still has tails: its own bits are those that are left.
#[test]
fn a_rare_part_keeps_its_tail() {
    let law = mixture([(0.999_999, samples(&[1])), (0.000_001, exponential(1_000_000))]);
    let end = law.compile().draw(u64::MAX);
    assert!((29_000_000..32_000_000).contains(&end), "{end}: 44 bits, 30.5 means");
}

/// Which part a draw is from does not tell how long it is: the same quantiles, one part or another.
#[test]
fn parts_do_not_depend_on_their_order() {
    let (a, b) = (exponential(1_000_000), weibull(9_000_000, 0.5));
    let sorted = |law: &Law| {
        let sampler = law.compile();
        let mut draws: Vec<u64> =
            (0..1_u64 << 12).map(|i| sampler.draw(i << 52 | 1 << 51)).collect();
        draws.sort();
        draws
    };
    let one = sorted(&mixture([(0.25, a.clone()), (0.75, b.clone())]));
    let other = sorted(&mixture([(0.75, b), (0.25, a)]));
    assert_eq!(one, other);
}
