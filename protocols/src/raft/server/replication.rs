//! Log replication and commitment (Sections 5.3 and 5.4.2).
//!
//! ```text
//!   n1 leader  5,6 --AppendEntries prev=4 [5 6]--.         .--*-- 7,8,9 came meanwhile: one batch
//!                                                |  match=6|  '--AppendEntries prev=6 [7 8 9]--.
//!   n2         ..................................*--fsync--'  .................................*
//! ```
//!
//! Replication is stop-and-wait with each follower: one message with entries is in flight, the next
//! leaves when it is acknowledged and carries all that came meanwhile. Batches thus grow with the
//! load by themselves. What gets lost is sent again by the next heartbeat.

use std::collections::BTreeMap;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::membership::Change;
use super::{Rank, Server};
use crate::events::consensus::Event;
use crate::parts::machine::Machine;
use crate::raft::log::{Command, Entries, Entry, Session};
use crate::raft::{Bug, Fx, Message, Record, Role, Timer, probes};

/// What only a leader remembers; made anew by each election. The lists are indexed by server, which
/// is by node, as servers are the first role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leader {
    /// The next entry to send to each server: a guess, which starts at the end of the leader's own
    /// log and is corrected by rejections. A wrong guess costs time, never safety.
    next_index: Vec<u64>,
    /// The highest entry known to be durable on each server, this one included: a fact, which starts
    /// at 0 and only grows. Only facts count towards commitment.
    pub(super) match_index: Vec<u64>,
    /// The last entry of the batch each server has not acknowledged yet; `None` when nothing is in
    /// flight and new entries may leave at once.
    in_flight: Vec<Option<u64>>,
    /// The serial that each session has in the log, not applied yet: a client that asks again in
    /// the meantime gets its answer when the entry is applied, and no second entry.
    pub(super) pending: BTreeMap<Session, u64>,
    /// The change of the voters that an operator asked for.
    pub(super) change: Option<Change>,
    /// The latest configuration of which all followers were told that it is committed.
    pub(super) told: u64,
}

impl Leader {
    pub(super) fn new<M: Machine>(
        fx: &Fx<'_, M>,
        last_index: u64,
        pending: BTreeMap<Session, u64>,
    ) -> Leader {
        let servers = fx.all(Role::Server).count();
        Leader {
            next_index: vec![last_index + 1; servers],
            match_index: vec![0; servers],
            in_flight: vec![None; servers],
            pending,
            change: None,
            told: 0,
        }
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("next_index", format!("{:?}", self.next_index));
        view.field("match_index", format!("{:?}", self.match_index));
        view.field("pending", self.pending.len());
    }
}

impl<M: Machine> Server<M> {
    /// Puts a command into the leader's log and sends it to every follower that has no batch in
    /// flight; the others get it with their next one.
    ///
    /// The entries may leave before the leader's own disk has them (thesis, 10.2.1): the leader
    /// counts itself only when the held message to itself says that they are durable.
    pub(super) fn append_and_replicate(&mut self, command: Command<M>, fx: &mut Fx<'_, M>) {
        let term = self.current_term;
        let index = self.append(Entry { term, command }, fx);
        fx.count("entries_appended", 1);
        fx.note_synced(Event::Stored { index, term });
        let (success, prev_index) = (true, index - 1);
        let own = Message::AppendReply { term, success, prev_index, last_index: index };
        fx.send_synced(fx.me(), own);
        let (me, followers) = (fx.me(), self.followers());
        for peer in followers.iter().filter(|node| *node != me) {
            if self.leader().is_some_and(|leader| leader.in_flight[peer.index()].is_none()) {
                self.send_entries(peer, fx);
            }
        }
    }

    /// The heartbeat timer rang. A heartbeat is an ordinary AppendEntries: it is empty for a
    /// follower that is up to date, and repeats what another one has not acknowledged.
    pub(super) fn send_heartbeats(&mut self, fx: &mut Fx<'_, M>) {
        let (me, followers) = (fx.me(), self.followers());
        for peer in followers.iter().filter(|node| *node != me) {
            self.send_entries(peer, fx);
        }
        self.told_followers();
        fx.arm(Timer::Heartbeat, fx.config().heartbeat);
    }

    /// Sends what follows `next_index`, or nothing as a heartbeat (Section 5.3).
    fn send_entries(&mut self, to: NodeId, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &mut self.rank else { return };
        let next_index = leader.next_index[to.index()];
        let prev_index = next_index - 1;
        let Some(prev_term) = self.log.term_at(prev_index) else {
            let sent = self.send_chunk(to, fx); // a snapshot stands for what comes next
            if let Rank::Leader(leader) = &mut self.rank {
                leader.in_flight[to.index()] = sent;
            }
            return;
        };
        let entries = self.log.batch(next_index, fx.config().max_batch);
        leader.in_flight[to.index()] = (!entries.is_empty()).then(|| prev_index + entries.len());
        let (term, commit) = (self.current_term, self.commit_index);
        fx.send(to, Message::AppendEntries { term, prev_index, prev_term, entries, commit });
    }

    /// AppendEntries RPC, receiver implementation (Figure 2).
    pub(super) fn on_append_entries(
        &mut self,
        from: NodeId,
        term: u64,
        (prev_index, prev_term): (u64, u64),
        entries: &Entries<M>,
        leader_commit: u64,
        fx: &mut Fx<'_, M>,
    ) {
        let is_current = term == self.current_term;
        if is_current {
            // Nobody else can lead this term, so a candidate gives up here (Section 5.2).
            self.hear_leader(from, fx);
        }
        let term = self.current_term;
        if !is_current {
            fx.count(probes::OLD_LEADER_REFUSED.name, 1);
        }
        // Rules 1 and 2: refuse a deposed leader, and entries that would leave a gap.
        // What a snapshot stands for is committed, and so the same as at the leader.
        let base_index = self.log.base_index();
        let matches = || prev_index < base_index || self.log.term_at(prev_index) == Some(prev_term);
        let has_nothing =
            || self.log.last_index() == base_index && (1..=base_index).contains(&leader_commit);
        let matches =
            || mutant!(fx, Bug::PrevUncheckedAtSnapshot, matches(), matches() || has_nothing());
        if !is_current || !matches() {
            let (success, last_index) = (false, self.log.last_index());
            let reply = Message::AppendReply { term, success, prev_index, last_index };
            fx.send_synced(from, reply);
            return;
        }
        self.take_entries(prev_index, entries, fx);
        // Rule 5. Only what this message vouches for: the log may go on with entries that the
        // leader has not compared yet.
        let last_index = prev_index + entries.len();
        let commit_index = leader_commit.min(last_index);
        if commit_index > self.commit_index {
            self.commit_index = commit_index;
            fx.note(Event::Committed { index: commit_index, term, leader: false });
            self.apply_committed(fx);
        }
        // The promise on which commitment rests: these entries will survive a crash.
        let reply = Message::AppendReply { term, success: true, prev_index, last_index };
        mutant!(fx, Bug::AckBeforeSync, fx.send_synced(from, reply), fx.send(from, reply));
    }

    /// Rules 3 and 4: a conflicting entry goes, with all that follow it; new ones come. Entries that
    /// are there already stay, and so does what follows them: the message may be an old copy.
    fn take_entries(&mut self, prev_index: u64, entries: &Entries<M>, fx: &mut Fx<'_, M>) {
        let mut last_new = None;
        for (index, entry) in (prev_index + 1..).zip(entries.as_slice()) {
            if index <= self.log.base_index() {
                continue; // a snapshot stands for it
            }
            match self.log.term_at(index) {
                // Same index and term means the same entry and the same log before it (5.3).
                Some(term) if term == entry.term => continue,
                Some(_) => {
                    self.log.truncate(index);
                    fx.note(Event::Truncated { from: index });
                    self.membership.truncate(index, fx);
                    self.reconfigure(fx);
                    fx.count(probes::CONFLICT_TRUNCATED.name, 1);
                }
                None => {}
            }
            last_new = Some(self.append(entry.clone(), fx));
        }
        if let Some(index) = last_new {
            fx.note_synced(Event::Stored { index, term: self.current_term });
        } else if !entries.is_empty() && self.log.last_index() > prev_index + entries.len() {
            fx.count(probes::OLD_APPEND_KEPT_LOG.name, 1);
        }
    }

    /// Puts an entry at the end of the log in memory and hands it to the disk. From now on this
    /// server votes and replicates with it, but must not promise it to anybody before a sync.
    fn append(&mut self, entry: Entry<M>, fx: &mut Fx<'_, M>) -> u64 {
        let index = self.log.push(entry.clone());
        let (term, command) = (entry.term, entry.command.digest());
        fx.note(Event::Appended { index, term, command });
        if let Command::Configure(configuration) = &entry.command {
            self.membership.append(index, configuration.clone());
            self.reconfigure(fx);
        }
        fx.append(Record::Entry { index, entry });
        index
    }

    /// "If successful: update nextIndex and matchIndex for follower" (Figure 2, Leaders).
    ///
    /// Within a term a follower's match never shrinks, so an old acknowledgement changes nothing.
    pub(super) fn on_append_success(
        &mut self,
        from: NodeId,
        term: u64,
        last_index: u64,
        fx: &mut Fx<'_, M>,
    ) {
        let Some(leader) = self.leader_in(term) else { return };
        let follower = from.index();
        let matched = last_index.max(leader.match_index[follower]);
        leader.match_index[follower] = matched;
        leader.next_index[follower] = leader.next_index[follower].max(matched + 1);
        if leader.in_flight[follower].is_some_and(|last| last <= matched) {
            leader.in_flight[follower] = None;
        }
        let is_idle = leader.in_flight[follower].is_none();
        let is_behind = leader.next_index[follower] <= self.log.last_index();
        self.end_transfer(from, matched);
        self.advance_commit_index(fx);
        self.advance_change(fx);
        if is_idle && is_behind && from != fx.me() {
            self.send_entries(from, fx);
        }
    }

    /// "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry"
    /// (Figure 2, Leaders). The follower's last index skips what it can not have at once.
    pub(super) fn on_append_rejection(
        &mut self,
        from: NodeId,
        term: u64,
        prev_index: u64,
        last_index: u64,
        fx: &mut Fx<'_, M>,
    ) {
        let Some(leader) = self.leader_in(term) else { return };
        let follower = from.index();
        let matched = leader.match_index[follower];
        if leader.next_index[follower] != prev_index + 1 || prev_index <= matched {
            // An old copy: this rejection was acted upon, or overtaken by a success. Or the follower
            // lost what it acknowledged, which Raft can not mend within a term.
            return;
        }
        leader.next_index[follower] = prev_index.min(last_index + 1).max(matched + 1);
        fx.count("append_rejections", 1);
        self.send_entries(from, fx);
    }

    /// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and
    /// log[N].term == currentTerm: set commitIndex = N" (Figure 2, Leaders; Section 5.4.2).
    ///
    /// The condition on the term is the subtle one. An entry of an older term on a majority of disks
    /// can still lose an election against a log that ends with a term in between (Figure 8). Once an
    /// entry of the current term is committed, everything before it is safe as well.
    fn advance_commit_index(&mut self, fx: &mut Fx<'_, M>) {
        if self.leader().is_none() {
            return;
        }
        let (index, term) = (self.quorum_match(fx), self.current_term);
        if index <= self.commit_index {
            return;
        }
        if self.log.term_at(index) != Some(term) {
            fx.count(probes::COMMIT_HELD_BACK.name, 1);
            return;
        }
        self.commit_index = index;
        fx.note(Event::Committed { index, term, leader: true });
        self.apply_committed(fx);
    }

    fn leader(&self) -> Option<&Leader> {
        match &self.rank {
            Rank::Leader(leader) => Some(leader),
            _ => None,
        }
    }

    /// The leader's memory, if this server leads in that term.
    pub(super) fn leader_in(&mut self, term: u64) -> Option<&mut Leader> {
        match &mut self.rank {
            Rank::Leader(leader) if term == self.current_term => Some(leader),
            _ => None,
        }
    }
}
