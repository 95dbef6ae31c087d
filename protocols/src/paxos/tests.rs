//! Paxos in the real engine: on bad days, and in a duel.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Fault, Load, PlannedFault, Target, Watch};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::record::Judgement;
use rehearsal_sim::time::{SimTime, Span};
use serde_json::json;

use crate::paxos::Paxos;
use crate::testing::plan;

const ENTRY: Entry = Entry::of::<Paxos>();

/// Acceptors and proposers crash, one after the other, and come back.
#[test]
fn it_holds_on_bad_days() {
    let crash = |n: u32| {
        let at = SimTime::ZERO + Span::millis(2_000 + u64::from(n) * 370);
        let who = Target::Nodes(vec![NodeId(n % 5)]);
        PlannedFault::once(at, Some(Span::millis(60)), Fault::Crash(who))
    };
    let mut plan = plan(&ENTRY, &[3, 3, 1], (0..36).map(crash).collect());
    for table in [json!({ "timeout": "30ms" }), json!({ "prepare_quorum": 3, "accept_quorum": 1 })]
    {
        plan.config = (ENTRY.configure)(&table).unwrap();
        for seed in 0..8 {
            let head = (ENTRY.run)(&plan, seed, &Watch::QUIET).head;
            assert_eq!(head.verdict, Judgement::Pass, "{table}, {seed}: {:?}", head.violations);
            assert!(head.operations.ok > 1_000, "{:?}", head.operations);
            assert!(head.metrics["value_adopted"] > 100, "{:?}", head.metrics);
        }
    }
}

/// The decisions of two proposers that want the same key, on a network that always takes 5 ms.
fn decisions(backoff: &str) -> i64 {
    let mut plan = plan(&ENTRY, &[3, 2, 0], Vec::new());
    plan.network.loss = Chance::from_f64(0.0).unwrap();
    plan.network.duplicate = Chance::from_f64(0.0).unwrap();
    plan.network.latency = Law::Constant(Span::millis(5));
    plan.expectations.clear();
    plan.config = (ENTRY.configure)(&json!({ "timeout": "1s", "backoff": backoff })).unwrap();
    let workload = plan.workload.as_mut().expect("it has one");
    workload.load = Load::Closed { users: 2, think: Law::Constant(Span::millis(1)) };
    workload.keys = rehearsal_sim::law::KeyLaw::Uniform { count: 1 };
    workload.mix = vec![(0, 1)];
    (ENTRY.run)(&plan, 1, &Watch::QUIET).head.metrics["decisions"]
}

#[test]
fn a_duel_goes_on_for_ever_unless_waits_are_random() {
    assert_eq!(decisions("1ms"), 0);
    assert!(decisions("0ms..50ms") > 20);
}
