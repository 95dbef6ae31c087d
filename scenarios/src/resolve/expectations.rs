//! What is demanded of the run: `[[expect]]`.

use std::collections::BTreeSet;

use rehearsal_sim::catalog::{Entry, WORLD_METRICS};
use rehearsal_sim::plan::{Expect, Expectation};
use rehearsal_sim::time::Span;
use serde_json::Value;

use crate::diagnose;
use crate::language::ExpectTable;
use crate::read::Desk;
use crate::toml_text;
use crate::tree::{Path, Tree};

/// Properties that every protocol is judged by.
const COMMON: [&str; 5] = ["linearizable", "progress", "panicked", "livelock", "message_storm"];

pub(super) fn expectations(
    desk: &mut Desk<'_>,
    entry: Option<&Entry>,
    duration: Option<Span>,
) -> Option<Vec<Expectation>> {
    let invariants: Vec<&str> = entry
        .map(|entry| (entry.invariants)())
        .unwrap_or_default()
        .iter()
        .map(|i| i.name)
        .collect();
    let mut all = Some(Vec::new());
    for at in super::items(desk, &Path::of("expect"))? {
        match (one(desk, &invariants, entry, &at, duration), &mut all) {
            (Some(expectation), Some(all)) => all.push(expectation),
            _ => all = None,
        }
    }
    all
}

fn one(
    desk: &mut Desk<'_>,
    invariants: &[&str],
    entry: Option<&Entry>,
    at: &Path,
    duration: Option<Span>,
) -> Option<Expectation> {
    let tree = desk.tree;
    let table = tree.at(at)?.table();
    let mut keys: Vec<&String> =
        table.into_iter().flat_map(|t| t.keys()).filter(|key| *key != "during").collect();
    keys.sort_by_key(|key| desk.key_site(&at.key(key)));
    let named: BTreeSet<String> = keys
        .iter()
        .filter(|key| invariants.contains(&key.as_str()))
        .map(|k| (*k).clone())
        .collect();
    let read = desk.read_without::<ExpectTable>(at, &named, invariants)?;
    let key = match keys.as_slice() {
        [key] => *key,
        [] => {
            desk.say(diagnose::expect_nothing(desk.site(at)));
            return None;
        }
        [first, second, ..] => {
            let (a, b) = (desk.key_site(&at.key(first)), desk.key_site(&at.key(second)));
            desk.say(diagnose::two_expectations((first, a), (second, b)));
            return None;
        }
    };
    if let (Some(window), Some(duration)) = (read.during, duration)
        && window.to.0 > duration.0
    {
        desk.say(diagnose::during_after_end(desk.site(&at.key("during")), duration));
    }
    let path = at.key(key);
    let expect = if named.contains(key) {
        demanded(desk, &path).then(|| Expect::Holds(key.clone()))
    } else {
        expect(desk, &read, invariants, entry, &path, key)
    }?;
    let during = read.during.map(|window| (window.from, window.to));
    Some(Expectation { text: text(tree, at, key), expect, during })
}

/// The canonical form: what stands in the file, in one line.
fn text(tree: &Tree, at: &Path, key: &str) -> String {
    let written = |key: &str| Some(tree.at(at)?.get(key)?.to_json());
    let value = written(key).unwrap_or(Value::Null);
    let mut text = match &value {
        Value::Object(table) if key == "metric" => {
            let metrics = table.iter().map(|(name, bounds)| {
                format!("metric.{} = {}", toml_text::key(name), toml_text::value(bounds))
            });
            metrics.collect::<Vec<_>>().join(", ")
        }
        value => format!("{} = {}", toml_text::key(key), toml_text::value(value)),
    };
    if let Some(during) = written("during") {
        text.push_str(&format!(", during = {}", toml_text::value(&during)));
    }
    text
}

/// A property can be demanded, or its violation; not demanding it is leaving it out.
fn demanded(desk: &mut Desk<'_>, path: &Path) -> bool {
    let tree = desk.tree.nearest(path);
    match tree.to_json() {
        Value::Bool(true) => true,
        Value::Bool(false) => {
            desk.say(diagnose::property_denied(tree.site.clone(), path));
            false
        }
        _ => {
            let finding =
                diagnose::misread(desk.tree, path, "invalid type: this, expected a boolean", &[]);
            desk.say(finding);
            false
        }
    }
}

fn expect(
    desk: &mut Desk<'_>,
    read: &ExpectTable,
    invariants: &[&str],
    entry: Option<&Entry>,
    path: &Path,
    key: &str,
) -> Option<Expect> {
    let latency = |one_in: u64, bound: Option<Span>| {
        bound.map(|bound| Expect::LatencyAtMost { one_in, bound })
    };
    match key {
        "linearizable" => demanded(desk, path).then_some(Expect::Linearizable),
        "progress" => demanded(desk, path).then_some(Expect::Progress),
        "violates" => violates(desk, read.violates.as_deref()?, invariants, entry, path),
        "p50_at_most" => latency(2, read.p50_at_most),
        "p90_at_most" => latency(10, read.p90_at_most),
        "p99_at_most" => latency(100, read.p99_at_most),
        "p999_at_most" => latency(1000, read.p999_at_most),
        "throughput_at_least" => read
            .throughput_at_least
            .map(|rate| Expect::ThroughputAtLeast { operations: rate.count, per: rate.per }),
        "error_rate_at_most" => read.error_rate_at_most.map(Expect::ErrorRateAtMost),
        "unavailable_at_most" => read.unavailable_at_most.map(Expect::UnavailableAtMost),
        "recovered_within" => read.recovered_within.map(Expect::RecoveredWithin),
        "leaders_at_most" => read.leaders_at_most.map(Expect::LeadersAtMost),
        "metric" => metric(desk, entry, read, path),
        other => unreachable!("{other} is no expectation"),
    }
}

fn violates(
    desk: &mut Desk<'_>,
    property: &str,
    invariants: &[&str],
    entry: Option<&Entry>,
    path: &Path,
) -> Option<Expect> {
    entry?;
    let known: Vec<&str> = invariants.iter().copied().chain(COMMON).collect();
    if !known.contains(&property) {
        desk.say(diagnose::unknown_property(desk.site(path), property, &known));
        return None;
    }
    Some(Expect::Violates(property.to_owned()))
}

fn metric(
    desk: &mut Desk<'_>,
    entry: Option<&Entry>,
    read: &ExpectTable,
    path: &Path,
) -> Option<Expect> {
    let metrics = read.metric.as_ref()?;
    let mut names = metrics.iter();
    let (Some((name, bounds)), None) = (names.next(), names.next()) else {
        desk.say(diagnose::one_metric(desk.key_site(path), metrics.len()));
        return None;
    };
    let at = path.key(name);
    // A protocol that declares nothing may count anything.
    let declared = entry.map_or(&[][..], |entry| entry.metrics);
    let probes = entry.map_or(&[][..], |entry| entry.probes).iter().map(|probe| &probe.name);
    let known: Vec<&str> = declared.iter().chain(WORLD_METRICS).chain(probes).copied().collect();
    if !declared.is_empty() && !known.contains(&name.as_str()) {
        desk.say(diagnose::unknown_metric(desk.key_site(&at), name, &known));
        return None;
    }
    // Serde would take a list for a table.
    if desk.tree.at(&at).and_then(Tree::table).is_none() || (bounds.min, bounds.max) == (None, None)
    {
        desk.say(diagnose::metric_without_bounds(desk.site(&at), name));
        return None;
    }
    if let (Some(min), Some(max)) = (bounds.min, bounds.max)
        && min > max
    {
        desk.say(diagnose::bounds_exchanged(desk.site(&at)));
        return None;
    }
    Some(Expect::Metric { name: name.clone(), min: bounds.min, max: bounds.max })
}
