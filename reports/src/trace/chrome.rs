//! Chrome's Trace Event Format, which `chrome://tracing` and Perfetto open.
//!
//! The run is a process, a node a thread. What happens on a node at one instant is one slice: a step
//! takes no simulated time, and flows, which are the arrows of messages, need slices to begin and end
//! in. A slice is a microsecond long, or shorter where the next one comes sooner. Times are
//! microseconds with three decimals, so that every nanosecond counts.

use std::collections::BTreeMap;

use rehearsal_sim::record::{Record, Row, RowKind};
use serde_json::{Value, json};

use super::{Selection, kind_of_message, message, name};

/// The process.
const RUN: u32 = 1;
/// The thread of what happens on no node.
const NETWORK: u32 = 0;
/// How long a slice is, in nanoseconds, where there is room.
const SLICE: u64 = 1_000;

/// The events so far, with their instants.
struct Events<'a> {
    record: &'a Record,
    /// As texts: a trace has hundreds of thousands.
    events: Vec<(u64, String)>,
}

pub(super) fn write(record: &Record, selection: &Selection) -> String {
    let mut events = Events { record, events: Vec::new() };
    let rows: Vec<Row<'_>> = selection.rows(record).collect();
    events.slices(&rows);
    events.flows(&rows);
    events.operations(&rows);
    events.faults(selection);
    for row in &rows {
        events.counters(row);
        events.marks(row);
    }
    // At one instant slices come first, as they were made first.
    events.events.sort_by_key(|(at_ns, _)| *at_ns);
    let mut out = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n".to_owned();
    let names: Vec<String> = events.names().iter().map(Value::to_string).collect();
    out += &names.join(",\n");
    for (_, event) in events.events {
        out += ",\n";
        out += &event;
    }
    out + "\n]}\n"
}

/// An instant or span in the unit of the format.
fn micros(ns: u64) -> Value {
    #[allow(clippy::cast_precision_loss, reason = "exact to the nanosecond for 52 days")]
    let micros = ns as f64 / 1e3;
    json!(micros)
}

fn thread(row: &Row<'_>) -> u32 {
    row.node.map_or(NETWORK, |node| node.saturating_add(1))
}

/// What a row is called in a picture.
fn title(row: &Row<'_>) -> String {
    match row.kind {
        RowKind::Send
        | RowKind::Deliver
        | RowKind::Drop
        | RowKind::Duplicate
        | RowKind::Refused => {
            format!("{} {}", row.kind.name(), message(row))
        }
        _ => row.text().into_owned(),
    }
}

impl Events<'_> {
    fn add(&mut self, at_ns: u64, phase: &str, tid: u32, name: &str, more: Value) {
        let mut event = json!({
            "name": name, "ph": phase, "ts": micros(at_ns), "pid": RUN, "tid": tid,
        });
        let (Some(event_keys), Value::Object(more)) = (event.as_object_mut(), more) else {
            unreachable!("both are objects");
        };
        event_keys.extend(more);
        self.events.push((at_ns, event.to_string()));
    }

    /// What processes and threads are called.
    fn names(&self) -> Vec<Value> {
        let head = &self.record.head;
        let run = format!("{} seed {}", head.scenario, head.seed);
        let named = |what: &str, tid: u32, name: &str| json!({ "name": what, "ph": "M", "pid": RUN, "tid": tid, "args": { "name": name } });
        let mut names = vec![named("process_name", 0, &run), named("thread_name", 0, "network")];
        for (tid, node) in (1u32..).zip(self.record.nodes.iter()) {
            names.push(named("thread_name", tid, &node.name));
            names.push(json!({
                "name": "thread_sort_index", "ph": "M", "pid": RUN, "tid": tid,
                "args": { "sort_index": tid },
            }));
        }
        names
    }

    /// A slice for what happens on a node at one instant, called by the first of it.
    fn slices(&mut self, rows: &[Row<'_>]) {
        let mut instants: BTreeMap<(u32, u64), Vec<&Row<'_>>> = BTreeMap::new();
        for row in rows {
            instants.entry((thread(row), row.at_ns)).or_default().push(row);
        }
        let next = instants.keys().skip(1).map(Some).chain([None]);
        let room: Vec<u64> = instants
            .keys()
            .zip(next)
            .map(|((tid, at), next)| match next {
                Some((next_tid, next_at)) if next_tid == tid => (next_at - at).min(SLICE),
                _ => SLICE,
            })
            .collect();
        for (((tid, at_ns), rows), room) in instants.into_iter().zip(room) {
            let told: Vec<Value> = rows
                .iter()
                .map(|row| {
                    json!({ "id": row.id, "cause": row.cause, "kind": row.kind.name(),
                                   "address": row.address(), "text": row.text() })
                })
                .collect();
            let more = json!({
                "cat": rows[0].kind.name(), "dur": micros(room), "args": { "rows": told },
            });
            self.add(at_ns, "X", tid, &title(rows[0]), more);
        }
    }

    /// An arrow for each copy that arrives, where both ends are shown.
    fn flows(&mut self, rows: &[Row<'_>]) {
        let sent: BTreeMap<u64, &Row<'_>> = rows
            .iter()
            .filter(|row| matches!(row.kind, RowKind::Send | RowKind::Duplicate))
            .map(|row| (row.id, row))
            .collect();
        for row in rows.iter().filter(|row| row.kind == RowKind::Deliver) {
            let Some(from) = row.cause.and_then(|cause| sent.get(&cause)) else { continue };
            let name = kind_of_message(row);
            let both = json!({ "cat": "message", "id": from.id });
            self.add(from.at_ns, "s", thread(from), &name, both);
            // It ends in the slice that is there, not in the next one to begin.
            let end = json!({ "cat": "message", "id": from.id, "bp": "e" });
            self.add(row.at_ns, "f", thread(row), &name, end);
        }
    }

    /// A span for each operation, from its call to its end, or to the end of the run.
    fn operations(&mut self, rows: &[Row<'_>]) {
        let mut open: BTreeMap<(u32, &str), (String, &Row<'_>)> = BTreeMap::new();
        let texts: Vec<_> = rows.iter().map(|row| (row, row.text())).collect();
        let number = |text: &'_ str| text.strip_prefix("call ").map(str::len);
        for (row, text) in &texts {
            if number(text).is_none() {
                continue;
            }
            let rest = &text["call ".len()..];
            let id = rest.split([':', ' ']).next().unwrap_or_default();
            let key = (thread(row), id);
            let end = match row.kind {
                RowKind::Call => {
                    let name = rest.split_once(": ").map_or(rest, |(_, name)| name).to_owned();
                    open.insert(key, (name, row));
                    continue;
                }
                RowKind::Reply => row,
                _ => continue,
            };
            if let Some((name, begin)) = open.remove(&key) {
                self.span("operation", &format!("call {id}"), &name, begin, end.at_ns, &end.text());
            }
        }
        let last = self.record.head.virtual_ns;
        for ((_, id), (name, begin)) in open {
            let end_ns = last.max(begin.at_ns);
            self.span("operation", &format!("call {id}"), &name, begin, end_ns, "still open");
        }
    }

    fn span(&mut self, cat: &str, id: &str, name: &str, from: &Row<'_>, to_ns: u64, end: &str) {
        let tid = thread(from);
        let begins = json!({ "cat": cat, "id": id, "args": { "text": from.text() } });
        self.add(from.at_ns, "b", tid, name, begins);
        self.add(to_ns, "e", tid, name, json!({ "cat": cat, "id": id, "args": { "text": end } }));
    }

    /// A span for each fault, on the thread of the network.
    fn faults(&mut self, selection: &Selection) {
        let record = self.record;
        for (number, fault) in record.faults.iter().enumerate() {
            let end_ns = fault.to_ns.unwrap_or(record.head.virtual_ns).max(fault.from_ns);
            if end_ns < selection.from_ns || selection.to_ns.is_some_and(|to| fault.from_ns >= to) {
                continue;
            }
            let name = format!("{} {}", fault.kind, fault.label);
            let id = format!("fault {number}");
            for (at_ns, phase) in [(fault.from_ns, "b"), (end_ns, "e")] {
                self.add(at_ns, phase, NETWORK, &name, json!({ "cat": "fault", "id": id }));
            }
        }
    }

    /// Numbers that a node shows of itself.
    fn counters(&mut self, row: &Row<'_>) {
        let Some(node) = row.node else { return };
        for change in row.changes() {
            let value = change.to.as_deref().and_then(|value| value.parse::<i64>().ok());
            let Some(value) = value else { continue };
            let name = format!("{} {}", name(self.record, node), change.field);
            self.add(row.at_ns, "C", thread(row), &name, json!({ "args": { "value": value } }));
        }
    }

    /// What is seen at a glance: faults, violations, and copies that died.
    fn marks(&mut self, row: &Row<'_>) {
        let scope = match row.kind {
            RowKind::Violation => "g",
            RowKind::Fault => "p",
            RowKind::Drop => "t",
            _ => return,
        };
        let more = json!({ "cat": row.kind.name(), "s": scope, "args": { "text": row.text() } });
        self.add(row.at_ns, "i", thread(row), &title(row), more);
    }
}
