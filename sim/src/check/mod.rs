//! Checkers of histories. Each has three verdicts and an explicit budget.

mod act;
pub mod bank;
mod counter_bounds;
mod cycle;
mod final_set;
mod linearizable;
mod list;
pub mod log;
pub mod long_fork;
pub mod model;
pub mod monitor;
mod problem;
mod promises;
mod sequential;
mod sessions;
mod set_full;
mod total_queue;
pub mod transactions;
mod unique_ids;
mod words;

pub use act::{Act, Order};
pub use counter_bounds::{BoundedRead, CounterBounds, counter_bounds};
pub use final_set::{FinalSet, final_set};
pub use linearizable::{
    Budget, Engine, Online, Standing, decided, decided_by, linearizable, linearizable_by,
};
pub use list::{ALL, CheckerInfo};
pub use problem::{Problem, Problems};
pub use promises::check_promises;
pub use sequential::{sequential, sequential_by};
pub use sessions::{Guarantee, SessionViolation, Sessions, Touch, sessions};
pub use set_full::{SetFull, set_full};
pub use total_queue::{TotalQueue, total_queue};
pub use unique_ids::{UniqueIds, unique_ids};

use serde::{Deserialize, Serialize};

/// What a checker has to say. There is no silent pass: a checker that gave up says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The property holds.
    Pass,
    /// The property is violated.
    Fail(Explanation),
    /// The budget ended before the answer; the sentence says which budget, and where.
    Inconclusive(String),
}

/// Why a history can not be explained, or two runs of one seed are not the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// One sentence: which operation can not be placed, and why.
    pub sentence: String,
    /// When the operation that can not be placed ended, in nanoseconds.
    pub at_ns: u64,
    /// The operations of the object concerned that were open or recent at that moment, a line each;
    /// where two runs of a seed part, the last steps of both and what each did next.
    pub details: Vec<String>,
    /// What the operation that can not be placed could have replied, in words; empty where nobody
    /// can say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// The smallest part of the history found that still has no order, in the order of the calls:
    /// what a picture shows. Empty where the details say it all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bars: Vec<Bar>,
}

/// One operation in the picture of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// The client it was called on, as in `client2`.
    pub client: u32,
    /// The operation and what it replied: `put(k17, 5) -> ok`.
    pub text: String,
    /// When it was called, in nanoseconds.
    pub called_ns: u64,
    /// When it ended, in nanoseconds; `None` while nobody knows whether it took effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ns: Option<u64>,
    /// Its number in the furthest order of the operations that works, from 1; `None` if it has no
    /// place there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// The state of the object after it, in that order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_after: Option<String>,
    /// Whether this is the operation that can not be placed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_blamed: bool,
}
