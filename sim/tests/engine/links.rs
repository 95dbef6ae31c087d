//! Links with a bandwidth, places with routes between them, and what goes wrong on either: every
//! number here follows from the plan by hand.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{
    Burst, Change, Ends, Fault, LinkRule, Place, PlaceLink, Plan, Scope, Sharing, Target, Topology,
    Weather, Wire,
};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::{Bulk, Ping, Pong};
use crate::puppet::{Do, On};

const MBIT: u64 = 1_000_000;

fn wire(bandwidth: u64, sharing: Sharing) -> Option<Wire> {
    Some(Wire { bandwidth, queue: None, sharing })
}

fn link(from: usize, to: usize, latency: u64) -> PlaceLink {
    PlaceLink {
        from,
        to,
        latency: Law::Constant(Span::millis(latency)),
        loss: Chance::NEVER,
        corrupt: Chance::NEVER,
        burst: None,
        wire: None,
    }
}

/// Places by name with the nodes at them, and links in both directions.
fn topology(places: &[(&str, &[u32])], links: &[(usize, usize, u64)]) -> Topology {
    let place = |(name, ids): &(&str, &[u32])| Place {
        name: (*name).to_owned(),
        nodes: ids.iter().map(|id| NodeId(*id)).collect(),
    };
    let both = |(a, b, ms): &(usize, usize, u64)| [link(*a, *b, *ms), link(*b, *a, *ms)];
    Topology {
        places: places.iter().map(place).collect(),
        links: links.iter().flat_map(both).collect(),
    }
}

/// The addresses that were delivered, with the milliseconds at which they were.
fn arrivals(record: &Record) -> Vec<(String, u64)> {
    deliveries(record).into_iter().map(|(address, at)| (address, at / MS)).collect()
}

fn arrived(found: &[(&str, u64)]) -> Vec<(String, u64)> {
    found.iter().map(|(address, at)| ((*address).to_owned(), *at)).collect()
}

/// What became of the messages that died, in their order.
fn deaths(record: &Record) -> Vec<String> {
    let rows = record.trace.rows().filter(|row| row.kind == RowKind::Drop);
    rows.map(|row| format!("{} {}", row.address(), row.text())).collect()
}

/// n1 sends these at the start, one by one.
fn sends(servers: u32, acts: &[Do]) -> Plan {
    puppets(servers, &[(0, On::Boot, acts)])
}

/// check:N1: three hops, ten packets of 12 kbit, 1 Mbit/s, 10 ms: hops (L/B + d) + (P - 1) L/B is
/// 174 ms, and 390 ms for the same in one message.
#[test]
fn packets_are_stored_and_forwarded() {
    let mut chain = topology(
        &[("a", &[0]), ("b", &[]), ("c", &[]), ("d", &[1])],
        &[(0, 1, 10), (1, 2, 10), (2, 3, 10)],
    );
    chain.links.iter_mut().for_each(|link| link.wire = wire(MBIT, Sharing::Fifo));
    let last = |acts: &[Do]| {
        let mut plan = sends(2, acts);
        plan.network.topology = Some(chain.clone());
        deliveries(&run(&plan)).last().expect("a delivery").1
    };
    assert_eq!(last(&[Do::Send(1, Bulk(1_500)); 10]), 174 * MS);
    assert_eq!(last(&[Do::Send(1, Bulk(15_000))]), 390 * MS);
}

/// check:Q14: equal transfers end together where they share a link, and one after the other where
/// they queue for it. The latency of 1 ms comes on top.
#[test]
fn transfers_share_a_link_or_queue_for_it() {
    let mut plan =
        sends(3, &[Do::Send(1, Bulk(1_250)), Do::Send(1, Bulk(1_250)), Do::Send(2, Bulk(1_250))]);
    plan.network.wire = wire(MBIT, Sharing::Fifo);
    let one = [("n1->n2 Bulk#1", 11), ("n1->n3 Bulk#1", 11), ("n1->n2 Bulk#2", 21)];
    assert_eq!(arrivals(&run(&plan)), arrived(&one), "each link has a wire of its own");
    plan.network.wire = wire(MBIT, Sharing::Fair);
    plan.laws = Default::default();
    let both = [("n1->n3 Bulk#1", 11), ("n1->n2 Bulk#1", 21), ("n1->n2 Bulk#2", 21)];
    assert_eq!(arrivals(&run(&plan)), arrived(&both));
}

#[test]
fn a_full_queue_turns_messages_away_and_counts_them() {
    let mut plan = sends(2, &[Do::Send(1, Bulk(1_000)); 5]);
    plan.network.wire = Some(Wire { bandwidth: MBIT, queue: Some(3_000), sharing: Sharing::Fifo });
    let record = run(&plan);
    let fates = (record.head.messages.delivered, record.head.messages.dropped.overflow);
    assert_eq!(fates, (3, 2));
    assert_eq!(record.head.metrics["messages_overflowed"], 2);
    let expected = [4, 5].map(|n| format!("n1->n2 Bulk#{n} the queue of the link is full"));
    assert_eq!(deaths(&record), expected);
}

/// A window of less bandwidth slows down what is being sent already, and a link without a bandwidth
/// lets go of everything when the window ends.
#[test]
fn bandwidth_changes_while_messages_are_being_sent() {
    let change =
        |rate| Fault::Weather(Weather { change: Change::Bandwidth(rate), scope: Scope::default() });
    // 10 ms at 1 Mbit/s; 4 of them pass at 1, then 2 ms of work at a tenth, then the other 4.
    let mut plan = sends(2, &[Do::Send(1, Bulk(1_250))]);
    plan.network.wire = wire(MBIT, Sharing::Fair);
    plan.faults = vec![fault(4, 20, change(MBIT / 10))];
    assert_eq!(arrivals(&run(&plan)), arrived(&[("n1->n2 Bulk#1", 29)]));

    let mut plan = puppets(
        2,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 2)]),
            (0, On::Bell(Zulu(0)), &[Do::Send(1, Bulk(1_250)), Do::Send(1, Bulk(1_250))]),
        ],
    );
    plan.faults = vec![fault(1, 20, change(MBIT))];
    let found = [("n1->n2 Bulk#1", 13), ("n1->n2 Bulk#2", 22)];
    assert_eq!(arrivals(&run(&plan)), arrived(&found));
}

#[test]
fn what_arrives_corrupt_is_thrown_away_then() {
    let mut plan = sends(3, &[Do::Send(1, Ping(1)), Do::Send(2, Ping(2))]);
    plan.network.links = vec![LinkRule {
        from: vec![NodeId(0)],
        to: vec![NodeId(1)],
        corrupt: Some(chance(1.0)),
        ..LinkRule::default()
    }];
    let record = run(&plan);
    assert_eq!(arrivals(&record), arrived(&[("n1->n3 Ping#1", 1)]));
    assert_eq!(deaths(&record), ["n1->n2 Ping#1 it arrives corrupt"]);
    assert_eq!(record.head.messages.dropped.corrupt, 1);
    let died = record.trace.rows().find(|row| row.kind == RowKind::Drop).expect("a row");
    assert_eq!(died.at_ns, MS, "on arrival");
}

#[test]
fn rules_may_be_about_some_kinds_only() {
    let mut plan = sends(2, &[Do::Send(1, Ping(1)), Do::Send(1, Pong(1)), Do::Send(1, Bulk(9))]);
    let all = vec![NodeId(0), NodeId(1)];
    plan.network.links = vec![
        LinkRule {
            from: all.clone(),
            to: all.clone(),
            messages: vec![1, 2],
            latency: Some(Law::Constant(Span::millis(7))),
            ..LinkRule::default()
        },
        LinkRule {
            from: all.clone(),
            to: all,
            messages: vec![2],
            loss: Some(chance(1.0)),
            ..LinkRule::default()
        },
    ];
    let record = run(&plan);
    assert_eq!(arrivals(&record), arrived(&[("n1->n2 Ping#1", 1), ("n1->n2 Pong#1", 7)]));
    assert_eq!(deaths(&record), ["n1->n2 Bulk#1 lost"]);
}

#[test]
fn a_live_host_refuses_for_a_process_that_is_down() {
    let mut plan = puppets(
        3,
        &[
            (0, On::Again(0), &[Do::Arm(Zulu(0), 20)]),
            (0, On::Bell(Zulu(0)), &[Do::Send(1, Pong(1))]),
            (0, On::Refused, &[Do::Send(2, Ping(2))]),
        ],
    );
    plan.network.refuse = true;
    plan.network.latency = Law::Constant(Span::millis(3));
    plan.faults = vec![fault(10, 0, Fault::Crash(nodes(&[1])))];
    let record = run(&plan);
    assert_eq!(arrivals(&record), arrived(&[("n1->n3 Ping#1", 29)]), "heard at 26 ms");
    let dropped = record.head.messages.dropped;
    assert_eq!((dropped.refused, dropped.down), (1, 0));
    let noted = notes(&record, 0).pop().expect("a note");
    assert!(noted.contains("Refused { to: 1, kind: 1, clock: 26000000 }"), "{noted}");

    // Who crashes meanwhile does not hear of it, not even when it is up again.
    plan.faults.push(fault(24, 1, Fault::Crash(nodes(&[0]))));
    assert!(arrivals(&run(&plan)).is_empty());
    // Nor does anybody whom the answer can not reach.
    plan.faults.pop();
    plan.faults.push(fault(21, 50, Fault::OneWay { from: nodes(&[1]), to: nodes(&[0]) }));
    assert!(arrivals(&run(&plan)).is_empty());
    // Without `refuse` nothing is heard.
    plan.faults.pop();
    plan.network.refuse = false;
    plan.laws = Default::default();
    let silent = run(&plan);
    assert!(arrivals(&silent).is_empty());
    assert_eq!((silent.head.messages.dropped.refused, silent.head.messages.dropped.down), (0, 1));
}

/// Two ways from a to d: over b in 4 ms, over c in 6; a direct link takes 9.
fn square() -> Topology {
    topology(
        &[("a", &[0, 2]), ("b", &[]), ("c", &[]), ("d", &[1])],
        &[(0, 3, 9), (0, 2, 3), (2, 3, 3), (0, 1, 2), (1, 3, 2)],
    )
}

/// n1 sends to n2 every 10 ms from 10 ms on.
fn squared() -> Plan {
    let mut plan = puppets(
        3,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 10), Do::Send(2, Ping(0))]),
            (0, On::Bell(Zulu(0)), &[Do::Send(1, Ping(1)), Do::Arm(Zulu(1), 10)]),
            (0, On::Bell(Zulu(1)), &[Do::Send(1, Ping(2)), Do::Arm(Zulu(2), 10)]),
            (0, On::Bell(Zulu(2)), &[Do::Send(1, Ping(3))]),
        ],
    );
    plan.network.topology = Some(square());
    plan
}

/// Both directions of the square's links by their number.
fn cut(links: &[usize]) -> Fault {
    Fault::CutLinks(links.iter().flat_map(|link| [link * 2, link * 2 + 1]).collect())
}

#[test]
fn messages_take_the_shortest_way_that_is_left() {
    let mut plan = squared();
    let found = |plan: &Plan| arrivals(&run(plan));
    let at_home = ("n1->n3 Ping#1", 1);
    let times = |a, b, c| {
        arrived(&[at_home, ("n1->n2 Ping#1", a), ("n1->n2 Ping#2", b), ("n1->n2 Ping#3", c)])
    };
    assert_eq!(found(&plan), times(14, 24, 34));
    plan.faults = vec![fault(15, 10, cut(&[4]))];
    assert_eq!(found(&plan), times(14, 26, 34), "around, and back again when it heals");
    plan.faults.push(fault(25, 0, cut(&[2, 3])));
    assert_eq!(found(&plan), times(14, 26, 39));
    // Nothing leads there any more.
    plan.faults = vec![fault(15, 0, cut(&[0, 1, 3]))];
    let record = run(&plan);
    assert_eq!(arrivals(&record), arrived(&[at_home, ("n1->n2 Ping#1", 14)]));
    assert_eq!(record.head.messages.dropped.no_route, 2);
    assert_eq!(record.faults[0].kind, "cut");
}

/// At b the link on is cut by then: the way is back to a and over c.
#[test]
fn a_message_decides_at_each_place_by_the_routes_of_that_moment() {
    let mut plan = squared();
    plan.faults = vec![fault(11, 0, cut(&[4]))];
    let first = ("n1->n2 Ping#1".to_owned(), 10 + 2 + 2 + 6);
    assert!(arrivals(&run(&plan)).contains(&first));
    // With no way on it dies there.
    plan.faults = vec![fault(11, 0, cut(&[0, 1, 2, 4]))];
    let record = run(&plan);
    assert_eq!(deaths(&record)[0], "n1->n2 Ping#1 no route leads to the receiver");
}

#[test]
fn of_equal_ways_the_one_with_fewer_links_and_the_first_in_the_plan_is_taken() {
    let ways = |links: &[(usize, usize, u64)]| {
        let mut plan = sends(2, &[Do::Send(1, Ping(1))]);
        let mut ways = topology(&[("a", &[0]), ("b", &[]), ("c", &[]), ("d", &[1])], links);
        // What goes over b is lost.
        let lossy = |link: &&mut PlaceLink| link.from == 1 || link.to == 1;
        ways.links.iter_mut().filter(lossy).for_each(|link| link.loss = Chance::ALWAYS);
        plan.network.topology = Some(ways);
        run(&plan).head.messages.delivered
    };
    assert_eq!(ways(&[(0, 1, 2), (1, 3, 2), (0, 2, 2), (2, 3, 2)]), 0);
    assert_eq!(ways(&[(0, 2, 2), (2, 3, 2), (0, 1, 2), (1, 3, 2)]), 1);
    assert_eq!(ways(&[(0, 1, 2), (1, 3, 2), (0, 3, 4)]), 1, "fewer links");
    assert_eq!(ways(&[(0, 1, 0), (1, 3, 0), (0, 3, 0)]), 1, "even where all are free");
}

/// n1 sends to n2 and n3, and n2 to n1, at 1, 11 and 21 ms.
fn talk() -> Plan {
    let to_both = |n: u8| {
        let number = u32::from(n);
        [Do::Send(1, Ping(number)), Do::Send(2, Pong(number)), Do::Arm(Zulu(n), 10)]
    };
    puppets(
        3,
        &[
            (0, On::Boot, &[Do::Arm(Zulu(0), 1)]),
            (1, On::Boot, &[Do::Arm(Zulu(0), 1)]),
            (0, On::Bell(Zulu(0)), &to_both(1)),
            (0, On::Bell(Zulu(1)), &to_both(2)),
            (0, On::Bell(Zulu(2)), &to_both(3)[..2]),
            (1, On::Bell(Zulu(0)), &[Do::Send(0, Ping(1)), Do::Arm(Zulu(1), 10)]),
            (1, On::Bell(Zulu(1)), &[Do::Send(0, Ping(2))]),
        ],
    )
}

fn during(change: Change, ends: Ends, messages: &[usize]) -> Plan {
    let scope = Scope { ends, messages: messages.to_vec() };
    let mut plan = talk();
    plan.faults = vec![fault(10, 30, Fault::Weather(Weather { change, scope }))];
    plan
}

#[test]
fn clogged_messages_wait_for_the_end_and_keep_their_order() {
    let found = |ends| {
        let record = run(&during(Change::Clog, ends, &[]));
        assert_eq!((record.head.messages.dropped.total(), record.head.metrics["clogs"]), (0, 1));
        arrivals(&record)
    };
    let before = [("n1->n2 Ping#1", 2), ("n1->n3 Pong#1", 2), ("n2->n1 Ping#1", 2)];
    let late = |rest: &[(&str, u64)]| {
        let mut all = arrived(&before);
        all.extend(arrived(rest));
        all.sort_by_key(|(_, at)| *at);
        all
    };
    let (two, three) = ("n1->n2 Ping#2", "n1->n2 Ping#3");
    let others = [("n1->n3 Pong#2", 12), ("n1->n3 Pong#3", 22)];
    let sorted = |mut found: Vec<(String, u64)>| {
        found.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        found
    };
    let at = Ends::At(vec![nodes(&[1])]);
    let held = [(two, 41), ("n2->n1 Ping#2", 41), (three, 41), others[0], others[1]];
    assert_eq!(sorted(found(at)), sorted(late(&held)));
    let one_way = Ends::Directed { from: vec![nodes(&[0])], to: vec![nodes(&[1])] };
    let held = [(two, 41), (three, 41), ("n2->n1 Ping#2", 12), others[0], others[1]];
    assert_eq!(sorted(found(one_way)), sorted(late(&held)));
}

#[test]
fn changes_are_about_the_messages_they_name() {
    let slow = || Change::Latency(Law::Constant(Span::millis(5)));
    let count = |change: Change, ends: Ends, messages: &[usize]| {
        let record = run(&during(change, ends, messages));
        arrivals(&record)
            .into_iter()
            .filter(|(_, at)| matches!(at, 16 | 26))
            .map(|(a, _)| a)
            .collect::<Vec<_>>()
    };
    let some = |ids: &[u32]| vec![nodes(ids)];
    assert_eq!(count(slow(), Ends::All, &[]).len(), 5);
    assert_eq!(count(slow(), Ends::All, &[1]), ["n1->n3 Pong#2", "n1->n3 Pong#3"]);
    let from_n2 = Ends::Directed { from: some(&[1]), to: vec![] };
    assert_eq!(count(slow(), from_n2, &[]), ["n2->n1 Ping#2"]);
    let to_n2 = Ends::Directed { from: vec![], to: some(&[1]) };
    assert_eq!(count(slow(), to_n2, &[]), ["n1->n2 Ping#2", "n1->n2 Ping#3"]);
    let between = Ends::Between(some(&[0]), some(&[1]));
    assert_eq!(count(slow(), between.clone(), &[]).len(), 3);

    let fates = |change: Change| {
        let m = run(&during(change, between.clone(), &[])).head.messages;
        (m.sent, m.delivered, m.duplicated, m.dropped.loss, m.dropped.corrupt)
    };
    assert_eq!(fates(Change::Loss(chance(1.0))), (8, 5, 0, 3, 0));
    assert_eq!(fates(Change::Duplicate(chance(1.0))), (8, 11, 3, 0, 0));
    assert_eq!(fates(Change::Corrupt(chance(1.0))), (8, 5, 0, 0, 3));
    let burst = Burst { begins: chance(1.0), ends: chance(0.0), loss: chance(1.0) };
    assert_eq!(fates(Change::Burst(burst)), (8, 5, 0, 3, 0));
    // A change for nobody changes nothing.
    let nobody = Ends::Directed { from: vec![Target::Leader], to: vec![] };
    let record = run(&during(slow(), nobody, &[]));
    assert_eq!(record.head.metrics["faults_missed"], 1);
}

/// Each node is clogged from an instant of the first half on to one of the second.
#[test]
fn a_swizzle_clogs_node_by_node() {
    for seed in 0..20 {
        let mut plan = talk();
        let all = Target::Nodes((0..3).map(NodeId).collect());
        plan.faults = vec![fault(100, 100, Fault::Swizzle(vec![all]))];
        let record = run_seeded(&plan, seed);
        let of = |text: &str| {
            let rows = record.trace.rows();
            let rows = rows.filter(|row| row.kind == RowKind::Fault && row.text() == text);
            rows.map(|row| (row.at_ns, row.node)).collect::<Vec<_>>()
        };
        let (begun, ended) = (of("is clogged"), of("is clogged no more"));
        assert_eq!((begun.len(), ended.len()), (3, 3));
        assert!(begun.iter().all(|(at, _)| (100 * MS..150 * MS).contains(at)), "{begun:?}");
        assert!(ended.iter().all(|(at, _)| (150 * MS..200 * MS).contains(at)), "{ended:?}");
        assert!(begun[0].0 < begun[2].0 && ended[0].0 < ended[2].0, "each at its own time");
        assert_eq!(record.head.metrics["clogs"], 3);
    }
}

/// Every server sends to every other at 20 ms; gives back who hears whom.
fn hearing(servers: u32, seed: u64, what: Fault) -> Vec<Vec<u32>> {
    let others = |me: u32| (0..servers).filter(move |to| *to != me);
    let rules: Vec<(u32, On, Vec<Do>)> = (0..servers)
        .flat_map(|me| {
            let sends = others(me).map(|to| Do::Send(to, Ping(me))).collect();
            [(me, On::Boot, vec![Do::Arm(Zulu(0), 20)]), (me, On::Bell(Zulu(0)), sends)]
        })
        .collect();
    let rules: Vec<(u32, On, &[Do])> = rules.iter().map(|(n, on, d)| (*n, *on, &d[..])).collect();
    let mut plan = puppets(servers, &rules);
    plan.faults = vec![fault(10, 0, what)];
    let record = run_seeded(&plan, seed);
    let number = |node: &str| node[1..].parse::<u32>().expect("a server") - 1;
    let mut heard: Vec<Vec<u32>> = (0..servers).map(|me| vec![me]).collect();
    for (address, _) in deliveries(&record) {
        let (from, rest) = address.split_once("->").expect("an address");
        let to = rest.split(' ').next().expect("a receiver");
        heard[number(to) as usize].push(number(from));
    }
    heard.iter_mut().for_each(|heard| heard.sort_unstable());
    heard
}

#[test]
fn a_ring_lets_everybody_hear_another_majority() {
    for (servers, seed) in [(3, 1), (4, 1), (5, 1), (5, 2), (6, 3), (7, 4)] {
        let mut heard = hearing(servers, seed, Fault::Ring);
        let most = servers as usize / 2 + 1;
        assert!(heard.iter().all(|heard| heard.len() == most), "{heard:?}");
        heard.sort();
        heard.dedup();
        assert_eq!(heard.len(), servers as usize, "no two the same: {heard:?}");
    }
    assert_ne!(hearing(5, 1, Fault::Ring), hearing(5, 2, Fault::Ring), "its order is drawn");
    // Two are a majority each: there is nothing to cut.
    assert_eq!(hearing(2, 1, Fault::Ring), [[0, 1], [0, 1]]);
}

#[test]
fn a_bridge_alone_hears_both_halves() {
    for seed in 1..=5 {
        let heard = hearing(6, seed, Fault::Bridge(nodes(&[2])));
        assert_eq!(heard[2], [0, 1, 2, 3, 4, 5]);
        let mut halves: Vec<&Vec<u32>> = [0, 1, 3, 4, 5].map(|n: usize| &heard[n]).into();
        halves.sort();
        halves.dedup();
        let [a, b] = halves[..] else { panic!("two halves: {heard:?}") };
        assert!(a.len() + b.len() == 7 && a.len().abs_diff(b.len()) == 1, "{heard:?}");
        let both: Vec<&u32> = a.iter().filter(|n| b.contains(n)).collect();
        assert_eq!(both, [&2]);
    }
    assert_ne!(
        hearing(6, 1, Fault::Bridge(nodes(&[2]))),
        hearing(6, 2, Fault::Bridge(nodes(&[2]))),
        "the halves are drawn"
    );
}
