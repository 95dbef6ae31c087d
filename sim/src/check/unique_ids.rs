//! Identifiers that must all be different (Jepsen's `unique-ids`).

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;

use super::Verdict;
use super::words::{blame, count};
use crate::history::{Call, History};
use crate::service::Outcome;

/// Which identifiers were handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UniqueIds {
    /// The judgement: none may be handed out twice.
    pub verdict: Verdict,
    /// How many were asked for.
    pub attempted: usize,
    /// How many were handed out.
    pub acknowledged: usize,
    /// Those handed out more than once, as people read them, and how often; ascending.
    pub duplicated: Vec<(String, usize)>,
    /// The least and the greatest, as people read them.
    pub range: Option<(String, String)>,
}

/// Judges whether all identifiers that were handed out are different; `id` says which one an
/// operation asked for and got, `None` where it is about something else. After Jepsen's
/// `checker/unique-ids`.
pub fn unique_ids<O: Debug, R: Debug, I: Ord + Debug>(
    history: &History<O, R>,
    asks: impl Fn(&O) -> bool,
    id: impl Fn(&O, &R) -> Option<I>,
) -> UniqueIds {
    let mut ids: BTreeMap<I, Vec<&Call<O, R>>> = BTreeMap::new();
    let mut attempted = 0;
    for call in history.calls.iter().filter(|call| asks(&call.operation)) {
        attempted += 1;
        if let Outcome::Ok(reply) = &call.outcome
            && let Some(id) = id(&call.operation, reply)
        {
            ids.entry(id).or_default().push(call);
        }
    }
    let twice = || ids.iter().filter(|(_, calls)| calls.len() > 1);
    let duplicated: Vec<_> = twice().map(|(id, calls)| (format!("{id:?}"), calls.len())).collect();
    let verdict = match twice().next() {
        None => Verdict::Pass,
        Some((id, calls)) => {
            let times = match calls.len() {
                2 => "twice".to_owned(),
                times => format!("{times} times"),
            };
            let mut shown = calls.clone();
            shown.reverse();
            let to = format!("to client{} and client{}", calls[0].client, calls[1].client);
            Verdict::Fail(blame(
                format!(
                    "the identifier {id:?} was handed out {times}, {to}; {} like this",
                    count(duplicated.len(), "identifier")
                ),
                "an identifier that nobody else got".to_owned(),
                &shown,
            ))
        }
    };
    let range = ids
        .first_key_value()
        .zip(ids.last_key_value())
        .map(|((least, _), (greatest, _))| (format!("{least:?}"), format!("{greatest:?}")));
    let acknowledged = ids.values().map(Vec::len).sum();
    UniqueIds { verdict, attempted, acknowledged, duplicated, range }
}
