//! Bank, long fork and causal reversal.

use rehearsal_sim::check::bank::{Bank, BankOp, BankReply, bank};
use rehearsal_sim::check::long_fork::{causal_reverse, long_fork};
use rehearsal_sim::check::model::{SetOp, SetReply};
use rehearsal_sim::check::{Problems, Verdict};
use rehearsal_sim::history::{Call, CallId, History};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

use crate::history::{all_at_once, r, w};

fn in_a_row<O: Clone, R: Clone>(calls: &[(O, R)]) -> History<O, R> {
    let call = |(at, (operation, reply)): (u64, &(O, R))| Call {
        id: CallId(at),
        client: 0,
        operation: operation.clone(),
        called: SimTime(at * 10),
        ended: Some(SimTime(at * 10 + 5)),
        outcome: Outcome::Ok(reply.clone()),
    };
    History { calls: (0..).zip(calls).map(call).collect() }
}

fn told(problems: &Problems) -> Vec<&str> {
    for problem in &problems.list {
        println!("{}", problem.explanation.sentence);
    }
    problems.names()
}

#[test]
fn money_stays() {
    let rules = Bank { accounts: vec![0, 1], total: Some(10), may_be_negative: false };
    let read =
        |balances: &[(u64, Option<i64>)]| (BankOp::Read, BankReply::Balances(balances.to_vec()));
    let found = |balances: &[(u64, Option<i64>)]| {
        let problems = bank(&in_a_row(&[read(balances)]), &rules);
        told(&problems).join(" ")
    };
    assert_eq!(found(&[(0, Some(3)), (1, Some(7))]), "");
    assert_eq!(found(&[(0, Some(3)), (1, Some(8))]), "wrong-total");
    assert_eq!(found(&[(0, Some(-1)), (1, Some(11))]), "negative-value");
    assert_eq!(found(&[(0, Some(3)), (1, None)]), "nil-balance");
    assert_eq!(found(&[(0, Some(3)), (2, Some(7))]), "unexpected-key");
    assert_eq!(found(&[(0, Some(i64::MAX)), (1, Some(i64::MAX))]), "wrong-total");
    let transfer = (BankOp::Transfer { from: 0, to: 1, amount: 2 }, BankReply::Done);
    let nothing_known = Bank { accounts: Vec::new(), total: None, may_be_negative: true };
    let first = read(&[(0, Some(5)), (1, Some(5))]);
    let after = read(&[(0, Some(3)), (1, Some(5))]);
    let problems = bank(&in_a_row(&[first, transfer, after]), &nothing_known);
    assert_eq!(told(&problems), ["wrong-total"]);
    assert!(matches!(problems.verdict(), Verdict::Fail(_)));
}

#[test]
fn independent_writes_are_seen_in_one_order() {
    let good = all_at_once(&[
        &[w(1, 1)],
        &[w(2, 1)],
        &[r(1, 1), r(2, None)],
        &[r(1, 1), r(2, 1)],
        &[r(2, None), r(1, None)],
    ]);
    assert_eq!(told(&long_fork(&good)), [""; 0]);
    let bad =
        all_at_once(&[&[w(1, 1)], &[w(2, 1)], &[r(1, 1), r(2, None)], &[r(2, 1), r(1, None)]]);
    assert_eq!(told(&long_fork(&bad)), ["long-fork"]);
    let other_groups =
        all_at_once(&[&[w(1, 1)], &[w(2, 1)], &[r(1, 1), r(2, None)], &[r(2, 1), r(3, None)]]);
    assert_eq!(told(&long_fork(&other_groups)), [""; 0]);
    let again = all_at_once(&[&[w(1, 1)], &[w(1, 2)]]);
    assert!(matches!(long_fork(&again).verdict(), Verdict::Inconclusive(_)));
}

#[test]
fn what_came_later_is_not_seen_without_what_came_before() {
    let put = |element: u64| (SetOp::Put(element), SetReply::Done);
    let read = |elements: &[u64]| (SetOp::Read, SetReply::Elements(elements.to_vec()));
    let judge = |elements: &[u64]| {
        told(&causal_reverse(&in_a_row(&[put(1), put(2), put(3), read(elements)]))).join(" ")
    };
    assert_eq!(judge(&[1, 2]), "");
    assert_eq!(judge(&[]), "");
    assert_eq!(judge(&[1, 3]), "causal-reverse");
    assert_eq!(judge(&[2]), "causal-reverse");
    let mut open = in_a_row(&[put(1), put(2), read(&[2])]);
    open.calls[0].ended = None;
    open.calls[0].outcome = Outcome::Unknown;
    assert_eq!(told(&causal_reverse(&open)), [""; 0]);
}
