//! A proposer: it asks for promises, then for a value (Lamport 2001, sections 2.2 and 2.4).
//!
//! ```text
//!   proposer1  Prepare 1 --*-- Accept 1 --x  outbid: Reject    (waits) Prepare 3 --*-- Accept 3 --*--
//!   proposer2          Prepare 2 --*-- Accept 2 --x  outbid            (waits longer)
//! ```
//!
//! One call after the other is worked on for each key. Whatever it was that a ballot chose is the answer
//! to all calls that wait: they were made before it was known. A read that finds no acceptance in a
//! quorum may say that nothing was chosen when it was called; the reads behind it must ask again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rehearsal_sim::history::CallId;
use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::{Bug, Fx, Message, Operation, Record, Reply, Role, Timer, quorums};
use crate::events::consensus::Event;
use crate::parts::ballot::Ballot;

/// What an acceptor tells with its promise.
type Told = Option<(Ballot, u64)>;

/// A proposer's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Proposer {
    /// The highest round it used or heard of, by key. What it used is on disk.
    rounds: BTreeMap<u64, u64>,
    /// The calls that wait, by key; none without one.
    attempts: BTreeMap<u64, Attempt>,
    /// What it found out to be chosen. Nothing is decided by it, it only tells observers once.
    decided: BTreeMap<u64, u64>,
}

/// The calls about one key, and how far the ballot is that works on the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    calls: VecDeque<(CallId, Operation)>,
    ballot: Ballot,
    phase: Phase,
    /// How often it was outbid.
    tries: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Waits for promises; here are those that came.
    Preparing(BTreeMap<NodeId, Told>),
    /// Waits for acceptances of a value; here is who has accepted.
    Accepting(u64, BTreeSet<NodeId>),
    /// Was outbid, and waits.
    Waiting,
}

impl Proposer {
    pub(super) fn boot(records: &[&Record]) -> Proposer {
        let mut proposer = Proposer::default();
        for record in records {
            if let Record::Tried { key, round } = **record {
                proposer.rounds.insert(key, round);
            }
        }
        proposer
    }

    pub(super) fn on_call(&mut self, id: CallId, operation: Operation, fx: &mut Fx<'_>) {
        if let Operation::Propose { value, .. } = operation {
            fx.note(Event::Requested { value });
        }
        let key = operation.key();
        let is_first = !self.attempts.contains_key(&key);
        let attempt = self.attempts.entry(key).or_insert_with(|| Attempt {
            calls: VecDeque::new(),
            ballot: Ballot::ZERO,
            phase: Phase::Waiting,
            tries: 0,
        });
        attempt.calls.push_back((id, operation));
        if is_first {
            self.prepare(key, fx);
        }
    }

    /// Phase 1a, in a ballot that nobody has used, least of all this proposer before a crash: "each
    /// proposer remembers, in stable storage, the highest-numbered proposal it has tried to issue".
    fn prepare(&mut self, key: u64, fx: &mut Fx<'_>) {
        let Some(attempt) = self.attempts.get_mut(&key) else { return };
        let round = self.rounds.entry(key).or_insert(0);
        *round += 1;
        let record = Record::Tried { key, round: *round };
        mutant!(fx, Bug::ProposerReusesRound, fx.append(record), ());
        attempt.ballot = Ballot { round: *round, node: fx.me() };
        attempt.phase = Phase::Preparing(BTreeMap::new());
        fx.count("ballots", 1);
        for acceptor in fx.all(Role::Acceptor) {
            fx.send_synced(acceptor, Message::Prepare { key, ballot: attempt.ballot });
        }
        fx.arm(Timer::Again(key), fx.config().timeout);
    }

    /// No quorum answered in time, or the wait after being outbid is over.
    pub(super) fn try_again(&mut self, key: u64, fx: &mut Fx<'_>) {
        if self.attempts.get(&key).is_some_and(|attempt| attempt.phase != Phase::Waiting) {
            fx.count("timeouts", 1);
        }
        self.prepare(key, fx);
    }

    pub(super) fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        match body {
            Message::Promise { key, ballot, accepted } => {
                self.on_promise(from, key, ballot, accepted, fx);
            }
            Message::Accepted { key, ballot, .. } => self.on_accepted(from, key, ballot, fx),
            Message::Reject { key, ballot, promised } => self.on_reject(key, ballot, promised, fx),
            Message::Prepare { .. } | Message::Accept { .. } | Message::Query { .. } => {}
        }
    }

    fn on_promise(&mut self, from: NodeId, key: u64, ballot: Ballot, told: Told, fx: &mut Fx<'_>) {
        let Some(attempt) = self.attempts.get_mut(&key) else { return };
        let is_current =
            mutant!(fx, Bug::ProposerCountsOldPromises, ballot == attempt.ballot, true);
        let Phase::Preparing(promises) = &mut attempt.phase else { return };
        if !is_current {
            return;
        }
        promises.insert(from, told);
        if promises.len() < quorums(fx).prepare as usize {
            return;
        }
        let told: Vec<(Ballot, u64)> = promises.values().copied().flatten().collect();
        let bound = choose(&told, fx);
        let Some((call, operation)) = attempt.calls.front().copied() else { return };
        match (bound, operation) {
            (None, Operation::Read { .. }) => {
                fx.count("read_nothing", 1);
                fx.reply(call, Reply::Nothing);
                attempt.calls.pop_front();
                self.go_on(key, fx);
            }
            (Some(value), Operation::Read { .. }) => {
                if mutant!(fx, Bug::ReadUnfinished, false, true) {
                    fx.reply(call, Reply::Chosen(value));
                    attempt.calls.pop_front();
                    self.go_on(key, fx);
                } else {
                    self.ask(key, value, fx);
                }
            }
            (None, Operation::Propose { value, .. }) => self.ask(key, value, fx),
            (Some(bound), Operation::Propose { value, .. }) => {
                fx.count("value_adopted", u64::from(bound != value));
                let value = mutant!(fx, Bug::ProposerIgnoresValues, bound, value);
                self.ask(key, value, fx);
            }
        }
    }

    /// Phase 2a.
    fn ask(&mut self, key: u64, value: u64, fx: &mut Fx<'_>) {
        let Some(attempt) = self.attempts.get_mut(&key) else { return };
        let (ballot, quorum) = (attempt.ballot, quorums(fx).accept);
        attempt.phase = Phase::Accepting(value, BTreeSet::new());
        fx.note(Event::Proposed { slot: key, ballot, value, quorum });
        for acceptor in fx.all(Role::Acceptor) {
            fx.send(acceptor, Message::Accept { key, ballot, value });
        }
        fx.arm(Timer::Again(key), fx.config().timeout);
    }

    fn on_accepted(&mut self, from: NodeId, key: u64, ballot: Ballot, fx: &mut Fx<'_>) {
        let Some(attempt) = self.attempts.get_mut(&key) else { return };
        let Phase::Accepting(value, accepted) = &mut attempt.phase else { return };
        if ballot != attempt.ballot {
            return;
        }
        accepted.insert(from);
        let half = fx.all(Role::Acceptor).count().div_ceil(2);
        let needed = mutant!(fx, Bug::ProposerHalfQuorum, quorums(fx).accept as usize, half);
        if accepted.len() < needed {
            return;
        }
        let value = *value;
        fx.count("decisions", 1);
        for (call, _) in attempt.calls.drain(..) {
            fx.reply(call, Reply::Chosen(value));
        }
        if self.decided.insert(key, value) != Some(value) {
            fx.note(Event::Learned { slot: key, value });
        }
        self.go_on(key, fx);
    }

    /// Works on the next call about a key, if there is one.
    fn go_on(&mut self, key: u64, fx: &mut Fx<'_>) {
        if self.attempts.get(&key).is_some_and(|attempt| attempt.calls.is_empty()) {
            self.attempts.remove(&key);
            fx.disarm(Timer::Again(key));
        } else {
            self.prepare(key, fx);
        }
    }

    /// Outbid: a higher ballot is about. Its proposer may be done soon, if it is left alone.
    fn on_reject(&mut self, key: u64, ballot: Ballot, promised: Ballot, fx: &mut Fx<'_>) {
        let Some(attempt) = self.attempts.get_mut(&key) else { return };
        if ballot != attempt.ballot || attempt.phase == Phase::Waiting {
            return;
        }
        let round = self.rounds.entry(key).or_insert(0);
        *round = promised.round.max(*round);
        attempt.phase = Phase::Waiting;
        fx.count("outbid", 1);
        fx.arm(Timer::Again(key), fx.config().wait(attempt.tries));
        attempt.tries = attempt.tries.saturating_add(1);
    }

    pub(super) fn view(&self, view: &mut View) {
        for attempt in self.attempts.values().take(1) {
            view.field("ballot", format!("{:?}", attempt.ballot));
            match &attempt.phase {
                Phase::Preparing(promises) => view.field("promises", promises.len()),
                Phase::Accepting(value, accepted) => {
                    view.field("asks_for", value);
                    view.field("accepted", accepted.len());
                }
                Phase::Waiting => view.field("outbid", attempt.tries),
            }
        }
        view.field("waiting", self.attempts.len());
        view.field("decided", format!("{:?}", self.decided));
    }
}

/// The value that a proposer is bound to: that of the highest ballot of which it was told.
fn choose(told: &[(Ballot, u64)], fx: &mut Fx<'_>) -> Option<u64> {
    if told.iter().any(|(_, value)| *value != told[0].1) {
        fx.count("values_differed", 1);
    }
    let count = |value: u64| told.iter().filter(|(_, other)| *other == value).count();
    let highest = told.iter().max_by_key(|(ballot, _)| *ballot);
    let most_told =
        told.iter().max_by_key(|(ballot, value)| (count(*value), std::cmp::Reverse(*ballot)));
    mutant!(fx, Bug::ProposerTakesMostFrequent, highest, most_told).map(|(_, value)| *value)
}
