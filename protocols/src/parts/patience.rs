//! How long nodes wait for an answer before they ask again.

use rehearsal_sim::protocol::{self, Remark};
use rehearsal_sim::random::Stream;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The table of a protocol whose nodes ask again when they hear nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Patience {
    /// How long a node waits for an answer before it asks again; each further time twice as long, up
    /// to eight times. Above zero; best above the round trip and the time of a disk write. Default
    /// 100ms.
    pub timeout: Span,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { timeout: Span::millis(100) }
    }
}

impl protocol::Config for Patience {
    fn review(&self, round_trip: Span) -> Vec<Remark> {
        review(self.timeout, round_trip)
    }
    fn vary(self, dice: &mut Stream, round_trip: Span) -> Patience {
        Patience { timeout: vary(dice, round_trip) }
    }
}

/// What there is to say about a timeout.
pub(crate) fn review(timeout: Span, round_trip: Span) -> Vec<Remark> {
    let remark = |is_error, message| Remark {
        is_error,
        key: "timeout",
        message,
        help: "take a timeout above the round trip".to_owned(),
    };
    if timeout == Span::ZERO {
        vec![remark(true, "a node would ask again and again at one instant".to_owned())]
    } else if timeout <= round_trip {
        let message =
            format!("the round trip is {round_trip}: nodes ask again before an answer can come");
        vec![remark(false, message)]
    } else {
        Vec::new()
    }
}

/// A timeout for a swarm: from two round trips up, in whole milliseconds.
pub(crate) fn vary(dice: &mut Stream, round_trip: Span) -> Span {
    let trip = round_trip.0.max(1_000_000);
    let drawn = orders(dice, (trip * 2).max(20_000_000), (trip * 16).max(400_000_000));
    Span(drawn.div_ceil(1_000_000) * 1_000_000)
}

/// How long to wait after so many tries.
pub(crate) fn wait(timeout: Span, tries: u32) -> Span {
    Span(timeout.0.saturating_mul(1 << tries.min(3)))
}

/// Between two numbers, each order of magnitude as likely as another.
pub(crate) fn orders(dice: &mut Stream, from: u64, to: u64) -> u64 {
    let doublings = (to / from).max(1).ilog2();
    let low = from << dice.below(u64::from(doublings) + 1);
    (low + dice.below(low)).min(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_eight_times() {
        let waits =
            [0, 1, 2, 3, 4, u32::MAX].map(|tries| wait(Span::millis(5), tries).0 / 1_000_000);
        assert_eq!(waits, [5, 10, 20, 40, 40, 40]);
        wait(Span(u64::MAX), 3);
    }

    #[test]
    fn a_timeout_of_zero_is_an_error_and_a_short_one_a_warning() {
        let kinds = |timeout| {
            let remarks = review(timeout, Span::millis(10));
            remarks.iter().map(|remark| remark.is_error).collect::<Vec<_>>()
        };
        assert_eq!(kinds(Span::ZERO), [true]);
        assert_eq!(kinds(Span::millis(10)), [false]);
        assert_eq!(kinds(Span::millis(11)), [false; 0]);
    }
}
