//! A counter.

use std::fmt;

use super::Named;
use crate::check::Act;
use crate::service::Sequential;

/// A counter that begins at zero. It saturates at the ends of an `i64`.
pub struct Counter;

/// What may be asked of a [`Counter`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterOp {
    /// Adds, maybe a negative number; answered by [`CounterReply::Done`].
    Add(i64),
    /// Adds, and answers with [`CounterReply::Value`] what is there then.
    AddAndGet(i64),
    /// Answered by [`CounterReply::Value`].
    Read,
}

/// What a [`Counter`] answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterReply {
    /// It is added.
    Done,
    /// What is there.
    Value(i64),
}

impl Sequential for Counter {
    type Operation = CounterOp;
    type Reply = CounterReply;
    type State = i64;

    fn initial() -> i64 {
        0
    }

    fn apply(state: &i64, operation: &CounterOp) -> (i64, CounterReply) {
        match *operation {
            CounterOp::Add(amount) => (state.saturating_add(amount), CounterReply::Done),
            CounterOp::AddAndGet(amount) => {
                let next = state.saturating_add(amount);
                (next, CounterReply::Value(next))
            }
            CounterOp::Read => (*state, CounterReply::Value(*state)),
        }
    }

    fn is_read(operation: &CounterOp) -> bool {
        matches!(operation, CounterOp::Read)
    }

    fn is_always_legal(operation: &CounterOp) -> bool {
        matches!(operation, CounterOp::Add(_))
    }

    fn act(operation: &CounterOp, reply: Option<&CounterReply>) -> Option<Act> {
        let total = match reply {
            Some(CounterReply::Value(value)) => Some(*value),
            Some(CounterReply::Done) | None => None,
        };
        let is_done = matches!(reply, Some(CounterReply::Done));
        match *operation {
            CounterOp::Add(amount) if total.is_none() => Some(Act::Count { amount }),
            CounterOp::AddAndGet(amount) if !is_done => Some(Act::CountAndGet { amount, total }),
            CounterOp::Read if !is_done => Some(Act::Total { total }),
            _ => None,
        }
    }
}

impl Named for CounterOp {
    const NAMES: &'static [&'static str] = &["add", "add_and_get", "read"];
    fn name(&self) -> usize {
        match self {
            CounterOp::Add(_) => 0,
            CounterOp::AddAndGet(_) => 1,
            CounterOp::Read => 2,
        }
    }
}

impl fmt::Debug for CounterOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            CounterOp::Add(amount) => write!(f, "add({amount})"),
            CounterOp::AddAndGet(amount) => write!(f, "add-and-get({amount})"),
            CounterOp::Read => f.write_str("read"),
        }
    }
}

impl fmt::Debug for CounterReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CounterReply::Done => f.write_str("ok"),
            CounterReply::Value(value) => write!(f, "{value}"),
        }
    }
}
