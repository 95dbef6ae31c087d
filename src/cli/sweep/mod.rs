//! `rehearsal sweep`: one scenario, many seeds, all cores. What it finds does not depend on how
//! many threads ran, nor on how often it was interrupted: rows are folded in the order of the
//! seeds, and kept in a journal meanwhile.

mod against;
mod campaign;
mod column;
mod journal;
mod junit;
mod minimal;
mod pooled;
mod row;
mod summary;
mod table;
mod tally;

use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rehearsal_scenarios::Loaded;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::Record;
use rehearsal_sim::simulation::Digest;

use self::campaign::{Campaign, Outcome, lock, repeats};
use self::journal::{Journal, Owner};
use self::summary::{Facts, Summary};
use super::results::{self, Host, Shelf};
use super::{Exit, Failure, exec, interrupt, options, print, run, say};

/// One seed in this many is run twice and compared.
const REPEAT: u64 = 20;
/// Digits of the key in the name of a folder.
const SHORT: usize = 8;

/// What `sweep` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The seeds: `0..200` (200 is not among them), or one number
    #[arg(long, value_name = "A..B", value_parser = options::seeds, allow_negative_numbers = true)]
    seeds: Range<u64>,
    /// Threads; the results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// End with the lowest seed that fails
    #[arg(long)]
    fail_fast: bool,
    /// Go on with a sweep that was interrupted: seeds in its journal are not run again
    #[arg(long)]
    resume: bool,
    /// Compare with an earlier sweep, whose sweep.json this is
    #[arg(long, value_name = "OLD.json")]
    against: Option<PathBuf>,
    /// Write the findings as JUnit XML as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// How many failing seeds to describe
    #[arg(long, value_name = "N", default_value_t = 5)]
    failures: usize,
    /// Do not look for the smallest scenario that fails like each of the first failures
    #[arg(long)]
    no_shrink: bool,
    /// The folder that the results go to
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    #[command(flatten)]
    scenario: options::Scenario,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let loaded = args.scenario.load(catalog)?;
    let of = (loaded.plan.scenario.as_str(), loaded.entry.name);
    let old = args.against.as_deref().map(|path| against::read(path, of, &args.seeds));
    let old = old.transpose()?;
    if let Some(file) = &args.junit {
        results::probe_file(file)?;
    }
    let owner = owner(&loaded, args);
    let shelf = Shelf::below(&args.out, &loaded.name)?;
    let folder = shelf.folder().join(format!("sweep-{}", &owner.key[..SHORT]));
    let begun = Instant::now();
    let mut sweep = Sweep::open(args, &loaded, &folder, &owner)?;
    let known = sweep.campaign.known.len() as u64;
    let outcome = sweep.campaign.go()?;
    let wall_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let host = Host::new(wall_ns, sweep.campaign.jobs);
    let mut summary = sweep.summary(outcome, old.as_ref(), host)?;
    if !args.no_shrink {
        minimal::look_for(&mut summary, &loaded, catalog, args.scenario.check_budget, &folder)?;
    }
    let json = serde_json::to_string(&summary).expect("a summary is plain data") + "\n";
    let file = folder.join("sweep.json");
    let written = sweep.write_junit(&summary).and_then(|()| results::put_file(&file, &json));
    // What was found is worth printing even where it can not be written.
    if args.json {
        say::out(&json)?;
    } else {
        let first = trace_first(&loaded, args, &summary)?;
        let code = exec::last_panic().map(|panic| panic.place);
        let text = table::text(&summary, first.as_ref(), code.as_deref());
        let mut text = text.expect("a string takes text");
        if written.is_ok() {
            text += &format!("\nresults       {}\n", results::shown(&file));
        }
        let ran = lock(&sweep.campaign.journal).kept;
        text += &took(&summary.host, ran, known);
        say::out(&text)?;
    }
    written?;
    Ok(run::exit(summary.verdict()))
}

/// What is running, and where it is kept.
struct Sweep<'a> {
    args: &'a Args,
    loaded: &'a Loaded,
    campaign: Campaign<'a>,
    /// Where the rows of the seeds stand that did not pass.
    odd: std::collections::BTreeMap<u64, journal::Place>,
    /// From now on an interrupt says how to go on.
    _last_words: interrupt::LastWords,
}

impl<'a> Sweep<'a> {
    /// Opens the journal, says what is known already, and gets ready for an interrupt.
    fn open(
        args: &'a Args,
        loaded: &'a Loaded,
        folder: &Path,
        owner: &Owner,
    ) -> Result<Sweep<'a>, Failure> {
        let (journal, mut found) = Journal::open(folder, owner, args.resume)?;
        let asked = args.seeds.end - args.seeds.start;
        let path = results::shown(journal.path());
        if args.resume {
            // A seed that the rule wants to be repeated must have been, and no other.
            let first = args.seeds.start;
            found.known.retain(|seed, place| {
                args.seeds.contains(seed) && place.repeated == repeats(*seed, first)
            });
            let known = print::grouped(found.known.len() as u64);
            say::err(&format!("resuming: {known} of {} seeds are known\n", print::grouped(asked)));
            if found.damaged > 0 {
                let damaged = print::counted(found.damaged, "damaged line");
                say::err(&format!("passing over {damaged} of {path}\n"));
            }
        } else if !found.known.is_empty() {
            let known = print::counted(found.known.len() as u64, "seed");
            say::err(&format!(
                "starting afresh, without the {known} in {path}; --resume would go on from there\n"
            ));
            found.known.clear();
        }
        let journal = Arc::new(Mutex::new(journal));
        let campaign = Campaign {
            loaded,
            seeds: args.seeds.clone(),
            jobs: jobs(args),
            check_budget: args.scenario.check_budget,
            fail_fast: args.fail_fast,
            journal: Arc::clone(&journal),
            known: found.known,
        };
        let last_words = last_words(args, journal, campaign.known.len() as u64);
        Ok(Sweep {
            args,
            loaded,
            campaign,
            odd: std::collections::BTreeMap::new(),
            _last_words: last_words,
        })
    }

    /// What was found, in one object.
    fn summary(
        &mut self,
        outcome: Outcome,
        old: Option<&Facts>,
        host: Host,
    ) -> Result<Summary, Failure> {
        let Outcome { mut tally, odd } = outcome;
        let Sweep { args, loaded, .. } = *self;
        let mut failures = Vec::new();
        for place in odd.values().take(args.failures) {
            let head = self.head(place)?;
            let reproduce = args.scenario.reproduce(&head);
            failures.push(summary::Outcome { reproduce, head, minimal: None });
        }
        self.odd = odd;
        let numbers = tally.numbers(&loaded.entry);
        let (first, end) = (args.seeds.start, args.seeds.start + tally.runs);
        let facts = Facts {
            scenario: loaded.plan.scenario.clone(),
            protocol: loaded.entry.name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            fingerprint: loaded.fingerprint.clone(),
            seeds: [first, end],
            asked: (end != args.seeds.end).then_some([first, args.seeds.end]),
            measures: numbers.measures,
            metrics: numbers.metrics,
            digests: tally.digests.iter().map(|digest| format!("{digest:016x}")).collect(),
            failed_seeds: std::mem::take(&mut tally.failed),
            inconclusive_seeds: std::mem::take(&mut tally.inconclusive),
        };
        let (failed, inconclusive) =
            (facts.failed_seeds.len() as u64, facts.inconclusive_seeds.len() as u64);
        let hit = |name: &String| {
            let probe = numbers.probes.iter().any(|hits| hits.name == *name && hits.seeds > 0);
            probe || facts.metrics.iter().any(|band| band.name == *name && band.most > 0)
        };
        let reaches = loaded.swarm.iter().flat_map(|swarm| swarm.reaches(tally.runs));
        let unreached = reaches.filter(|name| !hit(name)).cloned().collect();
        Ok(Summary {
            passed: tally.runs - failed - inconclusive,
            failed,
            inconclusive,
            legally_stuck: tally.stuck,
            repeated: tally.repeated,
            latency_ns: tally.latencies.summary(),
            probes: numbers.probes,
            unreached,
            digest: tally.digest(),
            failures,
            against: old.map(|old| against::compare(old, &facts)),
            host,
            facts,
        })
    }

    /// The head of a run that did not pass, from the journal.
    fn head(&self, place: &journal::Place) -> Result<rehearsal_sim::record::Head, Failure> {
        let row = lock(&self.campaign.journal).read(place)?;
        Ok(*row.head.expect("the row of a run that did not pass has its head"))
    }

    fn write_junit(&self, summary: &Summary) -> Result<(), Failure> {
        let Some(file) = &self.args.junit else { return Ok(()) };
        let mut tell = |seed: u64| {
            let head = self.head(&self.odd[&seed])?;
            let reproduce = self.args.scenario.reproduce(&head);
            Ok((head, reproduce))
        };
        results::put_file(file, junit::document(summary, &mut tell)?)
    }
}

fn jobs(args: &Args) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = args.jobs.map_or_else(cores, usize::from);
    usize::try_from(args.seeds.end - args.seeds.start).map_or(jobs, |seeds| jobs.min(seeds))
}

/// Whose results these are.
fn owner(loaded: &Loaded, args: &Args) -> Owner {
    let version = env!("CARGO_PKG_VERSION");
    let mut digest = Digest::default();
    for text in [version, loaded.entry.name, &loaded.fingerprint] {
        digest.text(text);
    }
    digest.word(args.scenario.check_budget);
    Owner {
        key: digest.to_string(),
        scenario: loaded.plan.scenario.clone(),
        version: version.to_owned(),
        build: build().unwrap_or_else(|_| "unknown".to_owned()),
    }
}

/// A digest over this program's file: protocols change without a new version while they are
/// being written.
fn build() -> std::io::Result<String> {
    let mut file = std::fs::File::open(std::env::current_exe()?)?;
    let (mut digest, mut bytes) = (Digest::default(), Vec::new());
    loop {
        bytes.clear();
        // Whole pieces, however many bytes the system reads at a time.
        let length = file.by_ref().take(1 << 16).read_to_end(&mut bytes)?;
        if length == 0 {
            return Ok(digest.to_string());
        }
        digest.bytes(&bytes);
    }
}

/// What an interrupt does before the process ends: finished seeds are put on disk, and the user is
/// told how to go on.
fn last_words(args: &Args, journal: Arc<Mutex<Journal>>, known: u64) -> interrupt::LastWords {
    let asked = print::grouped(args.seeds.end - args.seeds.start);
    let go_on = command_line(args);
    interrupt::last_words(move || {
        let mut journal = lock(&journal);
        let kept = journal.keep();
        let told = match kept {
            Ok(()) => format!(
                "interrupted; {} of {asked} seeds are kept\ngo on with: {go_on}\n",
                print::grouped(known + journal.kept)
            ),
            Err(_) => {
                format!("interrupted; {} can not be written\n", results::shown(journal.path()))
            }
        };
        // Nothing more is written: the process is about to end.
        std::mem::forget(journal);
        told
    })
}

/// The command line that goes on with this sweep.
fn command_line(args: &Args) -> String {
    let mut words = args.scenario.words("sweep");
    let mut add = |name: &str, value: &str| words.push(options::option(name, value));
    add("--seeds", &format!("{}..{}", args.seeds.start, args.seeds.end));
    if let Some(jobs) = args.jobs {
        add("--jobs", &jobs.to_string());
    }
    if args.failures != 5 {
        add("--failures", &args.failures.to_string());
    }
    if args.out != Path::new("results") {
        add("--out", &args.out.display().to_string());
    }
    if let Some(file) = &args.against {
        add("--against", &file.display().to_string());
    }
    if let Some(file) = &args.junit {
        add("--junit", &file.display().to_string());
    }
    let flags = [
        (args.fail_fast, "--fail-fast"),
        (args.no_shrink, "--no-shrink"),
        (args.json, "--json"),
        (true, "--resume"),
    ];
    words.extend(flags.iter().filter(|(is_on, _)| *is_on).map(|(_, flag)| (*flag).to_owned()));
    words.join(" ")
}

/// The last line, which alone depends on the machine and on what was known: the run of `ran` seeds.
fn took(host: &Host, ran: u64, known: u64) -> String {
    let rate = u128::from(ran) * 10_000_000_000 / u128::from(host.wall_ns.max(1));
    let threads = print::counted(host.threads as u64, "thread");
    let known =
        if known > 0 { format!(", {} known before", print::grouped(known)) } else { String::new() };
    let took = print::rounded(host.wall_ns);
    format!("took          {took} on {threads}, {}.{} seeds/s{known}\n", rate / 10, rate % 10)
}

/// Runs the first seed that failed once more, to see its last steps.
fn trace_first(loaded: &Loaded, args: &Args, summary: &Summary) -> Result<Option<Record>, Failure> {
    let Some(first) = summary.failures.first() else { return Ok(None) };
    let watch = Watch { check_budget: args.scenario.check_budget, ..Watch::TRACED };
    let mut record =
        exec::run(&loaded.entry, &*exec::plan(loaded, first.head.seed)?, first.head.seed, &watch)?;
    // A run that is not deterministic may do something else now; what was found is what is told.
    if record.head.digest != first.head.digest {
        record.trace = Default::default();
    }
    Ok(Some(record))
}
