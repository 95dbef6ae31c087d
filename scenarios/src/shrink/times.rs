//! Rounder times: `4.8372s` becomes `4.8s`, or `5s`.

use serde_json::Value;

use super::bench::Bench;
use super::draft::{Draft, span, written};

/// What times are rounded to, from the coarsest on.
pub(super) const UNITS: [u64; 14] = [
    5_000_000_000,
    1_000_000_000,
    500_000_000,
    100_000_000,
    50_000_000,
    10_000_000,
    5_000_000,
    1_000_000,
    500_000,
    100_000,
    50_000,
    10_000,
    1_000,
    100,
];
/// No time is moved by more than one part in so many.
const MOST_MOVED: u64 = 4;
/// The keys of faults that are times.
const KEYS: [&str; 3] = ["at", "for", "restart_after"];

/// Every time of the faults, of the workload and of the run.
pub(super) fn rounder(bench: &mut Bench<'_>) {
    for place in 0..bench.best.draft.faults().len() {
        for key in KEYS {
            let read = |draft: &Draft| draft.faults().get(place)?.get(key).and_then(span);
            let write = |draft: &Draft, value: Value| {
                let mut fault = draft.faults()[place].clone();
                fault.insert(key.to_owned(), value);
                draft.with_fault(place, fault)
            };
            round(bench, read, write);
        }
    }
    for path in [&["workload", "start"][..], &["workload", "stop"]] {
        if bench.best.draft.span(path).is_some_and(|at| at >= bench.best.plan.duration) {
            bench.attempt_without(path);
        }
        round(bench, |draft| draft.span(path), |draft, value| draft.with(path, value));
    }
}

/// The coarsest unit that still fails, the nearest multiple first.
fn round(
    bench: &mut Bench<'_>,
    read: impl Fn(&Draft) -> Option<rehearsal_sim::time::Span>,
    write: impl Fn(&Draft, Value) -> Draft,
) {
    let Some(now) = read(&bench.best.draft).map(|span| span.0) else { return };
    for unit in UNITS.into_iter().filter(|unit| !now.is_multiple_of(*unit)) {
        let below = now / unit * unit;
        let above = below.saturating_add(unit);
        let near = if now - below <= above - now { [below, above] } else { [above, below] };
        let is_near = |rounded: &u64| *rounded > 0 && rounded.abs_diff(now) <= now / MOST_MOVED;
        for rounded in near.into_iter().filter(is_near) {
            let draft = write(&bench.best.draft, written(rounded));
            if bench.attempt(&draft) {
                return;
            }
        }
    }
}
