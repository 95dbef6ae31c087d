//! What can come next.

use super::network::Address;
use crate::protocol::{NodeId, Protocol};
use crate::time::SimTime;

/// One pending event, with all that it needs: it lies in the queue's arena by value, so that neither
/// scheduling nor popping one allocates.
#[derive(Debug)]
pub(crate) enum Event<P: Protocol> {
    /// A copy of a message arrives.
    Arrive(Flight<P::Message>),
    /// A message to oneself arrives.
    ArriveSelf(SelfMessage<P::Message>),
    /// A node's timer rings.
    Ring(NodeId, P::Timer),
    /// A copy that is aside reaches a place, or is seen to be corrupt.
    Parcel(u32),
    /// A wire has sent a copy.
    Wire(u32),
    /// The sender of a copy hears that it was turned away, if it is in the same incarnation.
    Refused(Address, u64),
    /// A fault that clogs nodes one by one begins with one of them, or ends.
    Swizzle { strike: u32, node: NodeId, clogs: bool },
    /// A node's disk finishes a sync.
    Synced(NodeId),
    /// A node's processor is done with an input.
    Served(NodeId),
    /// A process that took its time is ready to boot.
    Started(NodeId),
    /// The next operation of an open loop.
    Arrival,
    /// A user of a closed loop calls.
    User(u32),
    /// A process in a loop of crashes crashes, or starts again.
    LoopTurns(u32, NodeId),
    /// A fault of the plan begins.
    FaultBegins(u32),
    /// A fault of the plan ends.
    FaultEnds(u32),
    /// A process that ended itself is started again, unless it was before. With its incarnation.
    StartAgain(NodeId, u64),
}

impl<P: Protocol> Event<P> {
    /// The node that it happens on.
    pub(crate) fn node(&self) -> Option<NodeId> {
        match self {
            Event::Arrive(flight) => Some(flight.at.to()),
            Event::ArriveSelf(message) => Some(message.node),
            Event::Ring(id, _)
            | Event::Synced(id)
            | Event::StartAgain(id, _)
            | Event::Served(id)
            | Event::Started(id)
            | Event::LoopTurns(_, id) => Some(*id),
            Event::Swizzle { node, .. } => Some(*node),
            Event::Refused(at, _) => Some(at.from()),
            Event::Parcel(_)
            | Event::Wire(_)
            | Event::Arrival
            | Event::User(_)
            | Event::FaultBegins(_)
            | Event::FaultEnds(_) => None,
        }
    }
}

/// A copy of a message under way.
#[derive(Debug)]
pub(crate) struct Flight<M> {
    pub(crate) at: Address,
    pub(crate) sent: SimTime,
    /// Until it arrives.
    pub(crate) body: Option<M>,
}

impl<M> Flight<M> {
    /// What it says.
    pub(crate) fn body(&self) -> &M {
        self.body.as_ref().expect("the message has not arrived yet")
    }
}

/// A message of a node to itself; it dies with the process.
#[derive(Debug)]
pub(crate) struct SelfMessage<M> {
    pub(crate) node: NodeId,
    pub(crate) incarnation: u64,
    pub(crate) body: M,
}
