//! What holds in every trace.

use std::collections::BTreeMap;

use super::{Row, RowKind, Trace};
use crate::record::MessageCounts;

impl Trace {
    /// Which of the laws that hold in every trace this one breaks, in a sentence; `None` when all
    /// hold. It is for tests: a trace of ours that breaks one is a mistake of the simulator.
    ///
    /// Rows are numbered and lie in the order of time, and each comes after its cause. What a node
    /// does has an input of that node as its cause, and what becomes of a copy the row that sent or
    /// made it, under the same address. In a trace that is whole every copy has one fate, and there
    /// are as many of each as `messages` counts.
    pub fn broken_law(&self, messages: &MessageCounts) -> Option<String> {
        let mut before: Option<Row<'_>> = None;
        let mut fates: BTreeMap<u64, u64> = BTreeMap::new();
        for row in self.rows() {
            let said = |what: &str| Some(format!("{what}: {row:?}"));
            if before.is_some_and(|before| before.id >= row.id || before.at_ns > row.at_ns) {
                return said("it comes before an earlier one");
            }
            before = Some(row);
            let cause = match row.cause {
                None if needs_cause(row.kind) => return said("it has no cause"),
                None => continue,
                Some(cause) if cause >= row.id => return said("it comes before its cause"),
                Some(cause) => self.row(cause),
            };
            if matches!(row.kind, RowKind::Deliver | RowKind::Drop) {
                *fates.entry(row.cause.unwrap_or_default()).or_default() += 1;
            }
            match cause {
                Some(cause) if !fits(&row, &cause) => {
                    return Some(format!("{cause:?} does not lead to {row:?}"));
                }
                None if self.omitted == 0 => return said("its cause is not there"),
                _ => {}
            }
        }
        if let Some((row, count)) = fates.iter().find(|(_, count)| **count > 1) {
            return Some(format!("{count} rows tell what became of the copy of row {row}"));
        }
        (self.omitted == 0).then(|| self.miscounted(messages)).flatten()
    }

    /// What a whole trace counts otherwise than the run.
    fn miscounted(&self, m: &MessageCounts) -> Option<String> {
        let count = |kind| self.rows().filter(|row| row.kind == kind).count() as u64;
        let [sent, duplicated, delivered, dropped] =
            [RowKind::Send, RowKind::Duplicate, RowKind::Deliver, RowKind::Drop].map(count);
        let in_flight = (sent + duplicated).checked_sub(delivered + dropped);
        let found = (sent, duplicated, delivered, dropped, in_flight);
        let counted = (m.sent, m.duplicated, m.delivered, m.dropped.total(), Some(m.in_flight));
        (found != counted).then(|| format!("the rows count {found:?}, the run {counted:?}"))
    }
}

/// Whether something of this kind never happens of itself.
fn needs_cause(kind: RowKind) -> bool {
    !matches!(kind, RowKind::Boot | RowKind::Call | RowKind::Fault | RowKind::Violation)
}

/// Whether a row can have this cause.
fn fits(row: &Row<'_>, cause: &Row<'_>) -> bool {
    let here = row.node == cause.node;
    match row.kind {
        RowKind::Deliver | RowKind::Drop | RowKind::Refused => {
            let sent = matches!(cause.kind, RowKind::Send | RowKind::Duplicate);
            sent && row.stream == cause.stream && row.nth == cause.nth
        }
        RowKind::Duplicate => {
            cause.kind == RowKind::Send && row.stream == cause.stream && row.nth == cause.nth
        }
        RowKind::Call => here && cause.kind == RowKind::Reply,
        RowKind::Boot | RowKind::Fault | RowKind::Violation => true,
        RowKind::Send
        | RowKind::Timer
        | RowKind::Reply
        | RowKind::Sync
        | RowKind::Note
        | RowKind::SelfMessage
        | RowKind::View => {
            let is_input = matches!(
                cause.kind,
                RowKind::Boot
                    | RowKind::Deliver
                    | RowKind::Timer
                    | RowKind::Call
                    | RowKind::Sync
                    | RowKind::SelfMessage
                    | RowKind::Refused
                    | RowKind::Fault
            );
            here && is_input
        }
    }
}
