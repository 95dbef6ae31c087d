//! Priority queues.
//!
//! Whether a value may be taken depends only on the greater ones: none of them may be inside. So a
//! complete history with different values is judged from the greatest value downwards (as in Lee and
//! Mathur 2025): each value is put as late as it can be and taken as early as it can be in a slot in
//! which no greater value is inside. No other choice would have it inside for fewer slots, which is
//! all that the smaller values, and the takes that found nothing, have to do with it.

use super::container::Item;
use super::deeds::Span;
use super::stack::have_gaps;

pub(super) fn decide(items: &[Item], empties: &[Span], len: u32) -> bool {
    let mut free = Free::new(len);
    for item in items.iter().rev() {
        if !item.is_taken && item.take.call >= len {
            free.block(item.put.end, len);
            continue;
        }
        let taken = free.next(item.take.call.max(item.put.call));
        if taken >= len.min(item.take.end) {
            return false;
        }
        free.block(item.put.end, taken);
    }
    have_gaps(&free.counts(), empties)
}

/// The slots in which none of the values so far is inside.
struct Free {
    /// The slot itself if it is free, or one nearer to the next free one.
    next: Vec<u32>,
}

impl Free {
    /// The slot `len` is always free.
    fn new(len: u32) -> Free {
        Free { next: (0..=len).collect() }
    }

    /// The first free slot from `slot` on.
    fn next(&mut self, slot: u32) -> u32 {
        let mut found = slot;
        while self.next[found as usize] != found {
            let beyond = self.next[self.next[found as usize] as usize];
            self.next[found as usize] = beyond;
            found = beyond;
        }
        found
    }

    /// Takes the slots from `start` up to, and without, `end`.
    fn block(&mut self, start: u32, end: u32) {
        if start >= end {
            return;
        }
        let mut slot = self.next(start);
        while slot < end {
            self.next[slot as usize] = slot + 1;
            slot = self.next(slot + 1);
        }
    }

    /// Zero for each free slot, one for the others.
    fn counts(&self) -> Vec<i32> {
        (0..).zip(&self.next).map(|(slot, next)| i32::from(slot != *next)).collect()
    }
}
