//! The textbook: distribution functions, quantiles and moments in floats. Nothing here is shared with
//! how tables are built.

use super::*;

/// The standard normal distribution function, by the error function.
fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / core::f64::consts::SQRT_2)
}

/// The standard deviation of a log-normal law's logarithm; 2.326... is the normal's 99th percentile.
fn spread(median: Span, p99: Span) -> f64 {
    libm::log(p99.0 as f64 / median.0 as f64) / 2.326_347_874_040_841
}

/// The probability of a draw up to `x`.
pub(super) fn cdf(law: &Law, x: f64) -> f64 {
    match law {
        Law::Constant(span) => f64::from(x >= span.0 as f64),
        Law::Uniform { from, to } => ((x - from.0 as f64) / (to.0 - from.0) as f64).clamp(0.0, 1.0),
        Law::Exponential { mean } => -libm::expm1(-x.max(0.0) / mean.0 as f64),
        Law::Lognormal { .. } | Law::Normal { .. } if x < 0.0 => 0.0,
        Law::Lognormal { median, p99 } => {
            normal_cdf(libm::log(x / median.0 as f64) / spread(*median, *p99))
        }
        Law::Normal { mean, sd } => normal_cdf((x - mean.0 as f64) / sd.0 as f64),
        Law::Pareto { .. } | Law::Weibull { .. } => 1.0 - beyond(law, x),
        Law::Mixture(parts) => {
            parts.iter().map(|part| part.share.to_f64() * cdf(&part.law, x)).sum()
        }
        Law::Empirical(rows) => {
            let row = rows.iter().position(|row| row.span.0 as f64 > x).unwrap_or(rows.len());
            let Some(before) = row.checked_sub(1).map(|row| rows[row]) else { return 0.0 };
            let Some(next) = rows.get(row) else { return 1.0 };
            let along = (x - before.span.0 as f64) / (next.span.0 - before.span.0) as f64;
            before.up_to.to_f64() + along * (next.up_to.to_f64() - before.up_to.to_f64())
        }
        Law::Samples(samples) => {
            samples.iter().filter(|span| span.0 as f64 <= x).count() as f64 / samples.len() as f64
        }
    }
}

/// The probability of a draw beyond `x`; exact where [`cdf`] is all but one.
pub(super) fn beyond(law: &Law, x: f64) -> f64 {
    match law {
        Law::Exponential { mean } => libm::exp(-x / mean.0 as f64),
        Law::Lognormal { median, p99 } => {
            normal_cdf(-libm::log(x / median.0 as f64) / spread(*median, *p99))
        }
        Law::Normal { mean, sd } => normal_cdf((mean.0 as f64 - x) / sd.0 as f64),
        Law::Pareto { shortest, exponent } => {
            libm::pow(x.max(shortest.0 as f64) / shortest.0 as f64, -exponent)
        }
        Law::Weibull { scale, shape } => libm::exp(-libm::pow(x.max(0.0) / scale.0 as f64, *shape)),
        _ => 1.0 - cdf(law, x),
    }
}

/// The `x` at which the probability beyond it falls to `tail`, by bisection.
pub(super) fn quantile_above(law: &Law, tail: f64) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * LONGEST.0 as f64);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if beyond(law, middle) > tail { low = middle } else { high = middle }
    }
    high
}

/// The `x` at which the probability up to it grows to `p`, by bisection.
pub(super) fn quantile_below(law: &Law, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * LONGEST.0 as f64);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if cdf(law, middle) < p { low = middle } else { high = middle }
    }
    high
}

/// The mean of the `k`-th power of a draw, where it is finite.
pub(super) fn moment(law: &Law, k: u32) -> f64 {
    let power = |x: f64| libm::pow(x, f64::from(k));
    let order = f64::from(k);
    match law {
        Law::Constant(span) => power(span.0 as f64),
        Law::Uniform { from, to } => moment_of_line(from.0 as f64, to.0 as f64 - 1.0, k),
        Law::Exponential { mean } => power(mean.0 as f64) * libm::tgamma(1.0 + order),
        Law::Lognormal { median, p99 } => {
            let spread = spread(*median, *p99);
            power(median.0 as f64) * libm::exp(order * order * spread * spread / 2.0)
        }
        Law::Normal { mean, sd } => {
            // By parts, from the integral over what is above zero.
            let (mean, sd) = (mean.0 as f64, sd.0 as f64);
            let z = mean / sd;
            let density = libm::exp(-z * z / 2.0) / libm::sqrt(2.0 * core::f64::consts::PI);
            let zeroth = normal_cdf(z);
            let first = mean * zeroth + sd * density;
            let step = |(two_before, before), k: u32| {
                (before, mean * before + f64::from(k - 1) * sd * sd * two_before)
            };
            (2..=k).fold((zeroth, first), step).1
        }
        Law::Pareto { shortest, exponent } => {
            power(shortest.0 as f64) * exponent / (exponent - order)
        }
        Law::Weibull { scale, shape } => power(scale.0 as f64) * libm::tgamma(1.0 + order / shape),
        Law::Mixture(parts) => {
            parts.iter().map(|part| part.share.to_f64() * moment(&part.law, k)).sum()
        }
        Law::Empirical(rows) => {
            let flat = rows[0].up_to.to_f64() * power(rows[0].span.0 as f64);
            let lines = rows.windows(2).map(|two| {
                let width = two[1].up_to.to_f64() - two[0].up_to.to_f64();
                width * moment_of_line(two[0].span.0 as f64, two[1].span.0 as f64, k)
            });
            flat + lines.sum::<f64>()
        }
        Law::Samples(samples) => {
            samples.iter().map(|span| power(span.0 as f64)).sum::<f64>() / samples.len() as f64
        }
    }
}

fn moment_of_line(low: f64, high: f64, k: u32) -> f64 {
    let power = |x| libm::pow(x, f64::from(k + 1)) / f64::from(k + 1);
    if high > low {
        (power(high) - power(low)) / (high - low)
    } else {
        libm::pow(low, f64::from(k))
    }
}
