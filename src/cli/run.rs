//! `rehearsal run`: one scenario, one seed; verdict, numbers, report. Of a scenario with a matrix
//! every point, with several seeds.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use rehearsal_scenarios::{Loaded, Variants};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Judgement, Record, Violation, ViolationKind};
use rehearsal_sim::time::SimTime;

use super::results::{Host, Shelf};
use super::{Exit, Failure, exec, options, print, progress, results, say, variants};

/// What `run` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The seed; wins over the scenario's own
    #[arg(long, value_name = "N", value_parser = options::number, allow_negative_numbers = true)]
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
    /// Run twice and compare the digests
    #[arg(long)]
    twice: bool,
    /// Where the results go
    #[arg(long, value_name = "DIR", default_value = "results")]
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
    let (record, wall_ns) = simulate(args, &loaded)?;
    report(args, &shelf, &record, wall_ns)?;
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
    let asked = variants::matrix::Asked {
        scenario: &args.scenario,
        seeds: args.seeds.clone().or(args.seed.map(|seed| seed..seed.saturating_add(1))),
        jobs: args.jobs,
        json: args.json,
        out: &args.out,
    };
    variants::matrix::run(&asked, variants)
}

/// Runs the scenario, twice if asked for; gives back how long the first run took as well.
fn simulate(args: &Args, loaded: &Loaded) -> Result<(Record, u64), Failure> {
    let seed = args.seed.unwrap_or(loaded.plan.seed);
    let (_watched, progress) = progress::watched(&loaded.plan);
    let budget = args.scenario.check_budget;
    let watch = Watch { check_budget: budget, progress, ..Watch::TRACED };
    let begun = Instant::now();
    let mut record = exec::run(&loaded.entry, &loaded.plan, seed, &watch)?;
    let wall_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if args.twice {
        let again = exec::run(&loaded.entry, &loaded.plan, seed, &watch)?;
        compare(&mut record, &again);
    }
    Ok((record, wall_ns))
}

/// Writes the results and prints what was found. What was found is worth printing even where it can
/// not be written.
fn report(args: &Args, shelf: &Shelf, record: &Record, wall_ns: u64) -> Result<(), Failure> {
    let reproduce = args.scenario.reproduce(&record.head);
    let results = shelf.put(record, Host::new(wall_ns, 1), &reproduce);
    if args.json {
        return say::out(&format!("{}\n", results?.json));
    }
    let mut text = print::summary(record, wall_ns);
    let is_same = |v: &Violation| v.kind != ViolationKind::Nondeterminism;
    if args.twice && record.head.violations.iter().all(is_same) {
        text += "twice         both runs did the same, message by message\n";
    }
    let panic = exec::last_panic();
    let code = panic.as_ref().map(|panic| panic.place.as_str());
    text += &print::violations(record, &record.head.violations, code);
    if !record.head.violations.is_empty() {
        text += &format!("\nreproduce:    {reproduce}\n");
    }
    if let Ok(results) = &results {
        text += &format!("report        {}\n", results::shown(&results.report));
    }
    say::out(&text)?;
    results.map(|_| ())
}

/// Adds a violation when a second run of the same seed was different. Where both were traced, every
/// row is compared, and so the contents of every message, event and reply.
pub(crate) fn compare(record: &mut Record, again: &Record) {
    let message = if record.head.digest != again.head.digest {
        format!("the digests are {} and {}", record.head.digest, again.head.digest)
    } else if let Some((a, b)) =
        record.trace.rows.iter().zip(&again.trace.rows).find(|(a, b)| a != b)
    {
        let at = SimTime(a.at_ns);
        format!(
            "at {at} one says \"{} {}\", the other \"{} {}\"",
            a.address, a.text, b.address, b.text
        )
    } else if record != again {
        "what was measured differs".to_owned()
    } else {
        return;
    };
    record.head.violations.push(Violation {
        property: "deterministic".to_owned(),
        kind: ViolationKind::Nondeterminism,
        at_ns: record.head.virtual_ns,
        nodes: Vec::new(),
        message: format!("two runs of seed {} differ: {message}", record.head.seed),
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

#[cfg(test)]
mod tests {
    use rehearsal_protocols::catalog::CATALOG;
    use rehearsal_scenarios::{Request, load_text};

    use super::*;

    /// A protocol that answers by a hash of its address, say, does the same events at the same
    /// times: only the contents differ, and the trace has them.
    #[test]
    fn what_differs_behind_equal_digests_is_seen() {
        let text = b"protocol = \"ping\"\nduration = \"1s\"\n[workload]\nrate = \"10/s\"\n";
        let loaded = load_text(text, &Request::of("a test"), CATALOG).expect("it is valid");
        let run = || (loaded.entry.run)(&loaded.plan, 1, &Watch::TRACED);
        let (mut record, mut other) = (run(), run());
        compare(&mut record, &other);
        assert_eq!(record.head.violations, [], "two equal runs");
        let row = other.trace.rows.last_mut().expect("something happened");
        row.text = "Pong token=666".to_owned();
        compare(&mut record, &other);
        let [violation] = &record.head.violations[..] else { panic!("one violation") };
        assert_eq!(violation.kind, ViolationKind::Nondeterminism);
        assert!(violation.message.contains("Pong token=666"), "{}", violation.message);
        assert_eq!(record.head.verdict, Judgement::Fail);
    }
}
