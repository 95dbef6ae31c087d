//! Leader election (Sections 5.2 and 5.4.1).
//!
//! ```text
//!   n1  (timeout) term 2, vote n1 --fsync--.--RequestVote--.             .--*-- leader of term 2
//!                                          '--(own vote)---|-------------|--'
//!   n2  ........................................term 2, vote n1 --fsync--'
//!   n3  (down)
//! ```
//!
//! A server votes once a term and only for a log at least as up to date as its own. The first rule
//! allows one leader a term; the second allows only leaders that have every committed entry.
//! Timeouts are random, so that usually one server asks before the others wake up. A request for a
//! vote that is lost is not sent again: the next timeout begins a new term.
//!
//! A server that was cut off stands in term after term, alone, and deposes everybody when it is back.
//! With `pre_vote` it asks first (thesis, 9.6):
//!
//! ```text
//!   n1  (timeout) ----PreVote 2----.              .--*-- a majority: stand in term 2, as above
//!   n2  ...........................*-would vote---'
//!   n3  ...........................*-no: n2 leads me, I heard it a moment ago
//! ```

use std::collections::BTreeSet;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;

use super::replication::Leader;
use super::{Rank, Server};
use crate::events::consensus::Event;
use crate::parts::machine::Machine;
use crate::raft::log::Command;
use crate::raft::{Bug, Fx, Message, Timer, probes};

impl<M: Machine> Server<M> {
    /// The election timeout rang: no leader was heard of for too long, unless the timer is early.
    pub(super) fn on_election_timeout(&mut self, fx: &mut Fx<'_, M>) {
        if !self.may_stand(fx) {
            return; // an outsider; what a leader sends sets the timer again
        }
        if fx.config().leader_stickiness && self.hears_leader(fx) {
            // Its own vote is like any other: a leader may rely on not being voted out.
            fx.count(probes::EARLY_TIMEOUT_IGNORED.name, 1);
            fx.arm(Timer::Election, fx.config().election_timeout);
        } else if fx.config().pre_vote {
            self.ask_for_pre_votes(fx);
        } else {
            self.campaign(false, fx);
        }
    }

    /// Whether it votes, or leaves and may be needed once more (thesis, 4.2.2).
    pub(super) fn may_stand(&self, fx: &Fx<'_, M>) -> bool {
        let may_stand = self.membership.may_stand(self.commit_index);
        let votes = self.membership.current().contains(fx.me());
        mutant!(fx, Bug::RemovedNeverCampaigns, may_stand, votes)
    }

    /// Asks whether an election would be won, in the term as it is. Nothing is promised and nothing
    /// is written.
    fn ask_for_pre_votes(&mut self, fx: &mut Fx<'_, M>) {
        self.rank = Rank::PreCandidate { votes: BTreeSet::new() };
        fx.arm(Timer::Election, fx.config().election_timeout);
        let term = self.current_term + 1;
        for peer in self.voters_beside(fx.me()) {
            let (last_index, last_term) = (self.log.last_index(), self.log.last_term());
            fx.send_synced(peer, Message::PreVote { term, last_index, last_term });
        }
        self.on_pre_vote_grant(fx.me(), term, fx);
    }

    /// Would this server vote like that, and does it miss a leader?
    ///
    /// The answer is a refusal or a promise of nothing, and no term is adopted: `term` is one that
    /// nobody may ever stand in. But a refusal always tells this server's own term. A server with a
    /// longer log in an older term would otherwise be refused for ever, by servers that it refuses
    /// for their shorter logs (etcd#8501).
    pub(super) fn on_pre_vote(
        &mut self,
        candidate: NodeId,
        term: u64,
        last: (u64, u64),
        fx: &mut Fx<'_, M>,
    ) {
        let is_free = term > self.current_term
            || (term == self.current_term && self.voted_for.is_none_or(|node| node == candidate));
        let granted = is_free && self.is_up_to_date(last, fx) && !self.hears_leader(fx);
        if is_free && !granted {
            fx.count(probes::PRE_VOTE_REFUSED.name, 1);
        }
        let is_old = term <= self.current_term;
        if is_old && mutant!(fx, Bug::OldPreVoteIgnored, false, true) {
            return;
        }
        let term = if granted { term } else { self.current_term };
        fx.send_synced(candidate, Message::PreVoteReply { term, granted });
    }

    /// A majority would vote for this server, which stands then.
    pub(super) fn on_pre_vote_grant(&mut self, voter: NodeId, term: u64, fx: &mut Fx<'_, M>) {
        let Rank::PreCandidate { votes } = &mut self.rank else { return };
        if term != self.current_term + 1 {
            return;
        }
        votes.insert(voter);
        let votes = votes.clone();
        if self.is_quorum(|voter| votes.contains(&voter), fx) {
            self.campaign(false, fx);
        }
    }

    /// Stands for election in a new term (Section 5.2), perhaps because the leader asked for it.
    ///
    /// The requests wait for the ballot, because a candidate that forgot its term in a crash would
    /// stand in it a second time. Its own vote counts like any other, once it is durable.
    pub(super) fn campaign(&mut self, transfer: bool, fx: &mut Fx<'_, M>) {
        if matches!(self.rank, Rank::Candidate { .. }) {
            fx.count(probes::ELECTION_WITHOUT_WINNER.name, 1);
        }
        self.current_term += 1;
        self.voted_for = Some(fx.me());
        self.write_ballot(fx);
        self.rank = Rank::Candidate { votes: Vec::new() };
        fx.arm(Timer::Election, fx.config().election_timeout);
        fx.count("elections_started", 1);

        let term = self.current_term;
        let (me, voters) = (fx.me(), self.voters());
        for peer in voters.iter().filter(|node| *node != me) {
            let (last_index, last_term) = (self.log.last_index(), self.log.last_term());
            let request = Message::RequestVote { term, last_index, last_term, transfer };
            fx.send_synced(peer, request);
        }
        fx.note_synced(Event::VoteGranted { term, candidate: fx.me() });
        fx.send_synced(fx.me(), Message::VoteReply { term, granted: true });
    }

    /// RequestVote RPC, receiver implementation (Figure 2).
    ///
    /// The comparison of logs is what makes committed entries survive elections: a committed entry
    /// is on a majority, the candidate needs a majority, and the voter in both refuses every
    /// candidate that lacks it.
    pub(super) fn on_request_vote(
        &mut self,
        candidate: NodeId,
        term: u64,
        last: (u64, u64),
        transfer: bool,
        fx: &mut Fx<'_, M>,
    ) {
        let is_sticky = fx.config().leader_stickiness && !transfer;
        if is_sticky && term > self.current_term && self.hears_leader(fx) {
            // "It does not update its term or grant its vote" (thesis, 4.2.3). Should the candidate
            // be right, it learns nothing; the leader learns of its term when it refuses entries.
            fx.count(probes::VOTE_REQUEST_IGNORED.name, 1);
            return;
        }
        let is_newer = self.adopt(term, fx);
        // A candidate of an older term is refused, and learns the newer one from the answer.
        let is_current = term == self.current_term;
        // The same candidate may ask twice, and gets the same vote again.
        let is_free = self.voted_for.is_none_or(|voted_for| voted_for == candidate);
        let granted = is_current && is_free && self.is_up_to_date(last, fx);
        if is_current && !is_free {
            fx.count(probes::SPLIT_VOTE.name, 1);
        } else if is_current && !granted {
            fx.count(probes::STALE_LOG_REFUSED.name, 1);
        }
        let is_first = granted && self.voted_for.is_none();
        if is_first {
            self.voted_for = Some(candidate);
        }
        if is_newer || is_first {
            self.write_ballot(fx); // term and vote together
        }
        if granted {
            // Only a granted vote puts off the own campaign: a candidate that can not win must not
            // keep others from trying (Section 5.2).
            fx.arm(Timer::Election, fx.config().election_timeout);
            fx.note_synced(Event::VoteGranted { term, candidate });
        }
        // Also a refusal waits for the disk: it reveals the term.
        fx.send_synced(candidate, Message::VoteReply { term: self.current_term, granted });
    }

    /// "More up to date" compares the terms of the last entries, then the lengths (Section 5.4.1).
    fn is_up_to_date(&self, (last_index, last_term): (u64, u64), fx: &Fx<'_, M>) -> bool {
        let mine = (self.log.last_term(), self.log.last_index());
        let right = (last_term, last_index) >= mine;
        let by_length = mutant!(fx, Bug::LongestLogWins, right, last_index >= mine.1);
        let by_both = last_term >= mine.0 && last_index >= mine.1;
        mutant!(fx, Bug::BothMustBeNewer, by_length, by_both)
    }

    /// The candidate's side: a majority of votes in the current term wins (Section 5.2).
    pub(super) fn on_vote_reply(
        &mut self,
        voter: NodeId,
        term: u64,
        granted: bool,
        fx: &mut Fx<'_, M>,
    ) {
        let Rank::Candidate { votes } = &mut self.rank else { return };
        let is_current = mutant!(fx, Bug::OldVoteCounted, term == self.current_term, true);
        if !is_current || !granted {
            return;
        }
        // Voters are counted, not votes: the network may deliver the same vote twice.
        votes.push(voter);
        let votes = votes.clone();
        let wins = self.is_quorum(|voter| votes.contains(&voter), fx);
        let servers = self.membership.current().everybody().len();
        if mutant!(fx, Bug::VotesPerReply, wins, votes.len() > servers / 2) {
            self.lead(fx);
        }
    }

    /// The election is won. The no-op makes the new leader commit what its predecessors left, and
    /// carries the news of the election at once (Section 8).
    pub(super) fn lead(&mut self, fx: &mut Fx<'_, M>) {
        let (last_index, last_term) = (self.log.last_index(), self.log.last_term());
        fx.note(Event::BecameLeader { term: self.current_term, last_index, last_term });
        fx.count("elections", 1);
        fx.disarm(Timer::Election);
        fx.arm(Timer::Heartbeat, fx.config().heartbeat);
        // Clients ask again after an election. What they asked for may be in the log already.
        let pending = self.unapplied_requests();
        if !pending.is_empty() {
            fx.count(probes::REQUESTS_INHERITED.name, 1);
        }
        self.rank = Rank::Leader(Box::new(Leader::new(fx, last_index, pending)));
        self.sending.clear();
        self.begin_round(fx);
        if fx.config().noop_at_term_start {
            self.append_and_replicate(Command::Noop, fx);
        } else {
            self.send_to_all(fx);
        }
    }
}
