//! Laws are judged against formulas that share nothing with how their tables are built.

mod accuracy;
mod distribution;
mod golden;
mod keys;
mod measured;
mod oracle;
mod random;
mod spec;

use super::*;

fn exponential(mean: u64) -> Law {
    Law::Exponential { mean: Span(mean) }
}

fn lognormal(median: u64, p99: u64) -> Law {
    Law::Lognormal { median: Span(median), p99: Span(p99) }
}

fn normal(mean: u64, sd: u64) -> Law {
    Law::Normal { mean: Span(mean), sd: Span(sd) }
}

fn pareto(shortest: u64, exponent: f64) -> Law {
    Law::Pareto { shortest: Span(shortest), exponent }
}

fn weibull(scale: u64, shape: f64) -> Law {
    Law::Weibull { scale: Span(scale), shape }
}

fn chance(p: f64) -> Chance {
    Chance::from_f64(p).unwrap()
}

fn mixture(parts: impl IntoIterator<Item = (f64, Law)>) -> Law {
    let part = |(share, law)| Part { share: chance(share), law };
    Law::Mixture(parts.into_iter().map(part).collect())
}

fn empirical(rows: &[(f64, u64)]) -> Law {
    let row = |(up_to, span): &(f64, u64)| Quantile { up_to: chance(*up_to), span: Span(*span) };
    Law::Empirical(rows.iter().map(row).collect())
}

fn samples(spans: &[u64]) -> Law {
    Law::Samples(spans.iter().copied().map(Span).collect())
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
