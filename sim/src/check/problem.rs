//! What is wrong in a history by a name others use too.

use super::{Bar, Explanation, Verdict};
use crate::history::Call;
use crate::service::Outcome;

/// One kind of problem, with an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What Jepsen calls it: `lost-write`.
    pub name: String,
    /// How many there are.
    pub count: u64,
    /// Whether it is told but does not make the history wrong.
    pub is_allowed: bool,
    /// The first of them.
    pub explanation: Explanation,
}

/// All that was found in a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// One entry for each kind, in the order in which they are looked for.
    pub list: Vec<Problem>,
    /// Why the history can not be judged, if so.
    pub gave_up: Option<String>,
}

impl Problems {
    /// [`Verdict::Fail`] with the first problem that is not allowed.
    pub fn verdict(&self) -> Verdict {
        match (self.list.iter().find(|problem| !problem.is_allowed), &self.gave_up) {
            (Some(problem), _) => Verdict::Fail(problem.explanation.clone()),
            (None, Some(why)) => Verdict::Inconclusive(why.clone()),
            (None, None) => Verdict::Pass,
        }
    }

    /// The names of what was found.
    pub fn names(&self) -> Vec<&str> {
        self.list.iter().map(|problem| problem.name.as_str()).collect()
    }

    /// Notes a problem; of each kind the first one is explained.
    pub(super) fn note(
        &mut self,
        name: &str,
        is_allowed: bool,
        explain: impl FnOnce() -> Explanation,
    ) {
        if let Some(known) = self.list.iter_mut().find(|problem| problem.name == name) {
            known.count += 1;
            return;
        }
        let mut explanation = explain();
        explanation.sentence = format!("{name}: {}", explanation.sentence);
        self.list.push(Problem { name: name.to_owned(), count: 1, is_allowed, explanation });
    }
}

/// A problem of a few operations; the last one named is to blame.
pub(super) fn about<O, R>(
    calls: &[&Call<O, R>],
    text: impl Fn(&Call<O, R>) -> String,
    sentence: String,
    expected: &str,
) -> Explanation {
    let blamed = calls.last().map(|call| call.id);
    let mut in_order = calls.to_vec();
    in_order.sort_by_key(|call| call.id);
    in_order.dedup_by_key(|call| call.id);
    let end = |call: &Call<O, R>| call.ended.unwrap_or(call.called);
    let bar = |call: &&Call<O, R>| Bar {
        client: call.client,
        text: text(call),
        called_ns: call.called.0,
        ended_ns: call.ended.map(|ended| ended.0),
        is_blamed: blamed == Some(call.id),
        ..Bar::default()
    };
    let line = |call: &&Call<O, R>| {
        let outcome = match call.outcome {
            Outcome::Ok(_) => "",
            Outcome::Failed => ", failed",
            Outcome::Unknown => ", with unknown outcome",
        };
        let end = match call.ended {
            Some(ended) => format!("ended at {ended}"),
            None => "never ended".to_owned(),
        };
        format!(
            "{} by client{}{outcome}, called at {} and {end}",
            text(call),
            call.client,
            call.called
        )
    };
    Explanation {
        sentence,
        at_ns: calls.iter().map(|call| end(call).0).max().unwrap_or(0),
        details: in_order.iter().map(line).collect(),
        expected: expected.to_owned(),
        bars: in_order.iter().map(bar).collect(),
    }
}
