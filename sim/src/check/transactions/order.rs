//! What comes before what by process and by real time.

use super::book::{Book, Fate, NONE};
use super::graph::{ON, PROCESS, REAL_TIME, Sketch};
use crate::time::SimTime;

/// From each transaction that ended to the next one of its process. One that was called while
/// another of its process was still open does not come after it.
pub(super) fn processes(book: &Book, sketch: &mut Sketch, has_real_time: bool) {
    let mut by_client: Vec<u32> = book.taken_part().collect();
    by_client.sort_by_key(|&txn| (book.call(txn).client, txn));
    let mut before: Option<u32> = None;
    for txn in by_client {
        let call = book.call(txn);
        if let Some(before) = before {
            let earlier = book.call(before);
            let has_ended = earlier.ended.is_some_and(|ended| ended <= call.called);
            if earlier.client == call.client && (has_ended || !has_real_time) {
                sketch.edge(before, txn, PROCESS, NONE);
            }
        }
        // Of one that nobody heard of again, nobody knows when it took effect.
        let is_over = book.fates[txn as usize] == Fate::Committed;
        before = if is_over { Some(txn) } else { before.filter(|_| !has_real_time) };
    }
}

/// From each transaction to all that were called after it ended: through a chain of joints, one for
/// each instant at which transactions ended, so that there are three edges to a transaction.
pub(super) fn real_time(book: &Book, sketch: &mut Sketch) {
    let mut ends: Vec<(SimTime, u32)> = Vec::new();
    let mut calls: Vec<(SimTime, u32)> = Vec::new();
    for txn in book.taken_part() {
        let call = book.call(txn);
        calls.push((call.called, txn));
        if book.fates[txn as usize] == Fate::Committed {
            ends.extend(call.ended.map(|ended| (ended, txn)));
        }
    }
    ends.sort();
    calls.sort();
    let mut ends = ends.into_iter().peekable();
    let mut joint: Option<(SimTime, u32)> = None;
    for (called, txn) in calls {
        while let Some((ended, over)) = ends.next_if(|&(ended, _)| ended < called) {
            let at = match joint {
                Some((at, joint)) if at == ended => joint,
                _ => {
                    let new = sketch.joint();
                    if let Some((_, before)) = joint {
                        sketch.edge(before, new, ON, NONE);
                    }
                    new
                }
            };
            joint = Some((ended, at));
            sketch.edge(over, at, REAL_TIME, NONE);
        }
        if let Some((_, joint)) = joint {
            sketch.edge(joint, txn, ON, NONE);
        }
    }
}
