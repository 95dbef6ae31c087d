//! Many small histories, judged by the checker and by trying every order.

use rehearsal_sim::check::{Budget, Verdict, linearizable_by};
use rehearsal_sim::service::{Operation, Outcome, Sequential};

use crate::model::{Bare, Dice, Do, Full, Log, Op, Plain, Reply, Value, apply, note, settle};
use crate::oracle::first_violation;

/// A history of a correct register: each operation takes effect at an instant of its span.
fn correct(dice: &mut Dice, (clients, count): (u64, u64), unique: bool) -> Log {
    let width = 1 + dice.below(8);
    let weights = [1 + dice.below(4), 1 + dice.below(3), dice.below(4), dice.below(3)];
    let doubt = 1 + dice.below(4);
    let mut clocks = [0; 16];
    let mut drafts = Vec::new();
    for serial in 1..=count {
        let client = usize::try_from(dice.below(clients)).unwrap();
        let called = clocks[client] + dice.below(3);
        let ended = called + dice.below(width);
        clocks[client] = ended + dice.below(2);
        let value = |dice: &mut Dice| match unique {
            true => 1 + dice.below(serial),
            false => dice.below(2),
        };
        let new = if unique { serial } else { dice.below(2) };
        let mut kind = dice.below(weights.iter().sum());
        let operation = match weights.iter().position(|weight| {
            let is_it = kind < *weight;
            kind = kind.saturating_sub(*weight);
            is_it
        }) {
            Some(0) => Do::Get,
            Some(1) => Do::Put(new),
            Some(2) => Do::Cas(value(dice), new),
            _ => Do::Append(new),
        };
        let fate = dice.below(40) / doubt;
        let effect = match fate {
            0..2 => called + dice.below(30),
            _ => called + dice.below(ended - called + 1),
        };
        let client = u32::try_from(client).unwrap();
        drafts.push((effect, dice.next(), client, operation, called, ended, fate));
    }
    drafts.sort();
    let mut log = Log::default();
    let mut state: Value = None;
    for (_, luck, client, operation, called, ended, fate) in drafts {
        let (after, reply) = apply(&state, operation);
        let (took, outcome, ended) = match fate {
            0 => (luck % 3 > 0, Outcome::Unknown, None),
            1 => (luck % 3 > 0, Outcome::Unknown, Some(ended)),
            2 if luck % 2 == 0 => (false, Outcome::Failed, Some(ended)),
            _ => (true, Outcome::Ok(reply), Some(ended)),
        };
        if took {
            state = after;
        }
        note(&mut log, client, operation, (called, ended), outcome);
    }
    settle(&mut log);
    log
}

/// Changes a reply, a span or an outcome here and there.
fn spoil(dice: &mut Dice, log: &mut Log) {
    let replies: Vec<Reply> = log
        .calls
        .iter()
        .filter_map(|call| match &call.outcome {
            Outcome::Ok(reply) => Some(reply.clone()),
            _ => None,
        })
        .collect();
    for _ in 0..3 + dice.below(6) {
        let index = usize::try_from(dice.below(log.calls.len() as u64)).unwrap();
        let other = usize::try_from(dice.next() % replies.len().max(1) as u64).unwrap();
        let call = &mut log.calls[index];
        match (dice.below(6), &call.outcome, call.operation.1) {
            (0..3, Outcome::Ok(_), Do::Get) => {
                let found = replies.get(other).filter(|reply| matches!(reply, Reply::Is(_)));
                let made = apply(&None, Do::Put(dice.below(6))).0;
                call.outcome = Outcome::Ok(found.cloned().unwrap_or(Reply::Is(made)));
            }
            (0..3, Outcome::Ok(_), Do::Cas(..)) => {
                call.outcome = Outcome::Ok(Reply::Swapped(dice.chance(50)));
            }
            (3..5, Outcome::Ok(_), _) => call.ended = Some(call.called),
            (_, Outcome::Unknown, _) if dice.chance(50) => call.outcome = Outcome::Failed,
            _ => {}
        }
    }
    settle(log);
}

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
fn wanted(default: u64) -> u64 {
    let text = std::env::var("REHEARSAL_HISTORIES").ok();
    text.map_or(default, |text| text.parse().expect("a number of histories"))
}

#[test]
fn small_histories_are_judged_like_the_oracle_does() {
    let count = wanted(120_000);
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
