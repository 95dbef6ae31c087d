//! Ping in the real engine, with and without its bug.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Fault, PlannedFault, Target, Watch};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::record::Judgement;
use rehearsal_sim::time::{SimTime, Span};

use crate::ping::Ping;
use crate::testing::plan;

const PING: Entry = Entry::of::<Ping>();

#[test]
fn every_ping_is_answered_though_the_server_crashes() {
    let crash = Fault::Crash(Target::Nodes(vec![NodeId(0)]));
    let at = SimTime::ZERO + Span::secs(5);
    let faults = vec![PlannedFault::once(at, Some(Span::secs(2)), crash)];
    let record = (PING.run)(&plan(&PING, &[1, 2], faults), 1, &Watch::QUIET);
    assert_eq!(record.head.verdict, Judgement::Pass, "{:?}", record.head.violations);
    assert_eq!(record.head.operations.ok, record.head.operations.called);
    assert!(record.head.metrics["retries"] > 0);
}

#[test]
fn a_stale_answer_is_caught() {
    let mut plan = plan(&PING, &[1, 2], Vec::new());
    plan.bugs = vec![0];
    let record = (PING.run)(&plan, 1, &Watch::QUIET);
    assert_eq!(record.head.violations[0].property, "answers_match");
}
