//! Faults that hit processors, clocks and timers.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Fault, Plan, PlannedFault};
use rehearsal_sim::record::{Health, Record};
use rehearsal_sim::skew::{Drift, Offset};
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::Ping;
use crate::puppet::{Do, On};

fn constant(ms: u64) -> Law {
    Law::Constant(Span::millis(ms))
}

/// The milliseconds at which n2 hears three pings that reach it at 1 ms.
fn heard(faults: Vec<PlannedFault>) -> Vec<u64> {
    let pings = [Do::Send(1, Ping(1)), Do::Send(1, Ping(2)), Do::Send(1, Ping(3))];
    let mut plan = puppets(2, &[(0, On::Boot, &pings)]);
    plan.faults = faults;
    let record = run(&plan);
    assert_eq!(record.head.messages.delivered, 3);
    let at = |note: &String| note.split(' ').next().expect("a time").parse().expect("a number");
    notes(&record, 1).iter().map(at).collect()
}

fn slow(at: u64, lasts: u64) -> PlannedFault {
    fault(at, lasts, Fault::Slow { nodes: nodes(&[1]), step: constant(10) })
}

#[test]
fn a_slow_processor_is_slow_for_what_it_begins_meanwhile() {
    assert_eq!(heard(vec![]), [1, 1, 1]);
    assert_eq!(heard(vec![slow(0, 500)]), [11, 21, 31]);
    assert_eq!(heard(vec![slow(0, 15)]), [11, 21, 21]);
    assert_eq!(heard(vec![slow(10, 500)]), [1, 1, 1]);
    // Of two the last to begin counts, and the other one again when it ends.
    let slower = Fault::Slow { nodes: nodes(&[1]), step: constant(50) };
    assert_eq!(heard(vec![slow(0, 500), fault(0, 30, slower)]), [51, 61, 71]);
}

#[test]
fn what_came_while_a_node_stood_still_goes_first() {
    let pause = fault(0, 50, Fault::Pause(nodes(&[1])));
    assert_eq!(heard(vec![pause, slow(10, 500)]), [60, 70, 80]);
}

fn health(record: &Record, node: u32) -> Vec<(u64, Health)> {
    let of = |c: &&rehearsal_sim::record::StandingChange| c.node == node;
    record.standings.iter().filter(of).map(|c| (c.at_ns / MS, c.health)).collect()
}

#[test]
fn a_process_in_a_loop_crashes_again_and_again() {
    use Health::{Down, Up};
    let turns = Fault::CrashLoop { nodes: nodes(&[0]), up: constant(100), down: constant(50) };
    let mut plan = puppets(2, &[]);
    plan.faults = vec![fault(0, 420, turns)];
    let turns = [(0, Up), (100, Down), (150, Up), (250, Down), (300, Up), (400, Down), (420, Up)];
    let record = run(&plan);
    assert_eq!(health(&record, 0), turns);
    assert_eq!(health(&record, 1), [(0, Up)]);
    let [band] = &record.faults[..] else { panic!("{:?}", record.faults) };
    assert_eq!((band.kind.as_str(), band.to_ns), ("crash-loop", Some(420 * MS)));
    // Whom somebody else crashed is left alone.
    plan.faults.push(fault(120, 0, Fault::Restart(nodes(&[0]))));
    plan.faults.push(fault(130, 200, Fault::Crash(nodes(&[0]))));
    plan.faults[0].lasts = Some(Span::millis(290));
    let record = run(&plan);
    let found = [(0, Up), (100, Down), (120, Up), (130, Down), (150, Up), (250, Down), (290, Up)];
    assert_eq!(health(&record, 0), found);
}

fn drift(at: u64, lasts: u64, ppm: i32) -> PlannedFault {
    fault(at, lasts, Fault::ClockDrift { nodes: nodes(&[0]), by: Drift(ppm) })
}

#[test]
fn timers_follow_a_clock_that_drifts() {
    let arms: &[Do] = &[Do::Arm(Zulu(0), 100), Do::Arm(Zulu(1), 1200)];
    let mut plan = puppets(2, &[(0, On::Boot, arms), (1, On::Boot, arms)]);
    plan.duration = Span::secs(2);
    plan.faults = vec![drift(50, 1000, 100_000)];
    let record = run(&plan);
    // Half of the first 100 ms pass a tenth faster; the 100 ms gained in a second stay gained.
    let expected = [
        "95.454546 Rang { bell: Zulu(0), clock: 100000000 }",
        "1100 Rang { bell: Zulu(1), clock: 1200000000 }",
    ];
    assert_eq!(notes(&record, 0), expected);
    assert_eq!(notes(&record, 1)[0], "100 Rang { bell: Zulu(0), clock: 100000000 }");
    // Drifts add up, and a node that stands still keeps the time that was left.
    plan.faults =
        vec![drift(50, 0, 50_000), drift(50, 0, 50_000), fault(60, 100, Fault::Pause(nodes(&[0])))];
    assert_eq!(notes(&run(&plan), 0)[0], "195.454546 Rang { bell: Zulu(0), clock: 100000000 }");
}

/// What wall clocks are off by, in milliseconds, whenever a node looks.
fn off(plan: &Plan) -> Vec<(u64, i64)> {
    let wall = |note: &String| {
        let (at, wall) = note.split_once(" Wall(")?;
        let at: u64 = at.parse().expect("a round millisecond");
        let wall: i64 = wall.strip_suffix(')')?.parse().expect("a number");
        let right = 1_000_000_000_000_000_000 + i64::try_from(at * MS).unwrap();
        Some((at, (wall - right) / i64::try_from(MS).unwrap()))
    };
    notes(&run(plan), 0).iter().filter_map(wall).collect()
}

#[test]
fn wall_clocks_jump_are_off_and_stand_still() {
    let looks = [10, 20, 30, 40, 50];
    let mut rules: Vec<(u32, On, &[Do])> = Vec::new();
    let arms: Vec<Do> = (0u8..).zip(looks).map(|(n, at)| Do::Arm(Zulu(n), at)).collect();
    rules.push((0, On::Boot, &arms));
    (0..5).for_each(|n| rules.push((0, On::Bell(Zulu(n)), &[Do::Wall])));
    let mut plan = puppets(1, &rules);
    assert_eq!(off(&plan), looks.map(|at| (at, 0)));
    let all = || nodes(&[0]);
    plan.faults = vec![
        fault(15, 0, Fault::ClockJump { nodes: all(), by: Offset(-5 * 1_000_000) }),
        fault(25, 7, Fault::ClockOffset { nodes: all(), by: Offset(100 * 1_000_000) }),
        fault(35, 10, Fault::ClockFreeze(all())),
    ];
    assert_eq!(off(&plan), [(10, 0), (20, -5), (30, 95), (40, -10), (50, -5)]);
    let record = run(&plan);
    assert_eq!(record.head.metrics["clock_faults"], 3);
    let kinds: Vec<&str> = record.faults.iter().map(|band| band.kind.as_str()).collect();
    assert_eq!(kinds, ["clock-offset", "clock-freeze"], "a jump leaves no band");
}

#[test]
fn a_timer_can_be_made_to_ring() {
    let arms: &[Do] = &[Do::Arm(Zulu(0), 500), Do::Arm(Zulu(1), 300)];
    let mut plan = puppets(1, &[(0, On::Boot, arms)]);
    let fire = |at| fault(at, 0, Fault::Fire { nodes: nodes(&[0]), timer: 0 });
    plan.faults = vec![fire(100), fire(200), fire(250)];
    let record = run(&plan);
    let rang = [
        "100 Rang { bell: Zulu(1), clock: 100000000 }",
        "200 Rang { bell: Zulu(0), clock: 200000000 }",
    ];
    assert_eq!(notes(&record, 0), rang);
    let metric = |name: &str| record.head.metrics[name];
    assert_eq!((metric("timers_fired"), metric("faults_missed")), (2, 1));
}
