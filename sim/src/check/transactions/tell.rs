//! Anomalies in sentences.

use super::book::{Book, NONE};
use super::cycle::{Found, Step};
use super::graph::{PROCESS, REAL_TIME, RW, WR, WW};
use super::levels::{Anomaly, Cycle};
use super::words::Micro;
use crate::check::Explanation;
use crate::service::Outcome;

/// An anomaly and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub anomaly: Anomaly,
    /// What shows it: the transactions concerned, numbered as T1, T2 ..., and how they contradict
    /// each other.
    pub explanation: Explanation,
}

/// As many steps of a cycle are told in the sentence; all of them are in the details.
const TOLD: usize = 4;

/// A finding about a few transactions, which the sentence calls T1, T2 ...
pub(super) fn finding(book: &Book, anomaly: Anomaly, txns: &[u32], sentence: &str) -> Finding {
    let details = txns.iter().enumerate().map(|(i, &txn)| line(book, i + 1, txn)).collect();
    let sentence = format!("{anomaly}: {sentence}");
    Finding {
        anomaly,
        explanation: Explanation {
            sentence,
            at_ns: last(book, txns),
            details,
            ..Explanation::default()
        },
    }
}

/// When the last of these transactions ended, in nanoseconds.
fn last(book: &Book, txns: &[u32]) -> u64 {
    let ends = txns.iter().map(|&txn| {
        let call = book.call(txn);
        call.ended.unwrap_or(call.called).0
    });
    ends.max().unwrap_or(0)
}

/// A transaction as people read it.
fn line(book: &Book, name: usize, txn: u32) -> String {
    let call = book.call(txn);
    let steps: Vec<String> = book
        .micros(txn)
        .iter()
        .map(|micro| step(micro, matches!(call.outcome, Outcome::Ok(_))))
        .collect();
    let outcome = match call.outcome {
        Outcome::Ok(_) => "",
        Outcome::Failed => ", failed",
        Outcome::Unknown => ", with unknown outcome",
    };
    let end = match call.ended {
        Some(ended) => format!("ended at {ended}"),
        None => "never ended".to_owned(),
    };
    let client = call.client;
    let steps = steps.join(" ");
    format!("T{name} is {steps} by client{client}{outcome}, called at {} and {end}", call.called)
}

/// A step; what it read only where somebody heard of it.
fn step(micro: &Micro, is_known: bool) -> String {
    match micro {
        Micro::ReadList { key, .. } | Micro::Read { key, .. } if !is_known => {
            format!("read(k{key})")
        }
        _ => format!("{micro:?}"),
    }
}

/// What a model knows besides the graph.
pub(super) struct Lore<'a> {
    pub(super) book: &'a Book<'a>,
    /// For each write the one before it in the order of versions, or [`NONE`].
    pub(super) previous: &'a [u32],
}

/// A cycle in sentences.
pub(super) fn cycle(lore: &Lore, found: &Found) -> Finding {
    let mut steps = found.steps.clone();
    // The one that was called first is T1.
    let first = (0..steps.len()).min_by_key(|&at| steps[at].from).unwrap_or(0);
    steps.rotate_left(first);
    let txns: Vec<u32> = steps.iter().map(|step| step.from).collect();
    let reasons: Vec<String> = (0..steps.len())
        .map(|at| reason(lore, &steps[at], (at + 1, (at + 1) % steps.len() + 1)))
        .collect();
    let told = reasons[..reasons.len().min(TOLD)].join("; ");
    let more = match reasons.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!("; and so on, {more} more, back to T1"),
    };
    let sentence = format!("{}. {told}{more}: T1 would come before itself", meaning(found.cycle));
    let anomaly = Anomaly::Cycle(found.cycle, found.needs);
    let mut finding = finding(lore.book, anomaly, &txns, &sentence);
    finding.explanation.details.extend(reasons);
    finding
}

fn meaning(cycle: Cycle) -> &'static str {
    match cycle {
        Cycle::G0 => "writes of transactions are interleaved",
        Cycle::G1c => "information flows in a circle",
        Cycle::GSingle => "a transaction saw a part of another one and missed a part",
        Cycle::LongFork => "two transactions saw two independent writes in opposite orders",
        Cycle::GNonadjacent => "transactions read snapshots that no one order has",
        Cycle::G2Item => "each transaction missed what another one wrote",
    }
}

/// Why a step holds: `(1, 2)` are the names of its two transactions.
fn reason(lore: &Lore, step: &Step, (a, b): (usize, usize)) -> String {
    let book = lore.book;
    let before = format!("T{a} comes before T{b}, because");
    let Some(write) = book.writes.get(step.why as usize).filter(|_| step.why != NONE) else {
        let (from, to) = (book.call(step.from), book.call(step.to));
        let ended = from.ended.unwrap_or(from.called);
        return match step.kind {
            PROCESS => format!("{before} client{} did one after the other", from.client),
            REAL_TIME => {
                format!("{before} T{a} had ended at {ended} when T{b} was called at {}", to.called)
            }
            _ => format!("T{a} comes before T{b}"),
        };
    };
    let key = book.keys[write.key as usize];
    let verb = match book.micros(write.txn).get(write.at as usize) {
        Some(Micro::Append { .. }) => "appended",
        _ => "wrote",
    };
    let value = write.value;
    match step.kind {
        PROCESS => {
            format!("{before} client{} did one after the other", book.call(step.from).client)
        }
        WR => {
            format!("{before} {}, which T{a} {verb}", saw(book, b, step.to, write.key, Some(value)))
        }
        RW => {
            let what = saw(book, a, step.from, write.key, None);
            format!("{before} {what}, without {value}, which T{b} {verb} next")
        }
        WW => match book.writes.get(lore.previous[step.why as usize] as usize) {
            Some(earlier) if earlier.txn == step.from => format!(
                "{before} T{b} {verb} {value} to k{key} after T{a} had {verb} {}",
                earlier.value
            ),
            _ => format!(
                "{before} T{b} {verb} {value} to k{key}, which is not in any list that T{a}'s own \
                 {verb} value ends"
            ),
        },
        _ => format!("T{a} comes before T{b}"),
    }
}

/// `T1 read k1 = [1 2]`: the first read of a key that shows a value, or the first one at all.
fn saw(book: &Book, name: usize, txn: u32, key: u32, value: Option<u64>) -> String {
    let shows = |micro: &Micro| match (micro, value) {
        (Micro::ReadList { values, .. }, Some(value)) => {
            values.as_ref().is_some_and(|values| values.last() == Some(&value))
        }
        (Micro::Read { value: found, .. }, Some(value)) => *found == Some(value),
        (micro, None) => micro.written().is_none(),
        _ => false,
    };
    let on_key = || {
        let keys = book.keys_of(txn).iter();
        book.micros(txn).iter().zip(keys).filter(|(_, number)| **number == key).map(|pair| pair.0)
    };
    match on_key().find(|micro| shows(micro)).or_else(|| on_key().find(|m| m.written().is_none())) {
        Some(micro) => {
            let text = format!("{micro:?}");
            format!("T{name} {}", text.replacen("read(k", "read k", 1).replacen(')', "", 1))
        }
        None => format!("T{name} read k{}", book.keys[key as usize]),
    }
}
