//! The sweep over the events of one object.

use super::bits::Bits;
use super::config::{Antichain, Config};
use super::outlook::Outlook;
use super::plan::{Classes, Event, Plan};
use super::states::{States, UNSEEN};
use crate::service::{Accepts, Sequential};

/// As many comparisons with others cost as much of the budget as one configuration.
const COMPARISONS: u64 = 64;

/// How a sweep ended.
pub(in crate::check::linearizable) enum Answer {
    /// Everything has a place.
    Holds,
    /// The return with this event number can not be placed.
    Breaks { event: usize },
    /// The budget ended at this event.
    Exhausted { event: usize },
}

/// Where the sweep stands with an operation.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Not called yet.
    Ahead,
    /// Called, not returned; the slot that stands for it in configurations.
    Open(usize),
    /// Returned.
    Over,
}

/// The budget ended.
struct Spent;

/// A sweep in progress.
pub(super) struct Search<'p, 'h, M: Sequential> {
    pub(super) plan: &'p Plan<'h, M>,
    pub(super) classes: &'p Classes,
    pub(super) states: &'p mut States<M>,
    pub(super) outlook: Option<Outlook>,
    /// The number of the event being looked at.
    pub(super) now: usize,
    pub(super) places: Vec<Place>,
    pub(super) slots: Vec<Option<usize>>,
    /// The slots in use.
    pub(super) open: Bits,
    /// Those of them whose operation may change the state in a way that depends on it.
    inner: Bits,
    /// The states in which some operation that is not choosy can not be placed.
    shunned: Vec<bool>,
    /// The slots whose operations return within `limit`; the others need not be placed.
    pub(super) due: Bits,
    /// Which operations are judged; the others are passed over.
    kept: &'p [bool],
    /// As many of the first shunned states of the outlook concern nobody any more.
    pub(super) settled_shuns: usize,
    /// Returns from this event on are not waited for.
    limit: usize,
    purse: &'p mut u64,
}

/// A step that a configuration may take.
#[derive(Clone, Copy)]
struct Move {
    op: usize,
    to: usize,
}

impl<'p, 'h, M: Sequential> Search<'p, 'h, M> {
    pub(super) fn new(
        plan: &'p Plan<'h, M>,
        classes: &'p Classes,
        states: &'p mut States<M>,
        outlook: Option<Outlook>,
        (kept, limit): (&'p [bool], usize),
        purse: &'p mut u64,
    ) -> Search<'p, 'h, M> {
        let mut shunned = vec![false; states.len()];
        for op in &plan.ops {
            let Accepts::NotIn(exception) = &op.accepts else { continue };
            if let Some(state) = states.find(exception) {
                shunned[state] = true;
            }
        }
        Search {
            plan,
            classes,
            states,
            outlook,
            now: 0,
            places: vec![Place::Ahead; plan.ops.len()],
            slots: Vec::new(),
            open: Bits::default(),
            inner: Bits::default(),
            shunned,
            due: Bits::default(),
            kept,
            settled_shuns: 0,
            limit,
            purse,
        }
    }

    /// Sweeps the first `end` events.
    pub(super) fn run(&mut self, end: usize) -> Answer {
        let mut frontier = vec![Config::new(self.states.initial())];
        if self.pay(1).is_err() {
            return Answer::Exhausted { event: 0 };
        }
        for (number, event) in self.plan.events[..end].iter().enumerate() {
            self.now = number;
            self.forget_shunned();
            match *event {
                Event::Call(op) | Event::Return(op) if !self.kept[op] => {}
                Event::Call(op) => self.call(op, &mut frontier),
                Event::Return(op) => match self.place(op, frontier) {
                    Err(Spent) => return Answer::Exhausted { event: number },
                    Ok(next) if next.is_empty() => {
                        return Answer::Breaks { event: number };
                    }
                    Ok(next) => frontier = next,
                },
            }
        }
        Answer::Holds
    }

    fn forget_shunned(&mut self) {
        let Some(outlook) = &self.outlook else { return };
        let rest = &outlook.shunned[self.settled_shuns..];
        self.settled_shuns += rest.iter().take_while(|s| s.by.last_return < self.now).count();
    }

    fn pay(&mut self, price: u64) -> Result<(), Spent> {
        *self.purse = self.purse.checked_sub(price).ok_or(Spent)?;
        Ok(())
    }

    /// Adds a configuration to others, and pays for the comparisons if there are many.
    fn keep(&mut self, among: &mut Antichain, config: Config) -> Result<Option<usize>, Spent> {
        self.pay(among.peers(&config) / COMPARISONS)?;
        Ok(among.insert(config, |more, less| self.dominates(more, less)))
    }

    fn call(&mut self, op: usize, frontier: &mut [Config]) {
        let what = &self.plan.ops[op];
        if self.classes.of[op].is_some() {
            return;
        }
        let free = self.slots.iter().position(Option::is_none);
        let slot = free.unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[slot] = Some(op);
        self.places[op] = Place::Open(slot);
        self.open.insert(slot);
        if what.returned < self.limit {
            self.due.insert(slot);
        }
        if !what.is_read && !what.is_blind {
            self.inner.insert(slot);
        }
        for config in frontier {
            if self.states.step(config.state, op, what) == Some(config.state) {
                config.settled.insert(slot);
            }
        }
    }

    /// What becomes of the frontier when `op` returns.
    fn place(&mut self, op: usize, frontier: Vec<Config>) -> Result<Vec<Config>, Spent> {
        let Place::Open(slot) = self.places[op] else { panic!("operation {op} returns unopened") };
        let placed = self.extend(op, slot, frontier)?;
        self.places[op] = Place::Over;
        self.slots[slot] = None;
        self.open.remove(slot);
        self.due.remove(slot);
        self.inner.remove(slot);
        let mut next = Antichain::default();
        for mut config in placed {
            config.settled.remove(slot);
            config.spent.remove(slot);
            let targets = self.outlook.as_ref().map_or(&[][..], |outlook| &outlook.targets[op]);
            if !self.is_hopeless(&config, targets) {
                self.keep(&mut next, config)?;
            }
        }
        Ok(next.into_configs())
    }

    /// Every way to place `op` now, at the end of as few others as need to come before it.
    fn extend(&mut self, op: usize, slot: usize, from: Vec<Config>) -> Result<Vec<Config>, Spent> {
        let is_read = self.plan.ops[op].is_read;
        let mut placed = Vec::new();
        let mut seen = Antichain::default();
        let mut stack = Vec::new();
        for config in from {
            if config.settled.has(slot) {
                placed.push(config.clone());
                if is_read || config.spent.has(slot) || self.is_dispensable(&config, op) {
                    continue;
                }
            }
            stack.extend(self.keep(&mut seen, config)?);
        }
        let mut moves = Vec::new();
        while let Some(number) = stack.pop() {
            let Some(config) = seen.get(number).cloned() else { continue };
            self.moves(&config, op, &mut moves);
            let mut ahead = Vec::new();
            for step in moves.drain(..) {
                let (next, settles) = self.take(&config, step);
                if self.is_hopeless_after(&config, &next, step) {
                    continue;
                }
                if step.op == op {
                    self.pay(1)?;
                    placed.push(next);
                    continue;
                }
                if next.settled.has(slot) {
                    if !config.settled.has(slot) {
                        self.pay(1)?;
                        placed.push(next.clone());
                    }
                    if is_read || self.is_dispensable(&next, op) {
                        continue;
                    }
                }
                ahead.push((settles, next));
            }
            // The last one is looked at first: the greediest, whose successors make most others
            // superfluous.
            ahead.sort_by_key(|(settles, _)| *settles);
            for (_, next) in ahead {
                if let Some(number) = self.keep(&mut seen, next)? {
                    self.pay(1)?;
                    stack.push(number);
                }
            }
        }
        Ok(placed)
    }

    /// The steps worth taking from `config` on the way to placing `op`.
    fn moves(&mut self, config: &Config, op: usize, moves: &mut Vec<Move>) {
        let open = self.open.clone();
        for slot in open.without(&config.spent) {
            let Some(candidate) = self.slots[slot] else { continue };
            let what = &self.plan.ops[candidate];
            if what.is_read {
                continue;
            }
            if let Some(to) = self.states.step(config.state, candidate, what) {
                let is_worth = candidate == op || !what.is_blind || self.helps(config, to, op);
                if to != config.state && is_worth {
                    moves.push(Move { op: candidate, to });
                }
            }
        }
        for (class, members) in self.classes.list.iter().enumerate() {
            if self.is_used_up(config, class) {
                continue;
            }
            let what = &self.plan.ops[members.op];
            if let Some(to) = self.states.step(config.state, members.op, what) {
                let is_worth = !what.is_blind || self.helps(config, to, op);
                if to != config.state && is_worth {
                    moves.push(Move { op: members.op, to });
                }
            }
        }
    }

    fn is_used_up(&self, config: &Config, class: usize) -> bool {
        let calls = &self.classes.list[class].calls;
        let used = config.used(class);
        calls.get(used).is_none_or(|&call| call > self.now)
    }

    /// Whether a blind write that leads to `to` settles something there, or makes something
    /// possible. If not, it may as well stay hidden.
    fn helps(&mut self, config: &Config, to: usize, op: usize) -> bool {
        for slot in self.open.without(&config.settled) {
            let Some(waiting) = self.slots[slot] else { continue };
            if waiting != op && !self.due.has(slot) {
                continue;
            }
            if self.states.step(to, waiting, &self.plan.ops[waiting]) == Some(to) {
                return true;
            }
        }
        let inner = self.inner.clone();
        for slot in inner.without(&config.spent) {
            let Some(enabled) = self.slots[slot] else { continue };
            if self.leads_on(to, enabled, op) {
                return true;
            }
        }
        (0..self.classes.list.len()).any(|class| {
            let enabled = self.classes.list[class].op;
            !self.plan.ops[enabled].is_blind
                && !self.is_used_up(config, class)
                && self.leads_on(to, enabled, op)
        })
    }

    /// Whether `enabled` leads from `state` to a state that is of any use while placing `op`.
    fn leads_on(&mut self, state: usize, enabled: usize, op: usize) -> bool {
        let what = &self.plan.ops[enabled];
        let Some(to) = self.states.step(state, enabled, what) else { return false };
        let is_lost = self.states.complete
            && to == UNSEEN
            && what.is_legal
            && enabled != op
            && !self.shunned.get(state).is_some_and(|&shunned| shunned);
        to != state && !is_lost
    }

    /// The configuration after a step, and how many operations that settled.
    fn take(&mut self, config: &Config, step: Move) -> (Config, usize) {
        let mut next = config.clone();
        next.state = step.to;
        let what = &self.plan.ops[step.op];
        match (self.classes.of[step.op], self.places[step.op]) {
            (Some(class), _) => next.spend(class),
            (None, Place::Open(slot)) => {
                next.settled.insert(slot);
                next.spent.insert(slot);
            }
            (None, _) => panic!("operation {} takes effect while it is not open", step.op),
        }
        let mut settles = 0;
        for slot in self.open.without(&config.settled) {
            let Some(waiting) = self.slots[slot] else { continue };
            let other = &self.plan.ops[waiting];
            let is_hidden = what.is_blind && other.is_legal && !other.is_read;
            if is_hidden || self.states.step(step.to, waiting, other) == Some(step.to) {
                next.settled.insert(slot);
                settles += usize::from(self.due.has(slot));
            }
        }
        (next, settles)
    }

    /// Whether the step left something behind that is needed and can not come back.
    fn is_hopeless_after(&self, before: &Config, after: &Config, step: Move) -> bool {
        let Some(outlook) = &self.outlook else { return false };
        self.is_hopeless(after, &[before.state])
            || self.is_hopeless(after, &outlook.targets[step.op])
    }
}
