//! What the tests of all protocols share: small plans, run by the real engine.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::plan::{
    Clock, Disk, Expect, Expectation, Load, Network, Plan, PlannedFault, PlannedNode, Processor,
    Workload,
};
use rehearsal_sim::random::Chance;
use rehearsal_sim::time::{SimTime, Span};

/// Twenty seconds of a cluster with default parameters under a light load, on a network that loses,
/// doubles and reorders messages, judged as linearizable. Many keys keep the number of operations
/// that are open on one key small through an outage, and so the judgement cheap.
pub(crate) fn plan(entry: &Entry, counts: &[u32], faults: Vec<PlannedFault>) -> Plan {
    let exponential = |mean| Law::Exponential { mean };
    let expectation = |text: &str, expect| Expectation { text: text.into(), expect, during: None };
    Plan {
        scenario: format!("{}/test", entry.name),
        title: "a test".to_owned(),
        seed: 1,
        duration: Span::secs(20),
        nodes: nodes(entry, counts),
        network: Network {
            latency: exponential(Span::millis(2)),
            loss: Chance::from_f64(0.02).unwrap(),
            duplicate: Chance::from_f64(0.02).unwrap(),
            ..Network::default()
        },
        processor: Processor::default(),
        clock: Clock::default(),
        disk: Disk::new(exponential(Span::millis(2))),
        workload: Some(Workload {
            load: Load::Open { gap: exponential(Span::millis(10)) },
            keys: KeyLaw::Uniform { count: 64 },
            mix: (0..entry.operations.len()).map(|kind| (kind, 1)).collect(),
            start: SimTime::ZERO + Span::secs(1),
            stop: Some(SimTime::ZERO + Span::secs(18)),
        }),
        faults,
        heal: None,
        expectations: vec![
            expectation("linearizable = true", Expect::Linearizable),
            expectation("progress = true", Expect::Progress),
        ],
        config: (entry.configure)(&serde_json::json!({})).unwrap(),
        bugs: Vec::new(),
        supervisor: rehearsal_sim::plan::Supervisor::default(),
        limits: rehearsal_sim::plan::Limits::default(),
        laws: rehearsal_sim::simulation::Laws::default(),
    }
}

fn nodes(entry: &Entry, counts: &[u32]) -> Vec<PlannedNode> {
    let roles = (entry.roles)();
    let named = |(role, count): (usize, &u32)| {
        let prefix = if role == 0 { "n" } else { roles[role].singular };
        (1..=*count).map(|n| PlannedNode::new(format!("{prefix}{n}"), role)).collect::<Vec<_>>()
    };
    counts.iter().enumerate().flat_map(named).collect()
}
