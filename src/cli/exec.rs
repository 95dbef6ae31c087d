//! Running a plan on this thread: a protocol's panic is a finding, ours is a bug report.

use std::borrow::Cow;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use rehearsal_scenarios::{Drawn, Loaded, Report};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::divergence::Divergence;
use rehearsal_sim::plan::{Plan, Watch};
use rehearsal_sim::record::Record;

use super::{Failure, print, say};

thread_local! {
    /// The last panic of this thread, kept by the hook instead of being printed: most panics are
    /// those of a protocol under test and end up in the record.
    static LAST_PANIC: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// What is known of a panic.
#[derive(Clone, Debug)]
pub(super) struct Panic {
    /// The line of code: `src/lock.rs:52:17`.
    pub(super) place: String,
    said: String,
}

/// Keeps panics silent until it is known whose they are.
pub(super) fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map_or_else(String::new, ToString::to_string);
            LAST_PANIC.set(Some(Panic { place, said: info.to_string() }));
        }));
    });
}

/// The last panic of this thread.
pub(super) fn last_panic() -> Option<Panic> {
    LAST_PANIC.take()
}

/// The plan that runs with a seed: the scenario's own, or what its swarm draws.
pub(super) fn plan(loaded: &Loaded, seed: u64) -> Result<Cow<'_, Plan>, Failure> {
    loaded.plan_for(seed).map_err(|report| undrawable(seed, &report))
}

/// What a scenario's swarm draws for a seed, if it has one.
pub(super) fn drawn(loaded: &Loaded, seed: u64) -> Result<Option<Drawn>, Failure> {
    loaded.drawn(seed).transpose().map_err(|report| undrawable(seed, &report))
}

/// Drawn plans can be run, unless what the scenario says itself stands in the way.
fn undrawable(seed: u64, report: &Report) -> Failure {
    let text = report.render(true);
    Failure::Diagnosed(format!("{}\n(in what the swarm draws for seed {seed})", text.trim_end()))
}

/// Runs a plan with a seed.
pub(super) fn run(entry: &Entry, plan: &Plan, seed: u64, watch: &Watch) -> Result<Record, Failure> {
    caught(plan, seed, || (entry.run)(plan, seed, watch))
}

/// Runs a plan with a seed twice at once; the inner error is where the two differ.
pub(super) fn twins(
    entry: &Entry,
    plan: &Plan,
    seed: u64,
    watch: &Watch,
) -> Result<Result<Record, Box<Divergence>>, Failure> {
    caught(plan, seed, || (entry.twins)(plan, seed, watch))
}

/// A panic that gets here is ours.
fn caught<R>(plan: &Plan, seed: u64, run: impl FnOnce() -> R) -> Result<R, Failure> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        let said = own_panic();
        Failure::OwnPanic(format!("{said}\n(while running {} with seed {seed})", plan.scenario))
    })
}

/// What our own last panic said, and where.
pub(super) fn own_panic() -> String {
    last_panic().map_or_else(|| "a panic without a message".to_owned(), |panic| panic.said)
}

/// Tells that the simulator itself is wrong.
pub(super) fn print_own_panic(message: &str) {
    let (red, cyan, plain) = (print::RED, print::CYAN, print::PLAIN);
    say::err(&format!(
        "{red}error{plain}: rehearsal itself panicked; this is a bug in rehearsal\n\
         {message}\n\
         {cyan}help{plain}: please report it with the command line, the scenario and the seed\n"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    #[test]
    fn a_panic_of_ours_is_kept_and_exits_with_101() {
        install_panic_hook();
        let caught = catch_unwind(|| panic!("a broken identity")).map_err(|_| {
            let message = own_panic();
            assert!(message.contains("a broken identity"), "{message}");
            Failure::OwnPanic(message)
        });
        // Other tests want to be heard when they fail.
        let _ = std::panic::take_hook();
        assert_eq!(caught.unwrap_err().print() as u8, 101);
        assert_eq!(Exit::OwnPanic as u8, 101);
    }
}
