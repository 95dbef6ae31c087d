//! PolyLin's histories: `# queue`, then whole operations, a line each: method, value, start and end
//! (`enq 3 1 4`), and for sets the result before the times (`remove 3 1 5 9`). A value of -1 is
//! empty.
//!
//! At equal stamps the return comes first. Operations have no process: each has its own.

use super::operations::{Event, Kind, Process};
use super::source::{ReadError, Source, shown, words};
use super::value::Value;
use super::{Read, plain_value};

/// What PolyLin names the objects it knows.
pub(super) const OBJECTS: [&str; 5] = ["queue", "stack", "pqueue", "priorityqueue", "set"];

/// Methods whose value is what they got.
const TAKES: [&str; 6] = ["deq", "pop", "poll", "dequeue", "peek", "front"];

struct Line<'t> {
    at: usize,
    method: &'t str,
    value: Value,
    result: Option<Value>,
    start: u64,
    end: u64,
}

pub(super) fn read(source: &Source<'_>) -> Result<Read, ReadError> {
    let mut read = Read { counts_stamps: true, ..Read::default() };
    let mut moments = Vec::new();
    let mut lines = Vec::new();
    for (at, text) in source.filled_lines() {
        if let Some(comment) = text.strip_prefix('#') {
            read.model = read.model.or_else(|| Some(comment.trim().to_owned()));
            continue;
        }
        let line = line(source, at, text)?;
        // At one stamp: the returns of what began before, the calls, the returns of what began here.
        moments.push((line.start, 1, lines.len()));
        moments.push((line.end, if line.start == line.end { 2 } else { 0 }, lines.len()));
        lines.push(line);
    }
    moments.sort();
    for (time, order, number) in moments {
        read.events.push(event(&lines[number], number, time, order == 1));
    }
    Ok(read)
}

fn event(line: &Line<'_>, number: usize, time: u64, is_call: bool) -> Event {
    let takes = TAKES.contains(&line.method);
    let value = match (is_call, &line.result) {
        (false, Some(result)) => result.clone(),
        (true, None) if takes => Value::Nil,
        _ => line.value.clone(),
    };
    Event {
        at: line.at,
        process: Process::Number(u32::try_from(number + 1).unwrap_or(u32::MAX)),
        kind: if is_call { Kind::Invoke } else { Kind::Ok },
        f: line.method.to_owned(),
        key: None,
        value,
        time: Some(time),
        error: Value::Nil,
    }
}

fn line<'t>(source: &Source<'_>, at: usize, text: &'t str) -> Result<Line<'t>, ReadError> {
    let fields: Vec<_> = words(at, text).collect();
    let (method, value, result, start, end) = match fields[..] {
        [method, value, start, end] => (method, value, None, start, end),
        [method, value, result, start, end] => (method, value, Some(result), start, end),
        _ => {
            let help = "a line has a method, a value, a start and an end: enq 3 1 4";
            return Err(source.error(at, "this line has not four fields", help));
        }
    };
    let stamp = |(at, word): (usize, &str)| {
        word.parse::<u64>().map_err(|_| {
            let what = format!("`{}` is no time", shown(word));
            source.error(at, what, "times are whole numbers from 0")
        })
    };
    let (start_at, _) = start;
    let (start, end) = (stamp(start)?, stamp(end)?);
    if end < start {
        let what = format!("this operation ends at {end}, before it starts at {start}");
        return Err(source.error(start_at, what, "the start comes first, then the end"));
    }
    let value = match plain_value(value.1) {
        Value::Int(-1) => Value::Nil,
        value => value,
    };
    let result = result.map(|(_, word)| match word {
        "0" | "false" => Value::Bool(false),
        "1" | "true" => Value::Bool(true),
        other => plain_value(other),
    });
    Ok(Line { at, method: method.1, value, result, start, end })
}
