//! Long histories of clients that call one operation after another.

use std::time::Instant;

use rehearsal_sim::check::{Budget, Verdict, linearizable};
use rehearsal_sim::history::{Call, CallId};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

use crate::model::{Dice, Do, Full, Log, Op, Reply, Value, apply, settle};

/// Half reads; every operation takes effect at some instant of its span; one in fifty ends unknown,
/// and half of those never take effect.
fn closed_loop(dice: &mut Dice, clients: u32, keys: u64, operations: u64) -> Log {
    let mut drafts = Vec::new();
    let mut clocks: Vec<u64> = (0..clients).map(|_| dice.below(100)).collect();
    for serial in 1..=operations {
        let client = (0..clients).min_by_key(|&c| clocks[c as usize]).unwrap();
        let called = clocks[client as usize];
        let ended = called + 1 + dice.below(100);
        clocks[client as usize] = ended + 1 + dice.below(10);
        let effect = called + dice.below(ended - called + 1);
        drafts.push((effect, serial, client, called, ended, dice.below(keys), dice.below(100)));
    }
    drafts.sort();
    let mut states: Vec<Value> = vec![None; usize::try_from(keys).unwrap()];
    let mut log = Log::default();
    for (_, serial, client, called, ended, key, luck) in drafts {
        let state = &mut states[usize::try_from(key).unwrap()];
        let operation = match (luck % 50, state.as_deref()) {
            (0..25, _) => Do::Get,
            (25..40, _) => Do::Put(serial),
            (40..45, Some([value])) => Do::Cas(*value, serial),
            (40..45, _) => Do::Cas(1, serial),
            _ => Do::Append(serial),
        };
        let (after, reply) = apply(state, operation);
        let is_unknown = dice.chance(2);
        if !is_unknown || luck < 50 {
            *state = after;
        }
        log.calls.push(Call {
            id: CallId(0),
            client,
            operation: Op(key, operation),
            called: SimTime(called),
            ended: (!is_unknown).then_some(SimTime(ended)),
            outcome: if is_unknown { Outcome::Unknown } else { Outcome::Ok(reply) },
        });
    }
    settle(&mut log);
    log
}

/// The history passes, and does not with a stale read in it.
fn judge(clients: u32, keys: u64, operations: u64) {
    let mut log = closed_loop(&mut Dice(7), clients, keys, operations);
    let start = Instant::now();
    assert_eq!(linearizable::<Full>(&log, Budget::default()), Verdict::Pass);
    println!("{operations} operations of {clients} clients on {keys} keys: {:?}", start.elapsed());
    let reads: Vec<usize> = (0..log.calls.len())
        .filter(|&index| matches!(log.calls[index].outcome, Outcome::Ok(Reply::Is(Some(_)))))
        .collect();
    let early = log.calls[reads[reads.len() / 4]].clone();
    let is_same_key = |&&index: &&usize| log.calls[index].operation.0 == early.operation.0;
    let late = *reads[reads.len() / 2..].iter().find(is_same_key).unwrap();
    log.calls[late].outcome = early.outcome;
    let start = Instant::now();
    match linearizable::<Full>(&log, Budget::default()) {
        Verdict::Fail(explanation) => {
            assert_eq!(Some(SimTime(explanation.at_ns)), log.calls[late].ended);
        }
        other => panic!("{other:?}"),
    }
    println!("  with a stale read: {:?}", start.elapsed());
}

#[test]
fn many_keys_are_judged() {
    judge(10, 100, 20_000);
}

#[test]
fn one_key_of_many_clients_is_judged() {
    judge(50, 1, 2_000);
}

#[test]
fn one_key_of_few_clients_is_judged() {
    judge(5, 1, 5_000);
}
