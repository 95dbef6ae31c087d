//! Faults of disks: what they do, for how long, and the budget that damage keeps to.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Damage, DiskFault, Fault, Plan, Target};
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::{Alpha, Zulu};
use crate::puppet::{Do, On};

fn disk(ids: &[u32], fault: DiskFault) -> Fault {
    Fault::Disk { target: nodes(ids), fault }
}

/// A server that appends at 0, 20 and 40 ms; a sync takes ten.
fn writer() -> Plan {
    let again = [Do::Append(2), Do::SaySynced(2), Do::Arm(Alpha(0), 20)];
    puppets(
        1,
        &[
            (0, On::Boot, &[Do::Append(1), Do::SaySynced(1), Do::Arm(Zulu(0), 20)]),
            (0, On::Bell(Zulu(0)), &again),
            (0, On::Bell(Alpha(0)), &[Do::Append(3), Do::SaySynced(3)]),
        ],
    )
}

fn with(faults: Vec<rehearsal_sim::plan::PlannedFault>) -> Record {
    let mut plan = writer();
    plan.faults = faults;
    run(&plan)
}

#[test]
fn a_healthy_disk_writes_in_its_own_time() {
    assert_eq!(said(&with(Vec::new()), 0), [(10, 1), (30, 2), (50, 3)]);
}

#[test]
fn a_stalled_sync_ends_with_the_stall() {
    let record = with(vec![fault(5, 60, disk(&[0], DiskFault::Stall))]);
    assert_eq!(said(&record, 0), [(65, 1), (75, 2), (75, 3)], "the rest goes with the next sync");
    let rows = record.trace.rows().filter(|row| row.kind == RowKind::Fault);
    let told: Vec<String> = rows.map(|row| line(&row)).collect();
    assert_eq!(told, ["5 disks stall: n1", "65 disks go on: n1"]);
    assert_eq!(
        (record.faults[0].kind.as_str(), record.faults[0].to_ns),
        ("disk-stall", Some(65 * MS))
    );
    // A stall that is over before the sync would end changes nothing.
    let short = with(vec![fault(2, 6, disk(&[0], DiskFault::Stall))]);
    assert_eq!(said(&short, 0), [(10, 1), (30, 2), (50, 3)]);
}

#[test]
fn of_two_stalls_the_last_to_end_counts() {
    let stall = || disk(&[0], DiskFault::Stall);
    let record = with(vec![fault(5, 60, stall()), fault(6, 20, stall())]);
    assert_eq!(said(&record, 0)[0], (65, 1));
}

#[test]
fn a_stall_goes_on_over_a_crash() {
    let crash = fault(15, 5, Fault::Crash(nodes(&[0])));
    let record = with(vec![fault(5, 60, disk(&[0], DiskFault::Stall)), crash]);
    assert_eq!(boots(&record, 0)[1], "20 Booted { clock: 20000000, incarnation: 1, disk: [] }");
    // The sync of the second life began at 20 ms, and is overdue since 30.
    assert_eq!(said(&record, 0)[0], (65, 1));
}

#[test]
fn a_stall_that_nobody_ends_lasts() {
    let record = with(vec![fault(5, 0, disk(&[0], DiskFault::Stall))]);
    assert_eq!(said(&record, 0), []);
    let mut plan = writer();
    plan.heal = Some(ms(100));
    plan.faults = vec![fault(5, 0, disk(&[0], DiskFault::Stall))];
    assert_eq!(said(&run(&plan), 0), [(100, 1), (110, 2), (110, 3)], "until the world heals");
}

#[test]
fn a_slow_disk_takes_another_law_for_syncs_that_begin() {
    let slow = |ms| disk(&[0], DiskFault::Slow(Law::Constant(Span::millis(ms))));
    let record = with(vec![fault(5, 30, slow(15))]);
    assert_eq!(said(&record, 0), [(10, 1), (35, 2), (50, 3)]);
    let both = with(vec![fault(5, 30, slow(15)), fault(6, 10, slow(11)), fault(7, 25, slow(12))]);
    assert_eq!(said(&both, 0)[1], (32, 2), "the last to begin counts");
}

#[test]
fn a_disk_without_room_refuses_what_needs_some() {
    let record = with(vec![fault(15, 20, disk(&[0], DiskFault::Full))]);
    assert_eq!(said(&record, 0), [(10, 1), (50, 3)]);
    assert_eq!(notes(&record, 0)[2], "30 Failed { lost: 1 }");
    assert_eq!(record.head.metrics["writes_failed"], 1);
}

#[test]
fn a_write_error_loses_syncs_that_end_while_it_lasts() {
    let record = with(vec![fault(15, 20, disk(&[0], DiskFault::WriteError))]);
    assert_eq!(said(&record, 0), [(10, 1), (50, 3)]);
    let early = with(vec![fault(21, 5, disk(&[0], DiskFault::WriteError))]);
    assert_eq!(said(&early, 0).len(), 3, "no sync ends in it");
}

#[test]
fn what_can_not_be_read_for_a_while_is_read_afterwards() {
    let crash = |at| fault(at, 1, Fault::Crash(nodes(&[0])));
    let error = fault(55, 30, disk(&[0], DiskFault::ReadError));
    let record = with(vec![error, crash(60), crash(90)]);
    let found = "61 Found { torn: 0, damaged: 1 }".to_owned();
    let notes = notes(&record, 0);
    assert!(notes.contains(&found), "{notes:?}");
    assert_eq!(notes.iter().filter(|note| note.contains("Found")).count(), 1);
    let disks: Vec<bool> = boots(&record, 0).iter().map(|b| b.contains("disk: [1, 2, 3")).collect();
    assert_eq!(disks, [false, false, true]);
    assert_eq!(record.head.metrics["records_misread"], 1);
}

#[test]
fn bit_rot_stays_until_it_is_overwritten() {
    let crash = |at| fault(at, 1, Fault::Crash(nodes(&[0])));
    let rot = |records| fault(55, 0, disk(&[0], DiskFault::BitRot { records }));
    let count = |records| {
        let mut plan = writer();
        plan.disk.damage = Damage::BeyondBudget;
        plan.faults = vec![rot(records), crash(60), crash(80)];
        let record = run(&plan);
        let found = notes(&record, 0).into_iter().filter(|note| note.contains("Found"));
        (found.collect::<Vec<String>>(), record)
    };
    let (found, record) = count(2);
    let damaged = |at: u64| format!("{at} Found {{ torn: 0, damaged: 2 }}");
    assert_eq!(found, [damaged(61), damaged(81)], "at every start");
    assert_eq!(record.head.metrics["records_damaged"], 2);
    assert!(record.faults.iter().all(|band| band.kind == "crash"), "it is over at once");
    assert_eq!(count(9).0[0], "61 Found { torn: 0, damaged: 3 }", "all there are");
}

#[test]
fn a_misdirected_write_is_found_at_the_next_start() {
    let mut plan = writer();
    plan.disk.damage = Damage::BeyondBudget;
    let crash = fault(60, 1, Fault::Crash(nodes(&[0])));
    plan.faults = vec![fault(15, 0, disk(&[0], DiskFault::MisdirectedWrite)), crash];
    let record = run(&plan);
    assert_eq!(said(&record, 0)[..3], [(10, 1), (30, 2), (50, 3)], "nobody notices");
    assert!(boots(&record, 0)[1].ends_with("disk: [3] }"), "{:?}", boots(&record, 0));
    assert!(notes(&record, 0).contains(&"61 Found { torn: 0, damaged: 2 }".to_owned()));
}

#[test]
fn a_wiped_disk_is_that_of_a_new_server() {
    let mut plan = writer();
    plan.disk.damage = Damage::BeyondBudget;
    plan.faults = vec![fault(60, 10, disk(&[0], DiskFault::Wipe))];
    let record = run(&plan);
    assert_eq!(boots(&record, 0)[1], "70 Booted { clock: 70000000, incarnation: 1, disk: [] }");
    let told = story(&record, 0, RowKind::Fault);
    assert_eq!(told, ["60 crashes", "60 has its disk wiped, with 3 records"]);
    // One that is down already is not crashed again, and stays down without a restart.
    plan.faults =
        vec![fault(55, 0, Fault::Crash(nodes(&[0]))), fault(60, 0, disk(&[0], DiskFault::Wipe))];
    let record = run(&plan);
    let metric = |name: &str| record.head.metrics[name];
    assert_eq!((metric("crashes"), metric("disks_wiped"), metric("restarts")), (1, 1, 0));
}

/// Servers that write three records each, and then damage of every kind for all of them.
fn damaged(servers: u32, damage: Damage, kind: &DiskFault) -> Record {
    let acts = [Do::Append(1), Do::Append(2), Do::Append(3)];
    let rules: Vec<(u32, On, &[Do])> = (0..servers).map(|id| (id, On::Boot, &acts[..])).collect();
    let mut plan = puppets_and_clients(servers, 2, &rules);
    plan.disk.damage = damage;
    let all: Vec<u32> = (0..servers).collect();
    plan.faults = vec![
        fault(20, 0, disk(&all, kind.clone())),
        fault(30, 0, disk(&all, kind.clone())),
        fault(40, 0, Fault::Disk { target: Target::Majority, fault: kind.clone() }),
    ];
    run(&plan)
}

#[test]
fn damage_leaves_a_majority_undamaged() {
    let kinds = [
        (DiskFault::BitRot { records: 1 }, "records_damaged"),
        (DiskFault::MisdirectedWrite, "writes_misdirected"),
        (DiskFault::Wipe, "disks_wiped"),
    ];
    for (kind, metric) in kinds {
        for (servers, budget) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (7, 3)] {
            let record = damaged(servers, Damage::WithinBudget, &kind);
            let metrics = &record.head.metrics;
            let what = format!("{kind:?}, {servers} servers: {metrics:?}");
            // The first two strikes hit those within the budget, twice; the third perhaps some of them.
            let hits = metrics[metric];
            assert!((2 * budget..=3 * budget).contains(&hits), "{what}");
            assert!(metrics["damage_withheld"] >= 2 * (i64::from(servers) - budget), "{what}");
            let nobody = i64::from(budget == 0) * 3;
            assert!(metrics["faults_missed"] >= nobody, "{what}");
            let beyond = damaged(servers, Damage::BeyondBudget, &kind);
            assert!(beyond.head.metrics[metric] >= 2 * i64::from(servers), "{what}");
            assert_eq!(beyond.head.metrics["damage_withheld"], 0);
        }
    }
}

/// What is no damage any more makes room for other damage.
#[test]
fn truncated_damage_counts_no_more() {
    let acts = [Do::Append(1), Do::Append(2), Do::Arm(Zulu(0), 30)];
    let rules: Vec<(u32, On, &[Do])> = (0..3)
        .flat_map(|id| [(id, On::Boot, &acts[..]), (id, On::Bell(Zulu(0)), &[Do::Clear][..])])
        .collect();
    let mut plan = puppets(3, &rules[..4]); // n3 never clears
    let rot = |at, id| fault(at, 0, disk(&[id], DiskFault::BitRot { records: 1 }));
    plan.faults =
        vec![rot(20, 0), rot(25, 1), fault(45, 0, disk(&[1], DiskFault::MisdirectedWrite))];
    let record = run(&plan);
    let metric = |name: &str| record.head.metrics[name];
    assert_eq!((metric("records_damaged"), metric("damage_withheld")), (1, 1));
    assert_eq!(metric("writes_misdirected"), 1, "n1 is whole again since 40 ms");
}

/// Whom other faults hit, and what they draw, is no matter of a fault that is taken out.
#[test]
fn one_fault_less_moves_no_draw_of_another() {
    let rot = |at| {
        fault(at, 0, Fault::Disk { target: Target::Any, fault: DiskFault::BitRot { records: 1 } })
    };
    let acts: Vec<Do> = (0..30).map(Do::Append).collect();
    let rules: Vec<(u32, On, &[Do])> = (0..5).map(|id| (id, On::Boot, &acts[..])).collect();
    let mut plan = puppets(5, &rules);
    plan.disk.damage = Damage::BeyondBudget;
    let crash = fault(90, 1, Fault::Crash(nodes(&[0, 1, 2, 3, 4])));
    plan.faults = vec![rot(50), rot(60), crash.clone()];
    let hit = |plan: &Plan| -> Vec<(u64, u32)> {
        let record = run(plan);
        let rows = record.trace.rows().filter(|row| row.text().starts_with("has bit rot"));
        rows.map(|row| (row.at_ns / MS, row.node.unwrap())).collect()
    };
    let both = hit(&plan);
    plan.faults.remove(0);
    assert_eq!((both.len(), hit(&plan)), (2, both[1..].to_vec()));
}
