//! Multi-Paxos in the real engine: healthy, and with faults.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Fault, Plan, PlannedFault, Target, Watch};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::record::{Judgement, Record};
use rehearsal_sim::time::{SimTime, Span};
use serde_json::json;

use crate::multi_paxos::MultiPaxos;
use crate::parts::append_log::AppendLog;
use crate::parts::kv::KeyValue;
use crate::testing::plan;

const ENTRY: Entry = Entry::of::<MultiPaxos<KeyValue>>();

fn fault(at_ms: u64, lasts_ms: u64, fault: Fault) -> PlannedFault {
    let at = SimTime::ZERO + Span::millis(at_ms);
    PlannedFault::once(at, Some(Span::millis(lasts_ms)), fault)
}

/// Leaders and followers crash, stand still and are cut off, one after the other.
fn bad_day() -> Vec<PlannedFault> {
    let ids = |ids: &[u32]| ids.iter().map(|id| Target::Nodes(vec![NodeId(*id)])).collect();
    vec![
        fault(3_000, 1_500, Fault::Crash(Target::Leader)),
        fault(6_000, 1_000, Fault::Pause(Target::Leader)),
        fault(8_000, 1_500, Fault::Partition(vec![vec![Target::Leader], vec![Target::Followers]])),
        fault(10_500, 500, Fault::Crash(Target::Followers)),
        fault(13_000, 1_500, Fault::Partition(vec![ids(&[0, 1]), ids(&[2])])),
        fault(15_000, 700, Fault::Crash(Target::Nodes(vec![NodeId(0), NodeId(1), NodeId(2)]))),
    ]
}

fn run(plan: &Plan, seed: u64) -> Record {
    (ENTRY.run)(plan, seed, &Watch::QUIET)
}

#[test]
fn a_healthy_cluster_elects_once_and_answers_everything() {
    let mut plan = plan(&ENTRY, &[5, 4], Vec::new());
    plan.network.loss = Chance::from_f64(0.0).unwrap();
    let head = run(&plan, 1).head;
    assert_eq!(head.verdict, Judgement::Pass, "{head:?}");
    assert!(head.operations.called > 1_500 && head.operations.ok == head.operations.called);
    assert!(head.metrics["elections"] <= 2, "{:?}", head.metrics);
    let appended = head.metrics["entries_appended"].unsigned_abs();
    assert_eq!(appended, head.operations.called, "each operation is proposed once");
}

#[test]
fn a_bad_day_breaks_nothing() {
    let tables = [
        (3, json!({})),
        (3, json!({ "snapshot_after": 20, "max_batch": 2, "max_in_flight": 4 })),
        (5, json!({ "prepare_quorum": 4, "accept_quorum": 2, "snapshot_after": 50 })),
    ];
    for (servers, table) in tables {
        let mut plan = plan(&ENTRY, &[servers, 4], bad_day());
        plan.config = (ENTRY.configure)(&table).unwrap();
        for seed in 0..8 {
            let head = run(&plan, seed).head;
            assert_eq!(head.verdict, Judgement::Pass, "{table}, seed {seed}: {head:#?}");
            assert_eq!(head.operations.ok, head.operations.called, "{table}, seed {seed}");
        }
    }
}

#[test]
fn another_machine_is_replicated_as_well() {
    const LOG: Entry = Entry::of::<MultiPaxos<AppendLog>>();
    assert_eq!(LOG.name, "multi-paxos-log");
    let plan = plan(&LOG, &[3, 4], bad_day());
    for seed in 0..4 {
        let head = (LOG.run)(&plan, seed, &Watch::QUIET).head;
        assert_eq!(head.verdict, Judgement::Pass, "seed {seed}: {:?}", head.violations);
    }
}

/// Quorums that need not share a server choose two values when the servers are cut into halves.
#[test]
fn quorums_that_do_not_meet_break_agreement() {
    let halves = |names: [u32; 2]| vec![Target::Nodes(names.map(NodeId).to_vec())];
    let cut = Fault::Partition(vec![halves([0, 1]), halves([2, 3])]);
    let mut plan = plan(&ENTRY, &[4, 4], vec![fault(500, 15_000, cut)]);
    let found = |plan: &Plan, name: &str| {
        (0..10)
            .filter(|seed| run(plan, *seed).head.violations.iter().any(|v| v.property == name))
            .count()
    };
    plan.config = (ENTRY.configure)(&json!({ "prepare_quorum": 3, "accept_quorum": 2 })).unwrap();
    assert_eq!(found(&plan, "agreement"), 0);
    let table = json!({ "prepare_quorum": 2, "accept_quorum": 2, "unsafe_quorums": true });
    plan.config = (ENTRY.configure)(&table).unwrap();
    let broken = found(&plan, "agreement") + found(&plan, "chosen_value_carried");
    assert!(broken >= 5, "{broken} of 10");
}
