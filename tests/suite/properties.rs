//! What holds in every rehearsal of Raft, whatever the cluster, the world, the work and the faults.
//!
//! A failing case is shrunk and printed as a scenario. Keep it: as a file of `tests/found` with the
//! planted bug it needs, or, once what it found is repaired, as a test of its own.
//!
//! Every run of the suite draws the same cases. `REHEARSAL_CASES_SEED=7` draws others,
//! `PROPTEST_CASES=10000` more, and `REHEARSAL_BUG=ack-before-sync` plants a bug to be found:
//!
//! ```text
//! REHEARSAL_BUG=ack-before-sync PROPTEST_CASES=10000 cargo test --release --test suite bad_day
//! ```

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use rehearsal::sim::plan::Watch;
use rehearsal::sim::record::{Judgement, Record, ViolationKind};

use crate::rehearsals::{Ending, Rehearsal, any_rehearsal};
use crate::support::{files, from_text, plan_of, untraced};

/// Checks a property of many rehearsals; the smallest one without it is printed.
#[track_caller]
fn check(property: impl Fn(&Rehearsal) -> Result<(), String>, text: impl Fn(&Rehearsal) -> String) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let cases = u32::try_from(number("PROPTEST_CASES").unwrap_or(512)).expect("fewer than 2^32");
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 4096,
        max_shrink_time: 60_000, // ms
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("REHEARSAL_CASES_SEED").unwrap_or(0).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let ran = Cell::new(0);
    let first_failure = Cell::new(None);
    let outcome = TestRunner::new_with_rng(config, rng).run(&any_rehearsal(), |rehearsal| {
        ran.set(ran.get() + 1);
        property(&rehearsal).map_err(|why| {
            first_failure.set(first_failure.get().or(Some(ran.get())));
            TestCaseError::fail(why)
        })
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, rehearsal)) => {
            let (why, rehearsal) = smallest(why.to_string(), rehearsal, &property);
            let cases = first_failure.get().unwrap_or(ran.get());
            panic!("{why}\nThe rehearsal, found in case {cases}:\n\n{}", text(&rehearsal))
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// Proptest takes things away before it makes the rest smaller, and not again; what it could not
/// do without may have become superfluous.
fn smallest(
    mut why: String,
    mut rehearsal: Rehearsal,
    property: &impl Fn(&Rehearsal) -> Result<(), String>,
) -> (String, Rehearsal) {
    while let Some((smaller, reason)) =
        rehearsal.smaller().into_iter().find_map(|one| property(&one).err().map(|why| (one, why)))
    {
        (rehearsal, why) = (smaller, reason);
    }
    (why, rehearsal)
}

fn planted() -> Vec<String> {
    std::env::var("REHEARSAL_BUG").into_iter().collect()
}

/// What counts while a bug is being looked for: that the protocol did what it never may.
fn is_safe(record: &Record) -> Result<(), String> {
    let unsafe_kinds = [ViolationKind::Safety, ViolationKind::Panic];
    match record.head.violations.iter().find(|v| unsafe_kinds.contains(&v.kind)) {
        Some(v) => Err(format!("{} at {} ns: {}", v.property, v.at_ns, v.message)),
        None => Ok(()),
    }
}

fn run(text: &str, watch: &Watch) -> Record {
    let loaded = from_text("random/rehearsal", text);
    (loaded.entry.run)(&plan_of(&loaded, loaded.plan.seed), loaded.plan.seed, watch)
}

/// The properties and the expectations of the scenario held, and the books are balanced.
fn held(record: &Record) -> Result<(), String> {
    let head = &record.head;
    if head.verdict != Judgement::Pass {
        let mut said: Vec<String> = head
            .violations
            .iter()
            .map(|v| format!("{:?} {} at {} ns: {}", v.kind, v.property, v.at_ns, v.message))
            .collect();
        let unknown = head.expectations.iter().filter(|m| m.holds.is_none());
        said.extend(unknown.map(|m| format!("{}: {}", m.expect, m.measured)));
        return Err(format!("{:?}: {}", head.verdict, said.join("; ")));
    }
    let m = &head.messages;
    let (came, went) = (m.sent + m.duplicated, m.delivered + m.dropped.total() + m.in_flight);
    let ops = &head.operations;
    let ended = ops.ok + ops.failed + ops.unknown;
    if came != went || ops.called != ended || head.latency_ns.count != ops.ok {
        return Err(format!("the books are not balanced: {m:?} {ops:?} {:?}", head.latency_ns));
    }
    Ok(())
}

/// Sums of the records' numbers: a random test that never crashes anything proves nothing.
#[derive(Default)]
struct Coverage(RefCell<BTreeMap<String, u64>>);

impl Coverage {
    fn add(&self, record: &Record) {
        let mut sums = self.0.borrow_mut();
        let mut add = |name: &str, value: i64| {
            *sums.entry(name.to_owned()).or_default() += u64::try_from(value).unwrap_or(0);
        };
        for (name, value) in &record.head.metrics {
            add(name, *value);
        }
        let head = &record.head;
        add("ok", i64::try_from(head.operations.ok).unwrap_or(0));
        add("legally stuck", i64::from(head.legally_stuck.is_some()));
        add("several elections", i64::from(head.metrics.get("elections").is_some_and(|n| *n > 1)));
        add("runs", 1);
    }

    #[track_caller]
    fn demand(&self, per_hundred_runs: &[(&str, u64)]) {
        let sums = self.0.borrow();
        for (name, least) in per_hundred_runs {
            let (found, runs) = (sums.get(*name).copied().unwrap_or(0), sums["runs"]);
            assert!(found * 100 >= least * runs, "only {found} {name} in {runs} runs: {sums:?}");
        }
    }
}

#[test]
fn a_bad_day_breaks_nothing() {
    let bugs = planted();
    let text = |rehearsal: &Rehearsal| rehearsal.toml(Ending::Open, &bugs);
    let coverage = Coverage::default();
    check(
        |rehearsal| {
            let record = run(&text(rehearsal), &Watch::QUIET);
            coverage.add(&record);
            if bugs.is_empty() { held(&record) } else { is_safe(&record) }
        },
        text,
    );
    coverage.demand(&[
        ("ok", 10_000),
        ("crashes", 100),
        ("restarts", 50),
        ("pauses", 30),
        ("partitions", 30),
        ("loss_windows", 10),
        ("latency_windows", 10),
        ("messages_lost", 1_000),
        ("messages_duplicated", 1_000),
        ("append_rejections", 10),
        ("several elections", 40),
        ("legally stuck", 5),
    ]);
}

#[test]
fn after_the_bad_day_everything_is_answered() {
    let bugs = planted();
    let text = |rehearsal: &Rehearsal| rehearsal.toml(Ending::Healed, &bugs);
    let coverage = Coverage::default();
    check(
        |rehearsal| {
            let record = run(&text(rehearsal), &Watch::QUIET);
            coverage.add(&record);
            held(&record)?;
            match &record.head.legally_stuck {
                Some(why) => Err(format!("everybody is back, and yet: {why}")),
                None => Ok(()),
            }
        },
        text,
    );
    coverage.demand(&[("ok", 20_000), ("restarts", 100), ("several elections", 40)]);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let bugs = planted();
    let text = |rehearsal: &Rehearsal| rehearsal.toml(Ending::Open, &bugs);
    check(
        |rehearsal| {
            let text = text(rehearsal);
            let (quiet, traced) = (run(&text, &Watch::QUIET), run(&text, &Watch::TRACED));
            if traced.trace.is_empty() || !quiet.trace.is_empty() {
                return Err("only the traced run has a trace".to_owned());
            }
            let digests = (quiet.head.digest.clone(), traced.head.digest.clone());
            if digests.0 != digests.1 {
                return Err(format!("the digests differ: {digests:?}"));
            }
            let (quiet, traced) = (untraced(quiet), untraced(traced));
            if quiet != traced {
                return Err(format!("the records differ:\n{quiet:?}\n{traced:?}"));
            }
            Ok(())
        },
        text,
    );
}

/// Files that a campaign found: with their bug the property of their header is violated, without it
/// everything holds.
#[test]
fn found_bugs_are_found_again() {
    let found = files("tests/found");
    for file in &found {
        let (name, text) = (file.display(), std::fs::read_to_string(file).unwrap());
        let header = text.lines().find_map(|line| line.strip_prefix("# Violates: "));
        let property = header.unwrap_or_else(|| panic!("{name} says no \"# Violates: ...\""));
        let mut loaded = from_text("tests/found", &text);
        assert!(!loaded.plan.bugs.is_empty(), "{name} plants no bug");
        let run = |plan| (loaded.entry.run)(plan, loaded.plan.seed, &Watch::QUIET);
        let violations = run(&loaded.plan).head.violations;
        let is_it = violations.first().is_some_and(|violation| {
            violation.property == property && violation.kind == ViolationKind::Safety
        });
        assert!(is_it, "{name} shall violate {property} first, and does {violations:#?}");
        let plan = {
            loaded.plan.bugs.clear();
            &loaded.plan
        };
        let healthy = (loaded.entry.run)(plan, plan.seed, &Watch::QUIET);
        held(&healthy).unwrap_or_else(|why| panic!("{name} without its bug: {why}"));
    }
    assert!(found.len() >= 2, "one file for each of Raft's planted bugs");
}
