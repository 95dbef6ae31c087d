//! All runs of a sweep, on all cores: threads take the next seed, rows are kept as they come and
//! folded in the order of the seeds.
//!
//! No seed is begun that lies more than a window beyond the first unfinished one, so that one slow
//! seed does not let the rows behind it pile up.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rehearsal_scenarios::Loaded;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::Judgement;

use super::REPEAT;
use super::journal::{self, Journal, Place};
use super::row::Row;
use super::tally::Tally;
use crate::cli::progress::Seeds;
use crate::cli::{Failure, exec, run, twice};

/// Rows of trace that are compared when a seed is repeated.
const REPEAT_ROWS: usize = 100_000;
/// Seeds that may be finished before an earlier one is.
const WINDOW: u64 = 4096;
/// How long a finished seed may wait for the disk.
const KEEP_EVERY: Duration = Duration::from_millis(200);

/// What is to be run.
pub(super) struct Campaign<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) seeds: Range<u64>,
    pub(super) jobs: usize,
    pub(super) check_budget: u64,
    pub(super) fail_fast: bool,
    pub(super) journal: Arc<Mutex<Journal>>,
    /// What an earlier sweep left.
    pub(super) known: BTreeMap<u64, Place>,
}

/// What came of it.
pub(super) struct Outcome {
    pub(super) tally: Tally,
    /// Where the rows of the seeds stand that did not pass.
    pub(super) odd: BTreeMap<u64, Place>,
}

/// Which seeds are next; shared by the threads.
struct Desk {
    next: u64,
    /// The first seed that is not folded yet.
    frontier: u64,
    stopped: bool,
}

/// A finished seed: its row and that as a line.
type Finished = Result<(Row, String), Failure>;

/// Whether the rule says to run this seed twice.
pub(super) fn repeats(seed: u64, first: u64) -> bool {
    (seed - first).is_multiple_of(REPEAT)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Campaign<'_> {
    /// Runs what is not known yet, and folds everything.
    pub(super) fn go(&self) -> Result<Outcome, Failure> {
        let first = self.seeds.start;
        let desk = Mutex::new(Desk { next: first, frontier: first, stopped: false });
        let (moved, lowest) = (Condvar::new(), AtomicU64::new(u64::MAX));
        if self.fail_fast {
            let failed = self.known.iter().find(|(_, place)| place.verdict == Judgement::Fail);
            lowest.store(failed.map_or(u64::MAX, |(seed, _)| *seed), Ordering::Relaxed);
        }
        let (sender, receiver) = channel();
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                let sender = sender.clone();
                let (desk, moved, lowest) = (&desk, &moved, &lowest);
                let work = move || self.work(desk, moved, lowest, &sender);
                if let Err(error) = std::thread::Builder::new().spawn_scoped(scope, work) {
                    lock(desk).stopped = true;
                    moved.notify_all();
                    return Err(Failure::said(
                        format!("can not start {} threads: {error}", self.jobs),
                        "try a smaller --jobs",
                    ));
                }
            }
            drop(sender);
            let outcome = self.fold(&receiver, &desk, &moved);
            lock(&desk).stopped = true;
            moved.notify_all();
            // What is finished is kept, whatever went wrong, and so are seeds that threads are still
            // at: an interrupt finds the journal open between two of them.
            let kept = receiver
                .iter()
                .flatten()
                .try_for_each(|(row, text)| lock(&self.journal).append(&row, &text).map(drop));
            let kept = kept.and_then(|()| lock(&self.journal).keep());
            outcome.and_then(|outcome| kept.map(|()| outcome))
        })
    }

    /// One thread: takes seeds until there are no more.
    fn work(
        &self,
        desk: &Mutex<Desk>,
        moved: &Condvar,
        lowest: &AtomicU64,
        out: &Sender<Finished>,
    ) {
        while let Some(seed) = self.take(desk, moved, lowest) {
            // What is wrong with us must reach the fold, which waits for this seed.
            let finished = catch_unwind(AssertUnwindSafe(|| self.run(seed)))
                .unwrap_or_else(|_| Err(Failure::OwnPanic(exec::own_panic())));
            if self.fail_fast && matches!(&finished, Ok((row, _)) if row.verdict == Judgement::Fail)
            {
                lowest.fetch_min(seed, Ordering::Relaxed);
            }
            if out.send(finished).is_err() {
                return;
            }
        }
    }

    /// The next seed that nobody ran; waits while it is too far ahead. Seeds beyond one that failed
    /// are not begun with `--fail-fast`; those before it were all begun already.
    fn take(&self, desk: &Mutex<Desk>, moved: &Condvar, lowest: &AtomicU64) -> Option<u64> {
        let mut desk = lock(desk);
        loop {
            while self.known.contains_key(&desk.next) {
                desk.next += 1;
            }
            let seed = desk.next;
            let is_over = seed >= self.seeds.end || seed > lowest.load(Ordering::Relaxed);
            if desk.stopped || is_over {
                return None;
            }
            if seed - desk.frontier < WINDOW {
                desk.next += 1;
                return Some(seed);
            }
            desk = moved.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&self, seed: u64) -> Finished {
        let entry = &self.loaded.entry;
        let plan = exec::plan(self.loaded, seed)?;
        let repeated = repeats(seed, self.seeds.start);
        // A traced run is the same run, and shows the contents of what it compares.
        let trace_rows = if repeated { REPEAT_ROWS } else { 0 };
        let watch = Watch { trace_rows, check_budget: self.check_budget, ..Watch::QUIET };
        let mut record = exec::run(entry, &plan, seed, &watch)?;
        if repeated {
            let again = twice::again(entry, &plan, seed, &watch)?;
            run::compare(&mut record, &again);
        }
        let row = Row::of(record, repeated);
        let text = journal::text(&row);
        Ok((row, text))
    }

    /// Keeps rows as they come, and folds them in the order of the seeds.
    fn fold(
        &self,
        rows: &Receiver<Finished>,
        desk: &Mutex<Desk>,
        moved: &Condvar,
    ) -> Result<Outcome, Failure> {
        let mut outcome = Outcome { tally: Tally::default(), odd: BTreeMap::new() };
        let mut early: BTreeMap<u64, (Row, Place)> = BTreeMap::new();
        let mut seed = self.seeds.start;
        let known = self.known.len() as u64;
        let failed = self.known.values().filter(|place| place.verdict == Judgement::Fail);
        let failed = failed.count() as u64;
        let mut bar = Seeds::new(self.seeds.end - seed, known, failed);
        let mut keep_at = Instant::now() + KEEP_EVERY;
        while seed < self.seeds.end {
            let row = match self.known.get(&seed) {
                Some(place) => Some((lock(&self.journal).read(place)?, *place)),
                None => early.remove(&seed),
            };
            if let Some((row, place)) = row {
                let failed = row.verdict == Judgement::Fail;
                if row.verdict != Judgement::Pass {
                    outcome.odd.insert(seed, place);
                }
                outcome.tally.take(&row);
                seed += 1;
                lock(desk).frontier = seed;
                moved.notify_all();
                if failed && self.fail_fast {
                    break;
                }
            } else if let Some((row, text)) = self.wait(rows, &mut keep_at)? {
                let place = lock(&self.journal).append(&row, &text)?;
                bar.finished(row.verdict == Judgement::Fail);
                early.insert(row.seed, (row, place));
            }
            if Instant::now() >= keep_at {
                lock(&self.journal).keep()?;
                keep_at = Instant::now() + KEEP_EVERY;
                bar.show();
            }
        }
        Ok(outcome)
    }

    /// The next finished seed, `None` when none came before it is time for the disk.
    fn wait(
        &self,
        rows: &Receiver<Finished>,
        keep_at: &mut Instant,
    ) -> Result<Option<(Row, String)>, Failure> {
        match rows.recv_timeout(keep_at.saturating_duration_since(Instant::now())) {
            Ok(finished) => finished.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::OwnPanic(
                "a thread of the sweep ended before its seeds did".to_owned(),
            )),
        }
    }
}
