//! Raft in the real engine: healthy, with faults, and with each planted bug.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Fault, Plan, PlannedFault, Target, Watch};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::record::{Judgement, Record};
use rehearsal_sim::time::{SimTime, Span};

use crate::parts::kv::KeyValue;
use crate::raft::Raft;
use crate::testing::plan;

const RAFT: Entry = Entry::of::<Raft<KeyValue>>();

fn fault(at_ms: u64, lasts_ms: u64, fault: Fault) -> PlannedFault {
    let at = SimTime::ZERO + Span::millis(at_ms);
    PlannedFault { at, lasts: Some(Span::millis(lasts_ms)), fault }
}

/// Leaders and followers crash, stand still and are cut off, one after the other.
fn bad_day() -> Vec<PlannedFault> {
    let ids = |ids: &[u32]| ids.iter().map(|id| Target::Nodes(vec![NodeId(*id)])).collect();
    vec![
        fault(3_000, 1_500, Fault::Crash(Target::Leader)),
        fault(6_000, 1_000, Fault::Pause(Target::Leader)),
        fault(8_000, 1_500, Fault::Partition(vec![vec![Target::Leader], vec![Target::Followers]])),
        fault(10_500, 500, Fault::Crash(Target::Followers)),
        fault(11_500, 1_000, Fault::OneWay { from: Target::Followers, to: Target::Leader }),
        fault(13_000, 1_500, Fault::Partition(vec![ids(&[0, 1]), ids(&[2])])),
        fault(15_000, 700, Fault::Crash(Target::Nodes(vec![NodeId(0), NodeId(1), NodeId(2)]))),
    ]
}

fn run(plan: &Plan, seed: u64) -> Record {
    (RAFT.run)(plan, seed, &Watch::QUIET)
}

#[test]
fn a_healthy_cluster_elects_once_and_answers_everything() {
    let mut plan = plan(&RAFT, &[5, 4], Vec::new());
    plan.network.loss = rehearsal_sim::random::Chance::from_f64(0.0).unwrap();
    let record = run(&plan, 1);
    assert_eq!(record.head.verdict, Judgement::Pass, "{:?}", record.head);
    let operations = &record.head.operations;
    assert!(operations.called > 1_500 && operations.ok == operations.called, "{operations:?}");
    let metric = |name: &str| record.head.metrics.get(name).copied().unwrap_or(0);
    assert!(metric("elections") <= 2, "{:?}", record.head.metrics);
    let appended = metric("entries_appended") - metric("elections");
    assert_eq!(appended.unsigned_abs(), operations.called, "each operation is in the log once");
}

#[test]
fn a_bad_day_breaks_nothing() {
    for servers in [3, 5] {
        let plan = plan(&RAFT, &[servers, 4], bad_day());
        for seed in 0..20 {
            let record = run(&plan, seed);
            let head = &record.head;
            assert_eq!(head.verdict, Judgement::Pass, "{servers} servers, seed {seed}: {head:#?}");
            assert_eq!(head.operations.ok, head.operations.called, "seed {seed}");
        }
    }
}
