//! How messages travel.

use crate::law::Law;
use crate::protocol::NodeId;
use crate::random::Chance;

/// How messages travel between nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// One-way latency.
    pub latency: Law,
    /// The chance that a copy is lost.
    pub loss: Chance,
    /// The chance that the network makes a second copy, which travels on its own.
    pub duplicate: Chance,
    /// Whether later messages of a link may overtake earlier ones.
    pub order: Order,
    /// Links that differ from the rest; of several that match, the last counts, key by key.
    pub links: Vec<LinkRule>,
}

/// Whether messages of one link keep their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Each copy draws its own latency; later ones may overtake.
    #[default]
    Reordering,
    /// A copy never arrives before one that was sent earlier on its link.
    Fifo,
}

/// What is different about some links.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRule {
    /// Senders.
    pub from: Vec<NodeId>,
    /// Receivers.
    pub to: Vec<NodeId>,
    /// Their latency, where it differs.
    pub latency: Option<Law>,
    /// Their loss, where it differs.
    pub loss: Option<Chance>,
    /// Their duplication, where it differs.
    pub duplicate: Option<Chance>,
    /// Their order, where it differs.
    pub order: Option<Order>,
}
