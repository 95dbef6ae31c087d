//! How messages travel.

use crate::law::Law;
use crate::protocol::NodeId;
use crate::random::Chance;
use crate::time::Span;

/// How messages travel between nodes.
///
/// The default is a network on which every message takes 1 ms and nothing goes wrong.
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
    /// The chance that a copy arrives corrupt: its checksum tells, and it is thrown away.
    pub corrupt: Chance,
    /// Losses that come in bursts, on each link for itself.
    pub burst: Option<Burst>,
    /// How fast each link sends, and what waits for it; `None` sends everything at once.
    pub wire: Option<Wire>,
    /// Links that differ from the rest; of several that match, the last counts, key by key.
    pub links: Vec<LinkRule>,
    /// The places that nodes stand at, and what links them; `None` links everybody to everybody.
    pub topology: Option<Topology>,
    /// Whether a live host answers for a process that is down: see
    /// [`Input::Refused`](crate::protocol::Input::Refused).
    pub refuse: bool,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            latency: Law::Constant(Span::millis(1)),
            loss: Chance::NEVER,
            duplicate: Chance::NEVER,
            order: Order::Reordering,
            corrupt: Chance::NEVER,
            burst: None,
            wire: None,
            links: Vec::new(),
            topology: None,
            refuse: false,
        }
    }
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

/// Losses in bursts: the two-state chain of Gilbert (1960, "Capacity of a burst-noise channel") and
/// Elliott (1963, "Estimates of error rates for codes on burst-noise channels").
///
/// A link is in a burst or it is not. With every copy sent on it the state changes or stays, then the
/// copy is lost or not. In the long run the share `begins / (begins + ends)` of copies meets a burst,
/// which lasts `1 / ends` copies in the mean. Outside of bursts the link's plain loss holds, and
/// within them that too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// The chance that a burst begins with a copy sent outside of one.
    pub begins: Chance,
    /// The chance that it ends with a copy sent within it.
    pub ends: Chance,
    /// The chance that a copy sent within it is lost.
    pub loss: Chance,
}

/// A link that takes time to send: a copy is sent after those before it, then takes its latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// How much it sends, in bits per second; above zero.
    pub bandwidth: u64,
    /// How many bytes may wait, with those being sent; a copy that finds no room is dropped. `None`
    /// is no bound.
    pub queue: Option<u64>,
    /// Who is sent first.
    pub sharing: Sharing,
}

/// How copies share a wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// One after the other, in the order they came.
    #[default]
    Fifo,
    /// All at once, each with an equal part of the bandwidth: processor sharing.
    Fair,
}

/// What is different about some links.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkRule {
    /// Senders.
    pub from: Vec<NodeId>,
    /// Receivers.
    pub to: Vec<NodeId>,
    /// The kinds of messages it is about, as indexes into the protocol's kinds; empty are all. What
    /// belongs to the link as a whole (`burst`, `bandwidth`, `queue`, `sharing`) is not for some
    /// kinds only: such a rule does not change it.
    pub messages: Vec<usize>,
    /// Their latency, where it differs.
    pub latency: Option<Law>,
    /// Their loss, where it differs.
    pub loss: Option<Chance>,
    /// Their duplication, where it differs.
    pub duplicate: Option<Chance>,
    /// Their order, where it differs.
    pub order: Option<Order>,
    /// Their corruption, where it differs.
    pub corrupt: Option<Chance>,
    /// Their bursts of losses, where they differ.
    pub burst: Option<Burst>,
    /// Their bandwidth, where it differs, in bits per second; above zero.
    pub bandwidth: Option<u64>,
    /// How many bytes wait for them, where it differs. Without a bandwidth nothing waits.
    pub queue: Option<u64>,
    /// How copies share them, where it differs.
    pub sharing: Option<Sharing>,
}

/// The places that nodes stand at, and the links between places.
///
/// A message between two places goes from place to place on the route of the shortest mean latency;
/// of equally short ones on the one with fewer links, then on the links that come first in the plan.
/// Each link on its way has its own latency, losses and wire. Between nodes of one place it goes as
/// without a topology. A route is chosen at each place anew, by the links that are not cut then.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// The places; every node stands at exactly one.
    pub places: Vec<Place>,
    /// Links between places, each in one direction.
    pub links: Vec<PlaceLink>,
}

/// A rack, a zone, a switch: where nodes stand, or where links meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// The nodes that stand here.
    pub nodes: Vec<NodeId>,
}

/// A link from one place to another.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceLink {
    /// The place it begins at, as an index.
    pub from: usize,
    /// The place it ends at.
    pub to: usize,
    /// One-way latency.
    pub latency: Law,
    /// The chance that a copy is lost on it.
    pub loss: Chance,
    /// The chance that a copy comes out of it corrupt, and is thrown away at its end.
    pub corrupt: Chance,
    /// Losses that come in bursts.
    pub burst: Option<Burst>,
    /// How fast it sends; `None` sends everything at once.
    pub wire: Option<Wire>,
}
