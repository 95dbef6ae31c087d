//! What becomes of messages.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Fault, LinkRule, Order, Plan, PlannedFault, When};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::{Ping, Pong};
use crate::puppet::{Do, On};

/// Lets a fault that strikes once strike later.
fn shift(fault: &mut PlannedFault, by: u64) {
    if let When::At(at) = &mut fault.when {
        at.0 += by;
    }
}

/// n1 sends a ping to n2 every millisecond, with numbers in their order, 100 of them.
fn stream() -> Plan {
    let sends: Vec<(u32, On, Vec<Do>)> = (0..100)
        .map(|n| {
            let bell = Zulu(n);
            (0, On::Bell(bell), vec![Do::Send(1, Ping(n.into())), Do::Arm(Zulu(n + 1), 1)])
        })
        .chain([(0, On::Boot, vec![Do::Arm(Zulu(0), 1)])])
        .collect();
    let rules: Vec<(u32, On, &[Do])> = sends.iter().map(|(n, on, d)| (*n, *on, &d[..])).collect();
    puppets(2, &rules)
}

fn pings_heard(record: &Record) -> Vec<u32> {
    let number = |note: &String| {
        let (_, rest) = note.split_once("Ping(").expect("a ping");
        rest.split_once(')').expect("its number").0.parse().expect("a number")
    };
    notes(record, 1).iter().map(number).collect()
}

#[test]
fn fifo_links_keep_order_and_reordering_ones_do_not() {
    let mut plan = stream();
    plan.network.latency = Law::Uniform { from: Span::millis(1), to: Span::millis(50) };
    let in_order: Vec<u32> = (0..100).collect();
    let mut heard = pings_heard(&run(&plan));
    assert_ne!(heard, in_order);
    heard.sort_unstable();
    assert_eq!(heard, in_order);

    plan.network.order = Order::Fifo;
    plan.laws = Default::default();
    assert_eq!(pings_heard(&run(&plan)), in_order);

    // The last rule that says something about a key counts.
    let rule = |order| LinkRule {
        from: vec![NodeId(0)],
        to: vec![NodeId(1)],
        order,
        ..LinkRule::default()
    };
    plan.network.links = vec![rule(Some(Order::Reordering)), rule(None)];
    plan.laws = Default::default();
    assert_ne!(pings_heard(&run(&plan)), in_order);
}

#[test]
fn a_second_copy_travels_on_its_own_and_never_before_the_first_on_a_fifo_link() {
    let mut plan = stream();
    plan.network.duplicate = chance(1.0);
    plan.network.latency = Law::Uniform { from: Span::millis(1), to: Span::millis(50) };
    let record = run(&plan);
    assert_eq!((record.head.messages.sent, record.head.messages.duplicated), (100, 100));
    assert_eq!(record.head.messages.delivered, 200);
    let of_first: Vec<u64> = deliveries(&record)
        .iter()
        .filter(|(address, _)| address == "n1->n2 Ping#1")
        .map(|(_, at)| *at)
        .collect();
    assert_eq!(of_first.len(), 2);
    assert_ne!(of_first[0], of_first[1]);

    plan.network.order = Order::Fifo;
    plan.laws = Default::default();
    let heard = pings_heard(&run(&plan));
    assert_eq!(heard, (0..100).flat_map(|n| [n, n]).collect::<Vec<u32>>());
    // Without copies nothing arrives later than with them: the originals go first.
    let last = |plan: &Plan| deliveries(&run(plan)).last().expect("a delivery").1;
    let with = last(&plan);
    plan.network.duplicate = chance(0.0);
    plan.laws = Default::default();
    assert!(last(&plan) <= with);
}

#[test]
fn link_rules_change_their_links_only() {
    let mut plan = puppets(
        3,
        &[
            (0, On::Boot, &[Do::Send(1, Ping(1)), Do::Send(2, Ping(2))]),
            (1, On::Boot, &[Do::Send(0, Ping(3))]),
        ],
    );
    plan.network.links = vec![LinkRule {
        from: vec![NodeId(0)],
        to: vec![NodeId(1), NodeId(0)],
        latency: Some(Law::Constant(Span::millis(30))),
        duplicate: Some(chance(1.0)),
        ..LinkRule::default()
    }];
    let found = deliveries(&run(&plan));
    let at = |address: &str, n: u64| (address.to_owned(), n * MS);
    let expected = [
        at("n1->n3 Ping#1", 1),
        at("n2->n1 Ping#1", 1),
        at("n1->n2 Ping#1", 30),
        at("n1->n2 Ping#1", 30),
    ];
    assert_eq!(found, expected);
}

#[test]
fn one_way_cuts_cut_one_direction() {
    let mut plan = puppets(
        3,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 20), Do::Arm(Zulu(1), 50)]),
            (0, On::Bell(Zulu(0)), &[Do::Send(1, Ping(1)), Do::Send(2, Ping(1))]),
            (0, On::Bell(Zulu(1)), &[Do::Send(1, Ping(2))]),
            (1, On::Boot, &[Do::Arm(Zulu(0), 20)]),
            (1, On::Bell(Zulu(0)), &[Do::Send(0, Ping(3))]),
        ],
    );
    let cut = Fault::OneWay { from: nodes(&[0]), to: nodes(&[1]) };
    plan.faults = vec![fault(10, 30, cut)];
    let record = run(&plan);
    let heard: Vec<String> = deliveries(&record).into_iter().map(|(address, _)| address).collect();
    assert_eq!(heard, ["n1->n3 Ping#1", "n2->n1 Ping#1", "n1->n2 Ping#2"]);
    assert_eq!(record.head.messages.dropped.cut, 1);
    let band = &record.faults[0];
    assert_eq!((band.kind.as_str(), band.label.as_str()), ("one-way", "n1 -/-> n2"));
    assert_eq!((band.from_ns, band.to_ns), (10 * MS, Some(40 * MS)));
}

#[test]
fn who_is_in_no_group_of_a_partition_reaches_everybody() {
    let to_all = |me: u32| -> Vec<Do> {
        (0..5).filter(|to| *to != me).map(|to| Do::Send(to, Ping(me))).collect()
    };
    let rules: Vec<(u32, On, Vec<Do>)> = (0..5)
        .flat_map(|me| {
            [(me, On::Boot, vec![Do::Arm(Zulu(0), 5)]), (me, On::Bell(Zulu(0)), to_all(me))]
        })
        .collect();
    let rules: Vec<(u32, On, &[Do])> = rules.iter().map(|(n, on, d)| (*n, *on, &d[..])).collect();
    let mut plan = puppets(5, &rules);
    plan.faults =
        vec![fault(1, 0, Fault::Partition(vec![vec![nodes(&[0, 1])], vec![nodes(&[2, 3])]]))];
    let record = run(&plan);
    let mut heard: Vec<String> = deliveries(&record).into_iter().map(|(a, _)| a).collect();
    heard.sort();
    let mut expected = Vec::new();
    for (from, to) in (1..=5).flat_map(|from| (1..=5).map(move |to| (from, to))) {
        let side = |n: i32| (n - 1) / 2;
        if from != to && (from == 5 || to == 5 || side(from) == side(to)) {
            expected.push(format!("n{from}->n{to} Ping#1"));
        }
    }
    assert_eq!(heard, expected);
    assert_eq!(record.faults[0].label, "n1 n2 | n3 n4");
    assert_eq!(record.faults[0].nodes, ["n1", "n2", "n3", "n4"]);
    assert_eq!(record.faults[0].to_ns, None);
}

#[test]
fn cuts_are_decided_at_send_and_overlap() {
    // Sent at 10 ms before the cut of 10.5 ms: arrives. Two cuts: the second still holds at 45 ms.
    let mut plan = stream();
    let parts = || Fault::Partition(vec![vec![nodes(&[0])], vec![nodes(&[1])]]);
    plan.faults = vec![fault(10, 30, parts()), fault(20, 30, parts())];
    shift(&mut plan.faults[0], MS / 2);
    shift(&mut plan.faults[1], MS / 2);
    let heard = pings_heard(&run(&plan));
    let expected: Vec<u32> = (0..10).chain(50..100).collect();
    assert_eq!(heard, expected);
    // What is cut is not copied.
    plan.network.duplicate = chance(1.0);
    plan.laws = Default::default();
    let counts = run(&plan).head.messages;
    assert_eq!((counts.duplicated, counts.dropped.cut), (60, 40));
}

#[test]
fn what_was_sent_before_a_crash_arrives_and_what_meets_a_dead_receiver_does_not() {
    let mut plan = puppets(
        3,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 10)]),
            (0, On::Bell(Zulu(0)), &[Do::Send(1, Ping(1)), Do::Send(2, Ping(2))]),
        ],
    );
    plan.network.latency = Law::Constant(Span::millis(20));
    plan.faults =
        vec![fault(15, 0, Fault::Crash(nodes(&[0]))), fault(16, 0, Fault::Crash(nodes(&[2])))];
    let record = run(&plan);
    assert_eq!(deliveries(&record), [("n1->n2 Ping#1".to_owned(), 30 * MS)]);
    let counts = record.head.messages;
    assert_eq!((counts.sent, counts.delivered, counts.dropped.down), (2, 1, 1));
    // A receiver that is back in time hears it.
    plan.faults.push(fault(29, 0, Fault::Restart(nodes(&[2]))));
    assert_eq!(run(&plan).head.messages.delivered, 2);
}

#[test]
fn messages_to_oneself_arrive_at_once_in_order_and_are_never_faulted() {
    let mut plan = puppets(
        2,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 10), Do::Arm(Zulu(1), 10)]),
            (
                0,
                On::Bell(Zulu(0)),
                &[Do::Send(0, Ping(1)), Do::Send(1, Pong(9)), Do::Send(0, Ping(2))],
            ),
            (0, On::Body(Ping(1)), &[Do::Send(0, Ping(3))]),
        ],
    );
    plan.network.loss = chance(1.0);
    plan.network.duplicate = chance(1.0);
    plan.faults = vec![fault(1, 0, Fault::Partition(vec![vec![nodes(&[0])], vec![nodes(&[1])]]))];
    let record = run(&plan);
    let heard: Vec<String> = notes(&record, 0);
    let expected = [
        "10 Rang { bell: Zulu(0), clock: 10000000 }",
        "10 Rang { bell: Zulu(1), clock: 10000000 }",
        "10 Heard { from: 0, body: Ping(1), clock: 10000000 }",
        "10 Heard { from: 0, body: Ping(2), clock: 10000000 }",
        "10 Heard { from: 0, body: Ping(3), clock: 10000000 }",
    ];
    assert_eq!(heard, expected);
    assert_eq!(record.head.messages.sent, 1, "only the one to n2 counts");
}

#[test]
fn messages_to_oneself_die_with_a_crash() {
    // Faults of an instant come before what is sent in it: at 0 s the node boots and writes to
    // itself, crashes, and is up again when the message would arrive.
    let mut plan = puppets(1, &[(0, On::Again(0), &[Do::Send(0, Ping(1))])]);
    assert_eq!(notes(&run(&plan), 0).len(), 1);
    plan.faults =
        vec![fault(0, 0, Fault::Crash(nodes(&[0]))), fault(0, 0, Fault::Restart(nodes(&[0])))];
    let record = run(&plan);
    assert_eq!((notes(&record, 0).len(), boots(&record, 0).len()), (0, 2));
}

#[test]
fn loss_and_latency_windows_hold_while_they_last() {
    let mut plan = stream();
    plan.faults = vec![
        fault(10, 20, Fault::Loss(chance(1.0))),
        fault(15, 20, Fault::Loss(chance(0.0))),
        fault(50, 10, Fault::Latency(Law::Constant(Span::millis(30)))),
        fault(55, 10, Fault::Latency(Law::Constant(Span::millis(5)))),
    ];
    for fault in &mut plan.faults {
        shift(fault, MS / 2);
    }
    let record = run(&plan);
    // Ping n is sent at n + 1 ms. The worst of several losses counts, the latest of latencies.
    let latency = |n: u64| match n + 1 {
        11..=30 => None,
        51..=55 => Some(30),
        56..=65 => Some(5),
        _ => Some(1),
    };
    let mut expected: Vec<(String, u64)> = (0..100)
        .filter_map(|n| Some((format!("n1->n2 Ping#{}", n + 1), (n + 1 + latency(n)?) * MS)))
        .collect();
    let mut found = deliveries(&record);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(record.head.messages.dropped.loss, 20);
    let rows: Vec<String> = record
        .trace
        .rows()
        .filter(|row| row.kind == RowKind::Fault)
        .map(|row| row.text().into_owned())
        .collect();
    assert_eq!(rows[0], "the network changes: loss 100 %");
    assert_eq!(rows[2], "the network is as before: no more loss 100 %");
    assert_eq!(rows.len(), 8);
}
