//! The log that ShiViz draws as a space-time diagram.
//!
//! Its default expression reads two lines per event, the event and then its host with a vector
//! clock. The first line of a file may name the expression and the second one the delimiter of
//! several executions, so both stand there
//! (<https://bestchai.bitbucket.io/shiviz/>, "What is the input log format to the tool?").

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rehearsal_sim::record::{Record, Row, RowKind};
use rehearsal_sim::time::SimTime;

use super::{Selection, contents, message};

/// ShiViz's default expression.
const EXPRESSION: &str = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})";
/// The host of what happens on no node: faults of the network, and copies that die in it.
const NETWORK: &str = "network";

pub(super) fn write(record: &Record, selection: &Selection) -> String {
    let mut out = format!("{EXPRESSION}\n\n");
    let hosts = hosts(record);
    clocks(record, selection, |row, clock| {
        let host = |host: usize| -> &str { &hosts[host] };
        let known = clock.iter().enumerate().filter(|(_, count)| **count > 0);
        let known: Vec<String> =
            known.map(|(at, count)| format!("{}:{count}", json(host(at)))).collect();
        // An event that looked like a host with its clock would be read as one; with the time and
        // the kind before it, none does.
        let says = [message(&row), contents(&row)];
        let says: Vec<&str> =
            says.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let (at, kind) = (SimTime(row.at_ns), row.kind.name());
        let host = host(host_of(record, &row));
        writeln!(out, "{at} {kind} {}\n{host} {{{}}}", says.join(" "), known.join(","))
            .expect("a string takes text");
    });
    out
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a text is plain data")
}

/// The names of the hosts: of the nodes, each once and without blanks, and of the network.
fn hosts(record: &Record) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    let names = record.nodes.iter().map(|node| node.name.as_str()).chain([NETWORK]);
    for name in names {
        let plain = |letter: char| letter.is_whitespace() || letter.is_control();
        let mut host = name.replace(plain, "_");
        while host.is_empty() || hosts.contains(&host) {
            host.push('_');
        }
        hosts.push(host);
    }
    hosts
}

/// The host of a row. A copy dies unseen by its sender, so that is no event of the sender.
fn host_of(record: &Record, row: &Row<'_>) -> usize {
    let network = record.nodes.len();
    match row.node {
        Some(node) if row.kind != RowKind::Drop => (node as usize).min(network),
        _ => network,
    }
}

/// Gives every selected row with its vector clock, which counts the selected rows of each host that
/// the row follows, or is: through the order on its host, through causes, and through rows that are
/// not selected.
pub(super) fn clocks(
    record: &Record,
    selection: &Selection,
    mut tell: impl FnMut(Row<'_>, &[u64]),
) {
    let hosts = record.nodes.len() + 1;
    let host_by_id = |id: u64| record.trace.row(id).map(|row| host_of(record, &row));
    // What another host than its own follows, and how often it will.
    let mut heard: BTreeMap<u64, u64> = BTreeMap::new();
    for row in record.trace.rows() {
        let elsewhere =
            |cause: &u64| host_by_id(*cause).is_some_and(|h| h != host_of(record, &row));
        if let Some(cause) = row.cause.filter(elsewhere) {
            *heard.entry(cause).or_default() += 1;
        }
    }
    let mut now = vec![vec![0; hosts]; hosts];
    let mut said: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for row in record.trace.rows() {
        let host = host_of(record, &row);
        let cause = row.cause.filter(|cause| said.contains_key(cause));
        if let Some(cause) = cause.filter(|cause| host_by_id(*cause) != Some(host)) {
            for (mine, theirs) in now[host].iter_mut().zip(&said[&cause]) {
                *mine = (*mine).max(*theirs);
            }
            let left = heard.entry(cause).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                said.remove(&cause);
            }
        }
        if selection.has(&row) {
            now[host][host] += 1;
            tell(row, &now[host]);
        }
        if heard.contains_key(&row.id) {
            said.insert(row.id, now[host].clone());
        }
    }
}
