//! Hand-written histories that hold, and wrong ones that each monitor must catch.

use rehearsal_sim::check::check_promises;
use rehearsal_sim::check::model::{
    Counter, CounterOp, CounterReply, Keyed, Lock, LockOp, LockReply, Many, PriorityQueue, Queue,
    QueueOp, QueueReply, Set, SetOp, SetReply, Stack,
};
use rehearsal_sim::check::monitor::{Decision, decide};
use rehearsal_sim::service::Sequential;

use crate::draw::{Line, log};
use crate::oracle::is_linearizable;

/// What the monitor says, which is what trying every order says.
fn judge<M: Sequential>(lines: &[Line<M>]) -> Option<Decision> {
    let log = log::<M>(lines);
    let found = decide::<M>(&log.calls.iter().collect::<Vec<_>>());
    if let Some(found) = found {
        assert_eq!(found, is_linearizable::<M>(&log).into(), "{log:?}");
    }
    found
}

fn holds<M: Sequential>(lines: &[Line<M>]) {
    assert_eq!(judge::<M>(lines), Some(Decision::Holds));
}

fn breaks<M: Sequential>(lines: &[Line<M>]) {
    assert_eq!(judge::<M>(lines), Some(Decision::Breaks));
}

fn put(value: u64, called: u64, ended: u64) -> (QueueOp, Option<QueueReply>, u64, u64) {
    (QueueOp::Put(value), Some(QueueReply::Done), called, ended)
}

fn take(
    value: impl Into<Option<u64>>,
    called: u64,
    ended: u64,
) -> (QueueOp, Option<QueueReply>, u64, u64) {
    (QueueOp::Take, Some(QueueReply::Took(value.into())), called, ended)
}

/// A take whose end nobody knows.
fn lost_take(called: u64) -> (QueueOp, Option<QueueReply>, u64, u64) {
    (QueueOp::Take, None, called, 0)
}

#[test]
fn what_the_models_say_of_their_operations_is_what_they_do() {
    let moves = [QueueOp::Put(1), QueueOp::Put(3), QueueOp::Put(2), QueueOp::Take];
    check_promises::<Queue>(&[], &moves);
    check_promises::<Stack>(&[], &moves);
    check_promises::<PriorityQueue>(&[], &moves);
    let sets = |e| [SetOp::Add(e), SetOp::Remove(e), SetOp::Contains(e), SetOp::Put(e)];
    check_promises::<Set>(&[], &[&sets(4)[..], &sets(1), &[SetOp::Read]].concat());
    let counts = [CounterOp::Add(2), CounterOp::Add(-1), CounterOp::AddAndGet(3), CounterOp::Read];
    check_promises::<Counter>(&[], &counts);
    let locks = |holder| [LockOp::Acquire(holder), LockOp::Release(holder)];
    let locks = [locks(1), locks(2)].concat();
    check_promises::<Lock>(&[], &locks);
    let keyed = locks.iter().map(|&operation| Keyed { key: 7, operation });
    check_promises::<Many<Lock>>(&[], &keyed.collect::<Vec<_>>());
}

/// A queue that says it is a stack.
struct Liar;

impl Sequential for Liar {
    type Operation = QueueOp;
    type Reply = QueueReply;
    type State = Vec<u64>;
    fn initial() -> Vec<u64> {
        Vec::new()
    }
    fn apply(state: &Vec<u64>, operation: &QueueOp) -> (Vec<u64>, QueueReply) {
        Queue::apply(state, operation)
    }
    fn act(operation: &QueueOp, reply: Option<&QueueReply>) -> Option<rehearsal_sim::check::Act> {
        Stack::act(operation, reply)
    }
}

#[test]
#[should_panic(expected = "take replies 1 in [1, 2], but 1 is Take")]
fn a_model_that_misnames_its_operations_is_found_out() {
    check_promises::<Liar>(&[], &[QueueOp::Put(1), QueueOp::Put(2), QueueOp::Take]);
}

#[test]
fn queues() {
    holds::<Queue>(&[put(1, 0, 9), put(2, 0, 9), take(2, 1, 2), take(1, 3, 4), take(None, 5, 6)]);
    // Taken in the wrong order, taken twice, taken before it was put, empty while it was not.
    breaks::<Queue>(&[put(1, 0, 1), put(2, 2, 3), take(2, 4, 5), take(1, 6, 7)]);
    breaks::<Queue>(&[put(1, 0, 1), take(1, 2, 3), take(1, 4, 5)]);
    breaks::<Queue>(&[take(1, 0, 1), put(1, 2, 3)]);
    breaks::<Queue>(&[put(1, 0, 1), take(None, 2, 5), take(1, 6, 7)]);
    // Never empty, though neither value was inside all the time.
    let relay = [put(1, 0, 1), put(2, 3, 4), take(None, 2, 7), take(1, 5, 6), take(2, 8, 9)];
    breaks::<Queue>(&relay);
    // A value that stays behind was skipped, unless a lost take had it.
    let skipped = [put(1, 0, 1), put(2, 2, 3), take(2, 4, 5)];
    breaks::<Queue>(&skipped);
    holds::<Queue>(&[&skipped[..], &[lost_take(4)]].concat());
    breaks::<Queue>(&[&skipped[..], &[lost_take(6)]].concat());
    // A put whose end nobody knows may have happened.
    holds::<Queue>(&[(QueueOp::Put(1), None, 0, 0), take(None, 2, 3), take(1, 4, 5)]);
}

#[test]
fn stacks() {
    holds::<Stack>(&[put(1, 0, 1), put(2, 2, 3), take(2, 4, 5), take(1, 6, 7)]);
    breaks::<Stack>(&[put(1, 0, 1), put(2, 2, 3), take(1, 4, 5), take(2, 6, 7)]);
    breaks::<Stack>(&[put(1, 0, 1), put(2, 2, 3), take(1, 4, 5), lost_take(6)]);
    holds::<Stack>(&[put(1, 0, 1), put(2, 2, 3), take(1, 4, 5), lost_take(4)]);
    // No pair is wrong, but all three can not be stacked: each two cores overlap, and none of the
    // values can lie below the two others.
    breaks::<Stack>(&[
        put(1, 0, 3),
        put(2, 1, 8),
        put(3, 5, 9),
        take(1, 10, 13),
        take(2, 14, 20),
        take(3, 11, 16),
        put(4, 4, 6),
        take(4, 15, 18),
    ]);
}

#[test]
fn priority_queues() {
    holds::<PriorityQueue>(&[put(1, 0, 1), put(2, 2, 3), take(2, 4, 5), take(1, 6, 7)]);
    breaks::<PriorityQueue>(&[put(1, 0, 1), put(2, 2, 3), take(1, 4, 5), take(2, 6, 7)]);
    breaks::<PriorityQueue>(&[put(1, 0, 1), put(2, 2, 3), take(1, 4, 5)]);
    holds::<PriorityQueue>(&[put(1, 0, 1), put(2, 2, 3), take(1, 4, 5), lost_take(4)]);
    // Between the greater ones there is no moment for the smaller one.
    breaks::<PriorityQueue>(&[
        put(1, 0, 1),
        put(5, 0, 1),
        put(6, 4, 5),
        take(1, 2, 9),
        take(5, 6, 12),
        take(6, 10, 11),
    ]);
}

#[test]
fn sets() {
    let was = |was| Some(SetReply::Was(was));
    let added = (SetOp::Add(1), was(true), 0, 1);
    holds::<Set>(&[added.clone(), (SetOp::Contains(1), was(true), 2, 3)]);
    breaks::<Set>(&[added.clone(), (SetOp::Contains(1), was(false), 2, 3)]);
    breaks::<Set>(&[added.clone(), (SetOp::Add(1), was(true), 2, 3)]);
    let twice = [added.clone(), (SetOp::Add(1), was(true), 2, 3), (SetOp::Remove(1), None, 0, 0)];
    holds::<Set>(&twice);
    breaks::<Set>(&[added, (SetOp::Remove(2), was(true), 2, 3)]);
    let read = |elements: &[u64], called, ended| {
        (SetOp::Read, Some(SetReply::Elements(elements.to_vec())), called, ended)
    };
    let put = |element, called, ended| (SetOp::Put(element), Some(SetReply::Done), called, ended);
    holds::<Set>(&[put(1, 0, 9), put(2, 0, 9), read(&[2], 1, 2), read(&[1, 2], 3, 4)]);
    // Two reads that disagree on which came first, and one that forgets.
    breaks::<Set>(&[put(1, 0, 9), put(2, 0, 9), read(&[2], 1, 2), read(&[1], 1, 2)]);
    breaks::<Set>(&[put(1, 0, 1), put(2, 2, 3), read(&[2], 4, 5)]);
}

#[test]
fn counters() {
    let add = |called, ended| (CounterOp::Add(1), Some(CounterReply::Done), called, ended);
    let read =
        |value, called, ended| (CounterOp::Read, Some(CounterReply::Value(value)), called, ended);
    holds::<Counter>(&[add(0, 1), add(0, 9), read(1, 2, 3), read(2, 4, 5)]);
    breaks::<Counter>(&[add(0, 1), add(0, 9), read(2, 2, 3), read(1, 4, 5)]);
    breaks::<Counter>(&[add(0, 1), read(0, 2, 3)]);
    // A bound check alone would let both reads pass.
    breaks::<Counter>(&[add(0, 9), add(4, 9), read(1, 1, 2), read(0, 3, 5)]);
    let taken =
        |called, ended| (CounterOp::AddAndGet(1), Some(CounterReply::Value(1)), called, ended);
    breaks::<Counter>(&[taken(0, 9), taken(0, 9)]);
}

#[test]
fn locks() {
    let granted = Some(LockReply::Granted);
    let acquire = |holder, called, ended| (LockOp::Acquire(holder), granted, called, ended);
    let release = |holder, called, ended| (LockOp::Release(holder), granted, called, ended);
    let refused =
        |holder, called, ended| (LockOp::Acquire(holder), Some(LockReply::Refused), called, ended);
    let two = [acquire(1, 0, 1), release(1, 4, 7), acquire(2, 5, 8), release(2, 9, 10)];
    holds::<Lock>(&two);
    holds::<Lock>(&[&two[..], &[refused(3, 2, 3)]].concat());
    // Nobody had it; two had it; one gave back what it did not have.
    breaks::<Lock>(&[&two[..], &[refused(3, 11, 12)]].concat());
    breaks::<Lock>(&[acquire(1, 0, 1), acquire(2, 2, 3), release(1, 4, 5)]);
    breaks::<Lock>(&[acquire(1, 0, 1), release(2, 2, 3)]);
    // Whoever crashed may have it for ever.
    let crashed = (LockOp::Acquire(4), None, 10, 0);
    holds::<Lock>(&[&two[..], &[refused(3, 12, 13), crashed]].concat());
}
