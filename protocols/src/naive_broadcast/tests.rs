//! Naive broadcast in the real engine: it fails, and without a single fault.

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::random::Chance;

use crate::naive_broadcast::NaiveBroadcast;
use crate::testing::plan;

const ENTRY: Entry = Entry::of::<NaiveBroadcast>();

#[test]
fn servers_apply_in_different_orders_without_a_fault() {
    let mut plan = plan(&ENTRY, &[3, 2], Vec::new());
    plan.network.loss = Chance::from_f64(0.0).unwrap();
    plan.network.duplicate = Chance::from_f64(0.0).unwrap();
    for seed in 0..5 {
        let violations = (ENTRY.run)(&plan, seed, &Watch::QUIET).head.violations;
        assert!(violations.iter().any(|found| found.property == "state_machine_safety"), "{seed}");
    }
}

#[test]
fn a_single_client_that_waits_never_sees_it() {
    use rehearsal_sim::law::Law;
    use rehearsal_sim::plan::Load;
    use rehearsal_sim::record::Judgement;
    use rehearsal_sim::time::Span;
    let mut plan = plan(&ENTRY, &[1, 1], Vec::new());
    plan.network.loss = Chance::from_f64(0.0).unwrap();
    let workload = plan.workload.as_mut().expect("it has one");
    workload.load = Load::Closed { users: 1, think: Law::Constant(Span::millis(100)) };
    let head = (ENTRY.run)(&plan, 1, &Watch::QUIET).head;
    assert_eq!(head.verdict, Judgement::Pass, "{:?}", head.violations);
}
