//! Counterexamples made small: what is left is a scenario, and fails the same.
//!
//! The searches here cost some four seconds of one core in a debug build.

use rehearsal::protocols::catalog::CATALOG;
use rehearsal::scenarios::shrink::{Budget, Ended, Refused, Shrunk};
use rehearsal::scenarios::{Loaded, Request, load, load_text};
use rehearsal::sim::plan::Watch;
use rehearsal::sim::record::{Judgement, Record, Violation};

fn loaded(source: &str, bug: &str) -> Loaded {
    let bug = [bug.to_owned()];
    load(&Request { bug: &bug, ..Request::of(source) }, CATALOG).expect("a bundled scenario")
}

/// Runs what was found as anybody would.
fn rerun(small: &Shrunk) -> Record {
    let again = load_text(small.text.as_bytes(), &Request::of("small.toml"), CATALOG);
    let again = again.unwrap_or_else(|report| panic!("{report}\n{}", small.text));
    assert!(again.remarks.is_empty(), "{}\n{}", again.remarks, small.text);
    assert_eq!(again.plan.seed, small.seed);
    (again.entry.run)(&again.plan, again.plan.seed, &Watch::QUIET)
}

/// What is left fails the same, and is no larger in anything.
#[track_caller]
fn is_a_counterexample(small: &Shrunk, of: &str) {
    let record = rerun(small);
    let same = |one: &&Violation| {
        (&one.property, one.kind, one.at_ns)
            == (&small.violation.property, small.violation.kind, small.violation.at_ns)
    };
    assert!(record.head.violations.iter().any(|one| same(&one)), "{of}:\n{}", small.text);
    assert_eq!(record.head.events, small.after.events, "{of}");
    assert!(small.after.fault_operations <= small.before.fault_operations, "{of}");
    assert!(small.after.servers <= small.before.servers, "{of}");
    assert!(small.after.duration_ns <= small.before.duration_ns, "{of}");
}

/// The target of `docs/shrinking.md`, on a seed or two of each planted bug that a swarm, or a bad
/// network, finds; all of them are in the table there.
#[test]
fn planted_bugs_take_few_fault_operations() {
    let known: [(&str, &str, &[u64]); 6] = [
        ("raft/swarm", "vote-not-persisted", &[2, 16]),
        ("raft/swarm", "ack-before-sync", &[143, 147]),
        ("raft/swarm", "damage-ignored", &[11, 56]),
        ("raft/swarm", "write-failure-ignored", &[6]),
        ("ping/lossy", "stale-answer", &[0]),
        ("transfer/lossy", "counts-duplicates", &[0]),
    ];
    let mut operations = Vec::new();
    for (source, bug, seeds) in known {
        for seed in seeds {
            let of = format!("{bug}, seed {seed}");
            let loaded = loaded(source, bug);
            let small = rehearsal::shrink_loaded(&loaded, *seed, CATALOG, Budget::default());
            let small = small.unwrap_or_else(|why| panic!("{of}: {why:?}"));
            is_a_counterexample(&small, &of);
            assert_eq!(small.ended, Ended::Smallest, "{of}");
            assert!((1..=12).contains(&small.story.len()), "{of}: {:?}", small.story);
            operations.push(small.after.fault_operations);
        }
    }
    operations.sort_unstable();
    assert!(operations[operations.len() / 2] <= 6, "{operations:?}");
}

/// With whatever budget a search ends, what it has is a scenario that fails the same.
#[test]
fn whenever_a_search_ends_what_is_left_fails() {
    let loaded = loaded("raft/swarm", "write-failure-ignored");
    let mut found = 0;
    for seed in 0..90 {
        let budget = Budget { runs: 1 + seed * 3, ..Budget::default() };
        match rehearsal::shrink_loaded(&loaded, seed, CATALOG, budget) {
            Ok(small) => {
                is_a_counterexample(&small, &format!("seed {seed}"));
                assert!(small.spent.runs <= budget.runs, "{:?}", small.spent);
                found += 1;
            }
            // A day on which no write fails says nothing about the bug.
            Err(Refused::Passes | Refused::Inconclusive(_)) => {}
            Err(why) => panic!("seed {seed}: {why:?}"),
        }
    }
    assert!(found >= 4, "{found} of these days fail");
}

/// A day, written out, is the run that its swarm draws; so is a scenario that builds on others and is
/// changed by the command line.
#[test]
fn a_scenario_stands_alone() {
    for (source, set) in [("raft/swarm", "disk.torn=0.5"), ("raft/leader-crash", "duration=12s")] {
        let set = [set.to_owned()];
        let whole = load(&Request { set: &set, ..Request::of(source) }, CATALOG).expect(source);
        let text = whole.spelled_out(5).expect("it can be run");
        let alone = load_text(text.as_bytes(), &Request::of("alone.toml"), CATALOG);
        let alone = alone.unwrap_or_else(|report| panic!("{report}\n{text}"));
        assert_eq!(alone.plan.seed, 5);
        let plan = whole.plan_for(5).expect("it can be run");
        let (one, other) = (
            (whole.entry.run)(&plan, 5, &Watch::QUIET),
            (alone.entry.run)(&alone.plan, 5, &Watch::QUIET),
        );
        assert_eq!(one.head.digest, other.head.digest, "{text}");
    }
}

/// A failing test shows the smallest scenario; `try_check` does not look for it.
#[test]
fn a_failing_check_shows_the_smallest_scenario() {
    let text = "title = \"Ping\"\nprotocol = \"ping\"\nbug = \"stale-answer\"\nduration = \"1s\"\n\n\
                [workload]\nrate = \"50/s\"\n\n[[expect]]\nanswers_match = true\n";
    let check = || rehearsal::check(text, 3..9, CATALOG);
    let panic = std::panic::catch_unwind(check).expect_err("seed 3 fails");
    let said = panic.downcast_ref::<String>().expect("a message");
    let (_, small) =
        said.split_once("\nthe smallest scenario found that fails so:\n\n").expect(said);
    let small = small.split_once("\nreproduce: cargo run -- run FILE --seed 3\n").expect(said).0;
    let again = load_text(small.as_bytes(), &Request::of("small.toml"), CATALOG).expect(small);
    let record = (again.entry.run)(&again.plan, again.plan.seed, &Watch::QUIET);
    assert_eq!(record.head.verdict, Judgement::Fail);
    assert_eq!(record.head.operations.called, 1, "{small}");
    let quiet = rehearsal::try_check(text, 3..9, CATALOG).expect_err("seed 3 fails");
    assert!(!quiet.contains("the smallest scenario"), "{quiet}");
}
