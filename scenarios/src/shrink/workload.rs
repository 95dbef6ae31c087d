//! Fewer operations, of fewer kinds, on fewer keys.

use serde_json::{Value, json};

use super::bench::Bench;
use super::draft::{span, written};

/// Rates that are tried, from the lowest on.
const RATES: [u64; 9] = [1, 2, 5, 10, 20, 50, 100, 200, 500];
/// How often the time in which operations are called is halved.
const HALVINGS: u32 = 4;

/// Less is asked of the cluster.
pub(super) fn less(bench: &mut Bench<'_>) {
    let Some(keys) =
        bench.best.draft.get(&["workload"]).map(|_| bench.best.draft.keys_of(&["workload"]))
    else {
        return;
    };
    if bench.attempt_without(&["workload"]) {
        return;
    }
    slower(bench);
    if bench.best.draft.get(&["workload", "keys"]) != Some(&json!(1)) {
        let draft = bench.best.draft.with(&["workload", "keys"], json!(1));
        bench.attempt(&draft);
    }
    fewer_kinds(bench);
    stop_sooner(bench);
    for key in keys.iter().filter(|key| !["rate", "think", "stop"].contains(&key.as_str())) {
        bench.attempt_without(&["workload", key]);
    }
}

/// Operations come more seldom.
fn slower(bench: &mut Bench<'_>) {
    let path = ["workload", "rate"];
    let Some(Value::String(rate)) = bench.best.draft.get(&path).cloned() else { return };
    let Some((number, "s")) = rate.split_once('/').map(|(n, unit)| (n.trim(), unit.trim())) else {
        return;
    };
    let Ok(now) = number.parse::<f64>() else { return };
    for fewer in RATES.into_iter().filter(|fewer| (*fewer as f64) < now) {
        let draft = bench.best.draft.with(&path, json!(format!("{fewer}/s")));
        if bench.attempt(&draft) {
            return;
        }
    }
}

/// Operations of one kind only, or at least of fewer.
fn fewer_kinds(bench: &mut Bench<'_>) {
    let path = ["workload", "mix"];
    let mut kinds = bench.best.draft.keys_of(&path);
    if kinds.is_empty() {
        kinds = bench.entry.operations.iter().map(|kind| (*kind).to_owned()).collect();
    }
    if kinds.len() < 2 {
        return;
    }
    for kind in &kinds {
        let draft = bench.best.draft.with(&path, json!({ kind.as_str(): 1 }));
        if bench.attempt(&draft) {
            return;
        }
    }
    for kind in &kinds {
        bench.attempt_without(&["workload", "mix", kind]);
    }
}

/// Nothing more is called once it no longer matters.
fn stop_sooner(bench: &mut Bench<'_>) {
    let stop = ["workload", "stop"];
    let start = bench.best.draft.span(&["workload", "start"]).unwrap_or_default().0;
    let end = bench.best.draft.get(&stop).and_then(span).unwrap_or(bench.best.plan.duration).0;
    let (mut low, mut high) = (start, end);
    for _ in 0..HALVINGS {
        let middle = (low + (high.saturating_sub(low)) / 2) / 1_000_000 * 1_000_000;
        if middle <= low {
            return;
        }
        let draft = bench.best.draft.with(&stop, written(middle));
        if bench.attempt(&draft) {
            high = middle;
        } else {
            low = middle;
        }
    }
}
