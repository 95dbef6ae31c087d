//! The checks that Jepsen has: each against a history it must be silent on and wrong ones.

use rehearsal_sim::check::model::{
    Counter, CounterOp, CounterReply, Queue, QueueOp, QueueReply, Set, SetOp, SetReply,
};
use rehearsal_sim::check::monitor::{Decision, decide};
use rehearsal_sim::check::{Verdict, counter_bounds, final_set, set_full, total_queue, unique_ids};
use rehearsal_sim::time::Span;

use crate::draw::{Dice, Shape, correct, log};

/// The sentence of a failure.
fn why(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Fail(explanation) => {
            assert!(explanation.bars.iter().filter(|bar| bar.is_blamed).count() == 1);
            assert!(!explanation.details.is_empty() && !explanation.expected.is_empty());
            explanation.sentence.clone()
        }
        other => panic!("it must fail, and not be {other:?}"),
    }
}

fn add(element: u64, called: u64, ended: u64) -> (SetOp, Option<SetReply>, u64, u64) {
    (SetOp::Put(element), Some(SetReply::Done), called, ended)
}

fn read(elements: &[u64], called: u64, ended: u64) -> (SetOp, Option<SetReply>, u64, u64) {
    (SetOp::Read, Some(SetReply::Elements(elements.to_vec())), called, ended)
}

#[test]
fn the_last_read_of_a_set_has_all_that_was_added() {
    let good = log::<Set>(&[
        add(1, 0, 1),
        add(2, 2, 3),
        (SetOp::Put(3), None, 4, 0),
        read(&[1, 2, 3], 5, 6),
    ]);
    let report = final_set::<Set>(&good);
    assert_eq!((report.verdict, report.recovered), (Verdict::Pass, vec![3]));
    assert_eq!((report.attempted, report.acknowledged, report.present), (3, 2, 3));

    let lossy = log::<Set>(&[add(1, 0, 1), add(2, 2, 3), add(3, 2, 9), read(&[1], 5, 6)]);
    let report = final_set::<Set>(&lossy);
    assert_eq!(
        why(&report.verdict),
        "the last read, client3's at 0.000005s, lacks 1 element that had been added with success \
         before it: 2"
    );
    // What was being added during the read need not be in it.
    assert_eq!(report.lost, [2]);

    let report = final_set::<Set>(&log::<Set>(&[add(1, 0, 1), read(&[1, 7], 5, 6)]));
    assert_eq!(report.unexpected, [7]);
    assert!(why(&report.verdict).contains("1 element that nobody tried to add: 7"));

    let unread = final_set::<Set>(&log::<Set>(&[add(1, 0, 1)]));
    assert!(matches!(unread.verdict, Verdict::Inconclusive(_)));
    let removed = final_set::<Set>(&log::<Set>(&[(SetOp::Remove(1), None, 0, 0)]));
    assert!(matches!(removed.verdict, Verdict::Inconclusive(_)));
}

#[test]
fn each_element_of_a_set_is_stable_stale_lost_or_never_read() {
    let story = [
        add(1, 0, 10),
        add(2, 0, 10),
        add(3, 0, 10),
        add(4, 0, 10),
        read(&[1, 3], 20, 30),
        read(&[1, 2], 40, 50),
        read(&[1, 2], 60, 70),
        add(5, 65, 80),
    ];
    let report = set_full::<Set>(&log::<Set>(&story), false);
    assert_eq!((report.attempted, report.stable), (5, 2));
    assert_eq!((&report.stale, &report.never_read), (&vec![2], &vec![5]));
    assert_eq!(report.lost, [3, 4]);
    // Element 2 was last missing 10 us after it was known, element 3 last there as late.
    assert_eq!(report.stable_latencies, [Span(0), Span(10_000)]);
    assert_eq!(report.lost_latencies, [Span(0), Span(10_000)]);
    assert_eq!(
        why(&report.verdict),
        "element 3 is lost: it was known to be in the set, client6's read called at 0.000060s does \
         not have it, and no later one has; 2 elements like this: 3 and 4"
    );

    let stale = [add(1, 0, 10), read(&[], 20, 30), read(&[1], 40, 50)];
    assert_eq!(set_full::<Set>(&log::<Set>(&stale), false).verdict, Verdict::Pass);
    let strict = set_full::<Set>(&log::<Set>(&stale), true);
    assert!(why(&strict.verdict).starts_with("element 1 is stale"));

    let twice = set_full::<Set>(&log::<Set>(&[add(1, 0, 1), read(&[1, 1], 2, 3)]), false);
    assert!(why(&twice.verdict).contains("has element 1 more than once"));
    let strange = set_full::<Set>(&log::<Set>(&[add(1, 0, 1), read(&[1, 9], 2, 3)]), false);
    assert_eq!(strange.unexpected, [9]);
    assert!(why(&strange.verdict).contains("element 9 though nobody had tried to add it"));
}

#[test]
fn each_read_of_a_counter_has_its_bounds() {
    let add =
        |amount, called, ended| (CounterOp::Add(amount), Some(CounterReply::Done), called, ended);
    let read =
        |value, called, ended| (CounterOp::Read, Some(CounterReply::Value(value)), called, ended);
    let good = [add(5, 0, 1), add(-2, 2, 9), read(3, 3, 4), read(5, 3, 4), read(3, 10, 11)];
    let report = counter_bounds::<Counter>(&log::<Counter>(&good));
    assert_eq!(report.verdict, Verdict::Pass);
    let bounds: Vec<_> = report.reads.iter().map(|read| (read.lower, read.upper)).collect();
    assert_eq!(bounds, [(3, 5), (3, 5), (3, 3)]);

    let low = counter_bounds::<Counter>(&log::<Counter>(&[add(5, 0, 1), read(4, 2, 3)]));
    assert_eq!(
        why(&low.verdict),
        "client1's read of the counter found 4: less than 5, which had been added for sure when \
         it was called"
    );
    let high = counter_bounds::<Counter>(&log::<Counter>(&[read(1, 0, 1), add(1, 2, 3)]));
    assert!(why(&high.verdict).contains("found 1: more than 0"));
    let lost = (CounterOp::Add(1), None, 2, 0);
    let maybe = counter_bounds::<Counter>(&log::<Counter>(&[lost, read(1, 3, 4), read(0, 5, 6)]));
    assert_eq!(maybe.verdict, Verdict::Pass, "each read for itself is possible");
}

#[test]
fn what_goes_into_a_queue_comes_out() {
    let put = |value, called, ended| (QueueOp::Put(value), Some(QueueReply::Done), called, ended);
    let take = |value: Option<u64>, called, ended| {
        (QueueOp::Take, Some(QueueReply::Took(value)), called, ended)
    };
    let maybe = (QueueOp::Put(3), None, 0, 0);
    let good = [put(1, 0, 1), maybe, take(Some(3), 2, 3), take(Some(1), 2, 3), take(None, 4, 5)];
    let report = total_queue::<Queue>(&log::<Queue>(&good));
    assert_eq!((report.verdict, report.recovered), (Verdict::Pass, vec![3]));

    let lossy = [put(1, 0, 1), put(2, 0, 1), take(Some(1), 2, 3), take(None, 4, 5)];
    let report = total_queue::<Queue>(&log::<Queue>(&lossy));
    assert_eq!(
        why(&report.verdict),
        "1 value put with success and never taken: 2; at the end the queue was drained"
    );
    let undrained = total_queue::<Queue>(&log::<Queue>(&lossy[..3]));
    assert!(matches!(undrained.verdict, Verdict::Inconclusive(why) if why.contains("inside")));
    let open = [&lossy[..], &[(QueueOp::Take, None, 2, 0)]].concat();
    let open = total_queue::<Queue>(&log::<Queue>(&open));
    assert!(matches!(open.verdict, Verdict::Inconclusive(why) if why.contains("1 take whose")));

    let twice = [put(1, 0, 1), take(Some(1), 2, 3), take(Some(1), 4, 5), take(None, 6, 7)];
    let report = total_queue::<Queue>(&log::<Queue>(&twice));
    assert_eq!((report.verdict, report.duplicated), (Verdict::Pass, vec![1]));
    let strange = total_queue::<Queue>(&log::<Queue>(&[take(Some(7), 0, 1)]));
    assert_eq!(why(&strange.verdict), "1 value came out that nobody had tried to put: 7");
}

#[test]
fn identifiers_are_different() {
    let next = |value| (CounterOp::AddAndGet(1), Some(CounterReply::Value(value)), 0, 1);
    let ids = |lines: &[_]| {
        let asks = |operation: &CounterOp| matches!(operation, CounterOp::AddAndGet(_));
        unique_ids(&log::<Counter>(lines), asks, |_, reply| match reply {
            CounterReply::Value(value) => Some(*value),
            CounterReply::Done => None,
        })
    };
    let good = ids(&[next(1), next(3), (CounterOp::AddAndGet(1), None, 0, 0)]);
    assert_eq!(good.verdict, Verdict::Pass);
    assert_eq!((good.attempted, good.acknowledged), (3, 2));
    assert_eq!(good.range, Some(("1".to_owned(), "3".to_owned())));
    let bad = ids(&[next(1), next(3), next(1)]);
    assert_eq!(bad.duplicated, [("1".to_owned(), 2)]);
    assert_eq!(
        why(&bad.verdict),
        "the identifier 1 was handed out twice, to client0 and client2; 1 identifier like this"
    );
}

/// What is linearizable passes the cheap checks, and what they blame is not linearizable.
#[test]
fn the_cheap_checks_agree_with_the_monitors() {
    let (mut blamed, mut silent) = (0, 0);
    for seed in 0..20_000 {
        let mut dice = Dice(seed);
        let shape = Shape { clients: 3, count: 9, width: 6, doubt: 10, is_apart: true };
        let mut sets = correct::<Set>(&mut dice, &shape, |dice, serial, _| match dice.chance(50) {
            true => SetOp::Put(serial),
            false => SetOp::Read,
        });
        let mut counts =
            correct::<Counter>(&mut dice, &shape, |dice, _, _| match dice.chance(50) {
                true => CounterOp::Add(1),
                false => CounterOp::Read,
            });
        if seed % 2 == 1 {
            crate::draw::spoil::<Set>(&mut dice, &mut sets, 3);
            crate::draw::spoil::<Counter>(&mut dice, &mut counts, 3);
        }
        let set = decide::<Set>(&sets.calls.iter().collect::<Vec<_>>());
        let counter = decide::<Counter>(&counts.calls.iter().collect::<Vec<_>>());
        let cheap = [
            (final_set::<Set>(&sets).verdict, set),
            (set_full::<Set>(&sets, true).verdict, set),
            (counter_bounds::<Counter>(&counts).verdict, counter),
        ];
        for (verdict, decision) in cheap {
            let is_blamed = matches!(verdict, Verdict::Fail(_));
            let is_wrong = decision == Some(Decision::Breaks);
            assert!(is_wrong || !is_blamed, "seed {seed}: {verdict:?} on {sets:?} {counts:?}");
            blamed += usize::from(is_blamed);
            silent += usize::from(is_wrong && !is_blamed);
        }
    }
    println!("the cheap checks find {blamed} of {} violations", blamed + silent);
    assert!(blamed > 1_000, "{blamed} found");
}
