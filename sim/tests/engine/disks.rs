//! Durability: what waits for the disk, and what a crash leaves.

use rehearsal_sim::plan::Fault;
use rehearsal_sim::record::RowKind;

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::Ping;
use crate::puppet::{Do, On};

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
