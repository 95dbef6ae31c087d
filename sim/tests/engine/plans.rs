//! Plans in a few words, and what to read off a record.

use std::sync::Arc;

use rehearsal_sim::law::{KeyLaw, Law};
use rehearsal_sim::plan::{
    Clock, Disk, ErasedConfig, Expect, Expectation, Fault, Load, Network, Plan, PlannedFault,
    PlannedNode, Processor, Target, Watch, Workload,
};
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::random::Chance;
use rehearsal_sim::record::{Record, Row, RowKind};
use rehearsal_sim::simulation::Laws;
use rehearsal_sim::time::{SimTime, Span};

use crate::puppet::{Config, Do, On, PUPPET};

pub(crate) const MS: u64 = 1_000_000;

/// A plan of servers and clients: messages take 1 ms, a sync 10 ms, and nothing goes wrong for 1 s.
pub(crate) fn plan(servers: u32, clients: u32, config: ErasedConfig) -> Plan {
    let servers = (1..=servers).map(|n| PlannedNode::new(format!("n{n}"), 0));
    let clients = (1..=clients).map(|n| PlannedNode::new(format!("client{n}"), 1));
    Plan {
        scenario: "test/engine".to_owned(),
        title: "a test".to_owned(),
        seed: 1,
        duration: Span::secs(1),
        nodes: servers.chain(clients).collect(),
        network: Network {
            latency: Law::Constant(Span::millis(1)),
            loss: Chance::NEVER,
            ..Network::default()
        },
        processor: Processor::default(),
        clock: Clock::default(),
        disk: Disk::new(Law::Constant(Span::millis(10))),
        workload: None,
        faults: Vec::new(),
        heal: None,
        expectations: Vec::new(),
        config,
        bugs: Vec::new(),
        supervisor: rehearsal_sim::plan::Supervisor::default(),
        laws: Laws::default(),
    }
}

/// Servers that do what the rules say: `(node, on, what)`.
pub(crate) fn puppets(servers: u32, rules: &[(u32, On, &[Do])]) -> Plan {
    puppets_and_clients(servers, 0, rules)
}

pub(crate) fn puppets_and_clients(servers: u32, clients: u32, rules: &[(u32, On, &[Do])]) -> Plan {
    let rules = rules.iter().map(|(node, on, acts)| (*node, *on, acts.to_vec())).collect();
    plan(servers, clients, erased(Config { rules, needs_majority: false }))
}

pub(crate) fn erased<C: rehearsal_sim::protocol::Config>(config: C) -> ErasedConfig {
    ErasedConfig(Arc::new(config))
}

pub(crate) fn ms(n: u64) -> SimTime {
    SimTime(n * MS)
}

pub(crate) fn nodes(ids: &[u32]) -> Target {
    Target::Nodes(ids.iter().map(|id| NodeId(*id)).collect())
}

/// A fault from a millisecond on, for some milliseconds; 0 is for ever.
pub(crate) fn fault(at: u64, lasts: u64, fault: Fault) -> PlannedFault {
    PlannedFault::once(ms(at), (lasts > 0).then(|| Span::millis(lasts)), fault)
}

pub(crate) fn expecting(expect: Expect) -> Expectation {
    Expectation { text: "a_name = 1".to_owned(), expect, during: None }
}

/// A workload that gets key 0 every so many milliseconds.
pub(crate) fn every(gap: u64) -> Workload {
    Workload {
        load: Load::Open { gap: Law::Constant(Span::millis(gap)) },
        keys: KeyLaw::Uniform { count: 1 },
        mix: vec![(0, 1)],
        start: SimTime::ZERO,
        stop: None,
    }
}

pub(crate) fn chance(p: f64) -> Chance {
    Chance::from_f64(p).expect("a probability")
}

/// Runs puppets, traced.
pub(crate) fn run(plan: &Plan) -> Record {
    (PUPPET.run)(plan, 1, &Watch::TRACED)
}

/// The same with another seed.
pub(crate) fn run_seeded(plan: &Plan, seed: u64) -> Record {
    (PUPPET.run)(plan, seed, &Watch::TRACED)
}

/// What the trace tells of a node, a line each: milliseconds and text.
pub(crate) fn story(record: &Record, node: u32, kind: RowKind) -> Vec<String> {
    let of = |row: &Row<'_>| row.node == Some(node) && row.kind == kind;
    record.trace.rows().filter(of).map(|row| line(&row)).collect()
}

pub(crate) fn line(row: &Row<'_>) -> String {
    let (whole, rest) = (row.at_ns / MS, row.at_ns % MS);
    let gap = if row.address().is_empty() { "" } else { " " };
    let address = row.address() + gap;
    if rest == 0 {
        format!("{whole} {address}{}", row.text())
    } else {
        format!("{whole}.{rest:06} {address}{}", row.text())
    }
}

/// What a node noted, without its booting.
pub(crate) fn notes(record: &Record, node: u32) -> Vec<String> {
    let mut notes = story(record, node, RowKind::Note);
    notes.retain(|note| !note.contains("Booted"));
    notes
}

pub(crate) fn boots(record: &Record, node: u32) -> Vec<String> {
    let mut notes = story(record, node, RowKind::Note);
    notes.retain(|note| note.contains("Booted"));
    notes
}

/// What was said, in order, with the millisecond.
pub(crate) fn said(record: &Record, node: u32) -> Vec<(u64, u32)> {
    let rows = record.trace.rows().filter(|row| row.node == Some(node));
    let said = rows.filter(|row| row.kind == RowKind::Note).filter_map(|row| {
        let number = row.text();
        let number = number.strip_prefix("Said(")?.strip_suffix(')')?;
        Some((row.at_ns / MS, number.parse().expect("a number")))
    });
    said.collect()
}

/// Every delivery: address and instant.
pub(crate) fn deliveries(record: &Record) -> Vec<(String, u64)> {
    let rows = record.trace.rows().filter(|row| row.kind == RowKind::Deliver);
    rows.map(|row| (row.address(), row.at_ns)).collect()
}
