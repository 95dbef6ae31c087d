//! Which operations belong together: those that write and read the same.

use super::super::super::act::Act;
use super::super::intern::Interner;
use super::super::problem::{Problem, Rule};
use super::CallOf;
use crate::service::{Outcome, Sequential};

/// Sets that grow together.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, mut one: usize) -> usize {
        while self.0[one] != one {
            self.0[one] = self.0[self.0[one]];
            one = self.0[one];
        }
        one
    }
    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one] = other;
    }
    fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }
}

/// A number for each call; calls that have to do with the same values have the same one.
///
/// Where the model does not say what an operation has to do with, it is alone.
pub(super) fn units<M: Sequential>(calls: &[&CallOf<M>]) -> Vec<usize> {
    let problem = Problem::<M>::new(calls);
    let mut sets = Sets((0..calls.len()).collect());
    let mut states: Vec<Option<usize>> = vec![None; problem.states()];
    let mut numbers: Interner<u64> = Interner::default();
    let mut nodes: Vec<usize> = Vec::new();
    let mut node = |sets: &mut Sets, number: u64| {
        let known = numbers.number(number) as usize;
        if known == nodes.len() {
            nodes.push(sets.add());
        }
        nodes[known]
    };
    for op in &problem.ops {
        let call = op.source as usize;
        let (one, other) = match op.rule {
            Rule::Never => continue,
            Rule::Read(state) | Rule::Refuse(state) | Rule::Blind(state) => (state, state),
            Rule::Swap(from, to) | Rule::Maybe(from, to) => (from, to),
            Rule::Apply(_) => {
                let appended = M::appends(&calls[call].operation).unwrap_or_default();
                for number in appended.iter().copied().chain(dealt_with::<M>(calls[call])) {
                    let node = node(&mut sets, number);
                    sets.join(call, node);
                }
                continue;
            }
        };
        for state in [one, other] {
            let numbers = M::sequence(problem.state(state)).unwrap_or_default();
            for &number in numbers {
                let node = node(&mut sets, number);
                sets.join(call, node);
            }
            if numbers.is_empty() {
                let fresh = || sets.add();
                let node = *states[state as usize].get_or_insert_with(fresh);
                sets.join(call, node);
            }
        }
    }
    (0..calls.len()).map(|call| sets.root(call)).collect()
}

/// The value that an act on a container or a set has to do with.
fn dealt_with<M: Sequential>(call: &CallOf<M>) -> Option<u64> {
    let reply = match &call.outcome {
        Outcome::Ok(reply) => Some(reply),
        _ => None,
    };
    match M::act(&call.operation, reply)? {
        Act::Put { value, .. } => Some(value),
        Act::Take { taken, .. } => taken.flatten(),
        Act::Add { element, .. }
        | Act::Ensure { element }
        | Act::Remove { element, .. }
        | Act::Contains { element, .. } => Some(element),
        _ => None,
    }
}
