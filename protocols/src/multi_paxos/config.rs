//! The table `[multi-paxos]`.

use rehearsal_sim::protocol::{self, Remark};
use rehearsal_sim::random::Stream;
use rehearsal_sim::time::{Span, SpanRange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts::patience::orders;
use crate::parts::quorum::Quorums;

/// The parameters of Multi-Paxos. Those that Raft has too are called as there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a server waits for a leader before it prepares a ballot of its own; drawn anew each
    /// time. A duration or a range. Default 150ms..300ms (as Raft's, to be compared with it).
    pub election_timeout: SpanRange,
    /// How often a leader sends to every follower, values or not. A duration well below the shortest
    /// election timeout. Default 50ms (as Raft's).
    pub heartbeat: Span,
    /// The most values in one Accept. At least 1. Default 64 (as Raft's).
    pub max_batch: u32,
    /// The most slots that a leader has proposed and that are not chosen yet; requests beyond wait.
    /// At least 1. Default 256. Lamport's alpha (*Paxos Made Simple*, section 3), which he leaves open.
    pub max_in_flight: u32,
    /// After how many slots a server puts a snapshot in the place of its log; 0 for never, which is
    /// the default.
    pub snapshot_after: u32,
    /// How many servers must promise before a ballot is prepared. From 1 to the number of servers.
    /// Default: a majority (Lamport 2001, section 2.2).
    pub prepare_quorum: Option<u32>,
    /// How many servers must accept before a value is chosen. From 1 to the number of servers, and
    /// with `prepare_quorum` more than there are servers (Howard, Malkhi & Spiegelman 2016). Default: a
    /// majority (Lamport 2001, section 2.2).
    pub accept_quorum: Option<u32>,
    /// Allows quorums that need not share a server, to see two values chosen. Default false.
    pub unsafe_quorums: bool,
    /// How long a client waits for an answer before it asks the next server. Default 250ms (as Raft's).
    pub request_timeout: Span,
    /// How long a client waits before it asks again after it was sent away by a server that knows no
    /// leader; drawn anew each time, and doubled each time up to the request timeout. A duration or a
    /// range, not zero. Default 10ms..50ms (as Raft's).
    pub redirect_backoff: SpanRange,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            election_timeout: SpanRange { lo: Span::millis(150), hi: Span::millis(300) },
            heartbeat: Span::millis(50),
            max_batch: 64,
            max_in_flight: 256,
            snapshot_after: 0,
            prepare_quorum: None,
            accept_quorum: None,
            unsafe_quorums: false,
            request_timeout: Span::millis(250),
            redirect_backoff: SpanRange { lo: Span::millis(10), hi: Span::millis(50) },
        }
    }
}

impl protocol::Config for Config {
    fn review(&self, round_trip: Span) -> Vec<Remark> {
        let mut remarks = self.zeros();
        let mut remark = |is_error, key, message: String, help: &str| {
            remarks.push(Remark { is_error, key, message, help: help.to_owned() });
        };
        let lo = self.election_timeout.lo;
        if lo > Span::ZERO && self.heartbeat >= lo {
            let message = format!(
                "a heartbeat every {} is too slow to stop elections after {lo}",
                self.heartbeat
            );
            let help = "make it a third of the shortest election timeout, or less";
            remark(true, "heartbeat", message, help);
        }
        if lo < round_trip {
            let message = format!("{lo} is below the round trip of {round_trip}");
            let help =
                "candidates will give up before promises arrive: raise it to several round trips";
            remark(false, "election_timeout", message, help);
        }
        if self.request_timeout > Span::ZERO && self.request_timeout < round_trip {
            let message =
                format!("{} is below the round trip of {round_trip}", self.request_timeout);
            let help = "clients will ask again before an answer can arrive: raise it to several round trips";
            remark(false, "request_timeout", message, help);
        }
        remarks
    }

    fn review_cluster(&self, counts: &[u32]) -> Vec<Remark> {
        let servers = counts.first().copied().unwrap_or(0);
        let quorums = Quorums::of(self.prepare_quorum, self.accept_quorum, servers);
        quorums.review(servers, self.unsafe_quorums)
    }

    /// Elections from a few round trips up, batches and windows from a few values, snapshots often.
    fn vary(self, dice: &mut Stream, round_trip: Span) -> Config {
        let trip = round_trip.0.max(1_000_000);
        let shortest = orders(dice, (trip * 6).max(60_000_000), (trip * 12).max(500_000_000));
        let spread = orders(dice, trip, shortest.max(trip));
        // A round trip's worth of 200 commands a second, or nobody ever catches up.
        let least = (trip * 200).div_ceil(1_000_000_000);
        let size = |dice: &mut Stream, most| {
            u32::try_from(orders(dice, least, least.max(most))).expect("round trips are short")
        };
        let (max_batch, max_in_flight) = (size(dice, 64), size(dice, 256));
        let snapshot_after = match dice.below(3) {
            0 => 0,
            _ => u32::try_from(orders(dice, 5, 100)).expect("a small number"),
        };
        let patience = orders(dice, (trip * 4).max(50_000_000), (trip * 16).max(400_000_000));
        // Whole milliseconds are easier to read.
        let millis = |span: u64| Span(span.div_ceil(1_000_000) * 1_000_000);
        Config {
            election_timeout: SpanRange { lo: millis(shortest), hi: millis(shortest + spread) },
            heartbeat: millis(shortest / (3 + dice.below(6))),
            max_batch,
            max_in_flight,
            snapshot_after,
            request_timeout: millis(patience),
            ..self
        }
    }

    fn vary_cluster(self, dice: &mut Stream, count: u32) -> Config {
        let (prepare_quorum, accept_quorum) = Quorums::vary(dice, count);
        Config { prepare_quorum, accept_quorum, ..self }
    }
}

impl Config {
    /// The quorums in a cluster of so many servers.
    pub(crate) fn quorums(&self, servers: usize) -> Quorums {
        let count = u32::try_from(servers).expect("a cluster is small");
        Quorums::of(self.prepare_quorum, self.accept_quorum, count)
    }

    /// What may not be zero.
    fn zeros(&self) -> Vec<Remark> {
        let keys = [
            ("election_timeout", self.election_timeout.lo == Span::ZERO),
            ("heartbeat", self.heartbeat == Span::ZERO),
            ("max_batch", self.max_batch == 0),
            ("max_in_flight", self.max_in_flight == 0),
            ("request_timeout", self.request_timeout == Span::ZERO),
            ("redirect_backoff", self.redirect_backoff.hi == Span::ZERO),
        ];
        let zeros = keys.into_iter().filter(|(_, is_zero)| *is_zero);
        zeros
            .map(|(key, _)| Remark {
                is_error: true,
                key,
                message: format!("{key} is zero, and the cluster would never get past it"),
                help: "leave the line out to get the default".to_owned(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::protocol::Config as _;

    use super::*;

    #[test]
    fn a_review_finds_what_can_not_work_and_what_is_suspicious() {
        let keys = |config: &Config, trip| {
            let remarks = config.review(trip);
            remarks.iter().map(|remark| (remark.is_error, remark.key)).collect::<Vec<_>>()
        };
        let good = Config::default();
        assert_eq!(keys(&good, Span::millis(2)), []);
        let slow = Config { heartbeat: Span::millis(150), ..good.clone() };
        assert_eq!(keys(&slow, Span::millis(2)), [(true, "heartbeat")]);
        let stopped = Config { max_in_flight: 0, max_batch: 0, ..good.clone() };
        assert_eq!(keys(&stopped, Span::millis(2)), [(true, "max_batch"), (true, "max_in_flight")]);
        let far = [(false, "election_timeout"), (false, "request_timeout")];
        assert_eq!(keys(&good, Span::millis(400)), far);
    }

    #[test]
    fn quorums_are_reviewed_against_the_number_of_servers() {
        let config =
            Config { prepare_quorum: Some(2), accept_quorum: Some(2), ..Config::default() };
        assert_eq!(config.review_cluster(&[3, 9]), []);
        assert_eq!(config.review_cluster(&[4, 9])[0].key, "prepare_quorum");
        let known = Config { unsafe_quorums: true, ..config };
        assert_eq!(known.review_cluster(&[4, 9]), []);
    }
}
