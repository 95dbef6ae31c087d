//! A heap of four children each over an arena of slots: simple, and the reference that the wheel
//! must equal.

use super::{EventQueue, Handle};
use crate::time::SimTime;

/// Children of an entry.
const ARITY: usize = 4;
/// Dead entries that are never worth a cleaning.
const FEW: usize = 64;

const MANY: &str = "fewer than 2^32 - 1 events are pending";

/// An entry of the heap: time first, then the order of scheduling.
type Entry = (SimTime, u64, Handle);

/// A 4-ary heap with numbered entries.
///
/// A cancelled event leaves a dead entry in the heap, which is thrown away when it comes up, or
/// with all others when they are the majority.
#[derive(Debug)]
pub struct HeapQueue<E> {
    heap: Vec<Entry>,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    scheduled: u64,
    live: usize,
    popped: SimTime,
}

#[derive(Debug)]
struct Slot<E> {
    generation: u32,
    event: Option<E>,
}

impl<E> Default for HeapQueue<E> {
    fn default() -> HeapQueue<E> {
        let (heap, slots, free) = (Vec::new(), Vec::new(), Vec::new());
        HeapQueue { heap, slots, free, scheduled: 0, live: 0, popped: SimTime::ZERO }
    }
}

impl<E> HeapQueue<E> {
    fn take(&mut self, handle: Handle) -> Option<E> {
        let slot = self.slots.get_mut(handle.slot())?;
        if slot.generation != handle.generation {
            return None;
        }
        let event = slot.event.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(u32::try_from(handle.slot()).expect(MANY));
        self.live -= 1;
        Some(event)
    }

    /// Moves an entry towards the root until its parent is not later.
    fn rise(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.heap[parent] <= self.heap[at] {
                return;
            }
            self.heap.swap(parent, at);
            at = parent;
        }
    }

    /// Moves an entry away from the root until no child is earlier.
    fn sink(&mut self, mut at: usize) {
        loop {
            let children = at * ARITY + 1..(at * ARITY + 1 + ARITY).min(self.heap.len());
            let Some(least) = children.min_by_key(|child| self.heap[*child]) else { return };
            if self.heap[at] <= self.heap[least] {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }

    /// Throws the dead entries away.
    fn clean(&mut self) {
        let slots = &self.slots;
        self.heap.retain(|(_, _, handle)| slots[handle.slot()].generation == handle.generation);
        (0..self.heap.len()).rev().for_each(|at| self.sink(at));
    }

    /// Entries, alive or dead, and slots, filled or not.
    #[cfg(test)]
    pub(super) fn room(&self) -> (usize, usize) {
        (self.heap.len(), self.slots.len())
    }
}

impl<E> EventQueue<E> for HeapQueue<E> {
    fn push(&mut self, at: SimTime, event: E) -> Handle {
        assert!(at >= self.popped, "an event at {at} is scheduled into the past");
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, event: None });
            u32::try_from(self.slots.len() - 1).expect(MANY)
        });
        let place = &mut self.slots[slot as usize];
        place.event = Some(event);
        let handle = Handle::new(slot, place.generation);
        self.heap.push((at, self.scheduled, handle));
        self.rise(self.heap.len() - 1);
        self.scheduled += 1;
        self.live += 1;
        handle
    }

    fn cancel(&mut self, handle: Handle) -> Option<E> {
        let event = self.take(handle)?;
        if self.heap.len() > 2 * self.live + FEW {
            self.clean();
        }
        Some(event)
    }

    fn pop_until(&mut self, limit: SimTime) -> Option<(SimTime, E)> {
        loop {
            let (at, _, handle) = *self.heap.first()?;
            let dead = self.slots[handle.slot()].generation != handle.generation;
            if !dead && at > limit {
                return None;
            }
            self.heap.swap_remove(0);
            self.sink(0);
            if let Some(event) = self.take(handle) {
                self.popped = at;
                return Some((at, event));
            }
        }
    }

    fn len(&self) -> usize {
        self.live
    }
}
