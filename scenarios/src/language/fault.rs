//! `[[fault]]`.

use std::borrow::Cow;
use std::fmt;

use rehearsal_sim::law::Law;
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::machines::{ClockDrift, ClockShift, CrashLoop, Fire, Slow};
use super::network::BurstTable;
use crate::amounts::Bandwidth;
use crate::values::Names;

/// The keys of `[[fault]]` that say what goes wrong.
pub(crate) const FAULT_KINDS: [&str; 33] = [
    "crash",
    "power_off",
    "restart",
    "pause",
    "partition",
    "one_way",
    "isolate",
    "bridge",
    "ring",
    "cut",
    "loss",
    "latency",
    "duplicate",
    "corrupt",
    "burst",
    "bandwidth",
    "clog",
    "swizzle",
    "slow",
    "crash_loop",
    "clock_jump",
    "clock_drift",
    "clock_offset",
    "clock_freeze",
    "fire",
    "disk_stall",
    "disk_slow",
    "disk_full",
    "write_error",
    "read_error",
    "bit_rot",
    "misdirected_write",
    "wipe",
];

/// The keys that say whom a change of the network is about, where the fault itself does not.
pub(crate) const ONE_PLACE_KEYS: [&str; 3] = ["from", "to", "between"];

/// Those that happen at once, and do not last.
pub(crate) const INSTANT_KINDS: [&str; 8] =
    ["crash", "power_off", "restart", "clock_jump", "fire", "bit_rot", "misdirected_write", "wipe"];

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
    /// `crash`, `restart`, `clock_jump`, `fire`, `bit_rot`, `misdirected_write` and `wipe`, which
    /// happen at once.
    #[serde(rename = "for")]
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) lasts: Option<Span>,
    /// Processes die. They lose their memory, and of their disks what was not yet durable (see
    /// `[disk] survives` and `torn`); what they sent arrives, and calls that they were working on end
    /// without anybody knowing how. With `restart_after` they start again. Not simulated: a process that
    /// dies within a step.
    pub(crate) crash: Option<Names>,
    /// As `crash`, and the host dies with the process: where the network refuses (`[network] refuse`),
    /// nobody answers for it. With `restart_after` both start again. Not simulated: what else runs on
    /// the host.
    pub(crate) power_off: Option<Names>,
    /// How long after a `crash`, a `power_off` or a `wipe` the same processes start again; without it they stay down.
    pub(crate) restart_after: Option<Span>,
    /// Processes that are down start again from their disks. It repairs: it may strike in a world that
    /// has healed. Not simulated: a restart of what is running.
    pub(crate) restart: Option<Names>,
    /// Processes stand still, and their monotonic clocks with them; messages wait, in order, and syncs
    /// of their disks go on. Of several pauses the last to end counts; a crash ends them all. Not
    /// simulated: processes that some of their threads survive.
    pub(crate) pause: Option<Names>,
    /// The network falls into groups that do not hear each other, `[["n1", "n2"], ["n3"]]`. Nodes in
    /// no group reach everybody. What is on its way arrives. Not simulated: partial loss between groups, for
    /// which there is `loss` with `from` and `to`.
    #[schemars(extend("minItems" = 2))]
    pub(crate) partition: Option<Vec<Vec<String>>>,
    /// Messages in one direction are cut, `{ from = "n1", to = "leader" }`; the other direction is as
    /// before. Not simulated: connections that notice it.
    pub(crate) one_way: Option<OneWay>,
    /// These nodes and the other nodes of the protocol's first role do not hear each other; nodes of
    /// other roles reach everybody. Not simulated: cutting clients off as well, for which there is
    /// `partition`.
    pub(crate) isolate: Option<Names>,
    /// These nodes alone hear both halves of the other nodes of the first role, which do not hear each
    /// other. Who is in which half is drawn. Other roles hear everybody. Not simulated: a bridge that passes
    /// messages on by itself.
    pub(crate) bridge: Option<Names>,
    /// Every node of the first role hears a majority of them, and no two the same one: its neighbours
    /// in a ring whose order is drawn (Jepsen's `majorities-ring`). With an even majority one of two
    /// neighbours may hear the other, and not be heard. Other roles hear everybody. It takes three
    /// nodes at least. Not simulated: majorities that change while it lasts.
    #[schemars(extend("const" = true))]
    pub(crate) ring: Option<bool>,
    /// The link between two places of the topology is cut, in both directions: `["rack1", "core"]`.
    /// Messages take other routes from then on, or find none (`dropped.no_route`); what waits for the
    /// link is lost when its turn comes (`dropped.cut`), what is on its way arrives. Not simulated: the
    /// time that routers take to notice.
    #[schemars(extend("minItems" = 2, "maxItems" = 2))]
    pub(crate) cut: Option<Vec<String>>,
    /// The network loses this share of copies, on top of its own loss. With several such faults the
    /// worst counts. Between places it is decided once, on the first link. Not simulated: losses that depend
    /// on each other, for which there is `burst`.
    pub(crate) loss: Option<Chance>,
    /// The network takes this latency instead of its own; between places, on every link. With several
    /// such faults the latest counts. What is on its way keeps its latency. Not simulated: latencies that
    /// depend on each other; see `bandwidth` for queues.
    pub(crate) latency: Option<Law>,
    /// The network makes a second copy of this share of messages, which travels on its own and draws
    /// its own latency, on top of what it copies anyway. Not simulated: a third copy.
    pub(crate) duplicate: Option<Chance>,
    /// This share of copies arrives corrupt, on top of those that do anyway: a checksum tells, and they
    /// are thrown away (`dropped.corrupt`). Not simulated: corruption that no checksum notices.
    pub(crate) corrupt: Option<Chance>,
    /// Losses come in bursts, on every link for itself, on top of what is lost anyway:
    /// `{ begins = 0.01, ends = 0.2, loss = 0.9 }`. No link is in a burst when the fault begins. Not simulated: bursts by the clock; they begin and end
    /// with messages (Gilbert 1960, Elliott 1963).
    pub(crate) burst: Option<BurstTable>,
    /// Links send so much in a second, whatever they do otherwise; what is being sent goes on at the
    /// new rate, and at the old one when the fault ends. Links that had no bandwidth let everything go
    /// then. Links between places follow only a fault without `from`, `to` and `between`. Not simulated: headers
    /// and frames; a message takes the bytes that its protocol says.
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) bandwidth: Option<Bandwidth>,
    /// What these nodes send or receive is held back, `"n2"`, or what some send to others,
    /// `{ from = "n1", to = "n2" }`: it leaves when the fault ends, in the order it was sent, and takes
    /// its latency then. Nothing is lost. What was on its way arrives. Not simulated: buffers that run full.
    pub(crate) clog: Option<ClogEnds>,
    /// Each of these nodes is clogged for a while of its own: from a random instant in the first half
    /// of `for` to a random one in the second (FoundationDB's swizzle-clogging). Both are drawn from
    /// the fault's own stream. Not simulated: clogs of single links.
    pub(crate) swizzle: Option<Names>,
    /// Processors take so long for each message, ringing timer and call that they begin with,
    /// `{ nodes = "leader", step = "5ms" }`; what comes meanwhile waits in order. Of several such
    /// faults on a node the last to begin counts. What waits at the end is worked off at the node's
    /// own speed. Not simulated: work that was begun before gets no slower.
    pub(crate) slow: Option<Slow>,
    /// Processes crash and start again, over and over, `{ nodes = "n2", up = "1s", down = "200ms" }`:
    /// the first crash comes one `up` after it strikes. Whom it left down starts again at its end.
    /// Whom another fault crashed it leaves alone. Not simulated: a supervisor that gives up.
    pub(crate) crash_loop: Option<CrashLoop>,
    /// Wall clocks jump, at once and for good, `{ nodes = "n2", by = "-5s" }`. Monotonic clocks, and
    /// timers, do not. Not simulated: a clock that is slewed back to the right time.
    pub(crate) clock_jump: Option<ClockShift>,
    /// Both clocks of nodes run fast or slow, and with them their timers, `{ nodes = "n2", by =
    /// "500ppm" }`. What they gained or lost they keep. Not simulated: temperature.
    pub(crate) clock_drift: Option<ClockDrift>,
    /// Wall clocks are off, and right again at its end, `{ nodes = "n2", by = "2s" }`: they jump
    /// twice. Monotonic clocks, and timers, do not. Not simulated: slewing.
    pub(crate) clock_offset: Option<ClockShift>,
    /// Wall clocks stand still, and jump to where they would be at its end. Monotonic clocks, and
    /// timers, go on. Not simulated: clocks that stop together with the process (see `pause`).
    pub(crate) clock_freeze: Option<Names>,
    /// A timer that is set rings now, `{ nodes = "n2", timer = "Election" }`: of several of the kind
    /// the one that would ring first. Nodes that are down, stand still, or have none set are not hit.
    /// Not simulated: the monotonic clock does not change.
    pub(crate) fire: Option<Fire>,
    /// The disks of these nodes make nothing durable while it lasts: a sync that would have ended
    /// ends with the stall. Nobody is told. It goes on over crashes. Not simulated: reads that stall.
    pub(crate) disk_stall: Option<Names>,
    /// Syncs of these nodes that begin while it lasts take another time,
    /// `{ nodes = "n1", sync_latency = "50ms" }`. Of several, the last to begin counts. Not simulated:
    /// slow reads.
    pub(crate) disk_slow: Option<DiskSlow>,
    /// The disks of these nodes have no room for another record while it lasts: a sync that needs
    /// some fails as a whole, and the node is told. Truncating, and rewriting with fewer records,
    /// succeeds. For a limit that is known beforehand, see `[disk] capacity`. Not simulated: records of
    /// different sizes; each takes the same room.
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
    /// With `loss`, `latency`, `duplicate`, `corrupt`, `burst` and `bandwidth`: only messages from
    /// these. Looked up when the fault strikes.
    pub(crate) from: Option<Names>,
    /// With the same: only messages to these.
    pub(crate) to: Option<Names>,
    /// With the same: only messages between these two, in both directions.
    #[schemars(extend("minItems" = 2, "maxItems" = 2))]
    pub(crate) between: Option<Vec<String>>,
    /// With the same but `bandwidth`, and with `clog`: only messages of these kinds.
    pub(crate) messages: Option<Names>,
}

/// Whose messages are held back.
pub(crate) enum ClogEnds {
    /// What these send or receive.
    At(Names),
    /// What some send to others.
    OneWay(OneWay),
}

impl<'de> Deserialize<'de> for ClogEnds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ClogEnds, D::Error> {
        struct EndsVisitor;
        impl<'de> Visitor<'de> for EndsVisitor {
            type Value = ClogEnds;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name in quotes, a list of them, or { from = \"n1\", to = \"n2\" }")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<ClogEnds, E> {
                Ok(ClogEnds::At(Names { names: vec![name.to_owned()], is_list: false }))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<ClogEnds, A::Error> {
                Names::deserialize(SeqAccessDeserializer::new(list)).map(ClogEnds::At)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ClogEnds, A::Error> {
                OneWay::deserialize(MapAccessDeserializer::new(map)).map(ClogEnds::OneWay)
            }
        }
        deserializer.deserialize_any(EndsVisitor)
    }
}

impl JsonSchema for ClogEnds {
    fn schema_name() -> Cow<'static, str> {
        "ClogEnds".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names = generator.subschema_for::<Names>();
        let one_way = generator.subschema_for::<OneWay>();
        json_schema!({ "anyOf": [names, one_way] })
    }
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
