//! A smaller cluster.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::bench::Bench;
use super::draft::Draft;

/// Other seeds that are tried for a smaller cluster, where the seed itself does not fail in it.
const SEEDS: u64 = 6;

/// Fewer nodes of each role, as few as still fail.
pub(super) fn smaller(bench: &mut Bench<'_>) {
    let roles = (bench.entry.roles)();
    for (number, role) in roles.iter().enumerate() {
        let count = bench.best.plan.nodes.iter().filter(|node| node.role == number).count();
        let prefix = if number == 0 { "n" } else { role.singular };
        let least = usize::from(number == 0);
        let path = ["cluster", role.plural];
        let fits = |fewer: usize, bench: &mut Bench<'_>| {
            let drafts = fitted(&bench.best.draft, prefix, fewer);
            drafts.iter().any(|draft| bench.attempt(&draft.with(&path, json!(fewer))))
        };
        if (least..count).any(|fewer| fits(fewer, bench)) {
            continue;
        }
        // As a last resort, other draws.
        let seed = bench.best.plan.seed;
        let others = (least..count).flat_map(|fewer| (1..=SEEDS).map(move |by| (fewer, by)));
        others.into_iter().any(|(fewer, by)| {
            let other = seed.wrapping_add(by);
            let drafts = fitted(&bench.best.draft, prefix, fewer);
            drafts.iter().any(|draft| {
                let draft = draft.with(&path, json!(fewer)).with(&["seed"], json!(other));
                bench.attempt(&draft)
            })
        });
    }
}

/// Faults that fit a smaller cluster: without the nodes that are gone, and with the nodes that are
/// named taking the first places.
fn fitted(draft: &Draft, prefix: &str, count: usize) -> Vec<Draft> {
    let number = |name: &str| name.strip_prefix(prefix)?.parse::<usize>().ok();
    let mut named = BTreeMap::new();
    for fault in draft.faults() {
        names(&Value::Object(fault), &mut |name| {
            named.extend(number(name).map(|node| (node, 0)));
        });
    }
    for (place, first) in named.values_mut().enumerate() {
        *first = place + 1;
    }
    let cut = |name: &str| match number(name) {
        Some(node) if node > count => None,
        _ => Some(name.to_owned()),
    };
    let moved = |name: &str| match number(name) {
        Some(node) => {
            Some(named[&node]).filter(|to| *to <= count).map(|to| format!("{prefix}{to}"))
        }
        None => Some(name.to_owned()),
    };
    let with = |rename: &dyn Fn(&str) -> Option<String>| {
        let faults = draft.faults().into_iter().filter_map(|fault| renamed_fault(fault, rename));
        draft.with_faults(faults.collect())
    };
    let mut both = vec![with(&moved), with(&cut)];
    both.dedup();
    both
}

/// Calls `found` for every text in a value.
fn names(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::String(name) => found(name),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(table) => table.values().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// The fault with other names; `None` where nobody is left to be hit.
fn renamed_fault(
    fault: Map<String, Value>,
    rename: &dyn Fn(&str) -> Option<String>,
) -> Option<Map<String, Value>> {
    fault.into_iter().map(|(key, value)| Some((key, renamed(value, rename)?))).collect()
}

fn renamed(value: Value, rename: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
    Some(match value {
        Value::String(name) => json!(rename(&name)?),
        Value::Array(items) => {
            let some = !items.is_empty();
            let left: Vec<Value> =
                items.into_iter().filter_map(|item| renamed(item, rename)).collect();
            if some && left.is_empty() {
                return None;
            }
            json!(left)
        }
        Value::Object(table) => Value::Object(renamed_fault(table, rename)?),
        other => other,
    })
}
