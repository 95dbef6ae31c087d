//! What a verdict on a history costs: `cargo bench -p rehearsal-sim --bench check`.
//!
//! Each row is a history, judged from its calls to the verdict, without the explanation. Times are
//! processor time, the least of several repetitions. The ratio is to what nobody can do without:
//! putting the returns in the order of time. `--quick` leaves the long histories out. Run as a test,
//! it judges each short history once.

#![allow(dead_code, reason = "shared with the tests")]

#[path = "../../../benches/kernel/clock.rs"]
mod clock;
mod histories;
#[path = "../../tests/linearizable/model.rs"]
mod model;
#[path = "../../tests/linearizable/recorded.rs"]
mod recorded;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use clap::Parser;
use rehearsal_sim::check::model::Register;
use rehearsal_sim::check::{Budget, Engine, decided};
use rehearsal_sim::history::Call;
use rehearsal_sim::service::Sequential;

use clock::{say, thread_time};
use histories::{ALock, AQueue, ARegister, ASet, AStack, Kind, Object, generate};
use model::{Op, Reply, Seq};

/// Measures what verdicts on histories cost.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo bench -p rehearsal-sim --bench check --", disable_version_flag = true)]
struct Options {
    /// Only histories of up to 10 000 operations, and fewer repetitions.
    #[arg(long)]
    quick: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How long to measure a history.
#[derive(Clone, Copy)]
struct Effort {
    /// Operations of the longest history.
    most: u64,
    repetitions: u32,
    /// Enough for one history.
    enough: Duration,
}

const FULL: Effort =
    Effort { most: 1_000_000, repetitions: 200, enough: Duration::from_millis(1_500) };
const QUICK: Effort = Effort { most: 10_000, repetitions: 20, enough: Duration::from_millis(100) };
const SMOKE: Effort = Effort { most: 1_000, repetitions: 1, enough: Duration::ZERO };

fn main() {
    // `cargo test` runs this without `--bench`, and hands over arguments that are meant for tests.
    let effort = match std::env::args_os().any(|argument| argument == "--bench") {
        false => SMOKE,
        true if Options::parse().quick => QUICK,
        true => FULL,
    };
    say(HEADER);
    registers(effort);
    rows::<AQueue>("queue", effort, &CONTAINERS);
    rows::<AStack>("stack", effort, &CONTAINERS);
    rows::<ASet>("set", effort, &CONTAINERS);
    rows::<ALock>("lock", effort, &CONTAINERS);
    porcupine(effort);
}

const HEADER: &str = "\
object    operations clients values  cas crashes  engine   verdict        time   per op   ratio";

/// Operations, clients, values, compare-and-sets, crashes.
type Row = (u64, u32, u64, u64, u64);

const REGISTERS: [Row; 22] = [
    (10, 2, 0, 0, 0),
    (90, 5, 0, 0, 0),
    (90, 5, 5, 0, 0),
    (90, 5, 5, 20, 0),
    (90, 5, 5, 20, 50),
    (1_000, 10, 0, 0, 0),
    (1_000, 10, 5, 20, 0),
    (1_000, 10, 5, 20, 10),
    (10_000, 5, 5, 20, 0),
    (10_000, 10, 0, 0, 1),
    (10_000, 10, 0, 20, 0),
    (10_000, 20, 5, 20, 0),
    (10_000, 50, 0, 0, 0),
    (100_000, 5, 5, 20, 0),
    (100_000, 10, 5, 20, 0),
    (100_000, 50, 0, 0, 0),
    (100_000, 10, 0, 20, 0),
    (100_000, 10, 0, 0, 1),
    (1_000_000, 2, 0, 0, 0),
    (1_000_000, 5, 0, 0, 0),
    (1_000_000, 10, 0, 0, 0),
    (1_000_000, 50, 0, 0, 0),
];

const CONTAINERS: [Row; 4] =
    [(100, 5, 0, 0, 0), (10_000, 10, 0, 0, 0), (100_000, 50, 0, 0, 0), (1_000_000, 10, 0, 0, 0)];

fn registers(effort: Effort) {
    rows::<ARegister>("register", effort, &REGISTERS);
}

fn rows<O: Object>(name: &str, effort: Effort, rows: &[Row]) {
    for &(operations, clients, values, cas, crashes) in rows {
        for is_broken in [false, true] {
            let kind = Kind { operations, clients, values, cas, crashes, is_broken };
            if operations <= effort.most {
                row::<O>(name, effort, &kind);
            }
        }
    }
}

fn row<O: Object>(name: &str, effort: Effort, kind: &Kind) {
    let calls = generate::<O>(kind.operations, kind);
    let calls: Vec<_> = calls.iter().collect();
    let (verdict, engine) = decided::<O::Model>(&calls, Budget::default());
    // What nobody can judge within the budget is told so; a wrong verdict must not pass.
    assert!(verdict.is_none_or(|holds| holds != kind.is_broken), "{name} {kind:?}: {verdict:?}");
    let time = least(effort, || {
        black_box(decided::<O::Model>(black_box(&calls), Budget::default()));
    });
    let bare = least(effort, || {
        black_box(baseline(black_box(&calls)));
    });
    let values = if kind.values == 0 { "unique".to_owned() } else { kind.values.to_string() };
    say(&format!(
        "{name:<9} {:>10} {:>7} {values:>6} {:>3}% {:>6}‰  {:<8} {:<9} {:>9} {:>8} {:>7.1}",
        kind.operations,
        kind.clients,
        kind.cas,
        kind.crashes,
        word(engine),
        verdict.map_or("exhausted", |holds| if holds { "holds" } else { "breaks" }),
        told(time),
        told(time / u32::try_from(kind.operations).expect("at most a million")),
        time.as_secs_f64() / bare.as_secs_f64().max(1e-9),
    ));
}

/// The returns in the order of time.
fn baseline<O, R>(calls: &[&Call<O, R>]) -> Vec<(u64, usize)> {
    let ends = calls.iter().enumerate();
    let mut ends: Vec<(u64, usize)> =
        ends.map(|(number, call)| (call.ended.map_or(u64::MAX, |ended| ended.0), number)).collect();
    ends.sort();
    ends
}

fn word(engine: Engine) -> &'static str {
    match engine {
        Engine::Monitor => "monitor",
        Engine::Zones => "zones",
        Engine::Frontier => "frontier",
        Engine::Sweep => "sweep",
    }
}

/// Porcupine's own histories, each judged key by key.
fn porcupine(effort: Effort) {
    say("");
    say("Porcupine's histories                              verdicts       time");
    let mut all = Vec::new();
    for file in (0..103).filter(|file| *file != 95) {
        let history = recorded::etcd(&recorded::read(&format!("jepsen/etcd_{file:03}.log")));
        let calls: Vec<_> = history.calls.iter().collect();
        let verdict = decided::<Register>(&calls, Budget::default()).0;
        assert_eq!(verdict, Some(recorded::GOOD.contains(&file)), "etcd_{file:03}");
        let time = least(effort, || {
            black_box(decided::<Register>(black_box(&calls), Budget::default()));
        });
        all.push((time, file));
    }
    all.sort();
    let sum: Duration = all.iter().map(|(time, _)| *time).sum();
    let median = all[all.len() / 2].0;
    say(&format!("etcd, all 102 (73 to 90 operations each)           all right  {:>9}", told(sum)));
    say(&format!(
        "etcd, median                                                  {:>9}",
        told(median)
    ));
    for (time, file) in all.iter().rev().take(3) {
        say(&format!(
            "etcd_{file:03}                                                      {:>9}",
            told(*time)
        ));
    }
    for (name, is_good) in [
        ("c01-ok", true),
        ("c01-bad", false),
        ("c10-ok", true),
        ("c10-bad", false),
        ("c50-ok", true),
        ("c50-bad", false),
    ] {
        let log = recorded::texts(&recorded::read(&format!("kv/{name}.txt")));
        let mut keys: BTreeMap<u64, Vec<&Call<Op, Reply>>> = BTreeMap::new();
        for call in &log.calls {
            keys.entry(call.operation.0).or_default().push(call);
        }
        let holds = |calls: &Vec<&Call<Op, Reply>>| judge::<Seq>(calls);
        assert_eq!(keys.values().all(holds), is_good, "kv {name}");
        let time = least(effort, || {
            for calls in keys.values() {
                black_box(judge::<Seq>(black_box(calls)));
            }
        });
        say(&format!("kv {name:<47} right      {:>9}", told(time)));
    }
}

fn judge<M: Sequential>(calls: &[&Call<M::Operation, M::Reply>]) -> bool {
    decided::<M>(calls, Budget::default()).0.expect("an easy history")
}

/// The least time of several repetitions: noise only ever adds.
fn least(effort: Effort, mut work: impl FnMut()) -> Duration {
    let (mut least, mut all) = (Duration::MAX, Duration::ZERO);
    for _ in 0..effort.repetitions {
        let start = thread_time();
        work();
        let took = thread_time() - start;
        least = least.min(took);
        all += took;
        if all >= effort.enough {
            break;
        }
    }
    least
}

/// Three digits and a unit.
fn told(time: Duration) -> String {
    let ns = time.as_nanos() as f64;
    let (number, unit) = match ns {
        _ if ns < 1e3 => (ns, "ns"),
        _ if ns < 1e6 => (ns / 1e3, "us"),
        _ if ns < 1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.digits$} {unit}")
}
