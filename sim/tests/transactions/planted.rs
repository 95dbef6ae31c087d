//! One small history for each anomaly, found under its name.

use rehearsal_sim::check::Verdict;
use rehearsal_sim::check::transactions::{
    Anomaly, Axiom, Cycle, Demand, Level, Needs, Transactions, list_append, rw_register,
};
use rehearsal_sim::service::Outcome;

use crate::history::{
    Dice, a, add, all_at_once, asked, by_one_client, demand, in_a_row, l, names, r, show, w, wanted,
};
use crate::store::{Kind, Shape, run};

fn found(log: &Transactions) -> Vec<String> {
    let judgement = list_append(log, demand(Level::StrictSerializable));
    tell(&judgement);
    names(&judgement)
}

/// What a reader sees of a test that fails; and that it is short and complete.
fn tell(judgement: &rehearsal_sim::check::transactions::Judgement) {
    for finding in &judgement.findings {
        let explanation = &finding.explanation;
        println!("{}", explanation.sentence);
        for line in &explanation.details {
            println!("    {line}");
        }
        assert!(!explanation.expected.is_empty());
        assert!((1..=6).contains(&explanation.bars.len()), "{:?}", explanation.bars);
        assert_eq!(explanation.bars.iter().filter(|bar| bar.is_blamed).count(), 1);
    }
}

/// What is found in registers that should be serializable, whatever processes and clocks say.
fn in_registers(log: &Transactions) -> Vec<String> {
    let judgement = rw_register(log, demand(Level::Serializable));
    tell(&judgement);
    names(&judgement)
}

/// The first transaction fails.
fn first_fails(mut log: Transactions) -> Transactions {
    log.calls[0].outcome = Outcome::Failed;
    log
}

#[test]
fn writes_and_reads_in_circles() {
    let g0 =
        all_at_once(&[&[a(1, 1), a(2, 1)], &[a(1, 2), a(2, 2)], &[l(1, &[1, 2]), l(2, &[2, 1])]]);
    assert_eq!(found(&g0)[0], "G0");
    let g1c = all_at_once(&[&[a(1, 1), l(2, &[1])], &[a(2, 1), l(1, &[1])]]);
    assert_eq!(found(&g1c), ["G1c"]);
    let single = all_at_once(&[&[a(1, 1), a(2, 1)], &[l(1, &[]), l(2, &[1])], &[l(1, &[1])]]);
    assert_eq!(found(&single), ["G-single"]);
    let fork =
        all_at_once(&[&[a(1, 1)], &[a(2, 1)], &[l(1, &[1]), l(2, &[])], &[l(1, &[]), l(2, &[1])]]);
    assert_eq!(found(&fork), ["long-fork"]);
    let apart = all_at_once(&[
        &[l(1, &[]), a(4, 2)],
        &[a(1, 1), a(3, 1)],
        &[a(3, 2), l(2, &[])],
        &[a(2, 1), a(4, 1)],
        &[l(3, &[1, 2]), l(4, &[1, 2])],
    ]);
    assert_eq!(found(&apart), ["G-nonadjacent"]);
    let skew = all_at_once(&[&[l(1, &[]), a(2, 1)], &[l(2, &[]), a(1, 1)]]);
    assert_eq!(found(&skew), ["G2-item"]);
    let lost = all_at_once(&[&[l(1, &[]), a(1, 1)], &[l(1, &[]), a(1, 2)], &[l(1, &[1, 2])]]);
    assert_eq!(found(&lost), ["G-single", "lost-update"]);
}

#[test]
fn the_same_across_what_a_process_did() {
    let g0 = by_one_client(&[&[a(1, 1)], &[a(1, 2)], &[l(1, &[2, 1])]]);
    let mut g0_of_three = g0.clone();
    g0_of_three.calls[2].client = 1;
    let judge = |log: &Transactions| {
        let demand = Demand { level: Level::StrongSessionSerializable, has_real_time: false };
        names(&list_append(log, demand))
    };
    assert_eq!(judge(&g0_of_three), ["G0-process"]);
    let single = by_one_client(&[&[a(1, 1)], &[l(1, &[])], &[l(1, &[1])]]);
    assert_eq!(judge(&single), ["G-single-process"]);
    let g1c = by_one_client(&[&[l(1, &[1])], &[a(1, 1)]]);
    assert_eq!(judge(&g1c), ["G1c-process"]);
}

#[test]
fn the_same_across_real_time() {
    assert_eq!(found(&in_a_row(&[&[a(1, 1)], &[a(1, 2)], &[l(1, &[2, 1])]])), ["G0-realtime"]);
    assert_eq!(found(&in_a_row(&[&[a(1, 1)], &[l(1, &[])], &[l(1, &[1])]])), ["G-single-realtime"]);
    assert_eq!(found(&in_a_row(&[&[l(1, &[1])], &[a(1, 1)]])), ["G1c-realtime"]);
    assert_eq!(found(&in_a_row(&[&[a(1, 1)], &[l(1, &[1])]])), [""; 0]);
}

#[test]
fn what_needs_no_circle() {
    let aborted = first_fails(in_a_row(&[&[a(1, 1)], &[l(1, &[1])]]));
    assert_eq!(found(&aborted), ["G1a"]);
    let dirty = first_fails(in_a_row(&[&[a(1, 1)], &[a(1, 2)], &[l(1, &[1, 2])]]));
    assert_eq!(found(&dirty), ["G1a", "dirty-update"]);
    let middle = all_at_once(&[&[a(1, 1), a(1, 2)], &[l(1, &[1])], &[l(1, &[1, 2])]]);
    assert_eq!(found(&middle), ["G1b"]);
    assert_eq!(found(&all_at_once(&[&[l(1, &[5])]])), ["garbage-read"]);
    assert_eq!(found(&all_at_once(&[&[a(1, 1)], &[l(1, &[1, 1])]])), ["duplicate-elements"]);
    let torn = all_at_once(&[&[a(1, 1)], &[a(1, 2)], &[l(1, &[1, 2])], &[l(1, &[2])]]);
    assert_eq!(found(&torn), ["incompatible-order"]);
    assert_eq!(found(&all_at_once(&[&[l(1, &[1]), a(1, 1)]])), ["future-read"]);
    assert_eq!(found(&all_at_once(&[&[a(1, 1), l(1, &[])]])), ["internal"]);
    let twice = all_at_once(&[&[l(1, &[]), l(1, &[1])], &[a(1, 1)]]);
    assert_eq!(found(&twice), ["internal", "G-single"]);
}

#[test]
fn an_unknown_outcome_counts_once_somebody_saw_it() {
    let mut log = in_a_row(&[&[a(1, 1), a(2, 1)], &[l(1, &[1]), l(2, &[])]]);
    log.calls[0].outcome = Outcome::Unknown;
    log.calls[0].ended = None;
    assert_eq!(found(&log), ["G-single"]);
    log.calls[1].outcome = Outcome::Ok(vec![l(1, &[]), l(2, &[])]);
    assert_eq!(found(&log), [""; 0]);
    add(&mut log, 3, (100, None), asked(&[l(1, &[])]), Outcome::Unknown);
    assert_eq!(found(&log), [""; 0]);
}

#[test]
fn registers_in_circles() {
    let g1c = all_at_once(&[&[w(1, 1), r(2, 1)], &[w(2, 1), r(1, 1)]]);
    assert_eq!(in_registers(&g1c), ["G1c", "not-read-committed"]);
    let single = all_at_once(&[&[w(1, 1), w(2, 1)], &[r(1, None), r(2, 1)]]);
    assert_eq!(in_registers(&single), ["G-single", "fractured-read"]);
    let fork =
        all_at_once(&[&[w(1, 1)], &[w(2, 1)], &[r(1, 1), r(2, None)], &[r(1, None), r(2, 1)]]);
    assert_eq!(in_registers(&fork), ["long-fork"]);
    let skew = all_at_once(&[&[r(1, None), w(2, 1)], &[r(2, None), w(1, 1)]]);
    assert_eq!(in_registers(&skew), ["G2-item"]);
    let lost = all_at_once(&[&[w(1, 1)], &[r(1, 1), w(1, 2)], &[r(1, 1), w(1, 3)]]);
    assert_eq!(in_registers(&lost), ["G2-item", "lost-update"]);
    let versions = all_at_once(&[&[r(1, 2), w(1, 1)], &[r(1, 1), w(1, 2)]]);
    assert_eq!(in_registers(&versions), ["cyclic-versions", "G1c", "not-read-committed"]);
}

#[test]
fn registers_without_a_circle() {
    let aborted = first_fails(in_a_row(&[&[w(1, 1)], &[r(1, 1)]]));
    assert_eq!(in_registers(&aborted), ["G1a"]);
    assert_eq!(in_registers(&all_at_once(&[&[w(1, 1), w(1, 2)], &[r(1, 1)]])), ["G1b"]);
    assert_eq!(in_registers(&all_at_once(&[&[r(1, 5)]])), ["garbage-read"]);
    assert_eq!(in_registers(&all_at_once(&[&[r(1, 1), w(1, 1)]])), ["future-read"]);
    assert_eq!(in_registers(&all_at_once(&[&[w(1, 1), r(1, None)]])), ["internal"]);
}

#[test]
fn axioms_of_weak_levels() {
    // Both left by one transaction each, each of the two before the other.
    let fractured = all_at_once(&[&[w(1, 1), w(2, 1)], &[w(1, 2), w(2, 2)], &[r(1, 1), r(2, 2)]]);
    let judge = |log: &Transactions, level| {
        let judgement = rw_register(log, demand(level));
        tell(&judgement);
        names(&judgement).pop()
    };
    let said = |name: &str| Some(name.to_owned());
    assert_eq!(judge(&fractured, Level::ReadCommitted), None);
    assert_eq!(judge(&fractured, Level::ReadAtomic), said("fractured-read"));
    let back = all_at_once(&[&[w(1, 1)], &[r(1, 1), w(1, 2)], &[r(1, 2), r(1, 1)]]);
    assert_eq!(judge(&back, Level::ReadUncommitted), said("G-single"));
    let forgets = all_at_once(&[&[w(1, 1)], &[r(1, 1), w(2, 1)], &[r(2, 1), r(1, None)]]);
    assert_eq!(judge(&forgets, Level::ReadAtomic), said("G-single"));
    assert_eq!(judge(&forgets, Level::Causal), said("not-causal"));
    let mut own = by_one_client(&[&[w(1, 1)], &[w(2, 1)], &[r(1, None)]]);
    own.calls[1].client = 1;
    assert_eq!(judge(&own, Level::SnapshotIsolation), None);
    let sessions = Demand { level: Level::Causal, has_real_time: false };
    assert_eq!(names(&rw_register(&own, sessions)).pop(), said("fractured-read-process"));
}

/// More transactions than any order is tried of; clients of their own see nothing of each other but
/// by the clock.
#[test]
fn a_stale_read_is_found_by_the_clock() {
    let steps = |value: u64| if value < 30 { vec![w(1, value)] } else { vec![r(1, 28)] };
    let transactions: Vec<_> = (0..31).map(steps).collect();
    let transactions: Vec<&[_]> = transactions.iter().map(|steps| &steps[..]).collect();
    let stale = in_a_row(&transactions);
    let judge = |log: &Transactions, has_real_time| {
        let judgement =
            rw_register(log, Demand { level: Level::StrictSerializable, has_real_time });
        tell(&judgement);
        names(&judgement)
    };
    assert_eq!(judge(&stale, true), ["not-causal-realtime"]);
    assert_eq!(judge(&stale, false), [""; 0]);
    let mut fresh = stale.clone();
    fresh.calls[30].outcome = Outcome::Ok(vec![r(1, 29)]);
    assert_eq!(judge(&fresh, true), [""; 0]);
    assert_eq!(judge(&all_at_once(&transactions), true), [""; 0]);
}

#[test]
fn levels_forbid_what_they_are_defined_by() {
    let cycle = |cycle| Anomaly::Cycle(cycle, Needs::Data);
    for (level, forbidden) in [
        (Level::ReadUncommitted, 1),
        (Level::ReadCommitted, 2),
        (Level::ReadAtomic, 2),
        (Level::SnapshotIsolation, 5),
        (Level::RepeatableRead, 6),
        (Level::Serializable, 6),
    ] {
        let cycles = [
            Cycle::G0,
            Cycle::G1c,
            Cycle::GSingle,
            Cycle::LongFork,
            Cycle::GNonadjacent,
            Cycle::G2Item,
        ];
        for (at, one) in cycles.into_iter().enumerate() {
            assert_eq!(level.forbids(cycle(one)), at < forbidden, "{level:?} {one:?}");
            let later = Anomaly::Cycle(one, Needs::RealTime);
            assert!(!level.forbids(later) && Level::StrictSerializable.forbids(later));
        }
        assert_eq!(Level::named(level.name()), Some(level));
        assert_eq!(level.forbids(Anomaly::AbortedRead), level > Level::ReadUncommitted);
    }
    let causal = |needs| Anomaly::Axiom(Axiom::Causal, needs);
    assert!(Level::Causal.forbids(causal(Needs::Process)));
    assert!(Level::Serializable.forbids(causal(Needs::Data)));
    assert!(!Level::Serializable.forbids(causal(Needs::Process)));
    assert!(Level::StrongSessionSerializable.forbids(causal(Needs::Process)));
    assert!(!Level::ReadAtomic.forbids(causal(Needs::Data)));
}

#[test]
fn what_can_not_be_judged_is_not_passed() {
    let twice = all_at_once(&[&[a(1, 1)], &[a(1, 1)]]);
    let judgement = list_append(&twice, demand(Level::Serializable));
    let Verdict::Inconclusive(why) = judgement.verdict else { panic!("{judgement:?}") };
    assert!(why.contains("1 is written to k1 twice"), "{why}");
    let mixed = all_at_once(&[&[a(1, 1), w(2, 1)]]);
    let judgement = list_append(&mixed, demand(Level::Serializable));
    let Verdict::Inconclusive(why) = judgement.verdict else { panic!("{judgement:?}") };
    assert!(why.contains("write(k2, 1)"), "{why}");
    // More transactions than every order is tried of, each of which could come first.
    let mut open: Vec<_> = (0..30).map(|key| vec![w(key, 1), w(key + 1, 2)]).collect();
    open.push(vec![r(0, 1), r(1, 2), r(30, 2)]);
    let open: Vec<&[_]> = open.iter().map(|steps| &steps[..]).collect();
    let judgement = rw_register(&all_at_once(&open), demand(Level::Serializable));
    assert_eq!((judgement.verdict, judgement.is_proof), (Verdict::Pass, true));
}

/// Stores that are right, and larger than any order could be tried of.
#[test]
fn serializable_stores_show_nothing() {
    let (mut unproven, mut unordered) = (0, 0);
    let count = wanted(100_000) / 10;
    for seed in 0..count {
        let mut dice = Dice(seed);
        let shape = Shape {
            clients: 2 + dice.below(8),
            transactions: 20 + dice.below(40),
            keys: 1 + dice.below(5),
            steps: 1 + dice.below(6),
            is_list: seed % 2 == 0,
            doubt: dice.pick(&[0, 5, 20]),
        };
        let (log, _) = run(&mut dice, Kind::Serializable, shape);
        let level = demand(Level::StrictSerializable);
        let judgement = match shape.is_list {
            true => list_append(&log, level),
            false => rw_register(&log, level),
        };
        assert_eq!(names(&judgement), [""; 0], "seed {seed}: {}", show(&log));
        let is_open = matches!(judgement.verdict, Verdict::Inconclusive(_));
        assert!(judgement.verdict == Verdict::Pass || is_open, "seed {seed}: {}", show(&log));
        assert_eq!(judgement.is_proof, !is_open);
        unproven += u64::from(is_open);
        let snapshot = match shape.is_list {
            true => list_append(&log, demand(Level::SnapshotIsolation)),
            false => rw_register(&log, demand(Level::SnapshotIsolation)),
        };
        assert!(!matches!(snapshot.verdict, Verdict::Fail(_)), "seed {seed}: {}", show(&log));
        let weak = demand(dice.pick(&[Level::ReadCommitted, Level::ReadAtomic, Level::Causal]));
        let judgement = match shape.is_list {
            true => list_append(&log, weak),
            false => rw_register(&log, weak),
        };
        assert_eq!(names(&judgement), [""; 0], "seed {seed}: {}", show(&log));
        // A store that has snapshots and no more, and registers, of which least is known.
        let shape = Shape { is_list: false, ..shape };
        let (log, _) = run(&mut dice, Kind::SnapshotIsolation, shape);
        let judgement = rw_register(&log, demand(Level::SnapshotIsolation));
        assert!(!matches!(judgement.verdict, Verdict::Fail(_)), "seed {seed}: {}", show(&log));
        unordered += u64::from(judgement.verdict != Verdict::Pass);
    }
    println!("of {unordered} of {count} no order of snapshots is found");
    assert!(unordered * 20 < count, "of {unordered} of {count} no order of snapshots is found");
    println!("of {unproven} of {count} no order is found");
    assert!(unproven * 20 < count, "of {unproven} of {count} no order is found");
}
