//! Running a plan on this thread: a protocol's panic is a finding, ours is a bug report.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::plan::{Plan, Watch};
use rehearsal_sim::record::Record;

use super::Failure;

thread_local! {
    /// The last panic of this thread, kept by the hook instead of being printed: most panics are
    /// those of a protocol under test and end up in the record.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics silent until it is known whose they are.
pub(super) fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            LAST_PANIC.with_borrow_mut(|last| *last = Some(info.to_string()));
        }));
    });
}

/// What the last panic of this thread said, and where.
pub(super) fn last_panic() -> Option<String> {
    LAST_PANIC.with_borrow_mut(Option::take)
}

/// Runs a plan with a seed.
pub(super) fn run(entry: &Entry, plan: &Plan, seed: u64, watch: &Watch) -> Result<Record, Failure> {
    catch_unwind(AssertUnwindSafe(|| (entry.run)(plan, seed, watch))).map_err(|_| {
        let said = last_panic().unwrap_or_else(|| "a panic without a message".to_owned());
        Failure::OwnPanic(format!("{said}\n(while running {} with seed {seed})", plan.scenario))
    })
}

/// Tells that the simulator itself is wrong.
pub(super) fn print_own_panic(message: Option<&str>) {
    let (red, plain) = (super::print::RED, super::print::PLAIN);
    anstream::eprintln!("{red}error{plain}: rehearsal itself panicked; this is a bug in rehearsal");
    anstream::eprintln!("{}", message.unwrap_or("no message was left"));
    anstream::eprintln!("help: please report it with the command line, the scenario and the seed");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    #[test]
    fn a_panic_of_ours_is_kept_and_exits_with_101() {
        install_panic_hook();
        let caught = catch_unwind(|| panic!("a broken identity")).map_err(|_| {
            let message = last_panic().expect("the hook keeps the message");
            assert!(message.contains("a broken identity"), "{message}");
            Failure::OwnPanic(message)
        });
        assert_eq!(caught.unwrap_err().print() as u8, 101);
        assert_eq!(Exit::OwnPanic as u8, 101);
    }
}
