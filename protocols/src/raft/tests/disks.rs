//! Raft on disks that fail, at random: within the budget of damage it keeps every promise, beyond it
//! it lies to nobody.

use std::collections::BTreeMap;

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{
    Damage, DiskFault, Expect, Fault, Plan, PlannedFault, Supervisor, Target,
};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::{Chance, Purpose, Seed, Stream};
use rehearsal_sim::record::Record;
use rehearsal_sim::time::Span;

use super::{RAFT, fault, run};
use crate::testing::plan;

/// Disks fail in every way there is, but for those that Raft can not notice; processes crash, with
/// torn writes, and the network falls apart.
fn bad_disks(seed: u64, damage: Damage) -> Plan {
    let mut draws = Stream::new(Seed(seed), Purpose::Pick, 0);
    let servers = [3, 5][usize::from(draws.below(2) == 1)];
    let mut faults: Vec<PlannedFault> = (0..14).map(|_| any(&mut draws, servers)).collect();
    // In the end everybody starts once more from what the disks have.
    faults.push(fault(15_000, 100, Fault::Crash(all(servers))));
    let mut plan = plan(&RAFT, &[servers, 3], faults);
    plan.disk.survives = Chance::from_f64(0.5).unwrap();
    plan.disk.torn = Chance::from_f64(0.5).unwrap();
    plan.disk.damage = damage;
    plan.supervisor = Supervisor { restart_after: Some(Span::millis(300)) };
    // Stuck is allowed, for want of servers with whole disks.
    plan.expectations.retain(|expectation| expectation.expect == Expect::Linearizable);
    plan
}

fn all(servers: u32) -> Target {
    Target::Nodes((0..servers).map(NodeId).collect())
}

fn any(draws: &mut Stream, servers: u32) -> PlannedFault {
    let (at, lasts) = (1_500 + draws.below(12_000), 20 + draws.below(1_500));
    let target = match draws.below(4) {
        0 => Target::Leader,
        1 => Target::Minority,
        2 => Target::Any,
        _ => all(servers),
    };
    let (lasts, disk) = match draws.below(10) {
        0 | 1 => return fault(at, lasts, Fault::Crash(target)),
        2 => {
            let groups = vec![vec![Target::Minority], vec![Target::Others]];
            return fault(at, lasts, Fault::Partition(groups));
        }
        3 => (lasts, DiskFault::Stall),
        4 => (lasts, DiskFault::Slow(Law::Exponential { mean: Span::millis(40) })),
        5 => (lasts, DiskFault::Full),
        6 => (lasts, DiskFault::WriteError),
        7 => (lasts, DiskFault::ReadError),
        8 => (0, DiskFault::BitRot { records: 1 + draws.below(3) }),
        _ => (0, DiskFault::MisdirectedWrite),
    };
    let disk = Fault::Disk { target, fault: disk };
    PlannedFault { lasts: (lasts > 0).then(|| Span::millis(lasts)), ..fault(at, 1, disk) }
}

/// Runs many bad days, and gives back the sums of their metrics.
fn all_is_safe(seeds: std::ops::Range<u64>, damage: Damage) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for seed in seeds {
        let head = run(&bad_disks(seed, damage), seed).head;
        assert!(head.violations.is_empty(), "seed {seed}: {:#?}", head.violations);
        for (name, value) in &head.metrics {
            *sums.entry(name.to_string()).or_default() += value;
        }
        *sums.entry("ok".to_owned()).or_default() += i64::try_from(head.operations.ok).unwrap();
        *sums.entry("stuck".to_owned()).or_default() += i64::from(head.legally_stuck.is_some());
    }
    sums
}

#[track_caller]
fn demand(sums: &BTreeMap<String, i64>, least: &[(&str, i64)]) {
    for (name, least) in least {
        let found = sums.get(*name).copied().unwrap_or(0);
        assert!(found >= *least, "only {found} {name}: {sums:?}");
    }
}

#[test]
fn within_the_budget_nothing_acknowledged_is_lost() {
    let sums = all_is_safe(0..60, Damage::WithinBudget);
    let least = [
        ("ok", 30_000),
        ("exits", 60),
        ("writes_failed", 60),
        ("writes_torn", 10),
        ("writes_survived", 10),
        ("torn_tail_dropped", 10),
        ("server_damaged", 30),
        ("damage_withheld", 30),
        ("elections", 150),
    ];
    demand(&sums, &least);
}

#[test]
fn beyond_the_budget_nobody_lies() {
    let sums = all_is_safe(1_000..1_040, Damage::BeyondBudget);
    demand(&sums, &[("ok", 10_000), ("server_damaged", 40), ("stuck", 10)]);
    assert_eq!(sums["damage_withheld"], 0);
}

/// The same days find both bugs.
#[test]
fn bad_disks_find_what_ignores_them() {
    for bug in [2, 3] {
        let violated = |seed: u64| -> Option<Record> {
            let mut plan = bad_disks(seed, Damage::WithinBudget);
            plan.bugs = vec![bug];
            Some(run(&plan, seed)).filter(|record| !record.head.violations.is_empty())
        };
        let found = (0..20).filter_map(violated).count();
        assert!(found > 0, "bug {bug} is found by no seed");
    }
}
