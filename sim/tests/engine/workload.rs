//! Applications: when they call, and what they hear.

use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::plan::{Fault, Load, Watch, Workload};
use rehearsal_sim::record::{Judgement, Record, RowKind};
use rehearsal_sim::time::{SimTime, Span};

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::{Do, On, PUPPET};

/// One client that answers every call after 5 ms.
const SLOW: &[(u32, On, &[Do])] =
    &[(0, On::Call, &[Do::Arm(Zulu(0), 5)]), (0, On::Bell(Zulu(0)), &[Do::Reply])];

fn closed(users: u32, think: u64) -> Workload {
    Workload { load: Load::Closed { users, think: Law::Constant(Span::millis(think)) }, ..every(1) }
}

fn operations(record: &Record) -> (u64, u64, u64, u64) {
    let o = record.head.operations;
    assert_eq!(o.called, o.ok + o.failed + o.unknown);
    (o.called, o.ok, o.failed, o.unknown)
}

#[test]
fn an_open_loop_counts_from_the_intended_start() {
    let mut plan = puppets_and_clients(0, 1, SLOW);
    plan.workload = Some(every(100));
    let record = run(&plan);
    assert_eq!(operations(&record), (9, 9, 0, 0));
    assert_eq!(record.head.latency_ns.max, 5 * MS);
    // A client that stands still over the arrival of 300 ms goes on at 380 ms and answers 5 later.
    plan.faults = vec![fault(290, 90, Fault::Pause(nodes(&[0])))];
    let record = run(&plan);
    assert_eq!(operations(&record), (9, 9, 0, 0));
    assert_eq!(record.head.latency_ns.max, 85 * MS);
    assert_eq!(record.head.latency_ns.p50, 5 * MS);
    assert_eq!(record.head.metrics["unavailable_ns"], 85 * MS as i64);
}

#[test]
fn a_closed_loop_waits_and_thinks() {
    // Two users on one client: think 20 ms, call, wait 5 ms.
    let mut plan = puppets_and_clients(0, 2, SLOW);
    plan.workload = Some(closed(1, 20));
    let record = run(&plan);
    // The last one would be answered at the very end, which does not belong to the run.
    assert_eq!(operations(&record), (40, 39, 0, 1));
    let calls = story(&record, 0, RowKind::Call);
    assert_eq!(calls[..2], ["20 call 0: Get(0)", "45 call 1: Get(0)"]);
    // What stands in the way of one call holds back the next ones: the pause is seen once.
    plan.faults = vec![fault(44, 200, Fault::Pause(nodes(&[0])))];
    let record = run(&plan);
    let sorted = record.head.latency_ns;
    assert_eq!((sorted.count, sorted.max, sorted.p99), (32, 204 * MS, 204 * MS));
    assert_eq!(sorted.p90, 5 * MS);
}

#[test]
fn operations_and_users_take_clients_in_turn() {
    let mut plan =
        puppets_and_clients(1, 2, &[(1, On::Call, &[Do::Reply]), (2, On::Call, &[Do::Reply])]);
    plan.workload = Some(every(100));
    let record = run(&plan);
    assert_eq!(story(&record, 1, RowKind::Call).len(), 5);
    assert_eq!(story(&record, 2, RowKind::Call).len(), 4);
    plan.workload = Some(closed(3, 100));
    plan.laws = Default::default();
    let record = run(&plan);
    assert_eq!(story(&record, 1, RowKind::Call).len(), 18, "users 0 and 2");
    assert_eq!(story(&record, 2, RowKind::Call).len(), 9, "user 1");
}

#[test]
fn a_workload_starts_and_stops() {
    for load in [every(10).load, closed(1, 10).load] {
        let mut plan = puppets_and_clients(0, 1, &[(0, On::Call, &[Do::Reply])]);
        plan.workload = Some(Workload { load, start: ms(100), stop: Some(ms(150)), ..every(1) });
        let record = run(&plan);
        let calls = story(&record, 0, RowKind::Call);
        let at: Vec<&str> = calls.iter().map(|c| c.split(' ').next().unwrap()).collect();
        assert_eq!(at, ["110", "120", "130", "140"]);
    }
}

#[test]
fn kinds_and_keys_are_drawn_by_their_weights() {
    let mut plan = puppets_and_clients(0, 1, &[(0, On::Call, &[Do::Reply])]);
    plan.workload = Some(Workload {
        mix: vec![(0, 3), (1, 1)],
        keys: KeyLaw::Uniform { count: 4 },
        ..every(1)
    });
    let record = run(&plan);
    let calls = story(&record, 0, RowKind::Call);
    let puts = calls.iter().filter(|call| call.contains("Put")).count();
    assert!((200..300).contains(&puts), "{puts} of {}", calls.len());
    for key in 0..4 {
        let with = |call: &&String| call.contains(&format!("({key}"));
        let share = calls.iter().filter(with).count();
        assert!((200..300).contains(&share), "key {key}: {share}");
    }
}

#[test]
fn calls_to_a_client_that_is_down_fail_and_open_ones_end_unknown() {
    let mut plan = puppets_and_clients(0, 1, &[(0, On::Call, &[Do::Arm(Zulu(0), 50)])]);
    plan.workload = Some(every(100));
    plan.faults = vec![fault(350, 500, Fault::Crash(nodes(&[0])))];
    let record = run(&plan);
    // 100, 200, 300 are open at the crash; 400 to 800 find nobody; 900 waits for ever.
    assert_eq!(operations(&record), (9, 0, 5, 4));
    let replies = story(&record, 0, RowKind::Reply);
    assert_eq!(replies[0], "350 call 0 ends, and nobody knows how");
    assert_eq!(replies[3], "400 call 3 failed, without effect");
    assert_eq!(replies.len(), 8);
    assert_eq!(record.head.metrics["unavailable_ns"], 250 * MS as i64);
}

#[test]
fn a_user_whose_client_is_down_does_not_ask_for_ever_at_one_instant() {
    let mut plan = puppets_and_clients(0, 1, SLOW);
    plan.workload = Some(closed(1, 0));
    plan.faults = vec![fault(100, 50, Fault::Crash(nodes(&[0])))];
    let record = run(&plan);
    assert_eq!(record.head.violations, []);
    assert_eq!(operations(&record).2, 49, "one look a millisecond");
}

#[test]
fn every_call_is_ended_once() {
    let mut plan = puppets_and_clients(1, 1, &[(1, On::Call, &[Do::ReplyTwice])]);
    plan.workload = Some(every(400));
    let record = run(&plan);
    assert_eq!(operations(&record), (2, 2, 0, 0));
    assert_eq!(story(&record, 1, RowKind::Reply), ["400 call 0 ends: 7", "800 call 1 ends: 7"]);
}

#[test]
fn failures_and_unknown_ends_are_told_apart() {
    for (act, expected) in [(Do::Fail, (2, 0, 2, 0)), (Do::GiveUp, (2, 0, 0, 2))] {
        let mut plan = puppets_and_clients(1, 1, &[(1, On::Call, &[act])]);
        plan.workload = Some(every(400));
        assert_eq!(operations(&run(&plan)), expected);
    }
}

#[test]
fn a_synced_reply_waits_for_the_disk() {
    let mut plan = puppets_and_clients(0, 1, &[(0, On::Call, &[Do::Append(1), Do::ReplySynced])]);
    plan.workload = Some(every(400));
    assert_eq!(story(&run(&plan), 0, RowKind::Reply), ["410 call 0 ends: 7", "810 call 1 ends: 7"]);
}

#[test]
fn percentiles_and_series_agree_with_the_operations() {
    let mut plan = puppets_and_clients(0, 1, SLOW);
    plan.workload = Some(Workload {
        load: Load::Open { gap: Law::Exponential { mean: Span::millis(6) } },
        ..every(1)
    });
    plan.duration = Span::secs(10);
    let record = run(&plan);
    let Record { head, series, latency_curve, .. } = &record;
    assert_eq!(series.called.iter().sum::<u64>(), head.operations.called);
    assert_eq!(series.ok.iter().sum::<u64>(), head.operations.ok);
    assert_eq!(series.max_ns.iter().flatten().max(), Some(&head.latency_ns.max));
    let l = head.latency_ns;
    assert!(l.p50 <= l.p90 && l.p90 <= l.p99 && l.p99 <= l.p999 && l.p999 <= l.max, "{l:?}");
    assert!(l.p50 >= MS, "{l:?}");
    assert_eq!(latency_curve[0].latency_ns, l.p50);
    assert!(latency_curve.is_sorted_by_key(|point| (point.one_in, point.latency_ns)));
    let seconds = head.virtual_ns as f64 / 1e9;
    assert!((head.throughput_per_s - head.operations.ok as f64 / seconds).abs() < 1e-9);
}

#[test]
fn arrivals_without_any_gap_are_a_livelock() {
    let mut plan = puppets_and_clients(0, 1, &[(0, On::Call, &[Do::Reply])]);
    plan.workload = Some(every(0));
    plan.workload.as_mut().unwrap().start = SimTime(5);
    let record = (PUPPET.run)(&plan, 1, &Watch::QUIET);
    assert_eq!(record.head.verdict, Judgement::Fail);
    assert_eq!(record.head.violations[0].property, "livelock");
    assert_eq!(record.head.violations[0].nodes, Vec::<String>::new());
}
