//! A queue, judged by what went in and what came out (Jepsen's `queue` and `total-queue`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::words::{Said, acts, blame, count, list};
use super::{Act, Verdict};
use crate::history::{Call, History};
use crate::service::{Outcome, Sequential};
use crate::time::SimTime;

/// What became of the values of a queue. The lists are ascending, and have a value as often as it
/// is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TotalQueue {
    /// The judgement: lost and unexpected values are wrong; duplicated ones are not, as for Jepsen.
    pub verdict: Verdict,
    /// How many puts were tried.
    pub attempted: usize,
    /// How many were successful.
    pub acknowledged: usize,
    /// How many values came out that somebody had tried to put.
    pub taken: usize,
    /// Put with success, and never taken.
    pub lost: Vec<u64>,
    /// Taken, though nobody tried to put them.
    pub unexpected: Vec<u64>,
    /// Taken more often than somebody tried to put them.
    pub duplicated: Vec<u64>,
    /// Taken, though nobody knew whether they had been put.
    pub recovered: Vec<u64>,
    /// Whether a take that was called after all puts had ended found nothing. Before that, what was
    /// not taken need not be lost.
    pub is_drained: bool,
    /// How many takes there are whose end nobody knows: each may have taken something.
    pub open_takes: usize,
}

/// How often a value was put and taken.
struct Value<'h, M: Sequential> {
    call: &'h Call<M::Operation, M::Reply>,
    attempted: usize,
    acknowledged: usize,
    taken: usize,
}

/// Judges a queue, stack or priority queue without regard to any order: whatever was put must come
/// out, and nothing else. After Jepsen's `checker/total-queue`.
pub fn total_queue<M: Sequential>(history: &History<M::Operation, M::Reply>) -> TotalQueue {
    let mut report = TotalQueue {
        verdict: Verdict::Pass,
        attempted: 0,
        acknowledged: 0,
        taken: 0,
        lost: Vec::new(),
        unexpected: Vec::new(),
        duplicated: Vec::new(),
        recovered: Vec::new(),
        is_drained: false,
        open_takes: 0,
    };
    let is_known = |act: &Act| matches!(act, Act::Put { .. } | Act::Take { .. });
    report.verdict = match acts::<M>(history, "a queue", is_known) {
        Ok(said) => report.judge::<M>(&said),
        Err(why) => Verdict::Inconclusive(why),
    };
    report
}

impl TotalQueue {
    fn judge<M: Sequential>(&mut self, said: &[Said<M>]) -> Verdict {
        let mut values: BTreeMap<u64, Value<M>> = BTreeMap::new();
        let (mut last_put, mut last_empty) = (None, None);
        for (act, call) in said {
            let (value, is_put) = match *act {
                Act::Put { value, .. } => (value, true),
                Act::Take { taken: Some(Some(value)), .. } => (value, false),
                Act::Take { taken: Some(None), .. } => {
                    last_empty = last_empty.max(Some(call.called));
                    continue;
                }
                _ => {
                    self.open_takes += 1;
                    continue;
                }
            };
            let new = Value { call: *call, attempted: 0, acknowledged: 0, taken: 0 };
            let known = values.entry(value).or_insert(new);
            if !is_put {
                known.taken += 1;
                continue;
            }
            known.attempted += 1;
            if matches!(call.outcome, Outcome::Ok(_)) {
                known.acknowledged += 1;
                last_put = last_put.max(Some(call.ended.unwrap_or(SimTime(u64::MAX))));
            }
        }
        self.is_drained = last_empty.is_some() && last_put < last_empty;
        self.sum_up(&values);
        self.verdict(&values)
    }

    fn sum_up<M: Sequential>(&mut self, values: &BTreeMap<u64, Value<M>>) {
        for (&value, known) in values {
            let Value { attempted, acknowledged, taken, .. } = *known;
            self.attempted += attempted;
            self.acknowledged += acknowledged;
            self.taken += taken.min(attempted);
            let repeat = |times: usize| std::iter::repeat_n(value, times);
            self.lost.extend(repeat(acknowledged.saturating_sub(taken)));
            match attempted {
                0 => self.unexpected.extend(repeat(taken)),
                _ => self.duplicated.extend(repeat(taken.saturating_sub(attempted))),
            }
            self.recovered.extend(repeat(taken.min(attempted).saturating_sub(acknowledged)));
        }
    }

    fn verdict<M: Sequential>(&self, values: &BTreeMap<u64, Value<M>>) -> Verdict {
        let calls = |list: &[u64]| -> Vec<_> {
            list.iter().filter_map(|value| values.get(value)).map(|known| known.call).collect()
        };
        if !self.unexpected.is_empty() {
            return Verdict::Fail(blame(
                format!(
                    "{} came out that nobody had tried to put: {}",
                    count(self.unexpected.len(), "value"),
                    list(&self.unexpected)
                ),
                "a value that somebody put, or nothing".to_owned(),
                &calls(&self.unexpected),
            ));
        }
        let lost = format!(
            "{} put with success and never taken: {}",
            count(self.lost.len(), "value"),
            list(&self.lost)
        );
        if self.lost.is_empty() {
            Verdict::Pass
        } else if !self.is_drained {
            Verdict::Inconclusive(format!(
                "{lost}; no take found nothing after the last put had ended, so they may still be \
                 inside"
            ))
        } else if self.lost.len() <= self.open_takes {
            Verdict::Inconclusive(format!(
                "{lost}; {} whose end nobody knows may have taken them",
                count(self.open_takes, "take")
            ))
        } else {
            Verdict::Fail(blame(
                format!("{lost}; at the end the queue was drained"),
                format!("takes of {}", list(&self.lost)),
                &calls(&self.lost),
            ))
        }
    }
}
