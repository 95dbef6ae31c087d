//! The tables of a scenario file, as serde reads them. Their comments are the reference: the schema
//! and `docs/scenario-reference.md` are generated from them.
//!
//! Every key is optional in the types where leaving it out means something, so that "not written"
//! and "written as the default" can be told apart in messages. Defaults are stated for the reader
//! (`default`) and applied where the plan is made. Keys that depend on the protocol (`[cluster]`,
//! its own table, its invariants in `[[expect]]`) are added from the catalog.

mod clock;
mod disk;
mod expect;
mod fault;
mod machines;
mod network;
mod node;
mod processor;
mod swarm;
mod workload;

use rehearsal_sim::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use clock::ClockTable;
pub(crate) use disk::{DiskTable, LimitsTable, SupervisorTable};
pub(crate) use expect::ExpectTable;
pub(crate) use fault::{
    BitRot, ClogEnds, DiskSlow, FAULT_KINDS, FaultTable, INSTANT_KINDS, ONE_PLACE_KEYS, OnTable,
    OneWay,
};
pub(crate) use machines::{ClockDrift, ClockShift, CrashLoop, Fire, Slow};
pub(crate) use network::{
    BurstTable, LinkTable, NetworkTable, PlaceLinkTable, SharingName, TopologyTable,
};
pub(crate) use node::NodeTable;
pub(crate) use processor::ProcessorTable;
pub(crate) use swarm::{Profiles, SwarmTable};
pub(crate) use workload::{Arrivals, WorkloadTable};

use crate::tree::{Path, Step};
use crate::values::Names;

/// The tables and lists of tables of a file, beside those named like a protocol.
pub(crate) const SECTIONS: [&str; 14] = [
    "cluster",
    "network",
    "topology",
    "processor",
    "clock",
    "disk",
    "supervisor",
    "limits",
    "node",
    "workload",
    "swarm",
    "fault",
    "expect",
    "matrix",
];

/// Where a key that was written in the wrong table belongs; empty for the top level.
pub(crate) fn home_of(key: &str) -> Option<&'static str> {
    Some(match key {
        "title" | "protocol" | "duration" | "seed" | "heal" | "extends" | "bug" => "",
        "servers" | "clients" => "[cluster]",
        "latency" | "loss" | "duplicate" | "order" | "corrupt" | "burst" | "bandwidth"
        | "queue" | "sharing" | "refuse" => "[network]",
        "places" | "groups" => "[topology]",
        "link" => "[network], as [[network.link]]",
        "in_flight" | "waiting" => "[limits]",
        "step" | "cold_start" => "[processor]",
        "offset" | "drift" => "[clock]",
        "sync_latency" | "survives" | "torn" | "capacity" | "damage" => "[disk]",
        "rate" | "arrivals" | "think" | "users" | "keys" | "mix" => "[workload]",
        "restart_after" => "[[fault]]",
        kind if FAULT_KINDS.contains(&kind) => "[[fault]]",
        "linearizable" | "violates" | "progress" | "unavailable_at_most" => "[[expect]]",
        _ => return None,
    })
}

/// How a key that is demanded may look.
pub(crate) fn example_of(table: &Path, key: &str) -> Option<&'static str> {
    let is_in = |name: &str| table.0.last() == Some(&Step::Key(name.to_owned()));
    Some(match key {
        "at" => "at = \"5s\"",
        "mean" => "mean = \"5ms\"",
        "median" => "median = \"1ms\"",
        "p99" => "p99 = \"8ms\"",
        "count" => "count = 100",
        "exponent" if is_in("pareto") => "exponent = 1.5",
        "exponent" => "exponent = 0.99",
        "sd" => "sd = \"1ms\"",
        "shortest" => "shortest = \"1ms\"",
        "scale" => "scale = \"5ms\"",
        "shape" => "shape = 0.7",
        "share" => "share = 0.1",
        "law" => "law = \"40ms\"",
        "from" if is_in("uniform") => "from = \"1ms\"",
        "to" if is_in("uniform") => "to = \"10ms\"",
        "from" => "from = \"n1\"",
        "to" => "to = \"n2\"",
        "nodes" => "nodes = \"n2\"",
        "step" => "step = \"5ms\"",
        "up" => "up = \"1s\"",
        "down" => "down = \"200ms\"",
        "timer" => "timer = \"...\", of the kinds on the protocol's page",
        "by" if table.0.last() == Some(&Step::Key("clock_drift".to_owned())) => "by = \"500ppm\"",
        "by" => "by = \"-5s\"",
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
    /// The end of the first phase: from here on no fault strikes, and those under way end. Processes
    /// that are down stay down unless they were to restart anyway; `restart` may still strike. What
    /// is left of the run is the second phase, in which progress is demanded.
    #[schemars(extend("x-range" = "above 0, below `duration`"))]
    pub(crate) heal: Option<Span>,
    /// Another scenario file that this one builds on, relative to this file: its tables are merged
    /// key by key, its lists are replaced, and what stands here wins.
    #[allow(dead_code)] // followed before the tree is read
    pub(crate) extends: Option<String>,
    /// The bugs to plant, by slug or by number; one, or a list. `--bug` replaces them.
    #[schemars(extend("default" = serde_json::json!([])))]
    pub(crate) bug: Option<Names>,
}
