//! A store: cells that are written under locks, and guard themselves by tokens.

use std::collections::BTreeMap;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::{Bug, Event, Fx, Message, Record};

/// What a store has under a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cell {
    value: i64,
    /// The highest token that was read or written with.
    fence: u64,
    /// The token of the last write.
    written_by: u64,
}

/// A store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    cells: BTreeMap<u64, Cell>,
}

impl Store {
    pub(super) fn boot(records: &[&Record]) -> Store {
        let cell = |record: &&Record| match **record {
            Record::Cell { name, cell } => Some((name, cell)),
            _ => None,
        };
        Store { cells: records.iter().filter_map(cell).collect() }
    }

    pub(super) fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        match body {
            Message::Fetch { number, cell, token } => self.on_fetch(from, number, cell, token, fx),
            Message::Write { number, cell, token, value } => {
                let old = self.cells.get(&cell).copied().unwrap_or_default();
                let is_old = token < old.fence;
                if mutant!(fx, Bug::TokenNotChecked, is_old, false) {
                    fx.count("fenced_write", 1);
                    fx.send_synced(from, Message::Refused { number, token });
                    return;
                }
                // The second copy of a write is the same write.
                if old.written_by != token {
                    let fence = token.max(old.fence);
                    self.keep(cell, Cell { value, fence, written_by: token }, fx);
                }
                fx.note_synced(Event::Wrote { cell, token });
                fx.send_synced(from, Message::Written { number, token });
            }
            // Meant for servers and clients.
            Message::Acquire { .. }
            | Message::Granted { .. }
            | Message::Release { .. }
            | Message::Fetched { .. }
            | Message::Written { .. }
            | Message::Refused { .. } => {}
        }
    }

    /// Reading with a token closes the cell to all older ones: what an older holder read before that
    /// and writes after it would undo what comes now. Token 0 is that of readers without a lock.
    fn on_fetch(&mut self, from: NodeId, number: u64, name: u64, token: u64, fx: &mut Fx<'_>) {
        let cell = self.cells.get(&name).copied().unwrap_or_default();
        if token > 0 && token < cell.fence {
            fx.count("fenced_fetch", 1);
            fx.send_synced(from, Message::Refused { number, token });
            return;
        }
        if token > cell.fence {
            self.keep(name, Cell { fence: token, ..cell }, fx);
        }
        fx.send_synced(from, Message::Fetched { number, token, value: cell.value });
    }

    fn keep(&mut self, name: u64, cell: Cell, fx: &mut Fx<'_>) {
        self.cells.insert(name, cell);
        fx.append(Record::Cell { name, cell });
    }

    pub(super) fn view(&self, view: &mut View) {
        let shown = |(name, cell): (&u64, &Cell)| {
            format!("{name}: {} (token {})", cell.value, cell.written_by)
        };
        view.field("cells", self.cells.iter().map(shown).collect::<Vec<_>>().join("; "));
    }
}
