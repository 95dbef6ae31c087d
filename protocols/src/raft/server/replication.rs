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
//! load by themselves. What gets lost is sent again by the next heartbeat. With `max_in_flight` above
//! one a leader goes on sending to a follower whose log it knows to match (thesis, 10.2.1).

use std::collections::{BTreeMap, VecDeque};

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::membership::Change;
use super::rounds::Rounds;
use super::transfer::Transfer;
use super::{Rank, Server};
use crate::events::consensus::Event;
use crate::parts::machine::Machine;
use crate::parts::session::Session;
use crate::raft::log::{Command, Entries, Entry};
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
    /// The last entry of each batch that a server has not acknowledged yet, oldest first.
    in_flight: Vec<VecDeque<u64>>,
    /// Whether a server acknowledged anything since the last heartbeat.
    moves: Vec<bool>,
    /// Who was heard of lately.
    pub(super) rounds: Rounds,
    /// Whom it hands leadership to, for now without success.
    pub(super) transfer: Option<Transfer>,
    /// Whether it told anybody to stand in this term: leases are void from then on.
    pub(super) told_to_stand: bool,
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
            in_flight: vec![VecDeque::new(); servers],
            moves: vec![false; servers],
            rounds: Rounds::new(servers, fx.now()),
            transfer: None,
            told_to_stand: false,
            pending,
            change: None,
            told: 0,
        }
    }

    /// Whether a server is known to have everything on disk.
    pub(super) fn has_all(&self, server: NodeId, last_index: u64) -> bool {
        self.match_index[server.index()] == last_index
    }

    /// How many batches may be under way to a server: one while the leader guesses where their logs
    /// part, because all behind a wrong guess would be refused.
    fn window(&self, server: NodeId, max_in_flight: u32) -> usize {
        let server = server.index();
        let is_known = self.match_index[server] + 1 == self.next_index[server];
        if is_known { max_in_flight as usize } else { 1 }
    }

    /// The first entry that is neither acknowledged nor under way.
    fn next_to_send(&self, server: NodeId) -> u64 {
        let in_flight = self.in_flight[server.index()].back();
        in_flight.map_or(self.next_index[server.index()], |last| last + 1)
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("next_index", format!("{:?}", self.next_index));
        view.field("match_index", format!("{:?}", self.match_index));
        view.field("pending", self.pending.len());
    }
}

impl<M: Machine> Server<M> {
    /// Puts a command into the leader's log and sends it to every follower that may get one more
    /// batch; the others get it with their next one.
    ///
    /// The entries may leave before the leader's own disk has them (thesis, 10.2.1): the leader
    /// counts itself only when the held message to itself says that they are durable.
    pub(super) fn append_and_replicate(&mut self, command: Command<M>, fx: &mut Fx<'_, M>) {
        let term = self.current_term;
        let index = self.append(Entry { term, command }, fx);
        fx.count("entries_appended", 1);
        fx.note_synced(Event::Stored { index, term });
        let prev_index = index - 1;
        let reply = AppendReply { success: true, prev_index, last_index: index, conflict: None };
        let own = reply.of(term, 0);
        let me = fx.me();
        mutant!(fx, Bug::LeaderCountsUnsynced, fx.send_synced(me, own), fx.send(me, own));
        for peer in self.followers_of(me) {
            self.send_more(peer, fx);
        }
    }

    /// The heartbeat timer rang. A heartbeat is an ordinary AppendEntries: it is empty for a
    /// follower that is up to date, and repeats what another one has not acknowledged.
    pub(super) fn send_heartbeats(&mut self, fx: &mut Fx<'_, M>) {
        if self.is_deserted(fx) {
            return;
        }
        self.go_on_with_transfer(fx);
        self.begin_round(fx);
        self.send_to_all(fx);
        fx.arm(Timer::Heartbeat, fx.config().heartbeat);
    }

    /// Sends to every follower what it has not acknowledged, from the beginning, or nothing: to one
    /// that is up to date, and to one with several batches under way that acknowledges one after the
    /// other.
    pub(super) fn send_to_all(&mut self, fx: &mut Fx<'_, M>) {
        let is_pipelined = fx.config().max_in_flight > 1;
        for peer in self.followers_of(fx.me()) {
            let Rank::Leader(leader) = &mut self.rank else { return };
            let moved = std::mem::take(&mut leader.moves[peer.index()]);
            if is_pipelined && moved && !leader.in_flight[peer.index()].is_empty() {
                self.send_empty(peer, fx);
            } else {
                leader.in_flight[peer.index()].clear();
                self.send_entries(peer, fx);
            }
        }
        self.told_followers();
    }

    /// Sends to every follower nothing but the round.
    pub(super) fn send_round(&mut self, fx: &mut Fx<'_, M>) {
        for peer in self.followers_of(fx.me()) {
            self.send_empty(peer, fx);
        }
    }

    /// Sends batches as long as the follower may get more of them and there are entries.
    fn send_more(&mut self, to: NodeId, fx: &mut Fx<'_, M>) {
        while let Rank::Leader(leader) = &self.rank {
            let window = leader.window(to, fx.config().max_in_flight);
            let under_way = leader.in_flight[to.index()].len();
            // Nothing goes behind a snapshot before it is there.
            let window = if self.sending.contains_key(&to) { 1 } else { window };
            if under_way >= window || leader.next_to_send(to) > self.log.last_index() {
                return;
            }
            self.send_entries(to, fx);
        }
    }

    /// Sends what follows the last batch under way, or else `next_index`; nothing, as a heartbeat,
    /// where that is the end (Section 5.3).
    fn send_entries(&mut self, to: NodeId, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &mut self.rank else { return };
        let next_index = leader.next_to_send(to);
        if self.log.term_at(next_index - 1).is_none() {
            // A snapshot stands for what comes next.
            let sent = self.send_chunk(to, fx);
            if let Rank::Leader(leader) = &mut self.rank {
                leader.in_flight[to.index()] = sent.into_iter().collect();
            }
            return;
        }
        let entries = self.log.batch(next_index, fx.config().max_batch);
        if !entries.is_empty() {
            leader.in_flight[to.index()].push_back(next_index - 1 + entries.len());
        }
        self.send_append(to, next_index - 1, entries, fx);
    }

    /// Sends an AppendEntries without entries that a follower does not refuse, whatever is under way.
    fn send_empty(&mut self, to: NodeId, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &self.rank else { return };
        let matched = leader.match_index[to.index()];
        if matched < self.log.base_index() {
            return; // it waits for a snapshot, which carries no rounds
        }
        self.send_append(to, matched, Entries::of(&[]), fx);
    }

    fn send_append(&self, to: NodeId, prev_index: u64, entries: Entries<M>, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &self.rank else { return };
        let prev_term = self.log.term_at(prev_index).unwrap_or_else(|| {
            panic!("the log ends at {}, before {prev_index}", self.log.last_index())
        });
        let (term, commit, round) = (self.current_term, self.commit_index, leader.rounds.latest());
        let append = Message::AppendEntries { term, prev_index, prev_term, entries, commit, round };
        fx.send(to, append);
    }

    /// AppendEntries RPC, receiver implementation (Figure 2).
    pub(super) fn on_append_entries(
        &mut self,
        from: NodeId,
        (term, round): (u64, u64),
        (prev_index, prev_term): (u64, u64),
        entries: &Entries<M>,
        leader_commit: u64,
        fx: &mut Fx<'_, M>,
    ) {
        let is_current = mutant!(fx, Bug::OldLeaderObeyed, term == self.current_term, true);
        if is_current {
            // Nobody else can lead this term, so a candidate gives up here (Section 5.2).
            self.obey_leader(from, fx);
            if mutant!(fx, Bug::VoteClearedInTerm, false, true) {
                self.voted_for = None; // only a new term makes a vote free
            }
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
            let hints = fx.config().conflict_hints;
            let conflict = if hints { self.conflict_at(prev_index) } else { None };
            let last_index = self.log.last_index();
            let reply = AppendReply { success: false, prev_index, last_index, conflict };
            fx.send_synced(from, reply.of(term, round));
            return;
        }
        self.take_entries(prev_index, entries, fx);
        // Rule 5. Only what this message vouches for: the log may go on with entries that the
        // leader has not compared yet.
        let last_index = prev_index + entries.len();
        let own_last = self.log.last_index();
        let vouched_for = mutant!(fx, Bug::CommitUnchecked, last_index, own_last);
        let commit_index = leader_commit.min(vouched_for);
        if commit_index > self.commit_index {
            self.commit_index = commit_index;
            fx.note(Event::Committed { index: commit_index, term, leader: false });
            self.apply_committed(fx);
        }
        // The promise on which commitment rests: these entries will survive a crash.
        let last_index = mutant!(fx, Bug::OwnEndAcknowledged, last_index, own_last);
        let reply = AppendReply { success: true, prev_index, last_index, conflict: None };
        let reply = reply.of(term, round);
        mutant!(fx, Bug::AckBeforeSync, fx.send_synced(from, reply), fx.send(from, reply));
    }

    /// Rules 3 and 4: a conflicting entry goes, with all that follow it; new ones come. Entries that
    /// are there already stay, and so does what follows them: the message may be an old copy.
    fn take_entries(&mut self, prev_index: u64, entries: &Entries<M>, fx: &mut Fx<'_, M>) {
        let mut last_new = None;
        let end = prev_index + entries.len();
        if self.log.last_index() > end && mutant!(fx, Bug::TruncatesAlways, false, true) {
            self.truncate(end + 1, fx);
        }
        for (index, entry) in (prev_index + 1..).zip(entries.as_slice()) {
            if index <= self.log.base_index() {
                continue; // a snapshot stands for it
            }
            match self.log.term_at(index) {
                // Same index and term means the same entry and the same log before it (5.3).
                Some(term) if term == entry.term => continue,
                Some(_) => {
                    self.truncate(index, fx);
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

    /// Cuts off the entry at an index, with all that follow it, and the configurations among them.
    fn truncate(&mut self, from: u64, fx: &mut Fx<'_, M>) {
        self.log.truncate(from);
        fx.note(Event::Truncated { from });
        self.membership.truncate(from, fx);
        self.reconfigure(fx);
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
        let own_last = self.log.last_index();
        let term = mutant!(fx, Bug::OldAckCounted, term, self.current_term);
        let Some(leader) = self.leader_in(term) else { return };
        let follower = from.index();
        // What it claims beyond the leader's own log was never compared.
        let matched = last_index.min(own_last).max(leader.match_index[follower]);
        leader.moves[follower] |= matched > leader.match_index[follower];
        leader.match_index[follower] = matched;
        leader.next_index[follower] = leader.next_index[follower].max(matched + 1);
        while leader.in_flight[follower].front().is_some_and(|last| *last <= matched) {
            leader.in_flight[follower].pop_front();
        }
        self.end_transfer(from, matched);
        self.advance_commit_index(fx);
        self.advance_change(fx);
        if from != fx.me() {
            self.send_more(from, fx);
            self.go_on_with_transfer(fx);
        }
    }

    /// "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry"
    /// (Figure 2, Leaders). The follower's last index skips what it can not have at once, its hint
    /// a whole term.
    pub(super) fn on_append_rejection(
        &mut self,
        from: NodeId,
        term: u64,
        (prev_index, last_index): (u64, u64),
        conflict: Option<(u64, u64)>,
        fx: &mut Fx<'_, M>,
    ) {
        let hinted = conflict.map_or(prev_index, |hint| self.behind_conflict(prev_index, hint));
        let Some(leader) = self.leader_in(term) else { return };
        let follower = from.index();
        let matched = leader.match_index[follower];
        if leader.next_index[follower] != prev_index + 1 || prev_index <= matched {
            // An old copy: this rejection was acted upon, or overtaken by a success. Or the follower
            // lost what it acknowledged, which Raft can not mend within a term.
            let in_flight = &mut leader.in_flight[follower];
            if in_flight.len() > 1 && in_flight.contains(&prev_index) {
                // Or a batch came without the one before it: begin with that one again, and go on
                // when it is acknowledged.
                in_flight.clear();
                self.send_entries(from, fx);
            }
            return;
        }
        let back = hinted.min(prev_index).min(last_index + 1).max(matched + 1);
        let next = mutant!(fx, Bug::NextIndexNeverFalls, back, prev_index + 1);
        leader.next_index[follower] = next;
        leader.in_flight[follower].clear();
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
        let Rank::Leader(leader) = &self.rank else { return };
        let agreed = self.agreed(&leader.match_index, fx);
        // The one in the middle, of a list that nobody sorted.
        let middle = leader.match_index[leader.match_index.len().div_ceil(2) - 1];
        let agreed = mutant!(fx, Bug::ProgressUnsorted, agreed, middle);
        let agreed = mutant!(fx, Bug::LearnersCounted, agreed, self.stored_by_many(leader));
        let mine = leader.match_index[fx.me().index()];
        let index = mutant!(fx, Bug::CommitsAlone, agreed, mine);
        let term = self.current_term;
        if index <= self.commit_index {
            return;
        }
        let is_own = self.log.term_at(index) == Some(term);
        let first_is_own = self.log.term_at(self.commit_index + 1) == Some(term);
        let is_own = mutant!(fx, Bug::CommitStopsAtOldTerm, is_own, is_own && first_is_own);
        if !mutant!(fx, Bug::OlderTermCounted, is_own, true) {
            fx.count(probes::COMMIT_HELD_BACK.name, 1);
            return;
        }
        self.commit_index = index;
        fx.note(Event::Committed { index, term, leader: true });
        self.apply_committed(fx);
        self.ask_round(fx);
    }

    /// The leader's memory, if this server leads in that term.
    pub(super) fn leader_in(&mut self, term: u64) -> Option<&mut Leader> {
        match &mut self.rank {
            Rank::Leader(leader) if term == self.current_term => Some(leader),
            _ => None,
        }
    }
}

/// What a follower answers, but for the term and the round that are answered.
struct AppendReply {
    success: bool,
    prev_index: u64,
    last_index: u64,
    conflict: Option<(u64, u64)>,
}

impl AppendReply {
    fn of<M: Machine>(self, term: u64, round: u64) -> Message<M> {
        let AppendReply { success, prev_index, last_index, conflict } = self;
        Message::AppendReply { term, success, prev_index, last_index, round, conflict }
    }
}
