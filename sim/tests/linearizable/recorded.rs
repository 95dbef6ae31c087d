//! Porcupine's own histories, read as its tests read them; for tests and benchmarks.

use std::collections::BTreeMap;
use std::path::Path;

use rehearsal_sim::check::model::{RegisterOp, RegisterReply};
use rehearsal_sim::history::{Call, CallId, History};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::time::SimTime;

use crate::model::{Do, Log, Op, Reply};

/// Those of the etcd histories that are linearizable (`porcupine_test.go`).
pub(crate) const GOOD: [u32; 23] =
    [2, 5, 7, 18, 25, 31, 38, 45, 48, 49, 51, 53, 56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102];

pub(crate) fn read(name: &str) -> String {
    let folder = "../tests/golden/histories/porcupine";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

fn register_op(f: &str, value: &str) -> RegisterOp {
    match f {
        ":read" => RegisterOp::Read,
        ":write" => RegisterOp::Write(number(value).unwrap()),
        _ => {
            let (from, to) = value.trim_matches(['[', ']']).split_once(' ').unwrap();
            RegisterOp::Cas { from: number(from), to: number(to).unwrap() }
        }
    }
}

/// One register. A refused compare-and-set found another value; what timed out may have happened.
pub(crate) fn etcd(text: &str) -> History<RegisterOp, RegisterReply> {
    let mut history = History::default();
    let mut open = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let Some((_, rest)) = line.split_once("jepsen.util - ") else { continue };
        let mut words = rest.split_whitespace();
        let [Some(process), Some(kind), Some(f)] = [(); 3].map(|()| words.next()) else { continue };
        let value = words.collect::<Vec<_>>().join(" ");
        let value = value.as_str();
        let Some(process) = number(process) else { continue };
        let now = SimTime(at as u64);
        if kind == ":invoke" {
            open.insert(process, history.calls.len());
            history.calls.push(Call {
                id: CallId(history.calls.len() as u64),
                client: u32::try_from(process).unwrap(),
                operation: register_op(f, value),
                called: now,
                ended: None,
                outcome: Outcome::Unknown,
            });
            continue;
        }
        let outcome = match (kind, f) {
            (":ok", ":read") => Outcome::Ok(RegisterReply::Value(number(value))),
            (":ok", _) => Outcome::Ok(RegisterReply::Done),
            (":fail", ":cas") => Outcome::Ok(RegisterReply::Mismatch),
            (":fail", _) => Outcome::Failed,
            _ => continue,
        };
        let call: &mut Call<_, _> = &mut history.calls[open[&process]];
        (call.ended, call.outcome) = (Some(now), outcome);
    }
    history
}

/// What stands in a line of the other format behind `name`.
fn field<'l>(line: &'l str, name: &str) -> &'l str {
    let (_, rest) = line.split_once(name).unwrap_or_else(|| panic!("no {name} in {line}"));
    match rest.strip_prefix('"') {
        Some(text) => text.split('"').next().unwrap(),
        None => rest.split([',', '}']).next().unwrap(),
    }
}

/// Keys of texts. Every text that is written is another one, and begins with an `x`.
pub(crate) fn texts(text: &str) -> Log {
    let mut log = Log::default();
    let (mut open, mut names) = (BTreeMap::new(), BTreeMap::new());
    let mut tokens = |text: &str| -> Vec<u64> {
        let parts = text.split('x').filter(|part| !part.is_empty());
        parts
            .map(|part| {
                let next = names.len() as u64;
                *names.entry(part.to_owned()).or_insert(next)
            })
            .collect()
    };
    for (at, line) in text.lines().enumerate() {
        let now = SimTime(at as u64);
        let process = field(line, ":process ");
        let (f, value) = (field(line, ":f "), tokens(field(line, ":value ")));
        if field(line, ":type ") == ":invoke" {
            let operation = match f {
                ":get" => Do::Get,
                ":put" => Do::Put(value[0]),
                _ => Do::Append(value[0]),
            };
            open.insert(process, log.calls.len());
            log.calls.push(Call {
                id: CallId(log.calls.len() as u64),
                client: process.parse().unwrap(),
                operation: Op(number(field(line, ":key ")).unwrap(), operation),
                called: now,
                ended: None,
                outcome: Outcome::Unknown,
            });
            continue;
        }
        let call = &mut log.calls[open[process]];
        let value = Some(value).filter(|value| !value.is_empty());
        let reply = if f == ":get" { Reply::Is(value) } else { Reply::Done };
        (call.ended, call.outcome) = (Some(now), Outcome::Ok(reply));
    }
    log
}
