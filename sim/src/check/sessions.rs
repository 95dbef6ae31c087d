//! Session guarantees: what a client may rely on where replicas answer on their own.
//!
//! Terry and others, *Session guarantees for weakly consistent replicated data* (1994):
//!
//! - *read your writes*: a read finds what its client wrote before, or something newer;
//! - *monotonic reads*: a read finds what its client read before, or something newer;
//! - *monotonic writes*: a client's writes take effect in the order in which it called them;
//! - *writes follow reads*: a write is newer than what its client had read before.
//!
//! They are judged over registers whose written values are all different, so that a read tells which
//! write it found. What is newer than what the history does not say, only the guarantees do: a write
//! is newer than everything that its client had written or read of the key before (the last two
//! guarantees), and that is never a contradiction. A read that goes back from there breaks one of the
//! first two: or one of the last two, if from then on nobody ever finds the newer write again, so
//! that the order of the writes was turned round for good. Two clients that read two values in
//! opposite orders break monotonic reads, though neither goes back on its own.
//!
//! The verdict is exact: it passes if and only if each key has an order of its writes in which no
//! client ever goes back. (The test tree tries all orders.)

mod cycle;
mod key;

use std::collections::BTreeMap;

use serde::Serialize;

use self::key::Key;
use super::Verdict;
use super::words::{blame, count};
use crate::history::{Call, CallId, History};
use crate::service::Outcome;

/// What an operation does to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// It writes this value.
    Write(u64),
    /// It found this value; `None` for nothing.
    Read(Option<u64>),
    /// Neither, or nobody knows.
    Nothing,
}

/// One of the four guarantees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// A read finds what its client wrote before, or something newer.
    ReadYourWrites,
    /// A read finds what its client read before, or something newer.
    MonotonicReads,
    /// A client's writes take effect in the order in which it called them.
    MonotonicWrites,
    /// A write is newer than what its client had read before.
    WritesFollowReads,
}

impl Guarantee {
    /// All of them.
    pub const ALL: [Guarantee; 4] = [
        Guarantee::ReadYourWrites,
        Guarantee::MonotonicReads,
        Guarantee::MonotonicWrites,
        Guarantee::WritesFollowReads,
    ];

    /// Its name in the literature.
    pub fn name(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => "read your writes",
            Guarantee::MonotonicReads => "monotonic reads",
            Guarantee::MonotonicWrites => "monotonic writes",
            Guarantee::WritesFollowReads => "writes follow reads",
        }
    }
}

/// Two operations that contradict a guarantee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionViolation {
    /// Which guarantee.
    pub guarantee: Guarantee,
    /// The register.
    pub key: u64,
    /// The operation that the client relied on: its write, or its read; for the last two guarantees
    /// the older write.
    pub earlier: CallId,
    /// The read that went back; for the last two guarantees the newer write.
    pub later: CallId,
    /// Why, in one sentence.
    pub sentence: String,
}

/// What clients could rely on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sessions {
    /// The judgement over all four guarantees.
    pub verdict: Verdict,
    /// What was found, by key and in the order of the reads that gave it away.
    pub violations: Vec<SessionViolation>,
}

impl Sessions {
    /// Whether nothing contradicts a guarantee.
    pub fn keeps(&self, guarantee: Guarantee) -> bool {
        self.violations.iter().all(|violation| violation.guarantee != guarantee)
    }
}

/// An operation and what it does.
type Touched<'h, O, R> = (Touch, &'h Call<O, R>);

/// Judges the session guarantees; every client is a session. `touch` says which register an
/// operation is about and what it does to it, given its reply (`None`: nobody knows it). A value
/// that is written twice to one key makes the verdict inconclusive.
pub fn sessions<O: std::fmt::Debug, R: std::fmt::Debug>(
    history: &History<O, R>,
    touch: impl Fn(&O, Option<&R>) -> (u64, Touch),
) -> Sessions {
    let mut keys: BTreeMap<u64, Vec<Touched<O, R>>> = BTreeMap::new();
    for call in &history.calls {
        let reply = match &call.outcome {
            Outcome::Ok(reply) => Some(reply),
            Outcome::Unknown => None,
            Outcome::Failed => continue,
        };
        let (key, touch) = touch(&call.operation, reply);
        if touch != Touch::Nothing {
            keys.entry(key).or_default().push((touch, call));
        }
    }
    let mut report = Sessions { verdict: Verdict::Pass, violations: Vec::new() };
    for (key, touches) in &keys {
        match Key::new(*key, touches) {
            Ok(judged) => report.violations.extend(judged.judge()),
            Err(Verdict::Inconclusive(why)) if report.verdict == Verdict::Pass => {
                report.verdict = Verdict::Inconclusive(why);
            }
            Err(Verdict::Fail(explanation)) => report.verdict = Verdict::Fail(explanation),
            Err(_) => {}
        }
    }
    if let Some(first) = report.violations.first() {
        let calls = &history.calls;
        let find = |id: CallId| calls.iter().find(|call| call.id == id);
        let shown: Vec<_> = [first.later, first.earlier].into_iter().filter_map(find).collect();
        let more = match report.violations.len() - 1 {
            0 => String::new(),
            more => format!(" ({} more)", count(more, "violation")),
        };
        report.verdict = Verdict::Fail(blame(
            format!("{}: {}{more}", first.guarantee.name(), first.sentence),
            "what the client had seen or written before, or something newer".to_owned(),
            &shown,
        ));
    }
    report
}
