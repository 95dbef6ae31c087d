//! The fast engine: a sweep that keeps every way the past may have gone.
//!
//! At most 64 operations may be open at once, so that a set of them is a word, and which of them a
//! state settles or enables is a word per state. Nothing is allocated per step.

mod antichain;
mod steps;
mod sweep;

use super::problem::{Op, Problem, Rule, UNSEEN};
use crate::service::Sequential;

pub(super) use self::steps::{Step, Steps};
pub(super) use self::sweep::Sweep;

/// What came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Everything has a place.
    Holds,
    /// This operation can not be placed.
    Breaks {
        /// Its number in the problem.
        op: usize,
    },
    /// The budget ended after so many events, of so many.
    Exhausted {
        /// Events before.
        event: usize,
    },
    /// Too many operations are open at once, or pending for ever.
    Wide,
}

impl<M: Sequential> Steps for Problem<'_, M> {
    fn ask(&mut self, state: u32, symbol: u32) -> Option<u32> {
        Problem::ask(self, state, symbol)
    }
    fn states(&self) -> usize {
        Problem::states(self)
    }
    fn can_wait(&self) -> bool {
        Problem::can_wait(self)
    }
}

/// What the sweep goes through.
struct Board {
    /// Twice the number of an operation, and one more if it returns, in the order of time.
    events: Vec<u32>,
    /// The class of each operation pending for ever.
    class_of: Vec<u32>,
    /// A rule for each class, and how many operations it has.
    classes: Vec<(Rule, bool, u64)>,
    is_legal: Vec<bool>,
}

/// As many operations may be open at once.
const OPEN_AT_MOST: usize = 64;

/// With more ways than this, a few are tried first.
const TRIAL: usize = 16;

const NO_CLASS: u32 = u32::MAX;
/// A pending operation that can be of no use.
const USELESS: u32 = u32::MAX - 1;

/// Judges one object, and takes what it spends out of the purse.
pub(super) fn decide<M: Sequential>(problem: &mut Problem<M>, purse: &mut u64) -> Answer {
    problem.close();
    let Some(board) = Board::new(problem) else { return Answer::Wide };
    let initial = problem.initial;
    let greatest: Vec<u64> = board.classes.iter().map(|class| class.2).collect();
    if let Some(sweep) = Sweep::<0>::try_new(initial, &greatest) {
        return board.run(sweep, problem, purse);
    }
    if let Some(sweep) = Sweep::<1>::try_new(initial, &greatest) {
        return board.run(sweep, problem, purse);
    }
    match Sweep::<6>::try_new(initial, &greatest) {
        Some(sweep) => board.run(sweep, problem, purse),
        None => Answer::Wide,
    }
}

impl Board {
    fn new<M: Sequential>(problem: &Problem<M>) -> Option<Board> {
        let events = events(&problem.ops)?;
        let is_legal = problem.symbols.iter().map(|s| s.is_legal && !s.is_read).collect();
        let (class_of, classes) = classes(problem);
        Some(Board { events, class_of, classes, is_legal })
    }

    fn run<const W: usize, M: Sequential>(
        &self,
        mut sweep: Sweep<W>,
        problem: &mut Problem<M>,
        purse: &mut u64,
    ) -> Answer {
        let mut slots = vec![0_u8; problem.ops.len()];
        for (rule, is_legal, _) in &self.classes {
            sweep.add_class(problem, *rule, *is_legal);
        }
        let mut trial = TRIAL;
        for number in 0..self.events.len() {
            if sweep.width() > trial {
                trial *= 16;
                // Few of many ways often lead to the end.
                let mut few = sweep.clone();
                few.narrow();
                let mut slots = slots.clone();
                let mut share = *purse / 8;
                let mut rest = number..self.events.len();
                if rest.all(|next| {
                    self.step(&mut few, problem, &mut slots, next, &mut share).is_none()
                }) {
                    return Answer::Holds;
                }
            }
            if let Some(answer) = self.step(&mut sweep, problem, &mut slots, number, purse) {
                return answer;
            }
        }
        Answer::Holds
    }

    /// Goes through one event; gives the answer if it is the last one looked at.
    fn step<const W: usize, M: Sequential>(
        &self,
        sweep: &mut Sweep<W>,
        problem: &mut Problem<M>,
        slots: &mut [u8],
        number: usize,
        purse: &mut u64,
    ) -> Option<Answer> {
        let op = (self.events[number] / 2) as usize;
        if self.events[number] % 2 == 1 {
            return match sweep.close(problem, slots[op], purse) {
                Step::Placed => None,
                Step::Broken => Some(Answer::Breaks { op }),
                Step::Spent => Some(Answer::Exhausted { event: number }),
            };
        }
        let what = problem.ops[op];
        if what.is_pending() {
            if self.class_of[op] != USELESS {
                sweep.pend(self.class_of[op]);
            }
            return None;
        }
        let is_legal = match what.rule {
            Rule::Blind(_) => true,
            Rule::Apply(symbol) => self.is_legal[symbol as usize],
            _ => false,
        };
        match sweep.open(problem, what.rule, is_legal, what.ended) {
            Some(slot) => {
                slots[op] = slot;
                None
            }
            None => Some(Answer::Wide),
        }
    }
}

/// The calls and returns in the order of time, calls first; `None` if too many are open at once.
fn events(ops: &[Op]) -> Option<Vec<u32>> {
    let mut order: Vec<u32> = (0..).take(ops.len()).collect();
    if !ops.is_sorted_by_key(|op| op.called) {
        order.sort_by_key(|&op| ops[op as usize].called);
    }
    let mut events = Vec::with_capacity(ops.len() * 2);
    // Who is open, the first to return at the end.
    let mut open: Vec<(u64, u32)> = Vec::with_capacity(OPEN_AT_MOST);
    for number in order {
        let op = &ops[number as usize];
        while let Some((_, first)) = open.pop_if(|(at, _)| *at < op.called) {
            events.push(first * 2 + 1);
        }
        events.push(number * 2);
        if !op.is_pending() {
            if open.len() == OPEN_AT_MOST {
                return None;
            }
            let due = (op.ended, number);
            let later = open.iter().take_while(|other| **other > due).count();
            open.insert(later, due);
        }
    }
    events.extend(open.into_iter().rev().map(|(_, op)| op * 2 + 1));
    Some(events)
}

/// Sorts the operations pending for ever into classes of equal rules.
fn classes<M: Sequential>(problem: &Problem<M>) -> (Vec<u32>, Vec<(Rule, bool, u64)>) {
    let mut pending: Vec<(Rule, u32)> = (0..)
        .zip(&problem.ops)
        .filter(|(_, op)| op.is_pending())
        .map(|(number, op)| (op.rule, number))
        .collect();
    if pending.is_empty() {
        return (Vec::new(), Vec::new());
    }
    pending.sort();
    let mut refused = vec![false; problem.states()];
    let mut is_any_refused = false;
    let mut is_picky = !problem.can_wait();
    for op in problem.ops.iter().filter(|op| !op.is_pending()) {
        match op.rule {
            Rule::Refuse(state) => {
                refused[state as usize] = true;
                is_any_refused = true;
            }
            Rule::Apply(symbol) => is_picky |= !problem.symbols[symbol as usize].is_legal,
            _ => {}
        }
    }
    // What leads where nobody looks is of use only to whoever must not be where it comes from.
    let is_useless = |rule: Rule| match rule {
        Rule::Blind(UNSEEN) => !is_any_refused && !is_picky,
        Rule::Maybe(from, UNSEEN) => !refused[from as usize] && !is_picky,
        _ => false,
    };
    let mut class_of = vec![NO_CLASS; problem.ops.len()];
    let mut classes: Vec<(Rule, bool, u64)> = Vec::new();
    for (rule, op) in pending {
        if is_useless(rule) {
            class_of[op as usize] = USELESS;
            continue;
        }
        match classes.last_mut() {
            Some((last, _, count)) if *last == rule => *count += 1,
            _ => classes.push((rule, true, 1)),
        }
        let class = u32::try_from(classes.len() - 1).expect("fewer classes than operations");
        class_of[op as usize] = class;
    }
    (class_of, classes)
}
