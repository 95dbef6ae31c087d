//! Entries that are wrong in the books of a run: each is noticed when the books are closed, which happens
//! at the end of every run (`check:K1`, `check:K2`, `check:K3`).

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Heart, plan};
use crate::law::Law;
use crate::plan::{Plan, Sharing, Watch, Wire};
use crate::protocol::NodeId;
use crate::simulation::Simulation;
use crate::simulation::ledger::Status;
use crate::time::{SimTime, Span};

/// Beats on wires and processors that take time.
fn busy() -> Plan {
    let mut plan = plan();
    plan.duration = Span::secs(9);
    let sharing = Sharing::Fair;
    plan.network.wire = Some(Wire { bandwidth: 1_000_000, queue: None, sharing });
    plan.processor.step = Some(Law::Exponential { mean: Span::micros(300) });
    plan
}

/// What the engine says of a run in whose books something is written before they are closed.
fn closed_after(plant: impl FnOnce(&mut Simulation<'_, Heart>)) -> Result<(), String> {
    let plan = busy();
    let mut simulation = Simulation::<Heart>::new(&plan, 1, 0);
    simulation.go();
    assert!(simulation.world.messages.delivered > 2_000);
    plant(&mut simulation);
    let closed = catch_unwind(AssertUnwindSafe(|| simulation.finish(1, &Watch::QUIET)));
    closed.map(|_| ()).map_err(|panic| *panic.downcast::<String>().expect("a sentence"))
}

#[track_caller]
fn caught(said: &str, plant: impl FnOnce(&mut Simulation<'_, Heart>)) {
    let found = closed_after(plant).expect_err(said);
    assert!(found.contains(said), "{found:?} does not say {said:?}");
}

#[test]
fn k1_books_without_a_wrong_entry_are_closed() {
    assert_eq!(closed_after(|_| ()), Ok(()));
}

#[test]
fn k1_a_wrong_time_of_a_message_is_caught() {
    caught("Little's law for messages", |simulation| {
        let now = simulation.world.now;
        simulation.world.wire.enter(now);
        simulation.world.wire.leave(now, SimTime(now.0 - 1));
    });
}

#[test]
fn k1_a_message_that_never_left_is_caught() {
    caught("messages: ", |simulation| {
        let now = simulation.world.now;
        simulation.world.wire.enter(now);
    });
}

#[test]
fn k1_an_operation_that_is_forgotten_is_caught() {
    caught("operations: ", |simulation| {
        simulation.world.ledger.rows[5].status = Status::Open;
    });
}

#[test]
fn k1_a_wrong_time_of_an_operation_is_caught() {
    caught("Little's law for operations", |simulation| {
        let (now, ledger) = (simulation.world.now, &mut simulation.world.ledger);
        let call = ledger.call(now, NodeId(0), None);
        ledger.rows.last_mut().expect("it was called").called = SimTime(now.0 - 7);
        assert!(ledger.end(now, call, Status::Ok).is_some());
    });
}

#[test]
fn k2_a_message_that_arrives_twice_is_caught() {
    caught("messages: sent + duplicated is ", |simulation| {
        simulation.world.messages.delivered += 1;
    });
}

#[test]
fn k2_a_message_that_dies_unseen_is_caught() {
    caught("messages: sent + duplicated is ", |simulation| {
        simulation.world.messages.sent += 1;
    });
}

#[test]
fn k3_work_that_a_processor_did_not_do_is_caught() {
    caught("utilisation of the processor of n1", |simulation| {
        let processor = simulation.nodes[0].processor_mut().expect("it takes time");
        processor.plant(1);
    });
}
