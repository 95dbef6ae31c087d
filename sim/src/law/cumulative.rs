//! The uniform 64-bit numbers cut into pieces, and finding the piece of one.

use std::fmt;

/// Cumulative probabilities in units of 2^-64.
pub(super) struct Cumulative {
    /// The `k`-th: the probability of a piece up to and including `k`. The last piece has none, its
    /// would be one. Never falling.
    bounds: Box<[u64]>,
    /// Where to look: all bounds with smaller leading bits than `h` are before `guide[h]`.
    guide: Box<[u32]>,
    guide_bits: u32,
}

impl Cumulative {
    pub(super) fn new(bounds: Vec<u64>) -> Cumulative {
        let guide_bits = (bounds.len() + 1).ilog2().saturating_add(3).clamp(10, 16);
        let starts = (0..=1_u64 << guide_bits).scan(0, |at, slot| {
            let slot_of = |bound: u64| bound >> (64 - guide_bits);
            while bounds.get(*at).is_some_and(|bound| slot_of(*bound) < slot) {
                *at += 1;
            }
            Some(u32::try_from(*at).expect("at most 10 million pieces"))
        });
        Cumulative { guide: starts.collect(), bounds: bounds.into(), guide_bits }
    }

    /// The piece of `bits`: how many bounds are not above it.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // at most 16 bits
    pub(super) fn find(&self, bits: u64) -> usize {
        let slot = (bits >> (64 - self.guide_bits)) as usize;
        let (from, to) = (self.guide[slot] as usize, self.guide[slot + 1] as usize);
        from + self.bounds[from..to].partition_point(|bound| *bound <= bits)
    }

    /// The first number of a piece, and the first behind it.
    pub(super) fn ends(&self, piece: usize) -> (u64, u128) {
        let from = piece.checked_sub(1).map_or(0, |before| self.bounds[before]);
        (from, self.bounds.get(piece).map_or(1 << 64, |bound| u128::from(*bound)))
    }
}

impl fmt::Debug for Cumulative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cumulative({} pieces)", self.bounds.len() + 1)
    }
}

/// Pieces in which one also looks how far along a number is: each is stretched to all 64 bits, so
/// that one uniform number gives the piece and another uniform number within it.
#[derive(Debug)]
pub(super) struct Pieces {
    cumulative: Cumulative,
    stretches: Box<[Stretch]>,
}

/// Multiplies by 2^64 and divides by the width of a piece, without a division.
#[derive(Debug)]
struct Stretch {
    from: u64,
    /// Brings the width into 2^63 (exclusive) to 2^64.
    shift: u32,
    /// 2^127 divided by the shifted width.
    inverse: u64,
}

impl Stretch {
    fn new(from: u64, end: u128) -> Stretch {
        let Ok(last) = u64::try_from((end - u128::from(from)).saturating_sub(1)) else {
            unreachable!("no piece is wider than all numbers")
        };
        // A piece of no more than one number has nothing in it to tell apart.
        let shift = last.leading_zeros().min(63);
        let width = (u128::from(last) + 1) << shift;
        let inverse = u64::try_from((1_u128 << 127) / width).unwrap_or(0);
        Stretch { from, shift, inverse }
    }

    /// At most two units of 2^-64 short of the exact quotient.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // below 2^64: what is multiplied is below the width
    fn along(&self, bits: u64) -> u64 {
        let shifted = (bits - self.from) << self.shift;
        ((u128::from(shifted) * u128::from(self.inverse)) >> 63) as u64
    }
}

impl Pieces {
    /// `bounds` as in [`Cumulative`].
    pub(super) fn new(bounds: Vec<u64>) -> Pieces {
        let count = bounds.len() + 1;
        let cumulative = Cumulative::new(bounds);
        let stretch = |piece| {
            let (from, end) = cumulative.ends(piece);
            Stretch::new(from, end)
        };
        Pieces { stretches: (0..count).map(stretch).collect(), cumulative }
    }

    /// The piece of `bits`, and how far along it they are in units of 2^-64.
    #[inline]
    pub(super) fn locate(&self, bits: u64) -> (usize, u64) {
        let piece = self.cumulative.find(bits);
        (piece, self.stretches[piece].along(bits))
    }

    /// The mean of what has this mean in each piece; none where a piece that occurs has none.
    pub(super) fn mean(&self, of: impl Fn(usize) -> Option<u128>) -> Option<u128> {
        (0..self.stretches.len()).try_fold(0_u128, |sum, piece| {
            let (from, end) = self.cumulative.ends(piece);
            let width = end - u128::from(from);
            if width == 0 {
                return Some(sum);
            }
            let mean = of(piece)?;
            // Means are below 2^80 and widths at most 2^64: in halves, so that neither overflows.
            let low = (mean & 0xFFFF_FFFF) * width;
            Some(sum + (mean >> 32) * width / (1 << 32) + (low >> 64))
        })
    }
}

/// The point between two spans that is as far along as `along / 2^64`, rounded to the nearest.
#[inline]
#[allow(clippy::cast_possible_truncation)] // no more than the difference
pub(super) fn between(low: u64, high: u64, along: u64) -> u64 {
    low + ((u128::from(along) * u128::from(high - low) + (1 << 63)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a division of 128 bits.
        #[test]
        fn stretching_is_dividing(
            mut bounds in prop::collection::vec(prop_oneof![any::<u64>(), 0..9_u64], 0..7),
            bits: u64, at in 0..7_usize, off in 0..3_u64,
        ) {
            bounds.sort();
            let near = bounds.get(at).map_or(bits, |bound| bound.saturating_add(off).max(1) - 1);
            let pieces = Pieces::new(bounds.clone());
            for bits in [bits, near, 0, u64::MAX] {
                let (piece, along) = pieces.locate(bits);
                prop_assert_eq!(piece, bounds.iter().filter(|bound| **bound <= bits).count());
                let from = piece.checked_sub(1).map_or(0, |before| bounds[before]);
                let end = bounds.get(piece).map_or(1 << 64, |bound| u128::from(*bound));
                let exact = u64::try_from((u128::from(bits - from) << 64) / (end - u128::from(from)));
                let short = exact.unwrap().checked_sub(along);
                prop_assert!(short.is_some_and(|short| short <= 2), "{piece} {along} {short:?}");
            }
        }
    }
}
