//! Crashes, restarts and pauses, alone and on top of each other.

use rehearsal_sim::plan::{Expect, Fault, PlannedFault, Target};
use rehearsal_sim::record::{Health, Record, RowKind};
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::Ping;
use crate::puppet::{Do, On};

fn crash(at: u64, lasts: u64) -> PlannedFault {
    fault(at, lasts, Fault::Crash(nodes(&[0])))
}
fn pause(at: u64, lasts: u64) -> PlannedFault {
    fault(at, lasts, Fault::Pause(nodes(&[0])))
}
fn restart(at: u64) -> PlannedFault {
    fault(at, 0, Fault::Restart(nodes(&[0])))
}

/// Runs two idle nodes through faults.
fn idle(faults: Vec<PlannedFault>) -> Record {
    let mut plan = puppets(2, &[]);
    plan.faults = faults;
    run(&plan)
}

/// The health of a node over time, with milliseconds.
fn health(record: &Record, node: u32) -> Vec<(u64, Health)> {
    let of = |c: &&rehearsal_sim::record::StandingChange| c.node == node;
    record.standings.iter().filter(of).map(|c| (c.at_ns / MS, c.health)).collect()
}

fn bands(record: &Record) -> Vec<(u64, Option<u64>)> {
    record.faults.iter().map(|band| (band.from_ns / MS, band.to_ns.map(|to| to / MS))).collect()
}

use Health::{Down, Paused, Up};

#[test]
fn a_crash_restarts_after_its_time() {
    let record = idle(vec![crash(100, 50)]);
    assert_eq!(health(&record, 0), [(0, Up), (100, Down), (150, Up)]);
    assert_eq!(bands(&record), [(100, Some(150))]);
    assert_eq!(record.head.metrics["crashes"], 1);
    assert_eq!(record.head.metrics["restarts"], 1);
}

#[test]
fn a_restart_ends_a_crash_and_restarting_what_is_up_misses() {
    let record = idle(vec![crash(100, 500), restart(200), restart(300)]);
    assert_eq!(health(&record, 0), [(0, Up), (100, Down), (200, Up)]);
    assert_eq!(bands(&record), [(100, Some(200))]);
    assert_eq!(record.head.metrics["faults_missed"], 1);
}

#[test]
fn the_end_of_a_crash_does_not_restart_what_another_crash_took() {
    let record = idle(vec![crash(100, 400), restart(200), crash(300, 0)]);
    assert_eq!(health(&record, 0), [(0, Up), (100, Down), (200, Up), (300, Down)]);
    assert_eq!(bands(&record), [(100, Some(200)), (300, None)]);
}

#[test]
fn a_crash_of_several_ends_when_the_last_is_back_whoever_crashed_since() {
    let both = fault(100, 0, Fault::Crash(nodes(&[0, 1])));
    let other = fault(400, 0, Fault::Restart(nodes(&[1])));
    let record = idle(vec![both, restart(200), crash(300, 0), other]);
    assert_eq!(bands(&record), [(100, Some(400)), (300, None)]);
}

#[test]
fn a_node_named_twice_is_hit_once() {
    let record = idle(vec![
        fault(100, 10, Fault::Crash(nodes(&[0, 0, 1, 0]))),
        fault(200, 10, Fault::Pause(nodes(&[1, 1]))),
    ]);
    assert_eq!(record.head.metrics["crashes"], 2);
    assert_eq!(record.faults[0].label, "n1 n2");
    assert_eq!(record.head.metrics["pauses"], 1);
}

#[test]
fn a_crash_of_who_is_down_misses_and_leaves_the_first_alone() {
    let record = idle(vec![crash(100, 200), crash(200, 300)]);
    assert_eq!(health(&record, 0), [(0, Up), (100, Down), (300, Up)]);
    assert_eq!(record.head.metrics["faults_missed"], 1);
    assert_eq!(bands(&record).len(), 1);
}

#[test]
fn overlapping_pauses_end_with_the_last() {
    let record = idle(vec![pause(100, 100), pause(150, 150), pause(160, 10)]);
    assert_eq!(health(&record, 0), [(0, Up), (100, Paused), (300, Up)]);
    assert_eq!(bands(&record), [(100, Some(200)), (150, Some(300)), (160, Some(170))]);
    assert_eq!(record.head.metrics["pauses"], 1, "it stood still once");
}

#[test]
fn a_crash_ends_a_pause_and_its_end_leaves_a_later_pause_alone() {
    let record = idle(vec![pause(100, 500), crash(200, 100), pause(400, 500)]);
    assert_eq!(
        health(&record, 0),
        [(0, Up), (100, Paused), (200, Down), (300, Up), (400, Paused), (900, Up)]
    );
    assert_eq!(bands(&record), [(100, Some(200)), (200, Some(300)), (400, Some(900))]);
}

#[test]
fn faults_at_the_first_and_the_last_instant_happen() {
    let record = idle(vec![crash(0, 999)]);
    assert_eq!(health(&record, 0), [(0, Up), (0, Down), (999, Up)]);
    assert_eq!(idle(vec![pause(999, 1)]).head.metrics["pauses"], 1);
    assert_eq!(idle(vec![pause(1000, 1)]).head.metrics["pauses"], 0, "the end is outside");
}

#[test]
fn ranks_are_looked_up_when_the_fault_strikes() {
    let mut plan = puppets(
        4,
        &[
            (0, On::Boot, &[Do::Lead(3)]),
            (1, On::Boot, &[Do::Follow(3), Do::Arm(Zulu(0), 50)]),
            (1, On::Bell(Zulu(0)), &[Do::Lead(4)]),
            (2, On::Boot, &[Do::Follow(3)]),
        ],
    );
    plan.faults = vec![
        fault(10, 0, Fault::Pause(Target::Leader)),
        fault(60, 0, Fault::Crash(Target::Leader)),
        fault(70, 0, Fault::Crash(Target::Followers)),
    ];
    let record = run(&plan);
    let labels: Vec<&str> = record.faults.iter().map(|band| band.label.as_str()).collect();
    assert_eq!(labels, ["n1", "n2", "n3"], "n1 leads in an older epoch, n4 has no rank");
    assert_eq!(record.head.metrics["leaders_max"], 1);
}

#[test]
fn who_stands_still_takes_no_steps_and_its_clock_stands_still() {
    let mut plan = puppets(
        2,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 30), Do::Arm(Zulu(1), 25)]),
            (0, On::Body(Ping(2)), &[Do::Disarm(Zulu(0)), Do::Arm(Zulu(2), 1)]),
            (1, On::Boot, &[Do::Arm(Zulu(0), 40), Do::Arm(Zulu(1), 45)]),
            (1, On::Bell(Zulu(0)), &[Do::Send(0, Ping(1))]),
            (1, On::Bell(Zulu(1)), &[Do::Send(0, Ping(2))]),
        ],
    );
    plan.faults = vec![pause(20, 180)];
    let record = run(&plan);
    let expected = [
        "200 Heard { from: 1, body: Ping(1), clock: 20000000 }",
        "200 Heard { from: 1, body: Ping(2), clock: 20000000 }",
        "201 Rang { bell: Zulu(2), clock: 21000000 }",
        "205 Rang { bell: Zulu(1), clock: 25000000 }",
    ];
    assert_eq!(notes(&record, 0), expected);
    let told = story(&record, 0, RowKind::Fault);
    assert_eq!(told, ["20 stands still", "200 goes on"]);
    let arrived = story(&record, 0, RowKind::Deliver);
    assert_eq!(arrived[0], "41 n2->n1 Ping#1 Ping(1) (waits until the node goes on)");
    assert_eq!(record.head.messages.delivered, 2, "they arrived, though nobody looked");
}

#[test]
fn timers_keep_the_time_they_have_left_through_many_pauses() {
    let mut plan = puppets(1, &[(0, On::Boot, &[Do::Arm(Zulu(0), 100), Do::Arm(Zulu(1), 130)])]);
    plan.faults = vec![pause(20, 180), pause(210, 90), pause(320, 10), pause(450, 50)];
    let expected = [
        "380 Rang { bell: Zulu(0), clock: 100000000 }",
        "410 Rang { bell: Zulu(1), clock: 130000000 }",
    ];
    assert_eq!(notes(&run(&plan), 0), expected);
}

#[test]
fn what_waits_for_a_node_that_stands_still_dies_with_it() {
    let mut plan = puppets(
        2,
        &[
            (0, On::Again(0), &[Do::Arm(Zulu(0), 30)]),
            (1, On::Boot, &[Do::Arm(Zulu(0), 40)]),
            (1, On::Bell(Zulu(0)), &[Do::Send(0, Ping(1))]),
        ],
    );
    plan.faults = vec![pause(20, 180), crash(100, 20)];
    let record = run(&plan);
    assert_eq!(notes(&record, 0), Vec::<String>::new());
    let again = boots(&record, 0);
    assert_eq!(again[1], "120 Booted { clock: 40000000, incarnation: 1, disk: [] }");
}

#[test]
fn faults_that_find_nobody_are_counted() {
    let record = idle(vec![
        fault(1, 1, Fault::Crash(Target::Leader)),
        fault(2, 1, Fault::Pause(Target::Followers)),
        fault(3, 1, Fault::Partition(vec![vec![Target::Leader], vec![nodes(&[0, 1])]])),
        fault(4, 1, Fault::OneWay { from: nodes(&[0]), to: Target::Leader }),
        fault(5, 1, Fault::Restart(nodes(&[0]))),
    ]);
    assert_eq!(record.head.metrics["faults_missed"], 5);
    assert_eq!(record.faults, []);
}

#[test]
fn recovery_counts_from_the_end_that_ended_something() {
    // The crash was over at 200 ms; that its time is up at 900 ms means nothing.
    let mut plan = puppets_and_clients(1, 1, &[(1, On::Call, &[Do::Reply])]);
    plan.workload = Some(every(30));
    plan.faults = vec![crash(100, 800), restart(200)];
    plan.expectations = vec![expecting(Expect::RecoveredWithin(Span::millis(10)))];
    let record = run(&plan);
    assert_eq!(record.head.expectations[0].measured, "10ms", "the call of 210 ms");
}
