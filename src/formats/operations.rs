//! Operations as every format tells them, put together from their calls and their ends.

use std::collections::BTreeMap;
use std::fmt;

use super::source::{ReadError, Source};
use super::value::Value;

/// Who called an operation: something that does one thing after the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Process {
    /// A number, as in most formats.
    Number(u32),
    /// A name.
    Name(String),
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Process::Number(number) => write!(f, "process {number}"),
            Process::Name(name) => write!(f, "process {name}"),
        }
    }
}

/// What an event says, in Jepsen's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An operation begins.
    Invoke,
    /// It ended, and took effect.
    Ok,
    /// It ended, and took no effect.
    Fail,
    /// Nobody knows whether it took effect, or will.
    Info,
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<Kind> {
        match name {
            "invoke" => Some(Kind::Invoke),
            "ok" => Some(Kind::Ok),
            "fail" => Some(Kind::Fail),
            "info" => Some(Kind::Info),
            _ => None,
        }
    }
}

/// One event of a history. Events come in the order of real time.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The byte it begins at.
    pub(super) at: usize,
    pub(super) process: Process,
    pub(super) kind: Kind,
    pub(super) f: String,
    pub(super) key: Option<Value>,
    pub(super) value: Value,
    /// When, in what the format counts time by.
    pub(super) time: Option<u64>,
    pub(super) error: Value,
}

/// A moment of a history: an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Which event it is, in the order of real time, from 1.
    pub event: u32,
    /// The line it stands in, from 1.
    pub line: u32,
    /// The byte it begins at.
    pub(super) at: usize,
    /// When, in what the format counts time by.
    pub time: Option<u64>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It took effect, with this result.
    Ok(Value),
    /// It took no effect; the error, if one was written.
    Failed(Value),
    /// Nobody knows.
    Unknown,
}

/// One operation of a history, whatever the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who called it.
    pub process: Process,
    /// What was called: `read`, `enqueue`, `txn`.
    pub f: String,
    /// The object it was called on, where the format says so.
    pub key: Option<Value>,
    /// What it was called with.
    pub argument: Value,
    /// How it ended.
    pub ending: Ending,
    /// When it was called.
    pub called: Moment,
    /// When it ended; `None` while nobody knows whether it did.
    pub ended: Option<Moment>,
}

/// Joins calls and ends. Of each process at most one operation is open.
///
/// As Jepsen has it, an operation that ends with `info` may take effect at any time after its call.
/// An `info` of a process that has no operation open is a remark, and passed over. A history
/// without a single call has ends alone: each is an operation then, and there is no real time.
pub(super) fn pair(
    source: &Source<'_>,
    events: Vec<Event>,
) -> Result<(Vec<Operation>, bool), ReadError> {
    let has_calls = events.iter().any(|event| event.kind == Kind::Invoke);
    let mut operations: Vec<Operation> = Vec::new();
    let mut open: BTreeMap<Process, usize> = BTreeMap::new();
    for (number, event) in events.into_iter().enumerate() {
        let moment = Moment {
            event: u32::try_from(number + 1).unwrap_or(u32::MAX),
            line: source.line(event.at),
            at: event.at,
            time: event.time,
        };
        if event.kind == Kind::Invoke {
            call(source, event, moment, &mut operations, &mut open)?;
        } else if let Some(which) = open.remove(&event.process) {
            end(source, event, moment, &mut operations[which])?;
        } else if !has_calls {
            let mut whole = operation(event.clone(), moment);
            end(source, event, moment, &mut whole)?;
            operations.push(whole);
        } else if event.kind != Kind::Info {
            let what = format!("{} ends `{}` here, and has called nothing", event.process, event.f);
            let help = "every end needs a call before it: a line with invoke, of the same process";
            return Err(source.error(event.at, what, help));
        }
    }
    Ok((operations, has_calls))
}

fn operation(event: Event, called: Moment) -> Operation {
    let Event { process, f, key, value, .. } = event;
    Operation { process, f, key, argument: value, ending: Ending::Unknown, called, ended: None }
}

fn call(
    source: &Source<'_>,
    event: Event,
    moment: Moment,
    operations: &mut Vec<Operation>,
    open: &mut BTreeMap<Process, usize>,
) -> Result<(), ReadError> {
    if let Some(&which) = open.get(&event.process) {
        let other = &operations[which];
        let what = format!(
            "{} calls `{}` here, while its `{}` of line {} is still open",
            event.process, event.f, other.f, other.called.line
        );
        let help = "a process does one thing at a time; give what runs beside it another process";
        return Err(source.error(event.at, what, help));
    }
    open.insert(event.process.clone(), operations.len());
    operations.push(operation(event, moment));
    Ok(())
}

fn end(
    source: &Source<'_>,
    event: Event,
    moment: Moment,
    operation: &mut Operation,
) -> Result<(), ReadError> {
    if event.f != operation.f {
        let what = format!(
            "{} ends `{}` here, but what it called in line {} is `{}`",
            event.process, event.f, operation.called.line, operation.f
        );
        return Err(source.error(event.at, what, "call and end name the same operation"));
    }
    operation.key = operation.key.take().or(event.key);
    operation.ended = Some(moment);
    match event.kind {
        Kind::Ok => operation.ending = Ending::Ok(event.value),
        Kind::Fail => operation.ending = Ending::Failed(event.error),
        Kind::Invoke | Kind::Info => operation.ended = None,
    }
    Ok(())
}
