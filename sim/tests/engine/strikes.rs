//! When faults strike, and whom.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Fault, Occurrence, Plan, PlannedFault, Target, Trigger, When};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::time::{SimTime, Span};

use crate::plans::*;
use crate::puppet::Bell::{Alpha, Zulu};
use crate::puppet::Body::{Ping, Pong};
use crate::puppet::{Do, On};

fn bands(record: &Record) -> Vec<(u64, Option<u64>, String)> {
    let band = |band: &rehearsal_sim::record::FaultBand| {
        (band.from_ns / MS, band.to_ns.map(|to| to / MS), band.label.clone())
    };
    record.faults.iter().map(band).collect()
}

fn on(occurrence: Occurrence) -> Trigger {
    Trigger {
        occurrence,
        nth: 1,
        times: 1,
        from: SimTime::ZERO,
        until: None,
        after: Law::Constant(Span::ZERO),
    }
}

fn crash_it(trigger: Trigger) -> PlannedFault {
    let lasts = Some(Span::millis(5));
    PlannedFault { when: When::On(trigger), lasts, fault: Fault::Crash(Target::It) }
}

/// n1 pings n2 every ten milliseconds, n2 answers.
fn pings(faults: Vec<PlannedFault>) -> Plan {
    let mut plan = puppets(
        3,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 10)]),
            (0, On::Bell(Zulu(0)), &[Do::Send(1, Ping(7)), Do::Arm(Zulu(0), 10)]),
            (1, On::Body(Ping(7)), &[Do::Send(0, Pong(7)), Do::Append(1), Do::Say(7)]),
            (2, On::Boot, &[Do::Arm(Alpha(0), 35)]),
        ],
    );
    plan.duration = Span::millis(100);
    plan.faults = faults;
    plan
}

#[test]
fn a_fault_strikes_again_and_again() {
    let every = |first, times, until| PlannedFault {
        when: When::Every { first, gap: Law::Constant(Span::millis(20)), times, until },
        lasts: Some(Span::millis(5)),
        fault: Fault::Pause(nodes(&[2])),
    };
    let begins = |fault| {
        let bands = bands(&run(&pings(vec![fault])));
        assert!(bands.iter().all(|(from, to, _)| *to == Some(from + 5)), "{bands:?}");
        bands.iter().map(|(from, ..)| *from).collect::<Vec<u64>>()
    };
    assert_eq!(begins(every(None, None, None)), [20, 40, 60, 80]);
    assert_eq!(begins(every(Some(ms(3)), None, None)), [3, 23, 43, 63, 83]);
    assert_eq!(begins(every(Some(ms(3)), Some(2), None)), [3, 23]);
    assert_eq!(begins(every(Some(ms(3)), None, Some(ms(43)))), [3, 23]);
}

#[test]
fn a_fault_waits_for_what_a_node_tells() {
    // The third ping is heard at 31 ms, the first that counts from 25 ms on, too.
    let said =
        |nth, from| Trigger { nth, from, ..on(Occurrence::Noted { kind: 4, on: vec![NodeId(1)] }) };
    let third = run(&pings(vec![crash_it(said(3, SimTime::ZERO))]));
    assert_eq!(bands(&third), [(31, Some(36), "n2".to_owned())]);
    let from = run(&pings(vec![crash_it(said(1, ms(25)))]));
    assert_eq!(bands(&from), [(31, Some(36), "n2".to_owned())]);
    let elsewhere = on(Occurrence::Noted { kind: 4, on: vec![NodeId(2)] });
    assert_eq!(bands(&run(&pings(vec![crash_it(elsewhere)]))), []);
}

/// What the step did is done before the fault strikes: the answer is under way, and only what the
/// disk had not made durable is lost.
#[test]
fn a_fault_strikes_after_the_step_it_waited_for() {
    let trigger = on(Occurrence::Noted { kind: 4, on: Vec::new() });
    let record = run(&pings(vec![crash_it(trigger)]));
    assert_eq!(
        story(&record, 1, RowKind::Fault),
        ["11 crashes, losing 1 write that was not durable"]
    );
    assert_eq!(story(&record, 0, RowKind::Deliver)[0], "12 n2->n1 Pong#1 Pong(7)");
}

#[test]
fn a_fault_waits_for_a_message() {
    let pong = |nth, times| Trigger {
        nth,
        times,
        ..on(Occurrence::Sent { kind: 1, from: vec![NodeId(1)], to: Vec::new() })
    };
    // Sent at 11, 21, 31 ...; a node that is down for 5 ms misses nothing of it.
    let sent = bands(&run(&pings(vec![crash_it(pong(2, 2))])));
    assert_eq!(sent, [(21, Some(26), "n2".to_owned()), (31, Some(36), "n2".to_owned())]);
    let delivered =
        on(Occurrence::Delivered { kind: 1, from: vec![NodeId(1)], to: vec![NodeId(0)] });
    let cut = |from, to| PlannedFault {
        when: When::On(delivered.clone()),
        lasts: None,
        fault: Fault::OneWay { from, to },
    };
    let record = run(&pings(vec![cut(Target::Peer, Target::It)]));
    assert_eq!(bands(&record), [(12, None, "n2 -/-> n1".to_owned())]);
    let later = Trigger { after: Law::Constant(Span::millis(4)), ..delivered };
    let record = run(&pings(vec![crash_it(later)]));
    assert_eq!(bands(&record), [(16, Some(21), "n1".to_owned())]);
}

#[test]
fn a_fault_waits_for_a_sync() {
    let trigger = Trigger {
        after: Law::Constant(Span::millis(5)),
        ..on(Occurrence::SyncBegins { on: Vec::new() })
    };
    let record = run(&pings(vec![crash_it(trigger)]));
    assert_eq!(
        story(&record, 1, RowKind::Fault),
        ["16 crashes, losing 1 write that was not durable"]
    );
}

#[test]
fn the_world_heals() {
    let lasting = |fault| PlannedFault::once(ms(10), None, fault);
    let mut plan = pings(vec![
        lasting(Fault::Pause(nodes(&[2]))),
        lasting(Fault::Partition(vec![vec![nodes(&[0])], vec![nodes(&[1])]])),
        lasting(Fault::Crash(nodes(&[1]))),
        PlannedFault::once(ms(50), None, Fault::Pause(nodes(&[0]))),
        PlannedFault::once(ms(60), None, Fault::Restart(nodes(&[1]))),
    ]);
    plan.heal = Some(ms(50));
    let record = run(&plan);
    let bands = bands(&record);
    let ends: Vec<Option<u64>> = bands.iter().map(|(_, to, _)| *to).collect();
    assert_eq!(ends, [Some(50), Some(50), Some(60)], "{bands:?}");
}

/// Of many seeds each server is drawn sometimes, and never more than should be.
#[test]
fn who_is_hit_is_drawn() {
    let hit = |target: Target, seed| {
        let mut plan = puppets_and_clients(5, 2, &[]);
        plan.faults = vec![fault(10, 5, Fault::Crash(target))];
        let record = (crate::puppet::PUPPET.run)(&plan, seed, &rehearsal_sim::plan::Watch::QUIET);
        record.faults[0].nodes.clone()
    };
    for (target, size) in [(Target::Minority, 2), (Target::Majority, 3), (Target::Any, 1)] {
        let drawn: Vec<Vec<String>> = (0..60).map(|seed| hit(target.clone(), seed)).collect();
        assert!(drawn.iter().all(|nodes| nodes.len() == size), "{drawn:?}");
        for name in ["n1", "n2", "n3", "n4", "n5"] {
            assert!(drawn.iter().any(|nodes| nodes.iter().any(|node| node == name)), "{name}");
        }
        assert!(!drawn.iter().flatten().any(|name| name.starts_with("client")));
    }
}

/// Taking one fault out moves no draw of the others.
#[test]
fn faults_draw_for_themselves() {
    let gap = Law::Exponential { mean: Span::millis(30) };
    let some = |target: Target, from: u64| PlannedFault {
        when: When::Every { first: Some(ms(from)), gap: gap.clone(), times: None, until: None },
        lasts: Some(Span::millis(3)),
        fault: Fault::Pause(target),
    };
    let all = vec![some(Target::Minority, 5), some(Target::Any, 6), some(Target::Majority, 7)];
    let bands_of = |faults: &[PlannedFault]| {
        let mut plan = puppets(5, &[]);
        plan.faults = faults.to_vec();
        bands(&run(&plan))
    };
    let together = bands_of(&all);
    for left_out in 0..all.len() {
        let mut fewer = all.clone();
        fewer.remove(left_out);
        let without = bands_of(&fewer);
        assert!(without.len() > 20 && without.len() < together.len());
        let mut rest = together.iter();
        assert!(without.iter().all(|band| rest.any(|other| other == band)), "{left_out}");
    }
}

/// What a record tells of strikes is enough to write each of them out.
#[test]
fn a_record_tells_whom_each_strike_hit() {
    let mut plan = pings(vec![
        PlannedFault::once(
            ms(20),
            Some(Span::millis(10)),
            Fault::OneWay { from: nodes(&[0]), to: nodes(&[1, 2]) },
        ),
        PlannedFault {
            when: When::Every {
                first: Some(ms(40)),
                gap: Law::Constant(Span::millis(30)),
                times: None,
                until: None,
            },
            lasts: Some(Span::millis(40)),
            fault: Fault::Crash(Target::Any),
        },
        PlannedFault::once(
            ms(41),
            Some(Span::millis(20)),
            Fault::CrashLoop {
                nodes: nodes(&[0, 1, 2]),
                up: Law::Constant(Span::millis(4)),
                down: Law::Constant(Span::millis(8)),
            },
        ),
    ]);
    plan.duration = Span::millis(100);
    let record = run(&plan);
    let [one_way, first, turning, second] = &record.strikes[..] else {
        panic!("{:?}", record.strikes)
    };
    assert_eq!(one_way.groups, [vec![0], vec![1, 2]]);
    assert_eq!((one_way.from_ns, one_way.to_ns), (20 * MS, Some(30 * MS)));
    assert_eq!((one_way.fault, one_way.operations()), (0, 2));
    // Whom "any" was is told, and the end of what did not end in time is not.
    assert_eq!((first.fault, first.from_ns, first.to_ns), (1, 40 * MS, Some(80 * MS)));
    assert_eq!(bands(&record)[1].2, format!("n{}", first.groups[0][0] + 1));
    assert_eq!((second.from_ns, second.to_ns, second.operations()), (70 * MS, None, 1));
    // The loop crashes the two others at 45 and 57 ms, who start again at 53 and 61 ms.
    let turns: Vec<(u64, bool)> =
        turning.turns.iter().map(|turn| (turn.at_ns / MS, turn.begins)).collect();
    let both = [(45, true), (53, false), (57, true), (61, false)].map(|turn| [turn, turn]);
    assert_eq!(turns, both.concat());
    assert!(turning.turns.iter().all(|turn| turn.node != first.groups[0][0]));
    assert_eq!(turning.operations(), 8);
}
