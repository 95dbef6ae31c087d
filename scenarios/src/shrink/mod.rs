//! Counterexamples made small: a scenario and a seed that violate a property in, the smallest
//! scenario found that still violates it out, as an ordinary file, with its story in sentences.
//!
//! A candidate is a text of the scenario language, and what decides is a run of it: it is kept when
//! the same property fails, by name and kind. Draws of messages are keyed by the message, so that a
//! fault that is taken out moves no other draw, and most of what happens stays as it was. Passes over
//! the faults, the world, the cluster, the workload and the times are repeated until none of them
//! finds anything, or the budget is spent.
//!
//! No files, threads or clocks are here: the caller runs the plans ([`Runner`]).

mod bench;
mod cluster;
mod ddmin;
mod draft;
mod faults;
mod file;
mod story;
mod strikes;
mod times;
mod workload;
mod world;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::Plan;
use rehearsal_sim::record::{Judgement, Record, Violation, ViolationKind};

use self::bench::{Bench, Goal};
use self::draft::Draft;
use crate::load::{Loaded, Request, load_text};
use crate::report::Report;

/// Who runs the plans of a search.
pub trait Runner {
    /// Runs a plan with its own seed, without a trace. `None` ends the search here: it was
    /// interrupted, or its time is over.
    fn run(&mut self, plan: &Plan) -> Option<Record>;

    /// Runs the plan of the smallest scenario once more with its trace, to tell its story. `None`
    /// leaves the story out.
    fn trace(&mut self, plan: &Plan) -> Option<Record>;

    /// Something smaller was found: its text, its size, and what was spent so far.
    fn smaller(&mut self, text: &str, size: &Size, spent: Spent) {
        let _ = (text, size, spent);
    }
}

/// What a search may cost, counted so that the same search ends at the same point everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Runs at most.
    pub runs: u64,
    /// Events of all runs together; the run that comes above it is the last.
    pub events: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { runs: 10_000, events: 12_000_000 }
    }
}

/// What a search has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Spent {
    /// Runs, that of the scenario as it was among them.
    pub runs: u64,
    /// Their events.
    pub events: u64,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Nothing that is tried makes it smaller.
    Smallest,
    /// The budget was spent.
    Budget,
    /// Whoever runs the plans stopped it.
    Stopped,
}

/// How large a counterexample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Size {
    /// Fault operations: what faults did until the violation. Every strike that hit somebody counts
    /// one, and its end (a restart, a heal) one more where it came before the run was over.
    pub fault_operations: u64,
    /// Tables `[[fault]]`.
    pub faults: u64,
    /// Nodes of the protocol's first role.
    pub servers: u64,
    /// Nodes of its other roles.
    pub clients: u64,
    /// Operations that applications called.
    pub operations: u64,
    /// The length of the run as written.
    pub duration_ns: u64,
    /// Events until the violation.
    pub events: u64,
}

impl Size {
    pub(crate) fn of(plan: &Plan, record: &Record) -> Size {
        let servers = plan.nodes.iter().filter(|node| node.role == 0).count() as u64;
        Size {
            fault_operations: record.strikes.iter().map(|strike| strike.operations()).sum(),
            faults: plan.faults.len() as u64,
            servers,
            clients: plan.nodes.len() as u64 - servers,
            operations: record.head.operations.called,
            duration_ns: plan.duration.0,
            events: record.head.events,
        }
    }
}

/// The smallest scenario found.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The file: an ordinary scenario that fails, with its story at the top.
    pub text: String,
    /// The story in sentences; empty where the last run was not traced.
    pub story: Vec<String>,
    /// What is violated, as the smallest scenario violates it.
    pub violation: Violation,
    /// The digest of the run at the start.
    pub digest: String,
    /// Its seed: that of the start, unless a smaller cluster needed another one.
    pub seed: u64,
    /// The size at the start.
    pub before: Size,
    /// The size of the smallest.
    pub after: Size,
    /// What it cost.
    pub spent: Spent,
    /// Why the search ended.
    pub ended: Ended,
}

/// Why there is nothing to make smaller.
#[derive(Clone, Debug)]
pub enum Refused {
    /// The run passes.
    Passes,
    /// It can not be judged, for these reasons.
    Inconclusive(Vec<String>),
    /// The text is no scenario, or what its swarm draws can not run.
    NoScenario(Report),
    /// It was stopped before its first run ended.
    Stopped,
}

/// Makes the counterexample that a seed of a scenario is smaller.
///
/// The scenario is taken with everything it builds on and what the command line changed, and of a
/// swarm the day that it draws for the seed. `catalog` has its protocol.
///
/// # Errors
/// Where the run does not fail there is nothing to make smaller; see [`Refused`].
pub fn shrink(
    loaded: &Loaded,
    seed: u64,
    catalog: &[Entry],
    budget: Budget,
    runner: &mut dyn Runner,
) -> Result<Shrunk, Refused> {
    let name = loaded.plan.scenario.as_str();
    let text = loaded.spelled_out(seed).map_err(Refused::NoScenario)?;
    let start = load_text(text.as_bytes(), &Request::of(name), catalog);
    let start = start.map_err(Refused::NoScenario)?;
    let record = runner.run(&start.plan).ok_or(Refused::Stopped)?;
    let Some(violation) = record.head.violations.first() else {
        return Err(refused(&record));
    };
    let (draft, goal) = (Draft::new(&start.whole), Goal::of(violation));
    let (before, digest) = (Size::of(&start.plan, &record), record.head.digest.clone());
    let mut bench = Bench::new((name, catalog), &start, (draft, record), goal, (budget, runner));
    bench.tell();
    search(&mut bench);
    let traced = bench.trace();
    let story = traced.as_ref().map(|record| story::tell(record, bench.violation()));
    let story = story.unwrap_or_default();
    let from = file::Origin { scenario: name, seed };
    Ok(Shrunk {
        text: file::write(&bench, &from, &story, before),
        story,
        violation: bench.violation().clone(),
        digest,
        seed: bench.best.plan.seed,
        before,
        after: bench.size(),
        spent: bench.spent,
        ended: bench.ended.unwrap_or(Ended::Smallest),
    })
}

fn refused(record: &Record) -> Refused {
    if record.head.verdict == Judgement::Pass {
        return Refused::Passes;
    }
    let unjudged = record.head.expectations.iter().filter(|measured| measured.holds.is_none());
    Refused::Inconclusive(unjudged.map(|one| format!("{}: {}", one.expect, one.measured)).collect())
}

/// Rounds of all passes at most; three or four are usual.
const MOST_ROUNDS: u32 = 32;

/// All passes, again and again: what one of them takes away lets others take away more.
///
/// What was measured, and not seen to be wrong (a latency, a count), depends on what is asked of the
/// cluster and for how long: without any operation no throughput is reached. There the cluster, the
/// workload and the length of the run stay what they are.
fn search(bench: &mut Bench<'_>) {
    let is_measured = bench.goal.kind == ViolationKind::Expectation;
    world::only_what_failed(bench);
    if !is_measured {
        world::cut(bench);
    }
    faults::families(bench);
    faults::fewer(bench);
    faults::unroll(bench);
    // Two passes may undo each other's work; then nothing new is left.
    let mut seen = Vec::new();
    for _ in 0..MOST_ROUNDS {
        seen.push(bench.best.draft.clone());
        faults::fewer(bench);
        faults::fused(bench);
        faults::shorter(bench);
        if !is_measured {
            world::cut(bench);
        }
        world::usual(bench);
        if !is_measured {
            cluster::smaller(bench);
            workload::less(bench);
        }
        faults::together(bench);
        faults::simpler(bench);
        faults::numbers(bench);
        faults::pairs(bench);
        faults::other_draws(bench);
        times::rounder(bench);
        faults::in_order(bench);
        if !is_measured {
            world::cut(bench);
        }
        if seen.contains(&bench.best.draft) || bench.ended.is_some() {
            return;
        }
    }
    bench.ended = Some(Ended::Budget);
}

impl Loaded {
    /// The scenario of a seed as one text that stands alone: with everything it builds on, what the
    /// command line changed and the settings of its point, and of a swarm the day that it draws.
    ///
    /// # Errors
    /// As [`Loaded::plan_for`].
    pub fn spelled_out(&self, seed: u64) -> Result<String, Report> {
        if let Some(drawn) = self.drawn(seed) {
            return Ok(drawn?.text);
        }
        let draft = Draft::new(&self.whole).with(&["seed"], serde_json::json!(seed));
        Ok(draft.with(&["title"], serde_json::json!(self.plan.title)).text())
    }
}
