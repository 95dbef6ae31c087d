//! Why a history is not linearizable: the operation to blame, the smallest part of the history that
//! shows it, and words.

mod order;
mod shrink;
mod units;
mod words;

use self::order::Orders;
use self::words::Scene;
use super::super::{Bar, Explanation};
use crate::history::Call;
use crate::service::{Outcome, Sequential};

/// Larger parts of a history are not drawn.
const DRAWN: usize = 64;
/// As many operations are listed at most.
const LISTED: usize = 24;

/// What replies were possible instead, at most.
const REPLIES: usize = 4;

type CallOf<M> = Call<<M as Sequential>::Operation, <M as Sequential>::Reply>;

/// Explains that `calls`, those of one object, have no order, and that the call with the number
/// `blamed` is the first that can not be placed by its end.
pub(super) fn explain<M: Sequential>(
    object: u64,
    calls: &[&CallOf<M>],
    blamed: Option<usize>,
) -> Explanation {
    let Some(blamed) = blamed else { return unknown::<M>(object, calls) };
    let culprit = calls[blamed];
    let beginning = beginning::<M>(calls, culprit);
    let replies = replies::<M>(&beginning, culprit);
    let (part, at) = shrink::shrink::<M>(&beginning, culprit);
    let mut orders = Orders::<M>::new(&part, at);
    let replies = replies.unwrap_or_else(|| {
        let replies = orders.as_mut().map(|orders| orders.replies(REPLIES)).unwrap_or_default();
        shrink::possible::<M>(calls, culprit, replies)
    });
    let expected = words::expected::<M>(culprit, &replies);
    let scene = Scene::<M>::new(calls, &part, at);
    let sentence = scene.sentence(object, &expected);
    let places = orders.and_then(|mut orders| orders.find()).unwrap_or_default();
    Explanation {
        sentence,
        at_ns: end(culprit),
        details: details::<M>(&part, at),
        bars: if part.len() <= DRAWN { bars::<M>(&part, at, &places) } else { Vec::new() },
        expected,
    }
}

/// What the culprit could have replied, where there are few others.
fn replies<M: Sequential>(beginning: &[CallOf<M>], culprit: &CallOf<M>) -> Option<Vec<M::Reply>> {
    let at = beginning.iter().position(|call| call.id == culprit.id)?;
    Some(Orders::<M>::new(beginning, at)?.replies(REPLIES)).filter(|replies| !replies.is_empty())
}

/// The budget ended before the first operation to blame was found.
fn unknown<M: Sequential>(object: u64, calls: &[&CallOf<M>]) -> Explanation {
    let last = calls.iter().filter(|call| is_known::<M>(call)).map(|call| end(call)).max();
    Explanation {
        sentence: format!(
            "the operations on object {object} have no possible order; the budget ended before the \
             first one that can not be placed was found"
        ),
        at_ns: last.unwrap_or_default(),
        ..Explanation::default()
    }
}

fn is_known<M: Sequential>(call: &CallOf<M>) -> bool {
    matches!(call.outcome, Outcome::Ok(_))
}

/// When a call that has a reply ended.
fn end<O, R>(call: &Call<O, R>) -> u64 {
    call.ended.unwrap_or(call.called).max(call.called).0
}

/// What was known when the culprit ended: of what ended later nobody can say yet whether it took
/// effect.
fn beginning<M: Sequential>(calls: &[&CallOf<M>], culprit: &CallOf<M>) -> Vec<CallOf<M>> {
    let until = end(culprit);
    let cut = |call: &&&CallOf<M>| call.called.0 <= until && call.outcome != Outcome::Failed;
    let mut known: Vec<CallOf<M>> = calls.iter().filter(cut).map(|call| (*call).clone()).collect();
    for call in &mut known {
        let is_over = is_known::<M>(call) && call.ended.is_some_and(|ended| ended.0 <= until);
        if !is_over && call.id != culprit.id {
            (call.ended, call.outcome) = (None, Outcome::Unknown);
        }
    }
    known.retain(|call| is_known::<M>(call) || !M::is_read(&call.operation));
    if shrink::breaks::<M>(&known) == Some(true) {
        return known;
    }
    // Some reply that came later says what did not happen before.
    calls.iter().filter(cut).map(|call| (*call).clone()).collect()
}

/// A line for each operation.
fn details<M: Sequential>(part: &[CallOf<M>], at: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let first = part.len().saturating_sub(LISTED);
    if first > 0 {
        lines.push(format!("{first} operations that were called earlier"));
    }
    for (index, call) in part.iter().enumerate() {
        if index < first && index != at {
            continue;
        }
        let mark = if index == at { " <- can not be placed" } else { "" };
        lines.push(format!("{}{mark}", words::line::<M>(call)));
    }
    lines
}

fn bars<M: Sequential>(part: &[CallOf<M>], at: usize, places: &[(usize, String)]) -> Vec<Bar> {
    let bar = |(index, call): (usize, &CallOf<M>)| {
        let place = places.iter().position(|(one, _)| *one == index);
        Bar {
            client: call.client,
            text: words::text::<M>(call),
            called_ns: call.called.0,
            ended_ns: is_known::<M>(call).then(|| end(call)),
            place: place.and_then(|place| u32::try_from(place + 1).ok()),
            state_after: place.map(|place| places[place].1.clone()),
            is_blamed: index == at,
        }
    };
    part.iter().enumerate().map(bar).collect()
}
