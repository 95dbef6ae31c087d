//! Jepsen's histories: maps with `:process`, `:type`, `:f`, `:value`, `:time`, as EDN (one after
//! the other, or one vector) or as JSON (elle-cli's array, or one object a line).

use super::operations::{Event, Kind, Process};
use super::source::{ReadError, Source, shown};
use super::value::Value;
use super::{Format, Manifest, Read, edn, json};

/// The name of the event in which we say how our own histories are meant.
pub(super) const MANIFEST: &str = "rehearsal-history";

pub(super) fn read(source: &Source<'_>, format: Format) -> Result<Read, ReadError> {
    let maps = match format {
        Format::JepsenEdn | Format::PorcupineKv => edn::forms(source)?,
        _ => json::values(source)?,
    };
    let mut read = Read::default();
    for (at, map) in maps {
        if let Some(event) = event(source, at, &map, &mut read)? {
            read.events.push(event);
        }
    }
    // Hand-written times count 0, 1, 2: then lines tell more.
    let longest = read.events.iter().filter_map(|event| event.time).max().unwrap_or(0);
    read.has_times = longest >= 1_000_000 && read.events.iter().all(|event| event.time.is_some());
    Ok(read)
}

/// One map; `None` where it is not of a client.
fn event(
    source: &Source<'_>,
    at: usize,
    map: &Value,
    read: &mut Read,
) -> Result<Option<Event>, ReadError> {
    if !matches!(map, Value::Map(_)) {
        let what = format!("an operation is a map, and this is `{}`", shown(&map.edn()));
        let help = "write {:process 0, :type :invoke, :f :read, :value nil}";
        return Err(source.error(at, what, help));
    }
    let Some(process) = process(source, at, map)? else {
        if map.get("f").and_then(Value::name) == Some(MANIFEST) {
            read.manifest = map.get("value").map(manifest);
        }
        read.skipped += 1;
        return Ok(None);
    };
    let kind = map.get("type").unwrap_or(&Value::Nil);
    let Some(kind) = kind.name().and_then(Kind::named) else {
        let what = match kind {
            Value::Nil => "this operation has no :type".to_owned(),
            other => format!("there is no :type `{}`", shown(&other.edn())),
        };
        return Err(source.error(at, what, "it is invoke, ok, fail or info"));
    };
    let value = map.get("value").cloned().unwrap_or_default();
    let f = match map.get("f") {
        Some(f) => f.name().map(str::to_owned).unwrap_or_else(|| f.edn()),
        // As elle's own examples of transactions are written.
        None if value.items().is_some() => "txn".to_owned(),
        None => {
            let help = "it is what was called, like :f :read";
            return Err(source.error(at, "this operation has no :f", help));
        }
    };
    let time = map.get("time").and_then(Value::number);
    let key = map.get("key").filter(|key| !key.is_nil()).cloned();
    let error = map.get("error").cloned().unwrap_or_default();
    Ok(Some(Event { at, process, kind, f, key, value, time, error }))
}

/// The client of a map; `None` for the nemesis and whatever else is no client.
fn process(source: &Source<'_>, at: usize, map: &Value) -> Result<Option<Process>, ReadError> {
    match map.get("process") {
        None | Some(Value::Nil) => Ok(Some(Process::Number(0))),
        Some(Value::Int(number)) => match u32::try_from(*number) {
            Ok(number) => Ok(Some(Process::Number(number))),
            Err(_) => Ok(Some(Process::Name(number.to_string()))),
        },
        // Jepsen's clients have numbers, and whoever has a name injects faults. Other programs name
        // their clients, in strings.
        Some(Value::Text(name)) if !name.trim_start_matches(':').starts_with("nemesis") => {
            Ok(Some(match name.parse() {
                Ok(number) => Process::Number(number),
                Err(_) => Process::Name(name.clone()),
            }))
        }
        Some(Value::Word(_) | Value::Text(_)) => Ok(None),
        Some(other) => {
            let what = format!("`{}` is no process", shown(&other.edn()));
            Err(source.error(at, what, "it is a number: :process 3"))
        }
    }
}

/// How a history of ours is meant.
fn manifest(value: &Value) -> Manifest {
    let text = |name| value.get(name).and_then(Value::name).map(str::to_owned);
    Manifest { model: text("model"), dialect: text("dialect") }
}
