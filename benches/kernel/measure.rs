//! How time is taken: both sides in turn, so that the noise of the machine hits both, and the least
//! of several repetitions, because noise only ever adds.

use std::time::Duration;

use crate::clock::thread_time;
use crate::workloads::{Contest, Side};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Events of one run.
    pub(crate) events: u64,
    /// Times that each side is measured.
    pub(crate) repetitions: u32,
    /// A repetition runs until so much time has gone.
    pub(crate) at_least: Duration,
    /// Once so much time has gone in all, a few repetitions are enough.
    pub(crate) enough: Duration,
}

impl Effort {
    /// What is published.
    pub(crate) const FULL: Effort = Effort {
        events: 1_000_000,
        repetitions: 7,
        at_least: Duration::from_millis(100),
        enough: Duration::from_secs(4),
    };
    /// For a first look.
    pub(crate) const QUICK: Effort = Effort {
        events: 200_000,
        repetitions: 3,
        at_least: Duration::from_millis(30),
        enough: Duration::from_secs(1),
    };
    /// Enough events for both sides to agree on their number.
    pub(crate) const SMOKE: Effort = Effort {
        events: 100_000,
        repetitions: 1,
        at_least: Duration::ZERO,
        enough: Duration::ZERO,
    };
}

/// Repetitions that are made in any case, where more are asked for.
const FEW: u32 = 3;

/// Nanoseconds per unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) engine: f64,
    pub(crate) baseline: Option<f64>,
}

/// Measures both sides of a contest.
///
/// # Panics
/// When the sides differ by more than 1 % in what they did: they would not be comparable.
pub(crate) fn cost(contest: &Contest, effort: &Effort) -> Cost {
    let (warm, bare) = ((contest.engine)(), contest.baseline.as_ref().map(|side| side()));
    if let Some(bare) = bare {
        let (engine, baseline) = (warm.events, bare.events);
        assert!(
            engine.abs_diff(baseline) * 100 <= engine.max(baseline),
            "not comparable: {engine} events of the engine, {baseline} of the baseline"
        );
    }
    let mut least = Cost { engine: f64::INFINITY, baseline: bare.map(|_| f64::INFINITY) };
    let start = thread_time();
    for repetition in 0..effort.repetitions {
        if repetition >= FEW && thread_time() - start >= effort.enough {
            break;
        }
        least.engine = least.engine.min(once(&contest.engine, effort.at_least));
        if let (Some(side), Some(cost)) = (&contest.baseline, &mut least.baseline) {
            *cost = cost.min(once(side, effort.at_least));
        }
    }
    least
}

/// One repetition: nanoseconds per unit.
fn once(side: &Side, at_least: Duration) -> f64 {
    let (mut units, start) = (0, thread_time());
    loop {
        units += side().units;
        let took = thread_time() - start;
        if took >= at_least {
            return took.as_nanos() as f64 / units as f64;
        }
    }
}
