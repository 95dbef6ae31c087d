//! Which sweeps it takes to judge one object.
//!
//! Refusals (a compare-and-set that found another value: legal everywhere but in one state) make
//! dominance expensive, because a write that nobody waits for may still be needed to leave that one
//! state. They are seldom what a verdict hangs on. So two cheap sweeps come first. One heeds only
//! some refusals when it compares configurations: it may drop too much, but every configuration it
//! keeps is genuine, and if one survives, the history is linearizable. The other leaves the
//! refusals not heeded out of the history: if that is not linearizable, neither is the whole. Where
//! neither tells, more refusals are heeded, in the end all.

use super::super::Budget;
use super::outlook::Outlook;
use super::plan::{Classes, Plan};
use super::search::{Answer, Search};
use super::states::States;
use crate::service::Sequential;

/// After as many rounds all refusals are heeded.
const ROUNDS: usize = 6;
/// So far around the event in question refusals are heeded in the next round, in events; four times
/// as far in each further one.
const REACH: usize = 32;
/// A sweep that may not be the last gets this part of the budget.
const SHARE: u64 = 3;

/// What it takes to sweep over one object again and again.
pub(in crate::check::linearizable) struct Judge<'p, 'h, M: Sequential> {
    plan: &'p Plan<'h, M>,
    pub(in crate::check::linearizable) states: States<M>,
    classes: Classes,
    /// The configurations that may still be looked at.
    purse: u64,
}

impl<'p, 'h, M: Sequential> Judge<'p, 'h, M> {
    /// All sweeps together may spend the budget. With `spell_out` states are told apart even if
    /// nobody sees them.
    pub(in crate::check::linearizable) fn new(
        plan: &'p Plan<'h, M>,
        budget: Budget,
        spell_out: bool,
    ) -> Self {
        let states = States::new(plan, spell_out);
        let classes = Classes::new(plan, &states.goals);
        Judge { plan, states, classes, purse: budget.configurations }
    }

    /// Judges the first `end` events, looking ahead as far as `limit`.
    pub(in crate::check::linearizable) fn decide(&mut self, end: usize, limit: usize) -> Answer {
        let ops = &self.plan.ops;
        let mut heeded: Vec<bool> = ops.iter().map(|op| !op.is_refusal()).collect();
        if Outlook::new(self.plan, &mut self.states, &self.classes, limit, &heeded).is_none() {
            heeded.fill(true);
        }
        let mut reach = REACH;
        for round in 0.. {
            let is_last = !heeded.contains(&false);
            let answer = self.sweep(end, limit, &heeded, false);
            let at = match answer {
                Answer::Breaks { event, .. } | Answer::Exhausted { event } if !is_last => event,
                answer => return answer,
            };
            match self.sweep(end, limit, &heeded, true) {
                Answer::Holds => {}
                answer => return answer,
            }
            let near = at.saturating_sub(reach)..=at.saturating_add(reach);
            for (op, heeded) in ops.iter().zip(&mut heeded) {
                let is_near = op.called <= *near.end() && op.returned >= *near.start();
                *heeded |= is_near || round >= ROUNDS;
            }
            reach *= 4;
        }
        unreachable!("the last round gives its answer")
    }

    /// One sweep; `is_without` leaves out what is not heeded. While refusals are left to heed, it
    /// gets only a part of what is left of the budget.
    fn sweep(&mut self, end: usize, limit: usize, heeded: &[bool], is_without: bool) -> Answer {
        let Judge { plan, states, classes, purse } = self;
        let outlook = Outlook::new(plan, states, classes, limit, heeded);
        let kept = if is_without { heeded.to_vec() } else { vec![true; heeded.len()] };
        let share = if heeded.contains(&false) { *purse / SHARE } else { *purse };
        let mut left = share;
        let answer =
            Search::new(plan, classes, states, outlook, (&kept, limit), &mut left).run(end);
        *purse -= share - left;
        answer
    }
}
