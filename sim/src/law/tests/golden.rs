//! The integers themselves. They are part of every recorded run: when one of these tests fails,
//! recorded seeds no longer mean what they meant, on this machine or on all.

use super::*;

/// Eight fixed uniform numbers: both ends, both far tails, the quartiles, and two without pattern.
const BITS: [u64; 8] = [
    0,
    1 << 30,
    1 << 62,
    0x5DEE_CE66_D123_4567,
    1 << 63,
    3 << 62,
    0xFFFF_FFFF_0000_0000,
    0xFEDC_BA98_7654_3210,
];

/// A million draws folded into one number; the uniform numbers are those of a Weyl sequence.
fn checksum(draw: impl Fn(u64) -> u64) -> u64 {
    (0..1_000_000_u64).fold(0xCBF2_9CE4_8422_2325, |sum, i| {
        let bits = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (sum ^ draw(bits)).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23)
    })
}

#[track_caller]
fn assert_golden(law: &Law, draws: [u64; 8], sum: u64) {
    law.check().unwrap();
    let sampler = law.compile();
    assert_eq!(BITS.map(|bits| sampler.draw(bits)), draws, "{law}");
    assert_eq!(checksum(|bits| sampler.draw(bits)), sum, "{law}");
}

#[track_caller]
fn assert_golden_keys(law: &KeyLaw, draws: [u64; 8], sum: u64) {
    let sampler = law.compile();
    assert_eq!(BITS.map(|bits| sampler.draw(bits)), draws, "{law}");
    assert_eq!(checksum(|bits| sampler.draw(bits)), sum, "{law}");
}

#[test]
fn constant() {
    assert_golden(&Law::Constant(Span::millis(2)), [2_000_000; 8], 0xEBE1_4FF1_FCEC_1C89);
}

#[test]
fn uniform() {
    let law = Law::Uniform { from: Span::millis(1), to: Span::millis(10) };
    assert_golden(
        &law,
        [1_000_000, 1_000_000, 3_250_000, 4_302_326, 5_500_000, 7_750_000, 9_999_999, 9_960_000],
        0x7828_5CC6_C901_C298,
    );
}

#[test]
fn exponential_5ms() {
    assert_golden(
        &exponential(5_000_000),
        [0, 0, 1_438_410, 2_285_836, 3_465_736, 6_931_472, 110_903_549, 27_080_529],
        0x50E3_BB53_F94B_BE6D,
    );
}

#[test]
fn lognormal_1ms_8ms() {
    assert_golden(
        &lognormal(1_000_000, 8_000_000),
        [1_210, 3_151, 547_221, 737_919, 1_000_000, 1_827_416, 262_175_226, 10_366_921],
        0xFF38_85F8_926E_E7CD,
    );
}

#[test]
fn lognormal_of_a_few_hundred_nanoseconds() {
    assert_golden(
        &lognormal(200, 900),
        [2, 3, 129, 161, 200, 309, 11_231, 1_086],
        0x7CCD_E88B_B502_F1CB,
    );
}

#[test]
fn uniform_keys() {
    assert_golden_keys(
        &KeyLaw::Uniform { count: 100 },
        [0, 0, 25, 36, 50, 75, 99, 99],
        0x6E93_0FDC_0B79_64D7,
    );
}

#[test]
fn zipf_keys() {
    assert_golden_keys(
        &KeyLaw::Zipf { count: 100, exponent: 0.99 },
        [0, 0, 1, 3, 7, 27, 99, 97],
        0xDFC2_0740_0416_9B0A,
    );
}

#[test]
fn many_zipf_keys() {
    assert_golden_keys(
        &KeyLaw::Zipf { count: 100_000, exponent: 1.2 },
        [0, 0, 1, 3, 11, 177, 99_999, 80_145],
        0x4883_0A9F_B060_A84D,
    );
}
