//! Laws over keys.

use proptest::prelude::*;

use super::*;
use crate::random::{Purpose, Seed, Stream};

fn zipf(count: u64, exponent: f64) -> KeyLaw {
    KeyLaw::Zipf { count, exponent }
}

/// Chi-square over `n` draws: the sum of (drawn - expected)^2 / expected.
fn chi_square(law: &KeyLaw, weight: impl Fn(u64) -> f64) -> f64 {
    let n = 200_000;
    let sampler = law.compile();
    let mut stream = Stream::new(Seed(42), Purpose::Key, 0);
    let mut seen = vec![0_u32; usize::try_from(law.count()).unwrap()];
    for _ in 0..n {
        seen[usize::try_from(sampler.draw(stream.next_u64())).unwrap()] += 1;
    }
    let total: f64 = (0..law.count()).map(&weight).sum();
    let expected = (0..law.count()).map(|key| weight(key) / total * f64::from(n));
    seen.iter()
        .zip(expected)
        .map(|(seen, expected)| (f64::from(*seen) - expected, expected))
        .map(|(off, expected)| off * off / expected)
        .sum()
}

/// 148.2 is what one in a thousand honest samples of 100 keys exceeds (99 degrees of freedom).
#[test]
fn keys_come_as_often_as_their_law_says() {
    let even = chi_square(&KeyLaw::Uniform { count: 100 }, |_| 1.0);
    assert!(even < 148.2, "{even}");
    for exponent in [0.0, 0.5, 0.99, 1.5] {
        let power = |key| libm::exp(-exponent * libm::log((key + 1) as f64));
        let unlike = chi_square(&zipf(100, exponent), power);
        assert!(unlike < 148.2, "{exponent}: {unlike}");
    }
    let wrong_law = chi_square(&zipf(100, 0.99), |key| 1.0 / (key + 1) as f64);
    assert!(wrong_law > 148.2, "1 in place of 0.99 must be seen: {wrong_law}");
}

proptest! {
    #[test]
    fn keys_never_leave_their_range_or_fall(
        count in 1..5_000_u64, exponent in 0.0..10.0, a: u64, b: u64,
    ) {
        for law in [zipf(count, exponent), KeyLaw::Uniform { count }] {
            let sampler = law.compile();
            let (a, b) = (a.min(b), a.max(b));
            prop_assert!(sampler.draw(a) <= sampler.draw(b));
            prop_assert!(sampler.draw(b) < count);
            prop_assert_eq!(sampler.draw(0), 0);
        }
    }
}

#[test]
fn two_equal_keys_share_the_draws_exactly() {
    let sampler = zipf(2, 0.0).compile();
    assert_eq!([(1 << 63) - 1, 1 << 63].map(|bits| sampler.draw(bits)), [0, 1]);
}

/// Each key begins and ends where its cumulative probability says, for tables smaller and larger than
/// their guide.
#[test]
fn keys_end_where_they_should() {
    for (count, exponent) in [(1, 1.0), (2, 1.0), (3, 0.0), (17, 2.0), (200_000, 0.8)] {
        let sampler = zipf(count, exponent).compile();
        let weights = (1..=count).map(|rank| libm::exp(-exponent * libm::log(rank as f64)));
        let total: f64 = weights.clone().sum();
        let mut before = 0.0;
        for (key, weight) in (0..).zip(weights) {
            let at = |share: f64| bits((before + share * weight) / total);
            if key < 50 || key % 997 == 0 {
                assert_eq!(sampler.draw(at(0.001)), key, "begin of {key} of {count}");
                assert_eq!(sampler.draw(at(0.999)), key, "end of {key} of {count}");
            }
            before += weight;
        }
        assert_eq!(sampler.draw(u64::MAX), count - 1);
    }
}

#[test]
fn nonsense_is_refused_with_a_sentence() {
    for (law, sentence) in [
        (KeyLaw::Uniform { count: 0 }, "the number of keys must be from 1 to 10 million, not 0"),
        (zipf(10_000_001, 1.0), "the number of keys must be from 1 to 10 million, not 10000001"),
        (
            zipf(10, -1.0),
            "the exponent of a zipf law must be from 0 (all keys alike) to 10, not -1: 0.99 is a \
             usual choice",
        ),
    ] {
        assert_eq!(law.check().unwrap_err(), sentence);
    }
    assert!(zipf(10, f64::NAN).check().is_err());
    assert!(zipf(10, 10.1).check().is_err());
    assert_eq!(zipf(10_000_000, 10.0).check(), Ok(()));
}

#[test]
#[should_panic(expected = "an unchecked law of keys: the number of keys must be")]
fn nonsense_is_not_compiled() {
    KeyLaw::Uniform { count: 0 }.compile();
}
