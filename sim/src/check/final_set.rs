//! A set, judged by what is there at the end (Jepsen's `set`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::words::{Said, acts, blame, count, list};
use super::{Act, Verdict};
use crate::history::History;
use crate::service::{Outcome, Sequential};

/// What became of the elements of a set, by its last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FinalSet {
    /// The judgement: lost and unexpected elements are wrong.
    pub verdict: Verdict,
    /// How many elements somebody tried to add.
    pub attempted: usize,
    /// How many were added with success.
    pub acknowledged: usize,
    /// How many elements the last read has that somebody tried to add.
    pub present: usize,
    /// Added with success, yet not in the last read; ascending.
    pub lost: Vec<u64>,
    /// In the last read, yet nobody tried to add them; ascending.
    pub unexpected: Vec<u64>,
    /// In the last read, though nobody knew whether they were added; ascending.
    pub recovered: Vec<u64>,
}

/// Judges a history of adds by the last successful read: what was added with success before it must
/// be in it, and nothing else but what somebody tried to add. Reads before the last are not looked
/// at; elements must not be removed. After Jepsen's `checker/set`.
pub fn final_set<M: Sequential>(history: &History<M::Operation, M::Reply>) -> FinalSet {
    let mut report = FinalSet {
        verdict: Verdict::Pass,
        attempted: 0,
        acknowledged: 0,
        present: 0,
        lost: Vec::new(),
        unexpected: Vec::new(),
        recovered: Vec::new(),
    };
    report.verdict = match acts::<M>(history, "a set that grows", is_growing) {
        Ok(said) => report.judge::<M>(&said),
        Err(why) => Verdict::Inconclusive(why),
    };
    report
}

/// Whether an act belongs to a set from which nothing is removed.
pub(super) fn is_growing(act: &Act) -> bool {
    matches!(act, Act::Add { .. } | Act::Ensure { .. } | Act::Elements { .. })
}

/// The element that an act adds.
pub(super) fn added(act: &Act) -> Option<u64> {
    match *act {
        Act::Add { element, .. } | Act::Ensure { element } => Some(element),
        _ => None,
    }
}

impl FinalSet {
    fn judge<M: Sequential>(&mut self, said: &[Said<M>]) -> Verdict {
        let read = said.iter().rev().find_map(|(act, call)| match act {
            Act::Elements { elements: Some(elements) } => Some((elements, *call)),
            _ => None,
        });
        let Some((elements, read)) = read else {
            return Verdict::Inconclusive("the set was never read".to_owned());
        };
        let present: BTreeSet<u64> = elements.iter().copied().collect();
        let (mut attempted, mut acknowledged) = (BTreeSet::new(), BTreeMap::new());
        for (act, call) in said {
            let Some(element) = added(act) else { continue };
            attempted.insert(element);
            let is_over = call.ended.is_some_and(|ended| ended < read.called);
            if matches!(call.outcome, Outcome::Ok(_)) {
                acknowledged.entry(element).or_insert((*call, is_over)).1 |= is_over;
            }
        }
        self.attempted = attempted.len();
        self.acknowledged = acknowledged.len();
        self.present = present.intersection(&attempted).count();
        self.unexpected = present.difference(&attempted).copied().collect();
        let known = |element: &u64| acknowledged.contains_key(element);
        self.recovered =
            present.intersection(&attempted).filter(|element| !known(element)).copied().collect();
        let is_lost =
            |(element, (_, is_over)): &(&u64, &(_, bool))| *is_over && !present.contains(element);
        self.lost = acknowledged.iter().filter(is_lost).map(|(element, _)| *element).collect();
        let lost = self.lost.iter().filter_map(|element| acknowledged.get(element));
        let calls: Vec<_> = [read].into_iter().chain(lost.map(|(call, _)| *call)).collect();
        if !self.lost.is_empty() {
            let lost = count(self.lost.len(), "element");
            return Verdict::Fail(blame(
                format!(
                    "the last read, client{}'s at {}, lacks {lost} that had been added with \
                     success before it: {}",
                    read.client,
                    read.called,
                    list(&self.lost)
                ),
                format!("a set with {} in it", list(&self.lost)),
                &calls,
            ));
        }
        if !self.unexpected.is_empty() {
            let unexpected = count(self.unexpected.len(), "element");
            return Verdict::Fail(blame(
                format!(
                    "the last read, client{}'s at {}, has {unexpected} that nobody tried to add: \
                     {}",
                    read.client,
                    read.called,
                    list(&self.unexpected)
                ),
                format!("a set without {} in it", list(&self.unexpected)),
                &calls,
            ));
        }
        Verdict::Pass
    }
}
