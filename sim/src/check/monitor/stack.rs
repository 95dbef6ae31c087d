//! Stacks.
//!
//! The *core* of a value is the slots between the end of its put and the call of its take: there it
//! is surely on the stack. A complete history with different values is judged by taking values away
//! (*decrease and conquer*; the three steps are in Lee and Mathur 2025 and, with other words, in
//! Abdulla and others 2025):
//!
//! 1. A value without a core may be put and taken at one instant, so it never decides anything.
//! 2. In a slot outside all cores the stack may be empty: in any legal order, the values on the
//!    stack there were either already ripe to be taken or not yet due to be put, and moving the
//!    takes of the ones before the slot and the puts of the others behind it, each in the same order
//!    as before, is legal as well. So each run of slots that cores cover without a gap is judged for
//!    itself, and takes that found nothing need a slot outside.
//! 3. In such a run the stack is never empty, so one value lies below all others: its put is called
//!    before any other put of the run ends, and its take ends after all other takes of the run are
//!    called. If several qualify, any will do: a value may be moved from where it is to below all
//!    others. It is taken away, which may open gaps; without one that qualifies there is no order.
//!
//! A run only ever becomes shorter, so each value comes to qualify on the left once and on the right
//! once: two heaps per run find the next one. Where a run falls apart, the longest part keeps the
//! heaps and the others are built anew, so that a value moves at most log n times. In sum
//! O(n log² n).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::container::Item;
use super::cover::Cover;
use super::deeds::Span;

pub(super) fn decide(items: &[Item], empties: &[Span], len: u32) -> bool {
    let mut counts = vec![0i32; len as usize + 1];
    for core in items.iter().map(Item::core).filter(|core| core.start < core.end) {
        counts[core.start as usize] += 1;
        counts[core.end as usize] -= 1;
    }
    let mut covering = 0;
    for count in &mut counts {
        covering += *count;
        *count = covering;
    }
    have_gaps(&counts, empties) && Peel::new(items, &counts).run()
}

/// Whether each of the spans has a slot that nothing covers.
pub(super) fn have_gaps(counts: &[i32], spans: &[Span]) -> bool {
    if spans.is_empty() {
        return true;
    }
    let mut bare = Vec::with_capacity(counts.len() + 1);
    let mut sum = 0u32;
    bare.push(0);
    for &count in counts {
        sum += u32::from(count == 0);
        bare.push(sum);
    }
    spans.iter().all(|span| bare[span.call as usize] < bare[span.end as usize])
}

/// A run of slots that cores cover without a gap.
struct Run {
    slots: Range<u32>,
    /// Its values by the call of their put, earliest first, until that is before the run.
    left: BinaryHeap<Reverse<(u32, u32)>>,
    /// Its values by the end of their take, latest first, until that is after the run.
    right: BinaryHeap<(u32, u32)>,
    /// Its values that may lie below all others.
    ready: Vec<u32>,
}

/// What is known of a value while runs become shorter.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The number of its run.
    run: u32,
    is_gone: bool,
    is_left: bool,
    is_right: bool,
}

/// The number of no item.
const NOBODY: u32 = u32::MAX;

struct Peel<'i> {
    items: &'i [Item],
    /// The item whose put ends at a position.
    by_end: Vec<u32>,
    places: Vec<Place>,
    cover: Cover,
    runs: Vec<Run>,
}

impl<'i> Peel<'i> {
    fn new(items: &'i [Item], counts: &[i32]) -> Peel<'i> {
        let mut by_end = vec![NOBODY; counts.len()];
        for (number, item) in (0..).zip(items) {
            if !item.core().is_empty() {
                by_end[item.put.end as usize] = number;
            }
        }
        let places = vec![Place::default(); items.len()];
        let mut peel = Peel { items, by_end, places, cover: Cover::new(counts), runs: Vec::new() };
        let bare: Vec<u32> = (0..).zip(counts).filter(|(_, n)| **n == 0).map(|(p, _)| p).collect();
        let end = u32::try_from(counts.len()).unwrap_or(NOBODY);
        for slots in between(0..end, &bare) {
            peel.add(slots);
        }
        peel
    }

    /// Adds a run, and takes the values in it from where they were.
    fn add(&mut self, slots: Range<u32>) {
        let number = u32::try_from(self.runs.len()).unwrap_or(NOBODY);
        let (mut left, mut right, mut ready) = (Vec::new(), Vec::new(), Vec::new());
        for item in &self.by_end[slots.start as usize..slots.end as usize] {
            let Some(place) = self.places.get_mut(*item as usize) else { continue };
            if place.is_gone {
                continue;
            }
            place.run = number;
            let Item { put, take, .. } = self.items[*item as usize];
            if !place.is_left {
                left.push(Reverse((put.call, *item)));
            }
            if !place.is_right {
                right.push((take.end, *item));
            }
            if place.is_left && place.is_right {
                ready.push(*item);
            }
        }
        self.runs.push(Run { slots, left: left.into(), right: right.into(), ready });
    }

    fn run(mut self) -> bool {
        let mut todo: Vec<usize> = (0..self.runs.len()).collect();
        let mut bare = Vec::new();
        while let Some(number) = todo.pop() {
            let Some(item) = self.lowest(number) else { return false };
            self.places[item as usize].is_gone = true;
            bare.clear();
            self.cover.remove(self.items[item as usize].core(), &mut bare);
            if bare.is_empty() {
                todo.push(number);
                continue;
            }
            let slots = self.runs[number].slots.clone();
            let parts = between(slots, &bare);
            let longest = (0..parts.len()).max_by_key(|&part| parts[part].len());
            for (part, slots) in parts.into_iter().enumerate() {
                if Some(part) == longest {
                    self.runs[number].slots = slots;
                    todo.push(number);
                } else {
                    todo.push(self.runs.len());
                    self.add(slots);
                }
            }
        }
        true
    }

    /// A value that may lie below all others of a run.
    fn lowest(&mut self, number: usize) -> Option<u32> {
        let Run { slots, left, right, ready } = &mut self.runs[number];
        let places = &mut self.places;
        let is_here = |place: &Place| place.run as usize == number && !place.is_gone;
        while let Some(&Reverse((_, item))) = left.peek().filter(|top| top.0.0 < slots.start) {
            left.pop();
            let place = &mut places[item as usize];
            if is_here(place) {
                place.is_left = true;
                if place.is_right {
                    ready.push(item);
                }
            }
        }
        while let Some(&(_, item)) = right.peek().filter(|top| top.0 > slots.end) {
            right.pop();
            let place = &mut places[item as usize];
            if is_here(place) {
                place.is_right = true;
                if place.is_left {
                    ready.push(item);
                }
            }
        }
        while let Some(item) = ready.pop() {
            if is_here(&places[item as usize]) {
                return Some(item);
            }
        }
        None
    }
}

/// The parts of a range between the points `bare`, without the empty ones.
fn between(range: Range<u32>, bare: &[u32]) -> Vec<Range<u32>> {
    let mut parts = Vec::new();
    let mut start = range.start;
    for &point in bare.iter().chain([&range.end]) {
        if start < point {
            parts.push(start..point);
        }
        start = point + 1;
    }
    parts
}
