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

use super::{Rank, Server};
use crate::events::consensus::{Base, Event};
use crate::parts::machine::{Machine, OperationOf, ReplyOf};
use crate::raft::log::{Command, Session};
use crate::raft::{Fx, Message, probes};

/// What every server builds from the same log: the machine, and what each session got last. It
/// never sees the node's effects, so that all replicas stay equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::raft) struct Replica<M: Machine> {
    /// The state machine itself.
    machine: M,
    /// The session table. One answer for each is enough: a session's next operation proves that the
    /// last answer arrived.
    answers: BTreeMap<Session, Answer<M>>,
    /// The digest of the entries that were applied; no server needs it, but observers compare it.
    prefix: u64,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome<M: Machine> {
    /// Whether the machine was asked.
    effect: bool,
    /// The session's answer, unless it has moved on.
    answer: Option<(Session, Answer<M>)>,
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
    /// Applies a command of a term, a session's operation only once.
    fn apply(&mut self, term: u64, command: &Command<M>) -> Outcome<M> {
        self.prefix = Base::after(self.prefix, term, command.digest());
        let Command::Apply { session, serial, operation } = command else {
            return Outcome { effect: false, answer: None };
        };
        let known = self.answers.get(session).map_or(0, |answer| answer.serial);
        let effect = *serial > known;
        if effect {
            let answer = Answer { serial: *serial, reply: self.machine.apply(operation) };
            self.answers.insert(*session, answer);
        }
        let answer = &self.answers[session];
        let answer = (answer.serial == *serial).then(|| (*session, answer.clone()));
        Outcome { effect, answer }
    }

    /// The digest of all entries that were applied.
    pub(super) fn prefix(&self) -> u64 {
        self.prefix
    }

    /// The same, and no session is known.
    pub(super) fn without_sessions(&self) -> Replica<M> {
        let (machine, prefix) = (self.machine.clone(), self.prefix);
        Replica { machine, answers: BTreeMap::new(), prefix }
    }

    /// Bytes of a snapshot of it: the machine, and 32 for each session.
    pub(in crate::raft) fn size(&self) -> u64 {
        self.machine.snapshot_size().saturating_add(32 * self.answers.len() as u64)
    }
}

impl<M: Machine> Server<M> {
    /// A client's request, reads included: everything goes through the log (Section 8). A server
    /// that was deposed without knowing it may take a request too; it can only fail to commit it.
    pub(super) fn on_request(
        &mut self,
        session: Session,
        serial: u64,
        operation: OperationOf<M>,
        fx: &mut Fx<'_, M>,
    ) {
        let leader = match &self.rank {
            Rank::Leader(leader) => leader,
            Rank::Follower { leader } => {
                let leader = *leader;
                fx.send(session.client, Message::Redirect { session, serial, leader });
                return;
            }
            Rank::Candidate { .. } | Rank::Damaged => {
                fx.send(session.client, Message::Redirect { session, serial, leader: None });
                return;
            }
        };
        // Applied already: the answer was lost, or this is a copy of the request.
        if let Some(answer) = self.replica.answers.get(&session)
            && answer.serial >= serial
        {
            if answer.serial == serial {
                let reply = answer.reply.clone();
                fx.count(probes::ANSWERED_FROM_SESSION.name, 1);
                fx.send(session.client, Message::Response { session, serial, reply });
            }
            return; // an operation before the last one: its client has moved on
        }
        if leader.pending.get(&session).is_some_and(|pending| *pending >= serial) {
            return; // in the log already, answered when it is applied
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
            let Outcome { effect, answer } = self.replica.apply(term, &entry.command);
            let answers = matches!(self.rank, Rank::Leader(_)) && answer.is_some();
            fx.note(Event::Applied { index, term, command, effect, answers });
            if let (Rank::Leader(leader), Some((session, answer))) = (&mut self.rank, answer) {
                let Answer { serial, reply } = answer;
                leader.pending.remove(&session);
                fx.send(session.client, Message::Response { session, serial, reply });
            }
        }
        self.on_commit(fx);
        self.compact_if_due(fx);
    }
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
        let first = replica.apply(1, &append(1, 7));
        let again = replica.apply(1, &append(1, 7));
        assert_eq!(first.answer, again.answer, "the second copy gets the first's answer");
        assert!(first.effect && !again.effect);
        replica.apply(1, &append(2, 8));
        let late = replica.apply(1, &append(1, 7));
        assert_eq!(late, Outcome { effect: false, answer: None }, "the session has moved on");
        assert_eq!(replica.apply(1, &Command::Noop).answer, None);
        let operation = Operation::Get { key: 1 };
        let read = replica.apply(2, &Command::Apply { session, serial: 3, operation });
        let reply = Reply::Value(Value::of(&[7, 8]));
        assert_eq!(read.answer, Some((session, Answer { serial: 3, reply })));
    }
}
