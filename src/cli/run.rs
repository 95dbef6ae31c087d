//! `rehearsal run`: one scenario, one seed; verdict, numbers, report.

use std::path::PathBuf;
use std::time::Instant;

use rehearsal_scenarios::Loaded;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Judgement, Record, Violation, ViolationKind};

use super::results::Host;
use super::{Exit, Failure, exec, options, print, results};

/// What `run` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    scenario: options::Scenario,
    /// The seed; wins over the scenario's own
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Run twice and compare the digests
    #[arg(long)]
    twice: bool,
    /// Where the results go
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let loaded = args.scenario.load(catalog)?;
    let seed = args.seed.unwrap_or(loaded.plan.seed);
    let watch = Watch { check_budget: args.scenario.check_budget, ..Watch::TRACED };
    let begun = Instant::now();
    let mut record = exec::run(&loaded.entry, &loaded.plan, seed, &watch)?;
    let wall_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if args.twice {
        let quiet = Watch { trace_rows: 0, ..watch };
        let again = exec::run(&loaded.entry, &loaded.plan, seed, &quiet)?;
        compare(&mut record, &again);
    }
    report(args, &loaded, &record, wall_ns)?;
    Ok(exit(record.head.verdict))
}

/// Writes the results and prints what was found.
fn report(args: &Args, loaded: &Loaded, record: &Record, wall_ns: u64) -> Result<(), Failure> {
    let reproduce = args.scenario.reproduce(record.head.seed);
    let host = Host::new(wall_ns, 1);
    let results = results::write(&args.out, &loaded.name, record, host, &reproduce)?;
    if args.json {
        println!("{}", results.json);
        return Ok(());
    }
    anstream::print!("{}", print::summary(record, wall_ns));
    for violation in &record.head.violations {
        anstream::print!("\n{}", print::violation(record, violation));
    }
    if !record.head.violations.is_empty() {
        anstream::println!("\nreproduce:    {reproduce}");
    }
    anstream::println!("report        {}", results.report.display());
    Ok(())
}

/// Adds a violation when a second run of the same seed was different.
pub(crate) fn compare(record: &mut Record, again: &Record) {
    if record.head.digest == again.head.digest {
        return;
    }
    record.head.violations.push(Violation {
        property: "deterministic".to_owned(),
        kind: ViolationKind::Nondeterminism,
        at_ns: record.head.virtual_ns,
        nodes: Vec::new(),
        message: format!(
            "two runs of seed {} have the digests {} and {}",
            record.head.seed, record.head.digest, again.head.digest
        ),
        citation: "the laws of determinism, docs/ARCHITECTURE.md".to_owned(),
        explanation: None,
    });
    record.head.verdict = Judgement::Fail;
}

/// The exit code of a judgement.
pub(crate) fn exit(verdict: Judgement) -> Exit {
    match verdict {
        Judgement::Pass => Exit::Held,
        Judgement::Fail => Exit::Violated,
        Judgement::Inconclusive => Exit::Inconclusive,
    }
}
