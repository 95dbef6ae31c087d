//! Checkers of histories. Each has three verdicts and an explicit budget.

mod linearizable;
pub mod model;
mod promises;

pub use linearizable::{Budget, linearizable, linearizable_by};
pub use promises::check_promises;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// One sentence: which operation can not be placed, and why.
    pub sentence: String,
    /// When the operation that can not be placed ended, in nanoseconds.
    pub at_ns: u64,
    /// The operations of the object concerned that were open or recent at that moment, a line each;
    /// where two runs of a seed part, the last steps of both and what each did next.
    pub details: Vec<String>,
}
