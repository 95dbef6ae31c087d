//! What the rest of a history still asks for: which states some reply waits for, and how they come
//! about. It lets the search tell that an operation need not be kept for later, or that a reply
//! which must still be explained no longer can be.
//!
//! Only objects whose states that matter form a forest have an outlook: every such state comes
//! about by blind writes or from exactly one other such state. Unique written values make it so.

use super::plan::{Classes, Plan};
use super::states::{States, UNSEEN};
use crate::service::{Accepts, Sequential};

/// When the operations waiting for something are called and return, at the latest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    pub(super) last_call: usize,
    pub(super) last_return: usize,
}

impl Watch {
    fn add(&mut self, other: Watch) {
        self.last_call = self.last_call.max(other.last_call);
        self.last_return = self.last_return.max(other.last_return);
    }
}

/// A state in which some operations can not be placed that can be placed everywhere else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shunned {
    pub(super) state: usize,
    pub(super) by: Watch,
    /// The event before which the state can not come about.
    pub(super) born: usize,
}

/// The state from which a state comes about, and by which operations; none for a root.
type Parent = Option<(usize, Vec<usize>)>;

/// Where the descendants of a state begin and end in a depth-first order.
type Span = (usize, usize);

/// The forest of states that matter, and who waits for them.
pub(super) struct Outlook {
    /// The state from which a state comes about, and by which operations.
    pub(super) parent: Vec<Parent>,
    /// The states in an order in which the descendants of each follow it immediately.
    pub(super) order: Vec<usize>,
    /// Where in `order` each state and its descendants begin and end.
    pub(super) span: Vec<Span>,
    /// The calls of the blind writes that lead to each state and do return, ascending.
    pub(super) makers: Vec<Vec<usize>>,
    /// The classes of blind writes pending for ever that lead to each state.
    pub(super) classes: Vec<Vec<usize>>,
    /// The operations that can be placed in this state only.
    pub(super) needs: Vec<Watch>,
    /// The operations that can be placed in this state or in a descendant, but not everywhere.
    pub(super) below: Vec<Watch>,
    /// The states in which some operation that is not choosy can not be placed.
    pub(super) shunned: Vec<Shunned>,
    /// The state each operation can be placed in, if it is choosy.
    pub(super) wants: Vec<Option<usize>>,
    /// The state each operation can not be placed in, if it is not choosy.
    pub(super) shuns: Vec<Option<usize>>,
    /// The states that matter which each operation may lead to.
    pub(super) targets: Vec<Vec<usize>>,
}

impl Outlook {
    /// Looks ahead as far as the events before `limit`: later returns are not waited for, and
    /// neither are operations that are not `heeded`.
    pub(super) fn new<M: Sequential>(
        plan: &Plan<M>,
        states: &mut States<M>,
        classes: &Classes,
        limit: usize,
        heeded: &[bool],
    ) -> Option<Outlook> {
        if !states.complete {
            return None;
        }
        let parent = parents(states)?;
        let (order, span) = forest(&parent)?;
        let size = states.len();
        let mut outlook = Outlook {
            parent,
            order,
            span,
            makers: vec![Vec::new(); size],
            classes: vec![Vec::new(); size],
            needs: vec![Watch::default(); size],
            below: vec![Watch::default(); size],
            shunned: Vec::new(),
            wants: vec![None; plan.ops.len()],
            shuns: vec![None; plan.ops.len()],
            targets: vec![Vec::new(); plan.ops.len()],
        };
        for &(_, op, to) in &states.edges {
            outlook.targets[op].push(to);
        }
        for (class, members) in classes.list.iter().enumerate() {
            if let Some(goal) = states.goals[members.op] {
                outlook.classes[goal].push(class);
            }
        }
        outlook.note_makers(states, classes, plan);
        outlook.note_watchers(plan, states, limit, heeded);
        outlook.date(classes, states);
        outlook.sum_up();
        Some(outlook)
    }

    fn note_makers<M: Sequential>(
        &mut self,
        states: &States<M>,
        classes: &Classes,
        plan: &Plan<M>,
    ) {
        for (index, op) in plan.ops.iter().enumerate() {
            if let Some(goal) = states.goals[index].filter(|goal| *goal != UNSEEN) {
                self.targets[index].push(goal);
                if classes.of[index].is_none() {
                    self.makers[goal].push(op.called);
                }
            }
        }
        for makers in &mut self.makers {
            makers.sort();
        }
    }

    fn note_watchers<M: Sequential>(
        &mut self,
        plan: &Plan<M>,
        states: &States<M>,
        limit: usize,
        heeded: &[bool],
    ) {
        let mut shunned = vec![Watch::default(); states.len()];
        let due = |index: usize| plan.ops[index].returned < limit && heeded[index];
        for (index, op) in plan.ops.iter().enumerate().filter(|(index, _)| due(*index)) {
            let watch = Watch { last_call: op.called, last_return: op.returned };
            match &op.accepts {
                Accepts::Unknown | Accepts::Nowhere | Accepts::Everywhere => {}
                Accepts::In(state) => {
                    self.wants[index] = states.find(state);
                    if let Some(state) = self.wants[index] {
                        self.below[state].add(watch);
                        self.needs[state].add(watch);
                    }
                }
                Accepts::NotIn(state) => {
                    self.shuns[index] = states.find(state);
                    if let Some(state) = self.shuns[index] {
                        shunned[state].add(watch);
                    }
                }
            }
        }
        for (state, by) in shunned.into_iter().enumerate().filter(|(_, by)| by.last_return > 0) {
            self.shunned.push(Shunned { state, by, born: 0 });
        }
    }

    /// Finds out when the shunned states come about at the earliest, and sorts them by that.
    fn date<M: Sequential>(&mut self, classes: &Classes, states: &mut States<M>) {
        let mut born = vec![usize::MAX; self.order.len()];
        born[states.initial()] = 0;
        for &state in &self.order {
            let makers = self.makers[state].first().copied();
            let pending = self.classes[state].iter().map(|&class| classes.list[class].calls[0]);
            let above = self.parent[state].as_ref().map(|(parent, _)| born[*parent]);
            let earliest = pending.chain(makers).chain(above).min();
            born[state] = born[state].min(earliest.unwrap_or(usize::MAX));
        }
        for shunned in &mut self.shunned {
            shunned.born = born[shunned.state];
        }
        self.shunned.sort_by_key(|shunned| shunned.born);
    }

    fn sum_up(&mut self) {
        for &state in self.order.iter().rev() {
            if let Some((parent, _)) = self.parent[state] {
                let watch = self.below[state];
                self.below[parent].add(watch);
            }
        }
    }

    /// Whether `state` is `root` or comes about from it without a blind write.
    pub(super) fn is_below(&self, root: usize, state: usize) -> bool {
        let (begin, end) = self.span[root];
        (begin..end).contains(&self.span[state].0)
    }
}

/// The one state from which each state comes about, or `None` if there is a choice.
fn parents<M: Sequential>(states: &States<M>) -> Option<Vec<Parent>> {
    let mut parent: Vec<Parent> = vec![None; states.len()];
    for &(from, op, to) in &states.edges {
        match &mut parent[to] {
            none @ None => *none = Some((from, vec![op])),
            Some((known, ops)) if *known == from => ops.push(op),
            Some(_) => return None,
        }
    }
    Some(parent)
}

/// The states in depth-first order with the span of each one's descendants; `None` on a cycle.
fn forest(parent: &[Parent]) -> Option<(Vec<usize>, Vec<Span>)> {
    let mut children = vec![Vec::new(); parent.len()];
    let mut stack = Vec::new();
    for (state, above) in parent.iter().enumerate().rev() {
        match above {
            Some((above, _)) => children[*above].push(state),
            None => stack.push((state, false)),
        }
    }
    let mut order = Vec::with_capacity(parent.len());
    let mut span = vec![(0, 0); parent.len()];
    while let Some((state, is_left)) = stack.pop() {
        if is_left {
            span[state].1 = order.len();
            continue;
        }
        span[state].0 = order.len();
        order.push(state);
        stack.push((state, true));
        stack.extend(children[state].iter().map(|&child| (child, false)));
    }
    (order.len() == parent.len()).then_some((order, span))
}
