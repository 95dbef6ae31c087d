//! Queues, stacks and priority queues with values that are all different: what happened to each.

use super::Decision;
use super::deeds::{Deeds, NEVER, Numbers, Span};
use crate::check::act::Act;

/// So many ways to give values to open takes are tried at most.
const TRIES: u32 = 64;

/// One value that was certainly put, and when it may have been put and taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) put: Span,
    /// Where nobody took it: from the end of the history on.
    pub(super) take: Span,
    pub(super) is_taken: bool,
}

impl Item {
    /// The slots in which the value is certainly in the container, as far as only its own spans
    /// tell; empty if it may have been put and taken at one instant.
    pub(super) fn core(&self) -> std::ops::Range<u32> {
        self.put.end..self.take.call
    }
}

/// What happened to a container.
pub(super) struct Container {
    /// By ascending value.
    pub(super) items: Vec<Item>,
    /// The takes that found nothing.
    pub(super) empties: Vec<Span>,
    /// The positions of the calls of takes whose end nobody knows, ascending.
    pub(super) open_takes: Vec<u32>,
    /// How many positions there are.
    pub(super) len: u32,
}

/// What is known of one value.
#[derive(Clone, Copy, Default)]
struct Known {
    put: Option<Span>,
    take: Option<Span>,
}

impl Container {
    /// Reads what happened; `None` where a value is put twice. A value that is taken but not put,
    /// taken twice, or taken before it is put decides at once.
    pub(super) fn read(deeds: &Deeds) -> Option<Result<Container, Decision>> {
        let values = deeds.list.iter().filter_map(|deed| match deed.act {
            Act::Put { value, .. } | Act::Take { taken: Some(Some(value)), .. } => Some(value),
            _ => None,
        });
        let numbers = Numbers::of(values);
        let mut known = vec![Known::default(); numbers.len()];
        let (mut empties, mut open_takes) = (Vec::new(), Vec::new());
        let mut is_wrong = false;
        for deed in &deeds.list {
            match deed.act {
                Act::Put { value, .. } => {
                    let known = &mut known[numbers.get(value)];
                    if known.put.replace(deed.span).is_some() {
                        return None;
                    }
                }
                Act::Take { taken: Some(Some(value)), .. } => {
                    let known = &mut known[numbers.get(value)];
                    is_wrong |= known.take.replace(deed.span).is_some();
                }
                Act::Take { taken: Some(None), .. } => empties.push(deed.span),
                _ => open_takes.push(deed.span.call),
            }
        }
        let len = deeds.len();
        let mut items = Vec::with_capacity(known.len());
        for Known { put, take } in known {
            match (put, take) {
                (None, None) => {}
                (None, Some(_)) => is_wrong = true,
                (Some(put), Some(take)) => {
                    is_wrong |= take.end < put.call;
                    items.push(Item { put, take, is_taken: true });
                }
                // Whether it was put nobody knows, and it may as well not have been.
                (Some(put), None) if put.end == NEVER => {}
                (Some(put), None) => {
                    let take = Span { call: len, end: NEVER };
                    items.push(Item { put, take, is_taken: false });
                }
            }
        }
        if is_wrong {
            return Some(Err(Decision::Breaks));
        }
        Some(Ok(Container { items, empties, open_takes, len }))
    }

    /// Decides by a monitor that knows nothing of open takes. Each of them may have taken any of the
    /// values that nobody else took. Taking a value away, with its put and take, leaves every legal
    /// order legal: so if the history without all those values has no order, the whole has none. And
    /// if one way to give them to the open takes has an order, the whole has one.
    pub(super) fn with_open_takes(
        mut self,
        decide: impl Fn(&[Item], &[Span], u32) -> bool,
    ) -> Option<Decision> {
        let (empties, len) = (self.empties, self.len);
        let decide = |items: &[Item]| decide(items, &empties, len);
        if decide(&self.items) {
            return Some(Decision::Holds);
        }
        let taken: Vec<Item> = self.items.iter().filter(|item| item.is_taken).copied().collect();
        if self.open_takes.is_empty() || taken.len() == self.items.len() || !decide(&taken) {
            return Some(Decision::Breaks);
        }
        let mut left: Vec<usize> =
            (0..self.items.len()).filter(|&item| !self.items[item].is_taken).collect();
        let mut tries = TRIES;
        let holds = give(&mut self.items, &mut left, &self.open_takes, &mut tries, &decide)?;
        Some(holds.into())
    }
}

/// Whether some way to give values that are left to open takes is legal; `None` if there are too
/// many to try. A take that took something is never worse than one that did not.
fn give(
    items: &mut [Item],
    left: &mut Vec<usize>,
    open_takes: &[u32],
    tries: &mut u32,
    decide: &impl Fn(&[Item]) -> bool,
) -> Option<bool> {
    let Some((&call, later)) = open_takes.split_first().filter(|_| !left.is_empty()) else {
        *tries = tries.checked_sub(1)?;
        return Some(decide(items));
    };
    for place in 0..left.len() {
        let item = left.remove(place);
        let untaken = items[item].take;
        items[item].take = Span { call, end: NEVER };
        let found = give(items, left, later, tries, decide);
        items[item].take = untaken;
        left.insert(place, item);
        if found? {
            return Some(true);
        }
    }
    Some(false)
}
