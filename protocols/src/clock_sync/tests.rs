//! Clock synchronisation in the real engine, with and without its bug.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Clock, Fault, LinkRule, Plan, PlannedFault, Target, Watch};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::record::{Judgement, Record};
use rehearsal_sim::skew::{Drift, Offset, Skew};
use rehearsal_sim::time::{SimTime, Span};
use serde_json::json;

use crate::clock_sync::ClockSync;
use crate::testing::plan;

const CLOCK_SYNC: Entry = Entry::of::<ClockSync>();

/// One server, one client, and two ways through the network that take so many milliseconds.
fn routes(method: &str, there: u64, back: u64) -> Plan {
    let mut plan = plan(&CLOCK_SYNC, &[1, 1], Vec::new());
    plan.config = (CLOCK_SYNC.configure)(&json!({ "method": method })).unwrap();
    plan.network.loss = Chance::NEVER;
    plan.network.duplicate = Chance::NEVER;
    plan.network.latency = Law::Constant(Span::millis(there));
    plan.network.links = vec![LinkRule {
        from: vec![NodeId(0)],
        to: vec![NodeId(1)],
        messages: Vec::new(),
        latency: Some(Law::Constant(Span::millis(back))),
        loss: None,
        duplicate: None,
        order: None,
        corrupt: None,
        burst: None,
        bandwidth: None,
        queue: None,
        sharing: None,
    }];
    plan
}

fn run(plan: &Plan) -> Record {
    (CLOCK_SYNC.run)(plan, 1, &Watch::QUIET)
}

/// How far the client is off: its own clock is right, so that is what it adds to it.
fn error(plan: &Plan) -> i64 {
    let record = run(plan);
    assert_eq!(record.head.verdict, Judgement::Pass, "{:?}", record.head.violations);
    let metric = |name: &str| record.head.metrics[name];
    assert_eq!(metric("estimate_ns_max"), -metric("estimate_back_ns_max"), "always the same");
    metric("estimate_ns_max")
}

/// check:N6. The error of NTP is half of what the two ways differ by; Cristian's answer is within
/// half of the round trip less the shortest way: 24 / 2 - 8 = 4 ms.
#[test]
fn ways_that_differ_make_an_error_of_half_the_difference() {
    assert_eq!(error(&routes("ntp", 10, 90)), -40_000_000);
    assert_eq!(error(&routes("ntp", 90, 10)), 40_000_000);
    assert_eq!(error(&routes("ntp", 30, 30)), 0);
    assert_eq!(error(&routes("cristian", 8, 16)), -4_000_000);
    assert_eq!(error(&routes("cristian", 16, 8)), 4_000_000);
}

#[test]
fn a_clock_that_is_off_is_found_out() {
    let mut plan = routes("ntp", 5, 5);
    plan.nodes[1].clock =
        Some(Clock { offset: Skew::fixed(Offset(-3_000_000_000)), drift: Skew::default() });
    assert_eq!(error(&plan), 3_000_000_000);
}

#[test]
fn estimates_hold_while_clocks_drift_jump_and_stand_still() {
    let all = || Target::Nodes(vec![NodeId(0), NodeId(1), NodeId(2)]);
    let at = |s: u64, lasts: u64, fault| {
        PlannedFault::once(SimTime(s * 1_000_000_000), Some(Span::secs(lasts)), fault)
    };
    let faults = vec![
        at(3, 4, Fault::ClockDrift { nodes: all(), by: Drift(-90_000) }),
        at(6, 3, Fault::ClockFreeze(Target::Nodes(vec![NodeId(1)]))),
        at(8, 1, Fault::ClockJump { nodes: all(), by: Offset(-20_000_000) }),
        at(10, 2, Fault::ClockOffset { nodes: all(), by: Offset(900_000_000) }),
        at(12, 2, Fault::Pause(Target::Nodes(vec![NodeId(2)]))),
        at(15, 2, Fault::Crash(all())),
    ];
    for method in ["ntp", "cristian"] {
        let mut plan = plan(&CLOCK_SYNC, &[1, 2], faults.clone());
        plan.config =
            (CLOCK_SYNC.configure)(&json!({ "method": method, "interval": "5ms" })).unwrap();
        plan.network.latency = Law::Exponential { mean: Span::millis(20) };
        plan.clock.drift = Skew { lo: Drift(-10_000), hi: Drift(10_000) };
        for seed in 0..20 {
            let head = (CLOCK_SYNC.run)(&plan, seed, &Watch::QUIET).head;
            assert!(head.violations.is_empty(), "{method}, {seed}: {:?}", head.violations);
            assert!(head.metrics["answers"] > 1000, "{:?}", head.metrics);
        }
    }
}

#[test]
fn the_whole_round_trip_is_caught() {
    let mut plan = plan(&CLOCK_SYNC, &[1, 1], Vec::new());
    plan.config = (CLOCK_SYNC.configure)(&json!({ "method": "cristian" })).unwrap();
    assert_eq!(run(&plan).head.violations, []);
    plan.bugs = vec![0];
    assert_eq!(run(&plan).head.violations[0].property, "error_within_half_the_round_trip");
}
