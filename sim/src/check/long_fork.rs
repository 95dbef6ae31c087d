//! Writes that nobody saw in one order: long forks and causal reversal.
//!
//! The workloads and names are Jepsen's. Every key is written, or every element added, at most once.

use std::collections::BTreeMap;

use super::model::{SetOp, SetReply};
use super::problem::{Problems, about};
use super::transactions::{Micro, Transaction, Transactions};
use crate::history::{Call, History};
use crate::service::Outcome;
use crate::time::SimTime;

type TxnCall = Call<Transaction, Transaction>;

/// Judges reads of groups of registers each of which is written at most once: of two reads of one
/// group, one must have seen all that the other did. Otherwise it is a `long-fork`, which parallel
/// snapshot isolation allows and snapshot isolation does not. O(n log n) for n reads.
pub fn long_fork(history: &Transactions) -> Problems {
    let mut problems = Problems::default();
    let mut written = BTreeMap::new();
    // By group: which of its keys each read found written, and the read.
    let mut groups: BTreeMap<Vec<u64>, Vec<(Vec<u64>, &TxnCall)>> = BTreeMap::new();
    for call in &history.calls {
        for micro in call.operation.iter().filter(|micro| micro.written().is_some()) {
            if written.insert(micro.key(), call.id).is_some() {
                problems.gave_up = Some(format!(
                    "k{} is written twice; a long fork shows where every key is written once",
                    micro.key()
                ));
                return problems;
            }
        }
        let Outcome::Ok(steps) = &call.outcome else { continue };
        let mut found: BTreeMap<u64, bool> = BTreeMap::new();
        for step in steps {
            if let Micro::Read { key, value } = step {
                found.insert(*key, value.is_some());
            }
        }
        if found.len() > 1 {
            let seen = found.iter().filter(|(_, seen)| **seen).map(|(key, _)| *key).collect();
            groups.entry(found.into_keys().collect()).or_default().push((seen, call));
        }
    }
    for reads in groups.values_mut() {
        // Where all are beginnings of one order, each has seen all that those with fewer did.
        reads.sort_by_key(|(seen, call)| (seen.len(), call.id));
        for pair in reads.windows(2) {
            let [(less, one), (more, other)] = pair else { continue };
            let only = |of: &[u64], not: &[u64]| of.iter().find(|key| !not.contains(key)).copied();
            let (Some(a), Some(b)) = (only(less, more), only(more, less)) else { continue };
            let sentence = format!(
                "client{} saw the write of k{a} and not that of k{b}, client{} saw that of k{b} and \
                 not that of k{a}",
                one.client, other.client
            );
            let of =
                |key: u64| history.calls.iter().find(|call| written.get(&key) == Some(&call.id));
            let calls: Vec<&TxnCall> =
                of(a).into_iter().chain(of(b)).chain([*one, *other]).collect();
            let expected = "of two reads, one that saw all that the other did";
            problems.note("long-fork", false, || about(&calls, steps_of, sentence, expected));
        }
    }
    problems
}

fn steps_of(call: &TxnCall) -> String {
    let steps = match &call.outcome {
        Outcome::Ok(steps) => steps,
        _ => &call.operation,
    };
    let words: Vec<String> = steps.iter().map(|step| format!("{step:?}")).collect();
    words.join(" ")
}

type SetCall = Call<SetOp, SetReply>;

/// Judges reads of a set that is only added to: whoever sees an element also sees every element
/// whose addition had ended before that one's was called. Otherwise it is a `causal-reverse`.
/// O(n log n) for n elements read.
pub fn causal_reverse(history: &History<SetOp, SetReply>) -> Problems {
    let mut problems = Problems::default();
    let mut added: BTreeMap<u64, &SetCall> = BTreeMap::new();
    for call in &history.calls {
        if let SetOp::Add(element) | SetOp::Put(element) = call.operation
            && added.insert(element, call).is_some()
        {
            problems.gave_up = Some(format!("{element} is added twice"));
            return problems;
        }
    }
    let is_ok = |call: &SetCall| matches!(call.outcome, Outcome::Ok(_));
    let mut over: Vec<(SimTime, u64)> = added
        .iter()
        .filter(|(_, call)| is_ok(call))
        .filter_map(|(element, call)| Some((call.ended?, *element)))
        .collect();
    over.sort();
    for read in &history.calls {
        let Outcome::Ok(SetReply::Elements(elements)) = &read.outcome else { continue };
        let called = |element: &u64| added.get(element).map(|call| (call.called, *element));
        let Some((latest, seen)) = elements.iter().filter_map(called).max() else { continue };
        let before = &over[..over.partition_point(|(ended, _)| *ended < latest)];
        let mut sorted = elements.clone();
        sorted.sort_unstable();
        let missing = before.iter().find(|(_, one)| sorted.binary_search(one).is_err());
        let Some(&(_, missed)) = missing else { continue };
        let sentence = format!(
            "client{} read {seen} and not {missed}, though {missed} was in before {seen} was called",
            read.client
        );
        let calls = [added[&missed], added[&seen], read];
        let expected = format!("a set that holds {missed} wherever it holds {seen}");
        problems.note("causal-reverse", false, || about(&calls, text, sentence, &expected));
    }
    problems
}

fn text(call: &SetCall) -> String {
    match &call.outcome {
        Outcome::Ok(reply) => format!("{:?} -> {reply:?}", call.operation),
        _ => format!("{:?}", call.operation),
    }
}
