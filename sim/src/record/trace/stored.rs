//! How a trace is written into a record: by columns, with every text once.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NONE, NewRow, Part, RowKind, Trace, TraceRow};

/// A trace in JSON. Records of the first version have `rows`, later ones `columns`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<TraceRow>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    columns: Option<Columns>,
    omitted: u64,
    window: String,
}

/// The rows, a list for each thing they tell. But for `numbers`, `streams` and `texts` a list has one
/// item for each row.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    /// Where the numbers of the rows do not go on by one: how many rows are before, and the number
    /// from there on.
    numbers: Vec<(u64, u64)>,
    /// A letter each, as [`letter`] gives them.
    kinds: String,
    /// How much later than the row before, in nanoseconds.
    later_ns: Vec<i64>,
    nodes: Vec<Option<u32>>,
    peers: Vec<Option<u32>>,
    /// How many rows before each its cause stands; 0 for none.
    causes: Vec<u32>,
    /// What messages are called, without their count.
    streams: Vec<String>,
    /// The place of its name in `streams` from 1 on, and its count; both 0 for what is no message.
    messages: Vec<(u32, u32)>,
    /// Every text once.
    texts: Vec<String>,
    /// The place of its text in `texts`.
    says: Vec<u32>,
}

fn letter(kind: RowKind) -> char {
    match kind {
        RowKind::Boot => 'b',
        RowKind::Send => 's',
        RowKind::Deliver => 'd',
        RowKind::Drop => 'x',
        RowKind::Duplicate => '2',
        RowKind::Refused => 'z',
        RowKind::Timer => 't',
        RowKind::Call => 'c',
        RowKind::Reply => 'r',
        RowKind::Sync => 'y',
        RowKind::Note => 'n',
        RowKind::Fault => 'f',
        RowKind::Violation => '!',
        RowKind::SelfMessage => 'i',
        RowKind::View => 'v',
    }
}

impl Columns {
    fn of(trace: &Trace) -> Columns {
        let mut columns = Columns { streams: trace.streams.clone(), ..Columns::default() };
        let mut known: BTreeMap<&str, u32> = BTreeMap::new();
        let (mut before_ns, mut rows) = (0, 0);
        let some = |number: u32| (number != NONE).then_some(number);
        for part in trace.parts.iter().filter(|part| part.len() > 0) {
            columns.numbers.push((rows, part.first));
            rows += part.len() as u64;
            for row in &part.rows {
                columns.kinds.push(letter(row.kind));
                columns.later_ns.push(row.at_ns.wrapping_sub(before_ns).cast_signed());
                before_ns = row.at_ns;
                columns.nodes.push(some(row.node));
                columns.peers.push(some(row.peer));
                columns.causes.push(row.back);
                let message = some(row.stream).map_or((0, 0), |stream| (stream + 1, row.nth));
                columns.messages.push(message);
                let place = *known.entry(part.text(row)).or_insert_with_key(|text| {
                    columns.texts.push((*text).to_owned());
                    u32::try_from(columns.texts.len() - 1).expect("fewer texts than bytes of them")
                });
                columns.says.push(place);
            }
        }
        columns
    }

    /// The rows; what is wrong, where the columns do not fit together.
    fn into_trace(self) -> Result<Trace, &'static str> {
        let kind_of = |found: char| {
            RowKind::ALL.into_iter().find(|kind| letter(*kind) == found).ok_or("a row of no kind")
        };
        let kinds: Vec<RowKind> = self.kinds.chars().map(kind_of).collect::<Result<_, _>>()?;
        let lengths = [
            self.later_ns.len(),
            self.nodes.len(),
            self.peers.len(),
            self.causes.len(),
            self.messages.len(),
            self.says.len(),
        ];
        if lengths.iter().any(|length| *length != kinds.len()) {
            return Err("columns of a trace that are not equally long");
        }
        if self.numbers.first().is_none_or(|(place, _)| *place != 0) && !kinds.is_empty() {
            return Err("a trace whose rows have no numbers");
        }
        let mut numbers = self.numbers.iter().copied().peekable();
        let mut trace = Trace::new(Vec::new(), self.streams);
        let mut at_ns = 0u64;
        // Where a text stands first, to be shared.
        let mut first: Vec<Option<u64>> = vec![None; self.texts.len()];
        for (place, kind) in kinds.into_iter().enumerate() {
            if let Some((_, number)) = numbers.next_if(|(from, _)| *from == place as u64) {
                trace.parts.push(Part::new(number));
            }
            let part = trace.parts.last_mut().expect("the first row has a number");
            at_ns = at_ns.wrapping_add(self.later_ns[place].cast_unsigned());
            let says = self.says[place] as usize;
            let text = self.texts.get(says).ok_or("a row without its text")?;
            let (stream, nth) = self.messages[place];
            if stream as usize > trace.streams.len() {
                return Err("a message without a name");
            }
            let id = part.next();
            let back = u64::from(self.causes[place]);
            let new = NewRow {
                at_ns,
                kind,
                node: self.nodes[place],
                peer: self.peers[place],
                message: stream.checked_sub(1).map(|stream| (stream, nth)),
                cause: if back == 0 { None } else { id.checked_sub(back) },
            };
            part.push(&new, text, first[says]);
            first[says].get_or_insert(id);
        }
        match numbers.next() {
            Some(_) => Err("numbers for rows that are not there"),
            None => Ok(trace),
        }
    }
}

impl Serialize for Trace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = Some(Columns::of(self));
        let (omitted, window) = (self.omitted, self.window.clone());
        Stored { rows: None, columns, omitted, window }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Trace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Trace, D::Error> {
        let Stored { rows, columns, omitted, window } = Stored::deserialize(deserializer)?;
        let mut trace = match (rows, columns) {
            (Some(rows), None) => numbered(rows),
            (None, Some(columns)) => columns.into_trace().map_err(D::Error::custom)?,
            _ => return Err(D::Error::custom("a trace has either rows or columns")),
        };
        (trace.omitted, trace.window) = (omitted, window);
        Ok(trace)
    }
}

/// Rows of the first version had no numbers and no causes.
fn numbered(rows: Vec<TraceRow>) -> Trace {
    (0..).zip(rows).map(|(id, row)| TraceRow { id, ..row }).collect()
}
