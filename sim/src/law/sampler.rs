//! What a law is compiled into.

use std::sync::Arc;

use super::compound::Compound;
use super::table::Table;
use crate::random::scale;
use crate::time::Span;

/// A [`Law`](super::Law) ready to draw from. Cloning shares the tables behind it (90 KB for each of
/// the laws that have one; 8 or 16 bytes for each row or sample of a measured one).
#[derive(Clone, Debug)]
pub struct Sampler(pub(super) Shape);

#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Of no width for what is always the same: with three kinds a draw is two branches, with four
    /// it would be a jump through a table.
    Uniform {
        from: u64,
        width: u64,
    },
    Table(Arc<Table>),
    Compound(Arc<Compound>),
}

impl Sampler {
    /// The quantile at `bits / 2^64`, in nanoseconds: a draw, when `bits` are 64 uniform bits.
    /// Never falls as `bits` grow, but for a mixture: there the bits are cut into one range for
    /// each part, in the order in which they are written, and it begins anew in each.
    #[inline(always)]
    pub fn draw(&self, bits: u64) -> u64 {
        match &self.0 {
            Shape::Uniform { from, width } => from + scale(bits, *width),
            Shape::Table(table) => table.draw(bits),
            Shape::Compound(compound) => compound.draw(bits),
        }
    }

    /// The mean of all draws, cut to whole nanoseconds: that of the integers actually drawn from,
    /// within 0.01 % of the law's. `None` where the law has no finite mean: a Pareto law whose
    /// exponent is at most 1, and a mixture with one. Close above that, the mean is made by draws
    /// that are too rare for 64 bits: below an exponent of 1.5 it may fall short by more than
    /// 0.01 %.
    pub fn mean(&self) -> Option<Span> {
        let whole = |units| u64::try_from(units >> 16).expect("no longer than the longest draw");
        self.mean_units().map(|units| Span(whole(units)))
    }

    /// The mean in units of 2^-16 ns.
    pub(super) fn mean_units(&self) -> Option<u128> {
        match &self.0 {
            Shape::Uniform { from, width } => {
                Some((u128::from(*from) << 16) + (u128::from(width.saturating_sub(1)) << 15))
            }
            Shape::Table(table) => Some(table.mean_units()),
            Shape::Compound(compound) => compound.mean_units(),
        }
    }
}
