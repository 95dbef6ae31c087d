//! One small history for each anomaly, found under its name.

use rehearsal_sim::check::transactions::{Level, Transactions, list_append};
use rehearsal_sim::service::Outcome;

use crate::history::{a, add, all_at_once, asked, by_one_client, demand, in_a_row, l, names};

fn found(log: &Transactions) -> Vec<String> {
    let judgement = list_append(log, demand(Level::StrictSerializable));
    for finding in &judgement.findings {
        println!("{}", finding.explanation.sentence);
        for line in &finding.explanation.details {
            println!("    {line}");
        }
    }
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
        let demand = rehearsal_sim::check::transactions::Demand {
            level: Level::StrongSessionSerializable,
            has_real_time: false,
        };
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
