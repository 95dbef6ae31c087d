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

/// Something that goes wrong: when, for how long, and exactly one kind of fault.
///
/// When: once (`at`), again and again (`every`), or when something happens (`on`). Whom it hits is a
/// node (`"n3"`), a list of nodes, a role (`"servers"`), or somebody who is looked up when the fault
/// strikes: `"leader"` (the live node that leads in the highest epoch), `"followers"` (the other live
/// nodes that have a rank), any other rank of the protocol (`"candidate"`), `"minority"`,
/// `"majority"` and `"any"` (drawn among the nodes of the first role), `"it"` (the node that the `on`
/// of this fault happened on) and `"peer"` (the other end of that message). In groups of a partition,
/// `"others"` are the nodes of the first role that no other group names. A fault that finds nobody is
/// counted (`metric.faults_missed`) and does nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultTable {
    /// When it strikes. With `every`, the first time; with `on`, from when on is counted.
    pub(crate) at: Option<Span>,
    /// Strikes again and again: the time from one strike to the next, fixed or drawn. Without `at`
    /// the first strike comes one such time after the start.
    #[schemars(extend("x-range" = "above 0; draws below 1us are 1us"))]
    pub(crate) every: Option<Law>,
    /// Strikes when this happens.
    pub(crate) on: Option<OnTable>,
    /// With `on`: how long after it. Left out, at once: after the step in which it happened.
    pub(crate) after: Option<Law>,
    /// With `every` or `on`: how often at most. Left out, without end with `every` and once with
    /// `on`; more than once with `on` means at each further occurrence.
    #[schemars(range(min = 1))]
    pub(crate) times: Option<u32>,
    /// With `every` or `on`: it does not strike from here on.
    pub(crate) until: Option<Span>,
    /// How long it lasts; without it, to the end of the run, or until the world heals. Not with
    /// `crash` and `restart`, which happen at once.
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

/// What a fault waits for: exactly one of `event`, `message`, `delivered`, `rank` and `sync`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnTable {
    /// A node tells its observers of an event of this kind, `event = "VoteGranted"`; the protocol's
    /// page lists the kinds.
    pub(crate) event: Option<String>,
    /// A message of this kind is sent to another node, `message = "AppendEntries"`.
    pub(crate) message: Option<String>,
    /// A message of this kind reaches another node.
    pub(crate) delivered: Option<String>,
    /// A node gets this rank, `rank = "leader"`.
    pub(crate) rank: Option<String>,
    /// A disk begins to make writes durable.
    #[schemars(extend("const" = true))]
    pub(crate) sync: Option<bool>,
    /// The nodes on which it counts: a node, a role, or a list of them; with `event`, `rank` and
    /// `sync`. Left out, all.
    pub(crate) node: Option<Names>,
    /// The senders of the message; with `message` and `delivered`. Left out, all.
    pub(crate) from: Option<Names>,
    /// The receivers of the message; with `message` and `delivered`. Left out, all.
    pub(crate) to: Option<Names>,
    /// At which of these occurrences it strikes first, counted from 1 over all nodes that count.
    #[schemars(range(min = 1), extend("default" = 1))]
    pub(crate) nth: Option<u32>,
}
