//! A run's trace in the forms that people and other programs read, drawn from the record alone.
//!
//! ```text
//! Record --> Selection (nodes, kinds, a stretch of time) --> columns: text, a column per node
//!                                                         --> jsonl:   a line of JSON per row
//!                                                         --> chrome:  Perfetto, chrome://tracing
//!                                                         --> shiviz:  ShiViz, with vector clocks
//! ```

mod chrome;
mod columns;
mod jsonl;
mod shiviz;

use rehearsal_sim::record::{Record, Row, RowKind};

/// A form of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text of 120 columns, with one column per node where they fit.
    Columns,
    /// One JSON object per row, a line each.
    Jsonl,
    /// Chrome's Trace Event Format, which Perfetto opens as well.
    Chrome,
    /// The log that ShiViz reads.
    Shiviz,
}

/// Which rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those on these nodes, and those on none; empty for all.
    pub nodes: Vec<u32>,
    /// Those of these kinds; empty for all.
    pub kinds: Vec<RowKind>,
    /// Those from this instant on, in nanoseconds of simulated time.
    pub from_ns: u64,
    /// Those before this instant; `None` for all to the end.
    pub to_ns: Option<u64>,
}

impl Selection {
    /// Whether a row is shown.
    pub fn has(&self, row: &Row<'_>) -> bool {
        let here = self.nodes.is_empty() || row.node.is_none_or(|node| self.nodes.contains(&node));
        let is_asked_for = self.kinds.is_empty() || self.kinds.contains(&row.kind);
        here && is_asked_for
            && row.at_ns >= self.from_ns
            && self.to_ns.is_none_or(|to| row.at_ns < to)
    }

    fn rows<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = Row<'a>> {
        record.trace.rows().filter(|row| self.has(row))
    }
}

/// The trace of a record, or a part of it, as a text in a form. Equal records give equal texts.
pub fn export(record: &Record, format: Format, selection: &Selection) -> String {
    match format {
        Format::Columns => columns::write(record, selection),
        Format::Jsonl => jsonl::write(record, selection),
        Format::Chrome => chrome::write(record, selection),
        Format::Shiviz => shiviz::write(record, selection),
    }
}

/// The name of a node; `?` where the record has no such node.
fn name(record: &Record, node: u32) -> &str {
    record.nodes.get(node as usize).map_or("?", |node| node.name.as_str())
}

/// A text from outside as a part of one line.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// What a message says beside its kind, which its address names.
fn contents(row: &Row<'_>) -> String {
    let (kind, text) = (kind_of_message(row), row.text());
    let rest = text.strip_prefix(kind.as_str());
    let rest = rest.filter(|rest| !rest.starts_with(char::is_alphanumeric)).unwrap_or(&text);
    one_line(rest.trim_start())
}

/// `n1->n2 AppendEntries#3` as `AppendEntries`.
fn kind_of_message(row: &Row<'_>) -> String {
    message(row).split('#').next().unwrap_or_default().to_owned()
}

/// For messages what they are called without the link, `AppendEntries#3`; else empty.
fn message(row: &Row<'_>) -> String {
    let address = row.address();
    address.split_once(' ').map_or(address.clone(), |(_, message)| message.to_owned())
}
