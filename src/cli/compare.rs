//! `rehearsal compare`: two candidates with the same seeds, their differences seed by seed, and how
//! sure those are.

use std::ops::Range;
use std::path::PathBuf;

use rehearsal_reports::comparison::{Comparison, Difference, Interval, Unit, Variant, Verdict};
use rehearsal_scenarios::{Loaded, Point};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::Judgement;
use serde::Serialize;

use super::print::{self, BOLD, DIM, PLAIN};
use super::results::Shelf;
use super::variants::matrix::{default_seeds, verdicts};
use super::variants::{
    Arrivals, Candidate, FEW_SEEDS, Told, cut_short, exit, failures, key, paired, run_all, shown,
    table, tell, verdict,
};
use super::{Exit, Failure, options, say};

/// Seeds of both, where the command line does not say.
const SEEDS: u64 = 20;
/// Runs that did not pass and are told of.
const MOST_FAILURES: usize = 5;

/// What `compare` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The first candidate, A: a bundled scenario or a path to a scenario file
    #[arg(value_name = "A")]
    a: String,
    /// The second one, B [default: the same scenario, with the settings of B]
    #[arg(value_name = "B")]
    b: Option<String>,
    /// The seeds of both: `0..50` [default: twenty, from A's own on]
    #[arg(long, value_name = "A..B", value_parser = options::seeds, allow_negative_numbers = true)]
    seeds: Option<Range<u64>>,
    /// Threads; the results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// The folder that the results go to
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// Change a setting of both: `--set network.loss=0.05` (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Change a setting of A
    #[arg(long, value_name = "KEY=VALUE")]
    set_a: Vec<String>,
    /// Change a setting of B
    #[arg(long, value_name = "KEY=VALUE")]
    set_b: Vec<String>,
    /// Plant a bug into A, by name or number (repeatable)
    #[arg(long, value_name = "BUG")]
    bug_a: Vec<String>,
    /// Plant a bug into B, by name or number (repeatable)
    #[arg(long, value_name = "BUG")]
    bug_b: Vec<String>,
    /// Add an axis to the matrix of both, or replace one: `--matrix network.loss=0,0.01` (repeatable)
    #[arg(long, value_name = "KEY=A,B")]
    matrix: Vec<String>,
    /// The point of A's matrix
    #[arg(long, value_name = "N", value_parser = options::point, allow_negative_numbers = true)]
    point_a: Option<u32>,
    /// The point of B's matrix
    #[arg(long, value_name = "N", value_parser = options::point, allow_negative_numbers = true)]
    point_b: Option<u32>,
    /// How many configurations a history checker may explore per object before it gives up
    #[arg(long, value_name = "N", default_value_t = Watch::QUIET.check_budget,
          value_parser = options::number, allow_negative_numbers = true)]
    check_budget: u64,
}

/// One side of the comparison, as the command line says it.
struct Side<'a> {
    source: &'a str,
    set: &'a [String],
    bug: &'a [String],
    point: Option<u32>,
}

impl Side<'_> {
    fn scenario(&self, args: &Args) -> options::Scenario {
        options::Scenario {
            source: self.source.to_owned(),
            set: args.set.iter().chain(self.set).cloned().collect(),
            bug: self.bug.to_vec(),
            matrix: args.matrix.clone(),
            point: self.point,
            check_budget: args.check_budget,
        }
    }

    /// What it is, in a line: `raft/steady-state with raft.heartbeat=20ms`.
    fn name(&self, loaded: &Loaded) -> String {
        let bugs = self.bug.iter().map(|bug| format!("bug {bug}"));
        let point =
            loaded.point.iter().map(|point| format!("point {}: {}", point.number, point.shown()));
        let changes: Vec<String> = self.set.iter().cloned().chain(bugs).chain(point).collect();
        if changes.is_empty() {
            return loaded.plan.scenario.clone();
        }
        format!("{} with {}", loaded.plan.scenario, changes.join(", "))
    }

    fn candidate(&self, label: &str, args: &Args, catalog: &[Entry]) -> Result<Candidate, Failure> {
        let scenario = self.scenario(args);
        let mut variants = scenario.load_all(catalog)?;
        if !variants.axes.is_empty() && self.point.is_none() {
            let (points, flag) = (variants.points.len(), label.to_lowercase());
            let first = variants.points[0].point.as_ref().map(Point::shown).unwrap_or_default();
            return Err(Failure::said(
                format!(
                    "{} has a matrix of {points} points, and {label} is one of them",
                    self.source
                ),
                format!("choose one with --point-{flag} N; point 1 is {first}, and so on"),
            ));
        }
        let loaded = variants.points.pop().expect("there is one point");
        let name = self.name(&loaded);
        Ok(Candidate { label: label.to_owned(), name, values: Vec::new(), loaded, scenario })
    }
}

/// The one JSON object that `--json` prints and `compare.json` holds.
#[derive(Serialize)]
struct Output<'a> {
    version: &'a str,
    seeds: [u64; 2],
    verdict: Judgement,
    arrivals: &'a Arrivals,
    a: OutputSide<'a>,
    b: OutputSide<'a>,
    differences: Vec<OutputDifference<'a>>,
    files: [&'static str; 2],
}

#[derive(Serialize)]
struct OutputSide<'a> {
    name: &'a str,
    scenario: &'a str,
    title: &'a str,
    #[serde(flatten)]
    told: Told,
}

/// Spans are in nanoseconds; the change is a share of A's mean.
#[derive(Serialize)]
struct OutputDifference<'a> {
    measure: &'a str,
    pairs: u64,
    mean_a: f64,
    mean_b: f64,
    mean: f64,
    low: Option<f64>,
    high: Option<f64>,
    change: Option<f64>,
    b_is: &'static str,
}

impl<'a> OutputSide<'a> {
    fn of(candidate: &'a Candidate, variant: &Variant) -> OutputSide<'a> {
        OutputSide {
            name: &candidate.name,
            scenario: &candidate.loaded.plan.scenario,
            title: &candidate.loaded.plan.title,
            told: Told::of(variant),
        }
    }
}

impl<'a> OutputDifference<'a> {
    fn of(one: &'a Difference) -> OutputDifference<'a> {
        OutputDifference {
            measure: &one.name,
            pairs: one.pairs,
            mean_a: one.mean_a,
            mean_b: one.mean_b,
            mean: one.mean,
            low: one.interval.map(|at| at.low),
            high: one.interval.map(|at| at.high),
            change: one.relative(one.mean),
            b_is: one.verdict.words(),
        }
    }
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let a = Side { source: &args.a, set: &args.set_a, bug: &args.bug_a, point: args.point_a };
    let source = args.b.as_ref().unwrap_or(&args.a);
    let b = Side { source, set: &args.set_b, bug: &args.bug_b, point: args.point_b };
    let lacks_points = !args.matrix.is_empty() && a.point.is_none();
    let are_same = (a.set, a.bug, a.point) == (b.set, b.bug, b.point);
    if args.b.is_none() && are_same && !lacks_points {
        return Err(Failure::said(
            "there is nothing to compare with: both candidates are the same",
            "name a second scenario, or change one side with --set-b KEY=VALUE, --bug-b BUG, or \
             --point-b N of a matrix",
        ));
    }
    let candidates = [a.candidate("A", args, catalog)?, b.candidate("B", args, catalog)?];
    let [first, second] = &candidates;
    let shelf = Shelf::below(&args.out, &shelf_name(&first.loaded.name, &second.loaded.name))?;
    let seeds = args.seeds.clone();
    let seeds = seeds.unwrap_or_else(|| default_seeds(first.loaded.plan.seed, SEEDS));
    let arrivals = Arrivals::of([&first.loaded, &second.loaded]);
    let variants = run_all(&candidates, &seeds, args.jobs)?;
    let differences = paired::differences(&variants[0], &variants[1]);
    let key = key(&candidates, &variants, &seeds);
    let output = output(&candidates, &variants, &seeds, &arrivals, &differences);
    let exit = exit(&variants);
    let mut warnings = warnings(&arrivals, &seeds);
    warnings.extend(cut_short(&candidates, &variants));
    let comparison = Comparison {
        title: title(&first.loaded, &second.loaded),
        scenario: if first.loaded.plan.scenario == second.loaded.plan.scenario {
            first.loaded.plan.scenario.clone()
        } else {
            format!("{} and {}", first.loaded.plan.scenario, second.loaded.plan.scenario)
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seeds: [seeds.start, seeds.end],
        axes: Vec::new(),
        variants,
        notes: arrivals.same.then(|| arrivals.sentence("both")).into_iter().collect(),
        warnings,
        differences,
        command: args.again(&seeds),
    };
    tell(&shelf, ("compare", &key), &comparison, &output, (!args.json).then(|| text(&comparison)))?;
    Ok(exit)
}

impl Args {
    /// The command line that compares again with these seeds.
    fn again(&self, seeds: &Range<u64>) -> String {
        let mut words = vec![options::program().to_owned(), "compare".to_owned()];
        words.push(options::file(&self.a));
        words.extend(self.b.iter().map(|b| options::file(b)));
        words.push(format!("--seeds {}..{}", seeds.start, seeds.end));
        for (name, values) in [
            ("--set", &self.set),
            ("--set-a", &self.set_a),
            ("--set-b", &self.set_b),
            ("--bug-a", &self.bug_a),
            ("--bug-b", &self.bug_b),
            ("--matrix", &self.matrix),
        ] {
            words.extend(values.iter().map(|value| options::option(name, value)));
        }
        words.extend(self.point_a.map(|point| format!("--point-a {point}")));
        words.extend(self.point_b.map(|point| format!("--point-b {point}")));
        if self.check_budget != Watch::QUIET.check_budget {
            words.push(format!("--check-budget {}", self.check_budget));
        }
        words.join(" ")
    }
}

fn shelf_name(a: &str, b: &str) -> String {
    if a == b { a.to_owned() } else { format!("{a}-vs-{b}") }
}

fn title(a: &Loaded, b: &Loaded) -> String {
    let (a, b) = (&a.plan.title, &b.plan.title);
    if a == b { a.clone() } else { format!("{a}, against {b}") }
}

fn warnings(arrivals: &Arrivals, seeds: &Range<u64>) -> Vec<String> {
    let mut warnings = Vec::new();
    if !arrivals.same {
        warnings.push(arrivals.sentence("both"));
    }
    if seeds.end - seeds.start < FEW_SEEDS {
        warnings.push(format!(
            "Fewer than {FEW_SEEDS} seeds: intervals need more to say anything, like --seeds 0..50."
        ));
    }
    warnings
}

fn output(
    [a, b]: &[Candidate; 2],
    variants: &[Variant],
    seeds: &Range<u64>,
    arrivals: &Arrivals,
    differences: &[Difference],
) -> String {
    let output = Output {
        version: env!("CARGO_PKG_VERSION"),
        seeds: [seeds.start, seeds.end],
        verdict: verdict(variants),
        arrivals,
        a: OutputSide::of(a, &variants[0]),
        b: OutputSide::of(b, &variants[1]),
        differences: differences.iter().map(OutputDifference::of).collect(),
        files: ["compare.json", "report.html"],
    };
    serde_json::to_string(&output).expect("it is plain data")
}

fn text(comparison: &Comparison) -> String {
    let variants = &comparison.variants;
    let [first, end] = comparison.seeds;
    let (badge, title) = (print::badge(verdict(variants)), say::clean(&comparison.title));
    let mut text = format!("{badge}  {BOLD}{title}{PLAIN}\n{DIM}seeds {first}..{end}{PLAIN}\n\n");
    for variant in variants {
        let (label, name) = (&variant.label, say::clean(&variant.name));
        text += &format!("{label}  {name}: {}\n", verdicts(variant));
    }
    text.push('\n');
    let words = ["measure", "mean of A", "mean of B", "B - A", "99 % interval", "change", "B is"];
    let mut rows = vec![words.map(str::to_owned).to_vec()];
    rows.extend(comparison.differences.iter().map(row));
    text += &table(&[true, false, false, false, false, false, true], &rows);
    text.push('\n');
    for note in comparison.notes.iter().chain(&comparison.warnings) {
        text += &format!("{note}\n");
    }
    text + &failures(variants, MOST_FAILURES)
}

fn row(one: &Difference) -> Vec<String> {
    let number = |number: f64| shown(one.unit, number);
    let interval = one.interval.map(|Interval { low, high }| match one.verdict {
        Verdict::Same => "-".to_owned(),
        _ => format!("{} .. {}", number(low), number(high)),
    });
    let change = one.relative(one.mean).map(|share| match share.abs() * 100.0 {
        ..0.05 => "0 %".to_owned(),
        percent if percent < 1000.0 => format!("{:+.1} %", share * 100.0),
        percent => {
            format!("{}{} %", if share < 0.0 { '-' } else { '+' }, shown(Unit::Rate, percent))
        }
    });
    vec![
        say::clean(&one.name),
        number(one.mean_a),
        number(one.mean_b),
        number(one.mean),
        interval.unwrap_or_else(|| "-".to_owned()),
        change.unwrap_or_else(|| "-".to_owned()),
        one.verdict.words().to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_two_scenarios_have_both_names() {
        assert_eq!(shelf_name("raft/a", "raft/b"), "raft/a-vs-raft/b");
        assert_eq!(shelf_name("raft/a", "raft/a"), "raft/a");
    }
}
