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
    /// The election timeout rang: stand for election in a new term (Section 5.2).
    ///
    /// The requests wait for the ballot, because a candidate that forgot its term in a crash would
    /// stand in it a second time. Its own vote counts like any other, once it is durable.
    pub(super) fn campaign(&mut self, fx: &mut Fx<'_, M>) {
        let may_stand = self.membership.may_stand(self.commit_index);
        let votes = self.membership.current().contains(fx.me());
        if !mutant!(fx, Bug::RemovedNeverCampaigns, may_stand, votes) {
            return;
        }
        if matches!(self.rank, Rank::Candidate { .. }) {
            fx.count(probes::ELECTION_WITHOUT_WINNER.name, 1);
        }
        self.current_term += 1;
        self.voted_for = Some(fx.me());
        self.write_ballot(fx);
        self.rank = Rank::Candidate { votes: BTreeSet::new() };
        fx.arm(Timer::Election, fx.config().election_timeout);
        fx.count("elections_started", 1);

        let term = self.current_term;
        let (me, voters) = (fx.me(), self.voters());
        for peer in voters.iter().filter(|node| *node != me) {
            let (last_index, last_term) = (self.log.last_index(), self.log.last_term());
            fx.send_synced(peer, Message::RequestVote { term, last_index, last_term });
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
        last_index: u64,
        last_term: u64,
        fx: &mut Fx<'_, M>,
    ) {
        let is_newer = self.adopt(term, fx);
        // A candidate of an older term is refused, and learns the newer one from the answer.
        let is_current = term == self.current_term;
        // The same candidate may ask twice, and gets the same vote again.
        let is_free = self.voted_for.is_none_or(|voted_for| voted_for == candidate);
        // "More up to date" compares the terms of the last entries, then the lengths (5.4.1).
        let mine = (self.log.last_term(), self.log.last_index());
        let granted = is_current && is_free && (last_term, last_index) >= mine;
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

    /// The candidate's side: a majority of votes in the current term wins (Section 5.2).
    pub(super) fn on_vote_reply(
        &mut self,
        voter: NodeId,
        term: u64,
        granted: bool,
        fx: &mut Fx<'_, M>,
    ) {
        let Rank::Candidate { votes } = &mut self.rank else { return };
        if term != self.current_term || !granted {
            return;
        }
        // A set, not a count: the network may deliver the same vote twice.
        votes.insert(voter);
        if self.membership.current().has_quorum(|voter| votes.contains(&voter)) {
            self.lead(fx);
        }
    }

    /// The election is won. The no-op makes the new leader commit what its predecessors left, and
    /// carries the news of the election at once (Section 8).
    fn lead(&mut self, fx: &mut Fx<'_, M>) {
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
        self.rank = Rank::Leader(Leader::new(fx, last_index, pending));
        self.sending.clear();
        self.append_and_replicate(Command::Noop, fx);
    }
}
