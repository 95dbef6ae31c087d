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

mod keys;
mod normal;
mod sampler;
mod spec;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::time::{Span, SpanRange};

pub use keys::{KeyLaw, KeySampler};
pub use sampler::Sampler;

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
}

/// No law draws longer spans than this (146 years): an instant of a run and a draw still add up.
const LONGEST: Span = Span(1 << 62);
/// How far the 99th percentile of a log-normal law may be above its median.
const WIDEST: u64 = 1000;

impl Law {
    /// Says what is wrong with the law, if anything, and what to write instead.
    pub fn check(&self) -> Result<(), String> {
        match *self {
            Law::Constant(_) => {}
            Law::Uniform { from, to } if from > to => {
                return Err(format!(
                    "a uniform law can not end before it begins: `from` is {from} and `to` is \
                     {to}; exchange them"
                ));
            }
            Law::Uniform { .. } => {}
            Law::Exponential { mean: Span::ZERO } => {
                return Err(
                    "an exponential law needs a mean above zero: for no time at all write \
                            \"0s\" in place of the law"
                        .into(),
                );
            }
            Law::Exponential { .. } => {}
            Law::Lognormal { median, p99 } => check_lognormal(median, p99)?,
        }
        if self.longest() > LONGEST.0 as f64 {
            return Err(format!(
                "{self} can draw spans of more than 146 years, longer than a run can last: make it \
                 shorter"
            ));
        }
        Ok(())
    }

    /// The longest span this law gives, in nanoseconds.
    fn longest(&self) -> f64 {
        match *self {
            Law::Constant(span) => span.0 as f64,
            Law::Uniform { to, .. } => to.0 as f64,
            Law::Exponential { mean } => table::longest_exponential(mean.0 as f64),
            Law::Lognormal { median, p99 } => {
                table::longest_lognormal(median.0 as f64, p99.0 as f64)
            }
        }
    }

    /// Makes the integers that draws are taken from: worth doing once per plan, not once per run.
    /// Panics on a law that [`Law::check`] refuses.
    pub fn compile(&self) -> Sampler {
        if let Err(why) = self.check() {
            panic!("an unchecked law: {why}");
        }
        Sampler(match *self {
            Law::Constant(span) => Shape::Constant(span.0),
            Law::Uniform { from, to } => Shape::Uniform { from: from.0, width: to.0 - from.0 },
            Law::Exponential { mean } => Shape::Table(Arc::new(table::exponential(mean.0 as f64))),
            Law::Lognormal { median, p99 } => {
                Shape::Table(Arc::new(table::lognormal(median.0 as f64, p99.0 as f64)))
            }
        })
    }
}

fn check_lognormal(median: Span, p99: Span) -> Result<(), String> {
    if median == Span::ZERO {
        return Err(
            "a lognormal law needs a median above zero: for no time at all write \"0s\" in \
                    place of the law"
                .into(),
        );
    }
    if p99 < median {
        return Err(format!(
            "99 of 100 draws of a lognormal law are below `p99`, so it can not be shorter than the \
             median: `p99` is {p99} and `median` is {median}; exchange them or raise `p99`"
        ));
    }
    if p99.0.div_ceil(median.0) > WIDEST {
        return Err(format!(
            "the `p99` of a lognormal law can be at most {WIDEST} times its median: `p99` is {p99} \
             and `median` is {median}; lower `p99` or raise the median"
        ));
    }
    Ok(())
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
    /// For people: `2ms`, `1ms..10ms`, `exponential (mean 5ms)`, `lognormal (median 1ms, p99 8ms)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Law::Constant(span) => write!(f, "{span}"),
            Law::Uniform { from, to } => write!(f, "{from}..{to}"),
            Law::Exponential { mean } => write!(f, "exponential (mean {mean})"),
            Law::Lognormal { median, p99 } => {
                write!(f, "lognormal (median {median}, p99 {p99})")
            }
        }
    }
}
