//! A first-in-first-out queue.

use std::fmt;

use super::Named;
use super::register::word;
use crate::check::{Act, Order};
use crate::service::Sequential;

/// A queue without a bound: what was put first is taken first.
pub struct Queue;

/// What may be asked of a queue, a stack or a priority queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueOp {
    /// Puts a value; answered by [`QueueReply::Done`].
    Put(u64),
    /// Takes a value; answered by [`QueueReply::Took`].
    Take,
}

/// What a queue, a stack or a priority queue answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueReply {
    /// The value is in.
    Done,
    /// What was taken; `None` if there was nothing.
    Took(Option<u64>),
}

impl Sequential for Queue {
    type Operation = QueueOp;
    type Reply = QueueReply;
    /// Oldest first.
    type State = Vec<u64>;

    fn initial() -> Vec<u64> {
        Vec::new()
    }

    fn apply(state: &Vec<u64>, operation: &QueueOp) -> (Vec<u64>, QueueReply) {
        match *operation {
            QueueOp::Put(value) => {
                (state.iter().copied().chain([value]).collect(), QueueReply::Done)
            }
            QueueOp::Take => match state.split_first() {
                Some((first, rest)) => (rest.to_vec(), QueueReply::Took(Some(*first))),
                None => (Vec::new(), QueueReply::Took(None)),
            },
        }
    }

    fn is_always_legal(operation: &QueueOp) -> bool {
        matches!(operation, QueueOp::Put(_))
    }

    fn act(operation: &QueueOp, reply: Option<&QueueReply>) -> Option<Act> {
        operation.act(Order::First, reply)
    }
}

impl QueueOp {
    /// The act on a container of this order; `None` if the reply does not belong to the operation.
    pub(super) fn act(&self, order: Order, reply: Option<&QueueReply>) -> Option<Act> {
        match (*self, reply) {
            (QueueOp::Put(value), Some(QueueReply::Done) | None) => Some(Act::Put { order, value }),
            (QueueOp::Take, Some(&QueueReply::Took(value))) => {
                Some(Act::Take { order, taken: Some(value) })
            }
            (QueueOp::Take, None) => Some(Act::Take { order, taken: None }),
            _ => None,
        }
    }
}

impl Named for QueueOp {
    const NAMES: &'static [&'static str] = &["put", "take"];
    fn name(&self) -> usize {
        usize::from(*self == QueueOp::Take)
    }
}

impl fmt::Debug for QueueOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            QueueOp::Put(value) => write!(f, "put({value})"),
            QueueOp::Take => f.write_str("take"),
        }
    }
}

impl fmt::Debug for QueueReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            QueueReply::Done => f.write_str("ok"),
            QueueReply::Took(value) => f.write_str(&word(value)),
        }
    }
}
