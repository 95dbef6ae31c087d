//! `[disk]`.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::Damage;
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;

/// How disks behave: a log of records per node, written behind, with one sync under way at a time. A
/// node that starts reads its disk at once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiskTable {
    /// How long a sync takes: the time until everything handed over so far is durable.
    #[schemars(extend("default" = "200us"))]
    pub(crate) sync_latency: Option<Law>,
    /// The chance, for each write of a sync that a crash interrupts, that it had reached the disk
    /// already. Writes reach it in order: the first that had not is lost, with all behind it and all
    /// that no sync had begun to write. With 0 a crash leaves exactly what was durable.
    #[schemars(extend("default" = 0))]
    pub(crate) survives: Option<Chance>,
    /// The chance that the first append that had not reached the disk is left half-written: the node
    /// finds a torn record at the end of its log.
    #[schemars(extend("default" = 0))]
    pub(crate) torn: Option<Chance>,
    /// The records that a disk has room for. A sync that needs more fails as a whole: what it was to
    /// write is lost, and the node is told so. Without it there is room for everything.
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) capacity: Option<u64>,
    /// How many disks of the protocol's first role may be damaged by `bit_rot`, `misdirected_write`
    /// and `wipe`. A protocol with quorums can be held to all its promises as long as a majority is
    /// undamaged; beyond that all it can do is notice.
    #[schemars(extend("default" = "within_budget"))]
    pub(crate) damage: Option<DamageName>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Damage")]
pub(crate) enum DamageName {
    /// So many that a majority stays undamaged. Damage beyond that does not happen, and is counted
    /// (`metric.damage_withheld`, and `metric.faults_missed` where a fault then hits nobody).
    WithinBudget,
    /// Any number.
    BeyondBudget,
}

impl From<DamageName> for Damage {
    fn from(name: DamageName) -> Damage {
        match name {
            DamageName::WithinBudget => Damage::WithinBudget,
            DamageName::BeyondBudget => Damage::BeyondBudget,
        }
    }
}

/// What must not grow without bound. More ends the run with a violation: before memory does, and so
/// that a protocol whose messages beget messages is told of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsTable {
    /// Messages in flight, of all links together; more is the violation `message_storm`.
    #[schemars(range(min = 1), extend("default" = 1_000_000))]
    pub(crate) in_flight: Option<u64>,
    /// Inputs that wait at one node, for its processor or while it stands still; more is the violation
    /// `queue_growth`.
    #[schemars(range(min = 1), extend("default" = 1_000_000))]
    pub(crate) waiting: Option<u64>,
}

/// What becomes of processes that end themselves, for example because their disk refused a write. It
/// leaves those alone that a fault crashed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SupervisorTable {
    /// They are started again so long after. Without it nobody does that, but a `restart` fault may.
    #[schemars(extend("x-range" = "above 0"))]
    pub(crate) restart_after: Option<Span>,
}
