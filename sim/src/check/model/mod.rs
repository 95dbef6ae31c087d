//! The well-known objects as sequential models: what a single, never failing copy would do.
//!
//! They judge histories from elsewhere (`rehearsal check --model queue`), and a protocol that offers
//! such an object names one of them as its [`Service::Model`](crate::service::Service::Model).
//! Values are numbers; whoever reads a history with other values numbers them first.

mod counter;
mod lock;
mod priority_queue;
mod queue;
mod register;
mod set;
mod stack;

use std::fmt;
use std::marker::PhantomData;

pub use counter::{Counter, CounterOp, CounterReply};
pub use lock::{Lock, LockOp, LockReply};
pub use priority_queue::PriorityQueue;
pub use queue::{Queue, QueueOp, QueueReply};
pub use register::{Register, RegisterOp, RegisterReply};
pub use set::{Set, SetOp, SetReply};
pub use stack::Stack;

use super::Act;
use crate::service::{Accepts, Data, Operation, Sequential};

/// An operation on one of many independent objects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyed<O> {
    /// Which object.
    pub key: u64,
    /// What is done to it.
    pub operation: O,
}

impl<O: fmt::Debug> fmt::Debug for Keyed<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{} {:?}", self.key, self.operation)
    }
}

/// What the kinds of an object's operations are called in a workload: `mix = { put = 0.5, take = 0.5 }`.
pub trait Named: Data {
    /// The names.
    const NAMES: &'static [&'static str];
    /// The index of this operation's name.
    fn name(&self) -> usize;
}

impl<O: Named> Operation for Keyed<O> {
    const KINDS: &'static [&'static str] = O::NAMES;
    fn kind(&self) -> usize {
        self.operation.name()
    }
    fn object(&self) -> u64 {
        self.key
    }
}

/// Many independent objects of one model.
pub struct Many<M>(PhantomData<M>);

impl<M: Sequential> Sequential for Many<M> {
    type Operation = Keyed<M::Operation>;
    type Reply = M::Reply;
    type State = M::State;

    fn initial() -> M::State {
        M::initial()
    }
    fn apply(state: &M::State, operation: &Keyed<M::Operation>) -> (M::State, M::Reply) {
        M::apply(state, &operation.operation)
    }
    fn is_read(operation: &Keyed<M::Operation>) -> bool {
        M::is_read(&operation.operation)
    }
    fn is_blind_write(operation: &Keyed<M::Operation>) -> bool {
        M::is_blind_write(&operation.operation)
    }
    fn is_always_legal(operation: &Keyed<M::Operation>) -> bool {
        M::is_always_legal(&operation.operation)
    }
    fn accepts(operation: &Keyed<M::Operation>, reply: &M::Reply) -> Accepts<M::State> {
        M::accepts(&operation.operation, reply)
    }
    fn origins(operation: &Keyed<M::Operation>, after: &M::State) -> Option<Vec<M::State>> {
        M::origins(&operation.operation, after)
    }
    fn act(operation: &Keyed<M::Operation>, reply: Option<&M::Reply>) -> Option<Act> {
        M::act(&operation.operation, reply)
    }
    fn swaps(operation: &Keyed<M::Operation>) -> Option<(M::State, M::State)> {
        M::swaps(&operation.operation)
    }
    fn appends(operation: &Keyed<M::Operation>) -> Option<&[u64]> {
        M::appends(&operation.operation)
    }
    fn sequence(state: &M::State) -> Option<&[u64]> {
        M::sequence(state)
    }
}
