//! The logs that Porcupine tests itself with: `INFO  jepsen.util - 4  :invoke  :read  nil`, a line
//! each, with tabs between, of one register. Its other format, maps with `:key`, is read as
//! Jepsen's.

use super::operations::{Event, Kind, Process};
use super::source::{ReadError, Source, shown, words};
use super::value::Value;
use super::{Read, edn};

/// What the lines begin with, up to the process.
pub(super) const PREFIX: &str = "jepsen.util - ";

pub(super) fn read(source: &Source<'_>) -> Result<Read, ReadError> {
    let mut read = Read::default();
    for (at, line) in source.filled_lines() {
        // Jepsen's log tells of more than operations.
        let Some(begin) = line.find(PREFIX) else {
            read.skipped += 1;
            continue;
        };
        let begin = begin + PREFIX.len();
        match event(source, at + begin, &line[begin..])? {
            Some(event) => read.events.push(event),
            None => read.skipped += 1,
        }
    }
    Ok(read)
}

fn event(source: &Source<'_>, at: usize, line: &str) -> Result<Option<Event>, ReadError> {
    let mut parts = words(at, line);
    let (Some((_, process)), Some((kind_at, kind)), Some((f_at, f)), Some((from, _))) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        let help = "a line has a process, :invoke, :read and a value, with tabs between";
        return Err(source.error(at, "this line has fewer than four fields", help));
    };
    let Ok(process) = process.parse() else {
        if process.starts_with(':') {
            return Ok(None);
        }
        let what = format!("`{}` is no process", shown(process));
        return Err(source.error(at, what, "it is a number"));
    };
    let Some(kind) = kind.strip_prefix(':').and_then(Kind::named) else {
        let what = format!("there is no type `{}`", shown(kind));
        return Err(source.error(kind_at, what, "it is :invoke, :ok, :fail or :info"));
    };
    let Some(f) = f.strip_prefix(':').filter(|f| !f.is_empty()) else {
        let what = format!("`{}` is no operation", shown(f));
        return Err(source.error(f_at, what, "it is :read, :write or :cas"));
    };
    let value = edn::value(source, from, at + line.len())?;
    let (value, error) = match value {
        Value::Word(why) => (Value::Nil, Value::Word(why)),
        value => (value, Value::Nil),
    };
    let (process, f) = (Process::Number(process), f.to_owned());
    Ok(Some(Event { at, process, kind, f, key: None, value, time: None, error }))
}
