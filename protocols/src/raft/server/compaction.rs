//! Log compaction and the installation of snapshots (Section 7; thesis, chapter 5).
//!
//! ```text
//!   n1 leader  1 2 3 4 5 6 7   applied up to 5: snapshot 5@2, and the log is 6 7
//!              '--InstallSnapshot 5@2 offset=0--.  .--*--InstallSnapshot offset=100--.
//!   n3 (slow)  1 2 .............................*--'  ...............................*--fsync--.
//!                                                          log: snapshot 5@2, match=5 <--------'
//! ```
//!
//! Every server takes snapshots of its own, of what it has applied. Disk and memory then hold the
//! snapshot and the entries behind it. The disk is rewritten in one piece, and what waits for the disk
//! waits for that, too: a crash leaves the old log or the new one.
//!
//! A follower that needs an entry which the leader has no more gets the leader's snapshot, in chunks,
//! one at a time, and then entries again. A chunk that is lost is sent again by the next heartbeat; one
//! that comes twice or late changes nothing. The leader sends the snapshot that it began with to the
//! end, whatever snapshots it takes meanwhile. Chunks of a snapshot with the same last entry are the
//! same whoever sends them, so a new leader goes on where the old one stopped.

use std::sync::Arc;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;

use super::Server;
use crate::events::consensus::{Base, Event};
use crate::parts::machine::Machine;
use crate::raft::log::Log;
use crate::raft::snapshot::Snapshot;
use crate::raft::{Bug, Fx, Message, Record, probes};

/// A snapshot on its way, as its sender or its receiver knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transfer<M: Machine> {
    snapshot: Arc<Snapshot<M>>,
    /// How many bytes of it have arrived, without a gap.
    arrived: u64,
}

impl<M: Machine> Transfer<M> {
    /// What comes of chunks of two snapshots: the head of the one, the body of the other.
    fn continued_by(&self, other: &Snapshot<M>) -> Transfer<M> {
        let snapshot = Arc::new(Snapshot { base: self.snapshot.base, ..other.clone() });
        Transfer { snapshot, arrived: self.arrived }
    }
}

impl<M: Machine> Server<M> {
    /// Takes a snapshot when enough entries were applied since the last one. Of the entries behind it
    /// some may not be applied, and some not be durable yet: all go to the disk with it.
    pub(super) fn compact_if_due(&mut self, fx: &mut Fx<'_, M>) {
        let Some(after) = fx.config().snapshot_after else { return };
        if self.last_applied - self.log.base_index() < u64::from(after) {
            return;
        }
        let index = self.last_applied;
        let Some(term) = self.log.term_at(index) else { return };
        let base = Base { index, term, prefix: self.prefix };
        self.membership.compact(index);
        self.log.compact(index);
        let without_sessions = || self.replica.without_sessions();
        let replica =
            mutant!(fx, Bug::SessionsNotInSnapshot, self.replica.clone(), without_sessions());
        let configuration = self.membership.base().clone();
        self.snapshot = Some(Arc::new(Snapshot::of(base, configuration, replica)));
        self.rewrite_disk(fx);
        fx.note(Event::Snapshotted { base });
        fx.count("snapshots_taken", 1);
    }

    /// The ballot, the snapshot, and the entries behind it, in the place of all that was on the disk.
    fn rewrite_disk(&self, fx: &mut Fx<'_, M>) {
        let voted_for = mutant!(fx, Bug::VoteCompactedAway, self.voted_for, None);
        let head = [Record::Ballot { term: self.current_term, voted_for }];
        let snapshot = self.snapshot.iter().cloned().map(Record::Snapshot);
        let first = self.log.base_index() + 1;
        let entries = (first..).zip(self.log.iter());
        let tail = entries.map(|(index, entry)| Record::Entry { index, entry: entry.clone() });
        let kept = mutant!(fx, Bug::TailCompactedAway, usize::MAX, 0);
        fx.rewrite(head.into_iter().chain(snapshot).chain(tail.take(kept)).collect());
    }

    /// What a disk gives back: the log begins with the snapshot.
    pub(super) fn restore_snapshot(&mut self, snapshot: &Arc<Snapshot<M>>) {
        let Base { index, term, .. } = snapshot.base;
        self.log = Log::behind(index, term);
        self.membership.install(index, snapshot.configuration.clone());
        (self.replica, self.prefix) = (snapshot.replica.clone(), snapshot.applied);
        (self.commit_index, self.last_applied) = (index, index);
        self.snapshot = Some(snapshot.clone());
    }

    /// What the log begins with, right after the replica was made of it.
    pub(super) fn base(&self) -> Base {
        let base = self.snapshot.as_ref().map(|snapshot| snapshot.base).unwrap_or_default();
        Base { prefix: self.prefix, ..base }
    }

    /// The leader's side: the follower needs an entry that only the snapshot knows. Sends the chunk
    /// that comes next, or again the one that was not acknowledged.
    ///
    /// Gives back the last entry that the snapshot stands for.
    pub(super) fn send_chunk(&mut self, to: NodeId, fx: &mut Fx<'_, M>) -> Option<u64> {
        let latest = self.snapshot.as_ref()?;
        let sending = self.sending.entry(to).or_insert_with(|| {
            fx.count("snapshots_sent", 1);
            Transfer { snapshot: latest.clone(), arrived: 0 }
        });
        let rest = sending.snapshot.size.saturating_sub(sending.arrived);
        let (offset, snapshot) = (sending.arrived, sending.snapshot.clone());
        let length = u64::from(fx.config().snapshot_chunk).min(rest);
        let length = u32::try_from(length).expect("no longer than a chunk");
        let term = self.current_term;
        let index = snapshot.base.index;
        fx.send(to, Message::InstallSnapshot { term, offset, length, snapshot });
        Some(index)
    }

    /// The follower has so much of the snapshot. Only what is new brings the next chunk on its way, or
    /// every copy of a message would make a copy of all that follow. A follower that has less than
    /// before crashed meanwhile, or this is an old answer; the next heartbeat begins there.
    pub(super) fn on_chunk_reply(
        &mut self,
        from: NodeId,
        term: u64,
        index: u64,
        arrived: u64,
        fx: &mut Fx<'_, M>,
    ) {
        if self.leader_in(term).is_none() {
            return;
        }
        let Some(sending) = self.sending.get_mut(&from) else { return };
        if sending.snapshot.base.index != index {
            return;
        }
        let is_news = arrived > sending.arrived;
        if arrived < sending.arrived {
            fx.count(probes::CHUNKS_LOST.name, 1);
        }
        sending.arrived = arrived;
        if is_news {
            self.send_chunk(from, fx);
        }
    }

    /// A follower has everything up to an index: what was sent of a snapshot up to there has arrived.
    pub(super) fn end_transfer(&mut self, to: NodeId, matched: u64) {
        if self.sending.get(&to).is_some_and(|sending| sending.snapshot.base.index <= matched) {
            self.sending.remove(&to);
        }
    }

    /// InstallSnapshot RPC, receiver implementation (Figure 13).
    pub(super) fn on_install_snapshot(
        &mut self,
        from: NodeId,
        term: u64,
        (offset, length): (u64, u32),
        snapshot: &Arc<Snapshot<M>>,
        fx: &mut Fx<'_, M>,
    ) {
        let index = snapshot.base.index;
        if term != self.current_term {
            fx.count(probes::OLD_LEADER_REFUSED.name, 1);
            let term = self.current_term;
            fx.send_synced(from, Message::ChunkReply { term, index, arrived: 0 });
            return;
        }
        self.obey_leader(from, fx);
        if index <= self.commit_index {
            self.acknowledge_snapshot(from, index, fx); // an old copy, or entries were faster
            return;
        }
        let arrived = self.take_chunk(snapshot, offset, length, fx);
        let whole =
            self.receiving.take_if(|receiving| receiving.arrived >= receiving.snapshot.size);
        if let Some(Transfer { snapshot, .. }) = whole {
            self.install(&snapshot, fx);
            self.acknowledge_snapshot(from, index, fx);
        } else {
            fx.send_synced(from, Message::ChunkReply { term, index, arrived });
        }
    }

    /// Puts a chunk behind those of the same snapshot that are here. Gives back how many bytes of it
    /// are here without a gap.
    fn take_chunk(
        &mut self,
        snapshot: &Arc<Snapshot<M>>,
        offset: u64,
        length: u32,
        fx: &mut Fx<'_, M>,
    ) -> u64 {
        let before = self.receiving.take();
        let mut receiving = match before {
            Some(same) if same.snapshot.base == snapshot.base => same,
            other => {
                if other.is_some() {
                    fx.count(probes::TRANSFER_OVERTAKEN.name, 1);
                }
                let fresh = Transfer { snapshot: snapshot.clone(), arrived: 0 };
                let mixed = || other.as_ref().map(|old| old.continued_by(snapshot));
                mutant!(fx, Bug::ChunksMixed, None, mixed()).unwrap_or(fresh)
            }
        };
        if offset <= receiving.arrived {
            let end = offset.saturating_add(length.into());
            receiving.arrived = receiving.arrived.max(end);
        }
        self.receiving.insert(receiving).arrived
    }

    /// The whole snapshot is here. "If existing log entry has same index and term as snapshot's last
    /// included entry, retain log entries following it"; otherwise "discard the entire log. Reset state
    /// machine using snapshot contents" (Figure 13).
    fn install(&mut self, snapshot: &Arc<Snapshot<M>>, fx: &mut Fx<'_, M>) {
        let base = snapshot.base;
        let is_here = self.log.term_at(base.index) == Some(base.term);
        let is_here = mutant!(fx, Bug::MatchingTailDropped, is_here, false);
        let has_index = self.log.term_at(base.index).is_some();
        if mutant!(fx, Bug::ConflictingTailKept, is_here, has_index) {
            if self.log.last_index() > base.index {
                fx.count(probes::TAIL_KEPT.name, 1);
            }
            self.log.compact(base.index);
            self.membership.rebase(base.index, snapshot.configuration.clone());
        } else {
            self.log = Log::behind(base.index, base.term);
            self.membership.install(base.index, snapshot.configuration.clone());
        }
        self.current_term = mutant!(fx, Bug::TermOfSnapshot, self.current_term, base.term);
        (self.replica, self.prefix) = (snapshot.replica.clone(), snapshot.applied);
        (self.commit_index, self.last_applied) = (base.index, base.index);
        self.snapshot = Some(snapshot.clone());
        self.rewrite_disk(fx);
        let (term, last_index) = (self.current_term, self.log.last_index());
        fx.note(Event::Installed { term, base: self.base(), last_index });
        fx.note_synced(Event::Stored { index: base.index, term });
        fx.count("snapshots_installed", 1);
        self.reconfigure(fx);
    }

    /// Everything up to the snapshot's last entry is here, as it is at the leader: said as of entries.
    fn acknowledge_snapshot(&self, leader: NodeId, index: u64, fx: &mut Fx<'_, M>) {
        let (term, success) = (self.current_term, true);
        let (prev_index, last_index, round, conflict) = (index, index, 0, None);
        let reply = Message::AppendReply { term, success, prev_index, last_index, round, conflict };
        fx.send_synced(leader, reply);
    }
}
