//! Monitors: linearizability of the well-known objects in about linear time.
//!
//! A generic search has to try orders. For a queue whose values are all different, or for a lock, a
//! few conditions on the spans of the operations decide, however many of them overlap: a *monitor*
//! checks these. Sources, by object:
//!
//! - queue: Henzinger, Sezgin and Vafeiadis, *Aspect-oriented linearizability proofs* (2013);
//! - stack, set, priority queue: Abdulla and others, *Efficient linearizability monitoring* (2025),
//!   and Lee and Mathur, *Efficient decrease-and-conquer linearizability monitoring* (2025): take
//!   away what can be taken away without changing the verdict;
//! - counter, lock, and operations whose end nobody knows: see each file for the argument.
//!
//! A monitor is exact or silent: [`decide`] answers only where its conditions are equivalent to
//! linearizability, and leaves everything else to the search. The test tree compares each one with
//! trying every order.
//!
//! Times are *positions*: the calls and returns of an object, numbered in the order of time, calls
//! first where times are equal. The gap behind position `p`, before `p + 1`, is *slot* `p`: an
//! operation that was called at `c` and returned at `r` took effect in one of the slots `c..r`, and
//! within a slot operations may take effect in any order.

mod container;
mod counter;
mod cover;
mod deeds;
mod grow;
mod lock;
mod priority;
mod queue;
mod set;
mod stack;

use self::container::Container;
use self::deeds::Deeds;
use super::act::{Kind, Order};
use crate::history::Call;
use crate::service::Sequential;

/// What a monitor found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The operations have an order that explains every reply.
    Holds,
    /// They have none.
    Breaks,
}

impl From<bool> for Decision {
    fn from(holds: bool) -> Decision {
        if holds { Decision::Holds } else { Decision::Breaks }
    }
}

/// Decides whether the operations of one object are linearizable; `None` where no monitor can tell:
/// the model does not say what its operations are ([`Sequential::act`]), values are put twice, or
/// operations whose end nobody knows leave too many ways open.
pub fn decide<M: Sequential>(calls: &[&Call<M::Operation, M::Reply>]) -> Option<Decision> {
    let deeds = Deeds::read::<M>(calls)?;
    let Some(first) = deeds.list.first() else { return Some(Decision::Holds) };
    match first.act.kind() {
        Kind::Container(order) => {
            let container = match Container::read(&deeds)? {
                Ok(container) => container,
                Err(decision) => return Some(decision),
            };
            match order {
                Order::First => Some(queue::decide(&container)),
                Order::Last => container.with_open_takes(stack::decide),
                Order::Greatest => container.with_open_takes(priority::decide),
            }
        }
        Kind::Set => set::decide(&deeds),
        Kind::Counter => counter::decide(&deeds),
        Kind::Lock => lock::decide(&deeds),
    }
}
