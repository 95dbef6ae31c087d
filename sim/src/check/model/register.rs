//! A register: read, write, compare-and-set.

use std::fmt;

use crate::service::{Accepts, Sequential};

/// A register that holds a number, or nothing at first.
pub struct Register;

/// What may be asked of a [`Register`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegisterOp {
    /// Answered by [`RegisterReply::Value`].
    Read,
    /// Overwrites; answered by [`RegisterReply::Done`].
    Write(u64),
    /// Overwrites what is expected; answered by [`RegisterReply::Done`] or
    /// [`RegisterReply::Mismatch`].
    Cas {
        /// What must be there; `None` expects that nobody wrote.
        from: Option<u64>,
        /// What is there then.
        to: u64,
    },
}

/// What a [`Register`] answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegisterReply {
    /// What is there; `None` if nobody wrote.
    Value(Option<u64>),
    /// It is written.
    Done,
    /// Something else was there, and nothing has changed.
    Mismatch,
}

impl Sequential for Register {
    type Operation = RegisterOp;
    type Reply = RegisterReply;
    type State = Option<u64>;

    fn initial() -> Option<u64> {
        None
    }

    fn apply(state: &Option<u64>, operation: &RegisterOp) -> (Option<u64>, RegisterReply) {
        match *operation {
            RegisterOp::Read => (*state, RegisterReply::Value(*state)),
            RegisterOp::Write(value) => (Some(value), RegisterReply::Done),
            RegisterOp::Cas { from, to } if from == *state => (Some(to), RegisterReply::Done),
            RegisterOp::Cas { .. } => (*state, RegisterReply::Mismatch),
        }
    }

    fn is_read(operation: &RegisterOp) -> bool {
        matches!(operation, RegisterOp::Read)
    }

    fn is_blind_write(operation: &RegisterOp) -> bool {
        matches!(operation, RegisterOp::Write(_))
    }

    fn accepts(operation: &RegisterOp, reply: &RegisterReply) -> Accepts<Option<u64>> {
        match (*operation, *reply) {
            (RegisterOp::Read, RegisterReply::Value(value)) => Accepts::In(value),
            (RegisterOp::Cas { from, .. }, RegisterReply::Done) => Accepts::In(from),
            (RegisterOp::Cas { from, .. }, RegisterReply::Mismatch) => Accepts::NotIn(from),
            (RegisterOp::Write(_), RegisterReply::Done) => Accepts::Everywhere,
            _ => Accepts::Nowhere,
        }
    }

    fn origins(operation: &RegisterOp, after: &Option<u64>) -> Option<Vec<Option<u64>>> {
        match *operation {
            RegisterOp::Cas { from, to } if Some(to) == *after => Some(vec![from]),
            RegisterOp::Cas { .. } => Some(Vec::new()),
            RegisterOp::Read | RegisterOp::Write(_) => None,
        }
    }

    fn swaps(operation: &RegisterOp) -> Option<(Option<u64>, Option<u64>)> {
        match *operation {
            RegisterOp::Cas { from, to } => Some((from, Some(to))),
            RegisterOp::Read | RegisterOp::Write(_) => None,
        }
    }
}

/// A value for people.
pub(super) fn word(value: Option<u64>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

impl fmt::Debug for RegisterOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            RegisterOp::Read => f.write_str("read"),
            RegisterOp::Write(value) => write!(f, "write({value})"),
            RegisterOp::Cas { from, to } => write!(f, "cas({} -> {to})", word(from)),
        }
    }
}

impl fmt::Debug for RegisterReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            RegisterReply::Value(value) => f.write_str(&word(value)),
            RegisterReply::Done => f.write_str("ok"),
            RegisterReply::Mismatch => f.write_str("mismatch"),
        }
    }
}
