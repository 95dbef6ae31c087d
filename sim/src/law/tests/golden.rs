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

#[test]
fn normal_5ms_1ms() {
    assert_golden(
        &normal(5_000_000, 1_000_000),
        [0, 0, 4_325_510, 4_659_991, 5_000_000, 5_674_490, 11_230_260, 7_616_300],
        0x4038_1354_6E3D_98BA,
    );
}

#[test]
fn normal_cut_at_zero() {
    assert_golden(
        &normal(5_000_000, 5_000_000),
        [0, 0, 1_627_551, 3_299_956, 5_000_000, 8_372_449, 36_151_301, 18_081_499],
        0xC26C_9FCA_9072_BBE7,
    );
}

#[test]
fn weibull_heavier_than_exponential() {
    assert_golden(
        &weibull(5_000_000, 0.7),
        [0, 0, 843_312, 1_634_420, 2_961_951, 7_972_980, 418_593_096, 55_859_179],
        0xA019_742D_FB9D_8EBC,
    );
}

#[test]
fn weibull_close_to_a_bell() {
    assert_golden(
        &weibull(5_000_000, 3.6),
        [863, 7_176, 3_537_268, 4_022_964, 4_516_010, 5_474_876, 11_826_387, 7_994_144],
        0x7F9B_46DC_EA73_C34A,
    );
}

#[test]
fn pareto_with_a_mean() {
    assert_golden(
        &pareto(1_000_000, 1.5),
        [
            1_000_000,
            1_000_000,
            1_211_414,
            1_356_324,
            1_587_401,
            2_519_842,
            2_642_245_950_041,
            36_993_406,
        ],
        0xF471_537D_B55E_71D4,
    );
}

/// Its last draws are as long as draws get.
#[test]
fn pareto_without_a_mean() {
    assert_golden(
        &pareto(1_000_000, 0.5),
        [
            1_000_000,
            1_000_000,
            1_777_778,
            2_495_119,
            4_000_000,
            16_000_000,
            4_611_686_018_427_387_904,
            50_626_662_736,
        ],
        0xCA83_DDB7_3E6D_B88D,
    );
    let sampler = pareto(1_000_000, 1.5).compile();
    let far = [0, 1, 2, 1 << 10, 1 << 18, 1 << 19].map(|distance: u64| sampler.draw(!distance));
    assert_eq!(
        far,
        [
            4_611_686_018_427_387_904,
            4_611_686_018_427_387_904,
            4_398_046_511_103_992_832,
            68_719_476_735_999_912,
            1_704_458_900_959_851,
            1_073_741_823_999_999
        ]
    );
}

#[test]
fn mixture_of_two() {
    assert_golden(
        &mixture([(0.9, lognormal(1_000_000, 8_000_000)), (0.1, pareto(40_000_000, 1.5))]),
        [1_210, 3_196, 590_436, 811_641, 1_133_018, 2_374_406, 22_770_185_333_909, 318_797_797],
        0xEA67_4D46_A622_A526,
    );
}

#[test]
fn empirical_of_three_rows() {
    assert_golden(
        &empirical(&[(0.5, 1_000_000), (0.99, 8_000_000), (1.0, 40_000_000)]),
        [1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 4_571_429, 39_999_999, 25_777_778],
        0xFFBD_0897_EDCC_9DF1,
    );
}

#[test]
fn samples_of_three() {
    assert_golden(
        &samples(&[7_000_000, 1_000_000, 1_200_000]),
        [1_000_000, 1_000_000, 1_000_000, 1_200_000, 1_200_000, 7_000_000, 7_000_000, 7_000_000],
        0x3055_5DE7_A9E6_6766,
    );
}
