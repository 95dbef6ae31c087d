//! Our own histories, written for other checkers: Jepsen's EDN, one JSON array (elle-cli), and JSON
//! lines.
//!
//! The first event says how the rest is meant: of which model the history is, and that a failed
//! compare-and-set and an empty read assert something. It is of the nemesis, whom other checkers
//! pass over.

use std::collections::BTreeMap;

use rehearsal_sim::history::{ToldCall, ToldHistory};
use rehearsal_sim::service::{Outcome, Said, Told};

use super::jepsen::MANIFEST;
use super::judge::Dialect;
use super::{Ending, Manifest, Operation, Process, Recorded, Value};

/// An event to be written: a map.
type Event = Vec<(Value, Value)>;

/// The events of a history, in a neutral form that each format writes in its own way.
#[derive(Clone, Debug)]
pub struct Written {
    events: Vec<Event>,
}

impl Written {
    /// One event after the other, as EDN.
    #[must_use]
    pub fn edn(&self) -> String {
        self.lines(|event| Value::Map(event.clone()).edn())
    }

    /// One JSON array.
    #[must_use]
    pub fn json(&self) -> String {
        let events: Vec<String> =
            self.events.iter().map(|event| Value::Map(event.clone()).json()).collect();
        format!("[{}]\n", events.join(",\n "))
    }

    /// JSON, an object a line.
    #[must_use]
    pub fn json_lines(&self) -> String {
        self.lines(|event| Value::Map(event.clone()).json())
    }

    fn lines(&self, write: impl Fn(&Event) -> String) -> String {
        let mut text = String::new();
        for event in &self.events {
            text += &write(event);
            text.push('\n');
        }
        text
    }

    /// The history of a run. Clients do several things at once; processes do not, so each client
    /// is as many processes as it needs. One that never heard of an end is not used again.
    #[must_use]
    pub fn of_run(history: &ToldHistory) -> Written {
        let manifest = Manifest {
            model: history.model.map(str::to_owned),
            dialect: Some(Dialect::Rehearsal.name().to_owned()),
        };
        let processes = processes(&history.calls);
        let mut moments: Vec<(u64, u8, usize)> = Vec::new();
        for (number, call) in history.calls.iter().enumerate() {
            moments.push((call.called.0, 0, number));
            moments.extend(call.ended.map(|ended| (ended.0, 1, number)));
        }
        // What is called at an instant at which something ends is concurrent with it.
        moments.sort_unstable();
        let mut events = vec![manifest_event(&manifest)];
        for (time, end, number) in moments {
            let call = &history.calls[number];
            let (kind, told) = match (end, &call.end) {
                (0, _) => ("invoke", &call.call),
                (_, Outcome::Ok(told)) if told.refused.is_none() => ("ok", told),
                (_, Outcome::Ok(told)) => ("fail", told),
                (_, Outcome::Failed) => ("fail", &call.call),
                (_, Outcome::Unknown) => ("info", &call.call),
            };
            let (node, process) = (format!("client{}", call.client), processes[number]);
            let mut event = numbered(events.len() - 1, process, kind, told.f);
            event.extend(told.key.map(|key| field("key", int(key))));
            event.push(field("value", of_said(&told.value)));
            event.push(field("time", int(time)));
            event.push(field("node", Value::Text(node)));
            event.extend(error(kind, told).map(|word| field("error", word)));
            events.push(event);
        }
        Written { events }
    }

    /// A history that was read, written again.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Written {
        let told = recorded.manifest.clone().unwrap_or_default();
        let dialect = || Dialect::of(recorded.format).name().to_owned();
        let manifest = Manifest {
            model: told.model.or_else(|| recorded.model.clone()),
            dialect: told.dialect.or_else(|| Some(dialect())),
        };
        let mut moments: Vec<(u32, usize, bool)> = Vec::new();
        for (number, operation) in recorded.operations.iter().enumerate() {
            if recorded.has_real_time {
                moments.push((operation.called.event, number, true));
            }
            moments.extend(operation.ended.map(|ended| (ended.event, number, false)));
        }
        moments.sort_unstable();
        let mut numbers: BTreeMap<Process, u32> = BTreeMap::new();
        let mut events = vec![manifest_event(&manifest)];
        for (_, number, is_call) in moments {
            let operation = &recorded.operations[number];
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let process = *numbers.entry(operation.process.clone()).or_insert(next);
            events.push(again(events.len() - 1, process, operation, is_call));
        }
        Written { events }
    }
}

/// The call or the end of an operation that was read.
fn again(index: usize, process: u32, operation: &Operation, is_call: bool) -> Event {
    let (kind, value, error) = match (&operation.ending, is_call) {
        (_, true) => ("invoke", &operation.argument, &Value::Nil),
        (Ending::Ok(value), _) => ("ok", value, &Value::Nil),
        (Ending::Failed(error), _) => ("fail", &operation.argument, error),
        (Ending::Unknown, _) => ("info", &operation.argument, &Value::Nil),
    };
    let mut event = numbered(index, process, kind, &operation.f);
    event.extend(operation.key.clone().map(|key| field("key", key)));
    event.push(field("value", value.clone()));
    event.extend((!error.is_nil()).then(|| field("error", error.clone())));
    event
}

fn numbered(index: usize, process: u32, kind: &str, f: &str) -> Event {
    vec![
        field("index", int(index as u64)),
        field("process", int(process.into())),
        field("type", word(kind)),
        field("f", word(f)),
    ]
}

/// Why an operation that was answered took no effect.
fn error(kind: &str, told: &Told) -> Option<Value> {
    told.refused.filter(|_| kind == "fail").map(word)
}

fn manifest_event(manifest: &Manifest) -> Event {
    let told = [("model", &manifest.model), ("dialect", &manifest.dialect)];
    let told = told.into_iter().filter_map(|(name, value)| {
        value.as_ref().map(|value| field(name, Value::Text(value.clone())))
    });
    vec![
        field("process", word("nemesis")),
        field("type", word("info")),
        field("f", word(MANIFEST)),
        field("value", Value::Map(told.collect())),
    ]
}

/// A process for each call, such that no process does two things at once.
fn processes(calls: &[ToldCall]) -> Vec<u32> {
    // Of each client the processes, with when each is free again.
    let mut pools: BTreeMap<u32, Vec<(u32, Option<u64>)>> = BTreeMap::new();
    let mut next = 0;
    let mut chosen = Vec::with_capacity(calls.len());
    for call in calls {
        let pool = pools.entry(call.client).or_default();
        let until = call.ended.filter(|_| call.end != Outcome::Unknown).map(|ended| ended.0);
        let free = pool.iter_mut().find(|(_, free)| free.is_some_and(|free| free < call.called.0));
        match free {
            Some((process, free)) => {
                chosen.push(*process);
                *free = until;
            }
            None => {
                chosen.push(next);
                pool.push((next, until));
                next += 1;
            }
        }
    }
    chosen
}

fn field(name: &str, value: Value) -> (Value, Value) {
    (word(name), value)
}

fn word(name: &str) -> Value {
    Value::Word(name.to_owned())
}

fn int(number: u64) -> Value {
    i64::try_from(number).map_or_else(|_| Value::Decimal(number.to_string()), Value::Int)
}

fn of_said(said: &Said) -> Value {
    match said {
        Said::Nothing => Value::Nil,
        Said::Number(number) => int(*number),
        Said::Text(text) => Value::Text(text.clone()),
        Said::List(items) => Value::List(items.iter().map(of_said).collect()),
    }
}
