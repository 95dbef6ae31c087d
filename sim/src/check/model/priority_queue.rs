//! A priority queue.

use super::{QueueOp, QueueReply};
use crate::check::{Act, Order};
use crate::service::Sequential;

/// A priority queue without a bound: the greatest value is taken first.
pub struct PriorityQueue;

impl Sequential for PriorityQueue {
    type Operation = QueueOp;
    type Reply = QueueReply;
    /// Ascending.
    type State = Vec<u64>;

    fn initial() -> Vec<u64> {
        Vec::new()
    }

    fn apply(state: &Vec<u64>, operation: &QueueOp) -> (Vec<u64>, QueueReply) {
        match *operation {
            QueueOp::Put(value) => {
                let mut next = state.clone();
                next.insert(state.partition_point(|&other| other <= value), value);
                (next, QueueReply::Done)
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
        operation.act(Order::Greatest, reply)
    }
}
