//! Several variants of a scenario with the same seeds, on all cores: the points of a matrix, or two
//! candidates. Results come in the order of the variants and seeds, whichever thread was first.

mod arrivals;
pub(crate) mod matrix;
pub(crate) mod paired;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rayon::prelude::*;
use rehearsal_reports::comparison::{
    Comparison, Course, Failure as Broken, MEASURES, Spread, Unit, Variant, comparison as page,
};
use rehearsal_scenarios::Loaded;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Head, Judgement, Record};
use rehearsal_sim::simulation::Digest;
use serde::Serialize;

use super::print::{self, BOLD, PLAIN};
use super::results::{self, Shelf};
use super::{Exit, Failure, exec, options, progress, say};

pub(crate) use arrivals::Arrivals;

/// More runs than this do not fit on one page, or into memory.
const MOST_RUNS: u64 = 100_000;
/// Of so many runs the course over time is kept, to be drawn.
const MOST_COURSES: u64 = 2_000;
/// More seeds than this make no better band.
const MOST_DRAWN: u64 = 200;
/// So many runs of a variant that did not pass are told of; all are counted.
const MOST_TOLD: usize = 20;
/// Fewer seeds than this say little of where others would lie.
pub(crate) const FEW_SEEDS: u64 = 5;

/// One variant, about to run.
pub(crate) struct Candidate {
    /// Its number or letter.
    pub(crate) label: String,
    /// What it is, in a line.
    pub(crate) name: String,
    /// For each axis of the matrix, which of its values it has.
    pub(crate) values: Vec<usize>,
    pub(crate) loaded: Loaded,
    /// How the command line names it.
    pub(crate) scenario: options::Scenario,
}

/// What is kept of a run.
struct Kept {
    head: Head,
    course: Option<Course>,
}

/// Runs every candidate with every seed.
pub(crate) fn run_all(
    candidates: &[Candidate],
    seeds: &Range<u64>,
    jobs: Option<u16>,
) -> Result<Vec<Variant>, Failure> {
    let count = seeds.end - seeds.start;
    let runs = count.checked_mul(candidates.len() as u64).filter(|runs| *runs <= MOST_RUNS);
    let Some(runs) = runs else {
        return Err(Failure::said(
            format!(
                "{count} seeds of {} variants are too many for one page, which takes {MOST_RUNS} \
                 runs",
                candidates.len()
            ),
            "use fewer seeds, or `sweep` one variant at a time",
        ));
    };
    let jobs = jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(|error| {
        Failure::said(format!("can not start {jobs} threads: {error}"), "try a smaller --jobs")
    })?;
    let drawn = (MOST_COURSES / candidates.len() as u64).clamp(1, MOST_DRAWN);
    let bar = progress::runs(runs);
    let one = |run: u64| {
        let candidate = &candidates[usize::try_from(run / count).expect("few candidates")];
        let place = run % count;
        let watch = Watch { check_budget: candidate.scenario.check_budget, ..Watch::QUIET };
        let (loaded, seed) = (&candidate.loaded, seeds.start + place);
        let record = exec::run(&loaded.entry, &*exec::plan(loaded, seed)?, seed, &watch)?;
        bar.inc(1);
        let is_whole = record.head.virtual_ns >= record.duration_ns;
        let course = (place < drawn && is_whole).then(|| Course::of(&record));
        let Record { head, .. } = record;
        Ok(Kept { head, course })
    };
    let kept: Result<Vec<Kept>, Failure> =
        pool.install(|| (0..runs).into_par_iter().map(one).collect());
    bar.finish_and_clear();
    let mut kept = kept?.into_iter();
    let count = usize::try_from(count).expect("few seeds");
    Ok(candidates.iter().map(|one| variant(one, kept.by_ref().take(count))).collect())
}

fn variant(candidate: &Candidate, kept: impl Iterator<Item = Kept>) -> Variant {
    let (mut heads, mut courses) = (Vec::new(), Vec::new());
    for Kept { head, course } in kept {
        heads.push(head);
        courses.extend(course);
    }
    let broken = |head: &Head| Broken {
        seed: head.seed,
        verdict: head.verdict,
        what: told(head),
        reproduce: candidate.scenario.reproduce(head),
    };
    let failures = heads.iter().filter(|head| head.verdict != Judgement::Pass).take(MOST_TOLD);
    Variant {
        label: candidate.label.clone(),
        name: candidate.name.clone(),
        values: candidate.values.clone(),
        protocol: candidate.loaded.entry.name.to_owned(),
        reproduce: heads.first().map(|head| candidate.scenario.reproduce(head)).unwrap_or_default(),
        failures: failures.map(broken).collect(),
        heads,
        courses,
    }
}

/// Why a run did not pass, in a line.
fn told(head: &Head) -> String {
    let violations = head.violations.iter().map(|one| format!("{}: {}", one.property, one.message));
    let unjudged = head.expectations.iter().filter(|one| one.holds.is_none());
    let unjudged = unjudged.map(|one| format!("{}: {}", one.expect, one.measured));
    let all: Vec<String> = violations.chain(unjudged).collect();
    match all.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

/// The exit code of all runs together.
pub(crate) fn exit(variants: &[Variant]) -> Exit {
    let any = |at: usize| variants.iter().any(|variant| variant.verdicts()[at] > 0);
    match (any(1), any(2)) {
        (true, _) => Exit::Violated,
        (_, true) => Exit::Inconclusive,
        _ => Exit::Held,
    }
}

/// The judgement over all runs together.
pub(crate) fn verdict(variants: &[Variant]) -> Judgement {
    match exit(variants) {
        Exit::Violated => Judgement::Fail,
        Exit::Inconclusive => Judgement::Inconclusive,
        _ => Judgement::Pass,
    }
}

/// What the results of these runs are called: digits over every run and what it was.
pub(crate) fn key(candidates: &[Candidate], variants: &[Variant], seeds: &Range<u64>) -> String {
    let mut digest = Digest::default();
    digest.word(seeds.start);
    digest.word(seeds.end);
    for (candidate, variant) in candidates.iter().zip(variants) {
        digest.text(&candidate.name);
        variant.heads.iter().for_each(|head| digest.text(&head.digest));
    }
    digest.to_string()[..8].to_owned()
}

/// What JSON tells of a variant.
#[derive(Serialize)]
pub(crate) struct Told {
    protocol: String,
    verdict: Judgement,
    passed: u64,
    failed: u64,
    inconclusive: u64,
    legally_stuck: u64,
    /// The median over the seeds, and their 5th and 95th percentile; null where no run has it.
    measures: BTreeMap<&'static str, Option<Numbers>>,
    /// The median over the seeds.
    metrics: BTreeMap<String, i64>,
    failures: Vec<Failed>,
    reproduce: String,
}

#[derive(Serialize)]
struct Numbers {
    median: f64,
    p5: f64,
    p95: f64,
}

#[derive(Serialize)]
struct Failed {
    seed: u64,
    verdict: Judgement,
    what: String,
    reproduce: String,
}

impl Told {
    pub(crate) fn of(variant: &Variant) -> Told {
        let [passed, failed, inconclusive] = variant.verdicts();
        let numbers =
            |spread: Spread| Numbers { median: spread.median, p5: spread.p5, p95: spread.p95 };
        let measures = MEASURES.iter().map(|one| (one.key, variant.spread(one).map(numbers)));
        let failure = |one: &Broken| Failed {
            seed: one.seed,
            verdict: one.verdict,
            what: one.what.clone(),
            reproduce: one.reproduce.clone(),
        };
        let heads = &variant.heads;
        Told {
            protocol: variant.protocol.clone(),
            verdict: verdict(std::slice::from_ref(variant)),
            passed,
            failed,
            inconclusive,
            legally_stuck: heads.iter().filter(|head| head.legally_stuck.is_some()).count() as u64,
            measures: measures.collect(),
            metrics: medians(variant),
            failures: variant.failures.iter().map(failure).collect(),
            reproduce: variant.reproduce.clone(),
        }
    }
}

/// The median of each metric.
fn medians(variant: &Variant) -> BTreeMap<String, i64> {
    let all = variant.heads.iter().flat_map(|head| head.metrics.keys());
    let names: BTreeSet<&str> = all.map(AsRef::as_ref).collect();
    let median = |name: &str| Some((name.to_owned(), variant.median(name)?));
    names.into_iter().filter_map(median).collect()
}

/// Writes the page of a comparison and its numbers as `output` into `<kind>-<key>/`, and prints the
/// text, or the numbers where there is none.
pub(crate) fn tell(
    shelf: &Shelf,
    (kind, key): (&str, &str),
    comparison: &Comparison,
    output: &str,
    text: Option<String>,
) -> Result<(), Failure> {
    let json = format!("{kind}.json");
    let files = [
        (json.as_str(), format!("{output}\n").into_bytes()),
        ("report.html", page(comparison).into_bytes()),
    ];
    // What was found is worth printing even where it can not be written.
    let written = shelf.put_page(&format!("{kind}-{key}"), &files);
    let Some(mut text) = text else {
        written?;
        return say::out(&format!("{output}\n"));
    };
    if let Ok(report) = &written {
        text += &format!("\nreport        {}\n", results::shown(report));
    }
    say::out(&text)?;
    written.map(|_| ())
}

/// A number in its unit, for a terminal.
pub(crate) fn shown(unit: Unit, number: f64) -> String {
    let size = number.abs();
    let text = match unit {
        Unit::Span => print::rounded(whole(size)),
        Unit::Rate | Unit::Count if size >= 100.0 => print::grouped(whole(size)),
        Unit::Rate | Unit::Count => {
            let text = format!("{size:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    let is_nothing = !text.contains(|digit| ('1'..='9').contains(&digit));
    if number < 0.0 && !is_nothing { format!("-{text}") } else { text }
}

#[allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "a size of at most some years in nanoseconds"
)]
fn whole(size: f64) -> u64 {
    size.round() as u64
}

/// Columns that are as wide as they must be; of each, whether it stands to the left.
pub(crate) fn table(left: &[bool], rows: &[Vec<String>]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..left.len()).map(width).collect();
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).zip(left).map(|((cell, width), left)| match left {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let line = line.trim_end();
        text += &if at == 0 { format!("{BOLD}{line}{PLAIN}\n") } else { format!("{line}\n") };
    }
    text
}

/// What has to be borne in mind where violations ended runs early.
pub(crate) fn cut_short(candidates: &[Candidate], variants: &[Variant]) -> Option<String> {
    let runs = candidates.iter().zip(variants).flat_map(|(candidate, variant)| {
        let planned = candidate.loaded.plan.duration.0;
        variant.heads.iter().map(move |head| head.virtual_ns < planned)
    });
    let count = runs.filter(|is_short| *is_short).count() as u64;
    let what = match count {
        0 => return None,
        1 => "1 run was ended by a violation, and its numbers are".to_owned(),
        _ => format!(
            "{} runs were ended by violations, and their numbers are",
            print::grouped(count)
        ),
    };
    Some(format!("{what} those of a shorter time: do not compare them with those of whole runs."))
}

/// The first run of each variant that did not pass, with the line that runs it again.
pub(crate) fn failures(variants: &[Variant], most: usize) -> String {
    let mut text = String::new();
    let all: u64 = variants.iter().map(|one| one.verdicts()[1] + one.verdicts()[2]).sum();
    let listed = variants.iter().filter_map(|one| Some((one, one.failures.first()?)));
    let mut shown = 0;
    for (variant, run) in listed.take(most) {
        shown += 1;
        let (badge, what) = (print::badge(run.verdict), print::lines(&run.what).join("\n  "));
        text += &format!("\n{badge}  {}, seed {}\n  {what}\n", say::clean(&variant.name), run.seed);
        text += &format!("  reproduce: {}\n", run.reproduce);
    }
    match all - shown {
        0 => {}
        1 => text += "\n1 more run did not pass\n",
        more => text += &format!("\n{more} more runs did not pass\n"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!(shown(Unit::Span, -1_234_567.0), "-1.23ms");
        assert_eq!(shown(Unit::Rate, 49.5), "49.5");
        assert_eq!(shown(Unit::Rate, 499.98), "500");
        assert_eq!(shown(Unit::Count, 12_345.0), "12 345");
        assert_eq!(shown(Unit::Count, 0.0), "0");
        assert_eq!(shown(Unit::Count, -0.001), "0");
    }

    #[test]
    fn columns_line_up() {
        let rows = [["a", "1"], ["long", "100"]].map(|row| row.map(str::to_owned).to_vec());
        let text = anstream::adapter::strip_str(&table(&[true, false], &rows)).to_string();
        assert_eq!(text, "a       1\nlong  100\n");
    }
}
