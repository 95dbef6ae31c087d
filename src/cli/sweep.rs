//! `rehearsal sweep`: one scenario, many seeds, all cores. What it prints does not depend on how
//! many threads ran: results are folded in the order of the seeds.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use rehearsal_scenarios::Loaded;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::metrics::Histogram;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Head, Judgement, Latency};
use rehearsal_sim::time::SimTime;
use serde::Serialize;

use super::{Exit, Failure, exec, options, print, run};

/// One seed in this many is run twice and compared.
const REPEAT: u64 = 20;

/// What `sweep` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: options::Scenario,
    /// The seeds: `0..200` (200 is not among them), or one number
    #[arg(long, value_name = "A..B", value_parser = parse_seeds)]
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
}

fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| {
        let plain = text.replace('_', "");
        plain.parse::<u64>().map_err(|_| {
            format!("\"{text}\" is no seed; write --seeds 0..200, a number below 2^64 at each end")
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

/// What is kept of one run.
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
    let (heads, latencies) = run_all(&loaded, args)?;
    let summary = fold(&loaded, args, heads, &latencies);
    if args.json {
        println!("{}", serde_json::to_string(&summary).expect("a summary is plain data"));
    } else {
        print_summary(&summary);
    }
    Ok(if summary.failed > 0 {
        Exit::Violated
    } else if summary.inconclusive > 0 {
        Exit::Inconclusive
    } else {
        Exit::Held
    })
}

fn run_all(loaded: &Loaded, args: &Args) -> Result<(Vec<Head>, Histogram), Failure> {
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
        let mut record = exec::run(&loaded.entry, &loaded.plan, seed, &watch)?;
        if (seed - args.seeds.start).is_multiple_of(REPEAT) {
            let again = exec::run(&loaded.entry, &loaded.plan, seed, &watch)?;
            run::compare(&mut record, &again);
        }
        bar.inc(1);
        latencies.lock().unwrap_or_else(PoisonError::into_inner).merge(&record.latencies);
        Ok(record.head)
    };
    let heads: Result<_, Failure> =
        pool.install(|| args.seeds.clone().into_par_iter().map(one).collect());
    bar.finish_and_clear();
    Ok((heads?, latencies.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

fn fold(loaded: &Loaded, args: &Args, heads: Vec<Head>, latencies: &Histogram) -> Summary {
    let count = |verdict| heads.iter().filter(|head| head.verdict == verdict).count() as u64;
    let metric = |head: &Head, name: &str| {
        u64::try_from(head.metrics.get(name).copied().unwrap_or(0)).unwrap_or(0)
    };
    #[allow(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "a rate is a small positive number"
    )]
    let per_second = |head: &Head| head.throughput_per_s.round() as u64;
    let mut digest = rehearsal_sim::simulation::Digest::default();
    heads.iter().for_each(|head| digest.text(&head.digest));
    let numbers = vec![
        number("ok per second", &heads, per_second),
        number("p50 ns", &heads, |head| head.latency_ns.p50),
        number("p99 ns", &heads, |head| head.latency_ns.p99),
        number("max ns", &heads, |head| head.latency_ns.max),
        number("unavailable ns", &heads, |head| metric(head, "unavailable_ns")),
        number("failed operations", &heads, |head| head.operations.failed),
        number("unknown operations", &heads, |head| head.operations.unknown),
        number("messages sent", &heads, |head| head.messages.sent),
        number("events", &heads, |head| head.events),
    ];
    Summary {
        scenario: loaded.plan.scenario.clone(),
        protocol: loaded.entry.name.to_owned(),
        seeds: [args.seeds.start, args.seeds.end],
        passed: count(Judgement::Pass),
        failed: count(Judgement::Fail),
        inconclusive: count(Judgement::Inconclusive),
        legally_stuck: heads.iter().filter(|head| head.legally_stuck.is_some()).count() as u64,
        repeated: (args.seeds.end - args.seeds.start).div_ceil(REPEAT),
        latency_ns: latencies.summary(),
        numbers,
        digest: digest.to_string(),
        failures: heads
            .into_iter()
            .filter(|head| head.verdict != Judgement::Pass)
            .take(args.failures)
            .map(|head| Outcome { reproduce: args.scenario.reproduce(head.seed), head })
            .collect(),
    }
}

fn number(name: &'static str, heads: &[Head], of: impl Fn(&Head) -> u64) -> Number {
    let mut values: Vec<u64> = heads.iter().map(of).collect();
    values.sort_unstable();
    let (min, max) = (values[0], values[values.len() - 1]);
    Number { name, min, median: values[(values.len() - 1) / 2], max }
}

fn print_summary(summary: &Summary) {
    use print::{BOLD, DIM, PLAIN};
    let verdict = match (summary.failed, summary.inconclusive) {
        (0, 0) => Judgement::Pass,
        (0, _) => Judgement::Inconclusive,
        _ => Judgement::Fail,
    };
    let [from, to] = summary.seeds;
    anstream::println!(
        "{}  {BOLD}{}{PLAIN}, seeds {from}..{to}",
        print::badge(verdict),
        summary.scenario
    );
    anstream::println!(
        "{DIM}{} seeds run twice and compared · digest over all seeds {}{PLAIN}\n",
        summary.repeated,
        summary.digest
    );
    anstream::println!(
        "{} passed ({} of them legally stuck), {} failed, {} inconclusive\n",
        summary.passed,
        summary.legally_stuck,
        summary.failed,
        summary.inconclusive
    );
    let l = &summary.latency_ns;
    anstream::println!(
        "{} operations of all seeds together: p50 {} · p90 {} · p99 {} · p99.9 {} · max {}\n",
        print::grouped(l.count),
        print::rounded(l.p50),
        print::rounded(l.p90),
        print::rounded(l.p99),
        print::rounded(l.p999),
        print::rounded(l.max)
    );
    anstream::println!("{:<20} {:>12} {:>12} {:>12}", "per seed", "least", "median", "most");
    for number in &summary.numbers {
        let show = |value: u64| match number.name.strip_suffix(" ns") {
            Some(_) => print::rounded(value),
            None => print::grouped(value),
        };
        anstream::println!(
            "{:<20} {:>12} {:>12} {:>12}",
            number.name.trim_end_matches(" ns"),
            show(number.min),
            show(number.median),
            show(number.max)
        );
    }
    for failure in &summary.failures {
        print_failure(failure);
    }
    let shown = summary.failures.len() as u64;
    let all = summary.failed + summary.inconclusive;
    if shown < all {
        anstream::println!("\n{} more; raise --failures to see them", all - shown);
    }
}

fn print_failure(failure: &Outcome) {
    let head = &failure.head;
    anstream::println!("\nseed {}: {}", head.seed, print::badge(head.verdict));
    for violation in &head.violations {
        let at = SimTime(violation.at_ns);
        anstream::println!("  {} at {at}: {}", violation.property, violation.message);
    }
    for measured in head.expectations.iter().filter(|measured| measured.holds.is_none()) {
        anstream::println!("  {}: {}", measured.expect, measured.measured);
    }
    anstream::println!("  reproduce: {}", failure.reproduce);
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
