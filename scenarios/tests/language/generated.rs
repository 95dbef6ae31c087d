//! What is generated from the language: schema, reference, starter.

use std::collections::BTreeSet;

use rehearsal_scenarios::{reference, schema, starter};
use serde_json::Value;

use crate::catalog::{CATALOG, text};

/// Every key that a scenario of the test catalog can have.
const KEYS: &[&str] = &[
    "title",
    "protocol",
    "duration",
    "seed",
    "extends",
    "bug",
    "cluster",
    "servers",
    "clients",
    "peers",
    "network",
    "latency",
    "loss",
    "duplicate",
    "order",
    "corrupt",
    "burst",
    "begins",
    "ends",
    "bandwidth",
    "queue",
    "sharing",
    "refuse",
    "messages",
    "topology",
    "places",
    "groups",
    "link",
    "from",
    "to",
    "between",
    "processor",
    "step",
    "queue",
    "cold_start",
    "clock",
    "offset",
    "drift",
    "node",
    "disk",
    "sync_latency",
    "survives",
    "torn",
    "capacity",
    "damage",
    "disk_stall",
    "disk_slow",
    "disk_full",
    "write_error",
    "read_error",
    "bit_rot",
    "records",
    "nodes",
    "misdirected_write",
    "wipe",
    "supervisor",
    "workload",
    "rate",
    "arrivals",
    "think",
    "users",
    "keys",
    "mix",
    "get",
    "put",
    "cas",
    "start",
    "stop",
    "fault",
    "at",
    "for",
    "crash",
    "restart_after",
    "restart",
    "pause",
    "slow",
    "nodes",
    "crash_loop",
    "up",
    "down",
    "clock_jump",
    "by",
    "clock_drift",
    "clock_offset",
    "clock_freeze",
    "fire",
    "timer",
    "partition",
    "one_way",
    "isolate",
    "bridge",
    "ring",
    "cut",
    "clog",
    "swizzle",
    "expect",
    "matrix",
    "linearizable",
    "progress",
    "violates",
    "p50_at_most",
    "p90_at_most",
    "p99_at_most",
    "p999_at_most",
    "throughput_at_least",
    "error_rate_at_most",
    "unavailable_at_most",
    "recovered_within",
    "leaders_at_most",
    "metric",
    "min",
    "max",
    "during",
    "election_safety",
    "log_matching",
    "raft",
    "multi-paxos",
    "gossip",
    "election_timeout",
    "heartbeat",
    "snapshots",
    "every",
    "constant",
    "uniform",
    "exponential",
    "mean",
    "lognormal",
    "median",
    "p99",
    "normal",
    "sd",
    "pareto",
    "shortest",
    "weibull",
    "scale",
    "shape",
    "mixture",
    "share",
    "law",
    "empirical",
    "samples",
    "zipf",
    "count",
    "exponent",
    "after",
    "times",
    "until",
    "on",
    "event",
    "message",
    "delivered",
    "rank",
    "sync",
    "node",
    "nth",
    "heal",
    "calm",
    "everything",
    "families",
    "in_flight",
    "limits",
    "points",
    "power_off",
    "profiles",
    "reaches",
    "sizes",
    "swarm",
    "waiting",
    "without",
];

fn walk(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                visit(key, value);
                walk(value, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

#[test]
fn the_schema_has_every_key_and_no_other() {
    let schema = schema(CATALOG);
    let mut keys = BTreeSet::new();
    walk(&schema, &mut |key, value| {
        if let ("properties", Value::Object(table)) = (key, value) {
            keys.extend(table.keys().cloned());
        }
    });
    let expected: BTreeSet<String> = KEYS.iter().map(|key| (*key).to_owned()).collect();
    assert_eq!(keys, expected);
}

#[test]
fn the_schema_holds_together() {
    let schema = schema(CATALOG);
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    walk(&schema, &mut |key, value| {
        if let ("$ref", Value::String(target)) = (key, value) {
            let pointer = target.strip_prefix('#').expect("references stay inside");
            assert!(schema.pointer(pointer).is_some(), "{target} leads nowhere");
        }
        assert!(!value.is_null() && value != "null", "{key}: TOML has no null");
    });
}

/// Whoever adds a key explains it: the reference has nothing else to say.
#[test]
fn every_key_has_a_meaning() {
    walk(&schema(CATALOG), &mut |key, value| {
        if let ("properties", Value::Object(table)) = (key, value) {
            for (name, property) in table {
                let explained = property["description"].is_string()
                    || property["items"]["description"].is_string()
                    || property["const"].is_boolean();
                let operation = ["get", "put", "cas"];
                let is_name = operation.contains(&name.as_str());
                assert!(explained || is_name, "{name} is not explained: {property}");
            }
        }
    });
}

#[test]
fn the_reference_has_every_key() {
    let page = reference(CATALOG);
    let inside = ["get", "put", "cas", "min", "max", "every"];
    for key in KEYS.iter().filter(|key| !inside.contains(key)) {
        let row = format!("`{key}");
        let heading = format!("{key}]");
        let nested = format!(".{key}`");
        let named = format!("[{key}."); // a table per node
        let any = [row, heading, nested, named].iter().any(|form| page.contains(form));
        assert!(any, "the reference does not mention {key}");
    }
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cells = row.replace("\\|", "").matches('|').count();
        assert!((4..=6).contains(&cells), "a broken row: {row}");
    }
    assert_eq!(page, reference(CATALOG), "the same every time");
}

#[test]
fn starters_load_without_a_remark() {
    for entry in CATALOG {
        let starter = starter(entry);
        let loaded =
            text(&starter).unwrap_or_else(|report| panic!("{starter}\n{}", report.render(false)));
        assert_eq!(loaded.entry.name, entry.name);
        assert!(loaded.remarks.is_empty(), "{starter}\n{}", loaded.remarks.render(false));
        assert_eq!(loaded.plan.faults.len(), 1);
        assert_eq!(loaded.plan.workload.is_some(), !entry.operations.is_empty());
    }
}
