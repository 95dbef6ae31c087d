//! Hand-written histories whose verdicts are known.

use rehearsal_sim::check::{Budget, Explanation, Verdict, check_promises, linearizable};
use rehearsal_sim::service::{Ask, Outcome, Service};
use rehearsal_sim::time::SimTime;

use crate::model::{Bare, Do, Full, Log, Op, Plain, Reply, Seq, is, note};
use Do::{Append, Cas, Get, Put};
use Reply::{Done, Swapped};

fn judge(log: &Log) -> Verdict {
    linearizable::<Full>(log, Budget::default())
}

#[track_caller]
fn passes(log: &Log) {
    assert_eq!(judge(log), Verdict::Pass);
}

#[track_caller]
fn fails(log: &Log) -> Explanation {
    match judge(log) {
        Verdict::Fail(explanation) => explanation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn models_keep_their_promises() {
    let states = [None, Some(vec![]), Some(vec![1]), Some(vec![2]), Some(vec![1, 2])];
    let dos = [Get, Put(1), Put(2), Append(1), Append(2), Cas(1, 2), Cas(2, 1), Cas(1, 1)];
    let operations = dos.map(|operation| Op(0, operation));
    check_promises::<Full>(&states, &operations);
    check_promises::<Plain>(&states, &operations);
    check_promises::<Bare>(&states, &operations);
    check_promises::<Seq>(&[vec![], vec![1], vec![2], vec![1, 2]], &operations);
    let ask = Ask { kind: 3, key: 4, serial: 5, last_written: Some(6), draw: 0 };
    assert_eq!(Full::compose(&ask), Op(4, Cas(6, 5)));
}

#[test]
fn nothing_is_linearizable() {
    passes(&Log::default());
}

#[test]
fn a_stale_read_is_found_and_explained() {
    let mut log = Log::default();
    note(&mut log, 1, Put(3), (0, 1_000), Done);
    note(&mut log, 1, Put(5), (2_000, 3_000), Done);
    note(&mut log, 3, Put(7), (3_500, 9_000_000), Done);
    note(&mut log, 2, Get, (4_001_000, 4_010_000), is(&[3]));
    note(&mut log, 2, Get, (5_000_000, 5_010_000), is(&[9]));
    let explanation = fails(&log);
    assert_eq!(explanation.at_ns, 4_010_000);
    assert_eq!(
        explanation.sentence,
        "Op(17, Get) = Is(Some([3])) by client2, called at 0.004001s and ended at 0.004010s can \
         not be placed: before it every possible order leaves object 17 at Some([5]), and no \
         operation open at that time leads from there to a state that allows this reply"
    );
    assert_eq!(
        explanation.details,
        [
            "Op(17, Put(3)) = Done by client1, called at 0.000000s and ended at 0.000001s",
            "Op(17, Put(5)) = Done by client1, called at 0.000002s and ended at 0.000003s",
            "Op(17, Put(7)) = Done by client3, called at 0.000003s and ended at 0.009000s",
            "Op(17, Get) = Is(Some([3])) by client2, called at 0.004001s and ended at 0.004010s \
             <- can not be placed",
        ]
    );
}

#[test]
fn an_end_and_a_call_at_the_same_instant_are_concurrent() {
    let mut log = Log::default();
    note(&mut log, 1, Put(1), (0, 10), Done);
    note(&mut log, 2, Get, (10, 20), Reply::Is(None));
    passes(&log);
    log.calls[1].called.0 = 11;
    fails(&log);
}

#[test]
fn a_lost_update_is_found() {
    let mut log = Log::default();
    note(&mut log, 1, Append(1), (0, 10), Done);
    note(&mut log, 2, Append(2), (5, 15), Done);
    note(&mut log, 1, Get, (20, 30), is(&[2]));
    assert_eq!(fails(&log).at_ns, 30);
}

#[test]
fn of_two_swaps_from_one_value_only_one_succeeds() {
    let mut log = Log::default();
    note(&mut log, 1, Put(1), (0, 10), Done);
    note(&mut log, 1, Cas(1, 2), (20, 40), Swapped(true));
    note(&mut log, 2, Cas(1, 3), (20, 50), Swapped(false));
    passes(&log);
    log.calls[2].outcome = Outcome::Ok(Swapped(true));
    assert_eq!(fails(&log).at_ns, 50);
}

#[test]
fn a_value_never_written_can_not_be_read() {
    let mut log = Log::default();
    note(&mut log, 1, Put(1), (0, 10), Done);
    note(&mut log, 2, Get, (0, 10), is(&[8]));
    assert_eq!(fails(&log).at_ns, 10);
    note(&mut log, 3, Put(8), (1, 10), Outcome::Failed);
    fails(&log);
    log.calls[2].outcome = Outcome::Unknown;
    passes(&log);
}

#[test]
fn an_unknown_write_can_not_be_seen_and_then_not() {
    let mut log = Log::default();
    note(&mut log, 1, Put(1), (0, 10), Done);
    note(&mut log, 2, Put(2), (0, None), Outcome::Unknown);
    note(&mut log, 3, Get, (20, 30), is(&[1]));
    note(&mut log, 3, Get, (40, 50), is(&[2]));
    passes(&log);
    note(&mut log, 3, Get, (60, 70), is(&[1]));
    assert_eq!(fails(&log).at_ns, 70);
    note(&mut log, 4, Put(1), (0, None), Outcome::Unknown);
    passes(&log);
    note(&mut log, 3, Get, (80, 90), is(&[2]));
    assert_eq!(fails(&log).at_ns, 90);
}

#[test]
fn concurrent_reads_may_not_flip_back() {
    let mut log = Log::default();
    note(&mut log, 1, Put(1), (0, 100), Done);
    note(&mut log, 2, Get, (10, 20), is(&[1]));
    passes(&log);
    note(&mut log, 3, Get, (30, 40), Reply::Is(None));
    assert_eq!(fails(&log).at_ns, 40);
}

#[test]
fn a_hidden_write_may_be_seen_as_long_as_it_is_open() {
    let mut log = Log::default();
    note(&mut log, 1, Put(1), (0, 100), Done);
    note(&mut log, 2, Put(2), (0, 10), Done);
    note(&mut log, 3, Get, (20, 30), is(&[2]));
    note(&mut log, 3, Get, (150, 160), is(&[1]));
    passes(&log);
    note(&mut log, 3, Get, (170, 180), is(&[2]));
    assert_eq!(fails(&log).at_ns, 180);
}

#[test]
fn a_hidden_append_may_be_seen_as_long_as_it_is_open() {
    let mut log = Log::default();
    note(&mut log, 1, Append(1), (0, 100), Done);
    note(&mut log, 2, Put(2), (0, 10), Done);
    note(&mut log, 3, Get, (20, 30), is(&[2]));
    note(&mut log, 3, Get, (150, 160), is(&[2, 1]));
    passes(&log);
    log.calls[0].ended = Some(SimTime(15));
    assert_eq!(fails(&log).at_ns, 160);
    log.calls[3].outcome = Outcome::Ok(is(&[2]));
    passes(&log);
}

#[test]
fn a_refused_swap_needs_another_value() {
    let mut log = Log::default();
    note(&mut log, 1, Put(1), (0, 10), Done);
    note(&mut log, 2, Cas(1, 2), (20, 30), Swapped(false));
    assert_eq!(fails(&log).at_ns, 30);
    note(&mut log, 3, Append(4), (25, None), Outcome::Unknown);
    passes(&log);
    note(&mut log, 4, Get, (40, 50), is(&[1]));
    fails(&log);
}

#[test]
fn the_earliest_violation_of_all_objects_is_reported() {
    let mut log = Log::default();
    note(&mut log, 1, Get, (0, 50), is(&[1]));
    note(&mut log, 2, Get, (0, 40), is(&[2]));
    log.calls[1].operation.0 = 18;
    assert_eq!(fails(&log).at_ns, 40);
}

#[test]
fn a_spent_budget_says_how_far_it_came() {
    let mut log = Log::default();
    note(&mut log, 1, Append(1), (0, 10_000), Done);
    note(&mut log, 2, Get, (20_000, 30_000), is(&[1]));
    assert_eq!(
        linearizable::<Full>(&log, Budget { configurations: 1 }),
        Verdict::Inconclusive(
            "the budget of 1 configurations ended before object 17 was judged: it placed 0 of 2 \
             operations, up to 0.000010s with 1 of them open"
                .to_owned()
        )
    );
}
