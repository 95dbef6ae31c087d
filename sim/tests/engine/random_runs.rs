//! Random plans: whatever goes wrong, the books balance, and the same seed gives the same run.
//!
//! Conservation of messages and Little's law (of messages, operations and disks) are asserted by
//! the engine at the end of every run; a panic of the engine fails the test.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use rehearsal_sim::law::{KeyLaw, Law, Part, Quantile};
use rehearsal_sim::plan::{
    Burst, Change, Clock, Ends, Expect, Fault, LinkRule, Load, Order, Place, PlaceLink, Plan,
    PlannedFault, Processor, Scope, Sharing, Target, Topology, Watch, Weather, Wire, Workload,
};
use rehearsal_sim::protocol::{NoConfig, NodeId};
use rehearsal_sim::record::{Health, Judgement, Record, RowKind, Trace};
use rehearsal_sim::skew::{Drift, Offset, Skew};
use rehearsal_sim::time::{SimTime, Span};

use crate::plans::{chance, erased, expecting, plan};
use crate::town::TOWN;

const END: u64 = 400;

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        1 => Just(Span::ZERO),
        1 => Just(Span(1)),
        4 => (1u64..20).prop_map(Span::millis),
        1 => (20u64..500).prop_map(Span::millis),
    ]
}

fn law() -> impl Strategy<Value = Law> {
    let positive = || (1u64..20_000_000).prop_map(Span);
    prop_oneof![
        span().prop_map(Law::Constant),
        (span(), span()).prop_map(|(a, b)| Law::Uniform { from: a.min(b), to: a.max(b) }),
        positive().prop_map(|mean| Law::Exponential { mean }),
        (positive(), 1u64..30)
            .prop_map(|(median, times)| Law::Lognormal { median, p99: Span(median.0 * times) }),
        (positive(), 0u64..=10)
            .prop_map(|(mean, tenths)| Law::Normal { mean, sd: Span(mean.0 / 10 * tenths) }),
        (positive(), 0.5..3.0).prop_map(|(shortest, exponent)| Law::Pareto { shortest, exponent }),
        (positive(), 0.2..3.0).prop_map(|(scale, shape)| Law::Weibull { scale, shape }),
        (span(), positive(), 0.1..0.9).prop_map(|(span, mean, share)| {
            let part = |share, law| Part { share: chance(share), law };
            let rest = Law::Exponential { mean };
            Law::Mixture(vec![part(share, Law::Constant(span)), part(1.0 - share, rest)])
        }),
        (span(), span(), 0.0..0.9).prop_map(|(a, b, p)| {
            let row = |up_to, span| Quantile { up_to: chance(up_to), span };
            Law::Empirical(vec![row(p, a.min(b)), row(1.0, a.max(b))])
        }),
        vec(span(), 1..5).prop_map(Law::Samples),
    ]
}

fn likely() -> impl Strategy<Value = rehearsal_sim::random::Chance> {
    prop_oneof![3 => Just(0.0), 2 => 0.0..0.3, 1 => Just(1.0)].prop_map(chance)
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Fifo), Just(Order::Reordering)]
}

fn ids(count: u32) -> impl Strategy<Value = Vec<NodeId>> {
    vec((0..count).prop_map(NodeId), 0..4)
}

fn target(count: u32) -> impl Strategy<Value = Target> {
    prop_oneof![
        3 => ids(count).prop_map(Target::Nodes),
        1 => Just(Target::Leader),
        1 => Just(Target::Followers),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        likely().prop_map(Change::Loss),
        law().boxed().prop_map(Change::Latency),
        likely().prop_map(Change::Duplicate),
        likely().prop_map(Change::Corrupt),
        burst().prop_map(Change::Burst),
        wire().prop_map(|wire| Change::Bandwidth(wire.bandwidth)),
        Just(Change::Clog),
    ]
}

fn ends(count: u32) -> impl Strategy<Value = Ends> {
    let some = move || vec(target(count), 0..3);
    prop_oneof![
        Just(Ends::All),
        (some(), some()).prop_map(|(from, to)| Ends::Directed { from, to }),
        (some(), some()).prop_map(|(a, b)| Ends::Between(a, b)),
        some().prop_map(Ends::At),
    ]
}

/// How long a process stays up or down: not so short that nothing else happens.
fn turn() -> impl Strategy<Value = Law> {
    (5u64..100).prop_map(|mean| Law::Exponential { mean: Span::millis(mean) })
}

fn machines(count: u32) -> impl Strategy<Value = Fault> {
    let offset = || (-2_000_000_000i64..2_000_000_000).prop_map(Offset);
    prop_oneof![
        (target(count), law().boxed()).prop_map(|(nodes, step)| Fault::Slow { nodes, step }),
        (target(count), turn(), turn()).prop_map(|(nodes, up, down)| Fault::CrashLoop {
            nodes,
            up,
            down
        }),
        (target(count), offset()).prop_map(|(nodes, by)| Fault::ClockJump { nodes, by }),
        (target(count), offset()).prop_map(|(nodes, by)| Fault::ClockOffset { nodes, by }),
        (target(count), -100_000i32..100_000)
            .prop_map(|(nodes, by)| Fault::ClockDrift { nodes, by: Drift(by) }),
        target(count).prop_map(Fault::ClockFreeze),
        (target(count), 0usize..2).prop_map(|(nodes, timer)| Fault::Fire { nodes, timer }),
    ]
}

fn fault(count: u32) -> impl Strategy<Value = PlannedFault> {
    let at = prop_oneof![
        1 => Just(0),
        1 => Just(END),
        // Round instants, so that faults meet.
        4 => (0..END / 20).prop_map(|n| n * 20),
    ];
    let lasts = prop_oneof![
        1 => Just(None),
        1 => Just(Some(Span::ZERO)),
        1 => Just(Some(Span(u64::MAX))),
        6 => (1u64..10).prop_map(|n| Some(Span::millis(n * 20))),
    ];
    let what = prop_oneof![
        4 => target(count).prop_map(Fault::Crash),
        2 => target(count).prop_map(Fault::Restart),
        4 => target(count).prop_map(Fault::Pause),
        2 => vec(vec(target(count), 0..3), 0..4).prop_map(Fault::Partition),
        2 => (target(count), target(count)).prop_map(|(from, to)| Fault::OneWay { from, to }),
        1 => likely().prop_map(Fault::Loss),
        1 => law().boxed().prop_map(Fault::Latency),
        6 => (change().boxed(), ends(count).boxed(), vec(0usize..3, 0..2)).prop_map(|(change, ends, messages)| {
            Fault::Weather(Weather { change, scope: Scope { ends, messages } })
        }),
        2 => vec(target(count), 0..3).prop_map(Fault::Swizzle),
        1 => target(count).prop_map(Fault::Bridge),
        1 => Just(Fault::Ring),
        2 => vec(0usize..12, 0..3).prop_map(Fault::CutLinks),
        6 => machines(count).boxed(),
    ];
    (at, lasts, what)
        .prop_map(|(at, lasts, fault)| PlannedFault::once(SimTime(at * 1_000_000), lasts, fault))
}

fn burst() -> impl Strategy<Value = Burst> {
    (likely(), likely(), likely()).prop_map(|(begins, ends, loss)| Burst { begins, ends, loss })
}

/// From wires that hardly get anything sent to such that nobody notices: a message has 64 bytes.
fn wire() -> impl Strategy<Value = Wire> {
    let bandwidth = prop_oneof![
        1 => Just(1u64), 1 => Just(u64::MAX), 4 => 1_000u64..1_000_000, 4 => 1_000_000u64..100_000_000,
    ];
    let queue = proptest::option::of(prop_oneof![Just(0u64), 64u64..2_000]);
    let sharing = prop_oneof![Just(Sharing::Fifo), Just(Sharing::Fair)];
    (bandwidth, queue, sharing).prop_map(|(bandwidth, queue, sharing)| Wire {
        bandwidth,
        queue,
        sharing,
    })
}

/// Nodes spread over a few places, and links between any of these.
fn topology(count: u32) -> impl Strategy<Value = Topology> {
    let place_link = |places: usize| {
        let ends = (0..places, 0..places);
        let rest = (
            law().boxed(),
            likely(),
            likely(),
            proptest::option::of(burst()),
            proptest::option::of(wire()),
        );
        (ends, rest).prop_map(|((from, to), (latency, loss, corrupt, burst, wire))| PlaceLink {
            from,
            to,
            latency,
            loss,
            corrupt,
            burst,
            wire,
        })
    };
    (1usize..5).prop_flat_map(move |places| {
        let stands = vec(0..places, count as usize);
        (stands, vec(place_link(places).boxed(), 0..12)).prop_map(move |(stands, links)| {
            let at = |place: usize| {
                let nodes = (0u32..).zip(&stands).filter(|(_, at)| **at == place);
                Place {
                    name: format!("p{place}"),
                    nodes: nodes.map(|(id, _)| NodeId(id)).collect(),
                }
            };
            Topology { places: (0..places).map(at).collect(), links }
        })
    })
}

fn rule(count: u32) -> impl Strategy<Value = LinkRule> {
    let keys = (
        proptest::option::of(law().boxed()),
        proptest::option::of(likely()),
        proptest::option::of(likely()),
        proptest::option::of(order()),
    );
    let more = (
        vec(0usize..3, 0..2),
        proptest::option::of(likely()),
        proptest::option::of(burst()),
        proptest::option::of(wire()),
    );
    (ids(count), ids(count), keys, more).prop_map(|(from, to, keys, more)| {
        let (latency, loss, duplicate, order) = keys;
        let (messages, corrupt, burst, wire) = more;
        LinkRule {
            from,
            to,
            messages,
            latency,
            loss,
            duplicate,
            order,
            corrupt,
            burst,
            bandwidth: wire.map(|wire| wire.bandwidth),
            queue: wire.and_then(|wire| wire.queue),
            sharing: wire.map(|wire| wire.sharing),
        }
    })
}

fn workload() -> impl Strategy<Value = Option<Workload>> {
    let pace = || {
        prop_oneof![
            (1u64..30).prop_map(|n| Law::Constant(Span::millis(n))),
            (1u64..30).prop_map(|n| Law::Exponential { mean: Span::millis(n) }),
        ]
    };
    let load = prop_oneof![
        pace().prop_map(|gap| Load::Open { gap }),
        (0u32..5, pace()).prop_map(|(users, think)| Load::Closed { users, think }),
    ];
    let mix = prop_oneof![Just(vec![(0, 1)]), Just(vec![(0, 2), (1, 3)])];
    let stop = proptest::option::of((0..END).prop_map(|n| SimTime(n * 1_000_000)));
    let all = (load, mix, 0u64..200, stop, 1u64..5);
    proptest::option::of(all.prop_map(|(load, mix, start, stop, count)| Workload {
        load,
        keys: KeyLaw::Uniform { count },
        mix,
        start: SimTime(start * 1_000_000),
        stop,
    }))
}

fn skew<T: Copy + Ord + Default + std::fmt::Debug>(
    most: T,
    range: impl Strategy<Value = T>,
) -> impl Strategy<Value = Skew<T>> {
    prop_oneof![
        2 => Just(Skew::default()),
        1 => Just(Skew { lo: T::default(), hi: most }),
        2 => range.prop_map(Skew::fixed),
    ]
}

/// Half of them plain.
fn machine() -> impl Strategy<Value = (Processor, Clock)> {
    let processor = (
        proptest::option::of(law().boxed()),
        proptest::option::of(0u32..4),
        proptest::option::of(law().boxed()),
    );
    let clock = (
        skew(Offset::MOST, (-1_000_000_000i64..1_000_000_000).prop_map(Offset)),
        skew(Drift::MOST, (-100_000i32..100_000).prop_map(Drift)),
    );
    let machine = (processor, clock).prop_map(|((step, queue, cold_start), (offset, drift))| {
        (Processor { step, queue, cold_start }, Clock { offset, drift })
    });
    prop_oneof![Just((Processor::default(), Clock::default())), machine]
}

fn any_plan() -> impl Strategy<Value = Plan> {
    (0u32..5, 0u32..3).prop_filter("somebody", |(s, c)| s + c > 0).prop_flat_map(
        |(servers, clients)| {
            let count = servers + clients;
            let network =
                (law().boxed(), likely(), likely(), order(), vec(rule(count).boxed(), 0..3));
            let more = (
                likely(),
                weighted(0.3, burst().boxed()),
                weighted(0.3, wire().boxed()),
                weighted(0.5, topology(count).boxed()),
                any::<bool>(),
            );
            let rest = (
                law().boxed(),
                workload().boxed(),
                vec(fault(count).boxed(), 0..8),
                machine().boxed(),
                machine().boxed(),
            );
            (network, more, rest).prop_map(move |(network, more, rest)| {
                let (latency, loss, duplicate, order, links) = network;
                let (corrupt, burst, wire, topology, refuse) = more;
                let (sync_latency, workload, faults, all, first) = rest;
                let mut plan = plan(servers, clients, erased(NoConfig {}));
                plan.duration = Span::millis(END);
                plan.network.latency = latency;
                plan.network.loss = loss;
                plan.network.duplicate = duplicate;
                plan.network.order = order;
                plan.network.links = links;
                plan.network.corrupt = corrupt;
                plan.network.burst = burst;
                plan.network.wire = wire;
                plan.network.topology = topology;
                plan.network.refuse = refuse;
                plan.disk.sync_latency = sync_latency;
                (plan.processor, plan.clock) = all;
                (plan.nodes[0].processor, plan.nodes[0].clock) = (Some(first.0), Some(first.1));
                plan.workload = workload;
                plan.faults = faults;
                plan.expectations = vec![expecting(Expect::Metric {
                    name: "crashes".to_owned(),
                    min: Some(0),
                    max: None,
                })];
                plan
            })
        },
    )
}

/// What must be true of every record.
fn check(plan: &Plan, record: &Record) -> Result<(), TestCaseError> {
    let (m, o) = (record.head.messages, record.head.operations);
    prop_assert_eq!(m.sent + m.duplicated, m.delivered + m.dropped.total() + m.in_flight);
    prop_assert_eq!(o.called, o.ok + o.failed + o.unknown);
    prop_assert_eq!(record.head.latency_ns.count, o.ok);
    let sums = |buckets: &[u64]| buckets.iter().sum::<u64>();
    let series = &record.series;
    let found = (sums(&series.called), sums(&series.ok), sums(&series.failed));
    prop_assert_eq!(found, (o.called, o.ok, o.failed));
    for band in &record.faults {
        let to = band.to_ns.unwrap_or(record.head.virtual_ns);
        prop_assert!(band.from_ns <= to && to <= record.head.virtual_ns, "{:?}", band);
    }
    let of_kind = |kind: &str| record.faults.iter().filter(|band| band.kind == kind).count();
    prop_assert!(of_kind("crash") <= usize::try_from(record.head.metrics["crashes"]).unwrap());
    prop_assert!(record.standings.is_sorted_by_key(|change| change.at_ns));
    // Crashes and restarts take turns on every node, and bands of crashes tell who is down.
    for node in 0..u32::try_from(plan.nodes.len()).unwrap() {
        let of = |change: &&rehearsal_sim::record::StandingChange| change.node == node;
        let health: Vec<Health> = record.standings.iter().filter(of).map(|c| c.health).collect();
        prop_assert_eq!(health[0], Health::Up);
        let twice_down = health.windows(2).any(|pair| pair == [Health::Down, Health::Down]);
        prop_assert!(!twice_down, "{:?}", health);
        let down = *health.last().unwrap() == Health::Down;
        let name = &plan.nodes[node as usize].name;
        let open = |kind: &str| {
            let mut bands = record.faults.iter().filter(|b| b.kind == kind && b.to_ns.is_none());
            bands.any(|band| band.nodes.contains(name))
        };
        prop_assert!(
            !down || ["crash", "cold-start", "crash-loop"].into_iter().any(open),
            "{} is down outside of every crash and start",
            name
        );
        let paused = *health.last().unwrap() == Health::Paused;
        prop_assert!(!paused || open("pause"), "{} stands still outside of every pause", name);
    }
    Ok(())
}

/// Conservation on every link: no copy has two fates, and those without one are in flight (check:K2).
pub(crate) fn check_links(record: &Record) -> Result<(), TestCaseError> {
    let mut links: BTreeMap<String, i64> = BTreeMap::new();
    for row in record.trace.rows() {
        let change = match row.kind {
            RowKind::Send | RowKind::Duplicate => 1,
            RowKind::Deliver | RowKind::Drop => -1,
            _ => continue,
        };
        let address = row.address();
        let (link, _) = address.split_once(' ').expect("an address has a link");
        let under_way = links.entry(link.to_owned()).or_default();
        *under_way += change;
        prop_assert!(*under_way >= 0, "{} has more fates than copies", link);
    }
    let in_flight: i64 = links.values().sum();
    prop_assert_eq!(in_flight, i64::try_from(record.head.messages.in_flight).unwrap());
    Ok(())
}

/// The trace tells the same as the counts, and a node that is down or stands still does nothing.
fn check_trace(plan: &Plan, record: &Record) -> Result<(), TestCaseError> {
    let rows = record.trace.rows();
    prop_assert!(rows.clone().is_sorted_by_key(|row| row.at_ns));
    let of = |kind| rows.clone().filter(|row| row.kind == kind).count() as u64;
    let (m, o) = (record.head.messages, record.head.operations);
    let found =
        (of(RowKind::Send), of(RowKind::Deliver), of(RowKind::Duplicate), of(RowKind::Drop));
    prop_assert_eq!(found, (m.sent, m.delivered, m.duplicated, m.dropped.total()));
    prop_assert_eq!(record.trace.broken_law(&m), None);
    check_links(record)?;
    prop_assert_eq!(of(RowKind::Call), o.called);
    let ended = of(RowKind::Reply);
    prop_assert!(o.ok + o.failed <= ended && ended <= o.called);
    let mut runs = vec![false; plan.nodes.len()];
    for row in rows {
        let Some(node) = row.node.map(|node| node as usize) else { continue };
        match (row.kind, &*row.text()) {
            (RowKind::Boot, _) => runs[node] = true,
            (RowKind::Fault, "goes on") => runs[node] = true,
            (RowKind::Fault, text) if text.starts_with("crashes") || text == "stands still" => {
                runs[node] = false;
            }
            (RowKind::Send | RowKind::Timer | RowKind::Note, _) => {
                prop_assert!(runs[node], "{:?}", row);
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance_and_runs_repeat(plan in any_plan(), seed in any::<u64>()) {
        let traced = (TOWN.run)(&plan, seed, &Watch::TRACED);
        check(&plan, &traced)?;
        prop_assert_eq!(traced.trace.omitted, 0);
        if traced.head.violations.is_empty() {
            prop_assert_eq!(traced.head.verdict, Judgement::Pass);
        }
        check_trace(&plan, &traced)?;
        let quiet = (TOWN.run)(&plan, seed, &Watch::QUIET);
        let without = Record { trace: Trace::default(), ..traced };
        prop_assert_eq!(&without, &quiet, "the trace changes nothing");
        let mut again = plan.clone();
        again.laws = Default::default();
        let again = (TOWN.run)(&again, seed, &Watch::QUIET);
        prop_assert_eq!(&again, &quiet, "twice the same");
        let twin = (TOWN.twins)(&plan, seed, &Watch::QUIET);
        prop_assert_eq!(twin.as_ref(), Ok(&quiet), "in lockstep the same");
    }

    /// A short trace is a part of the whole one, and says what it leaves out.
    #[test]
    fn a_bounded_trace_keeps_the_first_fault_and_the_end(plan in any_plan(), limit in 1usize..300) {
        let whole = (TOWN.run)(&plan, 1, &Watch::TRACED);
        let part = (TOWN.run)(&plan, 1, &Watch { trace_rows: limit, ..Watch::QUIET });
        prop_assert_eq!(&whole.head, &part.head);
        let (whole_head, whole, part) = (whole.head, whole.trace, part.trace);
        prop_assert!(part.len() <= limit);
        prop_assert_eq!(part.len() as u64 + part.omitted, whole.len() as u64);
        prop_assert_eq!(part.broken_law(&whole_head.messages), None);
        prop_assert_eq!(part.omitted == 0, part.window.is_empty());
        prop_assert_eq!(part.rows().last(), whole.rows().last());
        let first = |trace: &Trace| {
            trace.rows().find(|row| row.kind == RowKind::Fault).map(|row| row.to_row())
        };
        if limit >= 4 {
            prop_assert_eq!(first(&part), first(&whole));
        }
        let mut rest = whole.rows();
        prop_assert!(part.rows().all(|row| rest.any(|other| other == row)), "in order");
    }
}
