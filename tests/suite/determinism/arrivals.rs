//! What applications ask for is drawn apart from everything else: two designs meet the same load.

use std::collections::BTreeSet;

use rehearsal::sim::plan::Watch;
use rehearsal::sim::record::RowKind;

use crate::support::bundled;

/// Every call of a run: when, on which client, and what. What a `cas` compares with is left out: an
/// application takes that from the answers it heard.
fn calls(set: &[&str]) -> Vec<(u64, String, String)> {
    let set: Vec<String> = set.iter().map(|setting| (*setting).to_owned()).collect();
    let loaded = bundled("raft/lossy", &set).swap_remove(0);
    let record = (loaded.entry.run)(&loaded.plan, 7, &Watch::TRACED);
    assert_eq!(record.trace.omitted, 0, "the trace is whole");
    let rows = record.trace.rows().filter(|row| row.kind == RowKind::Call);
    let calls: Vec<_> = rows
        .map(|row| {
            let client = row.node.expect("a call is made on a node") as usize;
            let text = row.text();
            let (what, rest) = text.split_once([',', ')']).expect("an operation on a key");
            let token = rest.rsplit(' ').next().unwrap_or_default();
            (row.at_ns, record.nodes[client].name.clone(), format!("{what} {token}"))
        })
        .collect();
    assert_eq!(calls.len() as u64, record.head.operations.called);
    calls
}

#[test]
fn arrivals_are_the_same_whatever_the_design() {
    let plain = calls(&[]);
    assert!(plain.len() > 500, "{} calls", plain.len());
    let clients: BTreeSet<&str> = plain.iter().map(|(_, client, _)| client.as_str()).collect();
    assert_eq!(clients.len(), 4);
    for kind in [": get(k", ": put(k", ": cas(k"] {
        assert!(plain.iter().any(|(_, _, what)| what.contains(kind)), "{kind}: {:?}", plain[0]);
    }
    let others: &[&[&str]] = &[
        // Another configuration of the protocol, one without batches, one with a planted bug.
        &["raft.heartbeat=20ms", "raft.election_timeout=150ms..300ms"],
        &["raft.max_batch=1", "raft.request_timeout=1s"],
        &["bug=ack-before-sync"],
        // Another world.
        &["network.latency=30ms", "network.loss=0.3", "network.duplicate=0"],
        &["network.order=fifo"],
        &["disk.sync_latency=20ms"],
        // Another cluster: servers that are added or missing.
        &["cluster.servers=6"],
        &["cluster.servers=3"],
        // Bad days.
        &["fault=[{ at = \"3s\", crash = \"leader\", restart_after = \"2s\" }]"],
        &["fault=[{ at = \"3s\", partition = [[\"n1\", \"n2\"], [\"n3\"]], for = \"2s\" }]"],
    ];
    for set in others {
        assert!(calls(set) == plain, "{set:?} changes what is asked for");
    }
}

/// The test above would see a difference: what belongs to the load changes it.
#[test]
fn another_load_is_another_load() {
    let plain = calls(&[]);
    for setting in ["workload.rate=101/s", "workload.keys=21", "cluster.clients=5"] {
        assert!(calls(&[setting]) != plain, "{setting} changes nothing");
    }
}
