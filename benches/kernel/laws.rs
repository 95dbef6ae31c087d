//! The times and spans that both sides of a comparison keep to.

use std::ops::Range;

use rehearsal::sim::time::Span;

/// One-way latency of every message: uniform.
pub(crate) const LATENCY: Range<Span> = Span::millis(1)..Span::millis(10);
/// Between two ticks of a periodic timer.
pub(crate) const TICK: Span = Span::millis(1);
/// Between two beats of a leader.
pub(crate) const BEAT: Span = Span::millis(50);
/// How long a follower waits for a beat: uniform.
pub(crate) const ELECTION: Range<Span> = Span::millis(150)..Span::millis(300);
