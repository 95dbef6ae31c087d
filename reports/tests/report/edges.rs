//! Records at the edges: nothing at all, far too much of everything, and text that wants to be
//! code.

use std::sync::Arc;

use rehearsal_sim::record::{
    CurvePoint, Health, Judgement, Latency, NodeInfo, OperationCounts, Record, Series,
    StandingChange, Violation, ViolationKind,
};

use crate::records::{
    MS, Noise, SECOND, change_rows, curve, empty, fault, leader_crash, many_kinds,
    not_linearizable, series, two_leaders,
};

/// Every record the tests draw, by name.
pub(crate) fn all() -> Vec<(&'static str, Record)> {
    vec![
        ("leader-crash", leader_crash()),
        ("two-leaders", two_leaders()),
        ("not-linearizable", not_linearizable()),
        ("many-kinds", many_kinds()),
        ("empty", empty()),
        ("faults-only", faults_only()),
        ("no-faults", Record { faults: Vec::new(), ..leader_crash() }),
        ("no-standings", Record { standings: Vec::new(), ..leader_crash() }),
        ("ended-at-zero", ended_at_zero()),
        ("sixty-nodes", sixty_nodes()),
        ("hundred-faults", many_faults(200)),
        ("storm", many_faults(5_000)),
        ("long-texts", long_texts()),
        ("hostile", hostile()),
        ("one-hour", one_hour()),
        ("equal-latencies", equal_latencies()),
        ("zero-latencies", zero_latencies()),
        ("some-zero-latencies", some_zero_latencies()),
        ("narrow-bands", narrow_bands()),
        ("one-sample", one_sample()),
        ("inconsistent", inconsistent()),
    ]
}

fn faults_only() -> Record {
    let mut record = Record { faults: many_kinds().faults, ..empty() };
    record.head.metrics.insert("faults_missed".into(), 2);
    record
}

fn ended_at_zero() -> Record {
    let mut record = two_leaders();
    record.head.virtual_ns = 0;
    record.head.violations[0].at_ns = 0;
    record.head.violations[0].kind = ViolationKind::Panic;
    record.series = Series::default();
    change_rows(&mut record, Vec::clear);
    record
}

fn sixty_nodes() -> Record {
    let mut record = leader_crash();
    let name = |i: u32| NodeInfo { name: format!("node{i}"), role: "server".to_owned() };
    record.nodes = (1..=60).map(name).collect();
    let mut noise = Noise(3);
    let ranks = ["follower", "candidate", "leader", "learner", "observer", "witness"];
    record.standings = (0..6_000)
        .map(|i| StandingChange {
            at_ns: i * 3 * MS + noise.below(MS),
            node: u32::try_from(noise.below(60)).unwrap(),
            health: [Health::Up, Health::Up, Health::Up, Health::Down, Health::Paused]
                [usize::try_from(noise.below(5)).unwrap()],
            rank: ranks[usize::try_from(noise.below(6)).unwrap()].to_owned(),
            epoch: 1 + i / 40,
        })
        .collect();
    record
}

fn many_faults(count: u64) -> Record {
    let mut record = leader_crash();
    let kinds = [
        "crash",
        "pause",
        "partition",
        "loss",
        "latency",
        "duplication",
        "corruption",
        "clock jump",
        "disk stall",
        "bandwidth",
    ];
    let mut noise = Noise(9);
    record.faults = (0..count)
        .map(|_| {
            let from = noise.below(19_000);
            let kind = kinds[usize::try_from(noise.below(10)).unwrap()];
            let label = format!("n{}", 1 + noise.below(5));
            fault(kind, &label, from, Some(from + noise.below(900)))
        })
        .collect();
    record.faults.sort_by_key(|fault| fault.from_ns);
    record
}

fn long_texts() -> Record {
    let mut record = two_leaders();
    let long = "a very long sentence about a property that nobody would ever write down like this ";
    record.head.title = long.repeat(4);
    record.head.scenario = format!("/home/somebody/{}file.toml", "deep-folder/".repeat(12));
    record.head.protocol = "x".repeat(120);
    record.head.violations[0].property = "unbreakable-".repeat(14);
    record.head.violations[0].message = "W".repeat(400);
    record.head.expectations[0].expect = format!("metric.{} = {{ min = 1 }}", "m".repeat(150));
    record.head.metrics.insert("m".repeat(90).into(), i64::MIN);
    record.head.metrics.insert("unavailable_ns".into(), i64::MAX);
    Arc::make_mut(&mut record.nodes)[0].name = "node-with-a-name-that-never-ends".repeat(3);
    record.faults.push(fault(
        "kind-of-fault-with-a-long-name",
        &long.repeat(3),
        1_000,
        Some(1_400),
    ));
    record.faults.push(fault("crash", &long.repeat(3), 1_200, None));
    change_rows(&mut record, |rows| {
        rows.iter_mut().for_each(|row| row.text = long.repeat(3));
    });
    record
}

fn hostile() -> Record {
    let mut record = two_leaders();
    let evil = "<script>alert(\"1\" & '2')</script>]]>--><svg onload=x>\u{0}\u{7f}".to_owned();
    record.head.title.clone_from(&evil);
    record.head.scenario.clone_from(&evil);
    record.head.protocol.clone_from(&evil);
    record.head.digest.clone_from(&evil);
    record.head.legally_stuck = Some(evil.clone());
    record.head.violations[0] = Violation {
        property: evil.clone(),
        nodes: vec![evil.clone()],
        message: evil.clone(),
        citation: evil.clone(),
        ..record.head.violations[0].clone()
    };
    record.head.expectations[0].expect.clone_from(&evil);
    record.head.expectations[0].measured.clone_from(&evil);
    record.head.metrics.insert(evil.clone().into(), 1);
    let node = &mut Arc::make_mut(&mut record.nodes)[3];
    node.name.clone_from(&evil);
    node.role.clone_from(&evil);
    record.faults.push(fault(&evil, &evil, 2_000, Some(3_000)));
    record.standings[3].rank.clone_from(&evil);
    change_rows(&mut record, |rows| {
        for row in rows {
            row.text.clone_from(&evil);
            row.address.clone_from(&evil);
        }
    });
    record
}

fn one_hour() -> Record {
    let mut record = leader_crash();
    let end = 3_600 * SECOND;
    record.duration_ns = end;
    record.head.virtual_ns = end;
    record.series = series(end, 250 * MS, 28, &[(600_000, 700_000), (3_000_000, 3_060_000)]);
    record.latency_curve = curve(100_000, 3 * MS);
    record.faults = vec![
        fault("crash", "n2", 600_000, Some(700_000)),
        fault("partition", "n1 | n2 n3 n4 n5", 3_000_000, Some(3_060_000)),
    ];
    let mut noise = Noise(5);
    record.standings = (0..40_000)
        .map(|i| StandingChange {
            at_ns: i * 90 * MS,
            node: u32::try_from(noise.below(5)).unwrap(),
            health: Health::Up,
            rank: ["leader", "follower"][usize::try_from(noise.below(2)).unwrap()].to_owned(),
            epoch: i / 7,
        })
        .collect();
    record
}

fn equal_latencies() -> Record {
    let mut record = leader_crash();
    let series = &mut record.series;
    for column in [&mut series.p50_ns, &mut series.p99_ns, &mut series.max_ns] {
        column.iter_mut().for_each(|value| *value = Some(MS));
    }
    record.latency_curve.iter_mut().for_each(|point| point.latency_ns = MS);
    record.head.latency_ns =
        Latency { count: 9_966, mean: MS, p50: MS, p90: MS, p99: MS, p999: MS, max: MS };
    record
}

/// Every operation is answered at the instant of its call, as by a cache in the same process.
fn zero_latencies() -> Record {
    let mut record = equal_latencies();
    let series = &mut record.series;
    for column in [&mut series.p50_ns, &mut series.p99_ns, &mut series.max_ns] {
        column.iter_mut().for_each(|value| *value = Some(0));
    }
    record.latency_curve.iter_mut().for_each(|point| point.latency_ns = 0);
    record.head.latency_ns = Latency { count: 9_966, ..Latency::default() };
    record
}

/// The median is zero, the rest is not.
fn some_zero_latencies() -> Record {
    let mut record = leader_crash();
    record.series.p50_ns.iter_mut().for_each(|value| *value = Some(0));
    for point in record.latency_curve.iter_mut().filter(|point| point.one_in <= 10) {
        point.latency_ns = 0;
    }
    (record.head.latency_ns.p50, record.head.latency_ns.p90) = (0, 0);
    record
}

/// Faults that are shorter than their names.
fn narrow_bands() -> Record {
    let mut record = leader_crash();
    record.faults = vec![
        fault("partition", "n3 | n1 n2 n4", 2_000, Some(3_500)),
        fault("partition", "n1 | n2 n3 n4", 9_000, Some(10_200)),
        fault("partition", "n1 n2 | n3 n4 n5", 18_500, None),
        fault("crash", "n2", 5_000, Some(5_100)),
        fault("crash", "n3", 12_000, Some(12_000)),
        fault("crash", "n4", 19_900, None),
    ];
    record
}

fn one_sample() -> Record {
    let mut record = empty();
    record.head.operations = OperationCounts { called: 1, ok: 1, failed: 0, unknown: 0 };
    record.head.throughput_per_s = 0.05;
    let (one, ns) = (1, 777_000);
    record.head.latency_ns =
        Latency { count: one, mean: ns, p50: ns, p90: ns, p99: ns, p999: ns, max: ns };
    record.latency_curve = vec![CurvePoint { one_in: 2, latency_ns: ns, beyond: 0 }];
    record.series = Series {
        bucket_ns: 250 * MS,
        called: vec![0, 1],
        ok: vec![0, 1],
        failed: vec![0, 0],
        p50_ns: vec![None, Some(ns)],
        p99_ns: vec![None, Some(ns)],
        max_ns: vec![None, Some(ns)],
    };
    record
}

/// What no run leaves behind, but a damaged or foreign file may hold.
fn inconsistent() -> Record {
    let mut record = two_leaders();
    record.head.verdict = Judgement::Inconclusive;
    record.head.throughput_per_s = f64::INFINITY;
    record.head.messages.delivered += 5;
    record.head.virtual_ns = 3 * SECOND;
    record.series.bucket_ns = 0;
    record.series.ok.truncate(3);
    record.series.p50_ns = vec![Some(0), None, Some(u64::MAX)];
    record.faults[0].from_ns = 9 * SECOND;
    record.faults[0].to_ns = Some(SECOND);
    record.standings[0].node = 999;
    record.standings[1].at_ns = u64::MAX;
    change_rows(&mut record, |rows| rows[4].node = Some(999));
    record.latency_curve[2].one_in = 0;
    record
}
