//! The first failures of a sweep, made smaller.

use std::path::Path;

use rehearsal_scenarios::Loaded;
use rehearsal_scenarios::shrink::Budget;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::record::{Judgement, ViolationKind};

use super::summary::{Outcome, Summary};
use crate::cli::results::run_line;
use crate::cli::shrink::{Bench, put};
use crate::cli::{Failure, exec};

/// How many failures are made smaller.
const FIRST: usize = 3;
/// What each of them may cost: a second or so.
const BUDGET: Budget = Budget { runs: 1_000, events: 2_000_000 };

/// Looks for the smallest scenarios that fail like the first failures, and puts them into the folder
/// of the sweep. What is found depends on the failures alone, as the budget counts runs and events.
pub(super) fn look_for(
    summary: &mut Summary,
    loaded: &Loaded,
    catalog: &[Entry],
    check_budget: u64,
    folder: &Path,
) -> Result<(), Failure> {
    let failed = summary.failures.iter_mut().filter(|outcome| is_worth_it(outcome));
    for outcome in failed.take(FIRST) {
        let seed = outcome.head.seed;
        let mut bench = Bench::new(loaded, check_budget, BUDGET, None);
        let found = bench.search(loaded, seed, catalog, BUDGET)?;
        let Ok(shrunk) = found else { continue };
        let file = folder.join(format!("minimal-{seed}.toml"));
        // Where nothing can be written, the sweep says so when it writes its own results.
        if put(&file, &shrunk.text).is_ok() {
            outcome.minimal = Some(run_line(&file));
        }
    }
    // Panics of candidates are not those of the sweep.
    exec::last_panic();
    Ok(())
}

/// Runs that differ from themselves have nothing to keep to.
fn is_worth_it(outcome: &Outcome) -> bool {
    let is_random = |kind| kind == ViolationKind::Nondeterminism;
    outcome.head.verdict == Judgement::Fail
        && !outcome.head.violations.iter().any(|one| is_random(one.kind))
}
