//! How far a long run is: a bar on stderr, where that is a terminal.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rehearsal_scenarios::shrink::Size;
use rehearsal_sim::plan::Plan;
use rehearsal_sim::time::{SimTime, Span};

use super::print;

/// Runs that are shorter than this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const SECOND: u64 = 1_000_000_000;

thread_local! {
    /// The bar of the run on this thread. The simulation tells it how far it is through a plain
    /// function, which is all it may know of the world outside.
    static BAR: RefCell<Option<Bar>> = const { RefCell::new(None) };
}

struct Bar {
    begun: Instant,
    length: Span,
    shown: Option<ProgressBar>,
}

/// A run on this thread that is worth watching, until this is dropped.
pub(super) struct Watched;

/// Gets ready to show how far a run is; gives back what [`Watch::progress`] takes.
///
/// [`Watch::progress`]: rehearsal_sim::plan::Watch::progress
pub(super) fn watched(plan: &Plan) -> (Watched, Option<fn(SimTime)>) {
    let is_seen = std::io::stderr().is_terminal();
    if is_seen {
        let bar = Bar { begun: Instant::now(), length: plan.duration, shown: None };
        BAR.set(Some(bar));
    }
    (Watched, is_seen.then_some(tell as fn(SimTime)))
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(Bar { shown: Some(bar), .. }) = BAR.take() {
            bar.finish_and_clear();
        }
    }
}

/// The simulation got this far.
fn tell(now: SimTime) {
    BAR.with_borrow_mut(|bar| {
        let Some(Bar { begun, length, shown }) = bar else { return };
        let took = begun.elapsed();
        if took < PATIENCE {
            return;
        }
        let shown =
            shown.get_or_insert_with(|| new_bar(length.0, "{bar:14} {percent:>3}% {wide_msg}"));
        shown.set_message(sentence(now, *length, took));
        shown.set_position(now.0);
    });
}

fn new_bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(4));
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A bar for many runs, which counts them.
pub(super) fn runs(count: u64) -> ProgressBar {
    new_bar(count, "{bar:14} {pos} of {len} runs, {eta} left")
}

/// `12.4s of 20s simulated, 3s left`.
fn sentence(now: SimTime, length: Span, took: Duration) -> String {
    let so_far = u128::from(now.0.max(1));
    let left = took.as_nanos() * u128::from(length.0.saturating_sub(now.0)) / so_far;
    let left = rest(left);
    // A long run is told in whole seconds, so that the line does not flicker.
    let shown = if length >= Span::secs(100) { now.0 / SECOND * SECOND } else { now.0 };
    format!("{} of {length} simulated, {left} left", print::rounded(shown))
}

/// What is left of a long time, in nanoseconds: `3s`, `34m`, `5h`.
fn rest(nanos: u128) -> String {
    let seconds = nanos.div_ceil(u128::from(SECOND));
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds.div_ceil(60)),
        _ => format!("{}h", seconds.div_ceil(3_600)),
    }
}

/// How far a sweep is: a bar on stderr, where that is a terminal.
pub(super) struct Seeds {
    bar: ProgressBar,
    begun: Instant,
    all: u64,
    known: u64,
    finished: u64,
    failed: u64,
}

impl Seeds {
    /// A bar for `all` seeds, of which some are known already and take no time; of those, `failed`
    /// did so.
    pub(super) fn new(all: u64, known: u64, failed: u64) -> Seeds {
        let bar = new_bar(all, "{bar:14} {percent:>3}% {wide_msg}");
        Seeds { bar, begun: Instant::now(), all, known, finished: 0, failed }
    }

    /// One more seed was run.
    pub(super) fn finished(&mut self, failed: bool) {
        self.finished += 1;
        self.failed += u64::from(failed);
    }

    /// Shows where the sweep is.
    pub(super) fn show(&self) {
        if !self.bar.is_hidden() {
            self.bar.set_position(self.known + self.finished);
            self.bar.set_message(self.sentence(self.begun.elapsed()));
        }
    }

    /// `120 of 1 000 seeds, 64.2/s, 2 failed, 14s left`.
    fn sentence(&self, took: Duration) -> String {
        let (done, took) = (self.known + self.finished, took.as_nanos().max(1));
        let tenths = u128::from(self.finished) * u128::from(10 * SECOND) / took;
        let rate = match tenths {
            0..1_000 => format!("{}.{}", tenths / 10, tenths % 10),
            _ => (tenths / 10).to_string(),
        };
        let open = u128::from(self.all.saturating_sub(done));
        let (all, failed) = (print::counted(self.all, "seed"), print::grouped(self.failed));
        let done = print::grouped(done);
        match u128::from(self.finished) {
            0 => format!("{done} of {all}, {failed} failed"),
            finished => {
                let left = rest(took.saturating_mul(open) / finished);
                format!("{done} of {all}, {rate}/s, {failed} failed, {left} left")
            }
        }
    }
}

/// How far a search for something smaller is: a line on stderr, where that is a terminal.
pub(super) struct Search(ProgressBar);

impl Search {
    /// A bar over the runs that the search may take.
    pub(super) fn new(runs: u64) -> Search {
        Search(new_bar(runs, "{bar:14} {pos} runs {wide_msg}"))
    }

    /// One more run is over.
    pub(super) fn ran(&self) {
        self.0.inc(1);
    }

    /// Something smaller was found.
    pub(super) fn found(&self, size: &Size) {
        if !self.0.is_hidden() {
            let operations = print::counted(size.fault_operations, "fault operation");
            let nodes = print::counted(size.servers + size.clients, "node");
            let length = Span(size.duration_ns);
            self.0.set_message(format!("{operations}, {nodes}, {length} left"));
        }
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Seeds {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rehearsal_scenarios::{Request, load_text};
    use rehearsal_sim::plan::Watch;

    use super::*;

    #[test]
    fn what_is_left_is_estimated() {
        let at = |seconds: u64| SimTime(seconds * 1_000_000_000);
        let took = Duration::from_secs(2);
        assert_eq!(sentence(at(5), Span::secs(20), took), "5s of 20s simulated, 6s left");
        assert_eq!(sentence(at(1), Span::secs(1000), took), "1s of 1000s simulated, 34m left");
        assert_eq!(sentence(at(20), Span::secs(20), took), "20s of 20s simulated, 0s left");
        sentence(at(0), Span::secs(u64::MAX / 1_000_000_000), took);
    }

    #[test]
    fn a_sweep_tells_how_far_it_is() {
        let mut seeds = Seeds::new(1_000, 100, 1);
        assert_eq!(seeds.sentence(Duration::ZERO), "100 of 1 000 seeds, 1 failed");
        (0..20).for_each(|seed| seeds.finished(seed < 2));
        assert_eq!(
            seeds.sentence(Duration::from_secs(2)),
            "120 of 1 000 seeds, 10.0/s, 3 failed, 88s left"
        );
    }

    #[test]
    fn watching_changes_nothing() {
        thread_local! { static TOLD: Cell<u64> = const { Cell::new(0) } }
        let text = "protocol = \"ping\"\nduration = \"2m\"\n[workload]\nrate = \"500/s\"\n\
                    [[expect]]\nlinearizable = true\n";
        let catalog = rehearsal_protocols::catalog::CATALOG;
        let loaded = load_text(text.as_bytes(), &Request::of("watched"), catalog)
            .unwrap_or_else(|report| panic!("{}", report.render(false)));
        let tell: fn(SimTime) = |now| {
            TOLD.with(|told| {
                assert!(now.0 > told.get(), "time runs forward");
                told.set(now.0);
            });
        };
        let quiet = (loaded.entry.run)(&loaded.plan, 7, &Watch::QUIET);
        let watch = Watch { progress: Some(tell), ..Watch::QUIET };
        assert_eq!((loaded.entry.run)(&loaded.plan, 7, &watch), quiet);
        assert!(TOLD.get() > 0);
    }
}
