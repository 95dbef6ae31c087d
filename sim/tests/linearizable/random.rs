//! Many small histories, judged by the checker and by trying every order.

use rehearsal_sim::check::{Budget, Verdict, linearizable_by};
use rehearsal_sim::service::{Operation, Sequential};

use crate::generate::{correct, spoil};
use crate::model::{Bare, Dice, Full, Log, Op, Plain, Reply};
use crate::oracle::first_violation;

/// When the violation ends, if there is one; an error if the budget ends first.
fn judged<M>(log: &Log, configurations: u64) -> Result<Option<u64>, String>
where
    M: Sequential<Operation = Op, Reply = Reply>,
{
    match linearizable_by::<M>(log, Op::object, Budget { configurations }) {
        Verdict::Pass => Ok(None),
        Verdict::Fail(explanation) => Ok(Some(explanation.at_ns)),
        Verdict::Inconclusive(why) => Err(why),
    }
}

fn verdict<M: Sequential<Operation = Op, Reply = Reply>>(log: &Log) -> Option<u64> {
    judged::<M>(log, Budget::default().configurations).unwrap()
}

/// `REHEARSAL_HISTORIES` asks for more of them.
pub(crate) fn wanted(default: u64) -> u64 {
    let text = std::env::var("REHEARSAL_HISTORIES").ok();
    text.map_or(default, |text| text.parse().expect("a number of histories"))
}

#[test]
fn small_histories_are_judged_like_the_oracle_does() {
    let count = wanted(30_000);
    let mut passed = 0;
    for seed in 0..count {
        let mut dice = Dice(seed);
        let unique = dice.chance(60);
        let size = match dice.chance(6) {
            true => (4 + dice.below(5), 7 + dice.below(5)),
            false => (2 + dice.below(3), 3 + dice.below(6)),
        };
        let mut log = correct(&mut dice, size, unique);
        let is_spoiled = seed % 2 == 1;
        if is_spoiled {
            spoil(&mut dice, &mut log);
        }
        let truth = first_violation(&log).map(|at| at.0);
        assert!(is_spoiled || truth.is_none(), "seed {seed} makes a wrong history: {log:#?}");
        assert_eq!(verdict::<Full>(&log), truth, "seed {seed}: {log:#?}");
        assert_eq!(verdict::<Plain>(&log), truth, "seed {seed}, plain: {log:#?}");
        if seed % 4 < 2 {
            assert_eq!(verdict::<Bare>(&log), truth, "seed {seed}, bare: {log:#?}");
        }
        passed += u64::from(truth.is_none());
    }
    println!("{passed} of {count} histories are linearizable");
    assert!(passed * 10 > count && (count - passed) * 10 > count, "{passed} of {count} pass");
}

/// Too large for the oracle: what a model promises must not change the verdict.
#[test]
fn larger_histories_are_judged_alike_with_and_without_promises() {
    let count = wanted(40_000) / 10;
    let (mut passed, mut unjudged) = (0, 0);
    for seed in 0..count {
        let mut dice = Dice(seed ^ 0x5eed);
        let size = (3 + dice.below(6), 10 + dice.below(20));
        let mut log = correct(&mut dice, size, true);
        if dice.chance(70) {
            spoil(&mut dice, &mut log);
        }
        let full = verdict::<Full>(&log);
        match judged::<Plain>(&log, 20_000) {
            Ok(plain) => assert_eq!(full, plain, "seed {seed}: {log:#?}"),
            Err(_) => unjudged += 1,
        }
        passed += u64::from(full.is_none());
    }
    println!(
        "{passed} of {count} larger histories pass; without promises {unjudged} take too long"
    );
    assert!(passed * 10 > count && (count - passed) * 10 > count, "{passed} of {count} pass");
    assert!(unjudged * 10 < count, "without promises {unjudged} of {count} take too long");
}
