//! Phase 1, for all slots at once (Lamport 2001, sections 2.2 and 3; 1998, section 3.1).
//!
//! ```text
//!   n1  (timeout) ballot 2.n1 --fsync--.-- Prepare 2.n1 from=4 --.                  .--*-- leads:
//!                                      '-- (own promise) --------|------------------|--' 4 again,
//!   n2  ........ accepted 4@1.n3, 6@1.n3 ....... promise --fsync-'                  |    5 no-op,
//!   n3  (down)                                   '-- Promise [4@1.n3, 6@1.n3] ------'    6 again
//! ```
//!
//! What a candidate does not know to be chosen may be chosen all the same. If it is, a quorum has
//! accepted it, and of that quorum at least one promises: in the highest ballot that any promise tells of
//! stands the only value that can have been chosen, and so the new leader proposes that one. Where no
//! promise tells of anything nothing was chosen, nor will be in a lower ballot, and a no-op fills the
//! hole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::accept::Leader;
use super::{Rank, Server, peers, quorums};
use crate::events::consensus::Event;
use crate::multi_paxos::log::{Proposal, Snapshot, Value};
use crate::multi_paxos::message::Reports;
use crate::multi_paxos::{Bug, Fx, Message, Record, Timer, probes};
use crate::parts::ballot::Ballot;
use crate::parts::machine::Machine;

/// What a candidate remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Candidate<M: Machine> {
    /// Who promised.
    promises: BTreeSet<NodeId>,
    /// What they have accepted, by slot.
    reports: BTreeMap<u64, Vec<Proposal<M>>>,
}

impl<M: Machine> Candidate<M> {
    pub(super) fn view(&self, view: &mut View) {
        view.field("promises", self.promises.len());
    }
}

impl<M: Machine> Server<M> {
    /// The election timeout rang: prepare a ballot above all that were heard of.
    ///
    /// The ballot is on disk before anybody hears of it: no ballot may be used twice. The own promise
    /// counts like any other, once it is durable.
    pub(super) fn campaign(&mut self, fx: &mut Fx<'_, M>) {
        if matches!(self.rank, Rank::Candidate(_)) {
            fx.count(probes::ELECTION_WITHOUT_WINNER.name, 1);
        }
        self.seen = self.seen.max(self.promised.round) + 1;
        let ballot = Ballot { round: self.seen, node: fx.me() };
        self.promised = ballot;
        let record = Record::Promised(ballot);
        mutant!(fx, Bug::BallotNotPersisted, fx.append(record), ());
        self.rank =
            Rank::Candidate(Candidate { promises: BTreeSet::new(), reports: BTreeMap::new() });
        fx.arm(Timer::Election, fx.config().election_timeout);
        fx.count("elections_started", 1);
        let first = self.commit + 1;
        for peer in peers(fx) {
            fx.send_synced(peer, Message::Prepare { ballot, first });
        }
        self.promise(fx.me(), first, fx);
    }

    /// A candidate asks for a promise.
    pub(super) fn on_prepare(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        first: u64,
        fx: &mut Fx<'_, M>,
    ) {
        self.seen = self.seen.max(ballot.round);
        if ballot < self.promised {
            fx.count(probes::BALLOT_REFUSED.name, 1);
            fx.send(from, Message::Reject { ballot, promised: self.promised });
            return;
        }
        if ballot > self.promised {
            self.promised = ballot;
            let record = Record::Promised(ballot);
            mutant!(fx, Bug::PromiseNotPersisted, fx.append(record), ());
            self.follow(None, fx);
            // The candidate gets its time.
            fx.arm(Timer::Election, fx.config().election_timeout);
        }
        self.promise(from, first, fx);
    }

    /// Promises the present ballot, with everything that was accepted from a slot on.
    fn promise(&self, to: NodeId, first: u64, fx: &mut Fx<'_, M>) {
        let ballot = self.promised;
        let accepted: Reports<M> =
            self.log.from(first).map(|(slot, proposal)| (slot, proposal.clone())).collect();
        let snapshot = self.snapshot.as_ref().filter(|snapshot| snapshot.slot >= first).cloned();
        fx.note_synced(Event::Promised { slot: None, ballot });
        fx.send_synced(to, Message::Promise { ballot, accepted, snapshot });
    }

    /// The candidate's side: a quorum of promises is enough.
    pub(super) fn on_promise(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        accepted: &Reports<M>,
        snapshot: Option<&Arc<Snapshot<M>>>,
        fx: &mut Fx<'_, M>,
    ) {
        let is_mine = ballot == self.promised;
        let is_mine = mutant!(fx, Bug::OldPromiseCounted, is_mine, ballot.node == fx.me());
        let Rank::Candidate(candidate) = &mut self.rank else { return };
        if !is_mine || !candidate.promises.insert(from) {
            return;
        }
        for (slot, proposal) in accepted.iter() {
            candidate.reports.entry(*slot).or_default().push(proposal.clone());
        }
        let is_prepared = candidate.promises.len() >= quorums(fx).prepare as usize;
        if let Some(snapshot) = snapshot {
            fx.count(probes::PROMISE_WITH_SNAPSHOT.name, 1);
            self.install(snapshot, fx);
        }
        if is_prepared {
            self.lead(fx);
        }
    }

    /// The ballot is prepared. What may have been chosen is proposed again, slot by slot.
    fn lead(&mut self, fx: &mut Fx<'_, M>) {
        let follower = Rank::Follower { leader: None };
        let Rank::Candidate(candidate) = std::mem::replace(&mut self.rank, follower) else {
            return;
        };
        let mut reports = candidate.reports;
        let last = reports.keys().next_back().copied().unwrap_or(0).max(self.commit);
        let term = self.promised.number();
        fx.note(Event::BecameLeader { term, last_index: last, last_term: 0 });
        fx.count("elections", 1);
        fx.disarm(Timer::Election);
        fx.arm(Timer::Heartbeat, fx.config().heartbeat);
        self.rank = Rank::Leader(Leader::new(fx, last + 1));
        let first = self.commit + 1;
        for slot in first..=last {
            let value = match reports.remove(&slot) {
                Some(told) => choose(&told, fx),
                None => {
                    fx.count(probes::HOLE_FILLED.name, 1);
                    if mutant!(fx, Bug::HoleNotFilled, false, true) {
                        continue;
                    }
                    Value::Noop
                }
            };
            self.open(slot, value, fx);
        }
        self.announce(first, last, fx);
    }

    /// A higher ballot is about. Whoever proposes in a lower one gives up.
    pub(super) fn on_reject(&mut self, ballot: Ballot, promised: Ballot, fx: &mut Fx<'_, M>) {
        self.seen = self.seen.max(promised.round);
        let is_mine = ballot == self.promised && ballot.node == fx.me();
        if is_mine && !matches!(self.rank, Rank::Follower { .. }) {
            self.follow(None, fx);
        }
    }
}

/// Which of the values that were accepted in a slot may have been chosen: that of the highest ballot.
fn choose<M: Machine>(told: &[Proposal<M>], fx: &mut Fx<'_, M>) -> Value<M> {
    fx.count(probes::VALUE_INHERITED.name, 1);
    if told.iter().any(|one| one.value != told[0].value) {
        fx.count(probes::VALUES_DIFFERED.name, 1);
    }
    let count = |value: &Value<M>| told.iter().filter(|one| one.value == *value).count();
    let highest = told.iter().max_by_key(|one| one.ballot);
    let most_told =
        told.iter().max_by_key(|one| (count(&one.value), std::cmp::Reverse(one.ballot)));
    let chosen = mutant!(fx, Bug::MostFrequentValue, highest, most_told);
    let value = chosen.map_or(Value::Noop, |one| one.value.clone());
    mutant!(fx, Bug::ChosenValueIgnored, value, Value::Noop)
}
