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
