//! Laws are judged against formulas that share nothing with how their tables are built.

mod accuracy;
mod golden;
mod keys;
mod spec;

use super::*;

fn exponential(mean: u64) -> Law {
    Law::Exponential { mean: Span(mean) }
}

fn lognormal(median: u64, p99: u64) -> Law {
    Law::Lognormal { median: Span(median), p99: Span(p99) }
}

/// The uniform number that stands for the probability `p`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the cast saturates
fn bits(p: f64) -> u64 {
    (p * 18_446_744_073_709_551_616.0) as u64
}

/// One plan serves the runs of all threads.
const fn is_shared<T: Clone + fmt::Debug + Send + Sync>() {}
const _: () = {
    is_shared::<Sampler>();
    is_shared::<KeySampler>();
};
