//! Nodes that are not plain: processors that take time, clocks that are wrong.

use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::plan::{Clock, Disk, Fault, Load, Plan, Processor, Watch, Workload};
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::skew::{Drift, Offset, Skew};
use rehearsal_sim::time::{SimTime, Span};

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::{Ping, Pong};
use crate::puppet::{Do, On, PUPPET};

fn takes(ms: u64) -> Processor {
    Processor { step: Some(Law::Constant(Span::millis(ms))), ..Processor::default() }
}

/// What a node heard, by the millisecond.
fn heard(record: &Record, node: u32) -> Vec<(u64, String)> {
    notes(record, node)
        .iter()
        .filter_map(|note| {
            let (at, text) = note.split_once(' ')?;
            let what = text.split_once("body: ")?.1.split_once(',')?.0;
            Some((at.parse().expect("a round millisecond"), what.to_owned()))
        })
        .collect()
}

/// n1 sends three pings to n2, which arrive after a millisecond.
fn three_pings(processor: Processor) -> Plan {
    let pings = [Do::Send(1, Ping(1)), Do::Send(1, Ping(2)), Do::Send(1, Ping(3))];
    let mut plan =
        puppets(2, &[(0, On::Boot, &pings), (1, On::Body(Ping(3)), &[Do::Send(0, Pong(1))])]);
    plan.nodes[1].processor = Some(processor);
    plan
}

#[test]
fn inputs_are_served_one_after_the_other() {
    let record = run(&three_pings(takes(10)));
    let served = [(11, "Ping(1)"), (21, "Ping(2)"), (31, "Ping(3)")];
    assert_eq!(heard(&record, 1), served.map(|(at, what)| (at, what.to_owned())));
    assert_eq!(
        heard(&record, 0),
        [(32, "Pong(1)".to_owned())],
        "effects happen at the end of a step"
    );
    assert_eq!(record.head.metrics["processor_queue_max"], 2);
    assert_eq!(record.head.messages.delivered, 4);
    // Without the law nothing waits.
    let record = run(&three_pings(Processor::default()));
    assert_eq!(heard(&record, 1).last(), Some(&(1, "Ping(3)".to_owned())));
    assert_eq!(record.head.metrics["processor_queue_max"], 0);
}

/// Between an input and its step other steps happen; what it does follows from it all the same.
#[test]
fn a_step_follows_from_the_input_that_waited() {
    let record = run(&three_pings(takes(10)));
    let rows: Vec<_> = record.trace.rows().collect();
    let pong = rows.iter().find(|row| row.kind == RowKind::Send && row.node == Some(1));
    let cause = pong.and_then(|row| row.cause).expect("it has one");
    let cause = rows.iter().find(|row| row.id == cause).expect("it is traced whole");
    assert_eq!((cause.kind, cause.address().as_str()), (RowKind::Deliver, "n1->n2 Ping#3"));
}

#[test]
fn what_finds_no_room_is_dropped() {
    let record = run(&three_pings(Processor { queue: Some(1), ..takes(10) }));
    assert_eq!(heard(&record, 1).len(), 2);
    assert_eq!(record.head.messages.dropped.overflow, 1);
    assert_eq!(record.head.metrics["processor_overflows"], 1);
    let drops: Vec<String> = story(&record, 0, RowKind::Drop);
    assert_eq!(drops, ["1 n1->n2 Ping#3 the receiver's inbox is full"]);
    // A processor without a waiting room still serves.
    let record = run(&three_pings(Processor { queue: Some(0), ..takes(10) }));
    assert_eq!((heard(&record, 1).len(), record.head.messages.dropped.overflow), (1, 2));
}

#[test]
fn a_pause_stops_the_work() {
    let mut plan = three_pings(takes(10));
    // 1 ms of the second ping's work is done.
    plan.faults = vec![fault(12, 100, Fault::Pause(nodes(&[1])))];
    let at: Vec<u64> = heard(&run(&plan), 1).iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [11, 121, 131]);
    // What comes during a pause waits for its end, and only then for its work.
    plan.faults = vec![fault(0, 50, Fault::Pause(nodes(&[1])))];
    let at: Vec<u64> = heard(&run(&plan), 1).iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [60, 70, 80]);
}

#[test]
fn a_crash_loses_the_inbox() {
    let mut plan = three_pings(takes(10));
    plan.faults = vec![fault(12, 5, Fault::Crash(nodes(&[1])))];
    let record = run(&plan);
    assert_eq!(heard(&record, 1), [(11, "Ping(1)".to_owned())]);
    // All three had arrived.
    assert_eq!((record.head.messages.delivered, record.head.messages.dropped.down), (3, 0));
    assert_eq!(record.head.metrics["inputs_lost"], 2);
}

/// A timer that rang but was not looked at yet can still be stopped, as in any event loop.
#[test]
fn a_timer_that_waits_for_the_processor_can_be_stopped() {
    let rules: &[(u32, On, &[Do])] = &[
        (0, On::Boot, &[Do::Send(1, Ping(1))]),
        (1, On::Boot, &[Do::Arm(Zulu(0), 5), Do::Arm(Zulu(1), 6), Do::Arm(Zulu(2), 7)]),
        (1, On::Body(Ping(1)), &[Do::Disarm(Zulu(0)), Do::Arm(Zulu(1), 100)]),
    ];
    let mut plan = puppets(2, rules);
    plan.nodes[1].processor = Some(takes(10));
    let rang: Vec<String> =
        notes(&run(&plan), 1).into_iter().filter(|note| note.contains("Rang")).collect();
    let expected = [
        "21 Rang { bell: Zulu(2), clock: 21000000 }",
        "121 Rang { bell: Zulu(1), clock: 121000000 }",
    ];
    assert_eq!(rang, expected);
}

#[test]
fn calls_that_find_no_room_fail_at_once() {
    let mut plan = puppets_and_clients(1, 1, &[(1, On::Call, &[Do::Reply])]);
    plan.workload = Some(every(4));
    plan.nodes[1].processor = Some(Processor { queue: Some(0), ..takes(10) });
    let record = run(&plan);
    let operations = record.head.operations;
    // Calls come every 4 ms, and one of three finds the processor free.
    assert_eq!((operations.called, operations.ok, operations.failed), (249, 83, 166));
    // One who asks again at once does not ask for ever at one instant.
    let think = Law::Constant(Span::ZERO);
    plan.workload = Some(Workload { load: Load::Closed { users: 2, think }, ..every(1) });
    let record = run(&plan);
    assert!(record.head.violations.is_empty(), "{:?}", record.head.violations);
    assert!(record.head.operations.ok > 90);
}

#[test]
fn a_cold_start_takes_its_time() {
    let mut plan = puppets(2, &[]);
    plan.processor.cold_start = Some(Law::Constant(Span::millis(200)));
    plan.nodes[1].processor = Some(Processor::default());
    plan.faults = vec![
        fault(100, 50, Fault::Crash(nodes(&[0, 1]))),
        // It is starting already.
        fault(200, 0, Fault::Restart(nodes(&[0]))),
    ];
    let record = run(&plan);
    let booted = |node| -> Vec<String> {
        boots(&record, node).iter().map(|boot| boot.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(booted(0), ["0", "350"]);
    assert_eq!(booted(1), ["0", "150"]);
    let bands: Vec<(&str, u64, Option<u64>)> = record
        .faults
        .iter()
        .map(|band| (band.kind.as_str(), band.from_ns / MS, band.to_ns.map(|to| to / MS)))
        .collect();
    assert_eq!(bands, [("crash", 100, Some(150)), ("cold-start", 150, Some(350))]);
    assert_eq!(record.head.metrics["faults_missed"], 1);
}

#[test]
fn timers_ring_by_the_clock_of_their_node() {
    let mut plan = puppets(
        3,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 100)]),
            (1, On::Boot, &[Do::Arm(Zulu(0), 100)]),
            (2, On::Boot, &[Do::Arm(Zulu(0), 100)]),
        ],
    );
    let drift = |ppm| Clock { drift: Skew::fixed(Drift(ppm)), ..Clock::default() };
    plan.clock = drift(100_000);
    plan.nodes[1].clock = Some(drift(-100_000));
    plan.nodes[2].clock = Some(Clock::default());
    plan.faults = vec![fault(50, 30, Fault::Pause(nodes(&[1])))];
    let record = run(&plan);
    // 100 ms / 1.1 and / 0.9, to the next nanosecond; the clock shows what it was set to.
    assert_eq!(notes(&record, 0), ["90.909091 Rang { bell: Zulu(0), clock: 100000000 }"]);
    assert_eq!(notes(&record, 1), ["141.111112 Rang { bell: Zulu(0), clock: 100000000 }"]);
    assert_eq!(notes(&record, 2), ["100 Rang { bell: Zulu(0), clock: 100000000 }"]);
}

/// Adding a wrong clock or a slow processor to one node moves no draw of another, and a range that is
/// drawn from is drawn anew for each seed.
#[test]
fn what_is_drawn_for_one_node_moves_nothing_of_another() {
    let arms: Vec<Do> = (0..20).map(|n| Do::ArmRange(Zulu(n), 10, 500)).collect();
    let plain = puppets(2, &[(0, On::Boot, &arms), (1, On::Boot, &arms)]);
    let mut apart = plain.clone();
    apart.nodes[0].clock = Some(Clock {
        offset: Skew { lo: Offset(-5), hi: Offset(5) },
        drift: Skew { lo: Drift(-90_000), hi: Drift(-10) },
    });
    apart.nodes[0].processor = Some(takes(3));
    let (before, after) = (run(&plain), run(&apart));
    assert_eq!(notes(&before, 1), notes(&after, 1));
    assert_ne!(notes(&before, 0), notes(&after, 0));
    apart.nodes[0].processor = None;
    let rings = |seed| notes(&(PUPPET.run)(&apart, seed, &Watch::TRACED), 0);
    assert_ne!(rings(2), rings(3));
}

#[test]
fn a_node_has_a_disk_of_its_own() {
    let write: &[Do] = &[Do::Append(1), Do::SaySynced(1)];
    let mut plan = puppets(2, &[(0, On::Boot, write), (1, On::Boot, write)]);
    plan.nodes[1].disk = Some(Disk::new(Law::Constant(Span::millis(70))));
    let record = run(&plan);
    assert_eq!((said(&record, 0), said(&record, 1)), (vec![(10, 1)], vec![(70, 1)]));
}

/// check:Q1 and check:Q2 in short: the mean wait in M/M/1 and M/D/1 at a load of one half and four
/// fifths, in units of the mean service time. The answers are those of textbooks, Wq = rho/(1-rho)
/// and half of that.
#[test]
fn queues_wait_as_theory_says() {
    let service = Span::millis(1);
    for (step, waits) in [
        (Law::Exponential { mean: service }, [(2_000, 1.0), (1_250, 4.0)]),
        (Law::Constant(service), [(2_000, 0.5), (1_250, 2.0)]),
    ] {
        for (gap_us, wait) in waits {
            let mut plan = puppets_and_clients(1, 1, &[(1, On::Call, &[Do::Reply])]);
            plan.duration = Span::secs(400);
            plan.nodes[1].processor =
                Some(Processor { step: Some(step.clone()), ..Processor::default() });
            plan.workload = Some(Workload {
                load: Load::Open { gap: Law::Exponential { mean: Span::micros(gap_us) } },
                keys: KeyLaw::Uniform { count: 1 },
                mix: vec![(0, 1)],
                start: SimTime::ZERO,
                stop: None,
            });
            let mean = (1..=3)
                .map(|seed| (PUPPET.run)(&plan, seed, &Watch::QUIET).head.latency_ns.mean)
                .sum::<u64>() as f64
                / 3.0;
            let measured = mean / service.0 as f64 - 1.0;
            println!("{step} every {gap_us} us: waits {measured:.4}, expected {wait}");
            assert!((measured / wait - 1.0).abs() < 0.03, "{step}, {gap_us} us: {measured}");
        }
    }
}
