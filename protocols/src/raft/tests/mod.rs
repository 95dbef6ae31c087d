//! Raft in the real engine: healthy, with faults, and with each planted bug.

mod disks;
mod members;
mod options;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Fault, Plan, PlannedFault, Target, Watch};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::record::{Judgement, Record};
use rehearsal_sim::time::{SimTime, Span};

use crate::parts::kv::KeyValue;
use crate::raft::Raft;
use crate::testing::plan;

const RAFT: Entry = Entry::of::<Raft<KeyValue>>();

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
    plan.network.loss = Chance::from_f64(0.0).unwrap();
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

/// Drives a cluster by hand. Gives back what was said.
fn said(plan: &Plan, script: &str) -> Vec<String> {
    let mut stage = (RAFT.stage)(plan);
    let mut said = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        said.extend(stage.command(&words).unwrap_or_else(|why| panic!("{line}: {why}")));
    }
    said
}

/// Drives three servers by hand, with and without a bug. Gives back what was violated.
fn by_hand(script: &str, bugs: &[usize]) -> Vec<String> {
    let mut plan = plan(&RAFT, &[3, 1], Vec::new());
    plan.bugs = bugs.to_vec();
    let mut stage = (RAFT.stage)(&plan);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = stage.command(&words).unwrap_or_else(|why| panic!("{line}: {why}"));
        println!("> {line}\n{}", said.join("\n"));
    }
    stage.violations().iter().map(|violation| violation.property.clone()).collect()
}

/// bug:E4, the shortest plan: n2 votes for n1, forgets it in a crash, and votes for n3.
#[test]
fn a_vote_that_is_not_persisted_elects_two_leaders() {
    let script = "
        boot
        fire n1 Election
        sync n1
        deliver n1->n2
        sync n2
        crash n2
        restart n2
        fire n3 Election
        sync n3
        deliver n3->n2
        sync all
        deliver n2->n3
        deliver n2->n1";
    assert_eq!(by_hand(script, &[]), [""; 0]);
    assert_eq!(by_hand(script, &[0]), ["one_vote", "election_safety"]);
}

/// bug:D1, the shortest plan: n2 acknowledges, the entry is committed, n2 forgets it in a crash, and
/// is elected by n3, which never heard of it.
#[test]
fn an_acknowledgement_before_the_sync_loses_a_committed_entry() {
    let elect = "
        boot
        fire n1 Election
        sync n1
        deliver n1->n2
        sync n2
        drop n1->n3
        deliver n2->n1
        sync n1
        drop n1->n3
        deliver n1->n2";
    let forget = "
        crash n2
        restart n2
        fire n2 Election
        sync n2
        deliver n2->n3
        sync n3
        deliver n3->n2";
    let early = format!("{elect}\ndeliver n2->n1\n{forget}");
    assert_eq!(by_hand(&early, &[1]), ["leader_completeness"]);
    // Without the bug the acknowledgement dies with n2, so nothing was committed.
    assert_eq!(by_hand(&format!("{elect}\n{forget}"), &[]), [""; 0]);
}

/// What a disk loses after it was durable may have been promised: the server keeps out of it. With
/// the bug n2 forgets the entry that it helped to commit, and is elected by n3, which never had it.
#[test]
fn a_damaged_server_takes_no_part() {
    let script = "
        boot
        fire n1 Election
        sync n1
        deliver n1->n2
        sync n2
        drop n1->n3
        deliver n2->n1
        sync n1
        drop n1->n3
        deliver n1->n2
        sync n2
        deliver n2->n1
        crash n2
        rot n2 2
        restart n2";
    let forget = "
        fire n2 Election
        sync n2
        deliver n2->n3
        sync n3
        deliver n3->n2";
    assert_eq!(by_hand(script, &[]), [""; 0]);
    assert_eq!(by_hand(&format!("{script}\n{forget}"), &[2]), ["leader_completeness"]);
    // Nothing is armed on a damaged server, nothing is answered, and nothing is written.
    let plan = plan(&RAFT, &[3, 1], Vec::new());
    let said =
        said(&plan, &format!("{script}\nfire n3 Election\nsync n3\ndeliver n3->n2\nshow n2"));
    let last = &said[said.len() - 2..];
    assert!(last[0].contains("rank=damaged") && last[1] == "n2 timers: none", "{said:?}");
    assert!(!said.iter().any(|line| line.contains("n2->n3")), "{said:?}");
}

/// bug: write-failure-ignored, the shortest plan: n2's disk loses the entry, n1 sends it again, and
/// n2 has nothing left to write.
#[test]
fn a_server_whose_disk_refuses_a_write_ends_itself() {
    let script = "
        boot
        fire n1 Election
        sync n1
        deliver n1->n2
        sync n2
        drop n1->n3
        deliver n2->n1
        sync n1
        drop n1->n3
        deliver n1->n2
        fail n2
        fire n1 Heartbeat
        drop n1->n3
        deliver n1->n2";
    let forget = "
        deliver n2->n1
        crash n2
        restart n2
        fire n2 Election
        sync n2
        deliver n2->n3
        sync n3
        deliver n3->n2";
    assert_eq!(by_hand(script, &[]), [""; 0]);
    assert_eq!(by_hand(&format!("{script}\n{forget}"), &[3]), ["leader_completeness"]);
    let plan = plan(&RAFT, &[3, 1], Vec::new());
    let said = said(&plan, script);
    assert!(said.contains(&"n2 ends itself: the disk refused a write".to_owned()), "{said:?}");
    assert!(said.last().unwrap().ends_with("the receiver is down"), "{said:?}");
}

/// What was never durable was never promised.
#[test]
fn a_torn_tail_is_dropped_and_overwritten() {
    let mut plan = plan(&RAFT, &[3, 1], Vec::new());
    plan.disk.torn = Chance::ALWAYS;
    let said = said(
        &plan,
        "boot n1
        fire n1 Election
        crash n1
        disk n1
        restart n1
        sync n1
        disk n1
        fire n1 Election
        sync n1
        disk n1",
    );
    let disk: Vec<&String> =
        said.iter().filter(|line| line.contains("durable: ") || line.contains("empty")).collect();
    let ballot = "n1 durable: Ballot term=1 voted_for=n1";
    assert_eq!(disk, ["n1 durable: Torn", "n1 has an empty disk", ballot]);
}

/// Damage in the middle, or a torn record that others stand behind, is no torn tail.
#[test]
fn only_the_last_record_is_a_torn_tail() {
    use rehearsal_sim::protocol::Survivor::{Damaged, Intact, Torn};
    let damage = |disk: &[_]| crate::parts::disk::damage::<u8>(disk);
    assert_eq!((damage(&[]), damage(&[Intact(1)]), damage(&[Intact(1), Torn])), (0, 0, 0));
    assert_eq!(damage(&[Damaged, Intact(1), Torn]), 1);
    assert_eq!((damage(&[Intact(1), Damaged]), damage(&[Torn, Intact(2), Torn])), (1, 1));
}

/// What a plan violates with and without a bug, at one seed.
#[track_caller]
fn assert_catches(mut plan: Plan, seed: u64, bug: usize, expected: &[&str]) {
    let properties = |record: Record| -> Vec<String> {
        record.head.violations.into_iter().map(|violation| violation.property).collect()
    };
    assert_eq!(properties(run(&plan, seed)), [""; 0], "the correct protocol");
    plan.bugs = vec![bug];
    assert_eq!(properties(run(&plan, seed)), expected);
}

/// Crash after crash, with slow messages and an election spread so narrow that candidates meet:
/// about every second seed finds it.
#[test]
fn a_crash_loop_finds_the_vote_that_is_not_persisted() {
    let crash = |i: u64| {
        let victim = NodeId(u32::try_from(i * 7 % 3).unwrap());
        fault(100 + i * 173, 1 + i % 5, Fault::Crash(Target::Nodes(vec![victim])))
    };
    let mut plan = plan(&RAFT, &[3, 0], (0..109).map(crash).collect());
    plan.workload = None;
    plan.network.latency = Law::Exponential { mean: Span::millis(30) };
    let narrow = serde_json::json!({ "election_timeout": "150ms..180ms" });
    plan.config = (RAFT.configure)(&narrow).unwrap();
    assert_catches(plan, 6, 0, &["one_vote"]);
}

/// Three times the leader is cut off while all others crash, with slow disks: nearly every seed finds it.
#[test]
fn a_power_failure_finds_the_acknowledgement_before_the_sync() {
    let cut = || Fault::Partition(vec![vec![Target::Leader], vec![Target::Followers]]);
    let faults = [3_000, 7_000, 11_000]
        .into_iter()
        .flat_map(|at| [fault(at, 1_500, cut()), fault(at, 50, Fault::Crash(Target::Followers))]);
    let mut plan = plan(&RAFT, &[5, 4], faults.collect());
    plan.disk.sync_latency = Law::Exponential { mean: Span::millis(20) };
    assert_catches(plan, 0, 1, &["leader_completeness", "acknowledged_survive"]);
}

/// A follower that acknowledged entries and forgot them in a crash can not be repaired by a leader
/// that believes it. That must not become a storm of messages: asking again at once would be refused
/// at once, in circles, and every message that the network doubles would double the circles.
#[test]
fn a_follower_that_forgot_causes_no_storm() {
    let forgets = fault(5_000, 10, Fault::Crash(Target::Nodes(vec![NodeId(1)])));
    let mut plan = plan(&RAFT, &[5, 4], vec![forgets]);
    plan.disk.sync_latency = Law::Constant(Span::millis(40));
    plan.network.duplicate = Chance::from_f64(0.0).unwrap();
    plan.bugs = vec![1];
    let calm = Plan { faults: Vec::new(), ..plan.clone() };
    for seed in 0..10 {
        let messages = |plan| run(plan, seed).head.messages.sent;
        let (sent, calm) = (messages(&plan), messages(&calm));
        assert!(sent < calm + calm / 5, "seed {seed}: {sent} messages instead of {calm}");
    }
}
