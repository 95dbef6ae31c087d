//! Linearizability: every operation takes effect at one instant between its call and its end.
//!
//! The problem is from Wing and Gong (*Testing and verifying concurrent objects*, 1993) and
//! NP-complete even for a register (Gibbons and Korach, *Testing shared memories*, 1997). A history
//! is judged object by object (Horn and Kroening, *Faster linearizability checking via
//! P-compositionality*, 2015). One object is judged by a sweep over its calls and returns that
//! keeps every way the past may have gone and places nothing before a return needs it (just-in-time
//! linearization: Lowe, *Testing for linearizability*, 2017). A way the past may have gone is a
//! state, the open operations that are placed, and the operations pending for ever that were used:
//! its size depends on what is open, not on the length of the history.
//!
//! Few such ways need to be kept:
//!
//! - *pure*: what leaves the state as it is and gives its reply there is placed for free;
//! - *hide*: whatever is legal everywhere may hide right before a blind write. It then counts as
//!   placed, and may still be used visibly until it returns;
//! - *dominance*: of two ways in the same state, the one with more placed and less used stays;
//! - *pending for ever*: equal ones are interchangeable, and blind writes, whether pending or not,
//!   are used only where that places something or makes something possible;
//! - *unseen*: all states that no reply depends on are one state (needs [`Sequential::accepts`] and
//!   [`Sequential::origins`]);
//! - *outlook*: what nobody waits for any more need not be kept, and a way that can not explain a
//!   reply yet to come is dropped (needs unique written values).
//!
//! Three engines judge an object, the cheapest that can: [`zones`] for registers with unique values,
//! in `O(n log n)`; the [`frontier`], which has all of the above but the outlook, for up to 64
//! operations open at once; and the [`sweep`], which has the outlook and sets that grow, for outages
//! that leave hundreds of operations open on one key. The frontier is some twenty times faster than
//! the sweep where both cope; it has no outlook, as keeping the books of one costs more than most
//! histories do. States are numbers in all of them; an object that is appended to has its
//! [`versions`].

mod decide;
mod explain;
mod frontier;
mod intern;
mod online;
mod problem;
mod sweep;
mod versions;
mod zones;

use std::collections::BTreeMap;

use self::decide::{Decision, blame, decide};
use self::sweep::{Event, NEVER, Op, Plan};
use super::{Explanation, Verdict};
use crate::history::{Call, History};
use crate::service::{Operation, Sequential, Service};

pub use self::decide::{Engine, decided, decided_by};
pub use self::online::{Online, Standing};

/// How much work the checker may do before it gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many configurations it may look at to judge one object, and again as many to find the
    /// operation to blame. Many comparisons between configurations count as further ones; where no
    /// search is needed, every operation counts as one.
    pub configurations: u64,
}

impl Default for Budget {
    /// Two million: some seconds and some hundred megabytes in the worst case.
    fn default() -> Budget {
        Budget { configurations: 2_000_000 }
    }
}

/// Judges whether a history of a service is linearizable.
pub fn linearizable<S: Service>(
    history: &History<S::Operation, S::Reply>,
    budget: Budget,
) -> Verdict {
    linearizable_by::<S::Model>(history, S::Operation::object, budget)
}

/// Judges whether a history is linearizable with respect to a model, where `object` tells the
/// independent objects apart. Of several violations the earliest is reported.
pub fn linearizable_by<M: Sequential>(
    history: &History<M::Operation, M::Reply>,
    object: impl Fn(&M::Operation) -> u64,
    budget: Budget,
) -> Verdict {
    let mut objects: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for call in &history.calls {
        objects.entry(object(&call.operation)).or_default().push(call);
    }
    let mut earliest: Option<Explanation> = None;
    let mut gave_up = None;
    for (object, calls) in objects {
        match judge::<M>(object, &calls, budget) {
            Verdict::Pass => {}
            Verdict::Fail(found) => {
                if earliest.as_ref().is_none_or(|known| found.at_ns < known.at_ns) {
                    earliest = Some(found);
                }
            }
            Verdict::Inconclusive(why) => gave_up = gave_up.or(Some(why)),
        }
    }
    match (earliest, gave_up) {
        (Some(explanation), _) => Verdict::Fail(explanation),
        (None, Some(why)) => Verdict::Inconclusive(why),
        (None, None) => Verdict::Pass,
    }
}

/// Judges one object.
fn judge<M: Sequential>(
    object: u64,
    calls: &[&Call<M::Operation, M::Reply>],
    budget: Budget,
) -> Verdict {
    let (decision, engine) = decide::<M>(calls, budget);
    match decision {
        Decision::Holds => Verdict::Pass,
        Decision::Exhausted { event } => Verdict::Inconclusive(format!(
            "the budget of {} configurations ended before object {object} was judged: {}",
            budget.configurations,
            how_far(&Plan::<M>::new(calls), event),
        )),
        Decision::Breaks => {
            let blamed = blame::<M>(calls, engine, budget);
            Verdict::Fail(explain::explain::<M>(object, calls, blamed))
        }
    }
}

/// How far a sweep got, in words.
fn how_far<M: Sequential>(plan: &Plan<M>, event: usize) -> String {
    let returns =
        |events: &[Event]| events.iter().filter(|e| matches!(e, Event::Return(_))).count();
    let Some(&reached) = plan.events.get(event) else {
        return "nothing of it was placed".to_owned();
    };
    let is_open = |op: &&Op<M>| op.called <= event && op.returned >= event && op.returned != NEVER;
    let open = plan.ops.iter().filter(is_open).count();
    let (Event::Return(op) | Event::Call(op)) = reached;
    let call = plan.ops[op].call;
    let at = match reached {
        Event::Return(_) => call.ended.unwrap_or(call.called),
        Event::Call(_) => call.called,
    };
    format!(
        "it placed {} of {} operations, up to {at} with {open} of them open",
        returns(&plan.events[..event]),
        returns(&plan.events),
    )
}
