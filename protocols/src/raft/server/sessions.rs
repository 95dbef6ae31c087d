//! Requests of clients, and the replica that the log is applied to (Sections 5.3 and 8).
//!
//! ```text
//!   client1  --append 7--.            x--ok--.   (no answer) --append 7--.       .--> ok
//!   n1       ............*--commit--apply 7--'  (crashes)                |       |
//!   n2       .....................apply 7 ...... leader .................*-known-'
//! ```
//!
//! A client that hears nothing must ask again, and can not know whether its operation took effect.
//! So the session table is part of what is replicated ([`Replica`]). An operation that comes a second
//! time, even through another leader, is applied once and answered with the reply it got (thesis, 6.3:
//! linearizable semantics).

use std::collections::BTreeMap;

use rehearsal_sim::mutant;

use super::{Rank, Server};
use crate::events::consensus::{Base, Event};
use crate::parts::clerk::Known;
use crate::parts::machine::{Machine, OperationOf};
use crate::parts::session::Session;
use crate::raft::log::Command;
use crate::raft::{Bug, Fx, Message, probes};

impl<M: Machine> Server<M> {
    /// A client's request; reads too go through the log (Section 8), unless `reads` says otherwise. A
    /// server that was deposed without knowing it may take a request too; it can only fail to commit
    /// it.
    pub(super) fn on_request(
        &mut self,
        session: Session,
        serial: u64,
        operation: OperationOf<M>,
        fx: &mut Fx<'_, M>,
    ) {
        let leader = match &self.rank {
            Rank::Leader(leader) if leader.transfer.is_some() => {
                // It may lead no more in a moment, and must not move the goal of its successor.
                fx.send(session.client, Message::Redirect { session, serial, leader: None });
                return;
            }
            Rank::Leader(leader) => leader,
            Rank::Follower { leader } => {
                let leader = *leader;
                fx.send(session.client, Message::Redirect { session, serial, leader });
                return;
            }
            Rank::PreCandidate { .. } | Rank::Candidate { .. } | Rank::Damaged => {
                fx.send(session.client, Message::Redirect { session, serial, leader: None });
                return;
            }
        };
        // Applied already: the answer was lost, or this is a copy of the request.
        if forgets_sessions(fx) {
            self.replica.forget(session);
        }
        match self.replica.recall(session, serial) {
            Known::New => {}
            Known::Done(reply) => {
                fx.count(probes::ANSWERED_FROM_SESSION.name, 1);
                fx.send(session.client, Message::Response { session, serial, reply });
                return;
            }
            Known::Over => return,
        }
        if leader.pending.get(&session).is_some_and(|pending| *pending >= serial) {
            return; // in the log already, answered when it is applied
        }
        if self.takes_read((session, serial), &operation, fx) {
            return;
        }
        if let Rank::Leader(leader) = &mut self.rank {
            leader.pending.insert(session, serial);
        }
        self.append_and_replicate(Command::Apply { session, serial, operation }, fx);
    }

    /// The operations in the log that are not applied yet, for a new leader to know them.
    pub(super) fn unapplied_requests(&self) -> BTreeMap<Session, u64> {
        let unapplied = (self.last_applied + 1..=self.log.last_index())
            .filter_map(|index| self.log.get(index))
            .filter_map(|entry| match &entry.command {
                Command::Apply { session, serial, .. } => Some((*session, *serial)),
                Command::Noop | Command::Configure(_) => None,
            });
        unapplied.collect()
    }

    /// "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied]" (Figure 2, All
    /// Servers). The leader also answers: an entry is applied only after it is committed.
    pub(super) fn apply_committed(&mut self, fx: &mut Fx<'_, M>) {
        while self.last_applied < self.commit_index {
            let index = self.last_applied + 1;
            let Some(entry) = self.log.get(index) else {
                panic!("commit_index {} lies behind the log's end", self.commit_index)
            };
            self.last_applied = index;
            let (term, command) = (entry.term, entry.command.digest());
            self.prefix = Base::after(self.prefix, term, command);
            let Command::Apply { session, serial, operation } = &entry.command else {
                let (effect, answers) = (false, false);
                fx.note(Event::Applied { index, term, command, effect, answers });
                continue;
            };
            let (session, serial) = (*session, *serial);
            if forgets_sessions(fx) {
                self.replica.forget(session);
            }
            let effect = self.replica.recall(session, serial) == Known::New;
            let reply = self.replica.apply(session, serial, operation);
            let answers = matches!(self.rank, Rank::Leader(_)) && reply.is_some();
            fx.note(Event::Applied { index, term, command, effect, answers });
            if let (Rank::Leader(leader), Some(reply)) = (&mut self.rank, reply) {
                leader.pending.remove(&session);
                fx.send(session.client, Message::Response { session, serial, reply });
            }
        }
        self.on_commit(fx);
        self.compact_if_due(fx);
    }
}

/// Whether servers forget what a session did before.
fn forgets_sessions<M: Machine>(fx: &Fx<'_, M>) -> bool {
    mutant!(fx, Bug::SessionsIgnored, false, true)
}
