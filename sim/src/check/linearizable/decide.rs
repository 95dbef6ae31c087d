//! Whether an object's share of a history has an order: the cheapest engine that can tell.

use super::Budget;
use super::frontier;
use super::problem::{Op, Problem, Rule};
use super::sweep::{Judge, Plan, SweepAnswer};
use super::zones;
use crate::history::Call;
use crate::service::{Outcome, Sequential};
use crate::time::SimTime;

/// The frontier gets this part of the budget, and the sweep what is left.
const SHARE: u64 = 4;

/// Which way of judging gave the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// Clusters and zones of a register with unique values: `O(n log n)`.
    Zones,
    /// The frontier of all ways the past may have gone, at most 64 operations open at once.
    Frontier,
    /// The frontier with a look ahead, any number of operations open.
    Sweep,
}

/// What is known of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Everything has a place.
    Holds,
    /// It has no order.
    Breaks {
        /// The first of the calls that can not be placed by its end, where it is known.
        blamed: Option<usize>,
    },
    /// The budget ended at this event.
    Exhausted {
        /// The number of an event.
        event: usize,
    },
}

/// Judges one object.
pub(super) fn decide<M: Sequential>(
    calls: &[&Call<M::Operation, M::Reply>],
    budget: Budget,
) -> (Decision, Engine) {
    let mut problem = Problem::<M>::new(calls);
    if let Some(holds) = zones::decide(&problem.ops, problem.states(), problem.initial) {
        let decision = match holds {
            true => Decision::Holds,
            false => Decision::Breaks {
                blamed: blame_by_zones(&problem)
                    .or_else(|| blame_by_frontier(&mut problem, budget)),
            },
        };
        return (decision, Engine::Zones);
    }
    let mut purse = budget.configurations / SHARE;
    match frontier::decide(&mut problem, &mut purse) {
        frontier::Answer::Holds => return (Decision::Holds, Engine::Frontier),
        frontier::Answer::Breaks { op } => {
            let blamed = Some(problem.ops[op].source as usize);
            return (Decision::Breaks { blamed }, Engine::Frontier);
        }
        frontier::Answer::Exhausted { .. } | frontier::Answer::Wide => {}
    }
    let decision = match sweep::<M>(calls, budget) {
        SweepAnswer::Holds => Decision::Holds,
        SweepAnswer::Breaks { .. } => {
            Decision::Breaks { blamed: blame_by_sweep::<M>(calls, budget) }
        }
        SweepAnswer::Exhausted { event } => Decision::Exhausted { event },
    };
    (decision, Engine::Sweep)
}

fn sweep<M: Sequential>(calls: &[&Call<M::Operation, M::Reply>], budget: Budget) -> SweepAnswer {
    let plan = Plan::<M>::new(calls);
    let events = plan.events.len();
    Judge::new(&plan, budget, false).decide(events, events)
}

/// The first of a list of beginnings that breaks, where the last one does and each contains those
/// before it; `None` if one can not be judged.
fn first_broken(count: usize, mut breaks: impl FnMut(usize) -> Option<bool>) -> Option<usize> {
    let (mut low, mut high) = (0, count.checked_sub(1)?);
    while low < high {
        let middle = low + (high - low) / 2;
        match breaks(middle)? {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    Some(high)
}

/// Of what was called before an instant, and who must have been placed by then: the others may
/// have taken effect, or not.
fn beginning(ops: &[Op], until: (u64, u32)) -> Vec<Op> {
    let cut = |op: &Op| {
        let is_due = !op.is_pending && (op.ended, op.source) <= until;
        let rule = match op.rule {
            rule if is_due => rule,
            Rule::Read(_) | Rule::Refuse(_) | Rule::Never => return None,
            Rule::Swap(from, to) => Rule::Maybe(from, to),
            rule => rule,
        };
        let ended = if is_due { op.ended } else { u64::MAX };
        (op.called <= until.0).then_some(Op { rule, is_pending: !is_due, ended, ..*op })
    };
    ops.iter().filter_map(cut).collect()
}

fn blame_by_zones<M: Sequential>(problem: &Problem<M>) -> Option<usize> {
    let mut ends: Vec<(u64, u32)> =
        problem.ops.iter().filter(|op| !op.is_pending).map(|op| (op.ended, op.source)).collect();
    ends.sort();
    let first = first_broken(ends.len(), |index| {
        let ops = beginning(&problem.ops, ends[index]);
        zones::decide(&ops, problem.states(), problem.initial).map(|holds| !holds)
    })?;
    usize::try_from(ends[first].1).ok()
}

fn blame_by_frontier<M: Sequential>(problem: &mut Problem<M>, budget: Budget) -> Option<usize> {
    match frontier::decide(problem, &mut budget.configurations.clone()) {
        frontier::Answer::Breaks { op } => usize::try_from(problem.ops[op].source).ok(),
        _ => None,
    }
}

/// In a shorter history the frontier may do what it could not in the whole.
fn blame_by_sweep<M: Sequential>(
    calls: &[&Call<M::Operation, M::Reply>],
    budget: Budget,
) -> Option<usize> {
    let mut ends: Vec<(SimTime, usize)> = calls
        .iter()
        .enumerate()
        .filter(|(_, call)| matches!(call.outcome, Outcome::Ok(_)))
        .map(|(index, call)| (call.ended.unwrap_or(SimTime(u64::MAX)).max(call.called), index))
        .collect();
    ends.sort();
    let first = first_broken(ends.len(), |index| {
        let (until, _) = ends[index];
        let open: Vec<Call<M::Operation, M::Reply>> = calls
            .iter()
            .enumerate()
            .filter(|(_, call)| call.called <= until && call.outcome != Outcome::Failed)
            .map(|(number, call)| {
                let is_due = matches!(call.outcome, Outcome::Ok(_))
                    && (call.ended.unwrap_or(SimTime(u64::MAX)).max(call.called), number)
                        <= ends[index];
                let mut call = (*call).clone();
                if !is_due {
                    (call.ended, call.outcome) = (None, Outcome::Unknown);
                }
                call
            })
            .collect();
        let refs: Vec<_> = open.iter().collect();
        let mut purse = budget.configurations / SHARE;
        match frontier::decide(&mut Problem::<M>::new(&refs), &mut purse) {
            frontier::Answer::Holds => Some(false),
            frontier::Answer::Breaks { .. } => Some(true),
            _ => match sweep::<M>(&refs, budget) {
                SweepAnswer::Holds => Some(false),
                SweepAnswer::Breaks { .. } => Some(true),
                SweepAnswer::Exhausted { .. } => None,
            },
        }
    })?;
    Some(ends[first].1)
}

/// Whether one object's share of a history has an order, found out by one engine alone; `None` if
/// that can not tell. For tests that compare them.
pub fn decided_by<M: Sequential>(
    engine: Engine,
    calls: &[&Call<M::Operation, M::Reply>],
    budget: Budget,
) -> Option<bool> {
    match engine {
        Engine::Zones => {
            let problem = Problem::<M>::new(calls);
            zones::decide(&problem.ops, problem.states(), problem.initial)
        }
        Engine::Frontier => {
            let mut purse = budget.configurations;
            match frontier::decide(&mut Problem::<M>::new(calls), &mut purse) {
                frontier::Answer::Holds => Some(true),
                frontier::Answer::Breaks { .. } => Some(false),
                frontier::Answer::Exhausted { .. } | frontier::Answer::Wide => None,
            }
        }
        Engine::Sweep => match sweep::<M>(calls, budget) {
            SweepAnswer::Holds => Some(true),
            SweepAnswer::Breaks { .. } => Some(false),
            SweepAnswer::Exhausted { .. } => None,
        },
    }
}
