//! A failure in words.

use std::fmt::Write as _;

use super::super::problem::{Problem, Rule};
use super::{CallOf, end, is_known};
use crate::service::{Outcome, Sequential};
use crate::time::{SimTime, Span};

/// An instant for people: short where it is early, else with microseconds.
fn when(at_ns: u64) -> String {
    match at_ns {
        0..1_000_000_000 => Span(at_ns).to_string(),
        _ => SimTime(at_ns).to_string(),
    }
}

/// An operation and what it replied.
pub(super) fn text<M: Sequential>(call: &CallOf<M>) -> String {
    match &call.outcome {
        Outcome::Ok(reply) => format!("{:?} -> {reply:?}", call.operation),
        Outcome::Failed => format!("{:?} -> failed", call.operation),
        Outcome::Unknown => format!("{:?} -> unknown", call.operation),
    }
}

/// An operation on a line of its own.
pub(super) fn line<M: Sequential>(call: &CallOf<M>) -> String {
    let end = match is_known::<M>(call) {
        true => when(end(call)),
        false => "?".to_owned(),
    };
    format!("client{}  {}  {} .. {end}", call.client, text::<M>(call), when(call.called.0))
}

/// An operation with its owner, in a sentence.
fn named<M: Sequential>(call: &CallOf<M>) -> String {
    format!("client{}'s {}", call.client, text::<M>(call))
}

/// What the culprit could have replied.
pub(super) fn expected<M: Sequential>(culprit: &CallOf<M>, replies: &[M::Reply]) -> String {
    let mut list = String::new();
    for (index, reply) in replies.iter().enumerate() {
        if index > 0 {
            list.push_str(if index + 1 == replies.len() { " or " } else { ", " });
        }
        // Writing to a string does not fail.
        let _ = write!(list, "{reply:?}");
    }
    match replies.len() {
        0 => String::new(),
        1..=4 => format!("{:?} could only have replied {list}", culprit.operation),
        _ => format!("{:?} could have replied {list}, or others", culprit.operation),
    }
}

/// All that a sentence may speak of.
pub(super) struct Scene<'s, M: Sequential> {
    /// All calls of the object.
    all: &'s [&'s CallOf<M>],
    /// The small part that shows the failure.
    part: &'s [CallOf<M>],
    culprit: &'s CallOf<M>,
}

impl<'s, M: Sequential> Scene<'s, M> {
    pub(super) fn new(all: &'s [&'s CallOf<M>], part: &'s [CallOf<M>], at: usize) -> Scene<'s, M> {
        Scene { all, part, culprit: &part[at] }
    }

    /// Which operation can not be placed, and why.
    pub(super) fn sentence(&self, object: u64, expected: &str) -> String {
        let call = self.culprit;
        let span = format!("{} .. {}", when(call.called.0), when(end(call)));
        let why = self.why(object);
        let mut sentence = format!("{} ({span}) can not be placed: {why}", named::<M>(call));
        if !expected.is_empty() {
            sentence = format!("{sentence}; {expected}");
        }
        sentence
    }

    fn why(&self, object: u64) -> String {
        let problem = Problem::<M>::new(&[self.culprit]);
        let rule = problem.ops.first().map(|op| op.rule);
        let told = match rule {
            Some(Rule::Read(state)) => self.why_not(problem.state(state)),
            Some(Rule::Swap(from, _)) => {
                let state = problem.state(from);
                self.why_not(state).map(|why| format!("it needs {state:?}, and {why}"))
            }
            Some(Rule::Refuse(state)) => Some(self.why_there(problem.state(state))),
            Some(Rule::Never) => Some("it never replies that".to_owned()),
            _ => None,
        };
        told.unwrap_or_else(|| {
            format!("no order of the operations on object {object} before it allows this reply")
        })
    }

    /// Why a state can not have been there.
    fn why_not(&self, state: &M::State) -> Option<String> {
        let makers: Vec<&CallOf<M>> =
            self.all.iter().filter(|call| self.makes(call, state)).copied().collect();
        if let Some(why) = self.why_lost(state) {
            return Some(why);
        }
        let is_initial = *state == M::initial();
        let due = |call: &&&CallOf<M>| call.outcome != Outcome::Failed;
        let mut possible = makers.iter().filter(due);
        if !is_initial && possible.clone().next().is_none() {
            return Some(match makers.first() {
                Some(failed) => format!("only {} writes that, and it failed", named::<M>(failed)),
                None if M::sequence(state).is_some_and(|s| s.len() > 1) => return None,
                None => format!("no operation leads to {state:?}"),
            });
        }
        let is_future = |call: &&CallOf<M>| call.called.0 > end(self.culprit);
        if !is_initial && possible.all(is_future) {
            let first = makers.iter().filter(due).min_by_key(|call| call.called)?;
            return Some(format!(
                "{} was called only at {}, after it had ended",
                named::<M>(first),
                when(first.called.0)
            ));
        }
        self.why_stale(state, is_initial)
    }

    /// What had ended before and is not to be seen.
    fn why_lost(&self, state: &M::State) -> Option<String> {
        let shown = M::sequence(state)?;
        let is_lost = |call: &&CallOf<M>| {
            let added = M::appends(&call.operation).unwrap_or_default();
            is_known::<M>(call)
                && end(call) < self.culprit.called.0
                && added.iter().any(|number| !shown.contains(number))
        };
        let lost = self.part.iter().find(is_lost)?;
        Some(format!("{} had already ended at {}", named::<M>(lost), when(end(lost))))
    }

    fn why_stale(&self, state: &M::State, is_initial: bool) -> Option<String> {
        let culprit = self.culprit;
        let before = |call: &&CallOf<M>| {
            call.id != culprit.id && is_known::<M>(call) && end(call) < culprit.called.0
        };
        let is_other = |call: &&CallOf<M>| !self.makes(call, state) && self.changes(call);
        let latest = |one: &&CallOf<M>| end(one);
        let again = match is_initial {
            true => "nothing after it undoes it".to_owned(),
            false => format!("nothing after it leads back to {state:?}"),
        };
        let overwrite = self.part.iter().filter(before).filter(is_other).max_by_key(latest);
        let is_different =
            |call: &&CallOf<M>| M::is_read(&call.operation) && call.outcome != culprit.outcome;
        let seen = self.part.iter().filter(before).filter(is_different);
        let seen = seen.max_by_key(latest);
        match (overwrite, seen) {
            (Some(write), _) if self.is_after(write, state) => Some(format!(
                "{} had already ended at {}, and {again}",
                named::<M>(write),
                when(end(write))
            )),
            (_, Some(read)) => Some(format!(
                "{} had already ended at {}, and {again}",
                named::<M>(read),
                when(end(read))
            )),
            _ => None,
        }
    }

    /// Whether a state had come about before this call: all that makes it had ended, or it was seen.
    fn is_after(&self, call: &CallOf<M>, state: &M::State) -> bool {
        let is_over = |one: &CallOf<M>| is_known::<M>(one) && end(one) < call.called.0;
        let mut makers = self.part.iter().filter(|maker| self.makes(maker, state));
        let sees = |one: &&CallOf<M>| {
            M::is_read(&one.operation) && one.outcome == self.culprit.outcome && is_over(one)
        };
        makers.all(is_over) || self.part.iter().any(|one| sees(&one))
    }

    /// Why a state must have been there all the time.
    fn why_there(&self, state: &M::State) -> String {
        let culprit = self.culprit;
        let before = |call: &&CallOf<M>| call.id != culprit.id && end(call) < culprit.called.0;
        let makes = |call: &&CallOf<M>| is_known::<M>(call) && self.makes(call, state);
        let maker = self.part.iter().filter(before).filter(makes).max_by_key(|call| end(call));
        match maker {
            Some(maker) => format!(
                "{} had already ended at {}, and nothing changed that before it ended",
                named::<M>(maker),
                when(end(maker))
            ),
            None => format!("{state:?} was there from its call to its end"),
        }
    }

    /// Whether a call leads to a state from where that is told.
    fn makes(&self, call: &CallOf<M>, state: &M::State) -> bool {
        let operation = &call.operation;
        if M::is_read(operation) || call.id == self.culprit.id {
            return false;
        }
        if M::is_blind_write(operation) {
            return M::apply(&M::initial(), operation).0 == *state;
        }
        if let Some((from, to)) = M::swaps(operation) {
            return to == *state && from != to && self.changes(call);
        }
        match (M::appends(operation), M::sequence(state)) {
            (Some(added), Some(shown)) => !added.is_empty() && shown.ends_with(added),
            _ => M::origins(operation, state).is_some_and(|origins| !origins.is_empty()),
        }
    }

    /// Whether a call that is known to have taken effect may have changed something.
    fn changes(&self, call: &CallOf<M>) -> bool {
        if M::is_read(&call.operation) {
            return false;
        }
        match (M::swaps(&call.operation), &call.outcome) {
            (Some((from, _)), Outcome::Ok(reply)) => M::apply(&from, &call.operation).1 == *reply,
            _ => true,
        }
    }
}
