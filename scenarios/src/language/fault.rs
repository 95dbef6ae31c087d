//! `[[fault]]`.

use rehearsal_sim::law::Law;
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::Names;

/// The keys of `[[fault]]` that say what goes wrong.
pub(crate) const FAULT_KINDS: [&str; 16] = [
    "crash",
    "restart",
    "pause",
    "partition",
    "one_way",
    "isolate",
    "loss",
    "latency",
    "disk_stall",
    "disk_slow",
    "disk_full",
    "write_error",
    "read_error",
    "bit_rot",
    "misdirected_write",
    "wipe",
];

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
    /// `crash`, `restart`, `bit_rot`, `misdirected_write` and `wipe`, which happen at once.
    #[serde(rename = "for")]
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) lasts: Option<Span>,
    /// Processes die. They lose their memory, and of their disks what was not yet durable.
    pub(crate) crash: Option<Names>,
    /// How long after a `crash` or a `wipe` the same processes start again; without it they stay down.
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
    /// The disks of these nodes make nothing durable while it lasts: a sync that would have ended
    /// ends with the stall. Nobody is told. It goes on over crashes. Not simulated: reads that stall.
    pub(crate) disk_stall: Option<Names>,
    /// Syncs of these nodes that begin while it lasts take another time,
    /// `{ nodes = "n1", sync_latency = "50ms" }`. Of several, the last to begin counts. Not simulated:
    /// slow reads.
    pub(crate) disk_slow: Option<DiskSlow>,
    /// The disks of these nodes have no room for another record while it lasts: a sync that needs
    /// some fails as a whole, and the node is told. Truncating, and rewriting with fewer records,
    /// succeeds. For a limit that is known beforehand, see `[disk] capacity`.
    pub(crate) disk_full: Option<Names>,
    /// Every sync of these nodes that ends while it lasts fails: what it was to write, and all that
    /// was handed over since, is lost from the disk and its cache, and the node is told (Rebello et
    /// al., USENIX ATC 2020). Not simulated: errors that nobody is told of, other than
    /// `misdirected_write`.
    pub(crate) write_error: Option<Names>,
    /// Nodes that start while it lasts can not read one record of their disk, drawn when it begins.
    /// The record is whole, and is read again when it is over. Not simulated: errors of reads while
    /// a node runs; it reads its disk when it starts only.
    pub(crate) read_error: Option<Names>,
    /// Durable records on the disks of these nodes become unreadable, and stay so until they are
    /// overwritten or truncated, `{ nodes = "n1", records = 2 }`. Checksums notice it when the node
    /// starts. It keeps to the budget of `[disk] damage`. Not simulated: rot that no checksum notices.
    pub(crate) bit_rot: Option<BitRot>,
    /// The next record that each of these nodes appends is written to the place of an earlier one,
    /// drawn. Nobody is told. Both places are unreadable at the next start, since checksums cover the
    /// address. It keeps to the budget of `[disk] damage`. Not simulated: one that lands on another
    /// node's disk.
    pub(crate) misdirected_write: Option<Names>,
    /// The disks of these nodes are emptied. Nodes that are up crash first; `restart_after` starts
    /// them again, as new as on their first day, under their old names. It keeps to the budget of
    /// `[disk] damage`. Not simulated: an operator who would give them a new identity.
    pub(crate) wipe: Option<Names>,
}

/// Disks that become slow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiskSlow {
    /// Whose disks: a node, a list, a role, or who is looked up when it strikes.
    pub(crate) nodes: Names,
    /// How long their syncs take instead.
    pub(crate) sync_latency: Law,
}

/// Records that rot.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BitRot {
    /// Whose disks: a node, a list, a role, or who is looked up when it strikes.
    pub(crate) nodes: Names,
    /// How many records on each of them, drawn among those that are durable and readable; all of
    /// them where there are fewer.
    #[schemars(range(min = 1), extend("default" = 1))]
    pub(crate) records: Option<u64>,
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
