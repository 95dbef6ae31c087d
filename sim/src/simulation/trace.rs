//! The bounded trace: whole when it fits, else a window around the first fault and the end.

use std::collections::BTreeMap;

use super::causes::Causes;
use super::network::Address;
use crate::protocol::NodeId;
use crate::record::{NewRow, Part, RowKind, Trace, TraceRow};

/// Collects rows. When they would exceed the limit, what is kept is the stretch around the first
/// fault (half of the limit) and the end of the run, where a violation stops it (a quarter).
#[derive(Debug)]
pub(crate) struct Tracer {
    limit: usize,
    rows: Part,
    /// Rows after which `rows` is frozen and newer ones go to `tail`; set when it first fills up.
    tail: Option<Part>,
    /// Where in `rows` the first fault stands.
    fault: Option<usize>,
    omitted: u64,
    /// What leads to the rows to come.
    pub(crate) causes: Causes,
    /// What messages are called without their count, by link and kind.
    streams: Vec<String>,
    known: BTreeMap<(u64, usize), u32>,
    /// The same by name, for rows from elsewhere.
    named: BTreeMap<String, u32>,
    /// The latest row of a node of the kinds that often say the same.
    latest: BTreeMap<(RowKind, u32), u64>,
}

impl Tracer {
    pub(crate) fn new(limit: usize) -> Tracer {
        Tracer {
            limit,
            rows: Part::default(),
            tail: None,
            fault: None,
            omitted: 0,
            causes: Causes::default(),
            streams: Vec::new(),
            known: BTreeMap::new(),
            named: BTreeMap::new(),
            latest: BTreeMap::new(),
        }
    }

    /// Adds a row that is about no message.
    pub(crate) fn add(&mut self, at_ns: u64, kind: RowKind, node: Option<NodeId>, text: &str) {
        let id = self.next();
        let cause = self.causes.of(kind, id);
        let node = node.map(|node| node.0);
        let often = matches!(kind, RowKind::Timer | RowKind::Sync).then_some(node).flatten();
        let alike = often.and_then(|node| self.latest.insert((kind, node), id));
        let new = NewRow { at_ns, kind, node, peer: None, message: None, cause };
        self.push(&new, text, alike);
        self.causes.came(kind, id);
    }

    /// Adds a row about a copy of a message; `stream` says what it is called without its count.
    pub(crate) fn add_message(
        &mut self,
        at_ns: u64,
        kind: RowKind,
        at: Address,
        text: &str,
        stream: impl FnOnce() -> String,
    ) {
        let id = self.next();
        let cause = self.causes.of_message(kind, at, id);
        let (node, peer) = match kind {
            RowKind::Deliver => (at.to(), at.from()),
            _ => (at.from(), at.to()),
        };
        let stream = *self.known.entry((at.link, at.kind())).or_insert_with(|| {
            self.streams.push(stream());
            u32::try_from(self.streams.len() - 1).expect("few links")
        });
        let message = Some((stream, at.nth()));
        let (node, peer) = (Some(node.0), Some(peer.0));
        self.push(&NewRow { at_ns, kind, node, peer, message, cause }, text, cause);
    }

    /// Adds a row that another tracer made; it keeps its number.
    pub(crate) fn copy(&mut self, row: &TraceRow) {
        let new = NewRow::of(row, &mut self.named, &mut self.streams);
        self.push(&new, &new.text_of(row), row.cause);
    }

    /// The number of the next row.
    fn next(&self) -> u64 {
        self.tail.as_ref().unwrap_or(&self.rows).next()
    }

    fn push(&mut self, new: &NewRow, text: &str, alike: Option<u64>) {
        if self.tail.is_none() && self.rows.len() == self.limit {
            self.make_room();
        }
        if let Some(tail) = &mut self.tail {
            tail.push(new, text, alike);
            self.trim_tail();
            return;
        }
        if new.kind == RowKind::Fault && self.fault.is_none() {
            self.fault = Some(self.rows.len());
        }
        self.rows.push(new, text, alike);
    }

    fn make_room(&mut self) {
        match self.fault {
            None => self.forget((self.limit / 2).max(1)),
            Some(fault) if fault > self.limit / 4 => self.forget(fault - self.limit / 4),
            Some(_) => self.tail = Some(self.rows.split_off(self.limit / 2)),
        }
    }

    /// Forgets the oldest rows.
    fn forget(&mut self, rows: usize) {
        self.rows.forget(rows);
        self.fault = self.fault.map(|fault| fault - rows);
        self.omitted += rows as u64;
    }

    /// Keeps the tail short. Forgetting many rows at a time keeps the cost per row constant.
    fn trim_tail(&mut self) {
        let Some(tail) = &mut self.tail else { return };
        if tail.len() > self.limit - self.rows.len() {
            let forgotten = (self.limit / 4).max(1);
            tail.forget(forgotten);
            self.omitted += forgotten as u64;
        }
    }

    /// Takes the rows so far away, for a stage that shows them command by command.
    pub(crate) fn drain(&mut self) -> Vec<TraceRow> {
        self.rows.drain(&self.streams)
    }

    pub(crate) fn finish(self) -> Trace {
        let window = if self.omitted == 0 {
            String::new()
        } else if self.fault.is_some() {
            "the rows around the first fault and the last rows of the run".to_owned()
        } else {
            "the last rows of the run".to_owned()
        };
        let parts = std::iter::once(self.rows).chain(self.tail).collect();
        let mut trace = Trace::new(parts, self.streams);
        (trace.omitted, trace.window) = (self.omitted, window);
        trace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Row;

    #[test]
    fn a_short_trace_is_whole() {
        let mut tracer = Tracer::new(100);
        (0..100).for_each(|at| tracer.add(at, RowKind::Note, None, ""));
        let trace = tracer.finish();
        assert_eq!((trace.len(), trace.omitted, trace.window.as_str()), (100, 0, ""));
    }

    #[test]
    fn a_long_trace_keeps_the_first_fault_and_the_end() {
        let mut tracer = Tracer::new(100);
        for at in 0..10_000 {
            let kind = if at == 5_000 { RowKind::Fault } else { RowKind::Note };
            tracer.add(at, kind, None, "");
        }
        let trace = tracer.finish();
        assert!(trace.len() <= 100);
        assert_eq!(trace.len() as u64 + trace.omitted, 10_000);
        assert!(trace.rows().any(|row| row.kind == RowKind::Fault));
        assert_eq!(trace.rows().last().map(|row| row.at_ns), Some(9_999));
        assert!(!trace.window.is_empty());
    }

    #[test]
    fn no_limit_is_too_small() {
        for (limit, fault) in (1..12).flat_map(|limit| (0..30).map(move |fault| (limit, fault))) {
            let mut tracer = Tracer::new(limit);
            for at in 0..1_000 {
                let kind = if at == fault { RowKind::Fault } else { RowKind::Note };
                tracer.add(at, kind, None, &at.to_string());
            }
            let trace = tracer.finish();
            assert!(trace.len() <= limit, "limit {limit}, fault {fault}");
            assert_eq!(trace.len() as u64 + trace.omitted, 1_000);
            assert!(trace.rows().is_sorted_by_key(|row| row.at_ns));
            assert!(trace.rows().all(|row| row.id == row.at_ns));
            let said = |kind| trace.rows().filter(move |row: &Row<'_>| row.kind == kind);
            assert!(said(RowKind::Note).all(|row| row.text() == row.id.to_string()));
        }
    }
}
