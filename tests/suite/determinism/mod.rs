//! The same scenario and the same seed are the same run: watched or not, in one process or in two,
//! on one thread or on two, in debug and in release.

mod arrivals;
mod laws;
mod leaks;
mod lints;
mod worlds;

use std::fmt::Write;
use std::process::Command;

use rehearsal::scenarios::library;
use rehearsal::sim::plan::Watch;
use serde_json::Value;

use crate::support::{called, ends, golden, plan_of, untraced};

const SEEDS: [u64; 3] = [1, 2, 3];

const GOLDEN_HEADER: &str = "\
# The digest of every bundled scenario under a few seeds; of one with a matrix those of its first and
# its last point.
#
# A digest covers every event of a run in order. It is the same whatever the build profile, the
# number of threads or the machine. The suite compares this file under the profile it is built with,
# so `cargo test --release --test suite golden` after `cargo test` shows that both profiles agree.
#
# Digests change when a scenario, the engine or a protocol does. If that was meant:
# REHEARSAL_REWRITE=1 cargo test --test suite golden
";

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.env("NO_COLOR", "1");
    command
}

/// The words that name the first point of a scenario's matrix, where it has one.
fn point(name: &str) -> &'static [&'static str] {
    if ends(name)[0].point.is_some() { &["--point", "1"] } else { &[] }
}

#[test]
fn a_run_does_not_depend_on_who_watches() {
    for scenario in library::ALL {
        // Loaded twice, so that nothing but the text is shared.
        let (mut first, mut second) = (ends(scenario.name), ends(scenario.name));
        let (first, second) = (first.swap_remove(0), second.swap_remove(0));
        let quiet = (first.entry.run)(&plan_of(&first, 1), 1, &Watch::QUIET);
        let again = (first.entry.run)(&plan_of(&first, 1), 1, &Watch::QUIET);
        assert_eq!(quiet, again, "{}: run twice", scenario.name);
        let traced = (second.entry.run)(&plan_of(&second, 1), 1, &Watch::TRACED);
        assert!(!traced.trace.is_empty(), "{}: the trace is empty", scenario.name);
        let law = traced.trace.broken_law(&traced.head.messages);
        assert_eq!(law, None, "{}: what led to what", scenario.name);
        assert_eq!(quiet, untraced(traced), "{}: watched and unwatched", scenario.name);
        let few = Watch { trace_rows: 10, ..Watch::QUIET };
        let windowed = (second.entry.run)(&plan_of(&second, 1), 1, &few);
        assert_eq!(quiet, untraced(windowed), "{}: a trace of ten rows", scenario.name);
        let other = (second.entry.run)(&plan_of(&second, 2), 2, &Watch::QUIET);
        assert_ne!(quiet.head.digest, other.head.digest, "{}: the seed counts", scenario.name);
    }
}

#[test]
fn golden_digests_hold_in_every_profile() {
    let mut text = GOLDEN_HEADER.to_owned();
    for scenario in library::ALL {
        for loaded in ends(scenario.name) {
            for seed in SEEDS {
                let record = (loaded.entry.run)(&plan_of(&loaded, seed), seed, &Watch::QUIET);
                writeln!(text, "{} {seed} {}", called(&loaded), record.head.digest).unwrap();
            }
        }
    }
    golden("tests/golden/digests.txt", &text);
}

#[test]
fn a_run_does_not_depend_on_the_process() {
    let folder = tempfile::tempdir().unwrap();
    for scenario in library::ALL {
        let run = |out: &str| -> Value {
            let mut command = program();
            command.args(["run", scenario.name, "--seed", "1", "--json"]);
            command.args(point(scenario.name)).arg("--out");
            let output = command.arg(folder.path().join(out)).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {}\n{said}", scenario.name, output.status);
            let mut json: Value = serde_json::from_slice(&output.stdout).unwrap();
            // What may differ stands under one key.
            assert!(json.as_object_mut().unwrap().remove("host").is_some());
            json
        };
        let (first, second) = (run("first"), run("second"));
        assert_eq!(first, second, "{}: two processes", scenario.name);
        let loaded = ends(scenario.name).swap_remove(0);
        let here = (loaded.entry.run)(&plan_of(&loaded, 1), 1, &Watch::QUIET);
        assert_eq!(first["digest"], here.head.digest.as_str(), "{}: and this one", scenario.name);
    }
}

#[test]
fn a_sweep_does_not_depend_on_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = |name: &str, jobs: &str, json: bool| {
        let mut command = program();
        command
            .args(["sweep", name, "--seeds", "0..6", "--jobs", jobs])
            .args(point(name))
            .arg("--out")
            .arg(folder.path());
        let output = command.args(json.then_some("--json")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {}\n{said}", output.status);
        let out = String::from_utf8(output.stdout).unwrap();
        // What depends on the machine stands at the end, and alone.
        let (found, _) = out.rsplit_once(if json { ",\"host\":" } else { "\ntook " }).unwrap();
        found.to_owned()
    };
    for scenario in library::ALL {
        let (one, two) = (sweep(scenario.name, "1", true), sweep(scenario.name, "2", true));
        assert!(one.len() > 500, "{}: a sweep prints its numbers", scenario.name);
        assert!(one == two, "{}: one thread and two print different things", scenario.name);
    }
    let name = library::ALL[0].name;
    assert_eq!(sweep(name, "1", false), sweep(name, "2", false), "{name}: as text");
}
