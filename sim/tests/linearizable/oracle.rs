//! Tries every order of a small history.

use std::collections::BTreeSet;

use rehearsal_sim::history::Call;
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

use crate::model::{Log, Op, Reply, Value, apply};

/// The end of the first operation that has no place, or `None` if the history is linearizable: at
/// each end, what ended by then must have a place and what was called by then may have one.
pub(crate) fn first_violation(log: &Log) -> Option<SimTime> {
    let is_ok = |call: &&Call<Op, Reply>| matches!(call.outcome, Outcome::Ok(_));
    let mut ends: Vec<SimTime> = log.calls.iter().filter(is_ok).filter_map(|c| c.ended).collect();
    ends.sort();
    if holds(log) {
        return None;
    }
    ends.into_iter().find(|&end| !can_place(log, end))
}

/// Whether the history is linearizable.
pub(crate) fn holds(log: &Log) -> bool {
    can_place(log, SimTime(u64::MAX))
}

fn can_place(log: &Log, end: SimTime) -> bool {
    let known: Vec<&Call<Op, Reply>> = log
        .calls
        .iter()
        .filter(|call| call.called <= end && call.outcome != Outcome::Failed)
        .collect();
    search(&known, end, 0, &None, &mut BTreeSet::new())
}

/// Whether the operations not in `placed` can follow `state`.
fn search(
    known: &[&Call<Op, Reply>],
    end: SimTime,
    placed: u32,
    state: &Value,
    failed: &mut BTreeSet<(u32, Value)>,
) -> bool {
    let must = |call: &Call<Op, Reply>| {
        matches!(call.outcome, Outcome::Ok(_)) && call.ended.is_some_and(|ended| ended <= end)
    };
    let left = || (0..known.len()).filter(|i| placed >> i & 1 == 0);
    if !left().any(|i| must(known[i])) {
        return true;
    }
    if failed.contains(&(placed, state.clone())) {
        return false;
    }
    let can = left().any(|i| {
        let call = known[i];
        let is_first = left().all(|j| !must(known[j]) || known[j].ended.unwrap() >= call.called);
        let (after, reply) = apply(state, call.operation.1);
        let is_legal = match &call.outcome {
            Outcome::Ok(must) => *must == reply,
            _ => true,
        };
        is_first && is_legal && search(known, end, placed | 1 << i, &after, failed)
    });
    if !can {
        failed.insert((placed, state.clone()));
    }
    can
}
