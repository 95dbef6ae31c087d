//! What a law is compiled into.

use std::sync::Arc;

use super::table::Table;
use crate::random::scale;
use crate::time::Span;

/// A [`Law`](super::Law) ready to draw from. Cloning shares the table behind it (90 KB).
#[derive(Clone, Debug)]
pub struct Sampler(pub(super) Shape);

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Constant(u64),
    Uniform { from: u64, width: u64 },
    Table(Arc<Table>),
}

impl Sampler {
    /// The quantile at `bits / 2^64`, in nanoseconds: a draw, when `bits` are 64 uniform bits.
    /// Never falls as `bits` grow.
    #[inline(always)]
    pub fn draw(&self, bits: u64) -> u64 {
        match &self.0 {
            Shape::Constant(span) => *span,
            Shape::Uniform { from, width } => from + scale(bits, *width),
            Shape::Table(table) => table.draw(bits),
        }
    }

    /// The mean of all draws, cut to whole nanoseconds: that of the integers actually drawn from,
    /// within 0.01 % of the law's.
    pub fn mean(&self) -> Span {
        Span(
            u64::try_from(self.mean_units() >> 16)
                .expect("a mean is no longer than the longest draw"),
        )
    }

    /// The mean in units of 2^-16 ns.
    pub(super) fn mean_units(&self) -> u128 {
        match &self.0 {
            Shape::Constant(span) => u128::from(*span) << 16,
            Shape::Uniform { from, width } => {
                (u128::from(*from) << 16) + (u128::from(width.saturating_sub(1)) << 15)
            }
            Shape::Table(table) => table.mean_units(),
        }
    }
}
