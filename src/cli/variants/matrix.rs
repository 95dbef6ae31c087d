//! `rehearsal run` of a scenario with a matrix: every point, with several seeds, on one page.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use rehearsal_reports::comparison::{Axis, Comparison, Measure, Variant, measure};
use rehearsal_scenarios::{Loaded, Variants};
use serde::Serialize;
use serde_json::Value;

use super::{
    Arrivals, Candidate, Told, cut_short, exit, failures, key, run_all, shown, table, tell, verdict,
};
use crate::cli::print::{self, BOLD, DIM, PLAIN};
use crate::cli::results::Shelf;
use crate::cli::{Exit, Failure, options, say};

/// Seeds of every point, where the command line does not say.
const SEEDS: u64 = 10;
/// The measures of the table.
const SHOWN: [&str; 7] =
    ["ok_per_s", "p50_ns", "p99_ns", "p999_ns", "unavailable_ns", "failed", "unknown"];
/// Runs that did not pass and are told of.
const MOST_FAILURES: usize = 5;
/// Settings are cut at so many letters.
const WIDEST: usize = 28;

/// What the command line asks for.
pub(crate) struct Asked<'a> {
    pub(crate) scenario: &'a options::Scenario,
    /// Ten seeds from the scenario's own on, where it does not say.
    pub(crate) seeds: Option<Range<u64>>,
    pub(crate) jobs: Option<u16>,
    pub(crate) json: bool,
    pub(crate) out: &'a Path,
}

/// The one JSON object that `--json` prints and `matrix.json` holds.
#[derive(Serialize)]
struct Output<'a> {
    scenario: &'a str,
    title: &'a str,
    version: &'a str,
    seeds: [u64; 2],
    verdict: rehearsal_sim::record::Judgement,
    arrivals: &'a Arrivals,
    axes: Vec<OutputAxis<'a>>,
    points: Vec<OutputPoint<'a>>,
    files: [&'static str; 2],
}

#[derive(Serialize)]
struct OutputAxis<'a> {
    key: &'a str,
    values: Vec<&'a Value>,
}

#[derive(Serialize)]
struct OutputPoint<'a> {
    point: u32,
    settings: BTreeMap<&'a str, &'a Value>,
    #[serde(flatten)]
    told: Told,
}

/// Runs every point, writes the page, and prints what was found.
pub(crate) fn run(asked: &Asked<'_>, variants: Variants) -> Result<Exit, Failure> {
    let Variants { title, axes, points, .. } = variants;
    let first = &points[0];
    let (scenario, name) = (first.plan.scenario.clone(), first.name.clone());
    let shelf = Shelf::below(asked.out, &name)?;
    let seeds = asked.seeds.clone().unwrap_or_else(|| default_seeds(first.plan.seed, SEEDS));
    let arrivals = Arrivals::of(&points);
    let candidates: Vec<Candidate> =
        points.into_iter().map(|loaded| candidate(asked, &axes, loaded)).collect();
    let variants = run_all(&candidates, &seeds, asked.jobs)?;
    let key = key(&candidates, &variants, &seeds);
    let output = output(&Facts {
        scenario: &scenario,
        title: &title,
        seeds: &seeds,
        arrivals: &arrivals,
        axes: &axes,
        candidates: &candidates,
        variants: &variants,
    });
    let exit = exit(&variants);
    let differ = (!arrivals.same).then(|| arrivals.sentence("every point"));
    let warnings = differ.into_iter().chain(cut_short(&candidates, &variants)).collect();
    let comparison = Comparison {
        title,
        scenario,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seeds: [seeds.start, seeds.end],
        axes: axes.iter().map(shown_axis).collect(),
        variants,
        notes: arrivals.same.then(|| arrivals.sentence("every point")).into_iter().collect(),
        warnings,
        differences: Vec::new(),
        command: asked.scenario.again(&seeds),
    };
    tell(&shelf, ("matrix", &key), &comparison, &output, (!asked.json).then(|| text(&comparison)))?;
    Ok(exit)
}

/// So many seeds from one on, as far as there are seeds.
pub(crate) fn default_seeds(first: u64, count: u64) -> Range<u64> {
    let first = first.min(u64::MAX - count);
    first..first + count
}

fn candidate(asked: &Asked<'_>, axes: &[rehearsal_scenarios::Axis], loaded: Loaded) -> Candidate {
    let point = loaded.point.as_ref().expect("a point of a matrix");
    let place = |(axis, setting): (&rehearsal_scenarios::Axis, &rehearsal_scenarios::Setting)| {
        axis.values.iter().position(|value| value == setting).expect("a value of its axis")
    };
    Candidate {
        label: point.number.to_string(),
        name: format!("point {}: {}", point.number, point.shown()),
        values: axes.iter().zip(&point.settings).map(place).collect(),
        scenario: asked.scenario.at(Some(point.number)),
        loaded,
    }
}

fn shown_axis(axis: &rehearsal_scenarios::Axis) -> Axis {
    let values = axis.values.iter().map(rehearsal_scenarios::Setting::shown).collect();
    Axis { key: axis.key.clone(), values }
}

/// What JSON is made of.
struct Facts<'a> {
    scenario: &'a str,
    title: &'a str,
    seeds: &'a Range<u64>,
    arrivals: &'a Arrivals,
    axes: &'a [rehearsal_scenarios::Axis],
    candidates: &'a [Candidate],
    variants: &'a [Variant],
}

fn output(facts: &Facts<'_>) -> String {
    let axes = facts.axes.iter().map(|axis| OutputAxis {
        key: &axis.key,
        values: axis.values.iter().map(|setting| &setting.value).collect(),
    });
    let points = facts.candidates.iter().zip(facts.variants).map(|(candidate, variant)| {
        let point = candidate.loaded.point.as_ref().expect("a point of a matrix");
        let settings = point.settings.iter().map(|one| (one.key.as_str(), &one.value));
        let (number, settings) = (point.number, settings.collect());
        OutputPoint { point: number, settings, told: Told::of(variant) }
    });
    let output = Output {
        scenario: facts.scenario,
        title: facts.title,
        version: env!("CARGO_PKG_VERSION"),
        seeds: [facts.seeds.start, facts.seeds.end],
        verdict: verdict(facts.variants),
        arrivals: facts.arrivals,
        axes: axes.collect(),
        points: points.collect(),
        files: ["matrix.json", "report.html"],
    };
    serde_json::to_string(&output).expect("it is plain data")
}

fn text(comparison: &Comparison) -> String {
    let variants = &comparison.variants;
    let [first, end] = comparison.seeds;
    let (badge, title) = (print::badge(verdict(variants)), say::clean(&comparison.title));
    let mut text = format!("{badge}  {BOLD}{title}{PLAIN}\n");
    let runs: usize = variants.iter().map(|variant| variant.heads.len()).sum();
    text += &format!(
        "{DIM}{} · {} · seeds {first}..{end} · {}{PLAIN}\n\n",
        say::clean(&comparison.scenario),
        print::counted(variants.len() as u64, "point"),
        print::counted(runs as u64, "run"),
    );
    let measures = SHOWN.map(measure);
    let mut rows = vec![heading(comparison, &measures)];
    rows.extend(variants.iter().map(|variant| row(comparison, variant, &measures)));
    let mut left = vec![false];
    left.extend(comparison.axes.iter().map(|_| true));
    left.push(true);
    left.extend(measures.map(|_| false));
    text += &table(&left, &rows);
    text += &format!("{DIM}medians over the seeds{PLAIN}\n\n");
    for note in comparison.notes.iter().chain(&comparison.warnings) {
        text += &format!("{note}\n");
    }
    text + &failures(variants, MOST_FAILURES)
}

fn heading(comparison: &Comparison, measures: &[&Measure]) -> Vec<String> {
    let mut row = vec!["point".to_owned()];
    row.extend(comparison.axes.iter().map(|axis| say::clean(&axis.key)));
    row.push("runs".to_owned());
    row.extend(measures.iter().map(|measure| measure.name.to_owned()));
    row
}

fn row(comparison: &Comparison, variant: &Variant, measures: &[&Measure]) -> Vec<String> {
    let mut row = vec![variant.label.clone()];
    let settings = comparison.axes.iter().zip(&variant.values);
    row.extend(settings.map(|(axis, at)| setting(axis, *at)));
    row.push(verdicts(variant));
    row.extend(measures.iter().map(|measure| {
        variant.spread(measure).map_or("-".to_owned(), |spread| shown(measure.unit, spread.median))
    }));
    row
}

/// A value of an axis, cut where it is long; whole where another one would look the same.
fn setting(axis: &Axis, at: usize) -> String {
    let short = |value: &String| print::shorten(&say::clean(value), WIDEST);
    let mine = short(&axis.values[at]);
    let is_like = |(other, value): (usize, &String)| other != at && short(value) == mine;
    let is_mistakable = axis.values.iter().enumerate().any(is_like);
    if is_mistakable { say::clean(&axis.values[at]) } else { mine }
}

/// `8 passed, 2 failed`.
pub(crate) fn verdicts(variant: &Variant) -> String {
    let words = variant.verdicts().into_iter().zip(["passed", "failed", "inconclusive"]);
    let some = words.filter(|(count, _)| *count > 0);
    some.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_settings_are_cut_where_they_can_be_told_apart() {
        let long = |p99: u8| format!("{{ lognormal = {{ median = \"1ms\", p99 = \"{p99}ms\" }} }}");
        let mut axis = Axis { key: "network.latency".to_owned(), values: vec![long(8), long(9)] };
        assert_eq!([setting(&axis, 0), setting(&axis, 1)], [long(8), long(9)]);
        axis.values[1] = "{ constant = \"1ms\" }".to_owned();
        assert_eq!(setting(&axis, 0).chars().count(), WIDEST);
        assert_eq!(setting(&axis, 1), axis.values[1]);
    }
}
