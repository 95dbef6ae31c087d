//! A plainer world: a run that ends with the violation, and settings that are back at their defaults.

use rehearsal_sim::law::Law;
use rehearsal_sim::record::ViolationKind;
use serde_json::{Value, json};

use super::bench::Bench;
use super::draft::{Draft, written};
use super::times::UNITS;

/// Lists and tables that have passes of their own.
const NOT_OF_THE_WORLD: [&str; 9] =
    ["title", "protocol", "bug", "duration", "seed", "cluster", "workload", "fault", "expect"];
/// How often the length of a run is halved.
const HALVINGS: u32 = 6;
const MILLISECOND: u64 = 1_000_000;

/// What is expected is the property that failed, and nothing else.
pub(super) fn only_what_failed(bench: &mut Bench<'_>) {
    let draft = bench.best.draft.clone();
    let property = bench.goal.property.clone();
    let expected = draft.get(&["expect"]).and_then(Value::as_array).cloned().unwrap_or_default();
    let names = |table: &Value| match property.strip_prefix("metric.") {
        Some(metric) => table["metric"].get(metric).is_some(),
        None => table.get(&property).is_some(),
    };
    let mut kept: Vec<Value> = expected.into_iter().filter(names).collect();
    let invariants = (bench.entry.invariants)();
    if kept.is_empty() && invariants.iter().any(|one| one.name == property) {
        // It is judged anyway; so the file says what it is about.
        kept.push(json!({ property: true }));
    }
    let draft = match kept.is_empty() {
        true => draft.without(&["expect"]),
        false => Some(draft.with(&["expect"], json!(kept))),
    };
    if let Some(draft) = draft {
        bench.attempt(&draft);
    }
}

/// The run ends soon after the violation, at a round time.
pub(super) fn cut(bench: &mut Bench<'_>) {
    let at = bench.violation().at_ns;
    let unit = UNITS.into_iter().find(|unit| *unit <= at / 10).unwrap_or(1_000);
    let end = (at / unit + 1).saturating_mul(unit);
    if end < bench.best.plan.duration.0 {
        let draft = until(&bench.best.draft, end);
        bench.attempt(&draft);
    }
    // What is judged at the end may fail in a shorter run as well.
    let is_seen_at_once = matches!(bench.goal.kind, ViolationKind::Safety | ViolationKind::Panic);
    let (mut low, mut high) = (0, bench.best.plan.duration.0);
    for _ in 0..HALVINGS {
        if is_seen_at_once || high - low < 2 * unit.max(MILLISECOND) {
            break;
        }
        let middle = (low + (high - low) / 2) / unit.max(MILLISECOND) * unit.max(MILLISECOND);
        let draft = until(&bench.best.draft, middle);
        if bench.attempt(&draft) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

/// The same in a run of another length.
fn until(draft: &Draft, nanos: u64) -> Draft {
    let mut draft = draft.with(&["duration"], written(nanos));
    for path in [&["heal"][..], &["workload", "stop"]] {
        if draft.span(path).is_some_and(|at| at.0 >= nanos) {
            draft = draft.without(path).expect("it is there");
        }
    }
    draft
}

/// Whole tables go, then single keys, then what has values that are plainer.
pub(super) fn usual(bench: &mut Bench<'_>) {
    for name in bench.best.draft.keys() {
        if !NOT_OF_THE_WORLD.contains(&name.as_str()) {
            bench.attempt_without(&[&name]);
        }
    }
    for name in bench.best.draft.keys() {
        if NOT_OF_THE_WORLD.contains(&name.as_str()) {
            continue;
        }
        for key in bench.best.draft.keys_of(&[&name]) {
            if bench.attempt_without(&[&name, &key]) {
                continue;
            }
            for nested in bench.best.draft.keys_of(&[&name, &key]) {
                bench.attempt_without(&[&name, &key, &nested]);
            }
            fewer_items(bench, &[&name, &key]);
            constant(bench, &[&name, &key]);
        }
    }
}

/// A list of tables without those that need not be there.
fn fewer_items(bench: &mut Bench<'_>, path: &[&str]) {
    let start = bench.best.draft.clone();
    let Some(Value::Array(items)) = start.get(path) else { return };
    if !items.iter().all(Value::is_object) {
        return;
    }
    super::ddmin::ddmin(items.len(), |kept| {
        let some: Vec<&Value> = kept.iter().map(|place| &items[*place]).collect();
        bench.attempt(&start.with(path, json!(some)))
    });
}

/// A law becomes its median, as round as can be.
fn constant(bench: &mut Bench<'_>, path: &[&str]) {
    let value = bench.best.draft.get(path).cloned().unwrap_or_default();
    let Ok(law) = serde_json::from_value::<Law>(value) else { return };
    if matches!(law, Law::Constant(_)) || law.check().is_err() {
        return;
    }
    let median = law.median().0;
    for unit in [100_000_000, 10_000_000, MILLISECOND, 100_000, 10_000, 1] {
        let rounded = (median.saturating_add(unit / 2)) / unit * unit;
        if rounded > 0 {
            let draft = bench.best.draft.with(path, written(rounded));
            if bench.attempt(&draft) {
                return;
            }
        }
    }
}
