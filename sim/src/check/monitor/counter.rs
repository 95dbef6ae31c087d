//! Counters.
//!
//! With different amounts, which of them make up a total is a knapsack problem; so all amounts must
//! be equal (zero aside), and a total says how many were added. In the order of time, nothing is
//! added before a return needs it, and then no more than it needs; of the open adds the one that
//! returns first goes first, and those whose end nobody knows go last. An add that says what was
//! there then has a step of its own: nobody else may make it. A total had its place if it was there
//! now, or left not before the call of whoever says it: adding later never left it earlier.
//!
//! With amounts of one sign that are not equal, a total out of bounds still breaks the history: less
//! than what surely was added, or more than what can have been (the check of Jepsen's `counter`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::Decision;
use super::deeds::{Deeds, Event};
use crate::check::act::Act;

pub(super) fn decide(deeds: &Deeds) -> Option<Decision> {
    let amounts = deeds.list.iter().filter_map(|deed| amount(&deed.act));
    let sum: i128 = amounts.clone().map(|amount| i128::from(amount).abs()).sum();
    if sum > i128::from(i64::MAX) {
        return None;
    }
    let amounts = amounts.filter(|amount| *amount != 0);
    let unit = amounts.clone().next().unwrap_or(1);
    if amounts.clone().any(|amount| amount != unit) {
        let is_out = amounts.clone().all(|amount| amount.signum() == unit.signum())
            && is_out(deeds, i128::from(unit.signum()));
        return is_out.then_some(Decision::Breaks);
    }
    let Some(mut steps) = Steps::new(deeds, unit) else { return Some(Decision::Breaks) };
    for (position, event) in (0..).zip(&deeds.events) {
        let holds = match *event {
            Event::Call(number) => {
                steps.call(number);
                true
            }
            Event::Return(number) => steps.settle(number, position),
        };
        if !holds {
            return Some(Decision::Breaks);
        }
    }
    Some(Decision::Holds)
}

fn amount(act: &Act) -> Option<i64> {
    match *act {
        Act::Count { amount } | Act::CountAndGet { amount, .. } => Some(amount),
        _ => None,
    }
}

/// What has been added so far, in units.
struct Steps<'d> {
    deeds: &'d Deeds,
    unit: i64,
    /// At which return each step was made.
    made: Vec<u32>,
    /// Which operation has to make a step, by the number of the step; the first is 0.
    owners: BTreeMap<u64, u32>,
    is_called: Vec<bool>,
    is_used: Vec<bool>,
    open: BinaryHeap<Reverse<(u32, u32)>>,
}

/// What an operation has to be settled as.
enum Claim {
    /// Nothing to see.
    Nothing,
    /// It makes a step, no matter which.
    Step,
    /// It makes the step with this number.
    Owns(u64),
    /// It sees that so many steps were made.
    Sees(u64),
    /// What it says can not be.
    Absurd,
}

impl<'d> Steps<'d> {
    /// `None` if two operations have to make the same step, or say what can not be.
    fn new(deeds: &'d Deeds, unit: i64) -> Option<Steps<'d>> {
        let count = deeds.list.len();
        let mut steps = Steps {
            deeds,
            unit,
            made: Vec::new(),
            owners: BTreeMap::new(),
            is_called: vec![false; count],
            is_used: vec![false; count],
            open: BinaryHeap::new(),
        };
        for (number, deed) in (0..).zip(&deeds.list) {
            match steps.claim(&deed.act) {
                Claim::Absurd => return None,
                Claim::Owns(step) if steps.owners.insert(step, number).is_some() => return None,
                _ => {}
            }
        }
        Some(steps)
    }

    fn claim(&self, act: &Act) -> Claim {
        let sees = |total: i64| match total.checked_rem(self.unit) {
            Some(0) => u64::try_from(total / self.unit).map_or(Claim::Absurd, Claim::Sees),
            _ => Claim::Absurd,
        };
        match *act {
            Act::Count { amount: 0 } => Claim::Nothing,
            Act::CountAndGet { amount: 0, total } | Act::Total { total } => {
                total.map_or(Claim::Nothing, sees)
            }
            Act::CountAndGet { total: Some(total), .. } => match sees(total) {
                Claim::Sees(count) => count.checked_sub(1).map_or(Claim::Absurd, Claim::Owns),
                claim => claim,
            },
            _ => Claim::Step,
        }
    }

    fn call(&mut self, number: u32) {
        self.is_called[number as usize] = true;
        let deed = &self.deeds.list[number as usize];
        if matches!(self.claim(&deed.act), Claim::Step) {
            self.open.push(Reverse((deed.span.end, number)));
        }
    }

    /// Whether the operation that returns can have its place.
    fn settle(&mut self, number: u32, now: u32) -> bool {
        let deeds = self.deeds;
        let deed = &deeds.list[number as usize];
        match self.claim(&deed.act) {
            Claim::Nothing => true,
            Claim::Absurd => false,
            Claim::Step => {
                while !self.is_used[number as usize] {
                    if !self.step(now) {
                        return false;
                    }
                }
                true
            }
            Claim::Owns(step) => self.reach(step.saturating_add(1), now),
            Claim::Sees(count) => {
                let left = usize::try_from(count).ok().and_then(|count| self.made.get(count));
                match left {
                    Some(left) => *left > deed.span.call,
                    None => self.reach(count, now),
                }
            }
        }
    }

    /// Makes steps until there are so many.
    fn reach(&mut self, count: u64, now: u32) -> bool {
        while (self.made.len() as u64) < count {
            if !self.step(now) {
                return false;
            }
        }
        true
    }

    /// Makes one step; whether some operation could.
    fn step(&mut self, now: u32) -> bool {
        let maker = match self.owners.get(&(self.made.len() as u64)) {
            Some(&owner) => Some(owner).filter(|&owner| self.is_called[owner as usize]),
            None => self.open.pop().map(|Reverse((_, number))| number),
        };
        let Some(maker) = maker else { return false };
        self.is_used[maker as usize] = true;
        self.made.push(now);
        true
    }
}

/// Whether a total is less than what surely was added or more than what can have been; amounts have
/// the given sign.
fn is_out(deeds: &Deeds, sign: i128) -> bool {
    let (mut surely, mut maybe) = (0i128, 0i128);
    let mut surely_at_call = vec![0; deeds.list.len()];
    for event in &deeds.events {
        let (Event::Call(number) | Event::Return(number)) = *event;
        let deed = &deeds.list[number as usize];
        let amount = i128::from(amount(&deed.act).unwrap_or(0)).abs();
        match event {
            Event::Call(_) => {
                surely_at_call[number as usize] = surely + amount;
                maybe += amount;
            }
            Event::Return(_) => {
                if let Act::Total { total: Some(total) }
                | Act::CountAndGet { total: Some(total), .. } = deed.act
                {
                    let total = i128::from(total) * sign;
                    if total < surely_at_call[number as usize] || total > maybe {
                        return true;
                    }
                }
                surely += amount;
            }
        }
    }
    false
}
