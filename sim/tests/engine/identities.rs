//! The exact identities of the kernel, `check:K1` to `check:K5`, on runs that use every feature. The
//! engine itself asserts K1, K2 and K3 at the end of each run and panics with both sides otherwise;
//! that it notices what is wrong is shown in `sim/src/simulation/tests/planted.rs`.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{
    Burst, Expect, Fault, LinkRule, Order, Place, PlaceLink, Plan, Sharing, Topology, Watch, Wire,
};
use rehearsal_sim::protocol::{NoConfig, NodeId};
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::skew::{Drift, Offset, Skew};
use rehearsal_sim::time::Span;

use crate::beacon::{BEACON, Config, beacon};
use crate::plans::*;
use crate::puppet::Bell::{Alpha, Zulu};
use crate::puppet::Body::Ping;
use crate::puppet::{Bell, Do, On};
use crate::random_runs::check_links;
use crate::town::TOWN;

/// A town in which everything there is goes wrong.
fn everything() -> Plan {
    let mut plan = plan(4, 2, erased(NoConfig {}));
    plan.duration = Span::secs(4);
    let burst = |loss| Burst { begins: chance(0.01), ends: chance(0.3), loss: chance(loss) };
    let wire = |bandwidth, sharing| Wire { bandwidth, queue: Some(4_000), sharing };
    let network = &mut plan.network;
    network.latency = Law::Exponential { mean: Span::millis(2) };
    (network.loss, network.duplicate) = (chance(0.02), chance(0.05));
    (network.corrupt, network.burst) = (chance(0.01), Some(burst(0.9)));
    network.wire = Some(wire(4_000_000, Sharing::Fifo));
    network.refuse = true;
    network.links = vec![LinkRule {
        from: vec![NodeId(0)],
        to: vec![NodeId(1)],
        order: Some(Order::Fifo),
        sharing: Some(Sharing::Fair),
        ..LinkRule::default()
    }];
    let link = |from: usize, to: usize, sharing| PlaceLink {
        from,
        to,
        latency: Law::Uniform { from: Span::micros(200), to: Span::millis(2) },
        loss: chance(0.01),
        corrupt: chance(0.01),
        burst: Some(burst(0.5)),
        wire: Some(wire(600_000, sharing)),
    };
    let place = |name: &str, nodes: &[u32]| Place {
        name: name.to_owned(),
        nodes: nodes.iter().copied().map(NodeId).collect(),
    };
    network.topology = Some(Topology {
        places: vec![place("east", &[0, 1]), place("core", &[]), place("west", &[2, 3, 4, 5])],
        links: vec![
            link(0, 1, Sharing::Fifo),
            link(1, 0, Sharing::Fair),
            link(1, 2, Sharing::Fair),
            link(2, 1, Sharing::Fifo),
        ],
    });
    plan.processor.step = Some(Law::Exponential { mean: Span::micros(900) });
    plan.processor.queue = Some(6);
    plan.processor.cold_start = Some(Law::Constant(Span::millis(5)));
    let way = 5_000_000;
    plan.clock.offset = Skew { lo: Offset(-way), hi: Offset(way) };
    plan.clock.drift = Skew { lo: Drift(-500), hi: Drift(500) };
    plan.disk.sync_latency = Law::Exponential { mean: Span::millis(3) };
    (plan.disk.survives, plan.disk.torn) = (chance(0.5), chance(0.5));
    plan.workload = Some(every(3));
    let group = |ids: &[u32]| vec![nodes(ids)];
    plan.faults = vec![
        fault(300, 400, Fault::Crash(nodes(&[1]))),
        fault(600, 300, Fault::Pause(nodes(&[2]))),
        fault(900, 300, Fault::Partition(vec![group(&[0]), group(&[2, 3])])),
        fault(1_300, 300, Fault::Slow { nodes: nodes(&[3]), step: Law::Constant(Span::millis(9)) }),
        fault(1_700, 300, Fault::CutLinks(vec![0, 1])),
        fault(2_100, 0, Fault::ClockJump { nodes: nodes(&[0]), by: Offset(1_000_000_000) }),
        fault(2_200, 300, Fault::Loss(chance(0.3))),
        fault(2_500, 300, Fault::Crash(nodes(&[0, 4]))),
        fault(3_900, 0, Fault::Pause(nodes(&[3]))),
    ];
    plan
}

/// The engine asserts its books whatever goes on; here everything goes on, and is seen to.
#[test]
fn k1_k2_k3_hold_where_every_feature_is_used() {
    let mut under_way = 0;
    for seed in 0..10 {
        let record = (TOWN.run)(&everything(), seed, &Watch::TRACED);
        let m = record.head.messages;
        let d = m.dropped;
        let all = [d.loss, d.cut, d.no_route, d.down + d.refused, d.corrupt, d.overflow];
        assert!(all.into_iter().all(|count| count > 0), "seed {seed}: {m:?}");
        assert!(m.duplicated > 0, "{m:?}");
        under_way += m.in_flight;
        assert!(record.head.operations.ok > 100, "{:?}", record.head.operations);
    }
    assert!(under_way > 0, "runs end in the middle");
}

/// check:K2, link by link, as the trace tells it; and cause by cause in sum.
#[test]
fn k2_every_copy_is_accounted_for_on_its_link() {
    for seed in 0..5 {
        let record = (TOWN.run)(&everything(), seed, &Watch::TRACED);
        assert_eq!(record.trace.omitted, 0);
        check_links(&record).unwrap();
        assert_eq!(record.trace.broken_law(&record.head.messages), None);
    }
}

/// check:K3 where the work is known: twenty messages come at once, each takes 3 ms of the processor, and
/// the run ends in the middle of the fifth.
#[test]
fn k3_a_processor_that_is_never_idle_does_a_step_after_the_other() {
    let sends: Vec<Do> = (0..20).map(|n| Do::Send(1, Ping(n))).collect();
    let mut plan = puppets(2, &[(0, On::Boot, &sends)]);
    plan.nodes[1].processor = Some(rehearsal_sim::plan::Processor {
        step: Some(Law::Constant(Span::millis(3))),
        ..Default::default()
    });
    plan.duration = Span::millis(14); // they come after 1 ms
    let heard = notes(&run(&plan), 1);
    let at: Vec<&str> = heard.iter().map(|note| note.split(' ').next().unwrap()).collect();
    assert_eq!(at, ["4", "7", "10", "13"]);
}

/// check:K4: who looks on, and who is there and idle, changes nothing of what happens.
#[test]
fn k4_an_idle_node_and_a_metric_change_nothing() {
    let config = Config { gap: Span::millis(1), poisson: true };
    let latency = Law::Exponential { mean: Span::millis(3) };
    let plan = beacon(config, latency, Span::secs(1));
    let record = (BEACON.run)(&plan, 1, &Watch::TRACED);
    assert!(deliveries(&record).len() > 900);
    let mut with_idle = plan.clone();
    with_idle.nodes.push(rehearsal_sim::plan::PlannedNode::new("n3".to_owned(), 0));
    with_idle.laws = Default::default();
    let with_idle = (BEACON.run)(&with_idle, 1, &Watch::TRACED);
    assert_eq!(deliveries(&with_idle), deliveries(&record));
    let mut measured = plan.clone();
    let name = "overtaken".to_owned();
    measured.expectations =
        vec![expecting(Expect::Metric { name, min: Some(0), max: Some(1_000) })];
    let measured = (BEACON.run)(&measured, 1, &Watch::QUIET);
    assert_eq!(measured.head.digest, record.head.digest);
    assert_eq!(measured.head.expectations.len(), 1);
}

/// The timers that rang on the first node, in order.
fn rang(record: &Record) -> Vec<String> {
    let name = |note: &String| {
        let (_, rest) = note.split_once("bell: ").expect("a bell");
        rest.split_once(',').expect("its clock").0.to_owned()
    };
    notes(record, 0).iter().map(name).collect()
}

/// check:K5: timers of one instant ring in the order they were set, whatever they are called; those that
/// were stopped never ring, and those that were set again come last.
#[test]
fn k5_same_time_timers_ring_in_the_order_they_were_set() {
    let mut state = 1u64;
    let mut below = |n: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % n
    };
    for n in 1..=8u8 {
        for _ in 0..40 {
            let mut left: Vec<Bell> =
                (0..n).map(|k| if k % 2 == 0 { Zulu(k) } else { Alpha(k) }).collect();
            let (mut acts, mut order) = (Vec::new(), Vec::new());
            while !left.is_empty() {
                let bell = left.swap_remove(below(left.len()));
                acts.push(Do::Arm(bell, 7));
                order.push(bell);
            }
            for _ in 0..below(3) {
                let bell = order[below(order.len())];
                order.retain(|other| *other != bell);
                if below(2) == 0 {
                    acts.push(Do::Disarm(bell));
                } else {
                    acts.push(Do::Arm(bell, 7));
                    order.push(bell);
                }
                if order.is_empty() {
                    break;
                }
            }
            let record = run(&puppets(1, &[(0, On::Boot, &acts)]));
            let expected: Vec<String> = order.iter().map(|bell| format!("{bell:?}")).collect();
            assert_eq!(rang(&record), expected, "{acts:?}");
        }
    }
}

/// check:K5: messages of one instant arrive in the order they were sent, over whichever links.
#[test]
fn k5_same_time_messages_arrive_in_the_order_they_were_sent() {
    let rules: Vec<(u32, On, Vec<Do>)> = (0..6)
        .map(|me| {
            (me, On::Boot, (0..6).rev().map(|to| Do::Send((me + to) % 6, Ping(to))).collect())
        })
        .collect();
    let rules: Vec<(u32, On, &[Do])> = rules.iter().map(|(n, on, d)| (*n, *on, &d[..])).collect();
    let record = run(&puppets(6, &rules));
    let of = |kind: RowKind| -> Vec<String> {
        record.trace.rows().filter(|row| row.kind == kind).map(|row| row.address()).collect()
    };
    assert_eq!(of(RowKind::Deliver).len(), 30);
    assert_eq!(of(RowKind::Deliver), of(RowKind::Send));
}

/// check:K5: no row of a run lies before the one before it, and none after the end.
#[test]
fn k5_time_never_goes_back() {
    for seed in 0..5 {
        let record = (TOWN.run)(&everything(), seed, &Watch::TRACED);
        let rows = record.trace.rows();
        assert!(rows.clone().count() > 5_000);
        assert!(rows.clone().is_sorted_by_key(|row| row.at_ns), "seed {seed}");
        assert!(rows.last().unwrap().at_ns <= record.head.virtual_ns);
    }
}
