//! Locks.
//!
//! Every holder calls one operation after the other, as clients do; where it does not, the search
//! has to tell. Then its granted calls are *tenures*: from a granted acquire up to its next granted
//! release, or up to the end. In the slots from the end of that acquire up to the call of the
//! release the lock is surely held; no two tenures may share one. That fixes their order, and what
//! is left open is how far each reaches beyond into the slots next to it, and whether one acquire
//! whose end nobody knows was granted after all others: it would hold the lock for ever.
//!
//! A refused release needs nothing but that its holder had no tenure at the time. A refused acquire
//! needs a slot in which somebody may hold the lock: each tenure may reach as far as its own calls
//! and its neighbours' sure slots allow, and where both neighbours reach a slot one of them can have
//! it, as whoever comes later never asks for less.

use std::collections::BTreeMap;

use super::Decision;
use super::deeds::{Deed, Deeds, NEVER, Span};
use super::stack::have_gaps;
use crate::check::act::Act;

/// When somebody holds the lock.
struct Tenure {
    acquire: Span,
    release: Span,
}

/// The tenures, and what was refused.
#[derive(Default)]
struct Ledger {
    tenures: Vec<Tenure>,
    /// Refused acquires.
    refused: Vec<Span>,
    /// Positions of the calls of acquires whose end nobody knows.
    open: Vec<u32>,
}

pub(super) fn decide(deeds: &Deeds) -> Option<Decision> {
    let mut by_holder: BTreeMap<u64, Vec<&Deed>> = BTreeMap::new();
    for deed in &deeds.list {
        let (Act::Acquire { holder, .. } | Act::Release { holder, .. }) = deed.act else {
            return None;
        };
        by_holder.entry(holder).or_default().push(deed);
    }
    let overlap = |pair: &[&Deed]| pair[0].span.end > pair[1].span.call;
    if by_holder.values().any(|list| list.windows(2).any(overlap)) {
        return None;
    }
    let mut ledger = Ledger::default();
    let all_fit = by_holder.values().all(|list| ledger.note(list, deeds.len()));
    Some((all_fit && ledger.fits(deeds.len())).into())
}

impl Ledger {
    /// Notes what one holder did; whether that alone may be.
    fn note(&mut self, list: &[&Deed], len: u32) -> bool {
        let mut since: Option<Span> = None;
        for deed in list {
            match (&deed.act, since) {
                (Act::Acquire { is_granted: Some(true), .. }, None) => since = Some(deed.span),
                (Act::Acquire { is_granted: Some(false), .. }, _) => self.refused.push(deed.span),
                (Act::Acquire { is_granted: None, .. }, None) => self.open.push(deed.span.call),
                (Act::Release { is_granted: Some(true) | None, .. }, Some(acquire)) => {
                    self.tenures.push(Tenure { acquire, release: deed.span });
                    since = None;
                }
                // What its holder has already it is not given again, nor refused to give back.
                (Act::Acquire { is_granted: Some(true), .. }, Some(_))
                | (Act::Release { is_granted: Some(false), .. }, Some(_))
                | (Act::Release { is_granted: Some(true), .. }, None) => return false,
                _ => {}
            }
        }
        if let Some(acquire) = since {
            let release = Span { call: len, end: NEVER };
            self.tenures.push(Tenure { acquire, release });
        }
        true
    }

    /// Whether tenures exclude each other, and every refusal has a reason.
    fn fits(&mut self, len: u32) -> bool {
        self.tenures.sort_by_key(|tenure| tenure.acquire.end);
        let tenures = &self.tenures;
        if tenures.windows(2).any(|pair| pair[0].release.call > pair[1].acquire.end) {
            return false;
        }
        let mut counts = vec![1i32; len as usize];
        let mut hold = |slots: std::ops::Range<u32>| {
            let end = slots.end.min(len) as usize;
            counts[(slots.start as usize).min(end)..end].fill(0);
        };
        for (number, tenure) in tenures.iter().enumerate() {
            let before = number.checked_sub(1).map_or(0, |before| tenures[before].release.call);
            let after = tenures.get(number + 1).map_or(len, |after| after.acquire.end);
            hold(tenure.acquire.call.max(before)..tenure.release.end.min(after));
        }
        let last = tenures.last().map_or(0, |last| last.release.call);
        if let Some(&first) = self.open.iter().min() {
            hold(first.max(last)..len);
        }
        have_gaps(&counts, &self.refused)
    }
}
