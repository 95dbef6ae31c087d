//! Sessions of clients, and the replica that knows them: an operation that is ordered twice is
//! applied once (Ongaro's thesis, 6.3).

use std::collections::BTreeMap;
use std::fmt;

use rehearsal_sim::protocol::NodeId;

use crate::parts::clerk::Known;
use crate::parts::digest;
use crate::parts::machine::{Machine, OperationOf, ReplyOf};

/// One client session: at most one operation is in flight in it, numbered by a serial.
///
/// The incarnation makes the sessions of a client that crashed and came back different from its old
/// ones. Without it the first operation after the crash would carry serial 1 again, and the servers
/// would answer it with the reply of the very first one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session {
    /// The client node.
    pub client: NodeId,
    /// How often it had booted before.
    pub incarnation: u64,
    /// Which of its sessions.
    pub slot: u32,
}

impl Session {
    /// What it is made of, for digests.
    pub(crate) fn words(&self) -> [u64; 3] {
        [u64::from(self.client.0), self.incarnation, u64::from(self.slot)]
    }
}

/// `client1.0.2`, once traces have put names for numbers: slot 2 of `client1` in its first life.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}.{}.{}", self.client, self.incarnation, self.slot)
    }
}

/// An operation of a session, as it travels and as it stands in logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Request<M: Machine> {
    /// Whose.
    pub session: Session,
    /// The operation's number in its session.
    pub serial: u64,
    /// The operation.
    pub operation: OperationOf<M>,
}

impl<M: Machine> Request<M> {
    /// The stable digest that observers see.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let Session { client, incarnation, slot } = self.session;
        let operation = M::digest(&self.operation);
        digest::of(&[client.0.into(), incarnation, slot.into(), self.serial, operation])
    }

    /// Bytes on the wire: the operation and, before it, session and serial.
    #[must_use]
    pub fn size(&self) -> u32 {
        24 + M::size(&self.operation)
    }
}

impl<M: Machine> fmt::Debug for Request<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.operation)
    }
}

/// What every server builds from the same log: the machine, and what each session got last. It
/// never sees the node's effects, so that all replicas stay equal.
///
/// Sessions are never dropped: there are as many as clients ever had operations in flight at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replica<M: Machine> {
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
    /// Applies a session's operation, only once, and gives back the answer to it; `None` when the
    /// session has moved on since.
    pub fn apply(
        &mut self,
        session: Session,
        serial: u64,
        operation: &OperationOf<M>,
    ) -> Option<ReplyOf<M>> {
        if self.recall(session, serial) == Known::New {
            let answer = Answer { serial, reply: self.machine.apply(operation) };
            self.answers.insert(session, answer);
        }
        match self.recall(session, serial) {
            Known::Done(reply) => Some(reply),
            Known::New | Known::Over => None,
        }
    }

    /// Whether a session's operation was applied.
    pub fn recall(&self, session: Session, serial: u64) -> Known<ReplyOf<M>> {
        match self.answers.get(&session) {
            Some(answer) if answer.serial == serial => Known::Done(answer.reply.clone()),
            Some(answer) if answer.serial > serial => Known::Over,
            _ => Known::New,
        }
    }

    /// Forgets what a session did, which no server may.
    pub fn forget(&mut self, session: Session) {
        self.answers.remove(&session);
    }

    /// What an operation that changes nothing would get now; `None` for all others.
    pub fn read(&self, operation: &OperationOf<M>) -> Option<ReplyOf<M>> {
        self.machine.read(operation)
    }

    /// The same machine, of which no session is known: no server may take it for the replica.
    #[must_use]
    pub fn without_sessions(&self) -> Replica<M> {
        Replica { machine: self.machine.clone(), answers: BTreeMap::new() }
    }

    /// Bytes of a snapshot of it: the machine, and 32 for each session.
    pub fn size(&self) -> u64 {
        self.machine.snapshot_size().saturating_add(32 * self.answers.len() as u64)
    }

    /// How many sessions it knows.
    pub fn sessions(&self) -> usize {
        self.answers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::kv::{KeyValue, Operation, Reply, Value};

    #[test]
    fn an_operation_that_comes_twice_is_applied_once() {
        let mut replica = Replica::<KeyValue>::default();
        let session = Session { client: NodeId(5), incarnation: 0, slot: 0 };
        let append = |token| Operation::Append { key: 1, token };
        let first = replica.apply(session, 1, &append(7));
        assert_eq!(first, Some(Reply::Done));
        assert_eq!(
            first,
            replica.apply(session, 1, &append(7)),
            "the second gets the first's answer"
        );
        replica.apply(session, 2, &append(8));
        assert_eq!(replica.apply(session, 1, &append(7)), None, "the session has moved on");
        let read = replica.apply(session, 3, &Operation::Get { key: 1 });
        assert_eq!(read, Some(Reply::Value(Value::of(&[7, 8]))));
        assert_eq!(replica.sessions(), 1);
    }
}
