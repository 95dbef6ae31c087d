//! Histories of transactions, as the checkers of isolation write them. None has real time: a session
//! does one transaction after the other, and that is all that is known.
//!
//! - plume: `w(k,v,session,transaction)` or `r(..)`, a line each; transaction -1 was aborted. This
//!   is what Plume, PolySI and IsoVista read.
//! - sessions: `w k v` or `r k v`, a line each, `-----` between transactions and `=====` between
//!   sessions.
//! - dbcop: JSON, an array of sessions, each an array of `{"events": [..], "committed": true}`.

use std::collections::{BTreeMap, BTreeSet};

use super::operations::{Event, Kind, Process};
use super::source::{ReadError, Source, shown, words};
use super::value::Value;
use super::{Read, json, plain_value};

/// One read or write of a transaction.
struct Step {
    at: usize,
    writes: bool,
    key: Value,
    value: Value,
}

/// A transaction of a session.
#[derive(Default)]
struct Transaction {
    steps: Vec<Step>,
    aborted: bool,
}

/// What was read of a file: the transactions of each session.
type Sessions = Vec<(Process, Vec<Transaction>)>;

/// A read of 0 where nobody wrote 0 read the initial value.
fn finish(
    source: &Source<'_>,
    sessions: Sessions,
    zero_is_initial: bool,
) -> Result<Read, ReadError> {
    let steps = || sessions.iter().flat_map(|(_, all)| all).flat_map(|one| &one.steps);
    let wrote = |step: &&Step| step.writes && step.value == Value::Int(0);
    let zeros: BTreeSet<Value> = steps().filter(wrote).map(|step| step.key.clone()).collect();
    if let Some(step) = steps().find(|step| step.writes && step.value.is_nil()) {
        let help = "every write needs a value";
        return Err(source.error(step.at, "this write has no value", help));
    }
    let mut read = Read { model: Some("rw-register".to_owned()), ..Read::default() };
    for (process, transactions) in &sessions {
        for transaction in transactions.iter().filter(|one| !one.steps.is_empty()) {
            let micro = |step: &Step| {
                let is_zero = step.value == Value::Int(0) && !zeros.contains(&step.key);
                let initial = zero_is_initial && !step.writes && is_zero;
                let value = if initial { Value::Nil } else { step.value.clone() };
                let f = Value::Word(if step.writes { "w" } else { "r" }.to_owned());
                Value::List(vec![f, step.key.clone(), value])
            };
            read.events.push(Event {
                at: transaction.steps[0].at,
                process: process.clone(),
                kind: if transaction.aborted { Kind::Fail } else { Kind::Ok },
                f: "txn".to_owned(),
                key: None,
                value: Value::List(transaction.steps.iter().map(micro).collect()),
                time: None,
                error: Value::Nil,
            });
        }
    }
    Ok(read)
}

/// `w(k,v,session,transaction)`.
pub(super) fn read_plume(source: &Source<'_>) -> Result<Read, ReadError> {
    let mut order: Vec<(u32, i64)> = Vec::new();
    let mut found: BTreeMap<(u32, i64), Transaction> = BTreeMap::new();
    let mut aborted = 0_i64;
    for (at, line) in source.filled_lines() {
        let wrong = |what: &str| {
            let help = "write w(key,value,session,transaction) or r(..)";
            source.error(at, what, help)
        };
        let inner = line.strip_suffix(')').and_then(|line| line.split_once('('));
        let (verb, inner) = inner.ok_or_else(|| wrong("this line is neither r(..) nor w(..)"))?;
        let fields: Vec<&str> = inner.split(',').map(str::trim).collect();
        let [key, value, session, transaction] = fields[..] else {
            return Err(wrong("there are not four fields between the brackets"));
        };
        let writes = verb_writes(verb.trim()).ok_or_else(|| wrong("it is neither r nor w"))?;
        let (Ok(session), Ok(mut number)) = (session.parse(), transaction.parse::<i64>()) else {
            return Err(wrong("session and transaction are numbers"));
        };
        let is_aborted = number == -1;
        if is_aborted {
            // Each by itself: nobody says which belong together.
            aborted -= 1;
            number = aborted;
        }
        let one = found.entry((session, number)).or_insert_with(|| {
            order.push((session, number));
            Transaction { steps: Vec::new(), aborted: is_aborted }
        });
        let (key, value) = (plain_value(key), plain_value(value));
        one.steps.push(Step { at, writes, key, value });
    }
    let mut sessions: BTreeMap<u32, Vec<Transaction>> = BTreeMap::new();
    for name in order {
        sessions.entry(name.0).or_default().extend(found.remove(&name));
    }
    let named = |(session, all)| (Process::Number(session), all);
    finish(source, sessions.into_iter().map(named).collect(), true)
}

fn verb_writes(verb: &str) -> Option<bool> {
    match verb {
        "w" => Some(true),
        "r" => Some(false),
        _ => None,
    }
}

/// Lines of `=====` and `-----`.
pub(super) fn is_rule(line: &str, of: char) -> bool {
    !line.is_empty() && line.chars().all(|c| c == of)
}

/// `w k v`, with rules between transactions and sessions.
pub(super) fn read_sessions(source: &Source<'_>) -> Result<Read, ReadError> {
    let mut sessions: Vec<Vec<Transaction>> = vec![vec![Transaction::default()]];
    for (at, line) in source.filled_lines() {
        if is_rule(line, '=') {
            sessions.push(vec![Transaction::default()]);
            continue;
        }
        let session = sessions.last_mut().expect("there is one from the beginning");
        if is_rule(line, '-') {
            session.push(Transaction::default());
            continue;
        }
        let fields: Vec<_> = words(at, line).collect();
        let [(verb_at, verb), (_, key), (_, value)] = fields[..] else {
            let help =
                "write w key value or r key value; ----- ends a transaction, ===== a session";
            return Err(source.error(at, "this line has not three fields", help));
        };
        let Some(writes) = verb_writes(verb) else {
            let what = format!("`{}` is neither r nor w", shown(verb));
            return Err(source.error(verb_at, what, "r reads and w writes"));
        };
        let (key, value) = (plain_value(key), plain_value(value));
        let one = session.last_mut().expect("there is one from the beginning");
        one.steps.push(Step { at, writes, key, value });
    }
    finish(source, numbered(sessions), false)
}

fn numbered(sessions: Vec<Vec<Transaction>>) -> Sessions {
    let full = sessions.into_iter().filter(|all| all.iter().any(|one| !one.steps.is_empty()));
    let number = |number| Process::Number(u32::try_from(number).unwrap_or(u32::MAX));
    full.enumerate().map(|(which, all)| (number(which), all)).collect()
}

/// dbcop's JSON: the sessions alone, or an object that has them under `data` or `sessions`.
pub(super) fn read_dbcop(source: &Source<'_>) -> Result<Read, ReadError> {
    let mut values = json::values(source)?;
    if let [(at, Value::Map(_))] = &values[..] {
        let (at, map) = (*at, values[0].1.clone());
        let inner = map.get("data").or_else(|| map.get("sessions")).and_then(Value::items);
        let Some(inner) = inner else {
            let help = "it has them under `data`, or is the array itself";
            return Err(source.error(at, "this object has no sessions", help));
        };
        values = inner.iter().map(|session| (at, session.clone())).collect();
    }
    let mut sessions = Vec::new();
    for (at, session) in &values {
        let wrong = |what: &str| {
            let help = "a session is an array of {\"events\": [..], \"committed\": true}";
            source.error(*at, what, help)
        };
        let session = session.items().ok_or_else(|| wrong("a session is no array"))?;
        let mut all = Vec::new();
        for transaction in session {
            let events = transaction.get("events").and_then(Value::items);
            let events = events.ok_or_else(|| wrong("a transaction has no events"))?;
            let done = transaction.get("committed").or_else(|| transaction.get("success"));
            let aborted = done == Some(&Value::Bool(false));
            let step = |event| dbcop_step(*at, event).ok_or_else(|| wrong("an event is no event"));
            let steps = events.iter().map(step).collect::<Result<_, _>>()?;
            all.push(Transaction { steps, aborted });
        }
        sessions.push(all);
    }
    finish(source, numbered(sessions), true)
}

/// `{"Read": {"variable": 1, "version": 2}}`, `["r", 1, 2]`, or the older flat form.
fn dbcop_step(at: usize, event: &Value) -> Option<Step> {
    if let Some([verb, key, value]) = event.items() {
        let writes = verb_writes(verb.name()?)?;
        return Some(Step { at, writes, key: key.clone(), value: value.clone() });
    }
    if let Some(Value::Bool(writes)) = event.get("write") {
        let (key, value) = (event.get("variable")?, event.get("value")?);
        return Some(Step { at, writes: *writes, key: key.clone(), value: value.clone() });
    }
    let (writes, inner) = match (event.get("Read"), event.get("Write")) {
        (Some(inner), None) => (false, inner),
        (None, Some(inner)) => (true, inner),
        _ => return None,
    };
    let (key, value) = (inner.get("variable")?, inner.get("version")?);
    Some(Step { at, writes, key: key.clone(), value: value.clone() })
}
