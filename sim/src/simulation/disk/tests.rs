//! Syncs, crashes, and everything that can go wrong with a disk.

use super::damage::Remains;
use super::*;
use crate::random::{Chance, Purpose, Seed, Stream};

fn intact(disk: &Disk<u32, &'static str>) -> Vec<u32> {
    let value = |record: &Survivor<u32>| match record {
        Survivor::Intact(value) => *value,
        other => panic!("{other:?}"),
    };
    disk.durable().iter().map(value).collect()
}

#[test]
fn held_effects_wait_for_what_was_appended_before_them() {
    let mut disk = Disk::default();
    assert_eq!(disk.hold("nothing to wait for"), Some("nothing to wait for"));
    disk.hand_over(SimTime(1), Write::Append(1));
    assert_eq!(disk.hold("first"), None);
    assert!(disk.begin_sync());
    disk.hand_over(SimTime(2), Write::Append(2));
    assert_eq!(disk.hold("second"), None);
    assert!(!disk.begin_sync(), "one sync at a time");
    assert_eq!(disk.end_sync(SimTime(5)), Ok(1));
    assert_eq!((disk.release(), disk.release()), (Some("first"), None));
    assert!(disk.begin_sync());
    assert!(disk.end_sync(SimTime(9)).is_ok());
    assert_eq!(disk.release(), Some("second"));
    assert_eq!(intact(&disk), [1, 2]);
    disk.close("n1", SimTime(9));
}

#[test]
fn a_crash_loses_the_unsynced_tail_and_what_waited_for_it() {
    let mut disk = Disk::default();
    disk.hand_over(SimTime(1), Write::Append(1));
    disk.begin_sync();
    assert!(disk.end_sync(SimTime(2)).is_ok());
    disk.hand_over(SimTime(3), Write::Append(2));
    disk.hold("never");
    disk.begin_sync();
    assert_eq!(disk.crash(SimTime(4)), 1);
    assert_eq!((disk.release(), intact(&disk)), (None, vec![1]));
    disk.hand_over(SimTime(5), Write::Rewrite(vec![7, 8, 9]));
    disk.hand_over(SimTime(5), Write::Truncate { keep: 2 });
    disk.begin_sync();
    assert!(disk.end_sync(SimTime(6)).is_ok());
    assert_eq!(intact(&disk), [7, 8]);
    disk.close("n1", SimTime(8));
}

/// A disk with these records, durable.
fn with(records: &[u32]) -> Disk<u32, &'static str> {
    let mut disk = Disk::default();
    records.iter().for_each(|record| disk.hand_over(SimTime(0), Write::Append(*record)));
    disk.begin_sync();
    disk.end_sync(SimTime(1)).unwrap();
    disk
}

fn draws(seed: u64) -> Stream {
    Stream::new(Seed(seed), Purpose::Remains, 0)
}

fn chance(p: f64) -> Chance {
    Chance::from_f64(p).unwrap()
}

#[test]
fn a_refused_sync_loses_what_is_not_durable_and_what_waited_for_it() {
    let mut disk = with(&[1]);
    disk.hand_over(SimTime(2), Write::Append(2));
    disk.hold("for the first");
    disk.begin_sync();
    disk.hand_over(SimTime(3), Write::Append(3));
    disk.hold("for the second");
    disk.err(true);
    assert_eq!(disk.end_sync(SimTime(4)), Err(2));
    assert_eq!((disk.release(), intact(&disk), disk.begin_sync()), (None, vec![1], false));
    disk.err(false);
    // Until the node hears of it, what it does rests on what is lost: that is lost as well.
    disk.hand_over(SimTime(4), Write::Append(9));
    assert_eq!((disk.hold("for what is lost"), disk.begin_sync()), (None, false));
    assert_eq!((disk.told(SimTime(5)), disk.told(SimTime(5))), (1, 0));
    assert_eq!(disk.release(), None);
    // What comes later is written behind what is durable, as if nothing had been lost.
    assert_eq!(disk.hold("at once"), Some("at once"));
    disk.hand_over(SimTime(5), Write::Append(4));
    assert!(disk.begin_sync());
    assert_eq!(disk.end_sync(SimTime(6)), Ok(1));
    assert_eq!(intact(&disk), [1, 4]);
    disk.close("n1", SimTime(7));
}

#[test]
fn effects_that_waited_for_what_is_durable_outlive_a_refused_sync() {
    let mut disk = Disk::default();
    disk.hand_over(SimTime(0), Write::Append(1));
    disk.hold("durable");
    disk.begin_sync();
    disk.end_sync(SimTime(1)).unwrap();
    disk.hand_over(SimTime(2), Write::Append(2));
    disk.begin_sync();
    assert_eq!(disk.fail_sync(SimTime(3)), 1);
    assert_eq!(disk.release(), Some("durable"), "its node stood still until now");
}

#[test]
fn a_disk_has_room_for_so_many_records() {
    let mut disk = with(&[1, 2]);
    disk.limit(3);
    let mut write = |writes: Vec<Write<u32>>| {
        writes.into_iter().for_each(|write| disk.hand_over(SimTime(2), write));
        disk.begin_sync();
        let end = disk.end_sync(SimTime(2));
        disk.told(SimTime(2));
        (end, intact(&disk))
    };
    assert_eq!(write(vec![Write::Append(3)]), (Ok(1), vec![1, 2, 3]));
    assert_eq!(write(vec![Write::Append(4)]), (Err(1), vec![1, 2, 3]));
    // What makes room first may write: in the order of the writes.
    let makes_room = vec![Write::Truncate { keep: 1 }, Write::Append(5), Write::Append(6)];
    assert_eq!(write(makes_room), (Ok(3), vec![1, 5, 6]));
    assert_eq!(write(vec![Write::Rewrite(vec![1, 2, 3, 4])]), (Err(1), vec![1, 5, 6]));
    assert_eq!(write(vec![Write::Rewrite(vec![7, 8])]), (Ok(1), vec![7, 8]));
}

#[test]
fn a_disk_that_is_full_takes_what_needs_no_room() {
    let mut disk = with(&[1, 2]);
    disk.fill_up(true);
    disk.hand_over(SimTime(2), Write::Truncate { keep: 1 });
    disk.begin_sync();
    assert_eq!(disk.end_sync(SimTime(3)), Ok(1));
    disk.hand_over(SimTime(4), Write::Append(3));
    disk.begin_sync();
    assert_eq!((disk.end_sync(SimTime(5)), disk.told(SimTime(5))), (Err(1), 0));
    disk.fill_up(true);
    disk.fill_up(false);
    disk.hand_over(SimTime(6), Write::Append(3));
    disk.begin_sync();
    assert_eq!(disk.end_sync(SimTime(7)), Err(1), "the other fault still lasts");
    assert_eq!(intact(&disk), [1]);
}

/// A disk of three records that crashes while it makes three more durable, and is handed a fourth.
fn crashed(survives: f64, torn: f64, seed: u64) -> (Remains, Vec<Survivor<u32>>) {
    let mut disk = with(&[1, 2, 3]);
    (4..7).for_each(|record| disk.hand_over(SimTime(2), Write::Append(record)));
    disk.begin_sync();
    disk.hand_over(SimTime(3), Write::Append(7));
    let remains = disk.keep_some(SimTime(4), chance(survives), chance(torn), &mut draws(seed));
    disk.crash(SimTime(4));
    disk.close("n1", SimTime(5));
    (remains, disk.durable().to_vec())
}

#[test]
fn a_crash_leaves_a_prefix_of_the_sync_under_way() {
    let mut seen = [0; 4];
    for seed in 0..200 {
        let (remains, disk) = crashed(0.5, 0.0, seed);
        let all: Vec<Survivor<u32>> = (1..8).map(Survivor::Intact).collect();
        let kept = usize::try_from(remains.kept).unwrap();
        assert_eq!(disk, all[..3 + kept], "a prefix, and nothing of the next sync");
        seen[kept] += 1;
    }
    // 1/2, 1/4, 1/8, and 1/8 that all three survive.
    let near = |found: i32, share: i32| (found - share).abs() < 25;
    assert!(near(seen[0], 100) && near(seen[1], 50) && near(seen[2], 25) && near(seen[3], 25));
    assert_eq!(crashed(1.0, 1.0, 1).0, Remains { kept: 3, torn: false });
    assert_eq!(crashed(0.0, 0.0, 1).1.len(), 3);
}

#[test]
fn the_first_append_that_is_lost_may_be_torn() {
    let (remains, disk) = crashed(0.0, 1.0, 7);
    assert_eq!(remains, Remains { kept: 0, torn: true });
    assert_eq!(disk[3..], [Survivor::Torn]);
    let torn = (0..200).filter(|seed| crashed(0.0, 0.3, *seed).0.torn).count();
    assert!((40..80).contains(&torn), "{torn} of 200");
}

#[test]
fn what_is_no_append_does_not_tear() {
    let mut disk = with(&[1, 2, 3]);
    disk.hand_over(SimTime(2), Write::Truncate { keep: 1 });
    disk.begin_sync();
    let always = Chance::ALWAYS;
    let remains = disk.keep_some(SimTime(3), Chance::NEVER, always, &mut draws(1));
    assert_eq!((remains, intact(&disk)), (Remains::default(), vec![1, 2, 3]));
}

#[test]
fn nothing_survives_of_a_sync_that_would_have_failed() {
    let mut disk = with(&[1]);
    disk.limit(1);
    disk.hand_over(SimTime(2), Write::Append(2));
    disk.begin_sync();
    let always = Chance::ALWAYS;
    let remains = disk.keep_some(SimTime(3), always, always, &mut draws(1));
    assert_eq!((remains, disk.durable().len()), (Remains::default(), 1));
}

#[test]
fn bit_rot_hits_each_record_once() {
    let mut disk = with(&[1, 2, 3, 4]);
    let rotten = |disk: &Disk<u32, &str>| {
        disk.durable().iter().filter(|record| **record == Survivor::Damaged).count()
    };
    assert!(!disk.is_damaged());
    assert_eq!((disk.rot_some(3, &mut draws(1)), rotten(&disk)), (3, 3));
    assert_eq!((disk.rot_some(3, &mut draws(2)), rotten(&disk)), (1, 4), "no more were readable");
    assert!(disk.is_damaged());
    disk.hand_over(SimTime(2), Write::Rewrite(vec![5]));
    disk.begin_sync();
    disk.end_sync(SimTime(3)).unwrap();
    assert!(!disk.is_damaged(), "what is overwritten is whole again");
    assert!(!disk.rot(1) && disk.rot(0));
}

#[test]
fn a_misdirected_write_damages_two_places() {
    for draw in [0, u64::MAX] {
        let mut disk = with(&[1, 2, 3]);
        disk.misdirect(draw);
        disk.hand_over(SimTime(2), Write::Append(4));
        disk.hand_over(SimTime(2), Write::Append(5));
        disk.begin_sync();
        assert_eq!(disk.end_sync(SimTime(3)), Ok(2), "nobody notices");
        let mut expected: Vec<Survivor<u32>> = [1, 2, 3, 4, 5].map(Survivor::Intact).into();
        expected[if draw == 0 { 0 } else { 2 }] = Survivor::Damaged;
        expected[3] = Survivor::Damaged;
        assert_eq!(disk.durable(), expected);
    }
    let mut first = Disk::<u32, &str>::default();
    first.misdirect(5);
    first.hand_over(SimTime(2), Write::Append(4));
    first.begin_sync();
    first.end_sync(SimTime(3)).unwrap();
    assert_eq!(first.durable(), [Survivor::Damaged], "there was no other place");
}
