//! Property tests over scenarios and seeds, for `#[test]` functions.

use std::fmt::Write as _;

use rehearsal_scenarios::shrink::{Budget, Refused, Runner, Shrunk};
use rehearsal_scenarios::{Loaded, Request, Variants, load_all, load_all_text, load_text};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Plan, Watch};
use rehearsal_sim::record::{Head, Judgement, Record, ViolationKind};

use crate::cli::{options, print, run, twice};

/// What a search for something smaller may cost where a test has failed: little, as proptest calls
/// what fails again and again.
pub(crate) const BUDGET: Budget = Budget { runs: 300, events: 300_000 };
/// One seed in this many is run twice and compared, as in `sweep`.
const REPEAT: usize = 20;
/// Rows of trace that are compared then.
const REPEAT_ROWS: usize = 100_000;

/// Rehearses a scenario, given as text, with every seed: its properties and expectations hold, or
/// the test that calls this fails.
///
/// A scenario with a matrix is rehearsed at every point.
///
/// A text that a test wrote itself, or that proptest drew, is as good as one from `include_str!`.
///
/// ```
/// let scenario = r#"
///     title = "Clients are answered over a bad network"
///     protocol = "ping"
///     duration = "2s"
///
///     [network]
///     loss = 0.1
///
///     [workload]
///     rate = "50/s"
///
///     [[expect]]
///     linearizable = true
/// "#;
/// rehearsal::check(scenario, 0..10, rehearsal::protocols::catalog::CATALOG);
/// ```
///
/// # Panics
/// With the first seed that fails: what was violated, the last steps before it, the smallest scenario
/// that was found to fail the same, the scenario and how to run it again. A property that can not be
/// judged fails as well, and so do a text that is no scenario, and no seeds at all.
#[track_caller]
pub fn check(scenario: &str, seeds: impl IntoIterator<Item = u64>, catalog: &[Entry]) {
    if let Err(failure) = judge(scenario, seeds, catalog, Some(BUDGET)) {
        panic!("{failure}");
    }
}

/// The same as a `Result`: for properties that end with `?`, and for tests that a planted bug *is*
/// caught. It does not look for anything smaller, as whoever draws scenarios, like proptest, makes
/// them smaller itself and asks many times.
///
/// # Errors
/// What [`check`] panics with.
pub fn try_check(
    scenario: &str,
    seeds: impl IntoIterator<Item = u64>,
    catalog: &[Entry],
) -> Result<(), String> {
    judge(scenario, seeds, catalog, None)
}

/// Makes what a seed of a scenario, given as text, violates smaller: the smallest scenario found that
/// violates the same property, as a text with its story at the top.
///
/// ```
/// use rehearsal::scenarios::shrink::Budget;
///
/// let scenario = r#"
///     protocol = "ping"
///     bug = "stale-answer"
///     duration = "2s"
///
///     [network]
///     loss = 0.1
///
///     [workload]
///     rate = "50/s"
/// "#;
/// let catalog = rehearsal::protocols::catalog::CATALOG;
/// let small = rehearsal::shrink(scenario, 7, catalog, Budget::default()).expect("seed 7 fails");
/// assert_eq!(small.violation.property, "answers_match");
/// assert!(small.after.clients < small.before.clients);
/// ```
///
/// # Errors
/// Where the run does not fail there is nothing to make smaller; see [`Refused`].
pub fn shrink(
    scenario: &str,
    seed: u64,
    catalog: &[Entry],
    budget: Budget,
) -> Result<Shrunk, Refused> {
    let request = Request::of("the scenario");
    let loaded = load_text(scenario.as_bytes(), &request, catalog).map_err(Refused::NoScenario)?;
    shrink_loaded(&loaded, seed, catalog, budget)
}

/// Runs plans as they come.
struct Plain(Entry);

impl Runner for Plain {
    fn run(&mut self, plan: &Plan) -> Option<Record> {
        Some((self.0.run)(plan, plan.seed, &Watch::QUIET))
    }

    fn trace(&mut self, plan: &Plan) -> Option<Record> {
        Some((self.0.run)(plan, plan.seed, &Watch::TRACED))
    }
}

/// The same for a scenario that was loaded: bundled, changed, one point of a matrix.
///
/// # Errors
/// As [`shrink`].
pub fn shrink_loaded(
    loaded: &Loaded,
    seed: u64,
    catalog: &[Entry],
    budget: Budget,
) -> Result<Shrunk, Refused> {
    rehearsal_scenarios::shrink::shrink(loaded, seed, catalog, budget, &mut Plain(loaded.entry))
}

/// The smallest scenario that fails the same, as a part of what is told of a failure; nothing where
/// there is none.
fn smaller(loaded: &Loaded, head: &Head, search: Search<'_>) -> String {
    let Some((catalog, budget)) = search else { return String::new() };
    match shrink_loaded(loaded, head.seed, catalog, budget) {
        Ok(small) => format!("\nthe smallest scenario found that fails so:\n\n{}", small.text),
        Err(_) => String::new(),
    }
}

/// Whether and how something smaller is looked for.
type Search<'a> = Option<(&'a [Entry], Budget)>;

fn judge(
    scenario: &str,
    seeds: impl IntoIterator<Item = u64>,
    catalog: &[Entry],
    budget: Option<Budget>,
) -> Result<(), String> {
    let request = Request::of("the scenario below");
    let variants = load_all_text(scenario.as_bytes(), &request, catalog)
        .map_err(|report| format!("this is no scenario:\n{report}"))?;
    let search = budget.map(|budget| (catalog, budget));
    rehearse_all(&variants, seeds, "FILE", search).map_err(|failure| {
        format!("{failure}where FILE has this text:\n\n{}\n", scenario.trim_end())
    })
}

/// Rehearses a scenario that is a file (its path is seen from the folder of the crate under test) or
/// built in (`raft/leader-crash`) with every seed.
///
/// # Panics
/// As [`check`] does.
#[track_caller]
pub fn check_file(source: &str, seeds: impl IntoIterator<Item = u64>, catalog: &[Entry]) {
    let result = load_all(&Request::of(source), catalog)
        .map_err(|report| format!("{source} is no scenario:\n{report}"))
        .and_then(|variants| {
            rehearse_all(&variants, seeds, &options::file(source), Some((catalog, BUDGET)))
        });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// The first property that a scenario violates with a seed, or that could not be judged; `None` if
/// everything holds.
#[cfg(feature = "prop")]
pub(crate) fn violated(
    scenario: &str,
    seed: u64,
    catalog: &[Entry],
) -> Result<Option<String>, String> {
    let loaded = load_text(scenario.as_bytes(), &Request::of("the day below"), catalog)
        .map_err(|report| format!("this is no scenario:\n{report}"))?;
    let plan = loaded.plan_for(seed).map_err(|report| report.to_string())?;
    let head = (loaded.entry.run)(&plan, seed, &Watch::QUIET).head;
    if head.verdict == Judgement::Pass {
        return Ok(None);
    }
    let unjudged = || {
        let unjudged = head.expectations.iter().find(|measured| measured.holds.is_none());
        unjudged.map_or_else(|| "unjudged".to_owned(), |measured| measured.expect.clone())
    };
    Ok(Some(head.violations.first().map_or_else(unjudged, |one| one.property.clone())))
}

/// Rehearses a scenario with the seed that it names.
#[cfg(feature = "prop")]
pub(crate) fn try_check_own_seed(scenario: &str, catalog: &[Entry]) -> Result<(), String> {
    let loaded = load_text(scenario.as_bytes(), &Request::of("the day below"), catalog)
        .map_err(|report| format!("this is no scenario:\n{report}"))?;
    try_check(scenario, [loaded.plan.seed], catalog)
}

/// Every point of the scenario's matrix, or the scenario itself where it has none.
fn rehearse_all(
    variants: &Variants,
    seeds: impl IntoIterator<Item = u64>,
    file: &str,
    search: Search<'_>,
) -> Result<(), String> {
    if let [only] = variants.points.as_slice() {
        return rehearse(only, seeds, file, search);
    }
    let seeds: Vec<u64> = seeds.into_iter().collect();
    let mut points = variants.points.iter();
    points.try_for_each(|loaded| rehearse(loaded, seeds.iter().copied(), file, search))
}

fn rehearse(
    loaded: &Loaded,
    seeds: impl IntoIterator<Item = u64>,
    file: &str,
    search: Search<'_>,
) -> Result<(), String> {
    let mut count = 0;
    for seed in seeds {
        count += 1;
        let plan = loaded.plan_for(seed);
        let plan =
            plan.map_err(|report| format!("what seed {seed} draws can not run:\n{report}"))?;
        let run = |watch: &Watch| (loaded.entry.run)(&plan, seed, watch);
        let repeats = count % REPEAT == 0;
        let trace_rows = if repeats { REPEAT_ROWS } else { 0 };
        let watch = Watch { trace_rows, ..Watch::QUIET };
        let mut record = run(&watch);
        if repeats {
            run::compare(&mut record, &twice::elsewhere(|| run(&watch)));
        }
        if record.head.verdict != Judgement::Pass {
            // Once more, to see the last steps.
            let (told, reproduce) = failure(loaded, &record.head, &run(&Watch::TRACED), file);
            return Err(told + &smaller(loaded, &record.head, search) + &reproduce);
        }
    }
    if count == 0 { Err("there are no seeds to rehearse with".to_owned()) } else { Ok(()) }
}

/// What is told of a run that did not pass, and how it is run again.
fn failure(loaded: &Loaded, head: &Head, traced: &Record, file: &str) -> (String, String) {
    let mut text = format!("{} (seed {})\n", head.title, head.seed);
    text += &print::violations(traced, &head.violations, None);
    if head.violations.is_empty() {
        for measured in head.expectations.iter().filter(|measured| measured.holds.is_none()) {
            writeln!(text, "\nunjudged: {}\n  what:     {}", measured.expect, measured.measured)
                .expect("a string takes text");
        }
    }
    let is_random = |kind| kind == ViolationKind::Nondeterminism;
    let twice = if head.violations.iter().any(|one| is_random(one.kind)) { " --twice" } else { "" };
    let seed = head.seed;
    let point = loaded.point.as_ref().map(|point| format!(" --point {}", point.number));
    let point = point.unwrap_or_default();
    let reproduce = format!("\nreproduce: cargo run -- run {file} --seed {seed}{point}{twice}\n");
    (anstream::adapter::strip_str(&text).to_string(), reproduce)
}

#[cfg(test)]
mod tests {
    use rehearsal_protocols::catalog::CATALOG;

    use super::*;

    const PING: &str = "title = \"Ping\"\nprotocol = \"ping\"\nduration = \"1s\"\n\n\
                        [workload]\nrate = \"50/s\"\n\n[[expect]]\nanswers_match = true\n";

    #[test]
    fn what_holds_is_silent() {
        check(PING, 0..21, CATALOG);
        check(PING, [7], CATALOG);
    }

    #[test]
    fn a_failure_tells_what_when_and_how_to_see_it_again() {
        let text = PING.replacen("duration", "bug = \"stale-answer\"\nduration", 1);
        let said = try_check(&text, 3..9, CATALOG).unwrap_err();
        assert!(said.starts_with("Ping (seed 3)\n\nviolated: answers_match\n"), "{said}");
        assert!(said.contains("\n  the last steps before it:\n"), "{said}");
        let ending = format!(
            "\nreproduce: cargo run -- run FILE --seed 3\nwhere FILE has this text:\n\n{text}"
        );
        assert!(said.ends_with(&ending), "{said}");
        assert!(!said.contains('\x1b'), "{said}");
    }

    #[test]
    fn every_point_of_a_matrix_is_rehearsed() {
        let text = format!("{PING}\n[matrix]\nbug = [[], \"stale-answer\"]\n");
        let said = try_check(&text, 3..9, CATALOG).unwrap_err();
        assert!(said.starts_with("Ping (bug = stale-answer) (seed 3)\n"), "{said}");
        let line = "\nreproduce: cargo run -- run FILE --seed 3 --point 2\n";
        assert!(said.contains(line), "{said}");
        check(&text.replace("\"stale-answer\"", "[]").replace("[[], []]", "[[]]"), 3..9, CATALOG);
    }

    #[test]
    fn what_can_not_be_judged_fails() {
        let text = "title = \"Ping\"\nprotocol = \"ping\"\nduration = \"1s\"\n\
                    bug = \"stale-answer\"\n\n[[expect]]\nviolates = \"answers_match\"\n";
        let said = try_check(text, 0..1, CATALOG).unwrap_err();
        assert!(said.contains("\nunjudged: violates = \"answers_match\"\n"), "{said}");
        assert!(said.contains("  what:     "), "{said}");
        assert!(!said.contains("violated:"), "{said}");
    }

    #[test]
    fn nothing_passes_unseen() {
        assert!(try_check(PING, 0..0, CATALOG).unwrap_err().contains("no seeds"));
        let wrong = try_check("protocol = \"pong\"\n", 0..1, CATALOG).unwrap_err();
        assert!(wrong.starts_with("this is no scenario:\nerror: "), "{wrong}");
        assert!(wrong.contains("pong") && wrong.contains("^^^^"), "{wrong}");
    }

    #[test]
    #[should_panic(expected = "nowhere.toml is no scenario:\nerror: ")]
    fn a_file_that_is_not_there_is_told() {
        check_file("nowhere.toml", 0..1, CATALOG);
    }
}
