//! One JSON object per row, a line each, with nodes by their names.

use rehearsal_sim::record::{FieldChange, Record, Row};
use serde::Serialize;

use super::{Selection, name};

/// A row. The keys come in this order, and all of them every time.
#[derive(Serialize)]
struct Line<'a> {
    /// The row's number, counted from 0 over the whole run.
    id: u64,
    /// When, in nanoseconds of simulated time.
    at_ns: u64,
    /// What: `send`, `deliver`, ...
    kind: &'a str,
    /// Where; `null` for the network.
    node: Option<&'a str>,
    /// For messages the other end.
    peer: Option<&'a str>,
    /// The number of the row that led to it.
    cause: Option<u64>,
    /// For messages, the address: `n1->n2 AppendEntries#3`.
    address: Option<String>,
    /// The story in one line.
    text: &'a str,
    /// For changes of a view, the fields that changed.
    changes: Vec<FieldChange>,
}

pub(super) fn write(record: &Record, selection: &Selection) -> String {
    let mut out = String::new();
    for row in selection.rows(record) {
        out += &line(record, &row);
        out.push('\n');
    }
    out
}

fn line(record: &Record, row: &Row<'_>) -> String {
    let name = |node: Option<u32>| node.map(|node| name(record, node));
    let line = Line {
        id: row.id,
        at_ns: row.at_ns,
        kind: row.kind.name(),
        node: name(row.node),
        peer: name(row.peer),
        cause: row.cause,
        address: Some(row.address()).filter(|address| !address.is_empty()),
        text: &row.text(),
        changes: row.changes().collect(),
    };
    serde_json::to_string(&line).expect("a row is plain data")
}
