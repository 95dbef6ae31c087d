//! Compares what a sequential model promises with what it does.

use std::collections::BTreeSet;

use super::act::Mirror;
use crate::service::{Accepts, Sequential};

/// As many states of a model are compared with its acts at most.
const COMPARED: usize = 500;

/// Checks a model's promises (`is_read`, `is_blind_write`, `is_always_legal`, `accepts`, `origins`,
/// `act`, `swaps`, `appends`, `sequence`) against its `apply`, for every pair of the given states and
/// operations; the initial state is
/// always among them. For the tests of a model: choose states that the operations lead to.
///
/// # Panics
///
/// When a promise does not hold.
pub fn check_promises<M: Sequential>(states: &[M::State], operations: &[M::Operation]) {
    let mut all = vec![M::initial()];
    all.extend(states.iter().cloned());
    let reached: Vec<M::State> =
        all.iter().flat_map(|s| operations.iter().map(move |o| M::apply(s, o).0)).collect();
    all.extend(reached);
    all.sort();
    all.dedup();
    for operation in operations {
        check_kinds::<M>(&all, operation);
        check_accepts::<M>(&all, operation);
        check_origins::<M>(&all, operation);
        check_swaps::<M>(&all, operation);
        check_appends::<M>(&all, operation);
    }
    check_acts::<M>(operations);
}

fn check_kinds<M: Sequential>(states: &[M::State], operation: &M::Operation) {
    let (first_after, first_reply) = M::apply(&M::initial(), operation);
    for state in states {
        let (after, reply) = M::apply(state, operation);
        if M::is_read(operation) {
            assert_eq!(after, *state, "{operation:?} is said to be a read");
        }
        if M::is_blind_write(operation) {
            assert!(!M::is_read(operation), "{operation:?} is said to be a read and a write");
            assert!(M::is_always_legal(operation), "{operation:?} is blind yet not always legal");
            assert_eq!(after, first_after, "{operation:?} is said to be blind, from {state:?}");
        }
        if M::is_always_legal(operation) {
            assert_eq!(reply, first_reply, "{operation:?} is said to be legal in {state:?}");
        }
    }
}

fn check_accepts<M: Sequential>(states: &[M::State], operation: &M::Operation) {
    if M::is_always_legal(operation) {
        return;
    }
    let mut replies: Vec<M::Reply> = states.iter().map(|s| M::apply(s, operation).1).collect();
    replies.sort();
    replies.dedup();
    for must in &replies {
        let accepts = M::accepts(operation, must);
        for state in states {
            let (after, reply) = M::apply(state, operation);
            let is_listed = match &accepts {
                Accepts::Unknown => continue,
                Accepts::Nowhere => false,
                Accepts::Everywhere => true,
                Accepts::In(only) => only == state,
                Accepts::NotIn(exception) => {
                    let is_pure = after == *state || exception == state;
                    assert!(is_pure, "{operation:?} = {must:?} is refused somewhere, yet changes");
                    exception != state
                }
            };
            assert_eq!(
                reply == *must,
                is_listed,
                "{operation:?} replies {reply:?} in {state:?}, but {must:?} has {accepts:?}"
            );
        }
    }
}

fn check_origins<M: Sequential>(states: &[M::State], operation: &M::Operation) {
    if M::is_read(operation) || M::is_blind_write(operation) {
        return;
    }
    for state in states {
        let (after, _) = M::apply(state, operation);
        let Some(origins) = M::origins(operation, &after) else { continue };
        assert!(
            after == *state || origins.contains(state),
            "{operation:?} leads from {state:?} to {after:?}, but its origins are {origins:?}"
        );
    }
}

/// Walks through the states that the operations lead to, with a well-known object at its side that
/// does what the acts say.
fn check_acts<M: Sequential>(operations: &[M::Operation]) {
    let mut seen = BTreeSet::from([(M::initial(), Mirror::default())]);
    let mut todo: Vec<_> = seen.iter().cloned().collect();
    let mut next = 0;
    while next < todo.len().min(COMPARED) {
        let (state, mirror) = todo[next].clone();
        next += 1;
        let replies: BTreeSet<M::Reply> =
            operations.iter().map(|operation| M::apply(&state, operation).1).collect();
        for operation in operations {
            let (after, right) = M::apply(&state, operation);
            for reply in replies.iter().chain([&right]) {
                let Some(act) = M::act(operation, Some(reply)) else { continue };
                let is_accepted = mirror.clone().accept(&act);
                assert_eq!(
                    is_accepted,
                    *reply == right,
                    "{operation:?} replies {right:?} in {state:?}, but {reply:?} is {act:?}"
                );
            }
            let Some(act) = M::act(operation, Some(&right)) else { continue };
            assert_eq!(
                M::act(operation, None),
                Some(act.without_reply()),
                "{operation:?} with a reply is {act:?}"
            );
            let mut mirror = mirror.clone();
            mirror.accept(&act);
            let pair = (after, mirror);
            if seen.insert(pair.clone()) {
                todo.push(pair);
            }
        }
    }
}

fn check_swaps<M: Sequential>(states: &[M::State], operation: &M::Operation) {
    let Some((from, to)) = M::swaps(operation) else { return };
    for state in states.iter().chain([&from]) {
        let (after, _) = M::apply(state, operation);
        let told = if *state == from { &to } else { state };
        assert_eq!(after, *told, "{operation:?} is said to lead from {from:?} to {to:?} only");
    }
}

fn check_appends<M: Sequential>(states: &[M::State], operation: &M::Operation) {
    let sequences: Vec<_> = states.iter().filter_map(M::sequence).collect();
    assert!(
        sequences.is_empty() || sequences.len() == states.len(),
        "some states have a sequence and others have none"
    );
    assert!(
        sequences.iter().enumerate().all(|(i, one)| !sequences[..i].contains(one)),
        "two of {states:?} have the same sequence"
    );
    let Some(added) = M::appends(operation) else { return };
    assert!(M::is_always_legal(operation), "{operation:?} appends yet is not always legal");
    for state in states {
        let (after, _) = M::apply(state, operation);
        let told = M::sequence(state).map(|before| [before, added].concat());
        assert_eq!(M::sequence(&after), told.as_deref(), "{operation:?} is said to append");
    }
}
