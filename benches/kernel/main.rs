//! What the engine costs per event: `cargo bench --bench kernel`.
//!
//! Each row is a workload, run by the engine with its digest, faults and books, and by a bare loop
//! that does the same without them (`baseline.rs`). Times are processor time, set-up included; the
//! ratio is engine to baseline. Instructions are the engine's, set-up left out, and need valgrind.
//! `cargo bench --bench kernel -- --help` tells the options. Run as a test, it only tries each row.

mod baseline;
mod callgrind;
mod cast;
mod clock;
mod laws;
mod measure;
mod memory;
mod workloads;

use clap::Parser;
use serde::Serialize;

use clock::say;
use measure::{Effort, cost};
use memory::Pending;
use workloads::{Contest, Workload};

/// Measures what the engine costs per event, against a bare loop.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo bench --bench kernel --", disable_version_flag = true)]
struct Options {
    /// Only the rows with one of these in their name.
    #[arg(value_name = "ROW", value_parser = filter)]
    rows: Vec<String>,
    /// Leave the instructions out.
    #[arg(long)]
    no_instructions: bool,
    /// Measure less, for a first look.
    #[arg(long)]
    quick: bool,
    /// One JSON object at the end, instead of the table.
    #[arg(long)]
    json: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// Runs a row's workload once with about so many units, and prints how many it had.
    #[arg(long, hide = true, num_args = 3, value_names = ["ROW", "N", "UNITS"])]
    run: Option<Vec<String>>,
    /// Runs with so much pending on each node, and prints the resident bytes.
    #[arg(long, hide = true, num_args = 2, value_names = ["WHAT", "DEPTH"])]
    resident: Option<Vec<String>>,
}

/// What the row of the memory is called in filters and in the output.
const MEMORY: &str = "memory";

fn names() -> Vec<&'static str> {
    Workload::ALL.iter().map(|workload| workload.name()).chain([MEMORY]).collect()
}

fn filter(text: &str) -> Result<String, String> {
    match names().iter().any(|name| name.contains(text)) {
        true => Ok(text.to_owned()),
        false => Err(format!("no row has that in its name; there are {}", names().join(", "))),
    }
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|row| name.contains(row))
    }
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    workload: &'static str,
    n: u32,
    ns_per_event: f64,
    baseline_ns: Option<f64>,
    ratio: Option<f64>,
    instructions_per_event: Option<f64>,
}

/// What `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    rows: Vec<Row>,
    seeds_per_core_second: Option<f64>,
    bytes_per_pending_message: Option<f64>,
    bytes_per_pending_timer: Option<f64>,
}

fn main() {
    // `cargo test` runs this without `--bench`, and hands over arguments that are meant for tests.
    if !std::env::args_os().any(|argument| argument == "--bench") {
        return smoke();
    }
    let options = Options::parse();
    match (&options.run, &options.resident) {
        (Some(words), _) => answer(counted(words)),
        (_, Some(words)) => answer(resident(words)),
        _ => bench(&options),
    }
}

/// `--run ROW N UNITS`, of which there is one where there are nodes enough to talk.
fn counted(words: &[String]) -> Option<u64> {
    let [name, n, units] = words else { return None };
    let n = n.parse().ok().filter(|n| *n >= 2)?;
    Some(callgrind::count(Workload::named(name)?, n, units.parse().ok()?))
}

/// `--resident WHAT DEPTH`.
fn resident(words: &[String]) -> Option<u64> {
    let [name, depth] = words else { return None };
    Some(Pending::named(name)?.resident(depth.parse().ok()?))
}

/// Prints a number for the process that asked for it.
fn answer(number: Option<u64>) {
    let Some(number) = number else {
        eprintln!("error: no such workload: write --run heartbeat 5 1000 or --resident timers 10");
        std::process::exit(2);
    };
    say(&number.to_string());
}

/// Tries every row with little work: it runs, and both sides do the same.
fn smoke() {
    for workload in Workload::ALL {
        for n in workload.sizes().iter().filter(|n| **n <= 100) {
            let contest = Contest::new(workload, *n, units(workload, *n, Effort::SMOKE.events));
            let cost = cost(&contest, &Effort::SMOKE);
            assert!(cost.engine > 0.0, "{} {n} took no time", workload.name());
        }
    }
}

/// How many units a run has.
fn units(workload: Workload, n: u32, events: u64) -> u64 {
    match workload {
        Workload::Seeds => events / 100,
        // Large clusters take longer to build.
        _ => events.max(events / 10 * (u64::from(n) / 500)),
    }
}

fn bench(options: &Options) {
    let effort = if options.quick { Effort::QUICK } else { Effort::FULL };
    let mut instructions = !options.no_instructions;
    let mut outcome = Outcome::default();
    if !options.json {
        say(HEADER);
    }
    for workload in Workload::ALL.into_iter().filter(|workload| options.wants(workload.name())) {
        for n in workload.sizes() {
            let row = row(workload, *n, &effort, &mut instructions, options.quick);
            if workload == Workload::Seeds {
                outcome.seeds_per_core_second = Some(1e9 / row.ns_per_event);
            }
            if !options.json {
                say(&row.line());
            }
            outcome.rows.push(row);
        }
    }
    if options.wants(MEMORY) {
        outcome.bytes_per_pending_message = told(Pending::Messages.bytes());
        outcome.bytes_per_pending_timer = told(Pending::Timers.bytes());
    }
    match options.json {
        true => say(&serde_json::to_string(&outcome).expect("numbers and names")),
        false => outcome.notes(),
    }
}

/// The value, or `None` and a word about why not.
fn told(value: Result<f64, String>) -> Option<f64> {
    value.inspect_err(|why| eprintln!("note: {why}")).ok()
}

/// Measures a row; turns instructions off for the rest once they can not be counted.
fn row(workload: Workload, n: u32, effort: &Effort, instructions: &mut bool, quick: bool) -> Row {
    let contest = Contest::new(workload, n, units(workload, n, effort.events));
    let cost = cost(&contest, effort);
    let counted = instructions.then(|| told(callgrind::instructions(workload, n, quick)));
    *instructions &= !matches!(counted, Some(None));
    Row {
        workload: workload.name(),
        n,
        ns_per_event: cost.engine,
        baseline_ns: cost.baseline,
        ratio: cost.baseline.map(|baseline| cost.engine / baseline),
        instructions_per_event: counted.flatten(),
    }
}

const HEADER: &str =
    "workload          n   ns_per_event    baseline_ns   ratio   instructions_per_event";

impl Row {
    fn line(&self) -> String {
        let number = |value: Option<f64>, digits: usize| {
            value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
        };
        format!(
            "{:<12} {:>6} {:>14} {:>14} {:>7} {:>24}",
            self.workload,
            self.n,
            number(Some(self.ns_per_event), 1),
            number(self.baseline_ns, 1),
            number(self.ratio, 2),
            number(self.instructions_per_event, 0),
        )
    }
}

impl Outcome {
    /// What does not fit into columns.
    fn notes(&self) {
        if let Some(seeds) = self.seeds_per_core_second {
            say(&format!("seeds        {seeds:.0} seeds per core-second"));
        }
        let messages = (Pending::Messages, self.bytes_per_pending_message);
        let timers = (Pending::Timers, self.bytes_per_pending_timer);
        for (pending, bytes) in [messages, timers] {
            if let Some(bytes) = bytes {
                say(&format!(
                    "{MEMORY}       {} {}: {bytes:.0} bytes per pending event beyond the message",
                    pending.name(),
                    memory::MOST,
                ));
            }
        }
        let workloads = Workload::ALL.into_iter().filter(|workload| {
            !workload.remark().is_empty()
                && self.rows.iter().any(|row| row.workload == workload.name())
        });
        for workload in workloads {
            say(&format!("note: {}: {}", workload.name(), workload.remark()));
        }
    }
}
