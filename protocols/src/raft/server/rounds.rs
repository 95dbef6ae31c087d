//! Rounds of heartbeats: when a leader was last known to lead (thesis, 6.2 and 6.4).
//!
//! ```text
//!   n1 leader  round 7 --.                     .--*-- n2 followed me when round 7 began, or later
//!   n2          .........*--term is mine: 7 ---'
//! ```
//!
//! A round begins with messages to all servers; each answer of the same term names the latest round
//! its sender had heard of. Once a majority has answered a round, nobody else had been elected when it
//! began. That is what a read needs to know that skips the log, what a lease is counted from, and what
//! tells a leader that it is cut off.

use std::collections::VecDeque;

use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::{LocalTime, Span};

/// Rounds whose beginning is remembered while nobody answers.
const REMEMBERED: usize = 64;

/// What a leader knows of its rounds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rounds {
    /// The latest that began; 0 before the first one.
    latest: u64,
    /// The latest that each server answered.
    answered: Vec<u64>,
    /// When the rounds began that no majority has answered yet, oldest first.
    open: VecDeque<(u64, LocalTime)>,
    /// The latest that a majority answered; 0 before the first one.
    confirmed: u64,
    /// When that one began; before the first one, when the election was won.
    confirmed_at: LocalTime,
}

impl Rounds {
    pub(super) fn new(servers: usize, now: LocalTime) -> Rounds {
        let answered = vec![0; servers];
        Rounds { latest: 0, answered, open: VecDeque::new(), confirmed: 0, confirmed_at: now }
    }

    /// The latest round that began; what messages to followers say.
    pub(super) fn latest(&self) -> u64 {
        self.latest
    }

    /// The latest round that a majority answered.
    pub(super) fn confirmed(&self) -> u64 {
        self.confirmed
    }

    /// The next round begins; the leader itself answers it at once.
    pub(super) fn begin(&mut self, me: NodeId, now: LocalTime) {
        self.latest += 1;
        self.answered[me.index()] = self.latest;
        if self.open.len() == REMEMBERED {
            self.open.pop_front();
        }
        self.open.push_back((self.latest, now));
    }

    /// A server answered. Answers may come late and in any order.
    pub(super) fn answer(&mut self, from: NodeId, round: u64) {
        let answered = &mut self.answered[from.index()];
        *answered = round.max(*answered);
    }

    /// What each server answered, by server.
    pub(super) fn answers(&self) -> &[u64] {
        &self.answered
    }

    /// A majority answered this round. Whether that is news.
    pub(super) fn confirm(&mut self, round: u64) -> bool {
        let is_news = round > self.confirmed;
        while let Some((open, at)) = self.open.front().copied().filter(|(open, _)| *open <= round) {
            (self.confirmed, self.confirmed_at) = (open, at);
            self.open.pop_front();
        }
        self.confirmed = self.confirmed.max(round);
        is_news
    }

    /// How long ago a majority last followed this leader for certain, or elected it.
    pub(super) fn silence(&self, now: LocalTime) -> Span {
        now.since(self.confirmed_at)
    }

    /// The same, of rounds alone: votes promise nothing about how long voters wait.
    pub(super) fn silence_since_round(&self, now: LocalTime) -> Option<Span> {
        (self.confirmed > 0).then(|| self.silence(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_from_the_beginning_of_the_latest_round_that_was_answered() {
        let mut rounds = Rounds::new(3, LocalTime(5));
        assert_eq!((rounds.silence(LocalTime(8)), rounds.silence_since_round(LocalTime(8))), {
            (Span(3), None)
        });
        rounds.begin(NodeId(0), LocalTime(10));
        rounds.begin(NodeId(0), LocalTime(20));
        rounds.begin(NodeId(0), LocalTime(30));
        rounds.answer(NodeId(2), 2);
        rounds.answer(NodeId(2), 1); // a late one
        assert_eq!(rounds.answers(), [3, 0, 2]);
        assert!(rounds.confirm(2) && !rounds.confirm(2) && !rounds.confirm(1));
        assert_eq!(rounds.silence_since_round(LocalTime(35)), Some(Span(15)));
        assert_eq!((rounds.latest(), rounds.confirmed()), (3, 2));
    }

    #[test]
    fn rounds_that_nobody_answers_are_forgotten() {
        let mut rounds = Rounds::new(1, LocalTime(0));
        for now in 1..=1_000 {
            rounds.begin(NodeId(0), LocalTime(now));
        }
        assert_eq!(rounds.open.len(), REMEMBERED);
        assert!(rounds.confirm(3));
        assert_eq!(rounds.silence(LocalTime(1_000)), Span(1_000), "nobody knows when it began");
        assert!(rounds.confirm(1_000));
        assert_eq!(rounds.silence(LocalTime(1_000)), Span(0));
    }
}
