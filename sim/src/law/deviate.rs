//! The quantiles of the normal distribution.
//!
//! Algorithm AS 241 (`PPND16`, Wichura 1988, Applied Statistics 37, 477-484): three rational
//! approximations, good to about one part in 10^16. Floats, with `libm` alone: the same bits
//! everywhere.
#![allow(clippy::float_arithmetic)]
#![allow(clippy::excessive_precision)] // the constants as published

/// For |p - 1/2| <= 0.425, in 0.180625 - (p - 1/2)^2; both from the highest power down.
const CENTRE: [[f64; 8]; 2] = [
    [
        2.509_080_928_730_122_672_7e3,
        3.343_057_558_358_812_810_5e4,
        6.726_577_092_700_870_085_3e4,
        4.592_195_393_154_987_145_7e4,
        1.373_169_376_550_946_112_5e4,
        1.971_590_950_306_551_442_7e3,
        1.331_416_678_917_843_774_5e2,
        3.387_132_872_796_366_608_0e0,
    ],
    [
        5.226_495_278_852_854_561_0e3,
        2.872_908_573_572_194_267_4e4,
        3.930_789_580_009_271_061_0e4,
        2.121_379_430_158_659_586_7e4,
        5.394_196_021_424_751_107_7e3,
        6.871_870_074_920_579_083_0e2,
        4.231_333_070_160_091_125_2e1,
        1.0,
    ],
];

/// For sqrt(-ln p) in 1.6..=5, in sqrt(-ln p) - 1.6.
const TAIL: [[f64; 8]; 2] = [
    [
        7.745_450_142_783_414_076_40e-4,
        2.272_384_498_926_918_458_33e-2,
        2.417_807_251_774_506_117_70e-1,
        1.270_458_252_452_368_382_58e0,
        3.647_848_324_763_204_605_04e0,
        5.769_497_221_460_691_405_50e0,
        4.630_337_846_156_545_295_90e0,
        1.423_437_110_749_683_577_34e0,
    ],
    [
        1.050_750_071_644_416_843_24e-9,
        5.475_938_084_995_344_946_00e-4,
        1.519_866_656_361_645_719_66e-2,
        1.481_039_764_274_800_745_90e-1,
        6.897_673_349_851_000_045_50e-1,
        1.676_384_830_183_803_849_40e0,
        2.053_191_626_637_758_821_87e0,
        1.0,
    ],
];

/// For sqrt(-ln p) above 5, in sqrt(-ln p) - 5.
const FAR_TAIL: [[f64; 8]; 2] = [
    [
        2.010_334_399_292_288_132_65e-7,
        2.711_555_568_743_487_578_15e-5,
        1.242_660_947_388_078_438_60e-3,
        2.653_218_952_657_612_309_30e-2,
        2.965_605_718_285_048_912_30e-1,
        1.784_826_539_917_291_335_80e0,
        5.463_784_911_164_114_369_90e0,
        6.657_904_643_501_103_777_20e0,
    ],
    [
        2.044_263_103_389_939_785_64e-15,
        1.421_511_758_316_445_888_70e-7,
        1.846_318_317_510_054_681_80e-5,
        7.868_691_311_456_132_591_00e-4,
        1.487_536_129_085_061_485_25e-2,
        1.369_298_809_227_358_053_10e-1,
        5.998_322_065_558_879_376_90e-1,
        1.0,
    ],
];

/// The standard normal deviate that is exceeded with probability `tail`, from 10^-300 to 1/2: zero
/// at 1/2, growing as `tail` falls.
pub(super) fn exceeded_with(tail: f64) -> f64 {
    let from_centre = 0.5 - tail;
    if from_centre <= 0.425 {
        return from_centre * ratio(&CENTRE, 0.180_625 - from_centre * from_centre);
    }
    let depth = libm::sqrt(-libm::log(tail));
    if depth <= 5.0 { ratio(&TAIL, depth - 1.6) } else { ratio(&FAR_TAIL, depth - 5.0) }
}

/// The quotient of two polynomials at `x` (Horner).
fn ratio([above, below]: &[[f64; 8]; 2], x: f64) -> f64 {
    let at = |powers: &[f64; 8]| powers.iter().fold(0.0, |sum, factor| sum * x + factor);
    at(above) / at(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the error function, which shares nothing with the approximation.
    #[test]
    fn the_deviate_is_exceeded_as_often_as_asked() {
        let mut tail = 0.5;
        while tail > 1e-18 {
            let back = 0.5 * libm::erfc(exceeded_with(tail) / core::f64::consts::SQRT_2);
            assert!((back / tail - 1.0).abs() < 1e-13, "{tail}: {back}");
            tail *= 0.97;
        }
    }

    /// Textbook values.
    #[test]
    fn known_deviates() {
        for (tail, deviate) in [
            (0.5, 0.0),
            (0.025, 1.959_963_984_540_054),
            (0.01, 2.326_347_874_040_841),
            (0.001, 3.090_232_306_167_813_5),
            (1e-6, 4.753_424_308_822_899),
        ] {
            assert!((exceeded_with(tail) - deviate).abs() < 1e-14, "{tail}");
        }
    }
}
