//! Paxos in the real engine: on bad days, and in a duel.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Fault, PlannedFault, Target, Watch};
use rehearsal_sim::protocol::NodeId;
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
