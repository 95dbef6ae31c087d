//! The states of one object, numbered; the states that no reply can tell apart are one.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Op, Plan};
use crate::service::{Accepts, Sequential};

/// Stands for every state that no reply of the history depends on.
pub(in crate::check::linearizable) const UNSEEN: usize = 0;

/// At most this many questions to [`Sequential::origins`] for one object.
const QUESTIONS: usize = 4_000_000;

/// A step that changes the state: from, by which operation, to.
pub(in crate::check::linearizable) type Edge = (usize, usize, usize);

/// The numbered states, and where operations lead from them.
pub(in crate::check::linearizable) struct States<M: Sequential> {
    known: Vec<Option<M::State>>,
    numbers: BTreeMap<M::State, usize>,
    /// Whether every state that some reply depends on is known, so that all others are one.
    pub(in crate::check::linearizable) complete: bool,
    /// The steps between states that matter which are no blind writes; only when `complete`.
    pub(in crate::check::linearizable) edges: Vec<Edge>,
    steps: Table,
    /// Where each blind write leads.
    pub(in crate::check::linearizable) goals: Vec<Option<usize>>,
}

impl<M: Sequential> States<M> {
    /// Finds the states that matter, where the model says enough.
    pub(in crate::check::linearizable) fn new(plan: &Plan<M>) -> States<M> {
        let mut states = States {
            known: vec![None],
            numbers: BTreeMap::new(),
            complete: false,
            edges: Vec::new(),
            steps: Table::default(),
            goals: Vec::new(),
        };
        if states.find_those_that_matter(plan).is_some() {
            states.complete = true;
        } else {
            (states.known, states.numbers) = (vec![None], BTreeMap::new());
            states.edges.clear();
        }
        let goal = |op: &Op<M>| op.is_blind.then(|| M::apply(&M::initial(), &op.call.operation).0);
        let goals: Vec<_> = plan.ops.iter().map(goal).collect();
        states.goals = goals.into_iter().map(|goal| goal.map(|g| states.number(g))).collect();
        states
    }

    /// The states that some reply depends on, and backwards all states that lead to one of them
    /// other than by a blind write.
    fn find_those_that_matter(&mut self, plan: &Plan<M>) -> Option<()> {
        let mut inner: BTreeMap<&M::Operation, Vec<usize>> = BTreeMap::new();
        for (index, op) in plan.ops.iter().enumerate() {
            match &op.accepts {
                Accepts::Unknown => return None,
                Accepts::In(state) | Accepts::NotIn(state) => {
                    self.add(state.clone());
                }
                Accepts::Nowhere | Accepts::Everywhere => {}
            }
            if op.is_legal && !op.is_read && !op.is_blind {
                inner.entry(&op.call.operation).or_default().push(index);
            }
        }
        let mut edges = BTreeSet::new();
        let (mut next, mut questions) = (1, 0);
        while next < self.known.len() {
            let after = self.known[next].clone()?;
            questions += inner.len();
            if questions > QUESTIONS {
                return None;
            }
            for (operation, indices) in &inner {
                for origin in M::origins(operation, &after)? {
                    if origin == after || M::apply(&origin, operation).0 != after {
                        continue;
                    }
                    let from = self.add(origin);
                    edges.extend(indices.iter().map(|&op| (from, op, next)));
                }
            }
            next += 1;
        }
        for (index, op) in plan.ops.iter().enumerate() {
            let Accepts::In(state) = &op.accepts else { continue };
            let (after, reply) = M::apply(state, &op.call.operation);
            let ends = (self.numbers.get(state), self.numbers.get(&after));
            if let (Some(&from), Some(&to), true) = (ends.0, ends.1, op.reply == Some(&reply)) {
                edges.extend((from != to).then_some((from, index, to)));
            }
        }
        self.edges = edges.into_iter().collect();
        Some(())
    }

    fn add(&mut self, state: M::State) -> usize {
        let States { known, numbers, .. } = self;
        *numbers.entry(state).or_insert_with_key(|state| {
            known.push(Some(state.clone()));
            known.len() - 1
        })
    }

    fn number(&mut self, state: M::State) -> usize {
        match self.complete {
            true => self.numbers.get(&state).copied().unwrap_or(UNSEEN),
            false => self.add(state),
        }
    }

    /// The number of the state nobody has touched.
    pub(in crate::check::linearizable) fn initial(&mut self) -> usize {
        self.number(M::initial())
    }

    /// The number of a state that matters.
    pub(in crate::check::linearizable) fn find(&self, state: &M::State) -> Option<usize> {
        self.numbers.get(state).copied()
    }

    /// How many numbers are in use.
    pub(in crate::check::linearizable) fn len(&self) -> usize {
        self.known.len()
    }

    /// Where operation `index` leads from `state`; `None` if it can not give its reply there.
    pub(in crate::check::linearizable) fn step(
        &mut self,
        state: usize,
        index: usize,
        op: &Op<M>,
    ) -> Option<usize> {
        if op.is_legal && self.goals[index].is_some() {
            return self.goals[index];
        }
        if self.complete && state == UNSEEN {
            return match op.accepts {
                Accepts::Everywhere | Accepts::NotIn(_) => {
                    Some(self.goals[index].unwrap_or(UNSEEN))
                }
                _ => None,
            };
        }
        let key = (state as u64) << 32 | index as u64;
        if let Some(found) = self.steps.get(key) {
            return found.checked_sub(1);
        }
        let before = self.known[state].as_ref().expect("only the unseen state has no value");
        let (after, reply) = M::apply(before, &op.call.operation);
        let legal = op.reply.is_none_or(|must| *must == reply);
        let result = legal.then(|| self.number(after));
        self.steps.insert(key, result.map_or(0, |next| next + 1));
        result
    }
}

/// A memo of steps: open addressing with a fixed hash. It is only ever asked for single keys, so no
/// result depends on its layout.
#[derive(Default)]
struct Table {
    /// Key plus one, so that zero is free; value.
    cells: Vec<(u64, usize)>,
    used: usize,
}

impl Table {
    fn cell(&self, key: u64) -> usize {
        let mask = self.cells.len() as u64 - 1;
        let mut at = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) & mask;
        loop {
            let index = usize::try_from(at).expect("a table fits into memory");
            if self.cells[index].0 == 0 || self.cells[index].0 == key + 1 {
                return index;
            }
            at = (at + 1) & mask;
        }
    }

    fn get(&self, key: u64) -> Option<usize> {
        let (found, value) =
            *self.cells.get(self.cells.len().checked_sub(1).map(|_| self.cell(key))?)?;
        (found != 0).then_some(value)
    }

    fn insert(&mut self, key: u64, value: usize) {
        if self.used * 2 >= self.cells.len() {
            let size = (self.cells.len() * 2).max(64);
            let old = std::mem::replace(&mut self.cells, vec![(0, 0); size]);
            for (key, value) in old.into_iter().filter(|cell| cell.0 != 0) {
                let at = self.cell(key - 1);
                self.cells[at] = (key, value);
            }
        }
        let at = self.cell(key);
        self.used += usize::from(self.cells[at].0 == 0);
        self.cells[at] = (key + 1, value);
    }
}
