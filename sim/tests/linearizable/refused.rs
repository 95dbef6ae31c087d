//! A list that is compared with lists: a refused comparison shows that the list was another one.

use rehearsal_sim::check::{Budget, Engine, decided_by};
use rehearsal_sim::history::{Call, CallId};
use rehearsal_sim::service::{Accepts, Outcome, Sequential};
use rehearsal_sim::time::SimTime;

use crate::model::Dice;
use crate::random::wanted;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Do {
    Append(u64),
    /// Empties the list if it is this one.
    Empty(Vec<u64>),
}

/// An append replies `true`, and so does an emptying that found its list.
#[derive(Debug)]
struct List;

impl Sequential for List {
    type Operation = Do;
    type Reply = bool;
    type State = Vec<u64>;
    fn initial() -> Vec<u64> {
        Vec::new()
    }
    fn apply(state: &Vec<u64>, operation: &Do) -> (Vec<u64>, bool) {
        match operation {
            Do::Append(value) => ([&state[..], &[*value]].concat(), true),
            Do::Empty(list) if list == state => (Vec::new(), true),
            Do::Empty(_) => (state.clone(), false),
        }
    }
    fn is_always_legal(operation: &Do) -> bool {
        matches!(operation, Do::Append(_))
    }
    fn accepts(operation: &Do, reply: &bool) -> Accepts<Vec<u64>> {
        match (operation, reply) {
            (Do::Empty(list), true) => Accepts::In(list.clone()),
            (Do::Empty(list), false) => Accepts::NotIn(list.clone()),
            (Do::Append(_), true) => Accepts::Everywhere,
            (Do::Append(_), false) => Accepts::Nowhere,
        }
    }
    fn origins(operation: &Do, after: &Vec<u64>) -> Option<Vec<Vec<u64>>> {
        match (operation, after.split_last()) {
            (Do::Append(value), Some((last, rest))) if last == value => Some(vec![rest.to_vec()]),
            (Do::Empty(list), None) => Some(vec![list.clone()]),
            _ => Some(Vec::new()),
        }
    }
    fn appends(operation: &Do) -> Option<&[u64]> {
        match operation {
            Do::Append(value) => Some(std::slice::from_ref(value)),
            Do::Empty(_) => None,
        }
    }
    fn sequence(state: &Vec<u64>) -> Option<&[u64]> {
        Some(state)
    }
}

fn call(operation: Do, (called, ended): (u64, u64), reply: bool) -> Call<Do, bool> {
    Call {
        id: CallId(called),
        client: 0,
        operation,
        called: SimTime(called),
        ended: Some(SimTime(ended)),
        outcome: Outcome::Ok(reply),
    }
}

/// The append that nobody sees has to come first: [3, 2] is neither [2] nor [2, 3].
#[test]
fn an_append_that_nobody_sees_may_be_needed_before_another_one() {
    let calls = [
        call(Do::Append(3), (0, 10), true),
        call(Do::Append(2), (0, 1), true),
        call(Do::Empty(vec![2]), (2, 3), false),
        call(Do::Empty(vec![2, 3]), (4, 5), false),
    ];
    let calls: Vec<_> = calls.iter().collect();
    let found = decided_by::<List>(Engine::Frontier, &calls, Budget::default());
    assert_eq!(found, Some(true));
    let mut late = calls[0].clone();
    late.called = SimTime(2);
    let broken = [calls[1], &late, calls[2], &call(Do::Empty(vec![2, 3]), (11, 12), false)];
    let found = decided_by::<List>(Engine::Frontier, &broken, Budget::default());
    assert_eq!(found, Some(false));
}

/// Tries every order.
fn holds(calls: &[&Call<Do, bool>], placed: u32, state: &Vec<u64>) -> bool {
    let is_placed = |index: usize| placed >> index & 1 == 1;
    let due = calls.iter().enumerate().filter(|(at, _)| !is_placed(*at));
    let Some(first) = due.filter_map(|(_, call)| call.ended).min() else { return true };
    calls.iter().enumerate().any(|(at, call)| {
        let (after, reply) = List::apply(state, &call.operation);
        let fits = match call.outcome {
            Outcome::Ok(must) => must == reply,
            _ => true,
        };
        !is_placed(at) && call.called <= first && fits && holds(calls, placed | 1 << at, &after)
    })
}

/// Comparisons with lists of some length, refused and not, and appends that nobody heard of.
fn some(dice: &mut Dice) -> Vec<Call<Do, bool>> {
    let mut now = 0;
    let mut state = Vec::new();
    let mut seen = vec![Vec::new()];
    let mut calls = Vec::new();
    for _ in 0..3 + dice.below(6) {
        now += dice.below(3);
        let operation = match dice.below(2) {
            0 => Do::Append(dice.below(3)),
            _ => Do::Empty(seen[usize::try_from(dice.below(seen.len() as u64)).unwrap()].clone()),
        };
        let (after, reply) = List::apply(&state, &operation);
        state = after;
        let mut other = state.clone();
        other.extend((0..dice.below(2)).map(|_| dice.below(3)));
        seen.extend([state.clone(), other]);
        let reply =
            if matches!(operation, Do::Empty(_)) && dice.chance(15) { !reply } else { reply };
        let mut call = call(operation, (now, now + dice.below(6)), reply);
        if dice.chance(20) {
            (call.ended, call.outcome) = (None, Outcome::Unknown);
        }
        calls.push(call);
    }
    calls
}

fn told(call: &Call<Do, bool>) -> String {
    let ended = call.ended.map_or("never".to_owned(), |ended| ended.0.to_string());
    format!("{:?} = {:?}  {} .. {ended}\n", call.operation, call.outcome, call.called.0)
}

#[test]
fn lists_that_are_compared_are_judged_like_trying_every_order_does() {
    let count = wanted(60_000);
    let (mut passed, mut answers) = (0, [0; 2]);
    for seed in 0..count {
        let log = some(&mut Dice(seed));
        let calls: Vec<_> = log.iter().collect();
        let truth = holds(&calls, 0, &Vec::new());
        for (engine, sum) in [Engine::Frontier, Engine::Sweep].into_iter().zip(&mut answers) {
            let found = decided_by::<List>(engine, &calls, Budget::default());
            let told = || log.iter().map(told).collect::<String>();
            assert!(
                found.is_none_or(|found| found == truth),
                "seed {seed}: {engine:?} says {found:?}, truth {truth}\n{}",
                told()
            );
            *sum += u64::from(found.is_some());
        }
        passed += u64::from(truth);
    }
    assert!(passed * 10 > count && (count - passed) * 10 > count, "{passed} of {count} hold");
    assert!(answers.iter().all(|answers| *answers == count), "{answers:?}");
}
