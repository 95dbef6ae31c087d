//! Session guarantees: hand-written histories, and every order of the writes as the oracle.

use std::collections::BTreeMap;

use rehearsal_sim::check::model::{Register, RegisterOp, RegisterReply};
use rehearsal_sim::check::{Guarantee, Sessions, Touch, Verdict, sessions};
use rehearsal_sim::history::{Call, CallId};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

use crate::draw::{Dice, Log, Shape, correct, spoil};
use crate::random::{text, wanted};

fn touch(operation: &RegisterOp, reply: Option<&RegisterReply>) -> (u64, Touch) {
    let touch = match (operation, reply) {
        (RegisterOp::Write(value), _) => Touch::Write(*value),
        (RegisterOp::Read, Some(RegisterReply::Value(value))) => Touch::Read(*value),
        _ => Touch::Nothing,
    };
    (17, touch)
}

/// Who does what, one operation after the other, a microsecond each.
fn judge(lines: &[(u32, Touch)]) -> Sessions {
    let mut log = Log::<Register>::default();
    for (at, &(client, touch)) in (0..).zip(lines) {
        let (operation, reply) = match touch {
            Touch::Write(value) => (RegisterOp::Write(value), RegisterReply::Done),
            Touch::Read(value) => (RegisterOp::Read, RegisterReply::Value(value)),
            Touch::Nothing => continue,
        };
        log.calls.push(Call {
            id: CallId(at),
            client,
            operation,
            called: SimTime(at * 1000),
            ended: Some(SimTime(at * 1000 + 500)),
            outcome: Outcome::Ok(reply),
        });
    }
    sessions(&log, touch_of)
}

fn touch_of(operation: &RegisterOp, reply: Option<&RegisterReply>) -> (u64, Touch) {
    touch(operation, reply)
}

fn write(client: u32, value: u64) -> (u32, Touch) {
    (client, Touch::Write(value))
}

fn read(client: u32, value: u64) -> (u32, Touch) {
    (client, Touch::Read(Some(value)))
}

fn nothing(client: u32) -> (u32, Touch) {
    (client, Touch::Read(None))
}

/// The one guarantee that is broken, by which operations, and why.
fn broken(lines: &[(u32, Touch)]) -> (Guarantee, u64, u64, String) {
    let report = judge(lines);
    let [violation] = &report.violations[..] else { panic!("{report:#?}") };
    for guarantee in Guarantee::ALL {
        assert_eq!(report.keeps(guarantee), guarantee != violation.guarantee);
    }
    let Verdict::Fail(explanation) = &report.verdict else { panic!("{report:#?}") };
    assert!(explanation.sentence.starts_with(violation.guarantee.name()));
    assert_eq!(explanation.bars.len(), 2);
    (violation.guarantee, violation.earlier.0, violation.later.0, violation.sentence.clone())
}

#[test]
fn what_replicas_may_do_is_not_blamed() {
    // Stale, but never backwards.
    let good = [write(1, 5), nothing(2), write(1, 6), read(2, 5), read(1, 6), read(2, 6)];
    assert_eq!(judge(&good).verdict, Verdict::Pass);
    // Two writes that nobody ordered, seen in one order by both.
    let good = [write(1, 5), write(2, 6), read(1, 6), read(2, 6), read(3, 5), read(3, 6)];
    assert_eq!(judge(&good).verdict, Verdict::Pass);
}

#[test]
fn each_guarantee_is_found_broken_under_its_name() {
    let (guarantee, earlier, later, why) = broken(&[write(1, 5), write(1, 6), read(1, 5)]);
    assert_eq!((guarantee, earlier, later), (Guarantee::ReadYourWrites, 1, 2));
    assert_eq!(
        why,
        "client1's read -> 5 on k17 goes back behind its own write(6) -> ok: client1 called \
         write(6) -> ok knowing of write(5) -> ok"
    );
    let (guarantee, earlier, later, why) = broken(&[write(1, 5), nothing(1)]);
    assert_eq!((guarantee, earlier, later), (Guarantee::ReadYourWrites, 0, 1));
    assert_eq!(why, "client1 found nothing at k17 though it had called write(5) -> ok before");

    let back = [write(1, 5), write(1, 6), read(2, 6), read(2, 5), read(3, 6)];
    let (guarantee, earlier, later, _) = broken(&back);
    assert_eq!((guarantee, earlier, later), (Guarantee::MonotonicReads, 2, 3));

    // Nobody finds 6 again: the writes were turned round.
    let (guarantee, earlier, later, why) =
        broken(&[write(1, 5), write(1, 6), read(2, 6), read(2, 5), read(3, 5)]);
    assert_eq!((guarantee, earlier, later), (Guarantee::MonotonicWrites, 0, 1));
    assert_eq!(
        why,
        "client1 called write(6) -> ok on k17 after write(5) -> ok of client1, but client2 found \
         them the other way round, and nobody found the newer one again"
    );
    let (guarantee, earlier, later, _) =
        broken(&[write(1, 5), read(4, 5), write(4, 6), read(2, 6), read(2, 5), read(3, 5)]);
    assert_eq!((guarantee, earlier, later), (Guarantee::WritesFollowReads, 0, 2));
}

#[test]
fn opposite_orders_are_found() {
    let lines = [write(1, 5), write(2, 6), read(3, 5), read(3, 6), read(4, 6), read(4, 5)];
    let (guarantee, earlier, later, why) = broken(&lines);
    assert_eq!((guarantee, earlier, later), (Guarantee::MonotonicReads, 4, 5));
    assert!(why.contains("client4 had read -> 6 and then read -> 5"), "{why}");
    assert!(why.contains("client3 had read -> 5 and then read -> 6"), "{why}");
}

#[test]
fn what_can_not_be_judged_is_said() {
    assert!(matches!(judge(&[write(1, 5), write(2, 5)]).verdict, Verdict::Inconclusive(_)));
    let Verdict::Fail(strange) = judge(&[write(1, 5), read(2, 9)]).verdict else {
        panic!("nobody wrote 9")
    };
    assert_eq!(strange.sentence, "client2's read -> 9 on k17: nobody ever wrote that");
    let Verdict::Fail(future) = judge(&[read(2, 5), write(1, 5)]).verdict else {
        panic!("it is written later")
    };
    assert_eq!(future.sentence, "client2's read -> 5 on k17: client1 wrote that only later");
}

/// Whether the writes have an order in which no client ever goes back, by trying all.
fn has_order(log: &Log<Register>) -> bool {
    let calls: Vec<_> =
        log.calls.iter().filter(|call| !matches!(call.outcome, Outcome::Failed)).collect();
    let mut writes: Vec<u64> = Vec::new();
    let mut called = BTreeMap::new();
    for call in &calls {
        if let RegisterOp::Write(value) = call.operation {
            writes.push(value);
            called.insert(value, call.called);
        }
    }
    let comes_true = calls.iter().all(|call| match &call.outcome {
        Outcome::Ok(RegisterReply::Value(Some(value))) => {
            called.get(value).is_some_and(|called| Some(*called) <= call.ended)
        }
        _ => true,
    });
    comes_true
        && can_follow(&calls)
        && permute(&mut writes, 0, &mut |order| never_goes_back(&calls, order))
}

/// Whether each client's operations can be gone through in its order, reads after what they found.
fn can_follow(calls: &[&Call<RegisterOp, RegisterReply>]) -> bool {
    let mut is_done = vec![false; calls.len()];
    let finds = |call: &Call<RegisterOp, RegisterReply>| match call.outcome {
        Outcome::Ok(RegisterReply::Value(value)) => value,
        _ => None,
    };
    for _ in calls {
        for at in 0..calls.len() {
            let is_next =
                (0..at).all(|other| is_done[other] || calls[other].client != calls[at].client);
            let is_there = finds(calls[at]).is_none_or(|value| {
                (0..calls.len()).any(|other| {
                    is_done[other] && calls[other].operation == RegisterOp::Write(value)
                })
            });
            is_done[at] |= is_next && is_there;
        }
    }
    !is_done.contains(&false)
}

fn permute(items: &mut Vec<u64>, fixed: usize, is_it: &mut impl FnMut(&[u64]) -> bool) -> bool {
    if fixed == items.len() {
        return is_it(items);
    }
    (fixed..items.len()).any(|other| {
        items.swap(fixed, other);
        let found = permute(items, fixed + 1, is_it);
        items.swap(fixed, other);
        found
    })
}

fn never_goes_back(calls: &[&Call<RegisterOp, RegisterReply>], order: &[u64]) -> bool {
    let place = |value: u64| order.iter().position(|other| *other == value).map_or(0, |at| at + 1);
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    calls.iter().all(|call| {
        let seen = seen.entry(call.client).or_default();
        let is_sure = matches!(call.outcome, Outcome::Ok(_));
        let found = match (&call.operation, &call.outcome) {
            (RegisterOp::Write(value), _) => place(*value),
            (_, Outcome::Ok(RegisterReply::Value(value))) => value.map_or(0, place),
            _ => return true,
        };
        let is_right = found >= *seen;
        if is_sure {
            *seen = found;
        }
        is_right
    })
}

#[test]
fn small_histories_are_judged_like_every_order_of_the_writes() {
    let count = wanted(40_000);
    let mut passed = 0;
    for seed in 0..count {
        let mut dice = Dice(seed);
        let clients = 2 + dice.below(2);
        let shape = Shape {
            clients,
            count: 3 + dice.below(7),
            width: 1 + dice.below(9),
            doubt: 8,
            is_apart: true,
        };
        let mut log = correct::<Register>(&mut dice, &shape, |dice, serial, _| {
            if dice.chance(40) { RegisterOp::Write(serial) } else { RegisterOp::Read }
        });
        let is_spoiled = seed % 5 != 0;
        if is_spoiled {
            let changes = 1 + dice.below(4);
            spoil::<Register>(&mut dice, &mut log, changes);
        }
        if log.calls.iter().filter(|call| matches!(call.operation, RegisterOp::Write(_))).count()
            > 6
        {
            continue;
        }
        let truth = has_order(&log);
        assert!(is_spoiled || truth, "seed {seed}: {}", text::<Register>(&log));
        let report = sessions(&log, touch_of);
        let found = report.verdict == Verdict::Pass;
        assert_eq!(found, truth, "seed {seed}: {report:#?}{}", text::<Register>(&log));
        passed += u64::from(truth);
    }
    println!("{passed} of {count} histories keep the session guarantees");
    assert!(passed * 10 > count && (count - passed) * 10 > count, "{passed} of {count} pass");
}
