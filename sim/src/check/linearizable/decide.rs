//! Whether an object's share of a history has an order: the cheapest engine that can tell.

use super::super::monitor;
use super::Budget;
use super::frontier;
use super::problem::{NEVER, Op, Problem, Rule};
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
    /// A monitor of a well-known object: about linear time.
    Monitor,
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
    Breaks,
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
    // Monitors and zones look at each operation once, and that is what they cost.
    let price = |decision| match calls.len() as u64 > budget.configurations {
        true => Decision::Exhausted { event: 0 },
        false => decision,
    };
    if let Some(known) = monitor::decide::<M>(calls) {
        return (price(Decision::from(known == monitor::Decision::Holds)), Engine::Monitor);
    }
    let mut problem = Problem::<M>::new(calls);
    if let Some(holds) = zones::decide(&problem.ops, problem.states(), problem.initial) {
        return (price(Decision::from(holds)), Engine::Zones);
    }
    let mut purse = budget.configurations / SHARE;
    match frontier::decide(&mut problem, &mut purse) {
        frontier::Answer::Holds => return (Decision::Holds, Engine::Frontier),
        frontier::Answer::Breaks { .. } => return (Decision::Breaks, Engine::Frontier),
        frontier::Answer::Exhausted { .. } | frontier::Answer::Wide => {}
    }
    let decision = match sweep::<M>(calls, budget) {
        SweepAnswer::Holds => Decision::Holds,
        SweepAnswer::Breaks { .. } => Decision::Breaks,
        SweepAnswer::Exhausted { event } => Decision::Exhausted { event },
    };
    (decision, Engine::Sweep)
}

impl From<bool> for Decision {
    fn from(holds: bool) -> Decision {
        if holds { Decision::Holds } else { Decision::Breaks }
    }
}

/// The first of the calls, those of one object without an order, that can not be placed by its end;
/// `None` if the budget ends before that is known.
pub(super) fn blame<M: Sequential>(
    calls: &[&Call<M::Operation, M::Reply>],
    engine: Engine,
    budget: Budget,
) -> Option<usize> {
    let mut problem = Problem::<M>::new(calls);
    if engine == Engine::Monitor {
        return blame_by_prefixes::<M>(calls, budget);
    }
    let by_zones = (engine == Engine::Zones).then(|| blame_by_zones(&problem)).flatten();
    by_zones
        .or_else(|| blame_by_frontier(&mut problem, budget))
        .or_else(|| blame_by_prefixes::<M>(calls, budget))
}

fn sweep<M: Sequential>(calls: &[&Call<M::Operation, M::Reply>], budget: Budget) -> SweepAnswer {
    let plan = Plan::<M>::new(calls);
    Judge::new(&plan, budget).decide()
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
        let is_due = !op.is_pending() && (op.ended, op.source) <= until;
        let rule = match op.rule {
            rule if is_due => rule,
            Rule::Read(_) | Rule::Refuse(_) | Rule::Never => return None,
            Rule::Swap(from, to) => Rule::Maybe(from, to),
            rule => rule,
        };
        let ended = if is_due { op.ended } else { NEVER };
        (op.called <= until.0).then_some(Op { rule, ended, ..*op })
    };
    ops.iter().filter_map(cut).collect()
}

fn blame_by_zones<M: Sequential>(problem: &Problem<M>) -> Option<usize> {
    let mut ends: Vec<(u64, u32)> =
        problem.ops.iter().filter(|op| !op.is_pending()).map(|op| (op.ended, op.source)).collect();
    ends.sort();
    let first = first_broken(ends.len(), |index| {
        let ops = beginning(&problem.ops, ends[index]);
        zones::decide(&ops, problem.states(), problem.initial).map(|holds| !holds)
    })?;
    usize::try_from(ends[first].1).ok()
}

fn blame_by_frontier<M: Sequential>(problem: &mut Problem<M>, budget: Budget) -> Option<usize> {
    let mut purse = budget.configurations / SHARE;
    match frontier::decide(problem, &mut purse) {
        frontier::Answer::Breaks { op } => usize::try_from(problem.ops[op].source).ok(),
        _ => None,
    }
}

/// For engines that tell nothing but yes or no.
fn blame_by_prefixes<M: Sequential>(
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
        match decide::<M>(&refs, budget).0 {
            Decision::Holds => Some(false),
            Decision::Breaks => Some(true),
            Decision::Exhausted { .. } => None,
        }
    })?;
    Some(ends[first].1)
}

/// Whether one object's share of a history has an order, and which engine knew; `None` if the budget
/// ended before.
pub fn decided<M: Sequential>(
    calls: &[&Call<M::Operation, M::Reply>],
    budget: Budget,
) -> (Option<bool>, Engine) {
    let (decision, engine) = decide::<M>(calls, budget);
    let is_known = match decision {
        Decision::Holds => Some(true),
        Decision::Breaks => Some(false),
        Decision::Exhausted { .. } => None,
    };
    (is_known, engine)
}

/// Whether one object's share of a history has an order, found out by one engine alone; `None` if
/// that can not tell. For tests that compare them.
pub fn decided_by<M: Sequential>(
    engine: Engine,
    calls: &[&Call<M::Operation, M::Reply>],
    budget: Budget,
) -> Option<bool> {
    match engine {
        Engine::Monitor => {
            monitor::decide::<M>(calls).map(|known| known == monitor::Decision::Holds)
        }
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
