//! Fewer faults, that strike less often, hit fewer nodes, and do not last longer than they must.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::bench::Bench;
use super::ddmin::ddmin;
use super::draft::{Draft, span, written};
use super::strikes::{self, Names};
use crate::language::FAULT_KINDS;

type Table = Map<String, Value>;

/// Up to so many faults every pair of them is taken out together.
const MOST_OF_PAIRS: usize = 12;
/// How often what lasts is made shorter by half.
const HALVINGS: u32 = 3;

/// What lasts no longer than this, in nanoseconds, is short enough.
const SHORT: u64 = 10_000_000;

/// What goes wrong in a fault: `crash`.
fn kind(fault: &Table) -> Option<&'static str> {
    FAULT_KINDS.into_iter().find(|kind| fault.contains_key(*kind))
}

fn some_of(faults: &[Table], kept: &[usize]) -> Vec<Table> {
    kept.iter().map(|place| faults[*place].clone()).collect()
}

/// Whole kinds of faults are taken out at once.
pub(super) fn families(bench: &mut Bench<'_>) {
    let kinds: BTreeSet<&str> = bench.best.draft.faults().iter().filter_map(kind).collect();
    for one in kinds {
        let mut faults = bench.best.draft.faults();
        faults.retain(|fault| kind(fault) != Some(one));
        let draft = bench.best.draft.with_faults(faults);
        bench.attempt(&draft);
    }
}

/// Only faults of which none can be left out.
pub(super) fn fewer(bench: &mut Bench<'_>) {
    let start = bench.best.draft.clone();
    let faults = start.faults();
    ddmin(faults.len(), |kept| bench.attempt(&start.with_faults(some_of(&faults, kept))));
}

/// Every fault is written as the strikes that it was, with whom it hit: all at once if that still
/// fails, else as many as can be. Draws of a strike are keyed by the text of its fault, so what a
/// strike draws beside whom it hits may be another then.
pub(super) fn unroll(bench: &mut Bench<'_>) {
    let singles = singles(bench);
    let all: Vec<Table> = singles.iter().flatten().cloned().collect();
    let start = bench.best.draft.clone();
    if bench.attempt(&start.with_faults(all)) {
        return fewer(bench);
    }
    let mut done = BTreeSet::new();
    let faults = start.faults();
    for place in 0..faults.len() {
        done.insert(place);
        let choose = |(at, fault): (usize, &Table)| match done.contains(&at) {
            true => singles[at].clone(),
            false => vec![fault.clone()],
        };
        let mixed: Vec<Table> = faults.iter().enumerate().flat_map(choose).collect();
        if !bench.attempt(&start.with_faults(mixed)) {
            done.remove(&place);
        }
    }
    fewer(bench);
    fewer_times(bench);
}

/// The strikes of each fault, each as a fault of its own.
fn singles(bench: &Bench<'_>) -> Vec<Vec<Table>> {
    let names = Names::of(bench);
    let strikes = &bench.best.record.strikes;
    let of = |(place, fault): (usize, &Table)| {
        let own = strikes.iter().filter(|strike| strike.fault == place);
        own.flat_map(|strike| strikes::single(fault, strike, &names)).collect()
    };
    bench.best.draft.faults().iter().enumerate().map(of).collect()
}

/// What must go on striking again and again does so less often.
fn fewer_times(bench: &mut Bench<'_>) {
    for place in 0..bench.best.draft.faults().len() {
        let fault = bench.best.draft.faults()[place].clone();
        if !fault.contains_key("every") && !fault.contains_key("on") {
            continue;
        }
        let struck = bench.best.record.strikes.iter().filter(|one| one.fault == place).count();
        for times in (1..=struck.min(HALVINGS as usize)).chain([struck]) {
            let mut fewer = fault.clone();
            fewer.insert("times".to_owned(), json!(times));
            let draft = bench.best.draft.with_fault(place, fewer);
            if bench.attempt(&draft) {
                break;
            }
        }
    }
}

/// What was harmed need not be repaired, where the run fails without; else it is repaired sooner.
pub(super) fn shorter(bench: &mut Bench<'_>) {
    for place in 0..bench.best.draft.faults().len() {
        for key in ["restart_after", "for"] {
            let fault = bench.best.draft.faults()[place].clone();
            let Some(lasts) = fault.get(key).and_then(span) else { continue };
            let mut endless = fault.clone();
            endless.remove(key);
            let before = bench.size().fault_operations;
            let draft = bench.best.draft.with_fault(place, endless);
            let start = bench.best.draft.clone();
            if bench.attempt(&draft) && bench.size().fault_operations <= before {
                continue;
            }
            let mut nanos = match bench.best.draft == start {
                true => lasts.0,
                false => continue,
            };
            for _ in 0..HALVINGS {
                if nanos < SHORT {
                    break;
                }
                nanos /= 2;
                let mut half = fault.clone();
                half.insert(key.to_owned(), written(nanos.max(1)));
                let draft = bench.best.draft.with_fault(place, half);
                if !bench.attempt(&draft) {
                    break;
                }
            }
        }
    }
}

/// Strikes of one kind that come one after the other come together.
pub(super) fn together(bench: &mut Bench<'_>) {
    let mut place = 0;
    while place < bench.best.draft.faults().len() {
        let faults = bench.best.draft.faults();
        let merged = (place + 1..faults.len()).any(|other| {
            let both = merge(&faults[place], &faults[other]);
            both.into_iter().any(|one| {
                let mut fewer = faults.clone();
                fewer[place] = one;
                fewer.remove(other);
                let draft = bench.best.draft.with_faults(fewer);
                bench.attempt(&draft)
            })
        });
        if !merged {
            place += 1;
        }
    }
}

/// Two strikes of the same kind on different nodes as one: at the time of either.
fn merge(one: &Table, other: &Table) -> Vec<Table> {
    let same_kind = kind(one).filter(|same| kind(other) == Some(same));
    let Some(kind) = same_kind.filter(|kind| strikes::WITH_NAMES.contains(kind)) else {
        return Vec::new();
    };
    if !one.contains_key("at") || !other.contains_key("at") {
        return Vec::new();
    }
    let Some(names) = joined(&one[kind], &other[kind]) else { return Vec::new() };
    let with = |of: &Table| {
        let mut both = of.clone();
        both.insert(kind.to_owned(), names.clone());
        both
    };
    let mut both = vec![with(one), with(other)];
    // With the beginning of one and the end of the other.
    for (begins, ends) in [(one, other), (other, one)] {
        let mut mixed = with(ends);
        mixed.insert("at".to_owned(), begins["at"].clone());
        both.push(mixed);
    }
    both.dedup();
    both
}

/// Names of both, each once; `None` where one of them is looked up when the fault strikes.
fn joined(one: &Value, other: &Value) -> Option<Value> {
    let mut all: Vec<&str> = Vec::new();
    for value in [one, other] {
        let names: Vec<&str> = match value {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        for name in names {
            if !name.ends_with(|last: char| last.is_ascii_digit()) {
                return None;
            }
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    all.sort_by_key(|name| (name.len(), *name));
    Some(json!(all))
}

/// The faults stand in the order in which they strike.
pub(super) fn in_order(bench: &mut Bench<'_>) {
    let mut faults = bench.best.draft.faults();
    faults.sort_by_key(|fault| fault.get("at").and_then(span).map(|at| at.0));
    let draft = bench.best.draft.with_faults(faults);
    bench.attempt(&draft);
}

/// Fewer nodes are hit.
pub(super) fn simpler(bench: &mut Bench<'_>) {
    for place in 0..bench.best.draft.faults().len() {
        for key in bench.best.draft.faults()[place].keys().cloned().collect::<Vec<_>>() {
            fewer_names(bench, place, &[&key]);
            for nested in ["nodes", "from", "to"] {
                fewer_names(bench, place, &[&key, nested]);
            }
            for group in 0..4 {
                fewer_members(bench, place, &key, group);
            }
        }
    }
}

/// A list of names without those that need not be there.
fn fewer_names(bench: &mut Bench<'_>, place: usize, path: &[&str]) {
    let at = |draft: &Draft| {
        let fault = Value::Object(draft.faults().get(place)?.clone());
        path.iter().try_fold(&fault, |value, key| value.get(*key)).cloned()
    };
    let Some(Value::Array(names)) = at(&bench.best.draft) else { return };
    if !names.iter().all(Value::is_string) {
        return;
    }
    let start = bench.best.draft.clone();
    ddmin(names.len(), |kept| {
        let value = match kept {
            [] => return false,
            [only] => names[*only].clone(),
            some => some.iter().map(|name| names[*name].clone()).collect(),
        };
        let mut fault = start.faults()[place].clone();
        set(&mut fault, path, value);
        bench.attempt(&start.with_fault(place, fault))
    });
}

/// A group of a partition without those that need not be in it.
fn fewer_members(bench: &mut Bench<'_>, place: usize, key: &str, group: usize) {
    let start = bench.best.draft.clone();
    let faults = start.faults();
    let Some(Value::Array(groups)) = faults[place].get(key) else { return };
    let Some(Value::Array(members)) = groups.get(group) else { return };
    ddmin(members.len(), |kept| {
        if kept.is_empty() {
            return false;
        }
        let mut fewer = groups.clone();
        fewer[group] = kept.iter().map(|one| members[*one].clone()).collect();
        let mut fault = faults[place].clone();
        fault.insert(key.to_owned(), json!(fewer));
        bench.attempt(&start.with_fault(place, fault))
    });
}

fn set(fault: &mut Table, path: &[&str], value: Value) {
    match path {
        [key] => {
            fault.insert((*key).to_owned(), value);
        }
        [key, nested] => fault[*key][*nested] = value,
        _ => {}
    }
}

/// Where few faults are left: without any two of them.
pub(super) fn pairs(bench: &mut Bench<'_>) {
    let mut again = true;
    while again {
        let faults = bench.best.draft.faults();
        if faults.len() > MOST_OF_PAIRS {
            return;
        }
        let pairs = (0..faults.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
        again = pairs.into_iter().any(|(one, other)| {
            let kept: Vec<usize> =
                (0..faults.len()).filter(|place| *place != one && *place != other).collect();
            let draft = bench.best.draft.with_faults(some_of(&faults, &kept));
            bench.attempt(&draft)
        });
    }
}
