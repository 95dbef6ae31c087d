//! Snapshots (Chandra, Griesemer & Redstone 2007, section 5.5).
//!
//! ```text
//!   disk   promised 3.n1 | accepted 1 2 3 4 5 6        promised 3.n1 | snapshot 1..5 | accepted 6
//!                            `-- applied ---'    -->     (written as one, or not at all)
//! ```
//!
//! A snapshot holds the machine and the sessions: without them a command that is asked for again would be
//! applied again. What was promised is written along with it, for the records that said so are gone.

use std::sync::Arc;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;

use super::Server;
use crate::events::consensus::Event;
use crate::multi_paxos::log::Snapshot;
use crate::multi_paxos::{Bug, Fx, Message, Record, probes};
use crate::parts::ballot::Ballot;
use crate::parts::machine::Machine;

impl<M: Machine> Server<M> {
    /// Takes a snapshot when enough was applied since the last one.
    pub(super) fn compact(&mut self, fx: &mut Fx<'_, M>) {
        let every = u64::from(fx.config().snapshot_after);
        if every == 0 || self.commit - self.log.base() < every {
            return;
        }
        fx.count("snapshots_taken", 1);
        let replica = self.replica.clone();
        let replica =
            mutant!(fx, Bug::PaxosSnapshotWithoutSessions, replica, replica.without_sessions());
        let (slot, prefix) = (self.commit, self.prefix);
        self.keep(Arc::new(Snapshot { slot, prefix, replica }), fx);
    }

    /// Puts a snapshot in the place of the log's beginning, in memory and on disk.
    fn keep(&mut self, snapshot: Arc<Snapshot<M>>, fx: &mut Fx<'_, M>) {
        self.log.compact(snapshot.slot);
        let promised = mutant!(fx, Bug::PromiseNotInSnapshot, self.promised, Ballot::ZERO);
        let mut records = vec![Record::Promised(promised), Record::Snapshot(Arc::clone(&snapshot))];
        records.extend(
            self.log
                .from(snapshot.slot + 1)
                .map(|(slot, proposal)| Record::Accepted { slot, proposal: proposal.clone() }),
        );
        fx.rewrite(records);
        self.snapshot = Some(snapshot);
    }

    /// The machine of a server that starts is that of its snapshot.
    pub(super) fn start_from_snapshot(&mut self, fx: &mut Fx<'_, M>) {
        if let Some(snapshot) = self.snapshot.clone() {
            self.become_snapshot(&snapshot, fx);
        }
    }

    /// A leader sends its snapshot.
    pub(super) fn on_install(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        snapshot: &Arc<Snapshot<M>>,
        fx: &mut Fx<'_, M>,
    ) {
        if !self.heed(from, ballot, fx) {
            return;
        }
        if self.install(snapshot, fx) {
            fx.count(probes::CAUGHT_UP_BY_SNAPSHOT.name, 1);
        }
        let reply = Message::Accepted { ballot, first: 0, count: 0, commit: self.commit };
        fx.send_synced(from, reply);
    }

    /// Takes over a snapshot, if it goes further than what is applied. What was accepted behind it stays.
    pub(super) fn install(&mut self, snapshot: &Arc<Snapshot<M>>, fx: &mut Fx<'_, M>) -> bool {
        if snapshot.slot <= self.commit {
            return false;
        }
        self.become_snapshot(snapshot, fx);
        self.keep(Arc::clone(snapshot), fx);
        true
    }

    fn become_snapshot(&mut self, snapshot: &Snapshot<M>, fx: &mut Fx<'_, M>) {
        self.replica = snapshot.replica.clone();
        self.commit = snapshot.slot;
        self.prefix = snapshot.prefix;
        fx.note(Event::installed(snapshot.slot, snapshot.prefix));
    }
}
