//! A trace as text of 120 columns: a column per node with what happened there; where the nodes are
//! many, a lane per node and what happened behind the lanes; where they are very many, names.

use std::fmt::Write as _;

use rehearsal_sim::record::{Record, Row, RowKind};
use rehearsal_sim::time::SimTime;

use super::{Selection, contents, message, name, one_line};

/// The width of a line.
const WIDTH: usize = 120;
/// The column of the time, with the blank behind it.
const TIME: usize = 14;
/// The narrowest column of a node that can be read.
const NARROWEST: usize = 20;
/// The widest column of a node.
const WIDEST: usize = 44;
/// The most that all lanes together take.
const LANES: usize = 60;

/// How the nodes share a line.
enum Layout {
    /// A column of this width each.
    Columns(usize),
    /// A lane of its own width each.
    Lanes(Vec<usize>),
    /// The longest name.
    Names(usize),
}

pub(super) fn write(record: &Record, selection: &Selection) -> String {
    let mut nodes: Vec<u32> = selection.rows(record).filter_map(|row| row.node).collect();
    nodes.sort();
    nodes.dedup();
    let layout = Layout::of(record, &nodes);
    let mut out = String::new();
    let mut line = |text: &str| {
        out += text.trim_end();
        out.push('\n');
    };
    line(&layout.head(record, &nodes));
    for row in selection.rows(record) {
        if row.kind == RowKind::Fault || row.kind == RowKind::Violation || row.node.is_none() {
            line(&rule(record, &row));
        } else {
            line(&layout.line(record, &nodes, &row));
        }
    }
    out
}

impl Layout {
    fn of(record: &Record, nodes: &[u32]) -> Layout {
        let column = (WIDTH - TIME) / nodes.len().max(1) - 1;
        let names = nodes.iter().map(|node| name(record, *node).chars().count());
        let lanes: Vec<usize> = names.clone().map(|length| length + 1).collect();
        if column >= NARROWEST {
            Layout::Columns(column.min(WIDEST))
        } else if lanes.iter().sum::<usize>() <= LANES {
            Layout::Lanes(lanes)
        } else {
            Layout::Names(names.max().unwrap_or(0).min(NARROWEST))
        }
    }

    fn head(&self, record: &Record, nodes: &[u32]) -> String {
        let mut head = format!("{:>12}  ", "time");
        for (place, node) in nodes.iter().enumerate() {
            let name = one_line(name(record, *node));
            match self {
                Layout::Columns(width) => write!(head, "{:<width$} ", shorten(&name, *width)),
                Layout::Lanes(widths) => write!(head, "{name:<0$}", widths[place]),
                Layout::Names(width) if place == 0 => write!(head, "{:<width$}", "node"),
                Layout::Names(_) => Ok(()),
            }
            .expect("a string takes text");
        }
        head
    }

    fn line(&self, record: &Record, nodes: &[u32], row: &Row<'_>) -> String {
        let mut line = format!("{:>12}  ", SimTime(row.at_ns).to_string());
        let said = said(record, row);
        let here = |node: &u32| row.node == Some(*node);
        match self {
            Layout::Columns(width) => {
                let place = nodes.iter().position(here).unwrap_or(0);
                let text = shorten(&said, *width);
                write!(line, "{:1$}{text}", "", place * (width + 1))
            }
            Layout::Lanes(widths) => {
                for (node, width) in nodes.iter().zip(widths) {
                    let mark = if here(node) { mark(row.kind) } else { '·' };
                    write!(line, "{mark:<width$}").expect("a string takes text");
                }
                let left = WIDTH - TIME - widths.iter().sum::<usize>();
                write!(line, "{}", shorten(&said, left))
            }
            Layout::Names(width) => {
                let name = row.node.map_or("?", |node| name(record, node));
                let name = shorten(&one_line(name), *width);
                write!(line, "{name:<width$} {}", shorten(&said, WIDTH - TIME - width - 1))
            }
        }
        .expect("a string takes text");
        line
    }
}

/// What stands in the lane of a node.
fn mark(kind: RowKind) -> char {
    match kind {
        RowKind::Send => '>',
        RowKind::Deliver => '<',
        RowKind::Drop => 'x',
        RowKind::Duplicate => '2',
        RowKind::Refused => 'r',
        RowKind::Note => '*',
        RowKind::View => '=',
        RowKind::Timer => 't',
        RowKind::Call => '?',
        RowKind::Reply => '!',
        RowKind::Sync => 'd',
        RowKind::Boot => '^',
        RowKind::SelfMessage => '@',
        RowKind::Fault | RowKind::Violation => '#',
    }
}

/// What a row tells, beside when and where.
fn said(record: &Record, row: &Row<'_>) -> String {
    let peer = || row.peer.map_or("?", |node| name(record, node));
    let text = row.text();
    let said = match row.kind {
        // Of a message the receiver is told its name: what it says stands where it was sent.
        RowKind::Send => format!(">{} {} {}", peer(), message(row), contents(row)),
        RowKind::Deliver => format!("<{} {}", peer(), message(row)),
        RowKind::Drop => format!("x{} {} {text}", peer(), message(row)),
        RowKind::Duplicate => format!("2{} {} {text}", peer(), message(row)),
        RowKind::Refused => format!("r{} {} {text}", peer(), message(row)),
        RowKind::Note => format!("* {text}"),
        RowKind::View => format!("= {text}"),
        RowKind::SelfMessage => format!("@ {text}"),
        _ => text.into_owned(),
    };
    one_line(&said)
}

/// A fault or violation across all columns.
fn rule(record: &Record, row: &Row<'_>) -> String {
    let place = row.node.map_or(String::new(), |node| format!(" {}", name(record, node)));
    let told = format!(
        "{:>12} ── {}:{place} {} ",
        SimTime(row.at_ns).to_string(),
        row.kind.name(),
        row.text()
    );
    let told = shorten(&one_line(&told), WIDTH);
    let rest = WIDTH.saturating_sub(told.chars().count());
    told + &"─".repeat(rest)
}

/// Cuts a text to a number of characters, saying so.
fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
