//! Where every random number of a run comes from: one [`Seed`], split so that no draw can move
//! another.
//!
//! Two sources, chosen by what a draw belongs to:
//!
//! * A **[`Stream`]** is a ChaCha8 sequence named by a [`Purpose`] and an owner, usually a node. Its
//!   draws come in order, so a draw more or less moves the later ones of the same purpose and owner,
//!   and nothing else.
//! * A **[`Keyed`]** draw is a pure function of the seed and of what it decides: this purpose, for
//!   this copy of the n-th message of this kind on this link. It has no order and hence can not be
//!   moved: dropping, delaying or cutting changes no other draw, and an added message shifts only
//!   the later ones of its kind on its link.
//!
//! That is what lets a counterexample be made smaller by taking things out of it: what stays, stays
//! the same. All arithmetic is on integers, and all of it is ours except the ChaCha8 block function:
//! libraries change how they draw ranges and shuffles between versions, these never change.

mod chance;
mod keyed;
mod stream;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Span, SpanRange};

pub use chance::Chance;
pub use keyed::{Keyed, KeyedPurpose};
pub use stream::{Purpose, Stream};

/// The number that a whole run follows from: same scenario, same seed, same version, same run.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Maps one draw onto `0..n` by multiplication, monotone in `bits`; zero for an `n` of zero.
///
/// For draws that can not be repeated, such as keyed ones. Each value's share differs from `1/n` by
/// less than 2^-64, which for spans up to an hour is one part in five million; where a stream is at
/// hand, [`Stream::below`] has no bias at all.
#[inline]
pub fn scale(bits: u64, n: u64) -> u64 {
    ((u128::from(bits) * u128::from(n)) >> 64) as u64
}

/// Maps one draw onto a span of `range`, monotone in `bits`: `lo..hi`, `hi` exclusive, or `lo` when
/// the range is fixed. The bias is that of [`scale`].
pub fn scale_span(bits: u64, range: SpanRange) -> Span {
    Span(range.lo.0 + scale(bits, width(range)))
}

/// The length of a range; panics when it ends before it begins.
#[inline]
fn width(range: SpanRange) -> u64 {
    assert!(range.lo <= range.hi, "the range {range} ends before it begins");
    range.hi.0 - range.lo.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_covers_the_range_and_never_leaves_it() {
        assert_eq!(scale(0, 10), 0);
        assert_eq!(scale(u64::MAX, 10), 9);
        assert_eq!(scale(u64::MAX / 2 + 1, 10), 5);
        assert_eq!(scale(u64::MAX, u64::MAX), u64::MAX - 1);
        assert_eq!(scale(u64::MAX, 0), 0);
        let range = SpanRange { lo: Span(100), hi: Span(200) };
        assert_eq!(scale_span(0, range), Span(100));
        assert_eq!(scale_span(u64::MAX, range), Span(199));
        assert_eq!(scale_span(u64::MAX, Span(7).into()), Span(7));
    }

    #[test]
    #[should_panic(expected = "the range 2ns..1ns ends before it begins")]
    fn a_backward_range_is_refused() {
        scale_span(0, SpanRange { lo: Span(2), hi: Span(1) });
    }

    #[test]
    fn seeds_are_plain_numbers_outside() {
        assert_eq!(serde_json::to_string(&Seed(8841)).unwrap(), "8841");
        assert_eq!(serde_json::from_str::<Seed>("8841").unwrap(), Seed(8841));
        assert_eq!(format!("{:>6}", Seed(8841)), "  8841");
    }
}
