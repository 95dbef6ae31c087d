//! Panics of a protocol are violations, panics of the simulator are not swallowed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rehearsal_sim::plan::{Expect, Fault};
use rehearsal_sim::record::{Judgement, Record, RowKind, ViolationKind};

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::Ping;
use crate::puppet::{Do, On};

fn panicked(record: &Record, at: u64, says: &str) {
    assert_eq!(record.head.verdict, Judgement::Fail);
    let [violation] = &record.head.violations[..] else { panic!("{:?}", record.head.violations) };
    assert_eq!((violation.property.as_str(), violation.kind), ("panicked", ViolationKind::Panic));
    assert_eq!((violation.at_ns, &violation.nodes[..]), (at * MS, &["n2".to_owned()][..]));
    assert_eq!(violation.message, says);
    assert_eq!(record.head.virtual_ns, at * MS, "it ends the run");
    let last = record.trace.rows().last().expect("a row");
    assert_eq!(last.kind, RowKind::Violation);
}

#[test]
fn a_panic_in_boot_is_a_violation() {
    let record = run(&puppets(2, &[(1, On::Boot, &[Do::Panic])]));
    panicked(&record, 0, "n2 panicked while booting: told to panic");
    let mut plan = puppets(2, &[(1, On::Again(1), &[Do::Panic])]);
    plan.faults = vec![fault(100, 50, Fault::Crash(nodes(&[1])))];
    panicked(&run(&plan), 150, "n2 panicked while booting: told to panic");
}

#[test]
fn a_panic_in_a_step_is_a_violation() {
    let plan = puppets(
        2,
        &[
            (0, On::Boot, &[Do::Send(1, Ping(1)), Do::Send(1, Ping(2))]),
            (1, On::Body(Ping(1)), &[Do::Append(1)]),
            (1, On::Body(Ping(2)), &[Do::Append(2), Do::Panic]),
        ],
    );
    panicked(&run(&plan), 1, "n2 panicked on a message Ping from n1: told to panic");
    let plan =
        puppets(2, &[(1, On::Boot, &[Do::Arm(Zulu(0), 3)]), (1, On::Bell(Zulu(0)), &[Do::Panic])]);
    panicked(&run(&plan), 3, "n2 panicked on the timer Zulu: told to panic");
}

#[test]
fn a_panic_on_a_call_is_a_violation_and_the_books_stay_in_order() {
    let mut plan = puppets_and_clients(1, 1, &[(1, On::Call, &[Do::Panic])]);
    plan.nodes[1].name = "n2".to_owned();
    plan.workload = Some(every(10));
    let record = run(&plan);
    panicked(&record, 10, "n2 panicked on a call of get: told to panic");
    assert_eq!((record.head.operations.called, record.head.operations.unknown), (1, 1));
}

#[test]
fn mistakes_of_a_step_are_the_steps() {
    let plan = puppets(2, &[(1, On::Boot, &[Do::Send(2, Ping(1))])]);
    let says = "n2 panicked while booting: node 2 does not exist: there are 2";
    panicked(&run(&plan), 0, says);
    let plan = puppets(2, &[(1, On::Boot, &[Do::ArmRange(Zulu(0), 2, 1)])]);
    let says = "n2 panicked while booting: the range 2ms..1ms ends before it begins";
    panicked(&run(&plan), 0, says);
    let plan = puppets(2, &[(1, On::Boot, &[Do::Pick(0)])]);
    let says = "n2 panicked while booting: there is no number below 0 to draw";
    panicked(&run(&plan), 0, says);
}

/// Any other node would answer through a wire that takes no time and never fails.
#[test]
fn only_the_node_a_call_was_made_on_ends_it() {
    let says = |call, says: &str| {
        let rules: &[(u32, On, &[Do])] =
            &[(0, On::Boot, &[Do::Arm(Zulu(0), 150)]), (0, On::Bell(Zulu(0)), &[Do::End(call)])];
        let mut plan = puppets_and_clients(1, 1, rules);
        plan.workload = Some(every(100));
        let record = run(&plan);
        let [violation] = &record.head.violations[..] else { panic!("one violation") };
        assert_eq!((violation.property.as_str(), violation.message.as_str()), ("panicked", says));
        assert_eq!(record.head.operations.ok, 0);
    };
    says(0, "n1 replied to call 0, which was made on client1");
    says(9, "n1 replied to call 9, which was never made");
}

#[test]
fn a_panic_that_is_expected_passes() {
    let mut plan = puppets(2, &[(1, On::Boot, &[Do::Panic])]);
    plan.expectations = vec![expecting(Expect::Violates("panicked".to_owned()))];
    let record = run(&plan);
    assert_eq!((record.head.verdict, record.head.violations.len()), (Judgement::Pass, 0));
    assert_eq!(record.head.expectations[0].holds, Some(true));
}

#[test]
fn a_panic_outside_the_protocol_goes_on_up() {
    // 999 breaks the monitor, which is no code of a node.
    let plan = puppets(2, &[(1, On::Boot, &[Do::Say(999)])]);
    let caught = catch_unwind(AssertUnwindSafe(|| run(&plan)));
    let panic = caught.expect_err("the panic is not swallowed");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the monitor itself is broken"));
}
