//! What is wrong with a law, in sentences that say what to write instead.

use super::{LONGEST, Law, Part, Quantile};
use crate::random::Chance;
use crate::time::Span;

/// How far the 99th percentile of a log-normal law may be above its median.
const WIDEST: u64 = 1000;
/// How many parts a mixture may have.
const MOST_PARTS: usize = 8;
/// How many rows a table of quantiles may have, and how many samples there may be.
const MOST_MEASURED: usize = 10_000;
/// The rarest part of a mixture.
const RAREST: f64 = 1e-6;
/// What the shares of a mixture may be off: what adding decimals as floats can cost, and no more.
const ROUNDING: f64 = 1e-9;

pub(super) fn check(law: &Law) -> Result<(), String> {
    check_parameters(law)?;
    if law.longest() > LONGEST.0 as f64 {
        return Err(format!(
            "{law} can draw spans of more than 146 years, longer than a run can last: make it \
             shorter"
        ));
    }
    Ok(())
}

fn check_parameters(law: &Law) -> Result<(), String> {
    match law {
        Law::Constant(_) => Ok(()),
        Law::Uniform { from, to } if from > to => Err(format!(
            "a uniform law can not end before it begins: `from` is {from} and `to` is {to}; \
             exchange them"
        )),
        Law::Uniform { .. } => Ok(()),
        Law::Exponential { mean } => above_zero("an exponential law needs a mean", *mean),
        Law::Lognormal { median, p99 } => check_lognormal(*median, *p99),
        Law::Normal { mean, sd } => check_normal(*mean, *sd),
        Law::Pareto { shortest, exponent } => {
            above_zero("a pareto law needs a shortest span", *shortest)?;
            in_range(
                "the exponent of a pareto law must be from 0.5 (very heavy) to 100",
                *exponent,
                0.5..=100.0,
                "1.5",
            )
        }
        Law::Weibull { scale, shape } => {
            above_zero("a weibull law needs a scale", *scale)?;
            in_range(
                "the shape of a weibull law must be from 0.2 (heavy) to 100 (all but constant)",
                *shape,
                0.2..=100.0,
                "0.7",
            )
        }
        Law::Mixture(parts) => check_mixture(parts),
        Law::Empirical(rows) => check_empirical(rows),
        Law::Samples(samples) => check_number("samples", samples.len()),
    }
}

fn above_zero(needs: &str, span: Span) -> Result<(), String> {
    if span == Span::ZERO {
        return Err(format!(
            "{needs} above zero: for no time at all write \"0s\" in place of the law"
        ));
    }
    Ok(())
}

fn in_range(
    must: &str,
    is: f64,
    range: std::ops::RangeInclusive<f64>,
    usual: &str,
) -> Result<(), String> {
    if range.contains(&is) {
        return Ok(());
    }
    Err(format!("{must}, not {is}: use a usual one, like {usual}"))
}

fn check_lognormal(median: Span, p99: Span) -> Result<(), String> {
    above_zero("a lognormal law needs a median", median)?;
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

fn check_normal(mean: Span, sd: Span) -> Result<(), String> {
    above_zero("a normal law needs a mean", mean)?;
    if sd > mean {
        return Err(format!(
            "the `sd` of a normal law can be at most its mean, or too many draws would be below \
             zero: `sd` is {sd} and `mean` is {mean}; lower `sd`, or take a lognormal law"
        ));
    }
    Ok(())
}

fn check_mixture(parts: &[Part]) -> Result<(), String> {
    if !(2..=MOST_PARTS).contains(&parts.len()) {
        return Err(format!(
            "a mixture has from 2 to {MOST_PARTS} parts, not {}: write one as \
             {{ share = 0.1, law = \"40ms\" }}",
            parts.len()
        ));
    }
    for (part, number) in parts.iter().zip(1..) {
        if matches!(part.law, Law::Mixture(_)) {
            return Err(format!(
                "part {number} of the mixture is itself a mixture: write its parts beside the \
                 others, each with its share of the whole"
            ));
        }
        check(&part.law).map_err(|why| format!("in part {number} of the mixture: {why}"))?;
        if part.share.to_f64() < RAREST {
            return Err(format!(
                "part {number} of the mixture has the share {}, less than one draw in a million: \
                 remove it or raise its share",
                part.share
            ));
        }
    }
    let sum = sum(parts);
    if !(1.0 - ROUNDING..=1.0 + ROUNDING).contains(&sum) {
        return Err(format!(
            "the shares of a mixture must add up to 1, these make {}: write shares like 0.9 and 0.1",
            plain(sum)
        ));
    }
    Ok(())
}

#[allow(clippy::float_arithmetic)] // sums are the same everywhere
fn sum(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.share.to_f64()).fold(0.0, |sum, share| sum + share)
}

/// A sum as one would write it, without what rounding left.
fn plain(number: f64) -> String {
    let digits = format!("{number:.9}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn check_number(what: &str, number: usize) -> Result<(), String> {
    match number {
        0 => Err(format!("there are no {what} to draw from: write at least one")),
        1..=MOST_MEASURED => Ok(()),
        _ => Err(format!(
            "there can be at most {MOST_MEASURED} {what}, not {number}: use every n-th of them"
        )),
    }
}

fn check_empirical(rows: &[Quantile]) -> Result<(), String> {
    check_number("quantiles", rows.len())?;
    for (two, number) in rows.windows(2).zip(2..) {
        let [before, row] = two else { unreachable!("windows of two") };
        if row.up_to <= before.up_to {
            return Err(format!(
                "the probabilities of an empirical law must rise: row {number} has {} after {}; \
                 write the rows in order, each probability once",
                row.up_to, before.up_to
            ));
        }
        if row.span < before.span {
            return Err(format!(
                "the quantiles of an empirical law can not fall: row {number} has {} after {}; \
                 exchange them",
                row.span, before.span
            ));
        }
    }
    let last = rows[rows.len() - 1];
    if last.up_to != Chance::ALWAYS {
        return Err(format!(
            "the last row of an empirical law says how long draws get at most, its probability is \
             1 and not {}: write a row like [1.0, \"{}\"] at the end",
            last.up_to, last.span
        ));
    }
    Ok(())
}
