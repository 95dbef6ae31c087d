//! What a scenario demands, and what the judge makes of it.

use rehearsal_sim::plan::{Expect, Expectation, Fault, Plan, Watch};
use rehearsal_sim::record::{Judgement, Measured, Record, ViolationKind};
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::{Config, Do, On, PUPPET};

/// One client that answers every call after 5 ms, called every 100 ms; down from 350 to 650 ms.
fn busy() -> Plan {
    let rules: &[(u32, On, &[Do])] =
        &[(0, On::Call, &[Do::Arm(Zulu(0), 5)]), (0, On::Bell(Zulu(0)), &[Do::Reply])];
    let mut plan = puppets_and_clients(0, 1, rules);
    plan.workload = Some(every(100));
    plan.faults = vec![fault(350, 300, Fault::Crash(nodes(&[0])))];
    plan
}

fn judge(plan: &Plan, expectation: Expectation) -> (Measured, Record) {
    let mut plan = plan.clone();
    plan.expectations = vec![expectation];
    let record = run(&plan);
    let measured = record.head.expectations[0].clone();
    let expected = match measured.holds {
        Some(true) => Judgement::Pass,
        Some(false) => Judgement::Fail,
        None => Judgement::Inconclusive,
    };
    assert_eq!(record.head.verdict, expected, "{measured:?}");
    assert_eq!(record.head.violations.is_empty(), measured.holds != Some(false));
    (measured, record)
}

/// Tries an expectation that holds, and one that does not but measures the same.
#[track_caller]
fn both(plan: &Plan, holds: Expect, fails: Expect, measured: &str) {
    for (expect, outcome) in [(holds, true), (fails, false)] {
        let (found, record) = judge(plan, expecting(expect));
        assert_eq!((found.measured.as_str(), found.holds), (measured, Some(outcome)));
        if !outcome {
            let violation = &record.head.violations[0];
            assert_eq!(violation.property, "a_name");
            assert_eq!(violation.kind, ViolationKind::Expectation);
            let says = format!("expected a_name = 1, measured {measured}");
            assert_eq!(violation.message, says);
        }
    }
}

#[test]
fn latency() {
    let bound = |one_in, ns| Expect::LatencyAtMost { one_in, bound: Span(ns) };
    both(&busy(), bound(2, 5 * MS), bound(2, 5 * MS - 1), "5ms");
    let nobody = puppets(1, &[]);
    let (found, _) = judge(&nobody, expecting(bound(2, u64::MAX)));
    assert_eq!((found.measured.as_str(), found.holds), ("no operation succeeded", Some(false)));
}

#[test]
fn throughput() {
    // Of nine calls three fail.
    let at_least = |operations| Expect::ThroughputAtLeast { operations, per: Span::secs(1) };
    both(&busy(), at_least(6), at_least(7), "6.0/s");
}

#[test]
fn error_rate() {
    let most = |p| Expect::ErrorRateAtMost(chance(p));
    both(&busy(), most(0.34), most(0.33), "0.33333 (3 of 9)");
}

#[test]
fn error_rate_leaves_out_what_could_not_be_answered_yet() {
    // A client that never answers, called every 100 ms of two seconds: what was called in the first
    // one is unanswered, what was called in the last one is not counted.
    let mut plan = puppets_and_clients(0, 1, &[]);
    plan.duration = Span::secs(2);
    plan.workload = Some(every(100));
    let (found, _) = judge(&plan, expecting(Expect::ErrorRateAtMost(chance(0.5))));
    assert_eq!((found.measured.as_str(), found.holds), ("1.00000 (10 of 10)", Some(false)));
    plan.duration = Span::millis(900);
    let (found, _) = judge(&plan, expecting(Expect::ErrorRateAtMost(chance(0.0))));
    assert_eq!((found.measured.as_str(), found.holds), ("0.00000 (0 of 0)", Some(true)));
}

#[test]
fn unavailability() {
    let most = |ns| Expect::UnavailableAtMost(Span(ns));
    both(&busy(), most(5 * MS), most(5 * MS - 1), "5ms");
}

#[test]
fn recovery() {
    let within = |ns| Expect::RecoveredWithin(Span(ns));
    both(&busy(), within(55 * MS), within(55 * MS - 1), "55ms");
    let mut plan = busy();
    plan.faults[0].lasts = None;
    let (found, _) = judge(&plan, expecting(within(u64::MAX)));
    let says = "nothing succeeded after the last fault";
    assert_eq!((found.measured.as_str(), found.holds), (says, Some(false)));
}

#[test]
fn leaders() {
    let mut plan = puppets(
        3,
        &[
            (0, On::Boot, &[Do::Lead(1)]),
            (1, On::Boot, &[Do::Lead(2), Do::Arm(Zulu(0), 50), Do::Arm(Zulu(1), 60)]),
            (1, On::Bell(Zulu(0)), &[Do::Lead(1)]),
            (1, On::Bell(Zulu(1)), &[Do::Follow(1)]),
        ],
    );
    let most = Expect::LeadersAtMost;
    both(&plan, most(2), most(1), "2 in one epoch at one instant");
    let in_window = |plan: &Plan, from, to| {
        let expectation = Expectation { during: Some((ms(from), ms(to))), ..expecting(most(1)) };
        judge(plan, expectation).0.measured.remove(0)
    };
    assert_eq!(in_window(&plan, 0, 50), '1');
    assert_eq!(in_window(&plan, 0, 51), '2');
    assert_eq!(in_window(&plan, 52, 55), '2', "nothing changes in the window");
    assert_eq!(in_window(&plan, 61, 100), '1');
    // A leader that is down leads nobody.
    plan.faults = vec![fault(40, 0, Fault::Crash(nodes(&[0])))];
    assert_eq!(run(&plan).head.metrics["leaders_max"], 1);
}

#[test]
fn metrics() {
    let plan = puppets(
        2,
        &[
            (0, On::Boot, &[Do::Count(2), Do::Gauge(-5), Do::Gauge(-7)]),
            (1, On::Boot, &[Do::Count(3), Do::Gauge(-6)]),
        ],
    );
    let metric = |name: &str, min, max| Expect::Metric { name: name.to_owned(), min, max };
    both(&plan, metric("things", Some(5), Some(5)), metric("things", Some(6), None), "5");
    both(&plan, metric("depth_max", Some(-5), None), metric("depth_max", None, Some(-6)), "-5");
    both(&plan, metric("crashes", None, Some(0)), metric("crashes", Some(1), None), "0");
    let metrics = run(&plan).head.metrics;
    assert!(!metrics.contains_key("depth") && !metrics.contains_key("bug_evaluations"));
}

#[test]
fn invariants() {
    let good = puppets(2, &[(1, On::Boot, &[Do::Say(1)])]);
    let bad = puppets(2, &[(1, On::Boot, &[Do::Say(666)])]);
    let holds = || expecting(Expect::Holds("nothing_evil".to_owned()));
    let violates = || expecting(Expect::Violates("nothing_evil".to_owned()));
    assert_eq!(judge(&good, holds()).0.measured, "it held");
    let (found, record) = judge(&bad, holds());
    assert_eq!((found.measured.as_str(), found.holds), ("violated at 0.000000s", Some(false)));
    let [violation] = &record.head.violations[..] else { panic!("one violation, told once") };
    assert_eq!(violation.property, "nothing_evil");
    assert_eq!(violation.kind, ViolationKind::Safety);
    assert_eq!(
        (&violation.nodes[..], violation.message.as_str()),
        (&["n2".to_owned()][..], "n2 says 666")
    );
    assert_eq!(violation.citation, "Revelation 13:18");
    assert_eq!(judge(&bad, violates()).0.holds, Some(true));
    assert_eq!(judge(&good, violates()).0.holds, Some(false));
    // Unasked, an invariant is judged all the same.
    assert_eq!(run(&bad).head.verdict, Judgement::Fail);
    // A property that nobody judges is no silent pass.
    let (found, _) = judge(&good, expecting(Expect::Holds("nothing_evill".to_owned())));
    assert_eq!(
        (found.measured.as_str(), found.holds),
        ("there is no property nothing_evill", None)
    );
}

#[test]
fn other_expectations_of_a_run_that_was_cut_short_are_not_judged() {
    let mut plan = puppets(2, &[(1, On::Boot, &[Do::Say(666)])]);
    let metric = Expect::Metric { name: "crashes".to_owned(), min: None, max: None };
    plan.expectations = vec![expecting(metric)];
    let head = run(&plan).head;
    assert_eq!((head.expectations[0].holds, head.verdict), (None, Judgement::Fail));
    // Nor where the violation was expected: the rest of the run did not happen.
    plan.expectations.push(expecting(Expect::Violates("nothing_evil".to_owned())));
    let head = run(&plan).head;
    assert_eq!((head.expectations[0].holds, head.verdict), (None, Judgement::Inconclusive));
    plan.expectations.remove(0);
    assert_eq!(run(&plan).head.verdict, Judgement::Pass);
}

#[test]
fn a_planted_bug_that_was_never_reached_says_nothing() {
    let mut plan = puppets(1, &[(0, On::Bell(Zulu(0)), &[Do::Decide])]);
    plan.bugs = vec![0];
    let head = run(&plan).head;
    assert_eq!((head.verdict, head.metrics["bug_evaluations"]), (Judgement::Inconclusive, 0));
    let violates = || expecting(Expect::Violates("nothing_evil".to_owned()));
    let (found, _) = judge(&plan, violates());
    assert_eq!(found.measured, "not violated, and the planted bug was never reached");

    let mut plan = puppets(1, &[(0, On::Boot, &[Do::Decide])]);
    assert_eq!(run(&plan).head.verdict, Judgement::Pass, "nobody planted it");
    plan.bugs = vec![1];
    assert_eq!(run(&plan).head.verdict, Judgement::Inconclusive, "another one is planted");
    plan.bugs = vec![0];
    let head = run(&plan).head;
    assert_eq!((head.verdict, head.metrics["bug_evaluations"]), (Judgement::Fail, 1));
    assert_eq!(judge(&plan, violates()).0.holds, Some(true));
}

/// A client that answers at 150 ms and then never again, called for 10 s.
fn stuck(servers: u32) -> Plan {
    let rules = vec![
        (servers, On::Boot, vec![Do::Arm(Zulu(0), 150)]),
        (servers, On::Bell(Zulu(0)), vec![Do::Reply]),
    ];
    let config = Config { rules, needs_majority: true };
    let mut plan = plan(servers, 1, erased(config));
    plan.workload = Some(every(100));
    plan.duration = Span::secs(10);
    plan
}

#[test]
fn a_cluster_that_has_all_it_needs_and_does_nothing_is_stuck() {
    let plan = stuck(3);
    let record = run(&plan);
    assert_eq!(record.head.verdict, Judgement::Fail);
    let [violation] = &record.head.violations[..] else { panic!("one violation") };
    assert_eq!(
        (violation.property.as_str(), violation.kind),
        ("progress", ViolationKind::Liveness)
    );
    let says = "98 operations wait and none succeeded since 0.200000s";
    assert_eq!(violation.message, says);
    let (found, record) = judge(&plan, expecting(Expect::Progress));
    assert_eq!((found.measured.as_str(), record.head.violations.len()), (says, 1), "told once");
    assert_eq!(
        judge(&plan, expecting(Expect::Violates("progress".to_owned()))).0.holds,
        Some(true)
    );
}

#[test]
fn a_run_that_ends_too_early_says_nothing_about_progress() {
    let mut plan = stuck(3);
    plan.duration = Span::secs(5);
    let (found, _) = judge(&plan, expecting(Expect::Progress));
    let says = "48 operations wait and none succeeded since 0.200000s; the run ended 4.8s after the \
                last fault or success, and 5s are needed to judge";
    assert_eq!((found.measured.as_str(), found.holds), (says, None));
    // Who has waited for less than a second waits like everybody.
    plan.duration = Span::secs(1);
    let (found, _) = judge(&plan, expecting(Expect::Progress));
    assert_eq!((found.measured.as_str(), found.holds), ("no operation waits in vain", Some(true)));
}

/// One client answers, the other drops what it is asked on the floor.
#[test]
fn a_forgotten_operation_is_no_progress() {
    let mut plan = puppets_and_clients(0, 2, &[(0, On::Call, &[Do::Reply])]);
    plan.workload = Some(every(100));
    plan.duration = Span::secs(9);
    assert_eq!(run(&plan).head.verdict, Judgement::Pass, "others are not ten seconds ahead");
    plan.duration = Span::secs(20);
    let record = run(&plan);
    let [violation] = &record.head.violations[..] else { panic!("{:?}", record.head.violations) };
    assert_eq!(violation.property, "progress");
    assert!(violation.message.contains("called more than 10s later"), "{}", violation.message);
}

#[test]
fn waiting_for_a_quorum_is_legal_unless_progress_is_demanded() {
    let mut plan = stuck(3);
    plan.faults = vec![fault(100, 0, Fault::Crash(nodes(&[0, 1])))];
    let record = run(&plan);
    let why = "98 operations wait and none succeeded since 0.200000s: a majority of 2 of 3 servers \
               is needed, at most 1 are up and connected";
    assert_eq!(record.head.legally_stuck.as_deref(), Some(why));
    assert_eq!(record.head.verdict, Judgement::Pass);
    let (found, record) = judge(&plan, expecting(Expect::Progress));
    assert_eq!((found.measured.as_str(), found.holds), (why, Some(false)));
    assert_eq!(record.head.violations[0].kind, ViolationKind::Liveness);

    // A pause without end, and a partition without end, take the quorum as well.
    let parts = Fault::Partition(vec![vec![nodes(&[0])], vec![nodes(&[1])], vec![nodes(&[2])]]);
    for fault in [fault(100, 0, Fault::Pause(nodes(&[0, 1]))), fault(100, 0, parts)] {
        plan.faults = vec![fault];
        assert!(run(&plan).head.legally_stuck.is_some());
    }
}

#[test]
fn a_fault_that_lasts_excuses_waiting() {
    let mut plan = stuck(3);
    plan.faults = vec![fault(100, 0, Fault::Loss(chance(1.0)))];
    let record = run(&plan);
    let why =
        "98 operations wait and none succeeded since 0.200000s, while a fault lasts: loss 100 %";
    assert_eq!(record.head.legally_stuck.as_deref(), Some(why));
    assert_eq!(record.head.verdict, Judgement::Pass);
    let (found, _) = judge(&plan, expecting(Expect::Progress));
    assert_eq!((found.measured.as_str(), found.holds), (why, Some(false)));
    // Five seconds after its end they are up.
    plan.faults = vec![fault(100, 4_800, Fault::Loss(chance(1.0)))];
    assert_eq!(run(&plan).head.verdict, Judgement::Fail);
    plan.faults = vec![fault(100, 5_000, Fault::Loss(chance(1.0)))];
    assert_eq!(run(&plan).head.verdict, Judgement::Pass);
}

#[test]
fn expectations_may_ask_for_a_part_of_the_run() {
    let plan = busy();
    let during = |expect, from, to| {
        judge(&plan, Expectation { during: Some((ms(from), ms(to))), ..expecting(expect) }).0
    };
    let throughput = || Expect::ThroughputAtLeast { operations: 1, per: Span::secs(1) };
    assert_eq!(during(throughput(), 0, 350).measured, "8.6/s");
    assert_eq!(during(throughput(), 400, 600).holds, Some(false));
    assert_eq!(during(throughput(), 2_000, 3_000).holds, Some(false), "beyond the end");
    let errors = || Expect::ErrorRateAtMost(chance(0.5));
    assert_eq!(during(errors(), 400, 700).measured, "1.00000 (3 of 3)");
    assert_eq!(during(errors(), 0, 400).measured, "0.00000 (0 of 3)");
    let latency = || Expect::LatencyAtMost { one_in: 2, bound: Span::secs(1) };
    assert_eq!(during(latency(), 400, 700).measured, "no operation succeeded");
    let gap = || Expect::UnavailableAtMost(Span::ZERO);
    assert_eq!(during(gap(), 100, 103).measured, "3ms");
    assert_eq!(during(gap(), 400, 600).measured, "0s", "nobody waits: calls fail at once");
}

#[test]
fn linearizability_is_judged_where_it_is_asked_for() {
    let plan = busy();
    for expect in [Expect::Linearizable, Expect::Holds("linearizable".to_owned())] {
        let mut plan = plan.clone();
        plan.expectations = vec![expecting(expect)];
        let record = (PUPPET.run)(&plan, 1, &Watch::QUIET);
        let found = &record.head.expectations[0];
        assert_eq!((found.measured.as_str(), found.holds), ("linearizable", Some(true)));
    }
}
