//! A stack.

use super::{QueueOp, QueueReply};
use crate::check::{Act, Order};
use crate::service::Sequential;

/// A stack without a bound: what was put last is taken first.
pub struct Stack;

impl Sequential for Stack {
    type Operation = QueueOp;
    type Reply = QueueReply;
    /// The top is last.
    type State = Vec<u64>;

    fn initial() -> Vec<u64> {
        Vec::new()
    }

    fn apply(state: &Vec<u64>, operation: &QueueOp) -> (Vec<u64>, QueueReply) {
        match *operation {
            QueueOp::Put(value) => {
                (state.iter().copied().chain([value]).collect(), QueueReply::Done)
            }
            QueueOp::Take => match state.split_last() {
                Some((last, rest)) => (rest.to_vec(), QueueReply::Took(Some(*last))),
                None => (Vec::new(), QueueReply::Took(None)),
            },
        }
    }

    fn is_always_legal(operation: &QueueOp) -> bool {
        matches!(operation, QueueOp::Put(_))
    }

    fn act(operation: &QueueOp, reply: Option<&QueueReply>) -> Option<Act> {
        operation.act(Order::Last, reply)
    }
}
