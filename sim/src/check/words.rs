//! How checkers that blame single operations say it.

use super::{Act, Bar, Explanation};
use crate::history::{Call, History};
use crate::service::{Outcome, Sequential};

/// As many operations are drawn at most.
const BARS: usize = 12;
/// As many things are listed in a sentence at most.
const LISTED: usize = 8;

/// An operation and its reply, as in `put(5) -> ok`.
pub(super) fn text<O: std::fmt::Debug, R: std::fmt::Debug>(call: &Call<O, R>) -> String {
    let Call { operation, outcome, .. } = call;
    match outcome {
        Outcome::Ok(reply) => format!("{operation:?} -> {reply:?}"),
        Outcome::Failed => format!("{operation:?} -> failed"),
        Outcome::Unknown => format!("{operation:?} -> unknown"),
    }
}

/// An operation with whose it is and when it was.
pub(super) fn line<O: std::fmt::Debug, R: std::fmt::Debug>(call: &Call<O, R>) -> String {
    let end = match call.ended {
        Some(ended) => format!("ended at {ended}"),
        None => "never ended".to_owned(),
    };
    format!("client{}'s {} (called at {}, {end})", call.client, text(call), call.called)
}

/// Blames the first of the operations; the others are what it contradicts.
pub(super) fn blame<O: std::fmt::Debug, R: std::fmt::Debug>(
    sentence: String,
    expected: String,
    calls: &[&Call<O, R>],
) -> Explanation {
    let blamed = calls.first().map(|call| call.id);
    let mut shown: Vec<&&Call<O, R>> = calls.iter().take(BARS).collect();
    shown.sort_by_key(|call| (call.called, call.id));
    shown.dedup_by_key(|call| call.id);
    let bars = shown.iter().map(|call| Bar {
        client: call.client,
        text: text(call),
        called_ns: call.called.0,
        ended_ns: call
            .ended
            .filter(|_| !matches!(call.outcome, Outcome::Unknown))
            .map(|ended| ended.0),
        is_blamed: Some(call.id) == blamed,
        ..Bar::default()
    });
    Explanation {
        sentence,
        at_ns: calls.first().map_or(0, |call| call.ended.unwrap_or(call.called).0),
        details: shown.iter().map(|call| line(call)).collect(),
        expected,
        bars: bars.collect(),
    }
}

/// A few numbers: `3, 5 and 7`, or `3, 5, 7 and 12 more`.
pub(super) fn list(numbers: &[u64]) -> String {
    let mut words: Vec<String> = numbers.iter().take(LISTED).map(u64::to_string).collect();
    if numbers.len() > LISTED {
        words.push(format!("{} more", numbers.len() - LISTED));
    }
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}

/// `1 value`, `2 values`.
pub(super) fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A call and what it says.
pub(super) type Said<'h, M> =
    (Act, &'h Call<<M as Sequential>::Operation, <M as Sequential>::Reply>);

/// What each operation that may have had an effect says; an error, in words, if one of them is not
/// of an object that the checker knows. `what` names such an object.
pub(super) fn acts<'h, M: Sequential>(
    history: &'h History<M::Operation, M::Reply>,
    what: &str,
    is_known: impl Fn(&Act) -> bool,
) -> Result<Vec<Said<'h, M>>, String> {
    let mut said = Vec::with_capacity(history.calls.len());
    for call in &history.calls {
        let reply = match &call.outcome {
            Outcome::Ok(reply) => Some(reply),
            Outcome::Unknown => None,
            Outcome::Failed => continue,
        };
        match M::act(&call.operation, reply).filter(&is_known) {
            Some(act) => said.push((act, call)),
            None => return Err(format!("{} is not an operation on {what}", line(call))),
        }
    }
    Ok(said)
}
