//! Judging while the history comes about.

use rehearsal_sim::check::{Budget, Online, Standing};
use rehearsal_sim::history::CallId;
use rehearsal_sim::service::{Outcome, Sequential};

use crate::generate::{correct, spoil};
use crate::model::{Bare, Dice, Do, Full, Log, Op, Plain, Reply, apply};
use crate::oracle::holds;

/// Feeds a history in the order of time, calls first.
fn standing<M: Sequential<Operation = Op, Reply = Reply>>(log: &Log) -> Standing {
    let mut online = Online::<M>::new(Budget::default());
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (index, call) in log.calls.iter().enumerate() {
        events.push((call.called.0, false, index));
        let end = call.ended.map_or(u64::MAX, |ended| ended.0);
        events.push((end, true, index));
    }
    events.sort();
    for (_, is_end, index) in events {
        let call = &log.calls[index];
        match &call.outcome {
            _ if !is_end => online.observe_call(call.id, call.operation),
            Outcome::Ok(reply) => {
                online.observe_return(call.id, reply.clone());
            }
            Outcome::Failed => {
                online.observe_failure(call.id);
            }
            Outcome::Unknown => {
                online.observe_unknown(call.id);
            }
        }
    }
    online.finish().clone()
}

#[test]
fn what_is_judged_online_is_judged_alike() {
    let (mut passed, count) = (0, 20_000);
    for seed in 0..count {
        let mut dice = Dice(seed ^ 0x0111);
        let size = (2 + dice.below(4), 3 + dice.below(7));
        let unique = dice.chance(50);
        let mut log = correct(&mut dice, size, unique);
        if seed % 2 == 1 {
            spoil(&mut dice, &mut log);
        }
        let truth = holds(&log);
        for found in [standing::<Full>(&log), standing::<Plain>(&log), standing::<Bare>(&log)] {
            assert!(!matches!(found, Standing::Lost(_)), "seed {seed}: {found:?}");
            assert_eq!(found == Standing::Holds, truth, "seed {seed}: {found:?} {log:#?}");
        }
        passed += u64::from(truth);
    }
    assert!(passed * 10 > count && (count - passed) * 10 > count, "{passed} of {count} pass");
}

/// A million operations, four of them open at a time; every value is written once.
#[test]
fn a_long_run_keeps_no_more_than_what_is_open() {
    let mut online = Online::<Full>::new(Budget::default());
    let mut state = None;
    let mut open = std::collections::VecDeque::new();
    let mut most = 0;
    for serial in 0..1_000_000_u64 {
        let operation = Op(0, if serial % 3 == 0 { Do::Put(serial) } else { Do::Get });
        online.observe_call(CallId(serial), operation);
        let (after, reply) = apply(&state, operation.1);
        state = after;
        open.push_back((CallId(serial), reply));
        if open.len() == 4 {
            let (id, reply) = open.pop_front().unwrap();
            assert_eq!(*online.observe_return(id, reply), Standing::Holds);
        }
        most = most.max(online.kept());
    }
    assert!(most < 2_000, "{most} kept");
    let last = open.pop_front().unwrap().0;
    let stale = Reply::Is(Some(vec![3]));
    assert_eq!(*online.observe_return(last, stale), Standing::Holds, "others are open");
    assert_eq!(*online.finish(), Standing::Broken(last));
}
