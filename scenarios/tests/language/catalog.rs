//! A catalog of protocols that exist only as far as scenario files can see.

use std::sync::Arc;

use rehearsal_scenarios::{Loaded, Report, Request, load_text};
use rehearsal_sim::bug::BugInfo;
use rehearsal_sim::catalog::{ConfigError, Entry, PropertyInfo, RoleInfo};
use rehearsal_sim::plan::ErasedConfig;
use rehearsal_sim::protocol::Remark;
use rehearsal_sim::time::{Span, SpanRange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The parameters of the raft that never runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RaftConfig {
    /// How long a follower waits to hear of a leader before it stands for election.
    pub(crate) election_timeout: SpanRange,
    /// How often a leader shows that it lives.
    pub(crate) heartbeat: Span,
    /// How state is compacted.
    pub(crate) snapshots: Snapshots,
}

/// How state is compacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Snapshots {
    /// After so many entries.
    pub(crate) every: u32,
}

impl Default for RaftConfig {
    fn default() -> RaftConfig {
        let election_timeout = SpanRange { lo: Span::millis(150), hi: Span::millis(300) };
        let snapshots = Snapshots::default();
        RaftConfig { election_timeout, heartbeat: Span::millis(50), snapshots }
    }
}

impl Default for Snapshots {
    fn default() -> Snapshots {
        Snapshots { every: 1000 }
    }
}

fn configure(table: &serde_json::Value) -> Result<ErasedConfig, ConfigError> {
    match serde_path_to_error::deserialize::<_, RaftConfig>(table) {
        Ok(config) => Ok(ErasedConfig(Arc::new(config))),
        Err(error) => {
            let path = error.path().to_string();
            let path = if path == "." { String::new() } else { path };
            Err(ConfigError { path, message: error.inner().to_string() })
        }
    }
}

fn review(config: &ErasedConfig, round_trip: Span) -> Vec<Remark> {
    let config = config.0.downcast_ref::<RaftConfig>().unwrap();
    let mut remarks = Vec::new();
    if config.heartbeat >= config.election_timeout.lo {
        remarks.push(Remark {
            is_error: true,
            key: "heartbeat",
            message: "followers stand for election before the leader is heard of".into(),
            help: format!("write less than {}", config.election_timeout.lo),
        });
    }
    if config.election_timeout.hi.0 - config.election_timeout.lo.0 < round_trip.0 {
        remarks.push(Remark {
            is_error: false,
            key: "election_timeout",
            message: format!(
                "the spread is below the round trip of {round_trip}: votes will split"
            ),
            help: "write a wider range".into(),
        });
    }
    remarks
}

fn raft_roles() -> Vec<RoleInfo> {
    let server =
        RoleInfo { singular: "server", plural: "servers", default_count: 5, takes_calls: false };
    let client =
        RoleInfo { singular: "client", plural: "clients", default_count: 4, takes_calls: true };
    vec![server, client]
}

fn invariants() -> Vec<PropertyInfo> {
    let info = |name, sentence| PropertyInfo { name, sentence, citation: "Raft, figure 3" };
    vec![
        info("election_safety", "at most one leader in a term"),
        info("log_matching", "equal entries have equal histories"),
    ]
}

fn bugs() -> Vec<BugInfo> {
    let info = |slug, id| BugInfo {
        slug,
        id,
        sentence: "a wrong decision",
        source: "seen in the wild",
        property: "election_safety",
        hunt: None,
    };
    vec![info("vote-not-persisted", Some("bug:E4")), info("commit-old-term", None)]
}

pub(crate) const RAFT: Entry = Entry {
    ranks: &["follower", "candidate", "leader"],
    metrics: &["elections", "elections_started"],
    probes: &[],
    name: "raft",
    summary: "Agrees on a log, with a strong leader.",
    roles: raft_roles,
    starts_closed: false,
    operations: &["get", "put", "cas"],
    messages: &["AppendEntries"],
    timers: &["Election"],
    events: &["Elected"],
    invariants,
    bugs,
    config_schema: || schemars::schema_for!(RaftConfig).to_value(),
    config_default: || serde_json::to_value(RaftConfig::default()).unwrap(),
    configure,
    review,
    review_cluster: |_, _| Vec::new(),
    vary: |_, _, _, _| serde_json::Value::Null,
    run: |_, _, _| unreachable!("no scenario is run here"),
    twins: |_, _, _| unreachable!("no scenario is run here"),
    stage: |_| unreachable!("no scenario is run here"),
};

pub(crate) const PAXOS: Entry = Entry {
    ranks: &["follower", "candidate", "leader"],
    metrics: &["elections", "elections_started"],
    name: "multi-paxos",
    summary: "Agrees on a log, slot by slot.",
    invariants: Vec::new,
    bugs: Vec::new,
    ..RAFT
};

/// Nobody can call it.
pub(crate) const GOSSIP: Entry = Entry {
    metrics: &["elections", "elections_started"],
    name: "gossip",
    summary: "Spreads what it heard.",
    roles: || {
        vec![RoleInfo { singular: "peer", plural: "peers", default_count: 8, takes_calls: false }]
    },
    operations: &[],
    ..PAXOS
};

pub(crate) const CATALOG: &[Entry] = &[RAFT, PAXOS, GOSSIP];

/// Loads a text that stands in no file.
pub(crate) fn text(text: &str) -> Result<Loaded, Report> {
    load_text(text.as_bytes(), &Request::of("test.toml"), CATALOG)
}

/// Loads a text that is right.
#[track_caller]
pub(crate) fn good(text: &str) -> Loaded {
    self::text(text).unwrap_or_else(|report| panic!("{}", report.render(false)))
}

/// Renders what is wrong with a text.
#[track_caller]
pub(crate) fn wrong(text: &str) -> String {
    match self::text(text) {
        Ok(_) => panic!("nothing is wrong with\n{text}"),
        Err(report) => report.render(false),
    }
}

pub(crate) const SMALL: &str = "protocol = \"raft\"\nduration = \"20s\"\n";
