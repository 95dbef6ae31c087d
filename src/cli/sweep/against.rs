//! `--against OLD.json`: what is different from an earlier sweep.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use super::column::Band;
use super::row::Unit;
use super::summary::Facts;
use super::table;
use crate::cli::print::{self, BOLD, DIM, GREEN, PLAIN, RED};
use crate::cli::{Failure, results, say};

/// Seeds that a list names.
const NAMED: usize = 12;

/// What is different from an earlier sweep. Verdicts and digests are compared over the seeds that
/// both have, medians over all seeds of each.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Against {
    /// The version that the earlier sweep ran on.
    version: String,
    /// Its seeds.
    seeds: [u64; 2],
    /// Whether these are the seeds of this sweep.
    same_seeds: bool,
    /// Whether scenario, settings or planted bugs differ.
    changed_scenario: bool,
    /// How many seeds both have.
    compared: u64,
    /// How many of them have other digests.
    behave_differently: u64,
    /// Seeds that did not fail, and now do.
    pub(super) newly_failing: Vec<u64>,
    /// Seeds that failed, and now pass.
    newly_passing: Vec<u64>,
    /// The medians, before and now; those that one side does not have are left out.
    medians: Vec<Median>,
}

/// A median before and now.
#[derive(Clone, Debug, Serialize)]
struct Median {
    name: String,
    unit: Unit,
    old: i64,
    new: i64,
    difference: i64,
}

/// Reads an earlier sweep, and says at once when it can not be compared with what is asked for.
pub(super) fn read(
    path: &Path,
    (scenario, protocol): (&str, &str),
    seeds: &Range<u64>,
) -> Result<Facts, Failure> {
    let shown = results::shown(path);
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::said(
            format!("can not read {shown}: {}", say::why(&error)),
            "--against takes the sweep.json of an earlier sweep",
        )
    })?;
    let old: Facts = serde_json::from_str(&text).map_err(|error| {
        let why = match error.classify() {
            serde_json::error::Category::Data => "it is JSON, but not the numbers of a sweep",
            serde_json::error::Category::Eof => "it ends too early",
            _ => "it is no JSON",
        };
        Failure::said(
            format!("{shown} is no sweep.json: {why}"),
            "--against takes the sweep.json that an earlier sweep left below its results folder",
        )
    })?;
    let [first, end] = old.seeds;
    let is_whole = end.checked_sub(first).is_some_and(|count| count == old.digests.len() as u64);
    if !is_whole || end == first {
        return Err(Failure::said(
            format!("{shown} is no whole sweep.json: its seeds and its digests do not match"),
            "run that sweep again",
        ));
    }
    if (stem(&old.scenario), old.protocol.as_str()) != (stem(scenario), protocol) {
        return Err(Failure::said(
            format!(
                "{shown} is a sweep of {} ({}), and this is one of {} ({protocol})",
                say::clean(&old.scenario),
                say::clean(&old.protocol),
                say::clean(scenario)
            ),
            "compare with a sweep of the same scenario",
        ));
    }
    if common(&old, seeds).is_empty() {
        return Err(Failure::said(
            format!("{shown} has the seeds {first}..{end}, none of {}..{}", seeds.start, seeds.end),
            format!("write --seeds {first}..{end}"),
        ));
    }
    Ok(old)
}

/// What a scenario is called wherever it lies: `leader-crash`.
fn stem(scenario: &str) -> &str {
    let name = scenario.rsplit(['/', '\\']).next().unwrap_or_default();
    name.strip_suffix(".toml").unwrap_or(name)
}

fn common(old: &Facts, seeds: &Range<u64>) -> Range<u64> {
    old.seeds[0].max(seeds.start)..old.seeds[1].min(seeds.end)
}

/// Compares a sweep with an earlier one. They may have no seed in common when this one ended early.
pub(super) fn compare(old: &Facts, new: &Facts) -> Against {
    let seeds = common(old, &(new.seeds[0]..new.seeds[1]));
    let set = |seeds: &[u64]| seeds.iter().copied().collect::<BTreeSet<u64>>();
    let (failed, fails, unclear) =
        (set(&old.failed_seeds), set(&new.failed_seeds), set(&new.inconclusive_seeds));
    let both = |seed: &u64| seeds.contains(seed);
    let newly_failing = fails.difference(&failed).copied().filter(both).collect();
    let newly_passing =
        failed.iter().copied().filter(|seed| !fails.contains(seed) && !unclear.contains(seed));
    let digest = |facts: &Facts, seed: u64| {
        let at = usize::try_from(seed - facts.seeds[0]).ok();
        at.and_then(|at| facts.digests.get(at)).cloned()
    };
    let differs = |seed: &u64| digest(old, *seed) != digest(new, *seed);
    Against {
        version: old.version.clone(),
        seeds: old.seeds,
        same_seeds: old.seeds == new.seeds,
        changed_scenario: old.fingerprint != new.fingerprint,
        compared: seeds.end.saturating_sub(seeds.start),
        behave_differently: seeds.clone().filter(differs).count() as u64,
        newly_failing,
        newly_passing: newly_passing.filter(both).collect(),
        medians: medians(&old.measures, &new.measures, false)
            .into_iter()
            .chain(medians(&old.metrics, &new.metrics, true))
            .collect(),
    }
}

/// The medians of names that both have; metrics that are not there were zero in every run.
fn medians(old: &[Band], new: &[Band], zero: bool) -> Vec<Median> {
    let by_name = |bands: &[Band]| -> BTreeMap<String, Band> {
        bands.iter().map(|band| (band.name.clone(), band.clone())).collect()
    };
    let (before, now) = (by_name(old), by_name(new));
    let mut names: Vec<&str> = new.iter().map(|band| band.name.as_str()).collect();
    names.extend(old.iter().map(|band| band.name.as_str()).filter(|name| !now.contains_key(*name)));
    let median = |name: &str| {
        let (old, new) = (before.get(name), now.get(name));
        let unit = new.or(old)?.unit;
        let value = |band: Option<&Band>| match band {
            Some(band) => (band.runs > 0).then_some(band.median),
            None => zero.then_some(0),
        };
        let (old, new) = (value(old)?, value(new)?);
        Some(Median { name: name.to_owned(), unit, old, new, difference: new.saturating_sub(old) })
    };
    names.into_iter().filter_map(median).collect()
}

/// The block for people.
pub(super) fn text(out: &mut String, against: &Against) -> fmt::Result {
    let [first, end] = against.seeds;
    let version = say::clean(&against.version);
    writeln!(out, "\n{BOLD}against{PLAIN} seeds {first}..{end} of version {version}")?;
    if against.changed_scenario {
        writeln!(out, "  the scenario, or what was changed in it, is another")?;
    }
    let compared = against.compared;
    let differ = match against.behave_differently {
        0 => format!("{GREEN}same behaviour{PLAIN}: {compared} of {compared} digests equal"),
        n => format!("{n} of {compared} seeds behave differently"),
    };
    writeln!(out, "  {differ}")?;
    list(out, RED, "newly failing", &against.newly_failing)?;
    list(out, GREEN, "newly passing", &against.newly_passing)?;
    if !against.same_seeds {
        writeln!(out, "  medians are over all seeds of each, those that only one has among them")?;
    }
    let names = against.medians.iter().map(|median| median.name.as_str());
    let width = table::name_width(names);
    writeln!(out, "{:<width$} {:>11} {:>11} {:>12}", "medians", "before", "now", "difference")?;
    for median in &against.medians {
        let name = table::name(&median.name);
        let [old, new] = [median.old, median.new].map(|value| table::value(value, median.unit));
        let difference = difference(median);
        let (dim, plain) = if median.difference == 0 { (DIM, PLAIN) } else { ("", "") };
        writeln!(out, "{dim}{name:<width$} {old:>11} {new:>11} {difference:>12}{plain}")?;
    }
    Ok(())
}

fn list(out: &mut String, colour: &str, what: &str, seeds: &[u64]) -> fmt::Result {
    if seeds.is_empty() {
        return writeln!(out, "  {what}: none");
    }
    let named: Vec<String> = seeds.iter().take(NAMED).map(u64::to_string).collect();
    let more = seeds.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let seeds = print::counted(seeds.len() as u64, "seed");
    writeln!(out, "  {colour}{what}{PLAIN}: {seeds}: {}{more}", named.join(", "))
}

fn difference(median: &Median) -> String {
    match median.difference {
        0 => "same".to_owned(),
        less @ ..0 => table::value(less, median.unit),
        more => format!("+{}", table::value(more, median.unit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(seeds: [u64; 2], digests: &str, failed: &[u64]) -> Facts {
        let own = str::to_owned;
        let band = |name: &str, median| Band {
            name: own(name),
            unit: Unit::Count,
            runs: seeds[1] - seeds[0],
            p5: 0,
            median,
            p95: 9,
            least: 0,
            most: 9,
            most_seed: None,
        };
        Facts {
            scenario: own("s"),
            protocol: own("p"),
            version: own("1"),
            fingerprint: own("f"),
            seeds,
            asked: None,
            measures: vec![band("events", seeds[1].try_into().unwrap())],
            metrics: vec![band(&format!("m{}", seeds[0]), 4)],
            failed_seeds: failed.to_vec(),
            inconclusive_seeds: Vec::new(),
            digests: digests.chars().map(String::from).collect(),
        }
    }

    #[test]
    fn only_seeds_that_both_have_are_compared() {
        let old = facts([0, 6], "abcdef", &[0, 2, 4]);
        let new = facts([2, 9], "cXefghi", &[3, 4, 8]);
        let found = compare(&old, &new);
        assert_eq!((found.compared, found.behave_differently), (4, 1));
        assert_eq!((found.newly_failing, found.newly_passing), (vec![3], vec![2]));
        let medians: Vec<(&str, i64)> =
            found.medians.iter().map(|one| (one.name.as_str(), one.difference)).collect();
        assert_eq!(medians, [("events", 3), ("m2", 4), ("m0", -4)]);
    }

    #[test]
    fn a_scenario_is_the_same_wherever_it_lies() {
        for place in
            ["raft/leader-crash", "leader-crash.toml", "./a/leader-crash.toml", "C:\\leader-crash"]
        {
            assert_eq!(stem(place), "leader-crash");
        }
    }

    #[test]
    fn a_sweep_is_the_same_as_itself() {
        let one = facts([3, 6], "abc", &[4]);
        let found = compare(&one, &one);
        assert_eq!((found.compared, found.behave_differently), (3, 0));
        assert!(found.newly_failing.is_empty() && found.newly_passing.is_empty());
        assert!(found.medians.iter().all(|median| median.difference == 0));
    }
}
