//! Timers: set, set again, stopped.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::Judgement;
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::{Alpha, Zulu};
use crate::puppet::Body::Ping;
use crate::puppet::{Do, On, PUPPET};

#[test]
fn a_timer_that_is_set_again_rings_once_at_the_new_instant() {
    let plan = puppets(
        1,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 10), Do::Arm(Zulu(1), 5), Do::Arm(Zulu(2), 40)]),
            (
                0,
                On::Bell(Zulu(1)),
                &[Do::Arm(Zulu(0), 30), Do::Disarm(Zulu(2)), Do::Disarm(Zulu(9))],
            ),
        ],
    );
    let expected =
        ["5 Rang { bell: Zulu(1), clock: 5000000 }", "35 Rang { bell: Zulu(0), clock: 35000000 }"];
    assert_eq!(notes(&run(&plan), 0), expected);
}

#[test]
fn timers_of_one_instant_ring_in_the_order_they_were_set() {
    let set = [Do::Arm(Zulu(1), 10), Do::Arm(Alpha(0), 10), Do::Arm(Zulu(0), 10)];
    let mut plan = puppets(1, &[(0, On::Boot, &set)]);
    let rang = |plan: &_| -> Vec<String> {
        let text = |note: &String| note.split(['{', ',']).nth(1).expect("a bell").trim().to_owned();
        notes(&run(plan), 0).iter().map(text).collect()
    };
    assert_eq!(rang(&plan), ["bell: Zulu(1)", "bell: Alpha(0)", "bell: Zulu(0)"]);
    // And the same after the node stood still.
    plan.faults = vec![fault(5, 50, rehearsal_sim::plan::Fault::Pause(nodes(&[0])))];
    assert_eq!(rang(&plan), ["bell: Zulu(1)", "bell: Alpha(0)", "bell: Zulu(0)"]);
}

#[test]
fn a_range_is_drawn_within_its_bounds() {
    let arms: Vec<Do> = (0..100).map(|n| Do::ArmRange(Zulu(n), 10, 20)).collect();
    let plan = puppets(1, &[(0, On::Boot, &arms)]);
    let record = run(&plan);
    let times: Vec<u64> = notes(&record, 0)
        .iter()
        .map(|note| note.split(['.', ' ']).next().expect("a time").parse().expect("a number"))
        .collect();
    assert_eq!(times.len(), 100);
    assert!(times.iter().all(|at| (10..20).contains(at)), "{times:?}");
    assert!(times.iter().any(|at| *at < 13) && times.iter().any(|at| *at > 16));
}

#[test]
fn a_timer_in_the_far_future_never_rings() {
    let never = Do::Arm(Zulu(0), u64::MAX);
    let mut plan = puppets(1, &[(0, On::Boot, &[never, Do::Arm(Zulu(1), 1)])]);
    plan.faults = vec![fault(10, 10, rehearsal_sim::plan::Fault::Pause(nodes(&[0])))];
    plan.faults[0].lasts = Some(Span(u64::MAX));
    assert_eq!(notes(&run(&plan), 0).len(), 1);
    plan.faults[0].lasts = Some(Span(1));
    plan.duration = Span(u64::MAX / 2);
    assert_eq!(notes(&run(&plan), 0).len(), 1);
}

/// Each ping is answered by two: without an end, the memory of the machine would be one.
#[test]
fn messages_that_breed_are_a_storm() {
    let breed: &[Do] = &[Do::Send(1, Ping(1)), Do::Send(1, Ping(1))];
    let back: &[Do] = &[Do::Send(0, Ping(1)), Do::Send(0, Ping(1))];
    let rules: &[(u32, On, &[Do])] =
        &[(0, On::Boot, breed), (0, On::Body(Ping(1)), breed), (1, On::Body(Ping(1)), back)];
    let record = (PUPPET.run)(&puppets(2, rules), 1, &Watch::QUIET);
    let [violation] = &record.head.violations[..] else { panic!("{:?}", record.head.violations) };
    assert_eq!(violation.property, "message_storm");
    assert!(record.head.messages.in_flight > 1_000_000);
}

#[test]
fn what_happens_for_ever_at_one_instant_is_a_livelock() {
    let mut plan = puppets(
        2,
        &[
            (1, On::Boot, &[Do::Arm(Zulu(0), 7)]),
            (1, On::Bell(Zulu(0)), &[Do::Send(1, Ping(1))]),
            (1, On::Body(Ping(1)), &[Do::Send(1, Ping(1))]),
        ],
    );
    let unmet =
        rehearsal_sim::plan::Expect::ThroughputAtLeast { operations: 1, per: Span::secs(1) };
    plan.expectations = vec![expecting(unmet)];
    let record = (PUPPET.run)(&plan, 1, &Watch::QUIET);
    assert_eq!(record.head.verdict, Judgement::Fail);
    let [violation] = &record.head.violations[..] else { panic!("{:?}", record.head.violations) };
    assert_eq!((violation.property.as_str(), violation.at_ns), ("livelock", 7 * MS));
    assert_eq!(violation.nodes, ["n2"]);
    assert_eq!(record.head.virtual_ns, 7 * MS);
    assert_eq!(record.head.expectations[0].holds, None, "a run that was cut short says nothing");
}

/// A message that arrives at the instant that never ends was sent, and is not lost from the books.
#[test]
fn messages_without_latency_are_a_livelock() {
    let mut plan = puppets(
        2,
        &[
            (0, On::Boot, &[Do::Send(1, Ping(1))]),
            (1, On::Body(Ping(1)), &[Do::Send(0, Ping(1))]),
            (0, On::Body(Ping(1)), &[Do::Send(1, Ping(1))]),
        ],
    );
    plan.network.latency = Law::Constant(Span::ZERO);
    let record = (PUPPET.run)(&plan, 1, &Watch::QUIET);
    let [violation] = &record.head.violations[..] else { panic!("{:?}", record.head.violations) };
    assert_eq!(violation.property, "livelock");
    assert_eq!(record.head.messages.in_flight, 1);
}
