//! The table `[raft]`.

use rehearsal_sim::protocol::{self, NodeId, Remark};
use rehearsal_sim::random::Stream;
use rehearsal_sim::skew::Drift;
use rehearsal_sim::time::{Span, SpanRange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts::patience::orders;
use crate::raft::plan::{ServerName, Step};

/// The parameters of Raft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a server waits for a leader before it stands for election; drawn anew each time. A
    /// duration or a range. Shorter means faster recovery and more elections without need; a range
    /// that is narrow against the round trip lets candidates split the vote. Default 150ms..300ms
    /// (Ongaro & Ousterhout 2014, Section 9.3).
    pub election_timeout: SpanRange,
    /// How often a leader sends to every follower, entries or not. A duration well below the
    /// shortest election timeout, so that one lost message deposes nobody. Default 50ms (a third of
    /// the shortest default election timeout).
    pub heartbeat: Span,
    /// The most entries in one AppendEntries. At least 1. Default 64 (a batch then stays within a
    /// few network packets).
    pub max_batch: u32,
    /// How many AppendEntries with entries a follower may leave unanswered. 1 is stop and wait, and lets
    /// batches grow with the load; more keeps a long link full. At least 1. Default 1 (Ongaro's thesis,
    /// 10.2.1, describes both).
    pub max_in_flight: u32,
    /// Whether a follower that refuses entries names the term that conflicts and its first index, so
    /// that the leader skips the whole term at once. Default false: the leader goes back one entry at
    /// a time, or to the end of a log that is shorter (Ongaro & Ousterhout 2014, end of Section 5.3,
    /// doubts that it is needed).
    pub conflict_hints: bool,
    /// Whether a new leader begins its term with an empty entry. Default true (Section 8). Without it
    /// what its predecessors left stays uncommitted until somebody writes.
    pub noop_at_term_start: bool,
    /// Whether a server asks first whether it would be elected, and only then begins a new term. A
    /// server that was cut off then comes back without deposing anybody. Default false (Ongaro's
    /// thesis, 9.6, has it as an extension).
    pub pre_vote: bool,
    /// Whether a server that has heard a leader within the shortest election timeout ignores requests
    /// for its vote, and does not stand itself. Default false (Section 6; thesis, 4.2.3).
    pub leader_stickiness: bool,
    /// Whether a leader steps down that heard no majority for the longest election timeout. Default
    /// false (thesis, 6.2).
    pub check_quorum: bool,
    /// How reads are answered. Default "log" (Section 8).
    pub reads: Reads,
    /// With `reads = "lease"`: by how much any server's clock may run fast or slow. A lease lasts the
    /// shortest election timeout, divided by how much faster one clock may then run than another, which
    /// is (1 + margin) / (1 - margin) (thesis, 6.4.1: the clock drift bound). 0ppm to 100000ppm.
    /// Default 10000ppm (a hundredth; quartz is a hundred times better).
    pub lease_margin: Drift,
    /// How long a client waits for an answer before it asks the next server. A duration above the
    /// time of a commit, which is a round trip and two disk writes. Default 250ms (about a typical
    /// election, so that the next question finds the new leader).
    pub request_timeout: Span,
    /// How long a client waits before it asks again after it was sent away by a server that knows
    /// no leader; drawn anew each time, and doubled each time up to the request timeout. A duration
    /// or a range, not zero. Default 10ms..50ms (a fraction of an election; the range keeps clients
    /// from asking all at once).
    pub redirect_backoff: SpanRange,
    /// How many entries a server applies before it takes a snapshot and drops them from its log (Ongaro &
    /// Ousterhout 2014, Section 7). From 1. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub snapshot_after: Option<u32>,
    /// The most bytes of a snapshot in one message. At least 1. Default 65536.
    #[schemars(range(min = 1))]
    pub snapshot_chunk: u32,
    /// How the voters are changed: `"joint"` by way of a configuration in which the old and the new
    /// voters both decide (Section 6), `"single-server"` one server at a time (Ongaro's thesis, 4.1).
    /// Default "joint".
    pub membership: MembershipChange,
    /// How many servers vote from the start: `n1`, `n2`, ... The others know nothing and wait until a
    /// step of the `plan` makes them voters. From 1. Default: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub initial_members: Option<u32>,
    /// What an operator asks of the cluster, one step after the other: `[{ at = "5s", members = ["n1",
    /// "n2", "n4"] }, { at = "8s", transfer = "n2" }]`. The first client asks the leader, again and again
    /// until the step is done or the next one is due. Default: nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Step>,
}

/// How a leader answers operations that change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Like writes: each is an entry of the log.
    Log,
    /// From the leader's own state, once a majority has answered a heartbeat that was sent after the
    /// read came (thesis, 6.4).
    ReadIndex,
    /// At once from the leader's own state, for as long after a heartbeat as nobody else can be
    /// elected; else as "read-index". Needs `leader_stickiness`, and trusts monotonic clocks: it is
    /// unsafe where they drift more than `lease_margin`, or stand still (thesis, 6.4.1).
    Lease,
}

/// How the voters are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MembershipChange {
    /// The old and the new voters decide together for a while.
    Joint,
    /// One server comes or goes at a time.
    SingleServer,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            election_timeout: SpanRange { lo: Span::millis(150), hi: Span::millis(300) },
            heartbeat: Span::millis(50),
            max_batch: 64,
            max_in_flight: 1,
            conflict_hints: false,
            noop_at_term_start: true,
            pre_vote: false,
            leader_stickiness: false,
            check_quorum: false,
            reads: Reads::Log,
            lease_margin: Drift(10_000),
            request_timeout: Span::millis(250),
            redirect_backoff: SpanRange { lo: Span::millis(10), hi: Span::millis(50) },
            snapshot_after: None,
            snapshot_chunk: 65_536,
            membership: MembershipChange::Joint,
            initial_members: None,
            plan: Vec::new(),
        }
    }
}

impl protocol::Config for Config {
    fn review(&self, round_trip: Span) -> Vec<Remark> {
        let mut remarks = self.zeros();
        let SpanRange { lo, hi } = self.election_timeout;
        let mut remark = |is_error, key, message: String, help: &str| {
            remarks.push(Remark { is_error, key, message, help: help.to_owned() });
        };
        if lo > Span::ZERO && self.heartbeat >= lo {
            remark(
                true,
                "heartbeat",
                format!(
                    "a heartbeat every {} is too slow to stop elections after {lo}",
                    self.heartbeat
                ),
                "make it a third of the shortest election timeout, or less",
            );
        }
        if hi - lo < round_trip {
            remark(
                false,
                "election_timeout",
                format!("the spread of {} is below the round trip of {round_trip}", hi - lo),
                "candidates will often split the vote: widen the range to several round trips",
            );
        }
        if lo < round_trip {
            remark(
                false,
                "election_timeout",
                format!("{lo} is below the round trip of {round_trip}"),
                "candidates will give up before their votes arrive: raise it to several round trips",
            );
        }
        if self.request_timeout > Span::ZERO && self.request_timeout < round_trip {
            remark(
                false,
                "request_timeout",
                format!("{} is below the round trip of {round_trip}", self.request_timeout),
                "clients will ask again before an answer can arrive: raise it to several round trips",
            );
        }
        for (number, pair) in self.plan.windows(2).enumerate() {
            if pair[0].at >= pair[1].at {
                let (later, earlier) = (number + 2, number + 1);
                remark(
                    true,
                    "plan",
                    format!("step {later} of the plan is not after step {earlier}"),
                    "give each step a later time than the one before: a step ends where the next begins",
                );
            }
        }
        for (number, _) in self.plan.iter().enumerate().filter(|(_, step)| !step.is_clear()) {
            remark(
                true,
                "plan",
                format!("step {} of the plan does not say what to do", number + 1),
                "write what shall be: { at = \"5s\", members = [\"n1\", \"n2\", \"n3\"] }",
            );
        }
        remarks.extend(self.review_reads());
        remarks
    }

    /// Elections from a few round trips up, with a spread down to one round trip, below which
    /// candidates split the vote again and again; batches from one entry. Leases are never drawn, for
    /// days on which processes stand still are no days for them; a file that asks for them keeps them,
    /// with what they need.
    fn vary(self, dice: &mut Stream, round_trip: Span) -> Config {
        let trip = round_trip.0.max(1_000_000);
        let shortest = orders(dice, (trip * 6).max(60_000_000), (trip * 12).max(500_000_000));
        let spread = orders(dice, trip, shortest.max(trip));
        // A follower gets a batch a round trip: 200 entries a second, or it never catches up.
        let least = (trip * 200).div_ceil(1_000_000_000);
        let max_batch = orders(dice, least, least.max(64));
        let patience = orders(dice, (trip * 4).max(50_000_000), (trip * 16).max(400_000_000));
        let mut coin = || dice.below(2) == 1;
        let is_leased = self.reads == Reads::Lease;
        let (conflict_hints, pre_vote, check_quorum) = (coin(), coin(), coin());
        let leader_stickiness = coin() || is_leased;
        let reads = match (is_leased, coin()) {
            (true, _) => Reads::Lease,
            (false, true) => Reads::ReadIndex,
            (false, false) => Reads::Log,
        };
        let max_in_flight = 1 << dice.below(5);
        let keeps_plan = !self.plan.is_empty();
        let plan = if keeps_plan { self.plan.clone() } else { transfers(dice) };
        // Whole milliseconds are easier to read.
        let millis = |span: u64| Span(span.div_ceil(1_000_000) * 1_000_000);
        Config {
            election_timeout: SpanRange { lo: millis(shortest), hi: millis(shortest + spread) },
            heartbeat: millis(shortest / (3 + dice.below(6))),
            max_batch: u32::try_from(max_batch).expect("round trips are short"),
            max_in_flight,
            conflict_hints,
            pre_vote,
            leader_stickiness,
            check_quorum,
            reads,
            request_timeout: millis(patience),
            plan,
            ..self
        }
        .with_snapshots(dice)
    }
}

impl Config {
    /// Whether leaders count rounds of heartbeats.
    pub(crate) fn counts_rounds(&self) -> bool {
        self.pre_vote || self.leader_stickiness || self.check_quorum || self.reads != Reads::Log
    }

    /// How long a lease lasts, by the leader's clock: the slowest clock shows it before the fastest one
    /// shows the shortest election timeout.
    pub(crate) fn lease(&self) -> Span {
        const MILLION: u64 = 1_000_000;
        let margin = u64::from(self.lease_margin.0.unsigned_abs()).min(MILLION);
        let lease = u128::from(self.election_timeout.lo.0) * u128::from(MILLION - margin)
            / u128::from(MILLION + margin);
        Span(u64::try_from(lease).unwrap_or(u64::MAX))
    }

    /// What reads that skip the log need.
    fn review_reads(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut remark = |is_error, key, message: &str, help: &str| {
            let (message, help) = (message.to_owned(), help.to_owned());
            remarks.push(Remark { is_error, key, message, help });
        };
        if self.lease_margin < Drift(0) {
            remark(
                true,
                "lease_margin",
                "it bounds clocks that run fast as well as slow ones, and has no sign",
                "leave the minus out",
            );
        }
        if self.reads == Reads::Lease && !self.leader_stickiness {
            remark(
                false,
                "reads",
                "leases promise nothing where servers vote although they hear a leader",
                "set leader_stickiness = true",
            );
        }
        if !self.noop_at_term_start {
            remark(
                false,
                "noop_at_term_start",
                "a new leader commits nothing before somebody writes, and answers no read but by the log",
                "leave the line out, unless that is what you want to show",
            );
        }
        remarks
    }

    /// Snapshots on every other day, from one after each entry to none in a day, in chunks from a few
    /// sessions up. Voters that come and go are not drawn.
    fn with_snapshots(self, dice: &mut Stream) -> Config {
        let after = u32::try_from(orders(dice, 1, 300)).ok();
        let snapshot_after = after.filter(|_| dice.below(2) == 0);
        let snapshot_chunk = u32::try_from(orders(dice, 64, 65_536)).unwrap_or(u32::MAX);
        let joint = dice.below(2) == 0;
        let membership =
            if joint { MembershipChange::Joint } else { MembershipChange::SingleServer };
        Config { snapshot_after, snapshot_chunk, membership, ..self }
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
            ("initial_members", self.initial_members == Some(0)),
            ("snapshot_after", self.snapshot_after == Some(0)),
            ("snapshot_chunk", self.snapshot_chunk == 0),
        ];
        let zeros = keys.into_iter().filter(|(_, is_zero)| *is_zero);
        zeros
            .map(|(key, _)| Remark {
                is_error: true,
                key,
                message: format!("{key} is zero, and the simulation would never get past it"),
                help: "leave the line out to get the default".to_owned(),
            })
            .collect()
    }
}

/// On one day of four an operator hands leadership around: to some who may not exist, and are passed
/// over.
fn transfers(dice: &mut Stream) -> Vec<Step> {
    let count = if dice.below(4) == 0 { 1 + dice.below(6) } else { 0 };
    let mut plan = Vec::new();
    let mut millis = 0;
    for _ in 0..count {
        millis += 200 + dice.below(1_800);
        let to = NodeId(u32::try_from(dice.below(5)).unwrap_or(0));
        let (at, transfer) = (Span(millis * 1_000_000), Some(ServerName::of(to)));
        plan.push(Step { at, transfer, ..Step::default() });
    }
    plan
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::protocol::Config as _;

    use super::*;

    fn remarks(config: &Config, round_trip: Span) -> Vec<(bool, &'static str)> {
        config.review(round_trip).iter().map(|remark| (remark.is_error, remark.key)).collect()
    }

    #[test]
    fn defaults_survive_a_round_trip_through_text() {
        let text = serde_json::to_string(&Config::default()).unwrap();
        assert!(text.contains(r#""election_timeout":"150ms..300ms","heartbeat":"50ms""#), "{text}");
        assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), Config::default());
        assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
        assert!(serde_json::from_str::<Config>(r#"{ "heartbeats": "50ms" }"#).is_err());
    }

    #[test]
    fn a_review_finds_what_can_not_work_and_what_is_suspicious() {
        let good = Config::default();
        assert_eq!(remarks(&good, Span::millis(2)), []);
        let slow = Config { heartbeat: Span::millis(150), ..good.clone() };
        assert_eq!(remarks(&slow, Span::millis(2)), [(true, "heartbeat")]);
        let narrow = Config { election_timeout: Span::millis(150).into(), ..good.clone() };
        assert_eq!(remarks(&narrow, Span::millis(2)), [(false, "election_timeout")]);
        let stopped = Config { max_batch: 0, request_timeout: Span::ZERO, ..good.clone() };
        let keys = [(true, "max_batch"), (true, "request_timeout")];
        assert_eq!(remarks(&stopped, Span::millis(2)), keys);
        let vague =
            Config { plan: vec![Step::default()], initial_members: Some(0), ..good.clone() };
        let keys = [(true, "initial_members"), (true, "plan")];
        assert_eq!(remarks(&vague, Span::millis(2)), keys);
        let keys = ["election_timeout", "election_timeout", "request_timeout"].map(|k| (false, k));
        assert_eq!(remarks(&good, Span::millis(400)), keys);
        let leased = Config { reads: Reads::Lease, lease_margin: Drift(-1), ..good.clone() };
        assert_eq!(remarks(&leased, Span::millis(2)), [(true, "lease_margin"), (false, "reads")]);
        let silent = Config { noop_at_term_start: false, ..good };
        assert_eq!(remarks(&silent, Span::millis(2)), [(false, "noop_at_term_start")]);
    }

    #[test]
    fn a_lease_on_the_slowest_clock_ends_before_the_fastest_clock_shows_the_timeout() {
        for margin in [0, 1, 999, 10_000, 100_000] {
            let config = Config { lease_margin: Drift(margin), ..Config::default() };
            let millionths = |by: i32| u128::from(1_000_000_u32.saturating_add_signed(by));
            let truly_lasts = u128::from(config.lease().0) * 1_000_000 / millionths(-margin);
            let fastest_shows = truly_lasts * millionths(margin) / 1_000_000;
            let shortest = u128::from(config.election_timeout.lo.0);
            assert!(fastest_shows <= shortest, "{margin}: {fastest_shows}");
            assert!(fastest_shows * 1_000_001 >= shortest * 1_000_000, "{margin}: {fastest_shows}");
        }
    }
}
