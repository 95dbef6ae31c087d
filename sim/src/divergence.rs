//! Where two runs of the same plan and seed part: plain data for those who tell of it.

use serde::Serialize;
use serde_json::Value;

use crate::record::{
    CurvePoint, FaultBand, Head, NodeInfo, Record, Series, StandingChange, Trace, TraceRow,
};

/// How many common rows are kept before the difference.
pub const COMMON_ROWS: usize = 10;

/// The first difference between two runs that should have been the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The kernel event in which they part, counted from 1; 0 is the booting of the nodes before
    /// the first event. `None` where only what the runs left behind was compared.
    pub event: Option<u64>,
    /// When, in nanoseconds of simulated time.
    pub at_ns: u64,
    /// The node concerned, an index into [`Record::nodes`]; `None` where none or several are.
    pub node: Option<u32>,
    /// The last trace rows that both runs had, oldest first; at most [`COMMON_ROWS`].
    pub common: Vec<TraceRow>,
    /// What the first run did next.
    pub first: Side,
    /// What the second run did next.
    pub second: Side,
}

/// What one of two runs did where they part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// What differs beside the rows, in a few words: `the digest is 1acbee601db8d0e6`; empty where
    /// the rows tell it all.
    pub fact: String,
    /// The trace rows of the event from the first one that differs on; empty where there are none,
    /// or none differs.
    pub rows: Vec<TraceRow>,
}

impl Side {
    /// A side about which there is only a fact.
    pub fn fact(fact: impl Into<String>) -> Side {
        Side { fact: fact.into(), rows: Vec::new() }
    }
}

impl Divergence {
    /// Compares what two runs left behind: their traces row by row, their digests, and everything
    /// that was measured. `None` when there is no difference.
    pub fn between(first: &Record, second: &Record) -> Option<Divergence> {
        let (a, b) = (&first.trace, &second.trace);
        let same = a.rows().zip(b.rows()).take_while(|(a, b)| a == b).count();
        let is_traced = !a.is_empty() && !b.is_empty();
        if is_traced && (same < a.len() || same < b.len()) {
            return Some(Divergence::in_rows(a, b, same));
        }
        let (one, other) = if first == second {
            return None;
        } else if first.head.digest == second.head.digest {
            measured(first, second)?
        } else {
            let of = |record: &Record| format!("the digest is {}", record.head.digest);
            (of(first), of(second))
        };
        Some(Divergence {
            event: None,
            at_ns: first.head.virtual_ns.min(second.head.virtual_ns),
            node: None,
            common: before(a, a.len()),
            first: Side::fact(one),
            second: Side::fact(other),
        })
    }

    /// Two traces part behind `same` rows.
    fn in_rows(a: &Trace, b: &Trace, same: usize) -> Divergence {
        let side = |trace: &Trace| match trace.rows().nth(same) {
            Some(row) => Side { fact: String::new(), rows: vec![row.to_row()] },
            None => Side::fact("nothing more happens"),
        };
        let next = a.rows().nth(same).into_iter().chain(b.rows().nth(same));
        let next = next.min_by_key(|row| row.at_ns);
        let next = next.expect("one of them has more rows");
        Divergence {
            event: None,
            at_ns: next.at_ns,
            node: next.node,
            common: before(a, same),
            first: side(a),
            second: side(b),
        }
    }
}

/// The last rows of a trace before a place.
fn before(trace: &Trace, place: usize) -> Vec<TraceRow> {
    let last = trace.rows().take(place).skip(place.saturating_sub(COMMON_ROWS));
    last.map(|row| row.to_row()).collect()
}

/// What a record holds beside its trace, which may be long.
#[derive(Serialize)]
struct Parts<'a> {
    #[serde(flatten)]
    head: &'a Head,
    nodes: &'a [NodeInfo],
    faults: &'a [FaultBand],
    series: &'a Series,
    latency_curve: &'a [CurvePoint],
    standings: &'a [StandingChange],
}

/// The first field of two records that differs, with both values. Traces are compared elsewhere: one
/// of the two may have none.
fn measured(first: &Record, second: &Record) -> Option<(String, String)> {
    let plain = |record: &Record| {
        let parts = Parts {
            head: &record.head,
            nodes: &record.nodes,
            faults: &record.faults,
            series: &record.series,
            latency_curve: &record.latency_curve,
            standings: &record.standings,
        };
        serde_json::to_value(parts).expect("a record is plain data")
    };
    let mut path = String::new();
    if let Some((a, b)) = difference(&plain(first), &plain(second), &mut path) {
        return Some((format!("{path} is {a}"), format!("{path} is {b}")));
    }
    let of = |record: &Record| format!("the latencies sum up to {:?}", record.latencies.summary());
    (first.latencies != second.latencies).then(|| (of(first), of(second)))
}

/// The first place where two values differ; `path` leads to it.
fn difference(a: &Value, b: &Value, path: &mut String) -> Option<(String, String)> {
    let length = path.len();
    let mut inside = |step: String, a: &Value, b: &Value| {
        path.push_str(&step);
        let found = difference(a, b, path);
        if found.is_none() {
            path.truncate(length);
        }
        found
    };
    match (a, b) {
        _ if a == b => None,
        (Value::Object(x), Value::Object(y)) => {
            let dot = if length == 0 { "" } else { "." };
            let keys = x.keys().chain(y.keys().filter(|key| !x.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::String("missing".to_owned()))
                };
                inside(format!("{dot}{key}"), &of(x), &of(y))
            })
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().find_map(|(at, (a, b))| inside(format!("[{at}]"), a, b))
        }
        (Value::Array(x), Value::Array(y)) => {
            let of = |list: &[Value]| format!("a list of {}", list.len());
            Some((of(x), of(y)))
        }
        _ => Some((a.to_string(), b.to_string())),
    }
}
