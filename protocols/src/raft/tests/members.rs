//! Snapshots and changes of the voters, by hand and at random.

use rehearsal_sim::plan::{Fault, Plan, PlannedFault, Target};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::{Purpose, Seed, Stream};
use rehearsal_sim::record::{Judgement, Record};
use serde_json::{Value, json};

use super::{RAFT, fault, run};
use crate::testing::plan;

/// Servers crash, are cut off and stand still, while snapshots are taken and voters come and go.
fn bad_day(seed: u64, config: &Value) -> Plan {
    let mut draws = Stream::new(Seed(seed), Purpose::Pick, 7);
    let faults: Vec<PlannedFault> = (0..14)
        .map(|_| {
            let (at, lasts) = (1_500 + draws.below(11_000), 20 + draws.below(1_500));
            let target = match draws.below(4) {
                0 => Target::Leader,
                1 => Target::Minority,
                _ => Target::Nodes(vec![NodeId(u32::try_from(draws.below(5)).unwrap())]),
            };
            let kind = match draws.below(3) {
                0 => Fault::Crash(target),
                1 => Fault::Pause(target),
                _ => Fault::Partition(vec![vec![target], vec![Target::Others]]),
            };
            fault(at, lasts, kind)
        })
        .collect();
    let mut plan = plan(&RAFT, &[5, 3], faults);
    plan.config = (RAFT.configure)(config).unwrap();
    plan
}

/// Runs many bad days, and gives back the sums of their metrics.
fn sums(seeds: std::ops::Range<u64>, config: impl Fn(u64) -> Value) -> impl Fn(&str) -> i64 {
    let mut sums = std::collections::BTreeMap::new();
    for seed in seeds {
        let head = run(&bad_day(seed, &config(seed)), seed).head;
        // A run may end before it shows that the last operation will be answered.
        assert_ne!(head.verdict, Judgement::Fail, "seed {seed}: {head:#?}");
        for (name, value) in &head.metrics {
            *sums.entry(name.to_string()).or_insert(0) += value;
        }
    }
    println!("{sums:?}");
    move |name| sums.get(name).copied().unwrap_or(0)
}

#[test]
fn snapshots_lose_nothing() {
    let sum = sums(
        0..40,
        |seed| json!({ "snapshot_after": 1 + seed * 7 % 90, "snapshot_chunk": 40 + seed * 97 % 3_000 }),
    );
    let reached = ["snapshots_taken", "snapshots_installed", "chunks_lost", "transfer_overtaken"];
    for name in reached {
        assert!(sum(name) > 0, "{name}");
    }
    assert!(sum("snapshots_installed") > 100);
}

/// Every half second other voters.
fn changes(seed: u64) -> Value {
    let mut draws = Stream::new(Seed(seed), Purpose::Pick, 8);
    let step = |n: u64| {
        let names = (1..=5).filter(|_| draws.below(2) == 1).map(|n| format!("n{n}"));
        let mut names: Vec<String> = names.collect();
        if names.is_empty() {
            names.push("n3".to_owned());
        }
        json!({ "at": format!("{}ms", 1_000 + n * 500), "members": names })
    };
    let plan: Vec<Value> = (0..25).map(step).chain([all_at("15s")]).collect();
    let membership = ["joint", "single-server"][usize::from(seed % 2 == 1)];
    json!({
        "plan": plan,
        "membership": membership,
        "initial_members": 1 + seed % 5,
        "snapshot_after": 10 + seed % 50,
    })
}

fn all_at(at: &str) -> Value {
    json!({ "at": at, "members": ["n1", "n2", "n3", "n4", "n5"] })
}

#[test]
fn voters_come_and_go() {
    let sum = sums(0..60, changes);
    for name in ["change_held_back", "leader_removed", "snapshots_installed"] {
        assert!(sum(name) > 0, "{name}");
    }
    assert!(sum("configurations_appended") > 600);
}

/// What a plan violates with a bug: any of some seeds.
fn found(
    bug: &str,
    seeds: std::ops::Range<u64>,
    config: impl Fn(u64) -> Value,
) -> Option<(u64, Record)> {
    let place = (RAFT.bugs)().iter().position(|info| info.slug == bug).expect("a bug");
    seeds.into_iter().find_map(|seed| {
        let mut plan = bad_day(seed, &config(seed));
        plan.bugs = vec![place];
        let record = run(&plan, seed);
        (!record.head.violations.is_empty()).then_some((seed, record))
    })
}

#[test]
#[ignore = "a survey"]
fn survey() {
    let snapshots = |seed: u64| json!({ "snapshot_after": 1 + seed * 7 % 90, "snapshot_chunk": 40 + seed * 97 % 3_000 });
    for info in (RAFT.bugs)().iter().skip(4) {
        for (name, found) in [
            ("snapshots", found(info.slug, 0..100, snapshots)),
            ("changes", found(info.slug, 0..100, changes)),
        ] {
            let what = found.map(|(seed, record)| {
                let violation = &record.head.violations[0];
                (seed, violation.property.clone(), violation.message.clone())
            });
            println!("{} ({}) by {name}: {what:?}", info.slug, info.property);
        }
    }
}
