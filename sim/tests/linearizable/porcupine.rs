//! Porcupine's own histories, with the verdicts it publishes.

use std::collections::BTreeMap;
use std::path::Path;

use rehearsal_sim::check::model::{Register, RegisterOp, RegisterReply};
use rehearsal_sim::check::{Budget, Engine, Verdict, decided_by, linearizable_by};
use rehearsal_sim::history::{Call, CallId, History};
use rehearsal_sim::service::{Operation, Outcome};
use rehearsal_sim::time::SimTime;

use crate::model::{Do, Full, Log, Op, Reply, Seq};

/// Those of the etcd histories that are linearizable (`porcupine_test.go`).
const GOOD: [u32; 23] =
    [2, 5, 7, 18, 25, 31, 38, 45, 48, 49, 51, 53, 56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102];

fn read(name: &str) -> String {
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
fn etcd(text: &str) -> History<RegisterOp, RegisterReply> {
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
fn texts(text: &str) -> Log {
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

#[test]
fn the_etcd_histories_have_the_published_verdicts() {
    let mut sizes = Vec::new();
    for file in (0..103).filter(|file| *file != 95) {
        let history = etcd(&read(&format!("jepsen/etcd_{file:03}.log")));
        assert!(history.calls.len() > 60, "etcd_{file:03} has {} calls", history.calls.len());
        let calls: Vec<_> = history.calls.iter().collect();
        let is_good = GOOD.contains(&file);
        for engine in [Engine::Frontier, Engine::Sweep] {
            let found = decided_by::<Register>(engine, &calls, Budget::default());
            assert_eq!(found, Some(is_good), "etcd_{file:03} by {engine:?}");
        }
        match linearizable_by::<Register>(&history, |_| 0, Budget::default()) {
            Verdict::Pass => assert!(is_good, "etcd_{file:03}"),
            Verdict::Fail(explanation) => {
                assert!(!is_good, "etcd_{file:03}: {explanation:?}");
                sizes.push(explanation.bars.len());
                assert_eq!(explanation.bars.iter().filter(|bar| bar.is_blamed).count(), 1);
            }
            Verdict::Inconclusive(why) => panic!("etcd_{file:03}: {why}"),
        }
    }
    // What hangs together of a few hard ones is large; most fit on a few lines.
    sizes.sort_unstable();
    let large = sizes.iter().filter(|size| **size > 12).count();
    assert!(sizes[sizes.len() / 2] <= 6 && large <= 8, "operations that explain: {sizes:?}");
}

#[test]
fn the_key_value_histories_have_the_published_verdicts() {
    for clients in ["c01", "c10", "c50"] {
        for (kind, is_good) in [("ok", true), ("bad", false)] {
            let log = texts(&read(&format!("kv/{clients}-{kind}.txt")));
            let seq = linearizable_by::<Seq>(&log, Op::object, Budget::default());
            assert_eq!(seq == Verdict::Pass, is_good, "{clients}-{kind}: {seq:?}");
            let full = linearizable_by::<Full>(&log, Op::object, Budget::default());
            assert_eq!(full == Verdict::Pass, is_good, "{clients}-{kind}: {full:?}");
        }
    }
}
