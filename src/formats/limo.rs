//! LiMo's and Violin's histories: `# @object atomic-queue`, then events, a line each: `[1] call
//! enq(3)`, `[1] return`, `[2] return 3`, `[2] return empty`.

use super::operations::{Event, Kind, Process};
use super::source::{ReadError, Source, shown};
use super::value::Value;
use super::{Read, plain_value};

/// What says which object it is.
pub(super) const OBJECT: &str = "@object";

pub(super) fn read(source: &Source<'_>) -> Result<Read, ReadError> {
    let mut read = Read::default();
    let mut called: std::collections::BTreeMap<u32, String> = std::collections::BTreeMap::new();
    for (at, line) in source.filled_lines() {
        if let Some(comment) = line.strip_prefix('#') {
            if let Some(object) = comment.trim().strip_prefix(OBJECT) {
                let object = object.trim();
                read.model = Some(object.strip_prefix("atomic-").unwrap_or(object).to_owned());
            }
            continue;
        }
        let (process, rest) = thread(source, at, line)?;
        let rest_at = at + line.len() - rest.len();
        let (verb, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (kind, f, value) = match verb {
            "call" => {
                let (f, value) = method(rest.trim());
                called.insert(process, f.clone());
                (Kind::Invoke, f, value)
            }
            "return" => {
                let f = called.remove(&process).unwrap_or_else(|| "return".to_owned());
                (Kind::Ok, f, plain_value(rest.trim()))
            }
            other => {
                let what = format!("`{}` is neither `call` nor `return`", shown(other));
                return Err(source.error(rest_at, what, "write [1] call enq(3), or [1] return 3"));
            }
        };
        let process = Process::Number(process);
        let (key, time, error) = (None, None, Value::Nil);
        read.events.push(Event { at, process, kind, f, key, value, time, error });
    }
    Ok(read)
}

/// `[12] rest`.
fn thread<'t>(source: &Source<'_>, at: usize, line: &'t str) -> Result<(u32, &'t str), ReadError> {
    let split = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let thread = split.and_then(|(number, rest)| Some((number.trim().parse().ok()?, rest.trim())));
    thread.ok_or_else(|| {
        let help = "every event begins with its thread, a number in brackets: [1] call enq(3)";
        source.error(at, "this line does not begin with a thread", help)
    })
}

/// `enq(3)`, `enq 3` or `deq`.
fn method(text: &str) -> (String, Value) {
    let end = text.find(|c: char| c == '(' || c.is_whitespace()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let inner = rest.trim().trim_start_matches('(').trim_end_matches(')').trim();
    (name.to_owned(), plain_value(inner))
}
