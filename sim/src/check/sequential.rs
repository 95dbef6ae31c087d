//! Sequential consistency: one order of all operations explains every reply and keeps the order in
//! which each client called them; real time does not matter.
//!
//! The definition is Lamport's (*How to make a multiprocessor computer that correctly executes
//! multiprocess programs*, 1979); the problem is NP-complete even for registers with different values
//! (Gibbons and Korach, *Testing shared memories*, 1997). It is not a property of each object for
//! itself (Herlihy and Wing, *Linearizability*, 1990, section 3.3), so all objects are judged
//! together; but where one object alone has no order, the whole has none, and that is tried first,
//! as it explains more.
//!
//! Three steps:
//!
//! - what is linearizable is sequentially consistent, if no client calls before its last operation
//!   has ended, and linearizability is the quicker to judge;
//! - *saturation*, for registers with different values: from who read what, and from each client's
//!   order, follows what else must come before what. A cycle is a violation. It takes polynomial
//!   time, and nearly always decides;
//! - *search*: what is left is tried, one client's next operation after the other, remembering where
//!   one has been. What can only look is placed as soon as it may be; the order of the calls is
//!   tried first; what saturation found is kept to.
//!
//! An operation whose end nobody knows takes effect once after those that its client had called
//! before, or never; what the client calls later does not wait for it.

mod lines;
mod saturate;
mod search;

use std::collections::BTreeMap;

use self::lines::Lines;
use self::saturate::Saturated;
use self::search::{Answer, Search};
use super::words::{blame, line, text};
use super::{Budget, Explanation, Verdict, linearizable_by};
use crate::history::{Call, History};
use crate::service::{Operation, Outcome, Sequential, Service};
use crate::time::SimTime;

/// So many steps of saturation are taken as one configuration.
const STEPS: u64 = 1000;
/// Judging each object alone gets this part of the budget.
const SHARE: u64 = 4;

/// Judges whether a history of a service is sequentially consistent.
pub fn sequential<S: Service>(
    history: &History<S::Operation, S::Reply>,
    budget: Budget,
) -> Verdict {
    sequential_by::<S::Model>(history, S::Operation::object, budget)
}

/// Judges whether a history is sequentially consistent with respect to a model, where `object`
/// tells the independent objects apart. The budget bounds the configurations of the search over all
/// objects, and again a part of it those over each alone.
pub fn sequential_by<M: Sequential>(
    history: &History<M::Operation, M::Reply>,
    object: impl Fn(&M::Operation) -> u64,
    budget: Budget,
) -> Verdict {
    let mut objects: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for call in &history.calls {
        objects.entry(object(&call.operation)).or_default().push(call);
    }
    let share = Budget { configurations: budget.configurations / SHARE };
    if waits(history) && linearizable_by::<M>(history, &object, share) == Verdict::Pass {
        return Verdict::Pass;
    }
    if objects.len() > 1 {
        for calls in objects.values() {
            if let Verdict::Fail(explanation) = judge::<M>(calls, &object, share) {
                return Verdict::Fail(explanation);
            }
        }
    }
    judge::<M>(&history.calls.iter().collect::<Vec<_>>(), &object, budget)
}

/// Whether every client waits for the end of an operation before it calls the next one.
fn waits<O, R>(history: &History<O, R>) -> bool {
    let mut ends: BTreeMap<u32, SimTime> = BTreeMap::new();
    history.calls.iter().all(|call| {
        let is_apart = ends.get(&call.client).is_none_or(|ended| *ended < call.called);
        if matches!(call.outcome, Outcome::Ok(_)) {
            ends.insert(call.client, call.ended.unwrap_or(SimTime(u64::MAX)));
        }
        is_apart
    })
}

fn judge<M: Sequential>(
    calls: &[&Call<M::Operation, M::Reply>],
    object: &impl Fn(&M::Operation) -> u64,
    budget: Budget,
) -> Verdict {
    let lines = Lines::<M>::new(calls, object);
    let before = match saturate::saturate(&lines, budget.configurations.saturating_mul(STEPS)) {
        Saturated::Cycle(cycle) => return Verdict::Fail(explain_cycle(&lines, &cycle)),
        Saturated::Nowhere(read) => {
            let call = lines.ops[read].call;
            let sentence = format!(
                "{} can not be placed: nobody ever called what would lead to that",
                line(call)
            );
            let expected = "what some operation leads to".to_owned();
            return Verdict::Fail(blame(sentence, expected, &[call]));
        }
        Saturated::Order(before) => Some(before),
        Saturated::Unknown => None,
    };
    let found = Search::new(&lines, before.as_ref(), budget).run();
    let must = lines.must();
    match found {
        Answer::Holds => Verdict::Pass,
        Answer::Breaks { furthest, next } => Verdict::Fail(explain_end(&lines, furthest, &next)),
        Answer::Exhausted { furthest } => Verdict::Inconclusive(format!(
            "the budget of {} configurations ended before an order of {must} operations was found \
             or excluded; the furthest has {furthest}",
            budget.configurations
        )),
    }
}

/// A circle of operations, each of which must come before the next.
fn explain_cycle<M: Sequential>(lines: &Lines<M>, cycle: &[(usize, usize)]) -> Explanation {
    let calls: Vec<_> = cycle.iter().map(|(from, _)| lines.ops[*from].call).collect();
    let mut story = Vec::new();
    for (at, (from, why)) in cycle.iter().enumerate() {
        let to = calls[(at + 1) % calls.len()];
        let from = lines.ops[*from].call;
        story.push(format!(
            "client{}'s {} comes before client{}'s {} ({})",
            from.client,
            text(from),
            to.client,
            text(to),
            saturate::WHY[*why]
        ));
    }
    let is_read = |call: &&&Call<M::Operation, M::Reply>| M::is_read(&call.operation);
    let blamed = calls.iter().position(|call| is_read(&call)).unwrap_or(0);
    let shown: Vec<_> = calls[blamed..].iter().chain(&calls[..blamed]).copied().collect();
    blame(
        format!("no order keeps each client's own and explains every reply: {}", story.join("; ")),
        "an order in which nothing comes before itself".to_owned(),
        &shown,
    )
}

/// No order gets further than this.
fn explain_end<M: Sequential>(lines: &Lines<M>, furthest: usize, next: &[usize]) -> Explanation {
    let calls: Vec<_> = next.iter().map(|op| lines.ops[*op].call).collect();
    let names: Vec<String> =
        calls.iter().map(|call| format!("client{}'s {}", call.client, text(call))).collect();
    blame(
        format!(
            "no order keeps each client's own and explains every reply: the furthest places \
             {furthest} of {} operations, and then none of the next ones fits: {}",
            lines.must(),
            names.join(", ")
        ),
        "an operation that fits".to_owned(),
        &calls,
    )
}
