//! The trace of a run: what happened, step by step, and what led to what.
//!
//! A row takes 40 bytes and its text once: the text of a message that arrives is that of the message
//! that was sent. Rows are read through [`Row`], which borrows, or copied out as [`TraceRow`].

mod laws;
mod stored;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// What happened, step by step, in order.
///
/// Every row has a number, counted from 0 over the whole run, and at most one cause: the number of
/// the row that led to it. A cause may lie among rows that were left out; then it has no row here.
///
/// Each copy of a message has one fate: after its `send` or `duplicate` row comes exactly one
/// `deliver` or `drop` row with that cause, or none at all, when it was under way at the end.
#[derive(Clone, Default)]
pub struct Trace {
    /// Stretches of rows that follow each other, in order.
    parts: Vec<Part>,
    /// What messages are called without their count: `n1->n2 AppendEntries`.
    streams: Vec<String>,
    /// Rows that were left out because the trace is bounded; 0 means the trace is whole.
    pub omitted: u64,
    /// Which rows were kept, in a sentence; empty when the trace is whole.
    pub window: String,
}

/// What a row of the trace tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// A node booted.
    Boot,
    /// A message left.
    Send,
    /// A message arrived.
    Deliver,
    /// A copy died; the text says why.
    Drop,
    /// The network made a copy.
    Duplicate,
    /// A sender heard that its message was refused: the receiver's process was down.
    Refused,
    /// A timer fired.
    Timer,
    /// An application called an operation.
    Call,
    /// An application heard of an operation's end.
    Reply,
    /// A node's disk finished writing.
    Sync,
    /// The protocol told its observers of an event.
    Note,
    /// A fault began, or ended.
    Fault,
    /// A property was violated.
    Violation,
    /// A message of a node to itself arrived.
    SelfMessage,
    /// What a node shows of itself changed in a step.
    View,
}

impl RowKind {
    /// Every kind.
    pub const ALL: [RowKind; 15] = [
        RowKind::Boot,
        RowKind::Send,
        RowKind::Deliver,
        RowKind::Drop,
        RowKind::Duplicate,
        RowKind::Refused,
        RowKind::Timer,
        RowKind::Call,
        RowKind::Reply,
        RowKind::Sync,
        RowKind::Note,
        RowKind::Fault,
        RowKind::Violation,
        RowKind::SelfMessage,
        RowKind::View,
    ];

    /// Its name, as records spell it: `send`, `self_message`.
    pub fn name(self) -> &'static str {
        match self {
            RowKind::Boot => "boot",
            RowKind::Send => "send",
            RowKind::Deliver => "deliver",
            RowKind::Drop => "drop",
            RowKind::Duplicate => "duplicate",
            RowKind::Refused => "refused",
            RowKind::Timer => "timer",
            RowKind::Call => "call",
            RowKind::Reply => "reply",
            RowKind::Sync => "sync",
            RowKind::Note => "note",
            RowKind::Fault => "fault",
            RowKind::Violation => "violation",
            RowKind::SelfMessage => "self_message",
            RowKind::View => "view",
        }
    }
}

/// One row of a trace, lent by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its number, counted from 0 over the whole run.
    pub id: u64,
    /// When, in nanoseconds of simulated time.
    pub at_ns: u64,
    /// What.
    pub kind: RowKind,
    /// The node it happened on, an index into [`Record::nodes`](super::Record::nodes); `None` for the
    /// network.
    pub node: Option<u32>,
    /// For messages: the other end.
    pub peer: Option<u32>,
    /// The number of the row that led to it, which is smaller than its own.
    pub cause: Option<u64>,
    stream: &'a str,
    nth: u32,
    raw: &'a str,
}

/// One row of a trace on its own: what a record in JSON tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceRow {
    /// Its number, counted from 0 over the whole run.
    #[serde(default)]
    pub id: u64,
    /// When, in nanoseconds of simulated time.
    pub at_ns: u64,
    /// What.
    pub kind: RowKind,
    /// The node it happened on, an index into [`Record::nodes`](super::Record::nodes); `null` for the
    /// network.
    pub node: Option<u32>,
    /// For messages: the other end.
    pub peer: Option<u32>,
    /// The number of the row that led to it; `null` where none did.
    #[serde(default)]
    pub cause: Option<u64>,
    /// For messages, its address: `n1->n2 AppendEntries#3`; else empty.
    pub address: String,
    /// The story in one line.
    pub text: String,
    /// For changes of a view, the fields that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

/// A field of a node's view that is another than before the step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// What it was; `null` where the node did not show it before.
    pub from: Option<String>,
    /// What it is; `null` where the node does not show it any more.
    pub to: Option<String>,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FieldChange { field, from, to } = self;
        match (from, to) {
            (None, to) => write!(f, "{field}: {}", to.as_deref().unwrap_or("-")),
            (Some(from), to) => write!(f, "{field}: {from} -> {}", to.as_deref().unwrap_or("-")),
        }
    }
}

impl FieldChange {
    /// The changes as a row keeps them: a line each, of the name, what it is, and what it was.
    pub(crate) fn pack(changes: &[FieldChange]) -> String {
        let mut packed = String::new();
        let plain = |text: &str| text.replace(['\t', '\n'], " ");
        for FieldChange { field, from, to } in changes {
            let gap = if packed.is_empty() { "" } else { "\n" };
            write!(packed, "{gap}{}\t", plain(field)).expect("a string takes text");
            if let Some(to) = to {
                write!(packed, "={}", plain(to)).expect("a string takes text");
            }
            if let Some(from) = from {
                write!(packed, "\t={}", plain(from)).expect("a string takes text");
            }
        }
        packed
    }

    fn unpack(line: &str) -> FieldChange {
        let mut parts = line.split('\t');
        let field = parts.next().unwrap_or_default().to_owned();
        let mut value = || parts.next()?.strip_prefix('=').map(str::to_owned);
        let (to, from) = (value(), value());
        FieldChange { field, from, to }
    }
}

impl<'a> Row<'a> {
    /// For messages, the address: `n1->n2 AppendEntries#3`; else empty.
    pub fn address(&self) -> String {
        match self.nth {
            0 => self.stream.to_owned(),
            nth => format!("{}#{nth}", self.stream),
        }
    }

    /// The story in one line.
    pub fn text(&self) -> Cow<'a, str> {
        if self.kind != RowKind::View {
            return Cow::Borrowed(self.raw);
        }
        let changes: Vec<String> = self.changes().map(|change| change.to_string()).collect();
        Cow::Owned(changes.join(", "))
    }

    /// For changes of a view, the fields that changed; else none.
    pub fn changes(&self) -> impl Iterator<Item = FieldChange> + use<'a> {
        let packed = if self.kind == RowKind::View { self.raw } else { "" };
        packed.lines().map(FieldChange::unpack)
    }

    /// The row on its own.
    pub fn to_row(&self) -> TraceRow {
        TraceRow {
            id: self.id,
            at_ns: self.at_ns,
            kind: self.kind,
            node: self.node,
            peer: self.peer,
            cause: self.cause,
            address: self.address(),
            text: self.text().into_owned(),
            changes: self.changes().collect(),
        }
    }
}

impl Trace {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.rows.len()).sum()
    }

    /// Whether there are none, as in a run that was not traced.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.rows.is_empty())
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + Clone {
        self.parts.iter().flat_map(move |part| {
            (0..part.rows.len()).map(move |place| part.row(place, &self.streams))
        })
    }

    /// The rows, each on its own.
    pub fn to_rows(&self) -> Vec<TraceRow> {
        self.rows().map(|row| row.to_row()).collect()
    }

    /// The row with a number; `None` where it was left out, or never was.
    pub fn row(&self, id: u64) -> Option<Row<'_>> {
        let part = self.parts.iter().find(|part| part.has(id))?;
        Some(part.row(part.place(id)?, &self.streams))
    }

    /// A stretch of the rows, as a trace that says the same about what was left out of the run.
    pub fn stretch(&self, rows: std::ops::Range<usize>) -> Trace {
        let some = self.rows().skip(rows.start).take(rows.len()).map(|row| row.to_row());
        let mut trace: Trace = some.collect();
        (trace.omitted, trace.window) = (self.omitted, self.window.clone());
        trace
    }

    pub(crate) fn new(parts: Vec<Part>, streams: Vec<String>) -> Trace {
        Trace { parts, streams, omitted: 0, window: String::new() }
    }
}

impl FromIterator<TraceRow> for Trace {
    /// A whole trace of these rows. A row that does not follow the one before it keeps its number.
    fn from_iter<I: IntoIterator<Item = TraceRow>>(rows: I) -> Trace {
        let mut trace = Trace::default();
        let mut known = BTreeMap::new();
        for row in rows {
            let follows = trace.parts.last().is_some_and(|part| part.next() == row.id);
            if !follows {
                trace.parts.push(Part::new(row.id));
            }
            let new = NewRow::of(&row, &mut known, &mut trace.streams);
            let text = new.text_of(&row);
            trace.parts.last_mut().expect("just made").push(&new, &text, None);
        }
        trace
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Trace) -> bool {
        self.omitted == other.omitted && self.window == other.window && self.rows().eq(other.rows())
    }
}

impl Eq for Trace {}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trace { omitted, window, .. } = self;
        let mut list = f.debug_struct("Trace");
        list.field("omitted", omitted).field("window", window);
        list.field("rows", &self.rows().collect::<Vec<_>>()).finish()
    }
}

/// Nobody, no stream.
const NONE: u32 = u32::MAX;

/// A row as it lies in memory.
#[derive(Clone, Copy, Debug)]
struct Packed {
    at_ns: u64,
    text: u32,
    length: u32,
    node: u32,
    peer: u32,
    stream: u32,
    nth: u32,
    /// How many rows before it the cause stands; 0 for none.
    back: u32,
    kind: RowKind,
}

/// What is to be said in a row, beside its text and number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewRow {
    pub(crate) at_ns: u64,
    pub(crate) kind: RowKind,
    pub(crate) node: Option<u32>,
    pub(crate) peer: Option<u32>,
    /// For messages: the place of what it is called, and its count.
    pub(crate) message: Option<(u32, u32)>,
    pub(crate) cause: Option<u64>,
}

impl NewRow {
    /// What a row on its own says; messages are called as `streams` lists them.
    pub(crate) fn of(
        row: &TraceRow,
        known: &mut BTreeMap<String, u32>,
        streams: &mut Vec<String>,
    ) -> NewRow {
        let split = row.address.rsplit_once('#');
        let counted = split.and_then(|(stream, nth)| {
            let nth: u32 = nth.parse().ok()?;
            (nth > 0 && nth.to_string().len() + stream.len() + 1 == row.address.len())
                .then_some((stream, nth))
        });
        let (stream, nth) = counted.unwrap_or((&row.address, 0));
        let message = (!row.address.is_empty()).then(|| {
            let place = *known.entry(stream.to_owned()).or_insert_with(|| {
                streams.push(stream.to_owned());
                u32::try_from(streams.len() - 1).expect("few links")
            });
            (place, nth)
        });
        let TraceRow { at_ns, kind, node, peer, cause, .. } = *row;
        NewRow { at_ns, kind, node, peer, message, cause }
    }

    /// The text that a row on its own keeps.
    pub(crate) fn text_of<'a>(&self, row: &'a TraceRow) -> Cow<'a, str> {
        match row.kind {
            RowKind::View => Cow::Owned(FieldChange::pack(&row.changes)),
            _ => Cow::Borrowed(&row.text),
        }
    }
}

/// Rows that follow each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    /// The number of the first row.
    first: u64,
    rows: Vec<Packed>,
    /// Their texts, one behind the other.
    texts: String,
}

impl Part {
    /// No rows yet; the first will have this number.
    pub(crate) fn new(first: u64) -> Part {
        Part { first, rows: Vec::new(), texts: String::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of the next row.
    pub(crate) fn next(&self) -> u64 {
        self.first.saturating_add(self.rows.len() as u64)
    }

    fn has(&self, id: u64) -> bool {
        self.first <= id && id < self.next()
    }

    fn place(&self, id: u64) -> Option<usize> {
        usize::try_from(id.checked_sub(self.first)?).ok()
    }

    fn text(&self, row: &Packed) -> &str {
        self.texts.get(row.text as usize..row.text as usize + row.length as usize).unwrap_or("")
    }

    /// Adds a row. Where it says the same as an earlier one, `alike`, its text is kept once. Of more
    /// than 4 GB of texts the last are not kept.
    pub(crate) fn push(&mut self, new: &NewRow, text: &str, alike: Option<u64>) {
        let known = alike.filter(|id| self.has(*id)).and_then(|id| self.rows.get(self.place(id)?));
        let shared = known.filter(|row| self.text(row) == text).map(|row| (row.text, row.length));
        let (text, length) = shared.unwrap_or_else(|| {
            let place = u32::try_from(self.texts.len());
            let end = u32::try_from(self.texts.len() + text.len());
            let (Ok(place), Ok(_)) = (place, end) else { return (0, 0) };
            self.texts.push_str(text);
            (place, u32::try_from(text.len()).expect("shorter than all texts"))
        });
        let back = new.cause.and_then(|cause| self.next().checked_sub(cause));
        let (stream, nth) = new.message.unwrap_or((NONE, 0));
        self.rows.push(Packed {
            at_ns: new.at_ns,
            text,
            length,
            node: new.node.unwrap_or(NONE),
            peer: new.peer.unwrap_or(NONE),
            stream,
            nth,
            back: back.and_then(|back| u32::try_from(back).ok()).unwrap_or(0),
            kind: new.kind,
        });
    }

    fn row<'a>(&'a self, place: usize, streams: &'a [String]) -> Row<'a> {
        let packed = &self.rows[place];
        let id = self.first.saturating_add(place as u64);
        let some = |number: u32| (number != NONE).then_some(number);
        Row {
            id,
            at_ns: packed.at_ns,
            kind: packed.kind,
            node: some(packed.node),
            peer: some(packed.peer),
            cause: id.checked_sub(u64::from(packed.back)).filter(|cause| *cause < id),
            stream: streams.get(packed.stream as usize).map_or("", String::as_str),
            nth: packed.nth,
            raw: self.text(packed),
        }
    }

    /// Forgets the oldest rows, and the texts that only they had.
    pub(crate) fn forget(&mut self, rows: usize) {
        self.rows.drain(..rows);
        self.first += rows as u64;
        let texts = std::mem::take(&mut self.texts);
        let mut moved: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for row in &mut self.rows {
            let place = *moved.entry((row.text, row.length)).or_insert_with(|| {
                let place = u32::try_from(self.texts.len()).expect("no more than before");
                let old = row.text as usize..row.text as usize + row.length as usize;
                self.texts.push_str(&texts[old]);
                place
            });
            row.text = place;
        }
    }

    /// Takes the rows from a place on away, as a part of their own.
    pub(crate) fn split_off(&mut self, at: usize) -> Part {
        let mut later = self.clone();
        later.forget(at);
        self.rows.truncate(at);
        later
    }

    /// Takes all rows away, each on its own.
    pub(crate) fn drain(&mut self, streams: &[String]) -> Vec<TraceRow> {
        let rows = (0..self.rows.len()).map(|place| self.row(place, streams).to_row()).collect();
        *self = Part::new(self.next());
        rows
    }
}

#[cfg(test)]
mod tests;
