//! Queues.
//!
//! A complete history of a queue with different values is linearizable if and only if no value is
//! taken that was not put, none is taken twice or before it is put, no two values are surely put in
//! one order and taken in the other, and no take found nothing while the queue was surely never
//! empty (Henzinger, Sezgin and Vafeiadis 2013, section 4). A value that is left counts as taken
//! after everything else.
//!
//! A take whose end nobody knows (an *open* take) may have taken one of the values left, at any time
//! after its call. Which of them must have been taken? Say the value `u` is left. If a value that
//! was surely put after `u` was taken, then `u` was taken before that take ended; and if the queue
//! was empty in slot `p`, then every value whose put ended by then was taken by then. Both demands
//! concern the values left in the order in which their puts ended: the first so many of them. So
//! they do not add up, and by Hall's theorem the open takes suffice if at each time as many of them
//! have been called as each demand alone asks for.

use super::Decision;
use super::container::Container;

pub(super) fn decide(container: &Container) -> Decision {
    let keeps_order = keeps_order(container);
    (keeps_order && (container.empties.is_empty() || may_be_empty(container))).into()
}

/// What happens to the order of values at a position.
#[derive(Clone, Copy)]
enum Mark {
    Nothing,
    /// The put of this item is called.
    Call(u32),
    /// The put of this item ends.
    End(u32),
}

/// Whether no two values are surely put in one order and taken in the other.
fn keeps_order(container: &Container) -> bool {
    let mut marks = vec![Mark::Nothing; container.len as usize];
    for (number, item) in (0..).zip(&container.items) {
        marks[item.put.call as usize] = Mark::Call(number);
        if let Some(mark) = marks.get_mut(item.put.end as usize) {
            *mark = Mark::End(number);
        }
    }
    let items = &container.items;
    let mut latest_take = 0;
    for mark in &marks {
        match *mark {
            Mark::End(item) if items[item as usize].is_taken => {
                latest_take = latest_take.max(items[item as usize].take.call);
            }
            Mark::Call(item) if items[item as usize].take.end < latest_take => return false,
            _ => {}
        }
    }
    // By when each value that is left must be taken: ascending in the order of the ends of puts.
    let mut earliest_end = u32::MAX;
    let mut deadlines = Vec::new();
    for mark in marks.iter().rev() {
        match *mark {
            Mark::Call(item) => earliest_end = earliest_end.min(items[item as usize].take.end),
            Mark::End(item) if !items[item as usize].is_taken && earliest_end < u32::MAX => {
                deadlines.push(earliest_end);
            }
            _ => {}
        }
    }
    let calls = &container.open_takes;
    deadlines.len() <= calls.len()
        && deadlines.iter().rev().zip(calls).all(|(deadline, call)| call < deadline)
}

/// Whether each take that found nothing had a slot in which the queue may have been empty.
fn may_be_empty(container: &Container) -> bool {
    // What is surely in the queue, and what is left in it unless open takes took it.
    let mut inside = vec![0i32; container.len as usize + 1];
    let mut left = vec![0i32; container.len as usize + 1];
    for item in &container.items {
        let core = item.core();
        if item.is_taken && core.start < core.end {
            inside[core.start as usize] += 1;
            inside[core.end as usize] -= 1;
        } else if !item.is_taken {
            left[core.start as usize] += 1;
        }
    }
    for &call in &container.open_takes {
        left[call as usize] -= 1;
    }
    let mut possible = Vec::with_capacity(inside.len());
    let (mut insides, mut lefts, mut count) = (0, 0, 0u32);
    for (inside, left) in inside.iter().zip(&left) {
        possible.push(count);
        insides += inside;
        lefts += left;
        count += u32::from(insides == 0 && lefts <= 0);
    }
    let is_possible = |call: u32, end: u32| possible[call as usize] < possible[end as usize];
    container.empties.iter().all(|empty| is_possible(empty.call, empty.end))
}
