//! `rehearsal hunt`: planted bugs, and what it takes to find them.
//!
//! A checker that is silent may be blind. So each protocol has bugs that can be switched on, and a hunt
//! tells which property catches each of them, after how many seeds, and what helps. Before that it
//! hunts the canary, which always fails: whoever does not find that would report nothing at all.

mod campaign;
mod canary;
mod statistics;
mod table;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rehearsal_scenarios::shrink::Budget;
use rehearsal_scenarios::{Loaded, Request, load, nearest};
use rehearsal_sim::bug::BugInfo;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Watch;

use self::campaign::{Campaign, Catch};
use self::statistics::Share;
use self::table::{Outcome, Row, Shortest, Table};
use super::shrink::Bench;
use super::{Exit, Failure, interrupt, options, results, say};

/// What `hunt` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The bugs, by name or number, as `list bugs` shows them; left out, all of them
    #[arg(value_name = "BUG")]
    bugs: Vec<String>,
    /// The seeds: `0..2000` (2000 is not among them), or one number
    #[arg(long, value_name = "A..B", value_parser = options::seeds, default_value = "0..2000",
          allow_negative_numbers = true)]
    seeds: Range<u64>,
    /// Hunt with this scenario instead of the one that each bug names
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<String>,
    /// Hunt on for a bug that none of the seeds finds, up to this one, until the first find
    #[arg(long, value_name = "B", value_parser = options::number, allow_negative_numbers = true)]
    rare: Option<u64>,
    /// End the hunt for a bug with the lowest seed that finds it; rates are then worth nothing
    #[arg(long)]
    until_found: bool,
    /// Do not look for the shortest plan
    #[arg(long)]
    no_shrink: bool,
    /// Threads; the results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// How many configurations a history checker may explore per object
    #[arg(long, value_name = "N", default_value_t = Watch::QUIET.check_budget,
          value_parser = options::number, allow_negative_numbers = true)]
    check_budget: u64,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Write `planted-bugs.md` and `planted-bugs.json` into this folder
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
}

/// A bug to be hunted.
struct Prey {
    entry: Entry,
    bug: BugInfo,
    scenario: String,
}

pub(crate) fn main(catalog: &[Entry], args: &Args) -> Result<Exit, Failure> {
    let prey = prey(catalog, args)?;
    let loaded = prey.iter().map(|one| one.load(catalog)).collect::<Result<Vec<_>, _>>()?;
    if let Some(folder) = &args.out {
        // Where it can not be made, the files in it can not be written, and that is told.
        let _ = std::fs::create_dir_all(folder);
        for name in [PAGE, NUMBERS] {
            results::probe_file(&folder.join(name))?;
        }
    }
    find_canary(args)?;
    let done: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let told = Arc::clone(&done);
    let _last_words = interrupt::last_words(move || {
        let told = told.lock().unwrap_or_else(PoisonError::into_inner);
        format!("interrupted; {} were hunted: {}\n", told.len(), told.join(", "))
    });
    let mut rows = Vec::new();
    for (one, loaded) in prey.iter().zip(&loaded) {
        rows.push(one.hunt(loaded, catalog, args)?);
        done.lock().unwrap_or_else(PoisonError::into_inner).push(one.bug.slug);
    }
    let table = Table {
        version: env!("CARGO_PKG_VERSION"),
        seeds: [args.seeds.start, args.seeds.end],
        until_found: args.until_found,
        rare: args.rare.filter(|rare| *rare > args.seeds.end),
        rows,
    };
    let written = args.out.as_deref().map_or(Ok(()), |folder| write(folder, &table));
    say::out(&if args.json { table.json() } else { table.text() })?;
    written?;
    Ok(verdict(&table))
}

const PAGE: &str = "planted-bugs.md";
const NUMBERS: &str = "planted-bugs.json";

fn write(folder: &Path, table: &Table) -> Result<(), Failure> {
    results::put_file(&folder.join(PAGE), table.markdown())?;
    results::put_file(&folder.join(NUMBERS), table.pretty())
}

/// Says which bugs were not found.
fn verdict(table: &Table) -> Exit {
    let of = |outcome: Outcome| {
        let rows = table.rows.iter().filter(move |row| row.outcome == outcome);
        rows.map(|row| row.bug).collect::<Vec<_>>().join(", ")
    };
    let (missed, unreached) = (of(Outcome::NotFound), of(Outcome::NeverReached));
    let [from, to] = [table.seeds[0], table.rare.unwrap_or(table.seeds[1])];
    if !missed.is_empty() {
        say::err(&format!("not found with the seeds {from}..{to}: {missed}\n"));
    }
    if !unreached.is_empty() {
        say::err(&format!(
            "never reached with the seeds {from}..{to}, which proves nothing: {unreached}\n"
        ));
    }
    match (missed.is_empty(), unreached.is_empty()) {
        (true, true) => Exit::Held,
        (false, _) => Exit::Violated,
        (true, false) => Exit::Inconclusive,
    }
}

/// Hunts what always fails.
fn find_canary(args: &Args) -> Result<(), Failure> {
    let loaded = canary::scenario()?;
    let seeds = 0..4;
    let campaign = Campaign {
        loaded: &loaded,
        seeds: seeds.clone(),
        jobs: 1,
        check_budget: args.check_budget,
        until_found: false,
    };
    let catch = campaign.go()?;
    let caught_by = catch.property().map(|(property, _)| property);
    if catch.found.len() as u64 == seeds.end && caught_by == Some(canary::PROPERTY) {
        return Ok(());
    }
    Err(Failure::OwnPanic(format!(
        "the canary fails with every seed, and the hunt found it with {} of {}: what fails is not \
         reported",
        catch.found.len(),
        seeds.end
    )))
}

/// The bugs that were asked for.
fn prey(catalog: &[Entry], args: &Args) -> Result<Vec<Prey>, Failure> {
    let all = catalog.iter().flat_map(|entry| (entry.bugs)().into_iter().map(|bug| (*entry, bug)));
    // A protocol may be there with several machines: its bugs are hunted with the first one.
    let mut slugs = BTreeSet::new();
    let all: Vec<(Entry, BugInfo)> = all.filter(|(_, bug)| slugs.insert(bug.slug)).collect();
    let prey = |(entry, bug): &(Entry, BugInfo)| {
        let swarm = || format!("{}/swarm", entry.name);
        let named = args.scenario.clone().or_else(|| bug.hunt.map(str::to_owned));
        Prey { entry: *entry, bug: *bug, scenario: named.unwrap_or_else(swarm) }
    };
    if all.is_empty() {
        return Err(Failure::said("no protocol has a planted bug", "see `list protocols`"));
    }
    if args.bugs.is_empty() {
        return Ok(all.iter().map(prey).collect());
    }
    let mut found = Vec::new();
    for name in &args.bugs {
        let is_it = |(_, bug): &&(Entry, BugInfo)| bug.slug == name || bug.id == Some(name);
        let Some(one) = all.iter().find(is_it) else {
            let known = all.iter().map(|(_, bug)| bug.slug);
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean {near}? `list bugs` shows all"),
                None => "`list bugs` shows all".to_owned(),
            };
            return Err(Failure::said(format!("there is no bug {}", say::clean(name)), help));
        };
        found.push(prey(one));
    }
    Ok(found)
}

impl Prey {
    /// The scenario, with the bug in it.
    fn load(&self, catalog: &[Entry]) -> Result<Loaded, Failure> {
        let bug = [self.bug.slug.to_owned()];
        let request = Request { bug: &bug, ..Request::of(&self.scenario) };
        load(&request, catalog).map_err(|report| {
            let text = report.render(true);
            let (slug, text) = (self.bug.slug, text.trim_end());
            Failure::Diagnosed(format!(
                "{text}\n(to hunt {slug}; name another scenario with --scenario)"
            ))
        })
    }

    fn hunt(&self, loaded: &Loaded, catalog: &[Entry], args: &Args) -> Result<Row, Failure> {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let campaign = Campaign {
            loaded,
            seeds: args.seeds.clone(),
            jobs: args.jobs.map_or_else(cores, usize::from),
            check_budget: args.check_budget,
            until_found: args.until_found,
        };
        let mut catch = campaign.go()?;
        let end = args.seeds.end;
        if let Some(rare) = args.rare.filter(|rare| *rare > end && catch.found.is_empty()) {
            catch.join(Campaign { seeds: end..rare, until_found: true, ..campaign }.go()?);
        }
        let first = catch.found.first().copied().filter(|_| !args.no_shrink);
        let shortest = match first {
            Some(seed) => shortest(loaded, seed, catalog, args.check_budget)?,
            None => None,
        };
        Ok(self.row(&catch, shortest))
    }

    fn row(&self, catch: &Catch, shortest: Option<Shortest>) -> Row {
        let found = catch.found.len() as u64;
        let (triggers, suppressors) =
            catch.ratios().into_iter().partition(statistics::Ratio::is_trigger);
        let outcome = match (found, catch.evaluations) {
            (0, 0) => Outcome::NeverReached,
            (0, _) => Outcome::NotFound,
            _ => Outcome::Found,
        };
        let property = catch.property();
        Row {
            protocol: self.entry.name,
            bug: self.bug.slug,
            id: self.bug.id,
            sentence: self.bug.sentence,
            source: self.bug.source,
            scenario: self.scenario.clone(),
            expected: self.bug.property,
            property: property.map(|(property, _)| property.to_owned()),
            kind: property.map(|(_, kind)| kind),
            caught_by: catch
                .caught_by
                .iter()
                .map(|(property, (_, seeds))| (property.clone(), *seeds))
                .collect(),
            outcome,
            seeds: catch.seeds,
            found,
            inconclusive: catch.inconclusive,
            first_seed: catch.found.first().copied(),
            rate: Share::of(found, catch.seeds),
            evaluations: catch.evaluations,
            reached: catch.reached,
            shortest,
            triggers,
            suppressors,
        }
    }
}

/// The smallest plan that still breaks what this seed broke.
fn shortest(
    loaded: &Loaded,
    seed: u64,
    catalog: &[Entry],
    check_budget: u64,
) -> Result<Option<Shortest>, Failure> {
    let budget = Budget::default();
    let found =
        Bench::new(loaded, check_budget, budget, None).search(loaded, seed, catalog, budget)?;
    Ok(found.ok().map(|shrunk| Shortest {
        seed: shrunk.seed,
        fault_operations: shrunk.after.fault_operations,
        servers: shrunk.after.servers,
        clients: shrunk.after.clients,
        operations: shrunk.after.operations,
        events: shrunk.after.events,
    }))
}
