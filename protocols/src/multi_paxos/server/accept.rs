//! Phase 2, slot by slot (Lamport 2001, sections 2.2 and 3).
//!
//! ```text
//!   n1 leader  -- Accept 5 --.-- Accept 6 --.-- Accept 7 --.      .--*-- 6 and 7 are chosen; 5 not yet
//!   n2         ..............x .............*--------------*------'
//!   n3         ..............*.............x ..............*......
//! ```
//!
//! Each value is sent once, at once; slots do not wait for each other. With each heartbeat a leader sends
//! again what a follower has not accepted since the one before, or does not know to be chosen although
//! others do. That is all there is to catching up: a value that was chosen may be proposed again in any
//! higher ballot, so a follower that lacks it accepts it like a new one. Where the leader's log begins
//! later it sends its snapshot.

use std::collections::{BTreeMap, VecDeque};

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::{Rank, Server, peers, quorums};
use crate::events::consensus::Event;
use crate::multi_paxos::log::{Proposal, Value, Values};
use crate::multi_paxos::{Bug, Fx, Message, Record, Role, Timer, probes};
use crate::parts::ballot::Ballot;
use crate::parts::machine::Machine;
use crate::parts::session::{Request, Session};

/// What only a leader remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leader<M: Machine> {
    /// The next slot to propose in.
    next: u64,
    /// The slots that are proposed and not chosen, or chosen and not in order yet.
    pub(super) open: BTreeMap<u64, Open>,
    /// What it knows of each server, by node.
    followers: Vec<Follower>,
    /// How far it knew what was chosen, and how far it had proposed, at the last heartbeat.
    settled: (u64, u64),
    /// The serial that each session has in the log or in the queue, not applied yet: a client that asks
    /// again in the meantime gets its answer when it is applied.
    pub(super) pending: BTreeMap<Session, u64>,
    /// Requests that wait until fewer slots are open.
    queue: VecDeque<Request<M>>,
}

/// A slot that is not settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Open {
    /// Who has accepted it. A list, for the network may deliver an acceptance twice.
    accepted: Vec<NodeId>,
    /// Whether a quorum has.
    is_chosen: bool,
}

/// What a leader knows of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Follower {
    /// How far it said it knew what was chosen. A restart takes it back.
    commit: u64,
    /// From this slot on it was sent again what it lacked, 0 for a snapshot; until it has answered.
    repair: Option<u64>,
}

impl<M: Machine> Leader<M> {
    pub(super) fn new(fx: &Fx<'_, M>, next: u64) -> Leader<M> {
        let servers = fx.all(Role::Server).count();
        Leader {
            next,
            open: BTreeMap::new(),
            followers: vec![Follower { commit: 0, repair: None }; servers],
            settled: (0, 0),
            pending: BTreeMap::new(),
            queue: VecDeque::new(),
        }
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("next", self.next);
        let open = self.open.iter().map(|(slot, open)| (slot, open.accepted.len()));
        view.field("accepted", format!("{:?}", open.collect::<BTreeMap<_, _>>()));
        view.field("pending", self.pending.len());
    }
}

impl<M: Machine> Server<M> {
    /// A request is proposed in the next slot, or waits until fewer slots are open.
    pub(super) fn take(&mut self, request: Request<M>, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &mut self.rank else { return };
        leader.pending.insert(request.session, request.serial);
        leader.queue.push_back(request);
        if leader.open.len() >= fx.config().max_in_flight as usize {
            fx.count(probes::WINDOW_FULL.name, 1);
        }
        self.propose_queued(fx);
    }

    /// Proposes what waits, as far as the window allows.
    fn propose_queued(&mut self, fx: &mut Fx<'_, M>) {
        let (mut first, mut last) = (None, 0);
        while let Rank::Leader(leader) = &mut self.rank
            && leader.open.len() < fx.config().max_in_flight as usize
            && let Some(request) = leader.queue.pop_front()
        {
            last = leader.next;
            leader.next += 1;
            first.get_or_insert(last);
            fx.count("entries_appended", 1);
            self.open(last, Value::Request(request), fx);
        }
        if let Some(first) = first {
            self.announce(first, last, fx);
        }
    }

    /// Proposes a value in a slot, and accepts it. The leader counts itself when its own disk is done.
    pub(super) fn open(&mut self, slot: u64, value: Value<M>, fx: &mut Fx<'_, M>) {
        let (ballot, quorum) = (self.promised, quorums(fx).accept);
        if value == Value::Noop {
            fx.count("no_ops", 1);
        }
        if let (Rank::Leader(leader), Value::Request(request)) = (&mut self.rank, &value) {
            leader.pending.insert(request.session, request.serial);
        }
        fx.note(Event::Proposed { slot, ballot, value: value.digest(), quorum });
        self.accept(slot, Proposal { ballot, value }, fx);
        if let Rank::Leader(leader) = &mut self.rank {
            leader.open.insert(slot, Open::default());
        }
        let own = Message::Accepted { ballot, first: slot, count: 1, commit: self.commit };
        fx.send_synced(fx.me(), own);
    }

    /// Tells everybody of the proposals in some slots; where there are none it is a heartbeat. They may
    /// leave before the own disk has them: nothing is promised by that.
    pub(super) fn announce(&mut self, first: u64, last: u64, fx: &mut Fx<'_, M>) {
        for peer in peers(fx) {
            let mut from = first;
            loop {
                let values = self.values(from, last, fx);
                let (ballot, commit, count) = (self.promised, self.commit, values.len());
                fx.send(peer, Message::Accept { ballot, first: from, values, commit });
                from += count;
                if from > last || count == 0 {
                    break;
                }
            }
        }
    }

    /// What this leader has proposed from a slot on, one after the other, a batch at most.
    fn values(&self, first: u64, last: u64, fx: &Fx<'_, M>) -> Values<M> {
        let slots = (first..=last).take(fx.config().max_batch as usize);
        let proposed = slots.map_while(|slot| self.log.get(slot));
        Values::of(proposed.map(|proposal| proposal.value.clone()).collect())
    }

    /// The heartbeat timer rang.
    pub(super) fn send_heartbeats(&mut self, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &mut self.rank else { return };
        let settled = leader.settled;
        leader.settled = (self.commit, leader.next - 1);
        for peer in peers(fx) {
            let Rank::Leader(leader) = &mut self.rank else { return };
            let follower = &mut leader.followers[peer.index()];
            follower.repair = None;
            let known = follower.commit;
            let mut waiting = leader.open.range(..=settled.1);
            let unaccepted = waiting.find(|(_, open)| !open.accepted.contains(&peer));
            let unaccepted = unaccepted.map(|(slot, _)| *slot);
            if known < settled.0 {
                self.repair(peer, known, fx);
            } else if let Some(slot) = unaccepted {
                self.resend(peer, slot, fx);
            } else {
                let (ballot, commit) = (self.promised, self.commit);
                let values = Values::of(Vec::new());
                fx.send(peer, Message::Accept { ballot, first: 0, values, commit });
            }
        }
        fx.arm(Timer::Heartbeat, fx.config().heartbeat);
    }

    /// Sends a follower what it does not know to be chosen.
    fn repair(&mut self, to: NodeId, known: u64, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &mut self.rank else { return };
        let repair = &mut leader.followers[to.index()].repair;
        fx.count("repairs", 1);
        match &self.snapshot {
            Some(snapshot) if snapshot.slot > known => {
                *repair = Some(0);
                fx.count("snapshots_sent", 1);
                let (ballot, snapshot) = (self.promised, snapshot.clone());
                fx.send(to, Message::Install { ballot, snapshot });
            }
            _ => {
                *repair = Some(known + 1);
                self.resend(to, known + 1, fx);
            }
        }
    }

    /// Sends a batch again. Slots that were chosen under earlier leaders are proposed anew: their
    /// values can be no others.
    fn resend(&mut self, to: NodeId, first: u64, fx: &mut Fx<'_, M>) {
        let (ballot, commit, quorum) = (self.promised, self.commit, quorums(fx).accept);
        let last = self.log.last();
        let values = self.values(first, last, fx);
        for (slot, value) in (first..).zip(values.as_slice()) {
            if self.log.get(slot).is_some_and(|proposal| proposal.ballot < ballot) {
                fx.note(Event::Proposed { slot, ballot, value: value.digest(), quorum });
            }
        }
        fx.send(to, Message::Accept { ballot, first, values, commit });
    }

    /// A leader proposes.
    pub(super) fn on_accept(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        first: u64,
        values: &Values<M>,
        commit: u64,
        fx: &mut Fx<'_, M>,
    ) {
        if !self.heed(from, ballot, fx) {
            return;
        }
        for (slot, value) in (first..).zip(values.as_slice()) {
            // What it knows to be chosen it needs not accept again.
            if slot > self.commit {
                self.accept(slot, Proposal { ballot, value: value.clone() }, fx);
            }
        }
        self.learn_up_to(commit, ballot, fx);
        let (count, commit) = (values.len(), self.commit);
        let reply = Message::Accepted { ballot, first, count, commit };
        mutant!(fx, Bug::AcceptBeforeSync, fx.send_synced(from, reply), fx.send(from, reply));
    }

    /// Whether a leader's ballot is as high as what was promised. Then it is followed; and to take part
    /// in it is to promise it.
    pub(super) fn heed(&mut self, from: NodeId, ballot: Ballot, fx: &mut Fx<'_, M>) -> bool {
        self.seen = self.seen.max(ballot.round);
        let is_late = mutant!(fx, Bug::PromiseIgnored, ballot < self.promised, false);
        if is_late {
            fx.count(probes::OLD_PROPOSAL_REFUSED.name, 1);
            fx.send(from, Message::Reject { ballot, promised: self.promised });
            return false;
        }
        if ballot > self.promised {
            mutant!(fx, Bug::AcceptDoesNotRaise, self.promised = ballot, ());
            fx.append(Record::Promised(self.promised));
        }
        self.follow(Some(from), fx);
        fx.arm(Timer::Election, fx.config().election_timeout);
        true
    }

    /// Accepts a proposal in memory, and hands it to the disk if it is not there.
    fn accept(&mut self, slot: u64, proposal: Proposal<M>, fx: &mut Fx<'_, M>) {
        let (ballot, value) = (proposal.ballot, proposal.value.digest());
        if self.log.get(slot).is_none_or(|known| known.ballot != ballot) {
            self.log.put(slot, proposal.clone());
            fx.append(Record::Accepted { slot, proposal });
            fx.note_synced(Event::Accepted { slot, ballot, value });
        }
    }

    /// The leader's side: a quorum of acceptances chooses a value.
    pub(super) fn on_accepted(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        (first, count): (u64, u64),
        commit: u64,
        fx: &mut Fx<'_, M>,
    ) {
        let is_current = ballot == self.promised;
        let is_current = mutant!(fx, Bug::OldAcceptanceCounted, is_current, true);
        let needed = quorums(fx).accept as usize;
        let half = fx.all(Role::Server).count().div_ceil(2);
        let needed = mutant!(fx, Bug::AcceptQuorumOfHalf, needed, half);
        let Rank::Leader(leader) = &mut self.rank else { return };
        if !is_current {
            return;
        }
        let mut is_out_of_order = false;
        for (slot, open) in leader.open.range_mut(first..first.saturating_add(count)) {
            let is_copy = open.accepted.contains(&from);
            if !mutant!(fx, Bug::AcceptanceCopyCounted, is_copy, false) {
                open.accepted.push(from);
            }
            if !open.is_chosen && open.accepted.len() >= needed {
                open.is_chosen = true;
                is_out_of_order |= *slot > self.commit + 1;
            }
        }
        let follower = &mut leader.followers[from.index()];
        follower.commit = commit;
        let (goes_on, settled) = (follower.repair == Some(first), leader.settled.0);
        if goes_on {
            follower.repair = None;
        }
        self.settle(fx);
        if is_out_of_order && matches!(&self.rank, Rank::Leader(leader) if !leader.open.is_empty())
        {
            fx.count(probes::CHOSEN_OUT_OF_ORDER.name, 1);
        }
        if goes_on && commit < settled {
            self.repair(from, commit, fx);
        }
        self.propose_queued(fx);
    }

    /// Learns the slots that are chosen, in order.
    fn settle(&mut self, fx: &mut Fx<'_, M>) {
        while let Rank::Leader(leader) = &mut self.rank
            && leader.open.get(&(self.commit + 1)).is_some_and(|open| open.is_chosen)
        {
            leader.open.remove(&(self.commit + 1));
            self.learn(fx);
        }
    }
}
