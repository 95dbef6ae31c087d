//! The pending events, behind an interface: what comes next, and nothing else.
//!
//! Events of the same instant come in the order they were scheduled. That rule is part of every
//! recorded run, and every queue here keeps it: [`Wheel`] by construction, [`HeapQueue`] by
//! numbering what it is given. The engine runs on the wheel; the heap is the reference that random
//! schedules compare it with.

mod heap;
#[cfg(test)]
mod tests;
mod wheel;

pub use heap::HeapQueue;
pub use wheel::Wheel;

use std::num::NonZeroU32;

use crate::time::SimTime;

/// Names a scheduled event until it is popped or cancelled.
///
/// A slot is reused, and its generation counts how often; after 2^32 uses of one slot an old handle
/// would name a new event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// One more than the slot, which leaves zero for `None`.
    number: NonZeroU32,
    generation: u32,
}

impl Handle {
    #[inline(always)]
    fn new(slot: u32, generation: u32) -> Handle {
        let number = NonZeroU32::new(slot.wrapping_add(1)).expect("no slot has the last number");
        Handle { number, generation }
    }
    #[inline(always)]
    fn slot(self) -> usize {
        self.number.get() as usize - 1
    }
}

/// A set of events ordered by time, first scheduled first among equals.
pub trait EventQueue<E> {
    /// Schedules an event. Panics when `at` lies before the last event that was popped: nothing is
    /// scheduled into the past.
    fn push(&mut self, at: SimTime, event: E) -> Handle;
    /// Takes a scheduled event out; `None` when it was popped or cancelled before.
    fn cancel(&mut self, handle: Handle) -> Option<E>;
    /// Takes the next event out unless it is later than `limit`.
    fn pop_until(&mut self, limit: SimTime) -> Option<(SimTime, E)>;
    /// How many events are scheduled; may take as long as counting them.
    fn len(&self) -> usize;
    /// Whether none is.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
