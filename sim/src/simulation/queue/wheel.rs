//! The hierarchical timing wheel: what comes next, at a cost that hardly grows with what is pending.
//!
//! Times are read as eleven digits of base 64. An event stands on the level of the highest digit in
//! which its time differs from the wheel's base (the time of the last event that was popped), in the
//! slot that this digit names. So all events of a level come before those of higher levels, and the
//! slots of a level come in order. On level 0 a slot is one instant. On higher levels a slot with one
//! event gives it away directly; one with several is cascaded: the base moves to its beginning, and
//! its events move down, each at least by one level.
//!
//! **Why events of one instant keep their order.** A slot is a list; events join at its end and are
//! cascaded from its beginning. At any moment all events of one instant stand in one slot, for the
//! slot depends on time and base alone, and the base never changes in the digits above a slot that
//! holds something. So they are in one list, in the order they were scheduled. There is no sequence
//! number and nothing to tune.
//!
//! A slot's list is circular around a sentinel of its own, which makes joining and leaving free of
//! branches. Lists are links by number beside an arena of events, so that nothing here is unsafe and
//! nothing is allocated once the arena has grown to the most events that were ever pending.
//!
//! After G. Varghese and T. Lauck, "Hashed and hierarchical timing wheels", SOSP 1987, section 6.2.

use super::{EventQueue, Handle};
use crate::time::SimTime;

/// Bits of a digit, and of a slot's number within its level.
const DIGIT: u32 = 6;
const SLOTS: u32 = 1 << DIGIT;
/// Digits of a time.
const LEVELS: u32 = u64::BITS.div_ceil(DIGIT);
/// Every slot of every level has a sentinel, before the links of events.
const SENTINELS: u32 = LEVELS * SLOTS;
/// The end of the list of free slots.
const NONE: u32 = u32::MAX;

/// A hierarchical timing wheel with a tick of one nanosecond.
#[derive(Debug)]
pub struct Wheel<E> {
    /// The last instant that was popped, or the beginning of a slot cascaded since.
    base: u64,
    /// The levels that hold something, as bits.
    levels: u32,
    /// The slots of each level that hold something, as bits.
    slots: [u64; LEVELS as usize],
    /// The sentinels, then one link per place.
    links: Vec<Link>,
    places: Vec<Place<E>>,
    /// The first free place; each names the next in its link.
    free: u32,
}

/// The neighbours in a circular list.
#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    after: u32,
}

#[derive(Debug)]
struct Place<E> {
    at: u64,
    generation: u32,
    event: Option<E>,
}

/// Every list empty.
const EMPTY: [Link; SENTINELS as usize] = {
    let mut links = [Link { before: 0, after: 0 }; SENTINELS as usize];
    let mut slot = 0;
    while slot < SENTINELS {
        links[slot as usize] = Link { before: slot, after: slot };
        slot += 1;
    }
    links
};

impl<E> Default for Wheel<E> {
    fn default() -> Wheel<E> {
        Wheel {
            base: 0,
            levels: 0,
            slots: [0; LEVELS as usize],
            links: EMPTY.to_vec(),
            places: Vec::new(),
            free: NONE,
        }
    }
}

impl<E> Wheel<E> {
    /// The events that are scheduled, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        self.places.iter().filter_map(|place| place.event.as_ref())
    }

    /// How many events there is room for without growing.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.places.len()
    }

    /// The link of a place.
    #[inline]
    fn link(place: u32) -> u32 {
        place.wrapping_add(SENTINELS)
    }

    /// A free place; the arena grows when there is none.
    #[inline(always)]
    fn free_place(&mut self) -> u32 {
        if self.free == NONE {
            return self.grow();
        }
        let place = self.free;
        self.free = self.links[Self::link(place) as usize].after;
        place
    }

    #[cold]
    fn grow(&mut self) -> u32 {
        let place = u32::try_from(self.places.len()).expect("fewer than 2^32 events are pending");
        assert!(place < NONE - SENTINELS, "fewer than 2^32 events are pending");
        self.places.push(Place { at: 0, generation: 0, event: None });
        self.links.push(Link { before: 0, after: 0 });
        place
    }

    /// Puts an event at the end of the slot that its time and the base ask for.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "only the last digit is wanted")]
    fn join(&mut self, link: u32, at: u64) {
        // The highest digit that differs; level 0 when none does.
        let level = ((at ^ self.base) | 1).ilog2() / DIGIT;
        let slot = (at >> (level * DIGIT)) as u32 % SLOTS;
        let sentinel = level << DIGIT | slot;
        // Mostly the level is marked already, and a branch that is foreseen lets the next event be
        // looked for before the time of this one is known.
        if self.levels & 1 << level == 0 {
            self.levels |= 1 << level;
        }
        self.slots[level as usize] |= 1 << slot;
        let last = self.links[sentinel as usize].before;
        self.links[sentinel as usize].before = link;
        self.links[last as usize].after = link;
        self.links[link as usize] = Link { before: last, after: sentinel };
    }

    /// Takes an event out of its slot.
    #[inline(always)]
    fn leave(&mut self, link: u32) {
        let Link { before, after } = self.links[link as usize];
        self.links[before as usize].after = after;
        self.links[after as usize].before = before;
        if before == after {
            // Alone with its sentinel: the slot is empty now.
            self.mark_empty(before);
        }
    }

    #[inline(always)]
    fn mark_empty(&mut self, sentinel: u32) {
        let (level, slot) = (sentinel >> DIGIT, sentinel % SLOTS);
        let slots = &mut self.slots[level as usize];
        *slots &= !(1 << slot);
        if *slots == 0 {
            self.levels &= !(1 << level);
        }
    }

    /// Schedules the event that `make` makes right in its place: one that is made before would lie
    /// on the stack and be copied.
    #[inline(always)]
    pub(crate) fn push_with(&mut self, at: SimTime, make: impl FnOnce() -> E) -> Handle {
        assert!(at.0 >= self.base, "an event at {at} is scheduled into the past");
        let place = self.free_place();
        let taken = &mut self.places[place as usize];
        taken.at = at.0;
        // A free place holds nothing that would have to be dropped.
        std::mem::forget(taken.event.replace(make()));
        let handle = Handle::new(place, taken.generation);
        self.join(Self::link(place), at.0);
        handle
    }

    /// Takes the next event out of its slot unless it is later than `limit`, and leaves it in its
    /// place: look at it there with [`Wheel::event`], then [`Wheel::vacate`] the place. An event is
    /// a hundred bytes, which need not be moved to read a few of them.
    #[inline(always)]
    pub(crate) fn next(&mut self, limit: SimTime) -> Option<(SimTime, u32)> {
        while self.levels != 0 {
            let level = self.levels.trailing_zeros();
            let slot = self.slots[level as usize].trailing_zeros();
            let sentinel = level << DIGIT | slot;
            let Link { before: last, after: first } = self.links[sentinel as usize];
            if level > 0 && first != last {
                if !self.cascade(sentinel, limit.0) {
                    return None;
                }
                continue;
            }
            let place = first.wrapping_sub(SENTINELS);
            let at = self.places[place as usize].at;
            if at > limit.0 {
                return None;
            }
            self.leave(first);
            self.base = at;
            return Some((SimTime(at), place));
        }
        None
    }

    /// The event in a place that holds one.
    #[inline(always)]
    pub(crate) fn event(&mut self, place: u32) -> &mut E {
        self.places[place as usize].event.as_mut().expect("the place holds an event")
    }

    /// Frees the place of an event that left its slot; gives back what is left of the event.
    #[inline(always)]
    pub(crate) fn vacate(&mut self, place: u32) -> Option<E> {
        let vacated = &mut self.places[place as usize];
        vacated.generation = vacated.generation.wrapping_add(1);
        let event = vacated.event.take();
        self.links[Self::link(place) as usize].after = self.free;
        self.free = place;
        event
    }

    /// Moves the events of the first slot of a higher level down, unless all are later than `limit`.
    /// Gives back whether it did.
    fn cascade(&mut self, sentinel: u32, limit: u64) -> bool {
        let shift = (sentinel >> DIGIT) * DIGIT;
        let above = u64::MAX.checked_shl(shift + DIGIT).unwrap_or(0);
        let begins = (self.base & above) | u64::from(sentinel % SLOTS) << shift;
        let ends = begins | ((1 << shift) - 1);
        if ends > limit && self.earliest(sentinel) > limit {
            return false;
        }
        self.base = begins;
        let first = self.links[sentinel as usize].after;
        self.links[sentinel as usize] = Link { before: sentinel, after: sentinel };
        self.mark_empty(sentinel);
        let mut link = first;
        while link != sentinel {
            let next = self.links[link as usize].after;
            let at = self.places[link.wrapping_sub(SENTINELS) as usize].at;
            self.join(link, at);
            link = next;
        }
        true
    }

    /// The earliest time in a slot that holds something.
    #[cold]
    fn earliest(&self, sentinel: u32) -> u64 {
        let mut earliest = u64::MAX;
        let mut link = self.links[sentinel as usize].after;
        while link != sentinel {
            earliest = earliest.min(self.places[link.wrapping_sub(SENTINELS) as usize].at);
            link = self.links[link as usize].after;
        }
        earliest
    }
}

impl<E> EventQueue<E> for Wheel<E> {
    fn push(&mut self, at: SimTime, event: E) -> Handle {
        self.push_with(at, || event)
    }

    #[inline]
    fn cancel(&mut self, handle: Handle) -> Option<E> {
        let named = self.places.get(handle.slot())?;
        if named.generation != handle.generation || named.event.is_none() {
            return None;
        }
        let place = handle.number.get() - 1;
        self.leave(Self::link(place));
        self.vacate(place)
    }

    fn pop_until(&mut self, limit: SimTime) -> Option<(SimTime, E)> {
        let (at, place) = self.next(limit)?;
        self.vacate(place).map(|event| (at, event))
    }

    fn len(&self) -> usize {
        self.iter().count()
    }

    fn is_empty(&self) -> bool {
        self.levels == 0
    }
}
