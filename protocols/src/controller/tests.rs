//! What is embedded is as it is alone.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Fault, Plan, PlannedFault, Target, Watch};
use rehearsal_sim::record::{Judgement, Record};
use rehearsal_sim::time::{SimTime, Span};

use super::{Controller, Raft};
use crate::testing::plan;

const RAFT: Entry = Entry::of::<Raft>();
const CONTROLLER: Entry = Entry::of::<Controller>();

/// The leader crashes twice, and is cut off once, under load.
fn bad_day(entry: &Entry, counts: &[u32]) -> Plan {
    let crash = |at: u64| {
        let at = SimTime::ZERO + Span::secs(at);
        PlannedFault::once(at, Some(Span::millis(800)), Fault::Crash(Target::Leader))
    };
    plan(entry, counts, vec![crash(4), crash(8)])
}

fn run(entry: &Entry, counts: &[u32], seed: u64) -> Record {
    (entry.run)(&bad_day(entry, counts), seed, &Watch::QUIET)
}

/// No draw is another one, and no event comes at another time.
#[test]
fn raft_notices_nothing() {
    for seed in 0..20 {
        let (alone, within) = (run(&RAFT, &[5, 4], seed), run(&CONTROLLER, &[5, 4, 0], seed));
        assert_eq!(alone.head.digest, within.head.digest, "seed {seed}");
        assert_eq!(alone.head.operations, within.head.operations, "seed {seed}");
    }
}

/// Brokers are told of each leader beside it, and elections go as they would alone.
#[test]
fn brokers_obey_the_newest_leader_and_change_no_election() {
    for seed in 0..20 {
        let (alone, within) = (run(&RAFT, &[5, 4], seed), run(&CONTROLLER, &[5, 4, 3], seed));
        assert_eq!(within.head.verdict, Judgement::Pass, "{:?}", within.head.violations);
        let told = |record: &Record, name: &str| record.head.metrics[name];
        for name in ["elections", "elections_started", "entries_appended"] {
            assert_eq!(told(&alone, name), told(&within, name), "seed {seed}: {name}");
        }
        assert_eq!(alone.head.operations, within.head.operations, "seed {seed}");
        assert!(told(&within, "orders_obeyed") > 100, "seed {seed}");
    }
}
