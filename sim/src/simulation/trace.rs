//! The bounded trace: whole when it fits, else a window around the first fault and the end.

use crate::record::{RowKind, Trace, TraceRow};

/// Collects rows. When they would exceed the limit, what is kept is the stretch around the first
/// fault (half of the limit) and the end of the run, where a violation stops it (a quarter).
#[derive(Debug)]
pub(crate) struct Tracer {
    limit: usize,
    rows: Vec<TraceRow>,
    /// Rows after which `rows` is frozen and newer ones go to `tail`; set when it first fills up.
    tail: Option<Vec<TraceRow>>,
    /// Where in `rows` the first fault stands.
    fault: Option<usize>,
    omitted: u64,
}

impl Tracer {
    pub(crate) fn new(limit: usize) -> Tracer {
        Tracer { limit, rows: Vec::new(), tail: None, fault: None, omitted: 0 }
    }

    pub(crate) fn push(&mut self, row: TraceRow) {
        if self.tail.is_none() && self.rows.len() == self.limit {
            self.make_room();
        }
        if let Some(tail) = &mut self.tail {
            tail.push(row);
            self.trim_tail();
            return;
        }
        if row.kind == RowKind::Fault && self.fault.is_none() {
            self.fault = Some(self.rows.len());
        }
        self.rows.push(row);
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
        self.rows.drain(..rows);
        self.fault = self.fault.map(|fault| fault - rows);
        self.omitted += rows as u64;
    }

    /// Keeps the tail short. Forgetting many rows at a time keeps the cost per row constant.
    fn trim_tail(&mut self) {
        let Some(tail) = &mut self.tail else { return };
        if tail.len() > self.limit - self.rows.len() {
            let forgotten = (self.limit / 4).max(1);
            tail.drain(..forgotten);
            self.omitted += forgotten as u64;
        }
    }

    /// Takes the rows so far away, for a stage that shows them command by command.
    pub(crate) fn drain(&mut self) -> Vec<TraceRow> {
        std::mem::take(&mut self.rows)
    }

    pub(crate) fn finish(self) -> Trace {
        let mut rows = self.rows;
        rows.extend(self.tail.into_iter().flatten());
        let window = if self.omitted == 0 {
            String::new()
        } else if self.fault.is_some() {
            "the rows around the first fault and the last rows of the run".to_owned()
        } else {
            "the last rows of the run".to_owned()
        };
        Trace { rows, omitted: self.omitted, window }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at_ns: u64, kind: RowKind) -> TraceRow {
        TraceRow {
            at_ns,
            kind,
            node: None,
            peer: None,
            address: String::new(),
            text: String::new(),
        }
    }

    #[test]
    fn a_short_trace_is_whole() {
        let mut tracer = Tracer::new(100);
        (0..100).for_each(|at| tracer.push(row(at, RowKind::Send)));
        let trace = tracer.finish();
        assert_eq!((trace.rows.len(), trace.omitted, trace.window.as_str()), (100, 0, ""));
    }

    #[test]
    fn a_long_trace_keeps_the_first_fault_and_the_end() {
        let mut tracer = Tracer::new(100);
        for at in 0..10_000 {
            let kind = if at == 5_000 { RowKind::Fault } else { RowKind::Send };
            tracer.push(row(at, kind));
        }
        let trace = tracer.finish();
        assert!(trace.rows.len() <= 100);
        assert_eq!(trace.rows.len() as u64 + trace.omitted, 10_000);
        assert!(trace.rows.iter().any(|row| row.kind == RowKind::Fault));
        assert_eq!(trace.rows.last().map(|row| row.at_ns), Some(9_999));
        assert!(!trace.window.is_empty());
    }

    #[test]
    fn no_limit_is_too_small() {
        for (limit, fault) in (1..12).flat_map(|limit| (0..30).map(move |fault| (limit, fault))) {
            let mut tracer = Tracer::new(limit);
            for at in 0..1_000 {
                let kind = if at == fault { RowKind::Fault } else { RowKind::Send };
                tracer.push(row(at, kind));
            }
            let trace = tracer.finish();
            assert!(trace.rows.len() <= limit, "limit {limit}, fault {fault}");
            assert_eq!(trace.rows.len() as u64 + trace.omitted, 1_000);
            assert!(trace.rows.is_sorted_by_key(|row| row.at_ns));
        }
    }
}
