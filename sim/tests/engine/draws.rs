//! No draw moves another: what is taken out of a run or put into it leaves the rest as it was.

use std::collections::BTreeMap;

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::{Fault, LinkRule, Plan};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::time::Span;

use crate::plans::*;
use crate::puppet::Bell::Zulu;
use crate::puppet::Body::{Ping, Pong};
use crate::puppet::{Do, On};

/// Three nodes; each sends pings to both others every 10 ms, 20 times, over a network that loses
/// and copies. `more` is done beside.
fn chatter(servers: u32, more: &[(u32, On, &[Do])]) -> Plan {
    let mut rules = Vec::new();
    for node in 0..3 {
        rules.push((node, On::Boot, vec![Do::Arm(Zulu(0), 10)]));
        for n in 0..20 {
            let sends = (0..3).filter(|to| *to != node).map(|to| Do::Send(to, Ping(n.into())));
            let acts = sends.chain([Do::Arm(Zulu(n + 1), 10)]).collect();
            rules.push((node, On::Bell(Zulu(n)), acts));
        }
    }
    rules.extend(more.iter().map(|(node, on, acts)| (*node, *on, acts.to_vec())));
    let rules: Vec<(u32, On, &[Do])> = rules.iter().map(|(n, on, d)| (*n, *on, &d[..])).collect();
    let mut plan = puppets(servers, &rules);
    plan.network.latency = Law::Lognormal { median: Span::millis(5), p99: Span::millis(50) };
    plan.network.loss = chance(0.1);
    plan.network.duplicate = chance(0.1);
    plan
}

/// Per address every fate of its copies: when it arrived, or why it died.
type Fates = BTreeMap<String, Vec<String>>;

fn fates(record: &Record) -> Fates {
    let mut fates = Fates::new();
    for row in record.trace.rows() {
        let fate = match row.kind {
            RowKind::Deliver => format!("arrives at {}", row.at_ns),
            RowKind::Drop => format!("{} at {}", row.text(), row.at_ns),
            RowKind::Duplicate => "gets a copy".to_owned(),
            _ => continue,
        };
        fates.entry(row.address()).or_default().push(fate);
    }
    fates
}

/// The addresses whose fates differ.
fn moved(a: &Fates, b: &Fates) -> Vec<String> {
    let all: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    all.into_iter().filter(|address| a.get(*address) != b.get(*address)).cloned().collect()
}

fn all_on(moved: &[String], links: &[&str]) -> bool {
    moved.iter().all(|address| links.iter().any(|link| address.starts_with(link)))
}

#[test]
fn the_chatter_loses_copies_and_reorders() {
    let record = run(&chatter(3, &[]));
    let m = record.head.messages;
    assert_eq!(m.sent, 120);
    assert!(m.dropped.loss > 3 && m.duplicated > 3, "{m:?}");
}

#[test]
fn another_link_rule_moves_only_its_link() {
    let calm = fates(&run(&chatter(3, &[])));
    let mut plan = chatter(3, &[]);
    plan.network.links = vec![LinkRule {
        from: vec![NodeId(0)],
        to: vec![NodeId(1)],
        latency: Some(Law::Constant(Span::millis(77))),
        loss: Some(chance(0.5)),
        duplicate: Some(chance(0.5)),
        ..LinkRule::default()
    }];
    let moved = moved(&calm, &fates(&run(&plan)));
    assert!(moved.len() >= 15 && all_on(&moved, &["n1->n2 "]), "{moved:?}");
}

#[test]
fn a_cut_moves_nothing_but_what_it_cuts() {
    let calm = fates(&run(&chatter(3, &[])));
    let mut plan = chatter(3, &[]);
    let cut = Fault::OneWay { from: nodes(&[0]), to: nodes(&[1]) };
    plan.faults = vec![fault(55, 50, cut)];
    let moved = moved(&calm, &fates(&run(&plan)));
    let expected: Vec<String> = [10, 6, 7, 8, 9].map(|n| format!("n1->n2 Ping#{n}")).to_vec();
    assert_eq!(moved, expected);
}

/// Whatever message is taken away, every other one has the fate it had.
#[test]
fn one_message_that_is_cut_moves_no_other() {
    let calm = fates(&run(&chatter(3, &[])));
    let links = (0..3).flat_map(|from| (0..3).map(move |to| (from, to)));
    for (from, to) in links.filter(|(from, to)| from != to) {
        for n in 1..=20 {
            let mut plan = chatter(3, &[]);
            let cut = Fault::OneWay { from: nodes(&[from]), to: nodes(&[to]) };
            plan.faults = vec![fault(10 * n, 1, cut)];
            let expected = format!("n{}->n{} Ping#{n}", from + 1, to + 1);
            assert_eq!(moved(&calm, &fates(&run(&plan))), [expected]);
        }
    }
}

#[test]
fn loss_on_one_link_only_takes_away_and_only_there() {
    let calm = fates(&run(&chatter(3, &[])));
    let mut plan = chatter(3, &[]);
    plan.network.links = vec![LinkRule {
        from: vec![NodeId(0)],
        to: vec![NodeId(1)],
        loss: Some(chance(0.6)),
        ..LinkRule::default()
    }];
    let lossy = fates(&run(&plan));
    let moved = moved(&calm, &lossy);
    assert!(moved.len() >= 5 && all_on(&moved, &["n1->n2 "]), "{moved:?}");
    for address in moved {
        // What still arrives does so when it would have.
        let arrives = |fate: &&String| fate.starts_with("arrives");
        let left: Vec<&String> = lossy[&address].iter().filter(arrives).collect();
        assert!(left.iter().all(|fate| calm[&address].contains(fate)), "{address}: {left:?}");
    }
}

#[test]
fn every_copy_has_one_fate() {
    let mut plan = chatter(3, &[]);
    plan.duration = Span::millis(180);
    plan.faults = vec![fault(55, 50, Fault::Crash(nodes(&[2])))];
    let record = run(&plan);
    let (mut copies, mut ended) = (BTreeMap::new(), BTreeMap::new());
    for row in record.trace.rows() {
        let count = match row.kind {
            RowKind::Send | RowKind::Duplicate => &mut copies,
            RowKind::Deliver | RowKind::Drop => &mut ended,
            _ => continue,
        };
        *count.entry(row.address()).or_insert(0u64) += 1;
    }
    let under_way = |(address, copies): (&String, &u64)| {
        let ended = ended.get(address).copied().unwrap_or(0);
        copies.checked_sub(ended).unwrap_or_else(|| panic!("{address}: {ended} of {copies}"))
    };
    let in_flight: u64 = copies.iter().map(under_way).sum();
    let m = record.head.messages;
    assert_eq!((in_flight, copies.values().sum::<u64>()), (m.in_flight, m.sent + m.duplicated));
    let all_kinds = [m.in_flight, m.duplicated, m.dropped.loss, m.dropped.down, m.delivered];
    assert!(all_kinds.iter().all(|count| *count > 0), "{m:?}");
}

#[test]
fn what_observers_are_told_moves_nothing() {
    let calm = run(&chatter(3, &[]));
    let told = |what: &[Do]| {
        let more: Vec<(u32, On, &[Do])> = (0..20).map(|n| (0, On::Bell(Zulu(n)), what)).collect();
        run(&chatter(3, &more))
    };
    // Counters and gauges are no events.
    let measured = told(&[Do::Count(3), Do::Gauge(9)]);
    assert_eq!((measured.head.metrics["things"], measured.head.metrics["depth_max"]), (60, 9));
    assert_eq!((&measured.trace, &measured.head.digest), (&calm.trace, &calm.head.digest));
    // Notes are, and move nothing.
    let noted = told(&[Do::Say(5)]);
    assert_ne!(noted.head.digest, calm.head.digest);
    assert_eq!(moved(&fates(&calm), &fates(&noted)), Vec::<String>::new());
}

#[test]
fn a_window_of_loss_only_takes_away() {
    let calm = fates(&run(&chatter(3, &[])));
    let mut plan = chatter(3, &[]);
    plan.faults = vec![fault(55, 50, Fault::Loss(chance(0.5)))];
    let lossy = fates(&run(&plan));
    let moved = moved(&calm, &lossy);
    assert!(moved.len() > 5);
    for address in moved {
        let died = lossy[&address].iter().filter(|fate| fate.contains("lost")).count();
        let before = calm[&address].iter().filter(|fate| fate.contains("lost")).count();
        assert!(died > before, "{address}: {:?} {:?}", calm[&address], lossy[&address]);
    }
}

#[test]
fn a_crash_moves_only_what_its_node_does_not_send_or_hear() {
    let calm = fates(&run(&chatter(3, &[])));
    let mut plan = chatter(3, &[]);
    plan.faults = vec![fault(55, 0, Fault::Crash(nodes(&[2])))];
    let moved = moved(&calm, &fates(&run(&plan)));
    assert!(moved.len() > 20 && all_on(&moved, &["n3->", "n1->n3 ", "n2->n3 "]), "{moved:?}");
}

#[test]
fn other_kinds_and_an_idle_node_move_nothing() {
    let calm = fates(&run(&chatter(3, &[])));
    // Pongs on the same links at the same instants; picks and drawn timers of the same nodes.
    let pongs: &[Do] =
        &[Do::Send(1, Pong(1)), Do::Send(2, Pong(2)), Do::Pick(6), Do::ArmRange(Zulu(99), 1, 9)];
    let more: Vec<(u32, On, &[Do])> = (0..20).map(|n| (0, On::Bell(Zulu(n)), pongs)).collect();
    let with_pongs = fates(&run(&chatter(3, &more)));
    let moved_by_pongs = moved(&calm, &with_pongs);
    assert!(moved_by_pongs.iter().all(|address| address.contains("Pong")), "{moved_by_pongs:?}");
    assert_eq!(moved_by_pongs.len(), 40);
    assert_eq!(moved(&calm, &fates(&run(&chatter(4, &[])))), Vec::<String>::new());
}

#[test]
fn one_message_more_moves_only_the_later_ones_of_its_kind_on_its_link() {
    let calm = fates(&run(&chatter(3, &[])));
    let extra: &[Do] = &[Do::Send(1, Ping(999))];
    let with = fates(&run(&chatter(3, &[(0, On::Bell(Zulu(10)), extra)])));
    let moved = moved(&calm, &with);
    let later: Vec<u32> =
        moved.iter().map(|a| a.strip_prefix("n1->n2 Ping#").unwrap().parse().unwrap()).collect();
    assert!(later.iter().all(|n| *n > 11) && later.len() >= 8, "{moved:?}");
}

#[test]
fn a_pick_of_one_node_moves_no_pick_of_another_and_no_timer_moves_any() {
    let picks = |more: &[(u32, On, &[Do])]| {
        let pick: &[Do] = &[Do::Pick(1_000_000), Do::Pick(1_000_000)];
        let later: &[Do] = &[Do::Arm(Zulu(9), 50)];
        let mut rules = vec![(0, On::Boot, later), (1, On::Boot, later)];
        rules.extend([(0, On::Bell(Zulu(9)), pick), (1, On::Bell(Zulu(9)), pick)]);
        rules.extend(more);
        let record = run(&puppets(2, &rules));
        let picked = |node| -> Vec<String> {
            let notes = notes(&record, node).into_iter();
            notes.filter(|note| note.contains("Picked")).collect()
        };
        (picked(0), picked(1))
    };
    let (first, second) = picks(&[]);
    assert_ne!(first[0], first[1]);
    assert_ne!(first, second);
    let busy: &[Do] = &[Do::ArmRange(Zulu(0), 1, 9), Do::Append(1), Do::Send(1, Ping(1))];
    assert_eq!(picks(&[(0, On::Boot, busy)]), (first.clone(), second.clone()));
    let (longer, same) = picks(&[(0, On::Bell(Zulu(9)), &[Do::Pick(5)])]);
    assert_eq!((&longer[..2], same), (&first[..], second));
}

/// One more server changes the numbers of all clients, and none of their draws: those are keyed by
/// role and place in it.
#[test]
fn one_more_server_moves_no_draw_of_a_client() {
    let with_servers = |servers: u32| {
        let client = servers;
        let acts: Vec<Do> =
            (0..30).map(|n| Do::Send(0, Ping(n))).chain([Do::Pick(1_000)]).collect();
        let mut plan = puppets_and_clients(servers, 1, &[(client, On::Boot, &acts)]);
        plan.network.latency = Law::Lognormal { median: Span::millis(5), p99: Span::millis(50) };
        plan.network.loss = chance(0.3);
        let record = run(&plan);
        (fates(&record), notes(&record, client))
    };
    let three = with_servers(3);
    assert!(three.0.len() == 30 && !three.1.is_empty(), "{three:?}");
    assert_eq!(three, with_servers(4));
}

/// Laws are compiled once and shared; a plan that was changed since must not run with the old ones.
#[test]
fn a_plan_that_was_changed_runs_as_it_says() {
    let mut plan = chatter(3, &[]);
    let before = run(&plan);
    plan.network.loss = chance(1.0);
    let after = run(&plan);
    assert!(before.head.messages.delivered > 0);
    assert_eq!((after.head.messages.delivered, after.head.messages.dropped.loss > 0), (0, true));
    let copy = plan.clone();
    plan.network.loss = chance(0.0);
    assert_eq!(run(&plan).head.messages.dropped.loss, 0);
    assert_eq!(run(&copy).head.digest, after.head.digest);
}
