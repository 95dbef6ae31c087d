//! Why a history is not linearizable, in words.

use super::sweep::{Event, NEVER, Op, Plan, States};
use crate::check::Explanation;
use crate::history::Call;
use crate::service::{Outcome, Sequential};
use crate::time::SimTime;

/// As many states are named at most.
const STATES: usize = 4;
/// As many operations that ended before are listed at most.
const RECENT: usize = 8;
/// As many open operations are listed at most.
const OPEN: usize = 64;

/// Explains that the return at `event` can not be placed after any of the states `before`; `None`
/// if there may be an earlier one that can not be placed either.
pub(super) fn explain<M: Sequential>(
    plan: &Plan<M>,
    states: &States<M>,
    object: u64,
    event: usize,
    before: Option<&[usize]>,
) -> Explanation {
    let (Event::Return(culprit) | Event::Call(culprit)) = plan.events[event];
    let call = plan.ops[culprit].call;
    let line = line::<M>(call);
    let sentence = match before {
        None => format!(
            "object {object} has no possible order of its operations; the budget ended before the \
             first one to blame was found, near {line}"
        ),
        Some([]) => format!(
            "{line} can not be placed: no order of the operations before it allows this reply"
        ),
        Some(before) => format!(
            "{line} can not be placed: before it every possible order leaves object {object} at \
             {}, and no operation open at that time leads from there to a state that allows this \
             reply",
            list(states, before)
        ),
    };
    Explanation {
        sentence,
        at_ns: ended(call).0,
        details: details(plan, culprit, event),
        ..Explanation::default()
    }
}

/// A few states in words.
fn list<M: Sequential>(states: &States<M>, numbers: &[usize]) -> String {
    let mut names: Vec<String> =
        numbers.iter().filter_map(|&number| states.get(number)).map(|s| format!("{s:?}")).collect();
    if names.len() < numbers.len() {
        names.push("a value that nobody saw".to_owned());
    }
    let more = names.len().saturating_sub(STATES);
    names.truncate(STATES);
    let mut list = names.join(" or ");
    if more > 0 {
        list += &format!(" (or {more} more)");
    }
    list
}

/// When an operation that has a reply ended.
pub(super) fn ended<O, R>(call: &Call<O, R>) -> SimTime {
    call.ended.unwrap_or(call.called)
}

/// The operations open at `event`, and before them the last ones that ended earlier.
fn details<M: Sequential>(plan: &Plan<M>, culprit: usize, event: usize) -> Vec<String> {
    let ops = || plan.ops.iter().enumerate().filter(|(index, _)| *index != culprit);
    let mut over: Vec<_> = ops().filter(|(_, op)| op.returned < event).collect();
    over.sort_by_key(|(_, op)| op.returned);
    let open: Vec<_> = ops().filter(|(_, op)| op.called < event && op.returned > event).collect();
    let mut lines = Vec::new();
    if let Some(earlier) = over.len().checked_sub(RECENT + 1) {
        lines.push(format!("{} operations that ended earlier", earlier + 1));
    }
    let recent = &over[over.len().saturating_sub(RECENT)..];
    lines.extend(recent.iter().map(|(_, op)| line::<M>(op.call)));
    lines.extend(open.iter().take(OPEN).map(|(_, op)| line::<M>(op.call)));
    if open.len() > OPEN {
        lines.push(format!("{} more open operations", open.len() - OPEN));
    }
    lines.push(format!("{} <- can not be placed", line::<M>(plan.ops[culprit].call)));
    lines
}

/// One operation as people read it.
fn line<M: Sequential>(call: &Call<M::Operation, M::Reply>) -> String {
    let Call { operation, client, called, .. } = call;
    let outcome = match &call.outcome {
        Outcome::Ok(reply) => format!("{reply:?}"),
        Outcome::Failed => "failed".to_owned(),
        Outcome::Unknown => "unknown".to_owned(),
    };
    let end = match call.ended {
        Some(ended) => format!("ended at {ended}"),
        None => "never ended".to_owned(),
    };
    format!("{operation:?} = {outcome} by client{client}, called at {called} and {end}")
}

/// How far a sweep got, in words.
pub(super) fn how_far<M: Sequential>(plan: &Plan<M>, event: usize) -> String {
    let returns =
        |events: &[Event]| events.iter().filter(|e| matches!(e, Event::Return(_))).count();
    let is_open = |op: &&Op<M>| op.called <= event && op.returned >= event && op.returned != NEVER;
    let open = plan.ops.iter().filter(is_open).count();
    let (Event::Return(op) | Event::Call(op)) = plan.events[event];
    let call = plan.ops[op].call;
    let at = match plan.events[event] {
        Event::Return(_) => ended(call),
        Event::Call(_) => call.called,
    };
    format!(
        "it placed {} of {} operations, up to {at} with {open} of them open",
        returns(&plan.events[..event]),
        returns(&plan.events),
    )
}
