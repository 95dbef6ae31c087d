//! Many operations open on one key at once, as an outage leaves them, and long histories.

use std::time::{Duration, Instant};

use rehearsal_sim::check::{Budget, Verdict, linearizable, linearizable_by};
use rehearsal_sim::service::{Operation, Outcome};

use crate::model::{Dice, Do, Full, Log, Op, Plain, Reply, Value, apply, is, note, settle};
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

/// Judges quickly; a second is far above what is measured.
#[track_caller]
fn judge(log: &Log, what: &str) -> Verdict {
    let start = Instant::now();
    let verdict = linearizable::<Full>(log, Budget::default());
    let took = start.elapsed();
    println!("{what}: {} operations in {took:?}", log.calls.len());
    assert!(took < Duration::from_secs(5), "{what} took {took:?}: {verdict:?}");
    verdict
}

/// A final read of the right value passes, and reads of wrong ones fail.
fn outages(clients: u32) {
    let mut dice = Dice(u64::from(clients));
    for mix in [Mix::Puts, Mix::PutsAndGets, Mix::Everything] {
        for arrival in
            [Arrival::InOrder, Arrival::Shuffled, Arrival::ThenMore, Arrival::MostlyUnknown]
        {
            for round in 0..4 {
                let what = format!("{clients} clients, {mix:?}, {arrival:?}, round {round}");
                let (mut log, state) = outage(&mut dice, clients, mix, arrival);
                note(&mut log, 99, Do::Get, (CALM, CALM + 10), Reply::Is(state.clone()));
                assert_eq!(judge(&log, &what), Verdict::Pass, "{what}");
                for wrong in [is(&[1]), is(&[777_777]), Reply::Is(None)] {
                    log.calls.pop();
                    note(&mut log, 99, Do::Get, (CALM, CALM + 10), wrong.clone());
                    let verdict = judge(&log, &format!("{what}, wrong"));
                    let may_pass = log.calls.iter().all(|call| {
                        matches!(call.outcome, Outcome::Unknown)
                            || call.operation.1 == Do::Get
                            || call.called.0 == 0
                    });
                    if wrong != is(&[1]) || !may_pass {
                        assert!(matches!(verdict, Verdict::Fail(_)), "{what}: {verdict:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn outages_with_64_open_operations_are_judged() {
    outages(64);
}

#[test]
fn outages_with_200_open_operations_are_judged() {
    outages(200);
}
