//! Requests of clients, and the replica that the log is applied to (Sections 5.3 and 8).
//!
//! ```text
//!   client1  --append 7--.            x--ok--.   (no answer) --append 7--.       .--> ok
//!   n1       ............*--commit--apply 7--'  (crashes)                |       |
//!   n2       .....................apply 7 ...... leader .................*-known-'
//! ```
//!
//! A client that hears nothing must ask again, and can not know whether its operation took effect.
//! So the session table is part of what is replicated: each session's last serial and reply. An
//! operation that comes a second time, even through another leader, is applied once and answered
//! with the reply it got (thesis, 6.3: linearizable semantics). Sessions are never dropped: there
//! are as many as clients ever had operations in flight at once.

use std::collections::BTreeMap;

use rehearsal_sim::mutant;

use super::{Rank, Server};
use crate::events::consensus::Event;
use crate::parts::machine::{Machine, OperationOf, ReplyOf};
use crate::raft::log::{Command, Session};
use crate::raft::{Bug, Fx, Message, probes};

/// What every server builds from the same log: the machine, and what each session got last. It
/// never sees the node's effects, so that all replicas stay equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Replica<M: Machine> {
    /// The state machine itself.
    machine: M,
    /// The session table. One answer for each is enough: a session's next operation proves that the
    /// last answer arrived.
    answers: BTreeMap<Session, Answer<M>>,
}

/// The last answer of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Answer<M: Machine> {
    /// Of this operation.
    serial: u64,
    /// What the machine said when it was applied, not what it would say now.
    reply: ReplyOf<M>,
}

impl<M: Machine> Replica<M> {
    /// What an operation that changes nothing would get now; `None` for all others.
    pub(super) fn read(&self, operation: &OperationOf<M>) -> Option<ReplyOf<M>> {
        self.machine.read(operation)
    }

    /// Applies a command, a session's operation only `once`, and returns the session's answer to it.
    fn apply(&mut self, command: &Command<M>, once: bool) -> Option<(Session, Answer<M>)> {
        let Command::Apply { session, serial, operation } = command else { return None };
        let known = self.answers.get(session).map_or(0, |answer| answer.serial);
        if *serial > known || !once {
            let answer = Answer { serial: *serial, reply: self.machine.apply(operation) };
            self.answers.insert(*session, answer);
        }
        let answer = &self.answers[session];
        (answer.serial == *serial).then(|| (*session, answer.clone()))
    }
}

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
        let once = applies_once(fx);
        if let Some(answer) = self.replica.answers.get(&session)
            && answer.serial >= serial
            && once
        {
            if answer.serial == serial {
                let reply = answer.reply.clone();
                fx.count(probes::ANSWERED_FROM_SESSION.name, 1);
                fx.send(session.client, Message::Response { session, serial, reply });
            }
            return; // an operation before the last one: its client has moved on
        }
        if once && leader.pending.get(&session).is_some_and(|pending| *pending >= serial) {
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
                Command::Noop => None,
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
            fx.note(Event::Applied { index, term, command });
            let answer = self.replica.apply(&entry.command, applies_once(fx));
            if let (Rank::Leader(leader), Some((session, answer))) = (&mut self.rank, answer) {
                let Answer { serial, reply } = answer;
                leader.pending.remove(&session);
                fx.send(session.client, Message::Response { session, serial, reply });
            }
        }
    }
}

/// Whether servers know an operation that comes again.
fn applies_once<M: Machine>(fx: &Fx<'_, M>) -> bool {
    mutant!(fx, Bug::SessionsIgnored, true, false)
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::protocol::NodeId;

    use super::*;
    use crate::parts::kv::{KeyValue, Operation, Reply, Value};

    #[test]
    fn an_operation_that_comes_twice_is_applied_once() {
        let mut replica = Replica::<KeyValue>::default();
        let session = Session { client: NodeId(5), incarnation: 0, slot: 0 };
        let append = |serial, token| Command::Apply {
            session,
            serial,
            operation: Operation::Append { key: 1, token },
        };
        let first = replica.apply(&append(1, 7), true);
        assert_eq!(
            first,
            replica.apply(&append(1, 7), true),
            "the second copy gets the first's answer"
        );
        replica.apply(&append(2, 8), true);
        assert_eq!(replica.apply(&append(1, 7), true), None, "the session has moved on");
        assert_eq!(replica.apply(&Command::Noop, true), None);
        let operation = Operation::Get { key: 1 };
        let read = replica.apply(&Command::Apply { session, serial: 3, operation }, true);
        let reply = Reply::Value(Value::of(&[7, 8]));
        assert_eq!(read, Some((session, Answer { serial: 3, reply })));
    }
}
