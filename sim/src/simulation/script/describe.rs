//! What a stage shows: the reaction to a command, and nodes, logs, disks and messages on request.

use std::fmt::Write as _;

use super::{Flight, Simulation};
use crate::protocol::{NodeId, Protocol, Survivor};
use crate::record::{RowKind, TraceRow};
use crate::simulation::disk::Write;
use crate::view::{LogStrip, View};

/// Descriptions are broken into lines of about this many characters.
const WIDTH: usize = 90;
/// How the line of a violation begins.
pub(super) const ALARM: &str = "!!";

impl<P: Protocol> Simulation<'_, P> {
    /// The rows of the trace as lines: causes at the margin, what came of each below it.
    pub(super) fn reaction(&self, rows: &[TraceRow]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rows = rows.iter().peekable();
        while let Some(row) = rows.next() {
            let node = row.node.map_or("", |id| self.world.name(NodeId(id)));
            // What a node tells itself is a part of its step, and what it shows can be asked for.
            if matches!(row.kind, RowKind::SelfMessage | RowKind::View) {
                continue;
            }
            lines.push(match row.kind {
                RowKind::Send => {
                    let died = |next: &&TraceRow| {
                        next.kind == RowKind::Drop && next.address == row.address
                    };
                    // By hand, only a cut takes messages away at once.
                    let fate = rows.next_if(died).map_or("sent", |_| "sent, but cut off");
                    format!("  {} {fate}{}", row.address, contents(row))
                }
                RowKind::Deliver => format!("{} arrives{}", row.address, contents(row)),
                RowKind::Drop => format!("{} never arrives: {}", row.address, row.text),
                RowKind::Duplicate | RowKind::Refused => {
                    format!("{} {}", row.address, row.text)
                }
                RowKind::Note => format!("  {node} * {}", row.text),
                RowKind::Reply => format!("  {node} {}", row.text),
                RowKind::Sync => format!("{node} disk: {}", row.text),
                RowKind::Violation => format!("{ALARM} {}", row.text),
                _ if node.is_empty() => row.text.clone(),
                _ => format!("{node} {}", row.text),
            });
        }
        lines
    }

    fn view(&self, id: NodeId) -> Option<View> {
        let mut view = View::default();
        self.nodes[id.index()].state.as_ref()?.view(&mut view);
        for (_, value) in &mut view.fields {
            *value = self.world.named(value);
        }
        for cell in view.logs.iter_mut().flat_map(|log| &mut log.cells) {
            *cell = self.world.named(cell);
        }
        Some(view)
    }

    /// A node's fields and armed timers.
    pub(super) fn show(&self, id: NodeId) -> Vec<String> {
        let name = self.world.name(id);
        let Some(view) = self.view(id) else { return vec![format!("{name} is down")] };
        let mut lines = Vec::new();
        if !view.fields.is_empty() {
            let fields = view.fields.iter().map(|(name, value)| format!("{name}={value}"));
            lines.extend(wrapped(name, fields));
        }
        let timers = self.nodes[id.index()].timers.names();
        let armed: Vec<String> = timers.iter().map(|timer| format!("{timer:?}")).collect();
        let armed = if armed.is_empty() { "none".to_owned() } else { armed.join(" ") };
        lines.push(format!("{name} timers: {armed}"));
        lines
    }

    /// The logs of nodes, one below the other, index by index, as Raft's paper draws them. A bar
    /// stands behind what a node knows to be committed.
    pub(super) fn logs(&self, ids: &[NodeId]) -> Vec<String> {
        let mut strips: Vec<(&str, Option<LogStrip>)> = Vec::new();
        for id in ids {
            let name = self.world.name(*id);
            match self.view(*id) {
                Some(view) => strips.extend(view.logs.into_iter().map(|log| (name, Some(log)))),
                None => strips.push((name, None)),
            }
        }
        picture(&strips)
    }

    /// What a disk holds, and what it was handed and may still lose.
    pub(super) fn show_disk(&self, id: NodeId) -> Vec<String> {
        let name = self.world.name(id);
        let disk = &self.nodes[id.index()].disk;
        let durable = disk.durable().iter().map(|survivor| match survivor {
            Survivor::Intact(record) => format!("durable: {record:?}"),
            unreadable => format!("durable: {unreadable:?}"),
        });
        let pending = disk.pending().map(|write| match write {
            Write::Append(record) => format!("not yet: {record:?}"),
            Write::Truncate { keep } => format!("not yet: keeps {keep} records, drops the rest"),
            Write::Rewrite(records) => format!("not yet: {} records replace all", records.len()),
        });
        let lines: Vec<String> = durable
            .chain(pending)
            .map(|text| format!("{name} {}", self.world.named(&text)))
            .collect();
        if lines.is_empty() { vec![format!("{name} has an empty disk")] } else { lines }
    }

    /// The messages in flight, a line each.
    pub(super) fn show_flights(&self) -> Vec<String> {
        let line = |flight: &Flight<P::Message>| {
            let text = self.world.named(&format!("{:?}", flight.body()));
            let address = self.world.address_text(flight.at);
            format!("{address}{}", after_kind(&address, &text))
        };
        let lines: Vec<String> = self.parked.values().map(line).collect();
        if lines.is_empty() { vec!["nothing is in flight".to_owned()] } else { lines }
    }
}

/// What a message says, without its kind, which its address names.
fn contents(row: &TraceRow) -> String {
    after_kind(&row.address, &row.text)
}

fn after_kind(address: &str, text: &str) -> String {
    let kind = address.split([' ', '#']).nth(1).unwrap_or_default();
    match text.strip_prefix(kind).unwrap_or(text).trim_start() {
        "" => String::new(),
        rest => format!(": {rest}"),
    }
}

/// Draws logs index by index; a node that is down has none.
fn picture(strips: &[(&str, Option<LogStrip>)]) -> Vec<String> {
    let logs = || strips.iter().filter_map(|(_, log)| log.as_ref());
    let first = logs().map(|log| log.first_index).min().unwrap_or(1);
    let end = logs().map(|log| log.first_index + log.cells.len() as u64).max().unwrap_or(first);
    let widest = |index| {
        let cells = logs().filter_map(move |log| cell(log, index));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let columns: Vec<(u64, usize)> = (first..end).map(|index| (index, widest(index))).collect();
    let margin = strips.iter().map(|(name, _)| name.len()).max().unwrap_or(0);

    let mut head = format!("{:margin$}   ", "");
    for (index, width) in &columns {
        write!(head, "{index:<width$}   ").expect("a string takes text");
    }
    let line = |(name, log): &(&str, Option<LogStrip>)| {
        let Some(log) = log else { return format!("{name:<margin$}   (down)") };
        let bar = |is_here| if is_here { " | " } else { "   " };
        // What was committed before the picture begins is committed at its margin.
        let mut line = format!("{name:<margin$}{}", bar(log.committed < first));
        for (index, width) in &columns {
            let text = cell(log, *index).unwrap_or_default();
            let bar = bar(log.committed == *index);
            write!(line, "{text:<width$}{bar}").expect("a string takes text");
        }
        line.trim_end().to_owned()
    };
    std::iter::once(head.trim_end().to_owned()).chain(strips.iter().map(line)).collect()
}

/// What a strip shows at an index.
fn cell(log: &LogStrip, index: u64) -> Option<&str> {
    let place = usize::try_from(index.checked_sub(log.first_index)?).ok()?;
    log.cells.get(place).map(String::as_str)
}

/// Words after a name, in lines that are not too long.
fn wrapped(name: &str, words: impl Iterator<Item = String>) -> Vec<String> {
    let indent = " ".repeat(name.len());
    let mut lines = vec![name.to_owned()];
    for word in words {
        let line = lines.last_mut().expect("there is one");
        if line.len() + 1 + word.len() > WIDTH && line.len() > indent.len() {
            lines.push(format!("{indent} {word}"));
        } else {
            line.push(' ');
            line.push_str(&word);
        }
    }
    lines
}
