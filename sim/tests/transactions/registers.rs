//! Many histories of registers, judged by the checker, by the axioms and by trying every order.

use rehearsal_sim::check::transactions::{Anomaly, Level, Micro, Transactions, rw_register};
use rehearsal_sim::service::Outcome;

use crate::axioms::{Must, holds};
use crate::history::{Dice, add, asked, demand, names, passes, show, wanted};
use crate::oracle::{Keeps, is_serializable, is_snapshot};
use crate::store::{Kind, Shape, read_all, run};

/// Lets reads find something else that was written to the key.
fn spoil(dice: &mut Dice, log: &mut Transactions) {
    let written: Vec<(u64, u64)> = log
        .calls
        .iter()
        .flat_map(|call| &call.operation)
        .filter_map(|step| Some((step.key(), step.written()?)))
        .collect();
    for call in &mut log.calls {
        let Outcome::Ok(steps) = &mut call.outcome else { continue };
        for step in steps {
            if let Micro::Read { key, value } = step
                && dice.chance(25)
                && !written.is_empty()
            {
                let (of, other) = dice.pick(&written);
                if of == *key {
                    *value = Some(other);
                }
            }
        }
    }
}

/// Transactions that agree with themselves and read whatever others left, of any time.
fn anything(dice: &mut Dice) -> Transactions {
    let (count, keys) = (3 + dice.below(4), 1 + dice.below(3));
    let mut plans: Vec<Vec<(u64, bool)>> = Vec::new();
    for _ in 0..count {
        let steps = (0..1 + dice.below(5)).map(|_| (dice.below(keys), dice.chance(45)));
        let mut plan: Vec<(u64, bool)> = Vec::new();
        for (key, is_write) in steps.collect::<Vec<_>>() {
            if !plan.contains(&(key, true)) {
                plan.push((key, is_write));
            }
        }
        plans.push(plan);
    }
    let mut log = Transactions::default();
    for (txn, plan) in (0..).zip(&plans) {
        let mut steps = Vec::new();
        for &(key, is_write) in plan {
            let writers: Vec<u64> = (0..)
                .zip(&plans)
                .filter(|(other, plan)| *other != txn && plan.contains(&(key, true)))
                .map(|(other, _)| other)
                .collect();
            let value = match writers.is_empty() || dice.chance(10) {
                true => None,
                false => Some(dice.pick(&writers)),
            };
            steps.push(match is_write {
                true => Micro::Write { key, value: txn },
                false => Micro::Read { key, value },
            });
        }
        let client = u32::try_from(dice.below(4)).unwrap();
        add(&mut log, client, (txn * 10, Some(txn * 10 + 5)), asked(&steps), Outcome::Ok(steps));
    }
    log
}

fn shape(dice: &mut Dice, doubt: u64) -> Shape {
    Shape {
        clients: 2 + dice.below(3),
        transactions: 3 + dice.below(4),
        keys: 1 + dice.below(2),
        steps: 2 + dice.below(3),
        is_list: false,
        doubt,
    }
}

const KINDS: [Kind; 4] =
    [Kind::Serializable, Kind::Snapshot, Kind::SnapshotIsolation, Kind::Uncommitted];

#[test]
fn registers_are_judged_as_by_trying_every_order() {
    let count = wanted(20_000);
    let (mut passed, mut in_time, mut snapshots, mut by_search) = (0, 0, 0, 0);
    for seed in 0..count {
        let mut dice = Dice(seed);
        let kind = dice.pick(&KINDS);
        let doubt = dice.pick(&[0, 0, 10, 30]);
        let shape = shape(&mut dice, doubt);
        let (mut log, state) = run(&mut dice, kind, shape);
        if dice.chance(30) {
            read_all(&mut log, &state, shape);
        }
        if dice.chance(40) {
            spoil(&mut dice, &mut log);
        }
        if dice.chance(20) {
            log = anything(&mut dice);
        }
        let truth = is_serializable(&log, Keeps::Nothing);
        let judgement = rw_register(&log, demand(Level::Serializable));
        assert_eq!(
            passes(&judgement),
            truth,
            "seed {seed}: {:?} in {}",
            names(&judgement),
            show(&log)
        );
        assert!(judgement.is_proof || !truth, "seed {seed}");
        let strict_truth = truth && is_serializable(&log, Keeps::RealTime);
        let strict = rw_register(&log, demand(Level::StrictSerializable));
        assert_eq!(
            passes(&strict),
            strict_truth,
            "seed {seed}: {:?} in {}",
            names(&strict),
            show(&log)
        );
        let snapshot_truth = truth || is_snapshot(&log);
        let snapshot = rw_register(&log, demand(Level::SnapshotIsolation));
        assert_eq!(
            passes(&snapshot),
            snapshot_truth,
            "seed {seed}: {:?} in {}",
            names(&snapshot),
            show(&log)
        );
        passed += u64::from(truth);
        in_time += u64::from(strict_truth);
        snapshots += u64::from(snapshot_truth && !truth);
        let worst = judgement.findings.first().map(|finding| finding.anomaly);
        by_search += u64::from(worst == Some(Anomaly::NotSerializable));
    }
    println!(
        "{passed} of {count} are serializable, {in_time} strictly so; {snapshots} more are snapshot \
         isolated; {by_search} violations are no cycle of what is known at once"
    );
    let isolated = passed + snapshots;
    for (level, held) in
        [("serializable", passed), ("strictly so", in_time), ("snapshot isolated", isolated)]
    {
        let is_mixed = held * 10 > count && (count - held) * 10 > count;
        assert!(is_mixed, "{held} of {count} are {level}");
    }
    assert!(snapshots * 400 > count, "{snapshots} of {count} are snapshot isolated only");
    assert!(by_search * 20 < count - passed, "{by_search} are no cycle");
}

#[test]
fn weak_levels_are_judged_as_by_their_axioms() {
    let count = wanted(20_000);
    let mut held = [0; 3];
    let mut judged = 0;
    for seed in 0..count {
        let mut dice = Dice(seed ^ 0xa3105);
        let kind = dice.pick(&KINDS);
        let shape = shape(&mut dice, 0);
        let (mut log, _) = run(&mut dice, kind, shape);
        if dice.chance(60) {
            spoil(&mut dice, &mut log);
        }
        let is_anything = dice.chance(70);
        if is_anything {
            log = anything(&mut dice);
        }
        let levels = [
            (Level::ReadCommitted, Must::ReadCommitted),
            (Level::ReadAtomic, Must::ReadAtomic),
            (Level::Causal, Must::Causal),
        ];
        // The axioms take for granted that transactions agree with themselves and read what was
        // left by others.
        let judgement = rw_register(&log, demand(Level::ReadUncommitted));
        // There, one that reads a register twice and finds different values reads only others'.
        let is_fit = |anomaly| match anomaly {
            Anomaly::Internal => is_anything,
            Anomaly::CyclicVersions => true,
            other => other > Anomaly::Internal,
        };
        if !judgement.findings.iter().all(|finding| is_fit(finding.anomaly)) {
            continue;
        }
        judged += 1;
        for (at, (level, must)) in levels.into_iter().enumerate() {
            let truth = holds(&log, must, true);
            let judgement = rw_register(&log, demand(level));
            assert_eq!(
                passes(&judgement),
                truth,
                "seed {seed}, {level:?}: {judgement:?} in {}",
                show(&log)
            );
            held[at] += u64::from(truth);
        }
    }
    println!("of {judged}, {held:?} are read committed, read atomic, causally consistent");
    assert!(judged * 3 > count, "{judged} of {count} are judged");
    for held in held {
        assert!(held * 10 > judged && (judged - held) * 10 > judged, "{held} of {judged}");
    }
}
