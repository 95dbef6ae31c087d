//! `[network]` and `[[network.link]]`.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::Order;
use rehearsal_sim::random::Chance;
use schemars::JsonSchema;
use serde::Deserialize;

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
}

/// Links that differ from the rest. Of several entries that match a link the last one counts, key
/// by key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkTable {
    /// The senders: a node, a role, or a list of them. Goes with `to`.
    pub(crate) from: Option<Names>,
    /// The receivers: a node, a role, or a list of them. Goes with `from`.
    pub(crate) to: Option<Names>,
    /// Two ends, each a node or a role: the links in both directions.
    #[schemars(extend("minItems" = 2, "maxItems" = 2))]
    pub(crate) between: Option<Vec<String>>,
    /// The latency of these links.
    pub(crate) latency: Option<Law>,
    /// Their loss.
    pub(crate) loss: Option<Chance>,
    /// Their duplication.
    pub(crate) duplicate: Option<Chance>,
    /// Their order.
    pub(crate) order: Option<OrderName>,
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
