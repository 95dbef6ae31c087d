//! The tables of a scenario file, as serde reads them. Their comments are the reference: the schema
//! and `docs/scenario-reference.md` are generated from them.
//!
//! Every key is optional in the types where leaving it out means something, so that "not written"
//! and "written as the default" can be told apart in messages. Defaults are stated for the reader
//! (`default`) and applied where the plan is made. Keys that depend on the protocol (`[cluster]`,
//! its own table, its invariants in `[[expect]]`) are added from the catalog.

use std::collections::BTreeMap;

use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::plan::Order;
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tree::{Path, Step};
use crate::values::{Names, Rate, Window};

/// The tables and lists of tables of a file, beside those named like a protocol.
pub(crate) const SECTIONS: [&str; 7] =
    ["cluster", "network", "disk", "workload", "fault", "expect", "matrix"];

/// The keys of `[[fault]]` that say what goes wrong.
pub(crate) const FAULT_KINDS: [&str; 8] =
    ["crash", "restart", "pause", "partition", "one_way", "isolate", "loss", "latency"];

/// Where a key that was written in the wrong table belongs; empty for the top level.
pub(crate) fn home_of(key: &str) -> Option<&'static str> {
    Some(match key {
        "title" | "protocol" | "duration" | "seed" | "extends" | "bug" => "",
        "servers" | "clients" => "[cluster]",
        "latency" | "loss" | "duplicate" | "order" => "[network]",
        "link" => "[network], as [[network.link]]",
        "sync_latency" => "[disk]",
        "rate" | "arrivals" | "think" | "users" | "keys" | "mix" => "[workload]",
        "crash" | "restart" | "pause" | "partition" | "one_way" | "isolate" | "restart_after" => {
            "[[fault]]"
        }
        "linearizable" | "violates" | "progress" | "unavailable_at_most" => "[[expect]]",
        _ => return None,
    })
}

/// How a key that is demanded may look.
pub(crate) fn example_of(table: &Path, key: &str) -> Option<&'static str> {
    let is_uniform = table.0.last() == Some(&Step::Key("uniform".to_owned()));
    Some(match key {
        "at" => "at = \"5s\"",
        "mean" => "mean = \"5ms\"",
        "median" => "median = \"1ms\"",
        "p99" => "p99 = \"8ms\"",
        "count" => "count = 100",
        "exponent" => "exponent = 0.99",
        "from" if is_uniform => "from = \"1ms\"",
        "to" if is_uniform => "to = \"10ms\"",
        "from" => "from = \"n1\"",
        "to" => "to = \"n2\"",
        _ => return None,
    })
}

/// One rehearsal: a cluster, its world, what applications do, what goes wrong, and what is expected
/// all the same.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Top {
    /// What this scenario shows, in a line. Left out, it is the scenario's name.
    pub(crate) title: Option<String>,
    /// The protocol that runs, by its name in the catalog.
    #[allow(dead_code)] // looked up before the rest of the top level is known to be right
    pub(crate) protocol: Option<String>,
    /// How long the run lasts, in simulated time.
    #[schemars(extend("x-range" = "above 0, at most 10 years"))]
    pub(crate) duration: Option<Span>,
    /// The number all chance is drawn from. `--seed` wins.
    #[schemars(extend("default" = 1))]
    pub(crate) seed: Option<u64>,
    /// Another scenario file that this one builds on, relative to this file: its tables are merged
    /// key by key, its lists are replaced, and what stands here wins.
    #[allow(dead_code)] // followed before the tree is read
    pub(crate) extends: Option<String>,
    /// The bugs to plant, by slug or by number; one, or a list. `--bug` replaces them.
    #[schemars(extend("default" = serde_json::json!([])))]
    pub(crate) bug: Option<Names>,
}

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

/// How disks behave.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiskTable {
    /// How long a sync takes: the time until everything handed over so far is durable.
    #[schemars(extend("default" = "200us"))]
    pub(crate) sync_latency: Option<Law>,
}

/// What applications do. Without this table nobody calls any operation. Exactly one of `rate` and
/// `think` says when operations are called.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadTable {
    /// Open loop: this many operations arrive whether or not earlier ones have ended. Latency
    /// counts from the arrival.
    pub(crate) rate: Option<Rate>,
    /// How the arrivals of a `rate` are spread.
    #[schemars(extend("default" = "poisson"))]
    pub(crate) arrivals: Option<Arrivals>,
    /// Closed loop: each user waits for the end of an operation, thinks this long, and calls the
    /// next.
    pub(crate) think: Option<Law>,
    /// How many users think. Left out, one for each node that takes calls.
    #[schemars(range(min = 1))]
    pub(crate) users: Option<u32>,
    /// Which keys are asked for: how many there are, or a law.
    #[schemars(extend("default" = 100))]
    pub(crate) keys: Option<KeyLaw>,
    /// How much there is of each kind of operation; the weights are relative to each other. Left
    /// out, all kinds are alike.
    #[schemars(extend("x-range" = "weights from 0 up, one of them above 0"))]
    pub(crate) mix: Option<BTreeMap<String, f64>>,
    /// When the first operation may be called.
    #[schemars(extend("default" = "0s"))]
    pub(crate) start: Option<Span>,
    /// From when on no operation is called. Left out, the end of the run.
    pub(crate) stop: Option<Span>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Arrivals {
    /// Independent of each other: the gaps are exponential.
    Poisson,
    /// Evenly spaced.
    Constant,
}

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

/// Something that is demanded of the run: exactly one key beside `during`. Any invariant of the
/// protocol can be named as well, like `election_safety = true`; invariants are judged in every
/// run, naming one puts it into the report.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectTable {
    /// The history of the operations is linearizable.
    #[schemars(extend("const" = true))]
    #[allow(dead_code)] // whether it is true is seen in the tree, like that of an invariant
    pub(crate) linearizable: Option<bool>,
    /// Operations do not wait in vain at the end, not even for want of a quorum.
    #[schemars(extend("const" = true))]
    #[allow(dead_code)] // the same
    pub(crate) progress: Option<bool>,
    /// This property is violated: an invariant of the protocol, `linearizable`, `progress` or
    /// `panicked`.
    pub(crate) violates: Option<String>,
    /// Half of the successful operations are not slower than this.
    pub(crate) p50_at_most: Option<Span>,
    /// 90 % of the successful operations are not slower than this.
    pub(crate) p90_at_most: Option<Span>,
    /// 99 % of the successful operations are not slower than this.
    pub(crate) p99_at_most: Option<Span>,
    /// 99.9 % of the successful operations are not slower than this.
    pub(crate) p999_at_most: Option<Span>,
    /// At least this many operations succeed per unit of time.
    pub(crate) throughput_at_least: Option<Rate>,
    /// At most this share of the operations failed or was never answered; operations called in the
    /// last second of the run and still open are not counted.
    pub(crate) error_rate_at_most: Option<Chance>,
    /// The longest stretch in which operations wait and none succeeds.
    pub(crate) unavailable_at_most: Option<Span>,
    /// From the end of the last fault to the next successful operation.
    pub(crate) recovered_within: Option<Span>,
    /// Live nodes that lead in one epoch at one instant.
    pub(crate) leaders_at_most: Option<u32>,
    /// A number that the protocol counts lies within bounds, `metric.elections = { min = 2 }`.
    pub(crate) metric: Option<BTreeMap<String, Bounds>>,
    /// The part of the run that counts, `"5s..10s"`. Left out, all of it.
    pub(crate) during: Option<Window>,
}

/// Bounds of a metric, inclusive; at least one of them.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bounds {
    /// The least value.
    pub(crate) min: Option<i64>,
    /// The largest value.
    pub(crate) max: Option<i64>,
}
