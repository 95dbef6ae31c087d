//! `rehearsal shrink`: the smallest scenario that still violates what a seed violates, and its story.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rehearsal_scenarios::Loaded;
use rehearsal_scenarios::shrink::{self, Budget, Ended, Refused, Runner, Shrunk, Size, Spent};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Plan, Watch};
use rehearsal_sim::record::{Judgement, Record, Violation};
use rehearsal_sim::time::Span;
use serde::Serialize;

use super::progress::Search;
use super::results::{self, Shelf};
use super::{Exit, Failure, exec, interrupt, options, print, say};

/// What `shrink` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The seed that fails, instead of the scenario's own
    #[arg(long, value_name = "N", value_parser = options::seed, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// How many runs it may take
    #[arg(long, value_name = "N", default_value_t = Budget::default().runs,
          value_parser = options::number, allow_negative_numbers = true)]
    runs: u64,
    /// End after this time as well, with the smallest so far: what is found then depends on the
    /// machine
    #[arg(long, value_name = "TIME", value_parser = Span::parse)]
    budget: Option<Span>,
    /// The file to write, instead of `minimal.toml` beside the results of the run
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    scenario: options::Scenario,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let loaded = args.scenario.load(catalog)?;
    let seed = args.seed.unwrap_or(loaded.plan.seed);
    let shelf = match &args.out {
        Some(file) => results::probe_file(file).map(|()| None)?,
        None => Some(Shelf::below(Path::new("results"), &loaded.name)?),
    };
    let budget = Budget { runs: args.runs, ..Budget::default() };
    let time = args.budget.map(|time| Duration::from_nanos(time.0));
    let mut bench = Bench::new(&loaded, args.scenario.check_budget, budget, time);
    let so_far = Arc::clone(&bench.so_far);
    let place = (shelf, args.out.clone());
    let at_last = Arc::clone(&so_far);
    let _last_words = interrupt::last_words(move || last_words(&at_last, &place, seed));
    let found = bench.search(&loaded, seed, catalog, budget)?;
    let shrunk = match found {
        Ok(shrunk) => shrunk,
        Err(refused) => return nothing(args, seed, &refused),
    };
    let shelf = match &args.out {
        Some(_) => None,
        None => Some(Shelf::below(Path::new("results"), &loaded.name)?),
    };
    let file = file(&shelf, args.out.as_deref(), seed, &shrunk.digest);
    put(&file, &shrunk.text)?;
    let lines =
        Lines { reproduce: reproduce(&args.scenario, seed), minimal: results::run_line(&file) };
    let text = match args.json {
        true => json(&loaded, seed, &shrunk, &file, &lines),
        false => text(&loaded, seed, &shrunk, &lines),
    };
    say::out(&text)?;
    Ok(Exit::Violated)
}

/// The smallest so far, for an interrupt: its text, and the digest of the run at the start.
#[derive(Default)]
struct SoFar {
    digest: Option<String>,
    text: Option<String>,
}

/// Runs plans on this thread until an instant.
pub(crate) struct Bench<'a> {
    entry: &'a Entry,
    watch: Watch,
    until: Option<Instant>,
    bar: Search,
    so_far: Arc<Mutex<SoFar>>,
    /// What went wrong with us.
    failure: Option<Failure>,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(
        loaded: &'a Loaded,
        check_budget: u64,
        budget: Budget,
        time: Option<Duration>,
    ) -> Bench<'a> {
        Bench {
            entry: &loaded.entry,
            watch: Watch { check_budget, ..Watch::QUIET },
            until: time.and_then(|time| Instant::now().checked_add(time)),
            bar: Search::new(budget.runs),
            so_far: Arc::default(),
            failure: None,
        }
    }

    /// Makes what a seed violates smaller.
    pub(crate) fn search(
        &mut self,
        loaded: &Loaded,
        seed: u64,
        catalog: &[Entry],
        budget: Budget,
    ) -> Result<Result<Shrunk, Refused>, Failure> {
        let found = shrink::shrink(loaded, seed, catalog, budget, self);
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(found),
        }
    }

    fn run_watched(&mut self, plan: &Plan, watch: &Watch) -> Option<Record> {
        match exec::run(self.entry, plan, plan.seed, watch) {
            Ok(record) => Some(record),
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }
}

fn lock(so_far: &Mutex<SoFar>) -> std::sync::MutexGuard<'_, SoFar> {
    so_far.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Runner for Bench<'_> {
    fn run(&mut self, plan: &Plan) -> Option<Record> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return None;
        }
        let watch = self.watch.clone();
        let record = self.run_watched(plan, &watch)?;
        self.bar.ran();
        lock(&self.so_far).digest.get_or_insert_with(|| record.head.digest.clone());
        Some(record)
    }

    fn trace(&mut self, plan: &Plan) -> Option<Record> {
        let watch = Watch { trace_rows: Watch::TRACED.trace_rows, ..self.watch.clone() };
        self.run_watched(plan, &watch)
    }

    fn smaller(&mut self, text: &str, size: &Size, _: Spent) {
        lock(&self.so_far).text = Some(text.to_owned());
        self.bar.found(size);
    }
}

/// Where the smallest scenario is written to.
fn file(shelf: &Option<Shelf>, out: Option<&Path>, seed: u64, digest: &str) -> PathBuf {
    match (out, shelf) {
        (Some(out), _) => out.to_owned(),
        (None, Some(shelf)) => shelf.minimal(seed, digest),
        (None, None) => PathBuf::from(results::MINIMAL),
    }
}

/// Writes the file, and the folder it lies in.
pub(crate) fn put(file: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        interrupt::hold(|| std::fs::create_dir_all(folder)).map_err(|error| {
            Failure::said(
                format!("can not make the folder {}: {}", results::shown(folder), say::why(&error)),
                "choose another place with --out FILE",
            )
        })?;
    }
    results::put_file(file, text)
}

/// What an interrupt does: the smallest so far is kept.
fn last_words(
    so_far: &Mutex<SoFar>,
    (shelf, out): &(Option<Shelf>, Option<PathBuf>),
    seed: u64,
) -> String {
    let found = lock(so_far);
    let (Some(digest), Some(text)) = (&found.digest, &found.text) else {
        return "interrupted; nothing smaller was found so far\n".to_owned();
    };
    let file = file(shelf, out.as_deref(), seed, digest);
    let text = format!("# The smallest that was found when the search was interrupted.\n{text}");
    let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    match folder.and_then(|()| results::write_file(&file, text.as_bytes())) {
        Ok(()) => {
            format!(
                "interrupted; the smallest so far is kept\nminimal: {}\n",
                results::run_line(&file)
            )
        }
        Err(error) => {
            format!("interrupted; {} can not be written: {error}\n", results::shown(&file))
        }
    }
}

/// The seed does not fail.
fn nothing(args: &Args, seed: u64, refused: &Refused) -> Result<Exit, Failure> {
    let (exit, verdict, what) = match refused {
        Refused::NoScenario(report) => return Err(Failure::Diagnosed(report.render(true))),
        Refused::Stopped => {
            return Err(Failure::said(
                "the time was over before the first run ended",
                "allow more with --budget",
            ));
        }
        Refused::Passes => {
            let what = format!(
                "nothing to shrink: seed {seed} passes\n`{} sweep` finds seeds that fail\n",
                options::program()
            );
            (Exit::Held, Judgement::Pass, what)
        }
        Refused::Inconclusive(why) => {
            let why: Vec<String> =
                why.iter().map(|why| format!("  {}\n", say::clean(why))).collect();
            let what =
                format!("nothing to shrink: seed {seed} can not be judged\n{}", why.concat());
            (Exit::Inconclusive, Judgement::Inconclusive, what)
        }
    };
    if args.json {
        let value = serde_json::json!({ "seed": seed, "verdict": verdict, "minimal": null });
        say::out(&format!("{value}\n"))?;
    } else {
        say::out(&what)?;
    }
    Ok(exit)
}

/// Command lines that are offered.
struct Lines {
    reproduce: String,
    minimal: String,
}

/// The command line that runs the scenario as it was.
fn reproduce(scenario: &options::Scenario, seed: u64) -> String {
    let mut words = scenario.words("run");
    words.insert(3, format!("--seed {seed}"));
    words.join(" ")
}

/// The object that `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    scenario: &'a str,
    protocol: &'a str,
    seed: u64,
    verdict: Judgement,
    violation: &'a Violation,
    minimal_seed: u64,
    before: Size,
    after: Size,
    spent: Spent,
    ended: Ended,
    story: &'a [String],
    file: String,
    reproduce: &'a str,
    minimal: &'a str,
}

fn json(loaded: &Loaded, seed: u64, shrunk: &Shrunk, file: &Path, lines: &Lines) -> String {
    let output = Output {
        scenario: &loaded.plan.scenario,
        protocol: loaded.entry.name,
        seed,
        verdict: Judgement::Fail,
        violation: &shrunk.violation,
        minimal_seed: shrunk.seed,
        before: shrunk.before,
        after: shrunk.after,
        spent: shrunk.spent,
        ended: shrunk.ended,
        story: &shrunk.story,
        file: file.display().to_string(),
        reproduce: &lines.reproduce,
        minimal: &lines.minimal,
    };
    serde_json::to_string(&output).expect("it is plain data") + "\n"
}

fn text(loaded: &Loaded, seed: u64, shrunk: &Shrunk, lines: &Lines) -> String {
    let (bold, dim, plain) = (print::BOLD, print::DIM, print::PLAIN);
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("a string takes text");
    line(format!("{bold}{}{plain} is violated", shrunk.violation.property));
    line(format!("{dim}{} · seed {seed}{plain}\n", say::clean(&loaded.plan.scenario)));
    table(shrunk).into_iter().for_each(&mut line);
    let ended = match shrunk.ended {
        Ended::Smallest => "nothing that was tried makes it smaller",
        Ended::Budget => "the budget was spent, there may be a smaller one",
        Ended::Stopped => "the time was over, there may be a smaller one",
    };
    let (runs, events) = (print::grouped(shrunk.spent.runs), print::grouped(shrunk.spent.events));
    line(format!("\nspent         {runs} runs, {events} events: {ended}"));
    if shrunk.seed != seed {
        line(format!("seed          {}: with the first, nothing as small fails", shrunk.seed));
    }
    line("\nwhat happens".to_owned());
    shrunk.story.iter().for_each(|sentence| line(format!("  {}", say::clean(sentence))));
    line(format!("\nreproduce:    {}", lines.reproduce));
    line(format!("minimal:      {}", lines.minimal));
    out
}

/// Before and after, a line per measure.
fn table(shrunk: &Shrunk) -> Vec<String> {
    let (before, after) = (&shrunk.before, &shrunk.after);
    let number = |size: fn(&Size) -> u64| [size(before), size(after)].map(print::grouped);
    let rows = [
        ("fault operations", number(|size| size.fault_operations)),
        ("faults", number(|size| size.faults)),
        ("servers", number(|size| size.servers)),
        ("clients", number(|size| size.clients)),
        ("operations", number(|size| size.operations)),
        ("duration", [before, after].map(|size| Span(size.duration_ns).to_string())),
        ("events", number(|size| size.events)),
    ];
    let head = format!("{:<18}{:>10}{:>10}", "", "before", "after");
    let row =
        |(name, [before, after]): (&str, [String; 2])| format!("{name:<18}{before:>10}{after:>10}");
    std::iter::once(head).chain(rows.into_iter().map(row)).collect()
}
