//! Each engine on its own, against trying every order.
//!
//! `REHEARSAL_HISTORIES=10000000 cargo test -p rehearsal-sim --test linearizable engines` tries
//! more.

use rehearsal_sim::check::{Budget, Engine, Verdict, decided_by, linearizable_by};
use rehearsal_sim::service::{Operation, Outcome, Sequential};

use crate::generate::{correct, spoil};
use crate::model::{Bare, Dice, Do, Full, Log, Op, Plain, Reply, Seq, is, note};
use crate::oracle::holds;
use crate::random::wanted;

const BUDGET: Budget = Budget { configurations: 200_000 };

/// Whether the engine has an answer; it must be the right one.
#[track_caller]
fn agrees<M>(engine: Engine, log: &Log, truth: bool, seed: u64) -> bool
where
    M: Sequential<Operation = Op, Reply = Reply>,
{
    let calls: Vec<_> = log.calls.iter().collect();
    let found = decided_by::<M>(engine, &calls, BUDGET);
    assert!(found.is_none_or(|found| found == truth), "seed {seed}, {engine:?}: {log:#?}");
    found.is_some()
}

#[test]
fn engines_agree_with_trying_every_order() {
    let count = wanted(150_000);
    let (mut passed, mut answers) = (0, [0; 8]);
    for seed in 0..count {
        let mut dice = Dice(seed);
        let unique = dice.chance(60);
        let size = match dice.chance(6) {
            true => (4 + dice.below(5), 7 + dice.below(5)),
            false => (2 + dice.below(3), 3 + dice.below(6)),
        };
        let mut log = correct(&mut dice, size, unique);
        if seed % 2 == 1 {
            spoil(&mut dice, &mut log);
        }
        let truth = holds(&log);
        let answered = [
            agrees::<Full>(Engine::Zones, &log, truth, seed),
            agrees::<Seq>(Engine::Zones, &log, truth, seed),
            agrees::<Full>(Engine::Frontier, &log, truth, seed),
            agrees::<Plain>(Engine::Frontier, &log, truth, seed),
            agrees::<Bare>(Engine::Frontier, &log, truth, seed),
            agrees::<Seq>(Engine::Frontier, &log, truth, seed),
            seed % 8 < 2 && agrees::<Full>(Engine::Sweep, &log, truth, seed),
            seed % 8 < 2 && agrees::<Seq>(Engine::Sweep, &log, truth, seed),
        ];
        for (sum, one) in answers.iter_mut().zip(answered) {
            *sum += u64::from(one);
        }
        passed += u64::from(truth);
    }
    println!("{passed} of {count} hold; answers of the engines: {answers:?}");
    assert!(passed * 10 > count && (count - passed) * 10 > count, "{passed} of {count} pass");
    assert!(answers[0] * 10 > count * 3, "zones judge {} of {count}", answers[0]);
    assert!(answers[2..6].iter().all(|answers| *answers == count), "{answers:?}");
    assert!(answers[6..].iter().all(|answers| *answers * 4 == count), "{answers:?}");
}

/// Of two equal appends, one of which may count as hidden, either may have to be seen.
#[test]
fn an_append_that_is_hidden_leaves_its_twin_to_be_seen() {
    let mut log = Log::default();
    note(&mut log, 1, Do::Append(0), (0, 0), Reply::Done);
    note(&mut log, 2, Do::Append(1), (1, 3), Reply::Done);
    note(&mut log, 4, Do::Put(1), (1, 1), Reply::Done);
    note(&mut log, 5, Do::Get, (1, 4), is(&[1, 1]));
    note(&mut log, 0, Do::Append(1), (2, 3), Reply::Done);
    note(&mut log, 4, Do::Cas(1, 0), (2, 2), Reply::Swapped(false));
    note(&mut log, 2, Do::Get, (4, 6), is(&[1, 1]));
    assert!(holds(&log));
    assert!(agrees::<Seq>(Engine::Frontier, &log, true, 0));
    assert!(agrees::<Full>(Engine::Frontier, &log, true, 0));
}

/// A long correct history of one key with one read in it that is stale.
fn stale(operations: u64, appends: bool) -> Log {
    let mut dice = Dice(operations);
    let mut log = correct(&mut dice, (5, operations), true);
    log.calls.retain(|call| match call.operation.1 {
        Do::Get | Do::Put(_) => true,
        Do::Append(_) => appends,
        Do::Cas(..) => false,
    });
    let mut state = None;
    let mut seen = Vec::new();
    for (index, call) in log.calls.iter_mut().enumerate() {
        let at = 10 * index as u64;
        (call.called.0, call.ended) = (at, Some(rehearsal_sim::time::SimTime(at + 15)));
        let (after, reply) = crate::model::apply(&state, call.operation.1);
        (state, call.outcome) = (after, Outcome::Ok(reply.clone()));
        if matches!(&reply, Reply::Is(Some(_))) {
            seen.push((index, reply));
        }
    }
    let early = seen[seen.len() / 3].1.clone();
    let late = seen[seen.len() - 3].0;
    log.calls[late].outcome = Outcome::Ok(early);
    log
}

#[test]
fn a_long_history_shrinks_to_a_few_operations() {
    for appends in [false, true] {
        let log = stale(9_000, appends);
        let size = log.calls.len();
        assert!(size >= if appends { 6_000 } else { 4_000 }, "{size}");
        match linearizable_by::<Seq>(&log, Op::object, Budget::default()) {
            Verdict::Fail(explanation) => {
                let bars = &explanation.bars;
                assert!((2..=12).contains(&bars.len()), "{size}: {explanation:#?}");
                assert_eq!(bars.iter().filter(|bar| bar.is_blamed).count(), 1);
                let places = bars.iter().filter(|bar| bar.place.is_some()).count();
                assert_eq!(places, bars.len() - 1, "{explanation:#?}");
                assert!(!explanation.expected.is_empty(), "{explanation:#?}");
            }
            other => panic!("{size}: {other:?}"),
        }
    }
}
