//! The replicated state machine, as replicated protocols see it.
//!
//! A protocol that is generic over its machine replicates anything: a key-value store, a lock
//! service, a queue. In return the machine must be deterministic. `apply` therefore never sees the
//! node's `Effects`: were it to ask for the time, a random number or its own node's name, replicas
//! that apply the same log would end in different states.

use std::fmt::Debug;
use std::hash::Hash;

use rehearsal_sim::service::Service;

/// A deterministic state machine that serves one kind of [`Service`].
pub trait Machine: Clone + Debug + Default + Eq + Hash + 'static {
    /// What applications call and get.
    type Service: Service;

    /// What the catalog calls Raft that replicates it.
    const RAFT: &'static str;

    /// What the catalog calls Multi-Paxos that replicates it.
    const MULTI_PAXOS: &'static str;

    /// Applies one operation and answers it.
    fn apply(&mut self, operation: &OperationOf<Self>) -> ReplyOf<Self>;

    /// Answers an operation that changes nothing, without applying it; `None` for all others, and from
    /// machines that have no such operations.
    fn read(&self, _operation: &OperationOf<Self>) -> Option<ReplyOf<Self>> {
        None
    }

    /// A stable digest of an operation, by which observers tell whether two replicas hold the same
    /// one; see [`digest`](crate::parts::digest).
    fn digest(operation: &OperationOf<Self>) -> u64;

    /// Bytes that a snapshot of it takes.
    fn snapshot_size(&self) -> u64 {
        64
    }

    /// An operation's bytes on the wire.
    fn size(_operation: &OperationOf<Self>) -> u32 {
        24
    }
}

/// The machine's operations, for short.
pub type OperationOf<M> = <<M as Machine>::Service as Service>::Operation;
/// The machine's replies, for short.
pub type ReplyOf<M> = <<M as Machine>::Service as Service>::Reply;
