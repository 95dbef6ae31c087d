//! `rehearsal run`: one scenario, one seed; verdict, numbers, report. Of a scenario with a matrix
//! every point, with several seeds.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use rehearsal_scenarios::{Drawn, Loaded, Variants};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Judgement, Record, Violation, ViolationKind};

use super::results::{Host, Shelf};
pub(crate) use super::twice::compare;
use super::{Exit, Failure, exec, options, print, progress, results, say, twice, variants};

/// What `run` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "N", value_parser = options::seed, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Of a scenario with a matrix, the seeds of every point, `0..50` [default: ten, from the
    /// scenario's own on]
    #[arg(long, value_name = "A..B", value_parser = options::seeds, conflicts_with = "seed",
          allow_negative_numbers = true)]
    seeds: Option<Range<u64>>,
    /// Of a scenario with a matrix, threads; the results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Run it again, twice in lockstep, and show the first event in which any of the runs differ
    #[arg(long)]
    twice: bool,
    /// Keep no trace: for runs of days, which are many times faster without one. A violation is found
    /// all the same, but not shown step by step
    #[arg(long)]
    no_trace: bool,
    /// The folder that the results go to
    #[arg(long, value_name = "DIR", default_value = "results", value_hint = clap::ValueHint::DirPath)]
    out: PathBuf,
    #[command(flatten)]
    scenario: options::Scenario,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let mut variants = args.scenario.load_all(catalog)?;
    if !variants.axes.is_empty() && args.scenario.point.is_none() {
        return matrix(args, variants);
    }
    if args.seeds.is_some() {
        return Err(Failure::said(
            "one run has one seed, and --seeds is for all points of a matrix",
            "say which with --seed N, or use `sweep` for many seeds",
        ));
    }
    let loaded = variants.points.pop().expect("there is one point");
    let shelf = Shelf::below(&args.out, &loaded.name)?;
    let seed = args.seed.unwrap_or(loaded.plan.seed);
    let drawn = exec::drawn(&loaded, seed)?;
    let (record, wall_ns) = simulate(args, &loaded, seed)?;
    report(args, &shelf, &record, drawn.as_ref(), wall_ns)?;
    Ok(exit(record.head.verdict))
}

/// Runs every point of a matrix.
fn matrix(args: &Args, variants: Variants) -> Result<Exit, Failure> {
    if args.twice {
        return Err(Failure::said(
            "--twice compares two runs of one point, and this matrix has several",
            "say which with --point N",
        ));
    }
    let only = args.seed.map(options::only).transpose().map_err(|why| {
        Failure::said(why, "add --point N for one point of the matrix, or choose another seed")
    })?;
    let asked = variants::matrix::Asked {
        scenario: &args.scenario,
        seeds: args.seeds.clone().or(only),
        jobs: args.jobs,
        json: args.json,
        out: &args.out,
    };
    variants::matrix::run(&asked, variants)
}

/// Runs the scenario, twice if asked for; gives back how long the first run took as well.
fn simulate(args: &Args, loaded: &Loaded, seed: u64) -> Result<(Record, u64), Failure> {
    let plan = exec::plan(loaded, seed)?;
    let (_watched, progress) = progress::watched(&plan);
    let budget = args.scenario.check_budget;
    let trace_rows = if args.no_trace { 0 } else { Watch::TRACED.trace_rows };
    let watch = Watch { check_budget: budget, progress, trace_rows };
    let begun = Instant::now();
    let mut record = exec::run(&loaded.entry, &plan, seed, &watch)?;
    let wall_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if args.twice {
        twice::check(loaded, &mut record, &watch)?;
    }
    Ok((record, wall_ns))
}

/// Writes the results and prints what was found. What was found is worth printing even where it can
/// not be written.
fn report(
    args: &Args,
    shelf: &Shelf,
    record: &Record,
    drawn: Option<&Drawn>,
    wall_ns: u64,
) -> Result<(), Failure> {
    let reproduce = args.scenario.reproduce(&record.head);
    let results = shelf.put(record, drawn, Host::new(wall_ns, 1), &reproduce);
    if args.json {
        return say::out(&format!("{}\n", results?.json));
    }
    let mut text = print::summary(record, wall_ns);
    if let Some(drawn) = drawn {
        text += &print::drawn(drawn);
    }
    let is_same = |v: &Violation| v.kind != ViolationKind::Nondeterminism;
    if args.twice && record.head.violations.iter().all(is_same) {
        text += "twice         it did the same again, event by event and message by message\n";
    }
    let panic = exec::last_panic();
    let code = panic.as_ref().map(|panic| panic.place.as_str());
    text += &print::violations(record, &record.head.violations, code);
    if !record.head.violations.is_empty() {
        text += &format!("\nreproduce:    {reproduce}\n");
        if let Some(minimal) = results.as_ref().ok().and_then(|results| results.minimal.as_ref()) {
            text += &format!("minimal:      {minimal}\n");
        }
    }
    if let Ok(results) = &results {
        text += &format!("report        {}\n", results::shown(&results.report));
        if drawn.is_some() {
            let day = results.report.with_file_name(results::DRAWN);
            text += &format!("drawn day     {}\n", results::shown(&day));
        }
    }
    say::out(&text)?;
    results.map(|_| ())
}

/// The exit code of a judgement.
pub(crate) fn exit(verdict: Judgement) -> Exit {
    match verdict {
        Judgement::Pass => Exit::Held,
        Judgement::Fail => Exit::Violated,
        Judgement::Inconclusive => Exit::Inconclusive,
    }
}
