//! Many histories of lists, judged by the checker and by trying every order.

use rehearsal_sim::check::transactions::{Anomaly, Level, Micro, Needs, Transactions, list_append};
use rehearsal_sim::service::Outcome;

use crate::history::{Dice, demand, names, passes, show, wanted};
use crate::oracle::{Keeps, is_serializable, is_snapshot};
use crate::store::{Kind, Shape, read_all, run};

/// Changes what a transaction read, here and there.
fn spoil(dice: &mut Dice, log: &mut Transactions) {
    for call in &mut log.calls {
        let Outcome::Ok(steps) = &mut call.outcome else { continue };
        for step in steps {
            if let Micro::ReadList { values: Some(values), .. } = step
                && dice.chance(12)
            {
                match dice.below(3) {
                    0 => {
                        values.pop();
                    }
                    1 => values.reverse(),
                    _ => values.clear(),
                }
            }
        }
    }
}

/// Every transaction committed, and every value was read.
fn is_complete(log: &Transactions) -> bool {
    let mut missing = Vec::new();
    for call in &log.calls {
        let Outcome::Ok(steps) = &call.outcome else { return false };
        missing.extend(steps.iter().filter_map(|step| Some((step.key(), step.written()?))));
    }
    for step in log.calls.iter().filter_map(|call| match &call.outcome {
        Outcome::Ok(steps) => Some(steps),
        _ => None,
    }) {
        for micro in step {
            if let Micro::ReadList { key, values: Some(values) } = micro {
                missing.retain(|(k, value)| k != key || !values.contains(value));
            }
        }
    }
    missing.is_empty()
}

#[test]
#[allow(clippy::too_many_lines)] // one line for each anomaly
fn what_is_found_in_lists_is_there_and_what_is_there_is_found() {
    let count = wanted(30_000);
    let (mut passed, mut complete, mut strict, mut proven, mut snapshots) = (0, 0, 0, 0, 0);
    let (mut strictly, mut isolated) = (0, 0);
    for seed in 0..count {
        let mut dice = Dice(seed);
        let kind = dice.pick(&[
            Kind::Serializable,
            Kind::Snapshot,
            Kind::SnapshotIsolation,
            Kind::Uncommitted,
        ]);
        let shape = Shape {
            clients: 2 + dice.below(3),
            transactions: 2 + dice.below(5),
            keys: 1 + dice.below(3),
            steps: 1 + dice.below(4),
            is_list: true,
            doubt: dice.pick(&[0, 0, 10, 30]),
        };
        let (mut log, state) = run(&mut dice, kind, shape);
        if dice.chance(50) {
            read_all(&mut log, &state, shape);
        }
        let is_spoiled = dice.chance(20);
        if is_spoiled {
            spoil(&mut dice, &mut log);
        }
        let judgement = list_append(&log, demand(Level::Serializable));
        let found = passes(&judgement);
        let truth = is_serializable(&log, Keeps::Nothing);
        assert!(found || !truth, "seed {seed}: {judgement:?} in {}", show(&log));
        let is_strict = passes(&list_append(&log, demand(Level::StrictSerializable)));
        let strict_truth = truth && is_serializable(&log, Keeps::RealTime);
        assert!(is_strict || !strict_truth, "seed {seed}: {judgement:?} in {}", show(&log));
        assert!(!judgement.is_proof || found == truth, "seed {seed}: {}", show(&log));
        proven += u64::from(judgement.is_proof && found);
        let snapshot = list_append(&log, demand(Level::SnapshotIsolation));
        let snapshot_truth = truth || is_snapshot(&log);
        assert!(passes(&snapshot) || !snapshot_truth, "seed {seed}: {}", show(&log));
        if snapshot.is_proof {
            assert_eq!(passes(&snapshot), snapshot_truth, "seed {seed}: {}", show(&log));
            snapshots += u64::from(snapshot_truth && !truth);
        }
        if is_complete(&log) {
            complete += 1;
            assert_eq!(found, truth, "seed {seed}: {:?} in {}", names(&judgement), show(&log));
            assert_eq!(
                is_strict,
                strict_truth,
                "seed {seed}: {:?} in {}",
                names(&judgement),
                show(&log)
            );
        }
        if kind == Kind::Serializable && !is_spoiled {
            assert_eq!(names(&judgement), [""; 0], "seed {seed}: {}", show(&log));
        }
        let in_time = |anomaly| matches!(anomaly, Anomaly::Cycle(_, Needs::RealTime));
        strict += u64::from(judgement.findings.iter().any(|f| in_time(f.anomaly)));
        passed += u64::from(found);
        strictly += u64::from(strict_truth);
        isolated += u64::from(snapshot_truth);
    }
    println!(
        "{passed} of {count} pass, {proven} of them proven; {complete} are complete; {strict} contradict \
         real time only, {snapshots} are snapshot isolated only"
    );
    for (level, held) in
        [("serializable", passed), ("strictly so", strictly), ("snapshot isolated", isolated)]
    {
        let is_mixed = held * 10 > count && (count - held) * 10 > count;
        assert!(is_mixed, "{held} of {count} are {level}");
    }
    assert!(complete * 10 > count, "{complete} of {count} are complete");
    assert!(proven * 2 > passed, "{proven} of {passed} are proven");
    assert!(snapshots > count / 1000, "{snapshots} of {count} are snapshot isolated only");
    assert!(strict > count / 200, "{strict} of {count} contradict real time");
}
