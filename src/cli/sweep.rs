//! `rehearsal sweep`: one scenario, many seeds, all cores. What it prints does not depend on how
//! many threads ran: results are folded in the order of the seeds.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use rehearsal_scenarios::Loaded;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::metrics::Histogram;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Head, Judgement, Latency, Record};
use rehearsal_sim::time::SimTime;
use serde::Serialize;

use super::{Exit, Failure, exec, options, print, run, say, twice};

/// One seed in this many is run twice and compared.
const REPEAT: u64 = 20;
/// Rows of trace that are compared then.
const REPEAT_ROWS: usize = 100_000;

/// What `sweep` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The seeds: `0..200` (200 is not among them), or one number
    #[arg(long, value_name = "A..B", value_parser = parse_seeds, allow_negative_numbers = true)]
    seeds: Range<u64>,
    /// Threads; the results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// How many failing seeds to describe
    #[arg(long, value_name = "N", default_value_t = 5)]
    failures: usize,
    #[command(flatten)]
    scenario: options::Scenario,
}

fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| {
        options::number(text).map_err(|_| {
            format!("`{text}` is no seed; write --seeds 0..200, a number below 2^64 at each end")
        })
    };
    let range = match text.split_once("..") {
        None => {
            let seed = number(text)?;
            seed..seed.checked_add(1).ok_or("the last seed of all can not be swept alone")?
        }
        Some((first, last)) => match last.strip_prefix('=') {
            Some(last) => number(first)?..number(last)?.saturating_add(1),
            None => number(first)?..number(last)?,
        },
    };
    if range.is_empty() {
        return Err(format!("the range {text} has no seeds; write the smaller number first"));
    }
    Ok(range)
}

/// What is told of each run: the name of a number, and where it comes from.
type Measure = (&'static str, fn(&Head) -> u64);

const MEASURES: [Measure; 9] = [
    ("ok per second", ok_per_second),
    ("p50 ns", |head| head.latency_ns.p50),
    ("p99 ns", |head| head.latency_ns.p99),
    ("max ns", |head| head.latency_ns.max),
    ("unavailable ns", |head| {
        u64::try_from(head.metrics.get("unavailable_ns").copied().unwrap_or(0)).unwrap_or(0)
    }),
    ("failed operations", |head| head.operations.failed),
    ("unknown operations", |head| head.operations.unknown),
    ("messages sent", |head| head.messages.sent),
    ("events", |head| head.events),
];

#[allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "a rate is a small positive number"
)]
fn ok_per_second(head: &Head) -> u64 {
    head.throughput_per_s.round() as u64
}

/// What is kept of one run: little of those that pass, as there may be very many.
struct Kept {
    verdict: Judgement,
    is_stuck: bool,
    digest: String,
    numbers: [u64; MEASURES.len()],
    /// All of it where something is to be told.
    head: Option<Box<Head>>,
}

impl Kept {
    fn of(head: Head) -> Kept {
        Kept {
            verdict: head.verdict,
            is_stuck: head.legally_stuck.is_some(),
            digest: head.digest.clone(),
            numbers: MEASURES.map(|(_, measure)| measure(&head)),
            head: (head.verdict != Judgement::Pass).then(|| Box::new(head)),
        }
    }
}

/// A run that something is to be told of.
#[derive(Serialize)]
struct Outcome {
    head: Head,
    reproduce: String,
}

/// What a sweep found, in the order of the seeds.
#[derive(Serialize)]
struct Summary {
    scenario: String,
    protocol: String,
    seeds: [u64; 2],
    passed: u64,
    failed: u64,
    inconclusive: u64,
    legally_stuck: u64,
    repeated: u64,
    /// The latencies of all operations of all seeds together.
    latency_ns: Latency,
    /// The smallest, the median and the largest of each number, over the seeds.
    numbers: Vec<Number>,
    digest: String,
    failures: Vec<Outcome>,
}

#[derive(Serialize)]
struct Number {
    name: &'static str,
    min: u64,
    median: u64,
    max: u64,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let loaded = args.scenario.load(catalog)?;
    let (kept, latencies) = run_all(&loaded, args)?;
    let summary = fold(&loaded, args, kept, &latencies);
    if args.json {
        let json = serde_json::to_string(&summary).expect("a summary is plain data");
        say::out(&format!("{json}\n"))?;
    } else {
        let first = trace_first(&loaded, args, &summary)?;
        let code = exec::last_panic().map(|panic| panic.place);
        let text = text(&summary, first.as_ref(), code.as_deref());
        say::out(&text.expect("a string takes text"))?;
    }
    Ok(if summary.failed > 0 {
        Exit::Violated
    } else if summary.inconclusive > 0 {
        Exit::Inconclusive
    } else {
        Exit::Held
    })
}

fn run_all(loaded: &Loaded, args: &Args) -> Result<(Vec<Kept>, Histogram), Failure> {
    let jobs = args.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(|error| {
        Failure::said(format!("can not start {jobs} threads: {error}"), "try a smaller --jobs")
    })?;
    let count = args.seeds.end - args.seeds.start;
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr_with_hz(4));
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} seeds, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    let watch = Watch { check_budget: args.scenario.check_budget, ..Watch::QUIET };
    // Merging histograms commutes, so it does not matter which thread comes first.
    let latencies = Mutex::new(Histogram::default());
    let one = |seed: u64| {
        let repeats = (seed - args.seeds.start).is_multiple_of(REPEAT);
        // A traced run is the same run, and shows the contents of what it compares.
        let trace_rows = if repeats { REPEAT_ROWS } else { 0 };
        let watch = Watch { trace_rows, ..watch.clone() };
        let mut record = exec::run(&loaded.entry, &loaded.plan, seed, &watch)?;
        if repeats {
            let again = twice::again(&loaded.entry, &loaded.plan, seed, &watch)?;
            run::compare(&mut record, &again);
        }
        bar.inc(1);
        latencies.lock().unwrap_or_else(PoisonError::into_inner).merge(&record.latencies);
        Ok(Kept::of(record.head))
    };
    let kept: Result<_, Failure> =
        pool.install(|| args.seeds.clone().into_par_iter().map(one).collect());
    bar.finish_and_clear();
    Ok((kept?, latencies.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

/// Runs the first seed that failed once more, to see its last steps.
fn trace_first(loaded: &Loaded, args: &Args, summary: &Summary) -> Result<Option<Record>, Failure> {
    let Some(first) = summary.failures.first() else { return Ok(None) };
    let watch = Watch { check_budget: args.scenario.check_budget, ..Watch::TRACED };
    exec::run(&loaded.entry, &loaded.plan, first.head.seed, &watch).map(Some)
}

fn fold(loaded: &Loaded, args: &Args, kept: Vec<Kept>, latencies: &Histogram) -> Summary {
    let count = |verdict| kept.iter().filter(|run| run.verdict == verdict).count() as u64;
    let mut digest = rehearsal_sim::simulation::Digest::default();
    kept.iter().for_each(|run| digest.text(&run.digest));
    let number = |(at, (name, _)): (usize, Measure)| {
        let mut values: Vec<u64> = kept.iter().map(|run| run.numbers[at]).collect();
        values.sort_unstable();
        let (min, max) = (values[0], values[values.len() - 1]);
        Number { name, min, median: values[(values.len() - 1) / 2], max }
    };
    Summary {
        scenario: loaded.plan.scenario.clone(),
        protocol: loaded.entry.name.to_owned(),
        seeds: [args.seeds.start, args.seeds.end],
        passed: count(Judgement::Pass),
        failed: count(Judgement::Fail),
        inconclusive: count(Judgement::Inconclusive),
        legally_stuck: kept.iter().filter(|run| run.is_stuck).count() as u64,
        repeated: (args.seeds.end - args.seeds.start).div_ceil(REPEAT),
        latency_ns: latencies.summary(),
        numbers: MEASURES.into_iter().enumerate().map(number).collect(),
        digest: digest.to_string(),
        failures: kept
            .into_iter()
            .filter_map(|run| run.head)
            .take(args.failures)
            .map(|head| Outcome { reproduce: args.scenario.reproduce(&head), head: *head })
            .collect(),
    }
}

/// `first` is the first run that something is to be told of, `code` where it panicked.
fn text(
    summary: &Summary,
    first: Option<&Record>,
    code: Option<&str>,
) -> Result<String, fmt::Error> {
    use print::{BOLD, DIM, PLAIN};
    let verdict = match (summary.failed, summary.inconclusive) {
        (0, 0) => Judgement::Pass,
        (0, _) => Judgement::Inconclusive,
        _ => Judgement::Fail,
    };
    let mut out = String::new();
    let [from, to] = summary.seeds;
    let (badge, scenario) = (print::badge(verdict), say::clean(&summary.scenario));
    writeln!(out, "{badge}  {BOLD}{scenario}{PLAIN}, seeds {from}..{to}")?;
    writeln!(
        out,
        "{DIM}{} seeds run twice and compared · digest over all seeds {}{PLAIN}\n",
        summary.repeated, summary.digest
    )?;
    writeln!(
        out,
        "{} passed ({} of them legally stuck), {} failed, {} inconclusive\n",
        summary.passed, summary.legally_stuck, summary.failed, summary.inconclusive
    )?;
    let l = &summary.latency_ns;
    let [p50, p90, p99, p999, max] = [l.p50, l.p90, l.p99, l.p999, l.max].map(print::rounded);
    writeln!(
        out,
        "{} operations of all seeds together: p50 {p50} · p90 {p90} · p99 {p99} · p99.9 {p999} · \
         max {max}\n",
        print::grouped(l.count)
    )?;
    writeln!(out, "{:<20} {:>12} {:>12} {:>12}", "per seed", "least", "median", "most")?;
    for number in &summary.numbers {
        let (name, show): (_, fn(u64) -> String) = match number.name.strip_suffix(" ns") {
            Some(name) => (name, print::rounded),
            None => (number.name, print::grouped),
        };
        let [least, median, most] = [number.min, number.median, number.max].map(show);
        writeln!(out, "{name:<20} {least:>12} {median:>12} {most:>12}")?;
    }
    for failure in &summary.failures {
        let traced = first.filter(|record| record.head.seed == failure.head.seed);
        describe(&mut out, failure, traced, code)?;
    }
    let shown = summary.failures.len() as u64;
    let all = summary.failed + summary.inconclusive;
    if shown < all {
        writeln!(out, "\n{} more; raise --failures to see them", all - shown)?;
    }
    Ok(out)
}

/// A run that did not pass, with its last steps where it was traced.
fn describe(
    out: &mut String,
    failure: &Outcome,
    traced: Option<&Record>,
    code: Option<&str>,
) -> fmt::Result {
    let head = &failure.head;
    writeln!(out, "\nseed {}: {}", head.seed, print::badge(head.verdict))?;
    if let Some(record) = traced {
        out.push_str(&print::violations(record, &head.violations, code));
    } else {
        for violation in &head.violations {
            let at = SimTime(violation.at_ns);
            let message = print::lines(&violation.message).join("\n    ");
            writeln!(out, "  {} at {at}: {message}", violation.property)?;
        }
    }
    for measured in head.expectations.iter().filter(|measured| measured.holds.is_none()) {
        writeln!(out, "  {}: {}", say::clean(&measured.expect), measured.measured)?;
    }
    writeln!(out, "  reproduce: {}", failure.reproduce)
}

#[cfg(test)]
mod tests {
    use super::parse_seeds;

    #[test]
    fn seeds_are_ranges() {
        assert_eq!(parse_seeds("0..200"), Ok(0..200));
        assert_eq!(parse_seeds("5..=7"), Ok(5..8));
        assert_eq!(parse_seeds("41"), Ok(41..42));
        assert_eq!(parse_seeds("0..10_000"), Ok(0..10_000));
        for wrong in ["", "7..7", "9..3", "a..b", "-1..3", "1.."] {
            assert!(parse_seeds(wrong).is_err(), "{wrong}");
        }
    }
}
