//! What surrounds a run does not reach it: threads, stacks, the environment, the locale, the folder,
//! and who looks on.

use std::thread;

use rehearsal::scenarios::library;
use rehearsal::sim::plan::{Expect, Expectation, Plan, Watch};
use rehearsal::sim::record::Record;
use rehearsal::sim::simulation::Laws;
use serde_json::Value;

use super::program;
use crate::support::{ends, plan_of, untraced};

#[test]
fn a_run_does_not_depend_on_its_thread_or_its_stack() {
    for scenario in library::ALL {
        let loaded = ends(scenario.name).swap_remove(0);
        let here = (loaded.entry.run)(&plan_of(&loaded, 1), 1, &Watch::QUIET);
        for stack in [512 << 10, 64 << 20] {
            let there = thread::scope(|scope| {
                let run = || (loaded.entry.run)(&plan_of(&loaded, 1), 1, &Watch::QUIET);
                let thread = thread::Builder::new().stack_size(stack).name("other".to_owned());
                thread.spawn_scoped(scope, run).unwrap().join().unwrap()
            });
            assert_eq!(here, there, "{}: a stack of {stack} bytes", scenario.name);
        }
    }
}

/// Runs a bundled scenario in a process of its own; gives back everything but what may differ.
fn json(name: &str, surround: impl FnOnce(&mut std::process::Command)) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program();
    command.args(["run", name, "--seed", "1", "--json", "--out"]).arg(folder.path());
    surround(&mut command);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{said}", output.status);
    let mut json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json.as_object_mut().unwrap().remove("host").is_some());
    json
}

#[test]
fn a_run_does_not_depend_on_environment_locale_or_folder() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["raft/lossy", "ping/server-restarts"] {
        let plain = json(name, |_| {});
        let bare = json(name, |command| {
            command.env_clear();
        });
        assert_eq!(plain, bare, "{name}: without an environment");
        let abroad = json(name, |command| {
            let variables = [
                ("LANG", "tr_TR.UTF-8"),
                ("LC_ALL", "de_DE.UTF-8"),
                ("TZ", "Pacific/Apia"),
                ("HOME", "/nowhere"),
                ("TMPDIR", "/nowhere"),
                ("RUST_BACKTRACE", "full"),
                ("RAYON_NUM_THREADS", "7"),
                ("MALLOC_PERTURB_", "165"),
                ("MALLOC_ARENA_MAX", "1"),
                ("REHEARSAL_SEED", "99"),
            ];
            command.envs(variables).current_dir(folder.path());
        });
        assert_eq!(plain, abroad, "{name}: elsewhere");
    }
}

/// Two simulations that take turns are each the one that runs alone.
#[test]
fn twins_are_the_run_itself() {
    for scenario in library::ALL {
        let loaded = ends(scenario.name).swap_remove(0);
        for (seed, trace_rows) in [(1, 300), (2, 0)] {
            let watch = Watch { trace_rows, ..Watch::QUIET };
            let alone = (loaded.entry.run)(&plan_of(&loaded, seed), seed, &watch);
            let twin = (loaded.entry.twins)(&plan_of(&loaded, seed), seed, &watch);
            let twin = twin.unwrap_or_else(|parted| panic!("{}: {parted:?}", scenario.name));
            assert_eq!(alone, twin, "{} with seed {seed}", scenario.name);
            assert_eq!(twin.trace.is_empty(), trace_rows == 0);
        }
    }
}

/// What only looks on: the history and its checker, every invariant by name, measurements.
fn onlookers(plan: &mut Plan, entry: &rehearsal::sim::catalog::Entry) {
    let expect = |expect| Expectation { text: "looks on".to_owned(), expect, during: None };
    plan.expectations = vec![expect(Expect::Linearizable), expect(Expect::Progress)];
    let named = (entry.invariants)().into_iter().map(|one| Expect::Holds(one.name.to_owned()));
    plan.expectations.extend(named.map(expect));
    for name in entry.metrics {
        let metric = Expect::Metric { name: (*name).to_owned(), min: Some(0), max: None };
        plan.expectations.push(expect(metric));
    }
}

#[test]
fn checkers_and_measurements_change_nothing() {
    for scenario in library::ALL {
        let loaded = ends(scenario.name).swap_remove(0);
        let mut plan = loaded.plan.clone();
        plan.expectations.clear();
        plan.laws = Laws::default();
        let unseen = (loaded.entry.run)(&plan, 1, &Watch::TRACED);
        onlookers(&mut plan, &loaded.entry);
        let watch = Watch { progress: Some(|_| ()), ..Watch::TRACED };
        let seen = (loaded.entry.run)(&plan, 1, &watch);
        assert!(seen.head.expectations.len() >= 2, "{}: somebody looks on", scenario.name);
        let same = |record: &Record| {
            let mut record = record.clone();
            record.head.expectations.clear();
            (record.head.verdict, record.head.violations) = (seen.head.verdict, Vec::new());
            record
        };
        assert_eq!(seen.trace, unseen.trace, "{}", scenario.name);
        assert_eq!(untraced(same(&seen)), untraced(same(&unseen)), "{}", scenario.name);
    }
}
