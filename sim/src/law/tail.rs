//! Power laws: tables whose upper end is as far as 64 bits reach.
//!
//! What is rare in a power law is so long that it can not be cut off as elsewhere: of exponent 1.5,
//! a draw beyond 2^-45 is still worth a thirty-thousandth of the mean. So a second table goes on
//! where the first one ends, down to the last of the 2^64 uniform numbers.
#![allow(clippy::float_arithmetic)]

use std::fmt;

use super::table::{END_BITS, Pair, Table, to_units};
use super::{LONGEST, cumulative};

/// Cells of one octave of the far tail, as a power of two.
const CELL_BITS: u32 = 7;
const CELLS: usize = 1 << CELL_BITS;

/// A Pareto law, ready to draw from.
pub(super) struct Pareto {
    table: Table,
    /// Quantiles at tail probabilities of 2^-64 times 1 to 2^`END_BITS`, in whole nanoseconds,
    /// never rising; as in the table, each octave has as many equal cells.
    far: Box<[u64]>,
    has_mean: bool,
}

/// The quantiles at both ends, cut at the longest span that is drawn.
fn pair(shortest: f64, exponent: f64, tail: f64) -> Pair {
    let quantile = |beyond: f64| shortest * libm::pow(beyond, -1.0 / exponent);
    Pair { below: quantile(1.0 - tail), above: quantile(tail).min(LONGEST.0 as f64) }
}

/// The longest span that such a law gives, in nanoseconds.
pub(super) fn longest(shortest: f64, exponent: f64) -> f64 {
    pair(shortest, exponent, unit()).above.max(shortest)
}

/// The probability of one of the uniform numbers.
fn unit() -> f64 {
    1.0 / 2.0 / (1_u64 << 63) as f64
}

impl Pareto {
    /// Of this shortest span in nanoseconds.
    pub(super) fn new(shortest: f64, exponent: f64) -> Pareto {
        let table = Table::build(|tail| pair(shortest, exponent, tail));
        let octaves = (0..END_BITS).map(|octave| (1_u64 << octave) as f64);
        let distances = octaves
            .flat_map(|start| {
                (0..CELLS).map(move |cell| start * (1.0 + cell as f64 / CELLS as f64))
            })
            .chain([(1_u64 << END_BITS) as f64]);
        let mut far: Vec<u64> = distances
            .map(|distance| to_units(pair(shortest, exponent, distance * unit()).above))
            .collect();
        // Goes on where the table ends, and rises from there as that one does.
        let mut least = table.draw(!(1 << END_BITS));
        for node in far.iter_mut().rev() {
            least = least.max(*node);
            *node = least;
        }
        Pareto { table, far: far.into(), has_mean: exponent > 1.0 }
    }

    /// As [`Table::draw`].
    #[inline]
    pub(super) fn draw(&self, bits: u64) -> u64 {
        if !bits >> END_BITS == 0 { self.draw_far(!bits) } else { self.table.draw(bits) }
    }

    /// So many uniform numbers from the end.
    #[cold]
    fn draw_far(&self, distance: u64) -> u64 {
        let distance = distance.max(1);
        let octave = distance.ilog2();
        let within = distance << (63 - octave) << 1;
        let cell = octave as usize * CELLS + (within >> (64 - CELL_BITS)) as usize;
        let (high, low) = (self.far[cell], self.far[cell + 1]);
        high - (cumulative::between(low, high, within << CELL_BITS) - low)
    }

    /// The mean in units of 2^-16 ns, where the law has one.
    pub(super) fn mean_units(&self) -> Option<u128> {
        let lines: u128 = (0..self.far.len() - 1)
            .map(|cell| {
                let sum = u128::from(self.far[cell]) + u128::from(self.far[cell + 1]);
                sum << (cell / CELLS)
            })
            .sum();
        // Half of a sum of two is a mean; a cell of octave k is 2^(k - CELL_BITS) numbers wide.
        let far = (lines >> (CELL_BITS + 1)) + u128::from(self.far[0]);
        let end = u128::from(self.far[self.far.len() - 1]) << END_BITS;
        // The table thinks that it stays at its end.
        self.has_mean.then(|| self.table.mean_units() + (far.saturating_sub(end) >> 48))
    }
}

impl fmt::Debug for Pareto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pareto({:?}, {} nodes beyond)", self.table, self.far.len())
    }
}
