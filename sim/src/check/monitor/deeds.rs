//! The operations of one object as acts with positions.

use crate::check::act::Act;
use crate::history::Call;
use crate::service::{Outcome, Sequential};
use crate::time::SimTime;

/// The position of a return that never comes.
pub(super) const NEVER: u32 = u32::MAX;

/// The slots in which an operation may take effect: from its call up to, and without, its return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) call: u32,
    pub(super) end: u32,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Deed {
    pub(super) act: Act,
    pub(super) span: Span,
}

impl Deed {
    /// Whether nobody knows if it took effect.
    pub(super) fn is_open(&self) -> bool {
        self.span.end == NEVER
    }
}

/// What is at a position.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The call of the deed with this number.
    Call(u32),
    /// Its return.
    Return(u32),
}

/// All operations of an object.
pub(super) struct Deeds {
    /// In the order of their calls.
    pub(super) list: Vec<Deed>,
    /// By position.
    pub(super) events: Vec<Event>,
}

impl Deeds {
    /// Reads the acts; `None` if an operation is no act, or they belong to several kinds of object.
    /// Leaves out what had no effect and the reads whose reply nobody knows.
    pub(super) fn read<M: Sequential>(calls: &[&Call<M::Operation, M::Reply>]) -> Option<Deeds> {
        if u32::try_from(calls.len()).ok()? >= NEVER / 2 {
            return None;
        }
        let mut list = Vec::with_capacity(calls.len());
        let mut called = Vec::with_capacity(calls.len());
        let mut returned = Vec::with_capacity(calls.len());
        for call in calls {
            let reply = match &call.outcome {
                Outcome::Ok(reply) => Some(reply),
                Outcome::Failed => continue,
                Outcome::Unknown if M::is_read(&call.operation) => continue,
                Outcome::Unknown => None,
            };
            let act = M::act(&call.operation, reply)?;
            let number = u32::try_from(list.len()).ok()?;
            called.push((call.called, number));
            if reply.is_some() {
                let ended = call.ended.unwrap_or(SimTime(u64::MAX)).max(call.called);
                returned.push((ended, number));
            }
            list.push(Deed { act, span: Span { call: 0, end: NEVER } });
        }
        let kind = list.first().map(|deed| deed.act.kind());
        if list.iter().any(|deed| Some(deed.act.kind()) != kind) {
            return None;
        }
        // Mostly sorted already, which the stable sort makes use of.
        called.sort();
        returned.sort();
        let events = merge(&called, &returned, &mut list);
        Some(Deeds { list, events })
    }

    /// How many positions there are.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.events.len()).unwrap_or(NEVER)
    }
}

/// Numbers calls and returns in the order of time; at equal times calls come first.
fn merge(called: &[(SimTime, u32)], returned: &[(SimTime, u32)], list: &mut [Deed]) -> Vec<Event> {
    let mut events = Vec::with_capacity(called.len() + returned.len());
    let mut calls = called.iter().peekable();
    let mut returns = returned.iter().peekable();
    for position in 0.. {
        let is_call = match (calls.peek(), returns.peek()) {
            (Some((called, _)), Some((returned, _))) => called <= returned,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => break,
        };
        if let Some(&(_, deed)) = if is_call { calls.next() } else { returns.next() } {
            let span = &mut list[deed as usize].span;
            if is_call {
                span.call = position;
                events.push(Event::Call(deed));
            } else {
                span.end = position;
                events.push(Event::Return(deed));
            }
        }
    }
    events
}

/// Numbers for values, without gaps.
pub(super) enum Numbers {
    /// The values are small: each is its own number.
    Own(usize),
    /// The values in ascending order: its place is a value's number.
    Sorted(Vec<u64>),
}

impl Numbers {
    /// Numbers all of `values`.
    pub(super) fn of(values: impl Iterator<Item = u64> + Clone) -> Numbers {
        let (mut count, mut greatest) = (0usize, 0);
        for value in values.clone() {
            count += 1;
            greatest = greatest.max(value);
        }
        if let Ok(greatest) = usize::try_from(greatest)
            && greatest < count.saturating_mul(4)
        {
            return Numbers::Own(greatest + 1);
        }
        let mut sorted: Vec<u64> = values.collect();
        sorted.sort();
        sorted.dedup();
        Numbers::Sorted(sorted)
    }

    /// How many there may be.
    pub(super) fn len(&self) -> usize {
        match self {
            Numbers::Own(count) => *count,
            Numbers::Sorted(values) => values.len(),
        }
    }

    /// The number of a value that is among them, ascending with the value.
    pub(super) fn get(&self, value: u64) -> usize {
        match self {
            Numbers::Own(_) => usize::try_from(value).unwrap_or(usize::MAX),
            Numbers::Sorted(values) => values.partition_point(|other| *other < value),
        }
    }
}
