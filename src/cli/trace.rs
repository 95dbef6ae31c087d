//! `rehearsal trace`: what happened in a run, step by step, for people and for other programs.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use rehearsal_reports::trace::{self, Selection};
use rehearsal_scenarios::nearest;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::time::Span;

use super::results::{probe_file, put_file, shown};
use super::{Exit, Failure, exec, options, print, progress, report, say, stored};

/// What `trace` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "N", value_parser = options::seed, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// The form: text for people, or a file for another program
    #[arg(long, value_enum, default_value_t = Format::Columns)]
    format: Format,
    /// The file to write, instead of printing
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Only what happens on this node, and on none (repeatable, or `n1,n2`)
    #[arg(long, value_name = "NODE", value_delimiter = ',')]
    node: Vec<String>,
    /// Only rows of this kind: send, deliver, note, view, fault, ... (repeatable, or `send,drop`)
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    kind: Vec<RowKind>,
    /// Only what happens from this instant on
    #[arg(long, value_name = "TIME", value_parser = Span::parse)]
    from: Option<Span>,
    /// Only what happens before this instant
    #[arg(long, value_name = "TIME", value_parser = Span::parse)]
    to: Option<Span>,
    #[command(flatten)]
    scenario: options::Scenario,
}

/// A form of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text of 120 columns, one column per node
    Columns,
    /// One JSON object per row, a line each
    Jsonl,
    /// For Perfetto and chrome://tracing
    Chrome,
    /// For ShiViz, with vector clocks
    Shiviz,
}

impl Format {
    fn of_reports(self) -> trace::Format {
        match self {
            Format::Columns => trace::Format::Columns,
            Format::Jsonl => trace::Format::Jsonl,
            Format::Chrome => trace::Format::Chrome,
            Format::Shiviz => trace::Format::Shiviz,
        }
    }
}

/// Reads the kind of a row.
fn kind(text: &str) -> Result<RowKind, String> {
    let plain = text.trim().to_lowercase().replace('-', "_");
    RowKind::ALL.into_iter().find(|kind| kind.name() == plain).ok_or_else(|| {
        let names = RowKind::ALL.map(RowKind::name);
        match nearest(&plain, names) {
            Some(near) => format!("there is no such kind of row; did you mean `{near}`?"),
            None => format!("there is no such kind of row; there are {}", names.join(", ")),
        }
    })
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    if let Some(out) = &args.out {
        probe_file(out)?;
    }
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from >= to
    {
        return Err(Failure::said(
            format!("nothing is between --from {from} and --to {to}"),
            "write the earlier instant first",
        ));
    }
    let record = match results(Path::new(&args.scenario.source)) {
        Some(folder) => read(&folder, args)?,
        None => run(catalog, args)?,
    };
    let selection = Selection {
        nodes: nodes(&record, &args.node)?,
        kinds: args.kind.clone(),
        from_ns: args.from.map_or(0, |from| from.0),
        to_ns: args.to.map(|to| to.0),
    };
    let text = trace::export(&record, args.format.of_reports(), &selection);
    if record.trace.omitted > 0 {
        let rows = print::counted(record.trace.omitted, "row");
        say::err(&format!("{rows} are left out; kept are {}\n", record.trace.window));
    }
    match &args.out {
        None => say::out(&text)?,
        Some(file) => {
            put_file(file, &text)?;
            say::out(&format!("trace         {}\n", shown(file)))?;
        }
    }
    Ok(Exit::Held)
}

/// The folder of results that was meant, where no scenario was.
fn results(named: &Path) -> Option<PathBuf> {
    let is_record = named.file_name().is_some_and(|name| name == stored::NAME);
    let is_link = named.file_name().is_some_and(|name| name == "latest");
    (named.is_dir() || is_record || (is_link && named.exists())).then(|| named.to_owned())
}

/// Runs the scenario.
fn run(catalog: &[Entry], args: &Args) -> Result<Record, Failure> {
    let loaded = args.scenario.load(catalog)?;
    let seed = args.seed.unwrap_or(loaded.plan.seed);
    let (_watched, progress) = progress::watched(&loaded.plan);
    let watch = Watch { check_budget: args.scenario.check_budget, progress, ..Watch::TRACED };
    exec::run(&loaded.entry, &loaded.plan, seed, &watch)
}

/// Reads the trace that was stored with a run.
fn read(named: &Path, args: &Args) -> Result<Record, Failure> {
    let options::Scenario { set, bug, matrix, point, .. } = &args.scenario;
    let changes = !set.is_empty() || !bug.is_empty() || !matrix.is_empty() || point.is_some();
    if changes || args.seed.is_some() {
        return Err(Failure::said(
            format!("{} is a folder of results, in which nothing can be changed", shown(named)),
            "name the scenario instead, or leave out --seed, --set, --bug, --matrix and --point",
        ));
    }
    let folder = report::resolve(named)?;
    let file = folder.join(stored::NAME);
    if !file.is_file() {
        return Err(Failure::said(
            format!("{} is no folder of one run: it has no {}", shown(&folder), stored::NAME),
            "name a run's folder, like results/raft-leader-crash/latest, or a scenario",
        ));
    }
    let stored = stored::read(&file).map_err(|flaw| flaw.into_failure(&file))?;
    if stored.record.trace.is_empty() {
        return Err(Failure::said(
            format!("no trace is kept in {}", shown(&folder)),
            again(&stored.reproduce.run).map_or_else(
                || "name the scenario instead".to_owned(),
                |line| format!("to see it, run it again: {line}"),
            ),
        ));
    }
    if stored.rows_left_out > 0 {
        let rows = print::counted(stored.rows_left_out, "row");
        let whole = again(&stored.reproduce.run);
        let whole = whole.map_or_else(String::new, |line| format!("; all of it: {line}"));
        let kept = say::clean(&stored.rows_kept);
        say::err(&format!("{rows} are not stored; kept are {kept}{whole}\n"));
    }
    Ok(stored.record)
}

/// The command line that traces a run which another one makes again.
fn again(run: &str) -> Option<String> {
    let (program, rest) = run.split_once(" run ")?;
    Some(say::clean(&format!("{program} trace {}", rest.replace(" --twice", ""))))
}

/// The nodes that were named.
fn nodes(record: &Record, named: &[String]) -> Result<Vec<u32>, Failure> {
    let node = |wanted: &String| {
        let names = || record.nodes.iter().map(|node| node.name.as_str());
        let place = names().position(|name| name == wanted);
        place.and_then(|place| u32::try_from(place).ok()).ok_or_else(|| {
            let help = match nearest(wanted, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
            };
            Failure::said(format!("there is no node `{}`", say::clean(wanted)), say::clean(&help))
        })
    };
    named.iter().map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_traced_by_the_line_that_makes_it_again() {
        let line = again("rehearsal run 'my run .toml' --seed 7 --twice").expect("it is a run");
        assert_eq!(line, "rehearsal trace 'my run .toml' --seed 7");
        assert_eq!(again("rehearsal sweep x.toml"), None);
    }

    #[test]
    fn kinds_are_named() {
        assert_eq!(kind("self-message"), Ok(RowKind::SelfMessage));
        assert_eq!(kind("deliver"), Ok(RowKind::Deliver));
        assert!(kind("delivr").unwrap_err().contains("did you mean `deliver`?"));
        assert!(kind("xyzzy").unwrap_err().contains("there are boot, send"));
    }
}
