//! The table `[paxos]`.

use rehearsal_sim::protocol::{self, Remark};
use rehearsal_sim::random::Stream;
use rehearsal_sim::time::{Span, SpanRange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts::patience;
use crate::parts::quorum::Quorums;

/// The parameters of Paxos. Lamport leaves all times open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a proposer waits for a quorum before it tries a higher ballot, and a learner before it
    /// asks. Above zero; best above the round trip and the time of a disk write. Default 100ms.
    pub timeout: Span,
    /// How long a proposer that was outbid waits before it tries a higher ballot; drawn anew each time.
    /// A range, which gets wider each time until it is sixteen times as wide; or a duration, which
    /// stays as it is, and lets two proposers outbid each other for ever (Lamport 2001, section 2.4).
    /// Default 10ms..50ms.
    pub backoff: SpanRange,
    /// How many acceptors must promise before a value is asked for. From 1 to the number of
    /// acceptors. Default: a majority (Lamport 2001, section 2.2).
    pub prepare_quorum: Option<u32>,
    /// How many acceptors must accept a value before it is chosen. From 1 to the number of acceptors,
    /// and with `prepare_quorum` more than there are acceptors (Howard, Malkhi & Spiegelman 2016).
    /// Default: a majority (Lamport 2001, section 2.2).
    pub accept_quorum: Option<u32>,
    /// Allows quorums that need not share an acceptor, to see two values chosen. Default false.
    pub unsafe_quorums: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            timeout: Span::millis(100),
            backoff: SpanRange { lo: Span::millis(10), hi: Span::millis(50) },
            prepare_quorum: None,
            accept_quorum: None,
            unsafe_quorums: false,
        }
    }
}

impl protocol::Config for Config {
    fn review(&self, round_trip: Span) -> Vec<Remark> {
        let mut remarks = patience::review(self.timeout, round_trip);
        let spread = self.backoff.hi.0.saturating_sub(self.backoff.lo.0);
        // A single duration is meant as it is.
        if spread > 0 && spread < round_trip.0 {
            remarks.push(Remark {
                is_error: false,
                key: "backoff",
                message: format!(
                    "the spread of {} is below the round trip of {round_trip}",
                    Span(spread)
                ),
                help:
                    "proposers will often outbid each other: widen the range to several round trips"
                        .to_owned(),
            });
        }
        remarks
    }

    fn review_cluster(&self, counts: &[u32]) -> Vec<Remark> {
        let acceptors = counts.first().copied().unwrap_or(0);
        let quorums = Quorums::of(self.prepare_quorum, self.accept_quorum, acceptors);
        quorums.review(acceptors, self.unsafe_quorums)
    }

    /// Waits from a few round trips up, in whole milliseconds.
    fn vary(self, dice: &mut Stream, round_trip: Span) -> Config {
        let trip = round_trip.0.max(1_000_000);
        let lo = dice.below(trip);
        let spread = patience::orders(dice, trip * 2, trip * 16);
        let millis = |span: u64| Span(span.div_ceil(1_000_000) * 1_000_000);
        let backoff = SpanRange { lo: millis(lo), hi: millis(lo + spread) };
        let timeout = Span(patience::vary(dice, round_trip).0.saturating_mul(2));
        Config { timeout, backoff, ..self }
    }

    fn vary_cluster(self, dice: &mut Stream, count: u32) -> Config {
        let (prepare_quorum, accept_quorum) = Quorums::vary(dice, count);
        Config { prepare_quorum, accept_quorum, ..self }
    }
}

impl Config {
    /// The quorums of so many acceptors.
    pub(crate) fn quorums(&self, acceptors: usize) -> Quorums {
        let count = u32::try_from(acceptors).expect("a cluster is small");
        Quorums::of(self.prepare_quorum, self.accept_quorum, count)
    }

    /// How long a proposer waits that was outbid so often before.
    pub(crate) fn wait(&self, tries: u32) -> SpanRange {
        let SpanRange { lo, hi } = self.backoff;
        let spread = hi.0.saturating_sub(lo.0).saturating_mul(1 << tries.min(4));
        SpanRange { lo, hi: Span(lo.0.saturating_add(spread)) }
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::protocol::Config as _;

    use super::*;

    #[test]
    fn a_range_widens_and_a_duration_stays() {
        let config = Config::default();
        let waits = [0, 1, 4, 99].map(|tries| config.wait(tries).to_string());
        assert_eq!(waits, ["10ms..50ms", "10ms..90ms", "10ms..650ms", "10ms..650ms"]);
        let fixed = Config { backoff: Span::millis(5).into(), ..config };
        assert_eq!(fixed.wait(9).to_string(), "5ms");
        let keys = |config: &Config| {
            let remarks = config.review(Span::millis(20));
            remarks.iter().map(|remark| (remark.is_error, remark.key)).collect::<Vec<_>>()
        };
        assert_eq!(keys(&fixed), []);
        let narrow = SpanRange { lo: Span::millis(5), hi: Span::millis(6) };
        assert_eq!(keys(&Config { backoff: narrow, ..fixed }), [(false, "backoff")]);
    }
}
