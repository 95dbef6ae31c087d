//! A counter, judged by bounds on each read (Jepsen's `counter`).

use serde::Serialize;

use super::words::{Said, acts, blame};
use super::{Act, Verdict};
use crate::history::{CallId, History};
use crate::service::{Outcome, Sequential};

/// What the reads of a counter found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CounterBounds {
    /// The judgement: every read must be within its bounds.
    pub verdict: Verdict,
    /// Each read, in the order of their ends.
    pub reads: Vec<BoundedRead>,
}

/// One read of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BoundedRead {
    /// Which operation it is.
    pub id: CallId,
    /// The least it may find.
    pub lower: i64,
    /// What it found.
    pub value: i64,
    /// The most it may find.
    pub upper: i64,
}

impl BoundedRead {
    /// Whether it found what it may.
    pub fn is_right(&self) -> bool {
        self.lower <= self.value && self.value <= self.upper
    }
}

/// Judges each read of a counter for itself: it may find at least the adds that had ended with
/// success when it was called, and at most those that somebody had called when it ended; for
/// negative amounts the other way round. Reads that contradict only each other are not found. After
/// Jepsen's `checker/counter`.
pub fn counter_bounds<M: Sequential>(history: &History<M::Operation, M::Reply>) -> CounterBounds {
    let is_known =
        |act: &Act| matches!(act, Act::Count { .. } | Act::CountAndGet { .. } | Act::Total { .. });
    let mut report = CounterBounds { verdict: Verdict::Pass, reads: Vec::new() };
    report.verdict = match acts::<M>(history, "a counter", is_known) {
        Ok(said) => report.judge::<M>(&said),
        Err(why) => Verdict::Inconclusive(why),
    };
    report
}

/// Adds, those of positive and those of negative amounts.
#[derive(Clone, Copy, Default)]
struct Sums {
    positive: i64,
    negative: i64,
}

impl Sums {
    fn add(&mut self, amount: i64) {
        self.positive = self.positive.saturating_add(amount.max(0));
        self.negative = self.negative.saturating_add(amount.min(0));
    }
}

impl CounterBounds {
    fn judge<M: Sequential>(&mut self, said: &[Said<M>]) -> Verdict {
        // Calls come before ends of the same instant.
        let mut events: Vec<_> = (0..said.len()).map(|at| (said[at].1.called, false, at)).collect();
        events.extend(said.iter().enumerate().filter_map(|(at, (_, call))| {
            let ended = call.ended.filter(|_| matches!(call.outcome, Outcome::Ok(_)));
            Some((ended?, true, at))
        }));
        events.sort();
        let (mut tried, mut sure) = (Sums::default(), Sums::default());
        let mut sure_at_call = vec![sure; said.len()];
        let mut wrong = None;
        for (_, is_end, at) in events {
            let (act, call) = &said[at];
            let (amount, total) = match *act {
                Act::Count { amount } => (amount, None),
                Act::CountAndGet { amount, total } => (amount, total),
                Act::Total { total } => (0, total),
                _ => (0, None),
            };
            if !is_end {
                tried.add(amount);
                sure_at_call[at] = sure;
                // Its own amount is in what it finds.
                sure_at_call[at].add(amount);
                continue;
            }
            sure.add(amount);
            let Some(value) = total else { continue };
            let before = sure_at_call[at];
            let lower = before.positive.saturating_add(tried.negative);
            let upper = before.negative.saturating_add(tried.positive);
            let read = BoundedRead { id: call.id, lower, value, upper };
            if !read.is_right() {
                wrong = wrong.or(Some((read, *call)));
            }
            self.reads.push(read);
        }
        let Some((read, call)) = wrong else { return Verdict::Pass };
        let BoundedRead { lower, value, upper, .. } = read;
        let why = if value < lower {
            format!("less than {lower}, which had been added for sure when it was called")
        } else {
            format!("more than {upper}, which is all that had been tried to add when it ended")
        };
        Verdict::Fail(blame(
            format!("client{}'s read of the counter found {value}: {why}", call.client),
            format!("a value from {lower} to {upper}"),
            &[call],
        ))
    }
}
