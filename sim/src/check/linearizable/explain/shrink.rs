//! A small part of a history that has no order either.
//!
//! What is left out must not make the part worse than the whole: the writes and reads of a value
//! are left out together at first. Where single operations are left out after that, the rest has to
//! have an order if it were not for the culprit, and if it were not for real time.

use super::super::Budget;
use super::super::decide::{Decision, decide};
use super::{CallOf, end, is_known, units};
use crate::history::Call;
use crate::service::{Outcome, Sequential};
use crate::time::SimTime;

/// So many operations may be judged on the way, each time one.
const WORK: usize = 4_000_000;
/// For one question.
const BUDGET: Budget = Budget { configurations: 40_000 };
/// Parts up to this size are looked at without regard to time.
const TIMELESS: usize = 40;

/// Whether these have no order; `None` if nobody can say.
pub(super) fn breaks<M: Sequential>(calls: &[CallOf<M>]) -> Option<bool> {
    let calls: Vec<&CallOf<M>> = calls.iter().collect();
    judged::<M>(&calls)
}

fn judged<M: Sequential>(calls: &[&CallOf<M>]) -> Option<bool> {
    match decide::<M>(calls, BUDGET).0 {
        Decision::Holds => Some(false),
        Decision::Breaks => Some(true),
        Decision::Exhausted { .. } => None,
    }
}

/// A search for a small part.
struct Shrinker<'c, M: Sequential> {
    calls: &'c [CallOf<M>],
    culprit: usize,
    work: usize,
}

impl<M: Sequential> Shrinker<'_, M> {
    /// Whether the calls with these numbers, ascending, have no order, and would have one without
    /// the culprit.
    fn is_culprit_to_blame(&mut self, part: &[usize]) -> bool {
        if self.work < 2 * part.len() + 1 {
            return false;
        }
        self.work -= 2 * part.len() + 1;
        let all: Vec<&CallOf<M>> = part.iter().map(|&i| &self.calls[i]).collect();
        if judged::<M>(&all) != Some(true) {
            return false;
        }
        let others: Vec<&CallOf<M>> =
            part.iter().filter(|&&i| i != self.culprit).map(|&i| &self.calls[i]).collect();
        judged::<M>(&others) == Some(false)
    }

    /// Whether these calls would have an order if they all had been open at once; no if nobody can
    /// say.
    fn is_timeless(&mut self, part: &[usize]) -> bool {
        let mut calls: Vec<CallOf<M>> = part.iter().map(|&i| self.calls[i].clone()).collect();
        for call in &mut calls {
            call.called = SimTime(0);
            call.ended = call.ended.map(|_| SimTime(u64::MAX / 2));
        }
        self.work = self.work.saturating_sub(part.len() * 4);
        breaks::<M>(&calls) == Some(false)
    }

    /// The units of the culprit and one other, or the culprit's own.
    fn pair(&mut self, units: &[usize]) -> Option<Vec<usize>> {
        let own = units[self.culprit];
        let with = |other: usize| -> Vec<usize> {
            (0..units.len()).filter(|&i| units[i] == own || units[i] == other).collect()
        };
        let alone = with(own);
        if self.is_culprit_to_blame(&alone) {
            return Some(alone);
        }
        if alone.len() > PAIRED {
            return None;
        }
        let called = self.calls[self.culprit].called.0;
        let mut others: Vec<(u64, usize)> = (0..units.len())
            .filter(|&i| units[i] != own)
            .map(|i| (called.abs_diff(end(&self.calls[i])), units[i]))
            .collect();
        others.sort();
        let mut members: Vec<(usize, usize)> =
            units.iter().enumerate().map(|(i, unit)| (*unit, i)).collect();
        members.sort();
        let mut tried = Vec::new();
        for (_, unit) in others {
            if tried.contains(&unit) {
                continue;
            }
            tried.push(unit);
            if tried.len() > TRIED {
                return None;
            }
            let from = members.partition_point(|member| member.0 < unit);
            let to = members.partition_point(|member| member.0 <= unit);
            let mut part: Vec<usize> = members[from..to].iter().map(|member| member.1).collect();
            part.extend(&alone);
            part.sort();
            if self.is_culprit_to_blame(&part) {
                return Some(part);
            }
        }
        None
    }

    /// Leaves out groups of units as large as possible.
    fn drop_units(&mut self, units: &[usize], mut part: Vec<usize>) -> Vec<usize> {
        let own = units[self.culprit];
        let mut left: Vec<usize> = part.iter().map(|&i| units[i]).filter(|&u| u != own).collect();
        left.sort();
        left.dedup();
        let mut size = left.len().div_ceil(2);
        while size > 0 && !left.is_empty() {
            let mut from = 0;
            while from < left.len() {
                let gone = &left[from..(from + size).min(left.len())];
                let is_kept = |i: &&usize| gone.binary_search(&units[**i]).is_err();
                let rest: Vec<usize> = part.iter().filter(is_kept).copied().collect();
                if self.is_culprit_to_blame(&rest) {
                    part = rest;
                    left.drain(from..(from + size).min(left.len()));
                } else {
                    from += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        part
    }

    /// Leaves out single operations.
    fn drop_calls(&mut self, mut part: Vec<usize>) -> Vec<usize> {
        let has_order = part.len() <= TIMELESS && self.is_timeless(&part);
        let mut size = part.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < part.len() {
                let gone = from..(from + size).min(part.len());
                let is_kept = |i: &usize| !gone.contains(i) || part[*i] == self.culprit;
                let rest: Vec<usize> = (0..part.len()).filter(is_kept).map(|i| part[i]).collect();
                let is_smaller = rest.len() < part.len();
                if is_smaller && self.is_fair(&part[gone], &rest, has_order) {
                    part = rest;
                } else {
                    from += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        part
    }

    /// Whether leaving out `gone` leaves a rest that is as bad as the whole, and no worse.
    fn is_fair(&mut self, gone: &[usize], rest: &[usize], has_order: bool) -> bool {
        let is_read = |i: &usize| M::is_read(&self.calls[*i].operation) || *i == self.culprit;
        let is_pure = gone.iter().all(is_read);
        (is_pure || rest.len() <= TIMELESS)
            && self.is_culprit_to_blame(rest)
            && (is_pure || !has_order || self.is_timeless(rest))
    }
}

/// Units of the culprit larger than this are not tried with each other one.
const PAIRED: usize = 200;
/// As many units are tried with the culprit's own.
const TRIED: usize = 600;

/// A small part of the calls, in their order, and where the culprit is in it.
pub(super) fn shrink<M: Sequential>(
    calls: &[CallOf<M>],
    culprit: &CallOf<M>,
) -> (Vec<CallOf<M>>, usize) {
    let at = calls.iter().position(|call| call.id == culprit.id).unwrap_or_default();
    let refs: Vec<&CallOf<M>> = calls.iter().collect();
    let units = units::units::<M>(&refs);
    let mut shrinker = Shrinker::<M> { calls, culprit: at, work: WORK };
    let part = match shrinker.pair(&units) {
        Some(part) => part,
        None => shrinker.drop_units(&units, (0..calls.len()).collect()),
    };
    let mut part = shrinker.drop_calls(part);
    loop {
        let smaller = shrinker.drop_calls(part.clone());
        if smaller.len() == part.len() {
            break;
        }
        part = smaller;
    }
    let at = part.iter().position(|&i| i == at).unwrap_or_default();
    (part.into_iter().map(|i| calls[i].clone()).collect(), at)
}

/// Those of the replies with which the culprit could have been placed in the whole history.
pub(super) fn possible<M: Sequential>(
    calls: &[&CallOf<M>],
    culprit: &CallOf<M>,
    replies: Vec<M::Reply>,
) -> Vec<M::Reply> {
    let until = end(culprit);
    let mut work = WORK / 8;
    let mut could = |reply: &M::Reply| {
        if work < calls.len() {
            return true;
        }
        work -= calls.len();
        let known: Vec<CallOf<M>> = calls
            .iter()
            .filter(|call| call.called.0 <= until && call.outcome != Outcome::Failed)
            .map(|call| {
                let mut call: CallOf<M> = Call::clone(call);
                if call.id == culprit.id {
                    call.outcome = Outcome::Ok(reply.clone());
                } else if !is_known::<M>(&call) || end(&call) > until {
                    (call.ended, call.outcome) = (None, Outcome::Unknown);
                }
                call
            })
            .collect();
        breaks::<M>(&known) != Some(true)
    };
    replies.into_iter().filter(|reply| could(reply)).collect()
}
