//! `[[fault]]`.

use rehearsal_sim::law::Law;
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::Names;

/// The keys of `[[fault]]` that say what goes wrong.
pub(crate) const FAULT_KINDS: [&str; 8] =
    ["crash", "restart", "pause", "partition", "one_way", "isolate", "loss", "latency"];

/// Something that goes wrong: when, for how long, and exactly one of `crash`, `restart`, `pause`,
/// `partition`, `one_way`, `isolate`, `loss` and `latency`. Whom it hits is a node (`"n3"`), a list
/// of nodes, a role (`"servers"`), `"leader"` (the live node that leads in the highest epoch) or
/// `"followers"` (the other live nodes that have a rank). Ranks are looked up when the fault strikes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultTable {
    /// When it strikes.
    pub(crate) at: Span,
    /// How long it lasts; without it, to the end of the run. Not with `crash` and `restart`.
    #[serde(rename = "for")]
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) lasts: Option<Span>,
    /// Processes die. They lose their memory, and of their disks what was not yet durable.
    pub(crate) crash: Option<Names>,
    /// How long after a `crash` the same processes start again; without it they stay down.
    pub(crate) restart_after: Option<Span>,
    /// Crashed processes start again from their disks.
    pub(crate) restart: Option<Names>,
    /// Processes stand still, and their clocks with them; messages wait.
    pub(crate) pause: Option<Names>,
    /// The network falls into groups that do not hear each other, `[["n1", "n2"], ["n3"]]`. Nodes in
    /// no group reach everybody.
    #[schemars(extend("minItems" = 2))]
    pub(crate) partition: Option<Vec<Vec<String>>>,
    /// Messages in one direction are cut, `{ from = "n1", to = "leader" }`.
    pub(crate) one_way: Option<OneWay>,
    /// These nodes and the other nodes of the protocol's first role do not hear each other.
    pub(crate) isolate: Option<Names>,
    /// The network loses this share of copies, on top of its own loss.
    pub(crate) loss: Option<Chance>,
    /// The network takes this latency instead of its own.
    pub(crate) latency: Option<Law>,
}

/// Messages that are cut.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneWay {
    /// Whose messages.
    pub(crate) from: Names,
    /// To whom.
    pub(crate) to: Names,
}
