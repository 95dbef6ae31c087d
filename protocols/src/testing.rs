//! What the tests of all protocols share: small plans, run by the real engine.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::plan::{
    Clock, Disk, Expect, Expectation, Fault, Load, Network, Plan, PlannedFault, PlannedNode,
    Processor, Target, Watch, Workload,
};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::record::Judgement;
use rehearsal_sim::time::{SimTime, Span};
use serde_json::Value;

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

/// Twenty seconds on which servers crash one after the other, a client stands still now and then, and
/// one message in ten is lost and one doubled. Four applications wait for their answers before they ask
/// again, which keeps histories cheap to judge.
fn bad_days(entry: &Entry, counts: &[u32], config: &Value) -> Plan {
    let millis = |at: u32| SimTime::ZERO + Span::millis(at.into());
    let nodes = |id| Target::Nodes(vec![NodeId(id)]);
    let crash = |n: u32| {
        let fault = Fault::Crash(nodes(n % counts[0]));
        PlannedFault::once(millis(2_000 + n * 370), Some(Span::millis(60)), fault)
    };
    let pause = |n: u32| {
        let fault = Fault::Pause(nodes(counts.iter().sum::<u32>() - 1));
        PlannedFault::once(millis(2_100 + n * 1_500), Some(Span::millis(700)), fault)
    };
    let mut plan = plan(entry, counts, (0..36).map(crash).chain((0..9).map(pause)).collect());
    plan.config = (entry.configure)(config).unwrap();
    plan.network.loss = Chance::from_f64(0.1).unwrap();
    plan.network.duplicate = Chance::from_f64(0.1).unwrap();
    let workload = plan.workload.as_mut().expect("it has one");
    workload.load = Load::Closed { users: 4, think: Law::Exponential { mean: Span::millis(20) } };
    workload.keys = KeyLaw::Uniform { count: 4 };
    plan
}

/// The protocol holds on bad days, which come by every situation it counts.
#[track_caller]
pub(crate) fn holds_on_bad_days(entry: &Entry, counts: &[u32], config: &Value) {
    let plan = bad_days(entry, counts, config);
    let mut hits = std::collections::BTreeMap::new();
    for seed in 0..10 {
        let head = (entry.run)(&plan, seed, &Watch::QUIET).head;
        assert_eq!(head.verdict, Judgement::Pass, "seed {seed}: {:?}", head.violations);
        assert!(head.operations.ok > 50, "seed {seed}: {:?}", head.operations);
        for probe in entry.probes {
            *hits.entry(probe.name).or_insert(0) += head.metrics[probe.name];
        }
    }
    assert!(hits.values().all(|times| *times > 0), "{hits:?}");
}

/// One of a hundred bad days with the bug breaks the property, mostly one of the first.
#[track_caller]
pub(crate) fn finds(entry: &Entry, counts: &[u32], config: &Value, slug: &str) {
    let mut plan = bad_days(entry, counts, config);
    let place = (entry.bugs)().iter().position(|bug| bug.slug == slug).expect("a bug of this name");
    plan.bugs = vec![place];
    let property = (entry.bugs)()[place].property;
    let found = (0..100).any(|seed| {
        let violations = (entry.run)(&plan, seed, &Watch::QUIET).head.violations;
        violations.iter().any(|found| found.property == property)
    });
    assert!(found, "{slug} breaks {property} on none of a hundred bad days");
}
