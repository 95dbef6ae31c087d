//! Probability laws: how long things take ([`Law`]) and which key is asked for ([`KeyLaw`]).
//!
//! A law is what a scenario says. Compiled once per plan it becomes a [`Sampler`] or a
//! [`KeySampler`], which turns one uniform 64-bit number into a whole number of nanoseconds or into
//! a key, with integers alone. The tables behind it are built with `libm`, whose results are the
//! same on every machine: identical integers everywhere.
//!
//! What the tables promise, and the tests hold: quantiles are within 0.1 % (or a nanosecond)
//! from 10^-6 to 1 - 10^-6, means within 0.01 %; a draw never falls as its uniform number grows;
//! beyond a probability of 2^-45 on either side (one draw in 35 million million) a draw saturates.
//!
//! Where a law can not keep that, it says so: a normal law is within 0.15 % of its standard
//! deviation where it is cut at zero; a Pareto law goes on to 2^-64 and to 146 years, and has its
//! mean within 0.01 % from an exponent of 1.5 on; a mixture keeps every promise part by part, so
//! that a draw may fall where one part ends and the next begins.

mod check;
mod compound;
mod cumulative;
mod deviate;
mod keys;
mod sampler;
mod spec;
mod table;
mod tail;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::random::Chance;
use crate::time::{Span, SpanRange};

pub use keys::{KeyLaw, KeySampler};
pub use sampler::Sampler;

use compound::{Compound, Mixture, Quantiles, Samples};
use sampler::Shape;

/// How long something takes: a span drawn anew each time.
///
/// In a scenario it is a duration or a range in one string, or a table of one key:
///
/// ```toml
/// latency = "2ms"                                             # or { constant = "2ms" }
/// latency = "1ms..10ms"                                       # or { uniform = { from = "1ms", to = "10ms" } }
/// latency = { exponential = { mean = "5ms" } }
/// latency = { lognormal = { median = "1ms", p99 = "8ms" } }
/// latency = { normal = { mean = "5ms", sd = "1ms" } }
/// latency = { pareto = { shortest = "1ms", exponent = 1.5 } }
/// latency = { weibull = { scale = "5ms", shape = 0.7 } }
/// latency = { mixture = [{ share = 0.9, law = "1ms..2ms" }, { share = 0.1, law = "40ms" }] }
/// latency = { empirical = [[0.5, "1ms"], [0.99, "8ms"], [1.0, "40ms"]] }
/// latency = { samples = ["1ms", "1.2ms", "7ms"] }
/// ```
///
/// ```
/// use rehearsal_sim::{law::Law, time::Span};
///
/// let law = Law::Lognormal { median: Span::millis(1), p99: Span::millis(8) };
/// let sampler = law.compile();
/// assert_eq!(sampler.draw(1 << 63), 1_000_000); // the median, in nanoseconds
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Law {
    /// Always the same.
    Constant(Span),
    /// Any span from `from` on and below `to`, each as likely; `from` itself when both are equal.
    Uniform {
        /// The shortest span.
        from: Span,
        /// The end of the range, exclusive.
        to: Span,
    },
    /// The time to the next of many independent events. Density exp(-x/mean)/mean.
    Exponential {
        /// The mean, above zero; the median is 0.69 of it, the 99th percentile 4.6 times it.
        mean: Span,
    },
    /// Many small factors multiplied: the usual first guess for latencies. The logarithm is normal.
    Lognormal {
        /// Half of the draws are shorter; above zero.
        median: Span,
        /// 99 % of the draws are shorter; from the median to 1000 times the median.
        p99: Span,
    },
    /// A bell around the mean, cut at zero: what would be negative is zero.
    Normal {
        /// Half of the draws are shorter; above zero. The mean of the draws is as long but for what
        /// is cut: 0.4 % longer when `sd` is half of it, 8.3 % when `sd` is all of it.
        mean: Span,
        /// The standard deviation, from zero to the mean.
        sd: Span,
    },
    /// A power law, the heaviest tail: of draws longer than x, one in 2^exponent is longer than 2x.
    /// Density a m^a / x^(a+1) from m on, with m the shortest span and a the exponent. Draws beyond
    /// 146 years are 146 years.
    Pareto {
        /// No draw is shorter; above zero.
        shortest: Span,
        /// How fast the tail falls, 0.5 to 100; the smaller, the heavier. The mean is infinite up
        /// to 1, the variance up to 2.
        exponent: f64,
    },
    /// A stretched exponential: P(longer than x) = exp(-(x/scale)^shape).
    Weibull {
        /// 63 % of the draws are shorter; above zero.
        scale: Span,
        /// 0.2 to 100. Below 1 the tail is heavier than exponential, at 1 it is exponential, above
        /// it is lighter; 3.6 is close to a bell.
        shape: f64,
    },
    /// One of several laws, drawn anew each time: 2 to 8 parts, none of them itself a mixture.
    Mixture(Vec<Part>),
    /// Measured quantiles, linear in between: 1 to 10 000 rows, both columns rising, the last
    /// probability 1. Draws below the first probability are all as long as its span; a row of
    /// probability 0 says how short they get instead.
    Empirical(Vec<Quantile>),
    /// Measured spans, each as likely: 1 to 10 000, in any order.
    Samples(Vec<Span>),
}

/// One of the laws of a [`Law::Mixture`].
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// How often this one is drawn from, at least 10^-6; all shares add up to 1.
    pub share: Chance,
    /// How long it then takes.
    pub law: Law,
}

/// A row of a [`Law::Empirical`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// The part of all draws that are at most as long.
    pub up_to: Chance,
    /// As long as what.
    pub span: Span,
}

/// No law draws longer spans than this (146 years): an instant of a run and a draw still add up.
const LONGEST: Span = Span(1 << 62);

impl Law {
    /// Says what is wrong with the law, if anything, and what to write instead.
    pub fn check(&self) -> Result<(), String> {
        check::check(self)
    }

    /// The longest span this law gives, in nanoseconds.
    fn longest(&self) -> f64 {
        match self {
            Law::Constant(span) => span.0 as f64,
            Law::Uniform { to, .. } => to.0 as f64,
            Law::Exponential { mean } => table::longest_exponential(mean.0 as f64),
            Law::Lognormal { median, p99 } => {
                table::longest_lognormal(median.0 as f64, p99.0 as f64)
            }
            Law::Normal { mean, sd } => table::longest_normal(mean.0 as f64, sd.0 as f64),
            Law::Pareto { shortest, exponent } => tail::longest(shortest.0 as f64, *exponent),
            Law::Weibull { scale, shape } => table::longest_weibull(scale.0 as f64, *shape),
            Law::Mixture(parts) => parts.iter().map(|part| part.law.longest()).fold(0.0, f64::max),
            Law::Empirical(rows) => longest_of(rows.iter().map(|row| row.span)),
            Law::Samples(samples) => longest_of(samples.iter().copied()),
        }
    }

    /// The span that half of the draws are shorter than, for remarks about settings: to the
    /// nanosecond below, of a mixture to a thousandth of its draws. Of a law that
    /// [`Law::check`] refuses, any span.
    pub fn median(&self) -> Span {
        if self.check().is_err() {
            return Span::ZERO;
        }
        match self {
            Law::Constant(span) => *span,
            Law::Uniform { from, to } => Span(from.0 + (to.0 - from.0) / 2),
            Law::Lognormal { median, .. } => *median,
            Law::Normal { mean, .. } => *mean,
            Law::Exponential { .. }
            | Law::Pareto { .. }
            | Law::Weibull { .. }
            | Law::Empirical(_)
            | Law::Samples(_) => Span(self.compile().draw(1 << 63)),
            Law::Mixture(_) => {
                let sampler = self.compile();
                let mut draws: Vec<u64> =
                    (0..1024).map(|i| sampler.draw(i << 54 | 1 << 53)).collect();
                draws.sort();
                Span(draws[draws.len() / 2])
            }
        }
    }

    /// Makes the integers that draws are taken from: worth doing once per plan, not once per run.
    /// Panics on a law that [`Law::check`] refuses.
    pub fn compile(&self) -> Sampler {
        if let Err(why) = self.check() {
            panic!("an unchecked law: {why}");
        }
        let table = |table| Shape::Table(Arc::new(table));
        Sampler(match self {
            Law::Constant(span) => Shape::Uniform { from: span.0, width: 0 },
            Law::Uniform { from, to } => Shape::Uniform { from: from.0, width: to.0 - from.0 },
            Law::Exponential { mean } => table(table::exponential(mean.0 as f64)),
            Law::Lognormal { median, p99 } => {
                table(table::lognormal(median.0 as f64, p99.0 as f64))
            }
            Law::Normal { mean, sd } => table(table::normal(mean.0 as f64, sd.0 as f64)),
            Law::Weibull { scale, shape } => table(table::weibull(scale.0 as f64, *shape)),
            Law::Pareto { shortest, exponent } => {
                Compound::Pareto(tail::Pareto::new(shortest.0 as f64, *exponent)).shape()
            }
            Law::Mixture(parts) => Compound::Mixture(Mixture::new(parts)).shape(),
            Law::Empirical(rows) => Compound::Quantiles(Quantiles::new(rows)).shape(),
            Law::Samples(samples) => {
                let spans = samples.iter().map(|span| span.0).collect();
                Compound::Samples(Samples::new(spans)).shape()
            }
        })
    }
}

fn longest_of(spans: impl Iterator<Item = Span>) -> f64 {
    spans.max().map_or(0.0, |span| span.0 as f64)
}

impl From<Span> for Law {
    fn from(span: Span) -> Law {
        Law::Constant(span)
    }
}

impl From<SpanRange> for Law {
    fn from(SpanRange { lo, hi }: SpanRange) -> Law {
        if lo == hi { Law::Constant(lo) } else { Law::Uniform { from: lo, to: hi } }
    }
}

impl fmt::Display for Law {
    /// For people: `2ms`, `1ms..10ms`, `exponential (mean 5ms)`, `lognormal (median 1ms, p99 8ms)`,
    /// `mixture (0.9 2ms, 0.1 40ms)`, `empirical (3 quantiles up to 40ms)`, `9 samples up to 7ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Law::Constant(span) => write!(f, "{span}"),
            Law::Uniform { from, to } => write!(f, "{from}..{to}"),
            Law::Exponential { mean } => write!(f, "exponential (mean {mean})"),
            Law::Lognormal { median, p99 } => {
                write!(f, "lognormal (median {median}, p99 {p99})")
            }
            Law::Normal { mean, sd } => write!(f, "normal (mean {mean}, sd {sd})"),
            Law::Pareto { shortest, exponent } => {
                write!(f, "pareto (shortest {shortest}, exponent {exponent})")
            }
            Law::Weibull { scale, shape } => write!(f, "weibull (scale {scale}, shape {shape})"),
            Law::Mixture(parts) => {
                let parts: Vec<String> =
                    parts.iter().map(|part| format!("{} {}", part.share, part.law)).collect();
                write!(f, "mixture ({})", parts.join(", "))
            }
            Law::Empirical(rows) => {
                let longest = rows.last().map_or(Span::ZERO, |row| row.span);
                write!(f, "empirical ({} quantiles up to {longest})", rows.len())
            }
            Law::Samples(samples) => {
                let longest = samples.iter().max().copied().unwrap_or_default();
                write!(f, "{} samples up to {longest}", samples.len())
            }
        }
    }
}
