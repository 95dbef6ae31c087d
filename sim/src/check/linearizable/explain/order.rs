//! Every order of a few operations.

use std::collections::{BTreeMap, BTreeSet};

use super::{CallOf, end, is_known};
use crate::service::{Outcome, Sequential};

/// At most so many operations.
const MOST: usize = 64;
/// At most so many steps for one question.
const STEPS: usize = 20_000;

/// The orders of a few operations, of which one can not be placed.
pub(super) struct Orders<'p, M: Sequential> {
    part: &'p [CallOf<M>],
    at: usize,
    /// Those that must be placed, the culprit aside.
    due: u64,
    /// Those that must come before each.
    before: Vec<u64>,
    steps: usize,
}

impl<'p, M: Sequential> Orders<'p, M> {
    pub(super) fn new(part: &'p [CallOf<M>], at: usize) -> Option<Orders<'p, M>> {
        if part.len() > MOST {
            return None;
        }
        let set = |is: &dyn Fn(usize) -> bool| {
            (0..part.len()).filter(|&i| is(i)).fold(0, |set, i| set | 1_u64 << i)
        };
        let before =
            |call: &CallOf<M>| set(&|i| is_known::<M>(&part[i]) && end(&part[i]) < call.called.0);
        Some(Orders {
            part,
            at,
            due: set(&|i| i != at && is_known::<M>(&part[i])),
            before: part.iter().map(before).collect(),
            steps: 0,
        })
    }

    /// An order of all but the culprit: the operations with the states they lead to.
    pub(super) fn find(&mut self) -> Option<Vec<(usize, String)>> {
        self.steps = STEPS;
        let mut path = Vec::new();
        let mut failed = BTreeSet::new();
        self.complete(0, &M::initial(), &mut path, &mut failed).then_some(path)
    }

    /// The operations that may come next, those that must be placed first.
    fn next(&self, placed: u64) -> Vec<usize> {
        let is_next = |&i: &usize| placed >> i & 1 == 0 && self.before[i] & !placed & self.due == 0;
        let mut next: Vec<usize> =
            (0..self.part.len()).filter(|&i| i != self.at).filter(is_next).collect();
        next.sort_by_key(|&i| (!is_known::<M>(&self.part[i]), end(&self.part[i])));
        next
    }

    /// Where an operation leads; `None` if it would reply something else.
    fn step(&self, state: &M::State, index: usize) -> Option<M::State> {
        let call = &self.part[index];
        let (after, reply) = M::apply(state, &call.operation);
        match &call.outcome {
            Outcome::Ok(must) if *must != reply => None,
            _ => Some(after),
        }
    }

    fn complete(
        &mut self,
        placed: u64,
        state: &M::State,
        path: &mut Vec<(usize, String)>,
        failed: &mut BTreeSet<(u64, M::State)>,
    ) -> bool {
        if self.due & !placed == 0 {
            return true;
        }
        if self.steps == 0 || failed.contains(&(placed, state.clone())) {
            return false;
        }
        self.steps -= 1;
        for index in self.next(placed) {
            let Some(after) = self.step(state, index) else { continue };
            path.push((index, format!("{after:?}")));
            if self.complete(placed | 1 << index, &after, path, failed) {
                return true;
            }
            path.pop();
        }
        failed.insert((placed, state.clone()));
        false
    }

    /// What the culprit could have replied, where all else stays as it is: up to so many replies.
    pub(super) fn replies(&mut self, most: usize) -> Vec<M::Reply> {
        self.steps = STEPS;
        let mut found: BTreeMap<M::Reply, ()> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut failed = BTreeSet::new();
        let mut stack = vec![(0, M::initial())];
        while let Some((placed, state)) = stack.pop() {
            if self.steps == 0 || !seen.insert((placed, state.clone())) {
                continue;
            }
            self.steps -= 1;
            if self.before[self.at] & !placed & self.due == 0 {
                let (after, reply) = M::apply(&state, &self.part[self.at].operation);
                if !found.contains_key(&reply)
                    && self.complete(placed, &after, &mut Vec::new(), &mut failed)
                {
                    found.insert(reply, ());
                    if found.len() > most {
                        break;
                    }
                }
            }
            for index in self.next(placed) {
                if let Some(after) = self.step(&state, index) {
                    stack.push((placed | 1 << index, after));
                }
            }
        }
        found.into_keys().collect()
    }
}
