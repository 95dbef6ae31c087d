//! `[network]` and `[[network.link]]`, `[topology]` and `[[topology.link]]`.

use std::collections::BTreeMap;

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Burst, Order, Sharing};
use rehearsal_sim::random::Chance;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::amounts::{Bandwidth, Size};
use crate::values::Names;

/// How messages travel.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkTable {
    /// One-way latency, drawn for each copy of a message.
    #[schemars(extend("default" = "1ms"))]
    pub(crate) latency: Option<Law>,
    /// The chance that a copy of a message is lost.
    #[schemars(extend("default" = 0))]
    pub(crate) loss: Option<Chance>,
    /// The chance that the network makes a second copy of a message.
    #[schemars(extend("default" = 0))]
    pub(crate) duplicate: Option<Chance>,
    /// Whether messages of one link may overtake each other.
    #[schemars(extend("default" = "reordering"))]
    pub(crate) order: Option<OrderName>,
    /// The chance that a copy arrives corrupt. Its checksum tells, and it is thrown away on arrival
    /// (`dropped.corrupt`): nobody ever reads wrong bytes.
    #[schemars(extend("default" = 0))]
    pub(crate) corrupt: Option<Chance>,
    /// Losses that come in bursts, on each link for itself and on top of `loss`.
    pub(crate) burst: Option<BurstTable>,
    /// How fast each link sends, in each direction: a copy is sent after those before it, for its
    /// size divided by this, and takes its latency then. Left out, everything is sent at once.
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) bandwidth: Option<Bandwidth>,
    /// With `bandwidth`: how many bytes may wait for a link, with those being sent. A copy that finds
    /// no room is dropped (`dropped.overflow`). Left out, there is room for everything.
    pub(crate) queue: Option<Size>,
    /// With `bandwidth`: who is sent first.
    #[schemars(extend("default" = "fifo"))]
    pub(crate) sharing: Option<SharingName>,
    /// Whether a host that is up answers for a process that is down: the sender hears, one latency
    /// after its message came, that it was refused (`dropped.refused`). A host that is down keeps
    /// silent (`dropped.down`), as all do without this.
    #[schemars(extend("default" = false))]
    pub(crate) refuse: Option<bool>,
}

/// Losses in bursts (Gilbert 1960, Elliott 1963): a link is in a burst or it is not, and may change
/// with each copy that is sent on it. The share of copies that meet a burst is
/// `begins / (begins + ends)`, and a burst lasts `1 / ends` copies in the mean.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Burst")]
pub(crate) struct BurstTable {
    /// The chance that a burst begins with a copy.
    pub(crate) begins: Chance,
    /// The chance that a burst ends with a copy.
    pub(crate) ends: Chance,
    /// The chance that a copy is lost while a burst lasts.
    #[schemars(extend("default" = 1))]
    pub(crate) loss: Option<Chance>,
}

impl From<BurstTable> for Burst {
    fn from(BurstTable { begins, ends, loss }: BurstTable) -> Burst {
        Burst { begins, ends, loss: loss.unwrap_or(Chance::ALWAYS) }
    }
}

/// Links that differ from the rest. Of several entries that match a link the last one counts, key
/// by key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkTable {
    /// The senders: a node, a role, or a list of them. Goes with `to`; with `messages` both may be
    /// left out.
    pub(crate) from: Option<Names>,
    /// The receivers: a node, a role, or a list of them. Goes with `from`.
    pub(crate) to: Option<Names>,
    /// Two ends, each a node or a role: the links in both directions.
    #[schemars(extend("minItems" = 2, "maxItems" = 2))]
    pub(crate) between: Option<Vec<String>>,
    /// The kinds of messages it is about, by their names in the protocol. Left out, all. Not with
    /// `burst`, `bandwidth`, `queue` and `sharing`, which belong to a link as a whole.
    #[schemars(extend("minItems" = 1))]
    pub(crate) messages: Option<Names>,
    /// The latency of these links.
    pub(crate) latency: Option<Law>,
    /// Their loss.
    pub(crate) loss: Option<Chance>,
    /// Their duplication.
    pub(crate) duplicate: Option<Chance>,
    /// Their order.
    pub(crate) order: Option<OrderName>,
    /// Their corruption.
    pub(crate) corrupt: Option<Chance>,
    /// Their bursts of losses.
    pub(crate) burst: Option<BurstTable>,
    /// Their bandwidth.
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) bandwidth: Option<Bandwidth>,
    /// How many bytes may wait for them.
    pub(crate) queue: Option<Size>,
    /// How copies share them.
    pub(crate) sharing: Option<SharingName>,
}

/// Where nodes stand, and what links these places. A message to another place goes from place to
/// place on the route of the shortest mean latency (of equally short ones on the one with fewer
/// links, then by the order of the file); between nodes of one place it goes by `[network]`. The
/// route is chosen at each place anew, over the links that are not cut then.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopologyTable {
    /// The places, each with the nodes or roles that stand there: racks, zones, switches. Every node
    /// stands at exactly one.
    #[schemars(extend("examples" = [{ "rack1": ["n1", "n2"], "rack2": ["n3", "clients"], "core": [] }]))]
    pub(crate) places: BTreeMap<String, Names>,
    /// Names for several places together, to aim faults at: zones, regions.
    #[schemars(extend("examples" = [{ "zone1": ["rack1", "rack2"] }]))]
    pub(crate) groups: Option<BTreeMap<String, Names>>,
}

/// A link between two places. Whatever is sent on it draws its own latency and losses there, and waits
/// for its wire there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceLinkTable {
    /// The place it begins at. Goes with `to`.
    pub(crate) from: Option<String>,
    /// The place it ends at. Goes with `from`.
    pub(crate) to: Option<String>,
    /// Two places: a link in each direction, alike and each for itself.
    #[schemars(extend("minItems" = 2, "maxItems" = 2))]
    pub(crate) between: Option<Vec<String>>,
    /// One-way latency, drawn for each copy of a message.
    #[schemars(extend("default" = "1ms"))]
    pub(crate) latency: Option<Law>,
    /// The chance that a copy is lost here.
    #[schemars(extend("default" = 0))]
    pub(crate) loss: Option<Chance>,
    /// The chance that a copy comes out corrupt, and is thrown away at the end of the link.
    #[schemars(extend("default" = 0))]
    pub(crate) corrupt: Option<Chance>,
    /// Losses that come in bursts.
    pub(crate) burst: Option<BurstTable>,
    /// How fast it sends. Left out, everything is sent at once.
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) bandwidth: Option<Bandwidth>,
    /// With `bandwidth`: how many bytes may wait, with those being sent.
    pub(crate) queue: Option<Size>,
    /// With `bandwidth`: who is sent first.
    #[schemars(extend("default" = "fifo"))]
    pub(crate) sharing: Option<SharingName>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Sharing")]
pub(crate) enum SharingName {
    /// One copy after the other, in the order they came.
    Fifo,
    /// All copies at once, each with an equal part of the bandwidth.
    Fair,
}

impl From<SharingName> for Sharing {
    fn from(name: SharingName) -> Sharing {
        match name {
            SharingName::Fifo => Sharing::Fifo,
            SharingName::Fair => Sharing::Fair,
        }
    }
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Order")]
pub(crate) enum OrderName {
    /// Each copy draws its own latency; later ones may overtake.
    Reordering,
    /// A copy never arrives before one that was sent earlier on its link.
    Fifo,
}

impl From<OrderName> for Order {
    fn from(name: OrderName) -> Order {
        match name {
            OrderName::Reordering => Order::Reordering,
            OrderName::Fifo => Order::Fifo,
        }
    }
}
