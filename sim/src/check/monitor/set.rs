//! Sets.
//!
//! Elements have nothing to do with each other (Horn and Kroening 2015), as long as nobody asks for
//! all of them (see `grow`). One element is either in or out, and successful adds and removes
//! take turns. In the order of time:
//!
//! - nothing happens before a return needs it, and then as little as possible: at most two turns;
//! - of the adds (or removes) that are open, the one that returns first makes the turn: equal ones
//!   can be exchanged;
//! - whatever only looks (and a failed add or remove) had its place if the element was as it says
//!   now or before the latest turn since its call;
//! - operations whose end nobody knows come last of all, and need not make a turn.
//!
//! An [`Act::Ensure`] is a look that may also make the turn. Where an element is ensured and also
//! added or removed, it is not clear which to do, and the search has to tell.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Decision;
use super::deeds::{Deed, Deeds, Event, Numbers};
use super::grow;
use crate::check::act::Act;

pub(super) fn decide(deeds: &Deeds) -> Option<Decision> {
    if deeds.list.iter().any(|deed| matches!(deed.act, Act::Elements { .. })) {
        return grow::decide(deeds);
    }
    let numbers = Numbers::of(deeds.list.iter().filter_map(|deed| element(&deed.act)));
    let mut elements: Vec<Element> = Vec::new();
    elements.resize_with(numbers.len(), Element::default);
    for deed in &deeds.list {
        elements[numbers.get(element(&deed.act)?)].census(&deed.act, deed.is_open());
    }
    if elements.iter().any(|element| element.is_ensured && element.is_turned) {
        return None;
    }
    let mut is_used = vec![false; deeds.list.len()];
    for (position, event) in (0..).zip(&deeds.events) {
        let (Event::Call(number) | Event::Return(number)) = *event;
        let deed = &deeds.list[number as usize];
        let element = &mut elements[numbers.get(element(&deed.act)?)];
        match event {
            Event::Call(_) => element.call(deed, number),
            Event::Return(_) => {
                if !element.settle(deed, number, position, &mut is_used) {
                    return Some(Decision::Breaks);
                }
            }
        }
    }
    Some(Decision::Holds)
}

/// The element that an act is about.
fn element(act: &Act) -> Option<u64> {
    match *act {
        Act::Add { element, .. }
        | Act::Ensure { element }
        | Act::Remove { element, .. }
        | Act::Contains { element, .. } => Some(element),
        _ => None,
    }
}

/// Open operations that may make a turn, those that return first on top.
type Open = BinaryHeap<Reverse<(u32, u32)>>;

/// One element.
#[derive(Default)]
struct Element {
    is_in: bool,
    /// The position of the return that needed the latest turn.
    turned: Option<u32>,
    adds: Open,
    removes: Open,
    is_ensured: bool,
    /// Whether something else than ensuring may add or remove it.
    is_turned: bool,
}

impl Element {
    fn census(&mut self, act: &Act, is_open: bool) {
        self.is_ensured |= matches!(act, Act::Ensure { .. }) && !is_open;
        self.is_turned |= matches!(
            act,
            Act::Add { was_missing: Some(true), .. }
                | Act::Remove { was_there: Some(true) | None, .. }
        );
    }

    fn call(&mut self, deed: &Deed, number: u32) {
        let entry = Reverse((deed.span.end, number));
        match deed.act {
            Act::Add { was_missing: Some(true) | None, .. } | Act::Ensure { .. } => {
                self.adds.push(entry);
            }
            Act::Remove { was_there: Some(true) | None, .. } => self.removes.push(entry),
            _ => {}
        }
    }

    /// Whether the operation that returns can have its place.
    fn settle(&mut self, deed: &Deed, number: u32, now: u32, is_used: &mut [bool]) -> bool {
        let must_turn = |was_in: bool, this: &mut Self, is_used: &mut [bool]| {
            is_used[number as usize]
                || ((this.is_in == was_in || this.turn(now, is_used)) && this.turn(now, is_used))
        };
        let must_be = |is_in: bool, this: &mut Self, is_used: &mut [bool]| {
            let was_other = this.turned.is_some_and(|turned| turned > deed.span.call);
            this.is_in == is_in || was_other || this.turn(now, is_used)
        };
        match deed.act {
            Act::Add { was_missing: Some(true), .. } => must_turn(false, self, is_used),
            Act::Remove { was_there: Some(true), .. } => must_turn(true, self, is_used),
            Act::Add { was_missing: Some(false), .. }
            | Act::Ensure { .. }
            | Act::Contains { is_there: Some(true), .. } => must_be(true, self, is_used),
            Act::Remove { was_there: Some(false), .. }
            | Act::Contains { is_there: Some(false), .. } => must_be(false, self, is_used),
            _ => true,
        }
    }

    /// Adds or removes the element, whichever is its turn; whether some operation could.
    fn turn(&mut self, now: u32, is_used: &mut [bool]) -> bool {
        let open = if self.is_in { &mut self.removes } else { &mut self.adds };
        while let Some(Reverse((end, number))) = open.pop() {
            if end >= now && !is_used[number as usize] {
                is_used[number as usize] = true;
                self.is_in = !self.is_in;
                self.turned = Some(now);
                return true;
            }
        }
        false
    }
}
