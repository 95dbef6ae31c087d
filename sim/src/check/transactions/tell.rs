//! Anomalies in sentences.

use super::book::{Book, NONE};
use super::cycle::{Found, Step};
use super::graph::{PROCESS, REAL_TIME, RW, WR, WW};
use super::levels::{Anomaly, Cycle};
use super::words::Micro;
use crate::check::{Bar, Explanation};
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
    let blamed = txns.iter().copied().max_by_key(|&txn| end(book, txn));
    let mut by_call = txns.to_vec();
    by_call.sort_unstable();
    by_call.dedup();
    let explanation = Explanation {
        sentence: format!("{anomaly}: {sentence}"),
        at_ns: blamed.map_or(0, |txn| end(book, txn)),
        details,
        expected: expected(anomaly).to_owned(),
        bars: by_call.into_iter().map(|txn| bar(book, txn, blamed)).collect(),
    };
    Finding { anomaly, explanation }
}

/// What the transactions could have read or written.
fn expected(anomaly: Anomaly) -> &'static str {
    match anomaly {
        Anomaly::Garbage => "a value that somebody wrote",
        Anomaly::DuplicateElements => "every element once",
        Anomaly::IncompatibleOrder => "of any two reads of a list, one the beginning of the other",
        Anomaly::CyclicVersions => "versions that follow each other in one order",
        Anomaly::AbortedRead | Anomaly::DirtyUpdate => "nothing of what a failed transaction wrote",
        Anomaly::IntermediateRead => {
            "what a transaction left when it ended, and nothing in between"
        }
        Anomaly::FutureRead => "nothing of what the transaction had yet to write",
        Anomaly::Internal => "what the transaction's own earlier steps leave",
        Anomaly::LostUpdate => "the second of the two to see what the first one wrote",
        Anomaly::Cycle(..) => {
            "an order of the transactions in which each sees what those before it wrote, and nothing \
             of those after it"
        }
        Anomaly::Axiom(..) => {
            "an order of commits in which nothing that was seen is overwritten again"
        }
        Anomaly::NotSerializable => "what one transaction after the other gives, in some order",
        Anomaly::NotSnapshotIsolation => "what each transaction finds in one earlier state",
    }
}

/// When a transaction ended, in nanoseconds; when it was called, if nobody heard of its end.
fn end(book: &Book, txn: u32) -> u64 {
    let call = book.call(txn);
    call.ended.unwrap_or(call.called).0
}

fn bar(book: &Book, txn: u32, blamed: Option<u32>) -> Bar {
    let call = book.call(txn);
    Bar {
        client: call.client,
        text: steps(book, txn),
        called_ns: call.called.0,
        ended_ns: call.ended.filter(|_| call.outcome != Outcome::Unknown).map(|ended| ended.0),
        place: None,
        state_after: None,
        is_blamed: blamed == Some(txn),
    }
}

/// The steps of a transaction in a line.
fn steps(book: &Book, txn: u32) -> String {
    let is_known = matches!(book.call(txn).outcome, Outcome::Ok(_));
    let steps: Vec<String> = book.micros(txn).iter().map(|micro| step(micro, is_known)).collect();
    steps.join(" ")
}

/// A transaction as people read it.
fn line(book: &Book, name: usize, txn: u32) -> String {
    let call = book.call(txn);
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
    let steps = steps(book, txn);
    let times = match book.has_real_time {
        true => format!(", called at {} and {end}", call.called),
        false => String::new(),
    };
    format!("T{name} is {steps} by client{client}{outcome}{times}")
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
    /// Whether nobody read a write.
    pub(super) is_unread: &'a dyn Fn(u32) -> bool,
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
pub(super) fn reason(lore: &Lore, step: &Step, (a, b): (usize, usize)) -> String {
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
            format!(
                "{before} {}, which T{a} {verb}",
                saw(book, (b, step.to), write.key, Shows::This(value))
            )
        }
        RW => {
            let what = saw(book, (a, step.from), write.key, Shows::Not(value));
            match verb {
                "appended" => format!("{before} {what}, without the {value} that T{b} appended"),
                _ => format!("{before} {what}, which T{b} overwrote with {value}"),
            }
        }
        WW => {
            let earlier = book.writes.get(lore.previous[step.why as usize] as usize);
            let earlier = earlier.map_or(String::new(), |earlier| format!(" {}", earlier.value));
            let unread = match (lore.is_unread)(step.why) {
                true => ": it is in no list that anybody read",
                false => "",
            };
            format!("{before} T{b} {verb} {value} to k{key} after T{a} had {verb}{earlier}{unread}")
        }
        _ => format!("T{a} comes before T{b}"),
    }
}

/// Which read of a key is looked for.
#[derive(Clone, Copy)]
pub(super) enum Shows {
    /// One that found a value, as the last one of a list.
    This(u64),
    /// One that did not find it.
    Not(u64),
}

/// `T1 read k1 = [1 2]`: the first read of a key that shows this, or the first one at all.
pub(super) fn saw(book: &Book, (name, txn): (usize, u32), key: u32, shows: Shows) -> String {
    let is_it = |micro: &Micro| match (micro, shows) {
        (Micro::ReadList { values, .. }, Shows::This(value)) => {
            values.as_ref().is_some_and(|values| values.last() == Some(&value))
        }
        (Micro::ReadList { values, .. }, Shows::Not(value)) => {
            values.as_ref().is_none_or(|values| !values.contains(&value))
        }
        (Micro::Read { value: found, .. }, Shows::This(value)) => *found == Some(value),
        (Micro::Read { value: found, .. }, Shows::Not(value)) => *found != Some(value),
        _ => false,
    };
    let keys = book.keys_of(txn).iter();
    let of_key = book.micros(txn).iter().zip(keys).filter(|(_, number)| **number == key);
    let reads: Vec<&Micro> =
        of_key.map(|pair| pair.0).filter(|micro| micro.written().is_none()).collect();
    match reads.iter().find(|micro| is_it(micro)).or(reads.first()) {
        Some(micro) => {
            let text = format!("{micro:?}");
            format!("T{name} {}", text.replacen("read(k", "read k", 1).replacen(')', "", 1))
        }
        None => format!("T{name} read k{}", book.keys[key as usize]),
    }
}
