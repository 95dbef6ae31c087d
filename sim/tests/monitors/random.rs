//! Many small histories, judged by a monitor and by trying every order.

use rehearsal_sim::check::model::{
    Counter, CounterOp, Lock, LockOp, PriorityQueue, Queue, QueueOp, Set, SetOp, Stack,
};
use rehearsal_sim::check::monitor::{Decision, decide};
use rehearsal_sim::history::Call;
use rehearsal_sim::service::Sequential;

use crate::draw::{Dice, Log, Shape, correct, spoil};
use crate::oracle::is_linearizable;

/// How many histories hold, break, and are left to the search.
#[derive(Debug, Default)]
struct Tally {
    holds: u64,
    breaks: u64,
    silent: u64,
}

/// `REHEARSAL_HISTORIES` asks for more of them.
pub(crate) fn wanted(default: u64) -> u64 {
    let text = std::env::var("REHEARSAL_HISTORIES").ok();
    text.map_or(default, |text| text.parse().expect("a number of histories"))
}

/// `REHEARSAL_FIRST` is the seed to begin with.
fn first() -> u64 {
    std::env::var("REHEARSAL_FIRST").map_or(0, |text| text.parse().expect("a seed"))
}

fn decision<M: Sequential>(log: &Log<M>) -> Option<Decision> {
    decide::<M>(&log.calls.iter().collect::<Vec<_>>())
}

/// A history, a line for each operation.
pub(crate) fn text<M: Sequential>(log: &Log<M>) -> String {
    let line = |call: &Call<M::Operation, M::Reply>| {
        let Call { operation, outcome, called, ended, client, .. } = call;
        let ended = ended.map_or("...".to_owned(), |ended| ended.0.to_string());
        format!("\n  client{client} {}..{ended} {operation:?} = {outcome:?}", called.0)
    };
    log.calls.iter().map(line).collect()
}

/// Compares a monitor with the oracle. `doubt` of a hundred operations are open in half of the
/// histories; at most `silent` of a hundred histories may be left to the search.
fn compare<M: Sequential>(
    name: &str,
    (doubt, silent): (u64, u64),
    operation: impl Fn(&mut Dice, u64, u64, u64) -> M::Operation,
) {
    let count = wanted(40_000);
    let mut tally = Tally::default();
    for seed in first()..first() + count {
        let mut dice = Dice(seed);
        let clients = 2 + dice.below(4);
        let shape = Shape {
            clients,
            count: 3 + dice.below(8),
            width: 1 + dice.below(9),
            doubt: if dice.chance(50) { doubt } else { 0 },
            is_apart: false,
        };
        let taste = dice.next();
        let mut log = correct::<M>(&mut dice, &shape, |dice, serial, client| {
            operation(dice, taste, serial, client)
        });
        let is_spoiled = seed % 5 != 0;
        if is_spoiled {
            let changes = 2 + dice.below(8);
            spoil::<M>(&mut dice, &mut log, changes);
        }
        let truth = is_linearizable::<M>(&log);
        assert!(is_spoiled || truth, "seed {seed} makes a wrong history: {}", text::<M>(&log));
        match decision::<M>(&log) {
            None => tally.silent += 1,
            Some(found) => {
                assert_eq!(found, truth.into(), "{name}, seed {seed}: {}", text::<M>(&log));
                *(if truth { &mut tally.holds } else { &mut tally.breaks }) += 1;
            }
        }
    }
    println!("{name}: {tally:?}");
    assert!(tally.holds * 10 > count && tally.breaks * 10 > count, "{name}: {tally:?}");
    assert!(tally.silent * 100 <= count * silent, "{name}: {tally:?}");
}

/// Puts and takes, more or less of each.
fn traffic(dice: &mut Dice, taste: u64, serial: u64) -> QueueOp {
    match dice.chance(30 + taste % 40) {
        true => QueueOp::Put(serial ^ (taste % 8)),
        false => QueueOp::Take,
    }
}

#[test]
fn queues() {
    compare::<Queue>("queue", (25, 0), |dice, taste, serial, _| traffic(dice, taste, serial));
}

#[test]
fn stacks() {
    compare::<Stack>("stack", (25, 1), |dice, taste, serial, _| traffic(dice, taste, serial));
}

#[test]
fn priority_queues() {
    let operation = |dice: &mut Dice, taste, serial, _| traffic(dice, taste, serial);
    compare::<PriorityQueue>("priority queue", (25, 1), operation);
}

#[test]
fn sets() {
    compare::<Set>("set", (25, 25), |dice, taste, _, _| {
        let element = dice.below(1 + taste % 3);
        match dice.below(4) {
            0 if taste / 8 % 3 == 0 => SetOp::Put(element),
            0 => SetOp::Add(element),
            1 if taste / 8 % 12 == 0 => SetOp::Put(element),
            1 | 2 => SetOp::Remove(element),
            _ => SetOp::Contains(element),
        }
    });
}

#[test]
fn sets_that_only_grow() {
    compare::<Set>("growing set", (25, 5), |dice, taste, serial, _| {
        match dice.chance(20 + taste % 60) {
            true if taste % 2 == 0 => SetOp::Put(serial),
            true => SetOp::Add(serial),
            false => SetOp::Read,
        }
    });
}

#[test]
fn counters() {
    compare::<Counter>("counter", (25, 20), |dice, taste, _, _| {
        let unit = [1, 2, -3][usize::try_from(taste % 3).unwrap()];
        match dice.below(8) {
            0..3 => CounterOp::Add(unit),
            3 if taste / 3 % 8 == 0 => CounterOp::Add(unit * 2),
            3 => CounterOp::Add(0),
            4 | 5 if taste / 32 % 2 == 0 => CounterOp::AddAndGet(unit),
            _ => CounterOp::Read,
        }
    });
}

#[test]
fn locks() {
    compare::<Lock>("lock", (15, 35), |dice, taste, _, client| {
        let holder = if taste % 5 == 0 && dice.chance(5) { 0 } else { client };
        match dice.chance(55) {
            true => LockOp::Acquire(holder),
            false => LockOp::Release(holder),
        }
    });
}
