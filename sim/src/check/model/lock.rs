//! A lock.

use std::fmt;

use crate::check::Act;
use crate::service::Sequential;

/// A lock that one holder at a time may have. It is not reentrant, and only its holder gives it back.
pub struct Lock;

/// What may be asked of a [`Lock`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockOp {
    /// Takes the lock for this holder if it is free; [`LockReply::Granted`] or
    /// [`LockReply::Refused`].
    Acquire(u64),
    /// Gives it back if this is its holder; [`LockReply::Granted`] or [`LockReply::Refused`].
    Release(u64),
}

/// What a [`Lock`] answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockReply {
    /// It was so.
    Granted,
    /// It was not, and nothing has changed.
    Refused,
}

impl Sequential for Lock {
    type Operation = LockOp;
    type Reply = LockReply;
    /// Who holds it.
    type State = Option<u64>;

    fn initial() -> Option<u64> {
        None
    }

    fn apply(state: &Option<u64>, operation: &LockOp) -> (Option<u64>, LockReply) {
        match *operation {
            LockOp::Acquire(holder) if state.is_none() => (Some(holder), LockReply::Granted),
            LockOp::Release(holder) if *state == Some(holder) => (None, LockReply::Granted),
            LockOp::Acquire(_) | LockOp::Release(_) => (*state, LockReply::Refused),
        }
    }

    fn act(operation: &LockOp, reply: Option<&LockReply>) -> Option<Act> {
        let is_granted = reply.map(|reply| *reply == LockReply::Granted);
        Some(match *operation {
            LockOp::Acquire(holder) => Act::Acquire { holder, is_granted },
            LockOp::Release(holder) => Act::Release { holder, is_granted },
        })
    }
}

impl fmt::Debug for LockOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            LockOp::Acquire(holder) => write!(f, "acquire(by {holder})"),
            LockOp::Release(holder) => write!(f, "release(by {holder})"),
        }
    }
}

impl fmt::Debug for LockReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockReply::Granted => "ok",
            LockReply::Refused => "refused",
        })
    }
}
