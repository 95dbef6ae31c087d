//! The history of a run: which operations applications called, when, and what they got.

use serde::{Deserialize, Serialize};

use crate::service::Outcome;
use crate::time::SimTime;

/// The number of a call: unique in a run, in the order of the calls.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// One operation of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<O, R> {
    /// Its number in the run.
    pub id: CallId,
    /// The client it was called on, as a name for people (`client2`).
    pub client: u32,
    /// What was called.
    pub operation: O,
    /// When it was meant to be called: the earliest instant at which it may have taken effect.
    pub called: SimTime,
    /// When the caller heard of its end; `None` while it never did.
    pub ended: Option<SimTime>,
    /// What the caller heard; [`Outcome::Unknown`] while it never did.
    pub outcome: Outcome<R>,
}

/// Every operation of a run, in the order of the calls.
///
/// Real time orders two operations when one ended strictly before the other was called; operations
/// that end and begin at the same instant are taken as concurrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<O, R> {
    /// The operations, ordered by [`Call::id`] and hence by [`Call::called`].
    pub calls: Vec<Call<O, R>>,
}

impl<O, R> Default for History<O, R> {
    fn default() -> History<O, R> {
        History { calls: Vec::new() }
    }
}

impl<O, R> History<O, R> {
    /// Notes a call, which nobody heard of yet. Gives its number.
    ///
    /// # Panics
    /// If it is earlier than the call before it.
    pub fn call(&mut self, client: u32, operation: O, called: SimTime) -> CallId {
        let before = self.calls.last().map_or(SimTime(0), |call| call.called);
        assert!(called >= before, "calls are noted in the order of time");
        let id = CallId(self.calls.last().map_or(0, |call| call.id.0 + 1));
        let outcome = Outcome::Unknown;
        self.calls.push(Call { id, client, operation, called, ended: None, outcome });
        id
    }

    /// Notes the end of a call.
    ///
    /// # Panics
    /// If there is no such call, if it ended already, or if it had not begun at that time.
    pub fn end(&mut self, id: CallId, outcome: impl Into<Outcome<R>>, ended: SimTime) {
        let at =
            self.calls.binary_search_by_key(&id, |call| call.id).expect("a call that was noted");
        let call = &mut self.calls[at];
        assert!(call.ended.is_none(), "a call ends once");
        assert!(call.called <= ended, "a call ends after it began");
        (call.outcome, call.ended) = (outcome.into(), Some(ended));
    }
}
