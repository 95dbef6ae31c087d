//! Fewer faults, that strike less often, hit fewer nodes, and do not last longer than they must.

use std::collections::BTreeSet;

use rehearsal_sim::time::Span;
use serde_json::{Map, Value, json};

use super::bench::{Bench, Best};
use super::ddmin::ddmin;
use super::draft::{Draft, span, written};
use super::strikes::{self, Names};
use crate::language::FAULT_KINDS;

type Table = Map<String, Value>;

/// Up to so many faults every pair of them is taken out together.
const MOST_OF_PAIRS: usize = 12;
/// How often at least something strikes that has to strike again and again.
const FEW_TIMES: usize = 3;
/// With no more fault operations than this, no other seeds are tried.
const FEW_OPERATIONS: u64 = 6;
/// Other seeds that are tried for fewer faults.
const SEEDS: u64 = 12;

/// More records than any disk has that is made small.
const MANY_RECORDS: u64 = 1_000;
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
    let mut singles = singles(bench);
    let all: Vec<Table> = singles.iter().flatten().cloned().collect();
    let start = bench.best.draft.clone();
    if bench.attempt(&start.with_faults(all)) {
        return fewer(bench);
    }
    let mut done = BTreeSet::new();
    let faults = start.faults();
    for place in 0..faults.len() {
        done.insert(place);
        let mixed = mix(&faults, &singles, &done);
        if bench.attempt(&start.with_faults(mixed)) {
            continue;
        }
        // Which records rot is drawn; where all do, the right one is among them.
        let rotten = rotten(&singles[place]);
        let before = std::mem::replace(&mut singles[place], rotten);
        let mixed = mix(&faults, &singles, &done);
        if !bench.attempt(&start.with_faults(mixed)) {
            singles[place] = before;
            done.remove(&place);
        }
    }
    fewer(bench);
    fewer_times(bench);
}

/// Faults, some of which are written as their strikes.
fn mix(faults: &[Table], singles: &[Vec<Table>], done: &BTreeSet<usize>) -> Vec<Table> {
    let choose = |(at, fault): (usize, &Table)| match done.contains(&at) {
        true => singles[at].clone(),
        false => vec![fault.clone()],
    };
    faults.iter().enumerate().flat_map(choose).collect()
}

/// The same with disks of which every record rots.
fn rotten(singles: &[Table]) -> Vec<Table> {
    let mut all = singles.to_vec();
    for table in &mut all {
        if let Some(Value::Object(rot)) = table.get_mut("bit_rot") {
            rot.insert("records".to_owned(), json!(MANY_RECORDS));
        }
    }
    all
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
        for times in (1..=struck.min(FEW_TIMES)).chain([struck]) {
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
            let mut endless = bench.best.draft.faults()[place].clone();
            let Some(lasts) = endless.remove(key).as_ref().and_then(span) else { continue };
            let draft = bench.best.draft.with_fault(place, endless);
            // An end that comes all the same is better written where it belongs.
            let is_smaller = |before: &Best, after: &Best| {
                let (before_it, after_it) = (before.fault_operations(), after.fault_operations());
                after_it < before_it || (after_it == before_it && after.end() <= before.end())
            };
            if !bench.attempt_if(&draft, is_smaller) {
                halve(bench, place, key, lasts);
            }
        }
    }
}

/// What lasts for some time lasts half of it, again and again.
fn halve(bench: &mut Bench<'_>, place: usize, key: &str, lasts: Span) {
    let mut nanos = lasts.0;
    while nanos >= SHORT {
        nanos /= 2;
        let mut half = bench.best.draft.faults()[place].clone();
        half.insert(key.to_owned(), written(nanos));
        let draft = bench.best.draft.with_fault(place, half);
        if !bench.attempt(&draft) {
            break;
        }
    }
}

/// Strikes of one kind on the same nodes, one after the other, become one that lasts from the beginning
/// of the first to the end of the last.
pub(super) fn fused(bench: &mut Bench<'_>) {
    let faults = bench.best.draft.faults();
    let mut known: Vec<(&str, Value)> = Vec::new();
    for fault in &faults {
        let Some(kind) = kind(fault).filter(|_| window(fault).is_some()) else { continue };
        let what = (kind, fault[kind].clone());
        if !known.contains(&what) {
            known.push(what);
        }
    }
    for (kind, value) in known {
        let is_one = |fault: &Table| fault.get(kind) == Some(&value) && window(fault).is_some();
        let count = bench.best.draft.faults().iter().filter(|fault| is_one(fault)).count();
        fuse(bench, &is_one, (0, count));
    }
}

/// Fuses a stretch of the strikes of which something is true, in the order of their times: all of
/// them, or else what can be of either half. Gives back how many are left of them.
fn fuse(
    bench: &mut Bench<'_>,
    is_one: &dyn Fn(&Table) -> bool,
    (from, to): (usize, usize),
) -> usize {
    if to - from < 2 {
        return to - from;
    }
    let faults = bench.best.draft.faults();
    let mut ones: Vec<usize> = (0..faults.len()).filter(|at| is_one(&faults[*at])).collect();
    ones.sort_by_key(|at| window(&faults[*at]));
    let ones = &ones[from..to];
    let windows = || ones.iter().filter_map(|at| window(&faults[*at]));
    let begin = windows().map(|(begin, _)| begin).min().unwrap_or_default();
    let end = windows().map(|(_, end)| end).max().unwrap_or_default();
    let mut one = faults[ones[0]].clone();
    let key = if one.contains_key("for") { "for" } else { "restart_after" };
    one.insert(key.to_owned(), written(end - begin));
    let others = (0..faults.len()).filter(|at| *at == ones[0] || !ones.contains(at));
    let fewer = others.map(|at| if at == ones[0] { one.clone() } else { faults[at].clone() });
    let draft = bench.best.draft.with_faults(fewer.collect());
    if bench.attempt(&draft) {
        return 1;
    }
    let middle = from + (to - from) / 2;
    // The later half first, so that the places of the earlier stay what they are.
    let later = fuse(bench, is_one, (middle, to));
    let earlier = fuse(bench, is_one, (from, middle));
    later + earlier
}

/// When a single strike begins and ends.
fn window(fault: &Table) -> Option<(u64, u64)> {
    let at = span(fault.get("at")?)?.0;
    let lasts = span(fault.get("for").or(fault.get("restart_after"))?)?.0;
    Some((at, at.saturating_add(lasts)))
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
    Some(if let [only] = all[..] { json!(only) } else { json!(all) })
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

/// As a last resort, other draws: where many fault operations are left, some of them may be there only
/// to move the draws of others to where they do harm.
pub(super) fn other_draws(bench: &mut Bench<'_>) {
    if bench.best.fault_operations() <= FEW_OPERATIONS {
        return;
    }
    let start = bench.best.draft.clone();
    let faults = start.faults();
    let first = bench.best.plan.seed;
    ddmin(faults.len(), |kept| {
        let fewer = start.with_faults(some_of(&faults, kept));
        (0..=SEEDS).any(|by| bench.attempt(&fewer.with(&["seed"], json!(first.wrapping_add(by)))))
    });
}

/// Numbers that need not be as large.
pub(super) fn numbers(bench: &mut Bench<'_>) {
    for place in 0..bench.best.draft.faults().len() {
        for path in [&["times"][..], &["on", "nth"], &["bit_rot", "records"]] {
            let fault = bench.best.draft.faults()[place].clone();
            let (first, rest) = path.split_first().expect("a path has a first step");
            let value = rest.iter().try_fold(fault.get(*first), |at, key| Some(at?.get(*key)));
            let Some(now) = value.flatten().and_then(Value::as_u64) else { continue };
            [1, 2, 5, 10, 100].into_iter().filter(|number| *number < now).any(|number| {
                let mut fewer = fault.clone();
                set(&mut fewer, path, json!(number));
                let draft = bench.best.draft.with_fault(place, fewer);
                bench.attempt(&draft)
            });
        }
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
