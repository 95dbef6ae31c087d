//! Quantile tables: a law as a few thousand integers, from which every draw is interpolated.
//!
//! A uniform 64-bit number is read as a probability u. What matters is how far u is from its nearer
//! end, because that is where quantiles bend: the distance is cut into octaves (1/2 to 1/4, 1/4 to
//! 1/8, ...), each octave into equal cells. Between two nodes the quantile is a straight line, so a
//! cell of relative width 2^-7 is wrong by at most 2^-17 of the second derivative times the square
//! of that distance: below 0.0006 % for exponential laws, below 0.006 % for the widest log-normal,
//! Weibull and Pareto laws but for the middle of a Weibull law of the smallest shape, 0.04 %.
//! Beyond the last octave a draw saturates.
//!
//! Floats occur while a table is built, with `libm` alone. Draws are integers only.
#![allow(clippy::float_arithmetic)]

use std::fmt;

use super::deviate;
use crate::random::scale;

/// Octaves on each side of the median: draws beyond a tail probability of 2^-45 saturate.
const OCTAVES: u32 = 44;
/// Uniform numbers that are fewer than 2^this from an end are beyond the last octave.
pub(super) const END_BITS: u32 = 63 - OCTAVES;
/// Cells of one octave, as a power of two.
const CELL_BITS: u32 = 7;
const CELLS: usize = 1 << CELL_BITS;
/// Cells on one side of the median.
const SIDE: usize = OCTAVES as usize * CELLS;
/// The most bits behind the point: 2^-16 ns. Without them a law of a few hundred nanoseconds would
/// lose a percent to rounding.
const MOST_FRACTION_BITS: u32 = 16;

/// The quantiles of a law, in nanoseconds, in the order of probability.
pub(super) struct Table {
    /// `2 * SIDE + 1` nodes in units of 2^-`fraction_bits` ns, never falling; the median is in the
    /// middle.
    nodes: Box<[u64]>,
    fraction_bits: u32,
}

/// Two quantiles in nanoseconds: of a tail probability, and of one minus it. The second is computed
/// from the tail itself, where one minus it would have lost its digits.
pub(super) struct Pair {
    pub(super) below: f64,
    pub(super) above: f64,
}

/// The exponential law of this mean in nanoseconds.
pub(super) fn exponential(mean: f64) -> Table {
    Table::build(|tail| exponential_pair(mean, tail))
}

fn exponential_pair(mean: f64, tail: f64) -> Pair {
    Pair { below: -mean * libm::log1p(-tail), above: -mean * libm::log(tail) }
}

/// The log-normal law whose half lies below `median` and whose 99 % lie below `p99`, in nanoseconds.
pub(super) fn lognormal(median: f64, p99: f64) -> Table {
    let spread = lognormal_spread(median, p99);
    Table::build(|tail| lognormal_pair(median, spread, tail))
}

/// The standard deviation of the logarithm.
fn lognormal_spread(median: f64, p99: f64) -> f64 {
    libm::log(p99 / median) / deviate::exceeded_with(0.01)
}

fn lognormal_pair(median: f64, spread: f64, tail: f64) -> Pair {
    let factor = libm::exp(spread * deviate::exceeded_with(tail));
    Pair { below: median / factor, above: median * factor }
}

/// The normal law of this mean and standard deviation in nanoseconds, cut at zero.
pub(super) fn normal(mean: f64, sd: f64) -> Table {
    Table::build(|tail| normal_pair(mean, sd, tail))
}

fn normal_pair(mean: f64, sd: f64, tail: f64) -> Pair {
    let from_mean = sd * deviate::exceeded_with(tail);
    Pair { below: (mean - from_mean).max(0.0), above: mean + from_mean }
}

/// The Weibull law of this scale in nanoseconds.
pub(super) fn weibull(scale: f64, shape: f64) -> Table {
    Table::build(|tail| weibull_pair(scale, shape, tail))
}

fn weibull_pair(scale: f64, shape: f64, tail: f64) -> Pair {
    let at = |depth: f64| scale * libm::pow(depth, 1.0 / shape);
    Pair { below: at(-libm::log1p(-tail)), above: at(-libm::log(tail)) }
}

/// The longest span an exponential law gives, in nanoseconds.
pub(super) fn longest_exponential(mean: f64) -> f64 {
    exponential_pair(mean, LAST_TAIL).above
}

/// The longest span a log-normal law gives, in nanoseconds.
pub(super) fn longest_lognormal(median: f64, p99: f64) -> f64 {
    lognormal_pair(median, lognormal_spread(median, p99), LAST_TAIL).above
}

/// The longest span a normal law gives, in nanoseconds.
pub(super) fn longest_normal(mean: f64, sd: f64) -> f64 {
    normal_pair(mean, sd, LAST_TAIL).above
}

/// The longest span a Weibull law gives, in nanoseconds.
pub(super) fn longest_weibull(scale: f64, shape: f64) -> f64 {
    weibull_pair(scale, shape, LAST_TAIL).above
}

/// The tail probability at which a table ends, 2^-(OCTAVES + 1).
const LAST_TAIL: f64 = 1.0 / (1_u64 << (OCTAVES + 1)) as f64;

/// The tail probability of each node of one side, from the end to the median.
fn tails() -> impl Iterator<Item = f64> {
    let octaves = (0..OCTAVES).scan(LAST_TAIL / 2.0, |start, _| {
        *start *= 2.0;
        Some(*start)
    });
    let nodes = octaves
        .flat_map(|start| (0..CELLS).map(move |cell| start * (1.0 + cell as f64 / CELLS as f64)));
    nodes.chain([0.5])
}

impl Table {
    pub(super) fn build(quantiles: impl Fn(f64) -> Pair) -> Table {
        let fraction_bits = fraction_bits(quantiles(LAST_TAIL).above);
        let unit = (1_u64 << fraction_bits) as f64;
        let mut nodes = vec![0; 2 * SIDE + 1];
        for (from_end, tail) in tails().enumerate() {
            let Pair { below, above } = quantiles(tail);
            nodes[from_end] = to_units(below * unit);
            nodes[2 * SIDE - from_end] = to_units(above * unit);
        }
        // Rounding inside `libm` could lift a node above its neighbour; a draw relies on the order.
        let mut least = 0;
        for node in &mut nodes {
            least = least.max(*node);
            *node = least;
        }
        Table { nodes: nodes.into(), fraction_bits }
    }

    /// The quantile in nanoseconds at `bits / 2^64`, rounded to the nearest; never falls as `bits`
    /// grow.
    #[inline(never)]
    pub(super) fn draw(&self, bits: u64) -> u64 {
        // All ones above the median, where distances and cells are counted from the other end.
        let mirror = 0_u64.wrapping_sub(bits >> 63);
        let distance = (bits ^ mirror).max(1 << END_BITS);
        let octave = distance.leading_zeros(); // 1 next to the median, OCTAVES at the end
        let within = distance << (octave + 1);
        let cell_within = (within >> (64 - CELL_BITS)) as usize;
        let from_end = (OCTAVES - octave) as usize * CELLS + cell_within;
        // Above the median this is 2 * SIDE - 1 - from_end, without a branch to mispredict.
        let turn = 0_usize.wrapping_sub((bits >> 63) as usize);
        let cell = (from_end ^ turn).wrapping_add((2 * SIDE) & turn);
        let along = (within << CELL_BITS) ^ mirror;
        let (low, high) = (self.nodes[cell], self.nodes[cell + 1]);
        let units = low + scale(along, high - low);
        (units + ((1 << self.fraction_bits) >> 1)) >> self.fraction_bits
    }

    /// The mean in units of 2^-16 ns, by exact integration of what [`Table::draw`] interpolates.
    pub(super) fn mean_units(&self) -> u128 {
        let ends = (u128::from(self.nodes[0]) + u128::from(self.nodes[2 * SIDE])) << END_BITS;
        let lines: u128 = (0..SIDE)
            .map(|cell| {
                // Half of the cell's width in units of 2^-64: the mean of a line is that of its ends.
                let width_bits = cell / CELLS + (62 - OCTAVES - CELL_BITS) as usize;
                let sides = [cell, 2 * SIDE - 1 - cell];
                let sum = |at: usize| u128::from(self.nodes[at]) + u128::from(self.nodes[at + 1]);
                sides.into_iter().map(sum).sum::<u128>() << width_bits
            })
            .sum();
        (ends + lines) >> (48 + self.fraction_bits)
    }
}

/// How many bits behind the point still leave room for a quantile of `longest` nanoseconds.
fn fraction_bits(longest: f64) -> u32 {
    let whole_bits = 64 - to_units(longest).leading_zeros();
    MOST_FRACTION_BITS.min(62_u32.saturating_sub(whole_bits))
}

/// Rounds to the nearest: the one place where a float becomes a span.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the cast saturates
pub(super) fn to_units(value: f64) -> u64 {
    (value + 0.5) as u64
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} nodes)", self.nodes.len())
    }
}
