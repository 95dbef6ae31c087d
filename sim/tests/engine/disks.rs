//! Durability: what waits for the disk, and what a crash leaves.

use rehearsal_sim::plan::{Fault, Plan, Watch};
use rehearsal_sim::record::{Health, Record, RowKind};
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::Ping;
use crate::puppet::{Do, On, PUPPET};

#[test]
fn held_effects_wait_for_what_was_appended_before_them() {
    let plan = puppets(
        2,
        &[
            (
                0,
                On::Boot,
                &[
                    Do::SaySynced(1), // nothing to wait for
                    Do::Append(7),
                    Do::SaySynced(2),
                    Do::SendSynced(1, Ping(1)),
                    Do::ArmSynced(Zulu(0), 1),
                    Do::Say(3),
                    Do::Arm(Zulu(1), 4),
                ],
            ),
            // Appended at 4 ms, while the first sync is under way: durable with the second.
            (0, On::Bell(Zulu(1)), &[Do::Append(8), Do::SaySynced(4), Do::Say(5)]),
            (0, On::Bell(Zulu(0)), &[Do::Say(6)]),
        ],
    );
    let record = run(&plan);
    assert_eq!(said(&record, 0), [(0, 1), (0, 3), (4, 5), (10, 2), (11, 6), (20, 4)]);
    assert_eq!(deliveries(&record), [("n1->n2 Ping#1".to_owned(), 11 * MS)]);
    let syncs = story(&record, 0, RowKind::Sync);
    assert_eq!(syncs, ["10 1 write is durable", "20 1 write is durable"]);
}

#[test]
fn a_crash_loses_the_unsynced_tail_and_what_waited_for_it() {
    let mut plan = puppets(
        2,
        &[
            (
                0,
                On::Again(0),
                &[Do::Append(1), Do::Append(2), Do::SaySynced(1), Do::Arm(Zulu(0), 12)],
            ),
            (0, On::Bell(Zulu(0)), &[Do::Append(3), Do::SaySynced(2), Do::SendSynced(1, Ping(1))]),
            (0, On::Again(1), &[Do::Append(4), Do::SaySynced(3)]),
            (0, On::Again(2), &[Do::Truncate(1), Do::Append(5), Do::Arm(Zulu(1), 20)]),
            (0, On::Bell(Zulu(1)), &[Do::Clear, Do::Append(6)]),
        ],
    );
    plan.faults = vec![
        fault(15, 5, Fault::Crash(nodes(&[0]))),
        fault(50, 1, Fault::Crash(nodes(&[0]))),
        fault(90, 1, Fault::Crash(nodes(&[0]))),
    ];
    let record = run(&plan);
    assert_eq!(said(&record, 0), [(10, 1), (30, 3)]);
    assert_eq!(record.head.messages.sent, 0);
    let boots: Vec<String> = boots(&record, 0);
    let disks: Vec<&str> = boots.iter().map(|b| b.split_once("incarnation").unwrap().1).collect();
    let expected =
        [": 0, disk: [] }", ": 1, disk: [1, 2] }", ": 2, disk: [1, 2, 4] }", ": 3, disk: [6] }"];
    assert_eq!(disks, expected);
    let told = story(&record, 0, RowKind::Boot);
    assert_eq!(told[0], "0 boots");
    assert_eq!(told[1], "20 boots again, with 2 records on disk");
    assert_eq!(told[3], "91 boots again, with 1 record on disk");
    let crashes = story(&record, 0, RowKind::Fault);
    assert_eq!(crashes[0], "15 crashes, losing 1 write that was not durable");
}

#[test]
fn a_sync_that_a_crash_interrupts_does_not_end_later() {
    // Both incarnations append at once: the second sync begins at 6 ms and ends at 16 ms, not at 10.
    let mut plan = puppets(1, &[(0, On::Boot, &[Do::Append(1), Do::SaySynced(1)])]);
    plan.faults = vec![fault(5, 1, Fault::Crash(nodes(&[0])))];
    assert_eq!(said(&run(&plan), 0), [(16, 1)]);
}

#[test]
fn a_sync_that_ends_while_its_node_stands_still_is_heard_of_afterwards() {
    let mut plan = puppets(
        2,
        &[
            (0, On::Boot, &[Do::Append(1), Do::SaySynced(1), Do::Arm(Zulu(0), 5)]),
            (0, On::Bell(Zulu(0)), &[Do::Append(2), Do::SaySynced(2)]),
            (1, On::Boot, &[Do::Arm(Zulu(0), 11)]),
            (1, On::Bell(Zulu(0)), &[Do::Send(0, Ping(1))]),
            (0, On::Body(Ping(1)), &[Do::Say(3)]),
        ],
    );
    plan.faults = vec![fault(8, 32, Fault::Pause(nodes(&[0])))];
    let record = run(&plan);
    assert_eq!(said(&record, 0), [(40, 1), (40, 2), (40, 3)]);
    assert_eq!(story(&record, 0, RowKind::Sync).len(), 2);
}

/// A node appends a record every so often: at 0, and 5 ms before each of the following syncs ends.
fn appends(before: impl Fn(&mut Plan)) -> Record {
    let mut plan = puppets(
        1,
        &[
            (
                0,
                On::Boot,
                &[Do::Append(1), Do::SaySynced(1), Do::Arm(Zulu(0), 15), Do::Arm(Zulu(1), 25)],
            ),
            (0, On::Bell(Zulu(0)), &[Do::Append(2), Do::Append(3), Do::SaySynced(2)]),
            (0, On::Bell(Zulu(1)), &[Do::Append(4), Do::SaySynced(3)]),
            (0, On::WriteFailed, &[Do::Exit, Do::Say(9)]),
        ],
    );
    before(&mut plan);
    run(&plan)
}

#[test]
fn a_full_disk_refuses_a_sync_and_its_node_may_end_itself() {
    let record = appends(|plan| plan.disk.capacity = Some(2));
    // The second sync would need room for three; the third record dies with the second.
    assert_eq!(said(&record, 0), [(10, 1), (25, 9)], "what else the step does still happens");
    assert_eq!(notes(&record, 0)[3..], ["25 Failed { lost: 3 }", "25 Said(9)"]);
    assert_eq!(story(&record, 0, RowKind::Sync)[1], "25 refuses 3 writes, which are lost");
    assert_eq!(story(&record, 0, RowKind::Fault), ["25 ends itself: told to end"]);
    let last = record.standings.last().unwrap();
    assert_eq!((last.at_ns, last.health), (25 * MS, Health::Down));
    let metric = |name: &str| record.head.metrics[name];
    assert_eq!((metric("exits"), metric("crashes"), metric("writes_failed")), (1, 0, 3));
    assert_eq!(metric("restarts"), 0, "nobody starts it again");
}

#[test]
fn a_supervisor_starts_again_what_ended_itself_and_only_that() {
    let supervised = |plan: &mut Plan| plan.supervisor.restart_after = Some(Span::millis(100));
    let record = appends(|plan| {
        plan.disk.capacity = Some(2);
        supervised(plan);
    });
    let boots = boots(&record, 0);
    // From one record it needs room for a second at 135 ms, and for two more at 150.
    assert!(boots[1].ends_with("incarnation: 1, disk: [1] }"), "{boots:?}");
    assert!(boots[1].starts_with("125 ") && boots[2].starts_with("250 "), "{boots:?}");
    assert!(boots[2].ends_with("incarnation: 2, disk: [1, 1] }"), "{boots:?}");
    // Then every start fails with its first write, ten milliseconds later.
    assert!(boots[3].starts_with("360 ") && boots.len() == 9, "{boots:?}");

    let crashed = appends(|plan| {
        supervised(plan);
        plan.faults = vec![fault(50, 0, Fault::Crash(nodes(&[0])))];
    });
    assert_eq!(crashed.head.metrics["restarts"], 0, "a crash is not the supervisor's business");
}

/// Whoever was started by somebody else is left alone, whatever became of it meanwhile.
#[test]
fn a_supervisor_comes_too_late_where_somebody_was_faster() {
    let record = appends(|plan| {
        plan.disk.capacity = Some(2);
        plan.supervisor.restart_after = Some(Span::millis(100));
        plan.faults = vec![
            fault(30, 0, Fault::Restart(nodes(&[0]))),
            fault(35, 0, Fault::Crash(nodes(&[0]))),
        ];
    });
    assert_eq!(boots(&record, 0).len(), 2, "down since 35 ms, by a crash");
}

#[test]
fn a_process_may_end_itself_at_its_start() {
    let mut plan = puppets(2, &[(0, On::Boot, &[Do::Send(1, Ping(1)), Do::Append(1), Do::Exit])]);
    plan.supervisor.restart_after = Some(Span::millis(400));
    let record = run(&plan);
    let told = story(&record, 0, RowKind::Fault);
    let end = "ends itself: told to end, losing 1 write that was not durable";
    assert_eq!(told, [0, 400, 800].map(|at| format!("{at} {end}")));
    assert_eq!(deliveries(&record).len(), 3);
}

#[test]
fn a_refused_write_waits_for_a_node_that_stands_still() {
    let record = appends(|plan| {
        plan.disk.capacity = Some(2);
        plan.faults = vec![fault(20, 100, Fault::Pause(nodes(&[0])))];
    });
    assert_eq!(said(&record, 0), [(10, 1), (120, 9)]);
}

#[test]
fn a_crash_in_the_middle_of_a_sync_leaves_some_of_it() {
    let crash = |survives: f64, torn: f64| {
        appends(|plan| {
            (plan.disk.survives, plan.disk.torn) = (chance(survives), chance(torn));
            plan.faults = vec![fault(20, 1, Fault::Crash(nodes(&[0])))];
        })
    };
    let all = crash(1.0, 0.0);
    assert!(boots(&all, 0)[1].ends_with("disk: [1, 2, 3] }"), "{:?}", boots(&all, 0));
    assert_eq!(said(&all, 0)[..2], [(10, 1), (31, 1)], "but nobody was told of it");
    assert_eq!(story(&all, 0, RowKind::Fault)[0], "20 crashes; 2 more had reached the disk");

    let torn = crash(0.0, 1.0);
    assert!(notes(&torn, 0).contains(&"21 Found { torn: 1, damaged: 0 }".to_owned()));
    let told =
        "20 crashes, losing 2 writes that were not durable; the first lost one is half-written";
    assert_eq!(story(&torn, 0, RowKind::Fault)[0], told);
    let metric = |name: &str| (all.head.metrics[name], torn.head.metrics[name]);
    assert_eq!((metric("writes_survived"), metric("writes_torn")), ((2, 0), (0, 1)));

    // Between two syncs nothing is under way.
    let idle = appends(|plan| {
        plan.disk.survives = chance(1.0);
        plan.faults = vec![fault(12, 1, Fault::Crash(nodes(&[0])))];
    });
    assert!(boots(&idle, 0)[1].ends_with("disk: [1] }"));
}

/// What a crash leaves depends on the node and the instant, and not on what crashed before.
#[test]
fn one_crash_more_does_not_change_what_another_leaves() {
    let left = |first: bool, seed: u64| {
        let acts: Vec<Do> = (0..20).map(Do::Append).collect();
        let rules = [(0, On::Bell(Zulu(0)), &acts[..]), (0, On::Boot, &[Do::Arm(Zulu(0), 100)])];
        let mut plan = puppets(1, &rules);
        plan.disk.survives = chance(0.9);
        let early = [(0, 2), (105, 1)];
        plan.faults = early[usize::from(!first)..]
            .iter()
            .map(|(at, lasts)| fault(*at, *lasts, Fault::Crash(nodes(&[0]))))
            .collect();
        let record = (PUPPET.run)(&plan, seed, &Watch::TRACED);
        record.head.metrics["writes_survived"]
    };
    let (with, without): (Vec<i64>, Vec<i64>) =
        (1..20).map(|seed| (left(true, seed), left(false, seed))).unzip();
    assert_eq!(with, without);
    assert!(with.iter().collect::<std::collections::BTreeSet<_>>().len() > 5, "{with:?}");
}
