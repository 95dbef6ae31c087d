//! Many operations open on one key at once, as an outage leaves them.

use std::time::{Duration, Instant};

use rehearsal_sim::check::{Budget, Verdict, linearizable};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

use crate::model::{Dice, Do, Full, Log, Reply, Value, apply, is, note, settle};
use Reply::Done;

/// The outage ends here.
const REPAIR: u64 = 1_000;
/// All that was open has ended by here.
const CALM: u64 = 10_000;

/// Which operations are open during the outage.
#[derive(Clone, Copy, Debug)]
enum Mix {
    Puts,
    PutsAndGets,
    Everything,
}

/// How the replies arrive.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    /// About in the order in which the operations took effect.
    InOrder,
    /// In any order.
    Shuffled,
    /// The clients go on with further operations while others are still open.
    ThenMore,
    /// Of three operations two never hear of their end.
    MostlyUnknown,
}

/// `clients` call an operation each before the repair; all take effect after it, in a random
/// order. Gives the history and the value at the end.
fn outage(dice: &mut Dice, clients: u32, mix: Mix, arrival: Arrival) -> (Log, Value) {
    let mut log = Log::default();
    note(&mut log, 0, Do::Put(1), (0, 10), Done);
    let mut state = Some(vec![1]);
    let mut serial = 1;
    let mut turns: Vec<(u32, u64)> = (1..=clients).map(|c| (c, 100 + dice.below(900))).collect();
    dice.shuffle(&mut turns);
    let more = if matches!(arrival, Arrival::ThenMore) { 2 * turns.len() } else { 0 };
    let mut expected = 1;
    let mut step = 0;
    let mut at = REPAIR;
    while step < turns.len() {
        let (client, called) = turns[step];
        at = (at + 1).max(called);
        serial += 1;
        let operation = match (mix, dice.below(10)) {
            (Mix::Puts, _) | (Mix::PutsAndGets, 0..5) | (_, 0..3) => Do::Put(serial),
            (Mix::PutsAndGets, _) | (_, 3..6) => Do::Get,
            (_, 6..8) => Do::Append(serial),
            _ => Do::Cas(if dice.chance(50) { expected } else { 1 }, serial),
        };
        let (after, reply) = apply(&state, operation);
        if let (Some([value]), true) = (after.as_deref(), after != state) {
            expected = *value;
        }
        state = after;
        let ended = match arrival {
            Arrival::InOrder => at + dice.below(4),
            Arrival::ThenMore => at + dice.below(60),
            _ => at + dice.below(CALM - 1 - at),
        };
        match arrival {
            Arrival::MostlyUnknown if dice.chance(66) => {
                note(&mut log, client, operation, (called, None), Outcome::Unknown);
            }
            _ => note(&mut log, client, operation, (called, ended), reply),
        }
        step += 1;
        if turns.len() < more + clients as usize && step <= more {
            turns.push((client, ended + 1));
            turns[step..].sort_by_key(|turn| turn.1);
        }
    }
    settle(&mut log);
    (log, state)
}

/// Judges within the default budget, which bounds the time as well; says what took long.
#[track_caller]
fn judge(log: &Log, what: &str) -> Verdict {
    let start = Instant::now();
    let verdict = linearizable::<Full>(log, Budget::default());
    let took = start.elapsed();
    if took > Duration::from_millis(50) {
        println!("{what}: {} operations in {took:?}", log.calls.len());
    }
    assert!(!matches!(verdict, Verdict::Inconclusive(_)), "{what}: {verdict:?}");
    verdict
}

/// A final read of the right value passes, and reads of wrong ones fail.
fn judge_final_reads(log: &mut Log, state: &Value, what: &str) {
    note(log, 99, Do::Get, (CALM, CALM + 10), Reply::Is(state.clone()));
    assert_eq!(judge(log, what), Verdict::Pass, "{what}");
    for wrong in [is(&[1]), is(&[777_777]), Reply::Is(None)] {
        let last = log.calls.len() - 1;
        log.calls[last].outcome = Outcome::Ok(wrong.clone());
        let verdict = judge(log, &format!("{what}, {wrong:?}"));
        // The very first value is right if nothing else is known to have changed it.
        if *state != Some(vec![1]) && (wrong != is(&[1]) || is_overwritten(log)) {
            assert!(matches!(verdict, Verdict::Fail(_)), "{what}, {wrong:?}: {verdict:?}");
        }
    }
    log.calls.pop();
}

fn is_overwritten(log: &Log) -> bool {
    let mut changes = log.calls.iter().filter(|call| call.called > SimTime(0));
    changes.any(|call| {
        matches!(
            (&call.outcome, call.operation.1),
            (Outcome::Ok(Reply::Done | Reply::Swapped(true)), _)
        )
    })
}

/// Changes a reply here and there. Most of these histories fail, somewhere in the midst.
fn judge_spoiled(dice: &mut Dice, log: &Log, what: &str) -> bool {
    let mut log = log.clone();
    for _ in 0..=dice.below(3) {
        let index = usize::try_from(dice.below(log.calls.len() as u64)).unwrap();
        let other = usize::try_from(dice.below(log.calls.len() as u64)).unwrap();
        let found = log.calls[other].outcome.clone();
        let outcome = &mut log.calls[index].outcome;
        match (&*outcome, found) {
            (Outcome::Ok(Reply::Is(_)), Outcome::Ok(Reply::Is(value))) => {
                *outcome = Outcome::Ok(Reply::Is(value));
            }
            (Outcome::Ok(Reply::Swapped(is)), _) => {
                *outcome = Outcome::Ok(Reply::Swapped(!is));
            }
            (Outcome::Ok(Reply::Done), _) if dice.chance(30) => *outcome = Outcome::Failed,
            _ => {}
        }
    }
    judge(&log, &format!("{what}, spoiled")) == Verdict::Pass
}

fn outages(clients: u32, rounds: u32) {
    let mut dice = Dice(u64::from(clients));
    let mut spoiled_pass = 0;
    for mix in [Mix::Puts, Mix::PutsAndGets, Mix::Everything] {
        for arrival in
            [Arrival::InOrder, Arrival::Shuffled, Arrival::ThenMore, Arrival::MostlyUnknown]
        {
            for round in 0..rounds {
                let what = format!("{clients} clients, {mix:?}, {arrival:?}, round {round}");
                let (mut log, state) = outage(&mut dice, clients, mix, arrival);
                judge_final_reads(&mut log, &state, &what);
                spoiled_pass += u32::from(judge_spoiled(&mut dice, &log, &what));
            }
        }
    }
    println!("{spoiled_pass} of {} spoiled outages pass", 12 * rounds);
}

fn rounds(default: u32) -> u32 {
    let text = std::env::var("REHEARSAL_OUTAGES").ok();
    text.map_or(default, |text| text.parse().expect("a number of outages of each kind"))
}

#[test]
fn outages_with_64_open_operations_are_judged() {
    outages(64, rounds(4));
}

#[test]
fn outages_with_200_open_operations_are_judged() {
    outages(200, rounds(1));
}

#[test]
fn writes_that_never_end_may_be_seen_once_each() {
    for clients in [64, 200] {
        let mut log = Log::default();
        for client in 1..=clients {
            let serial = u64::from(client);
            let operation = if client % 4 == 0 { Do::Append(serial) } else { Do::Put(serial) };
            note(&mut log, client, operation, (serial, None), Outcome::Unknown);
        }
        for (step, seen) in [vec![5], vec![7], vec![9, 4], vec![9, 4, 8]].into_iter().enumerate() {
            let at = CALM + 10 * step as u64;
            note(&mut log, 99, Do::Get, (at, at + 5), is(&seen));
        }
        assert_eq!(judge(&log, "reads of new values"), Verdict::Pass);
        note(&mut log, 99, Do::Get, (CALM + 50, CALM + 55), is(&[7]));
        match judge(&log, "a read of an old value") {
            Verdict::Fail(explanation) => assert_eq!(explanation.at_ns, CALM + 55),
            other => panic!("{other:?}"),
        }
    }
}
