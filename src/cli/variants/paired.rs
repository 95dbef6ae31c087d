//! Differences between two candidates over the same seeds: Student's t for paired samples.
//!
//! For every seed the two runs are one pair, and the mean of the differences has a confidence
//! interval. Where both were asked the same, what the seeds have in common cancels out, so that much
//! smaller differences can be seen than between two lots of independent runs.

use std::collections::BTreeSet;

use rehearsal_reports::comparison::{Difference, Interval, MEASURES, Unit, Variant, Verdict};
use rehearsal_sim::metrics::is_span;
use rehearsal_sim::record::Head;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// How sure the intervals are.
const CONFIDENCE: f64 = 0.99;

/// Every measure, and the metrics that both have and that are not zero everywhere.
pub(crate) fn differences(a: &Variant, b: &Variant) -> Vec<Difference> {
    let mut all: Vec<Difference> = Vec::new();
    for measure in MEASURES {
        all.extend(difference(measure.name, measure.unit, &pairs(a, b, measure.of)));
    }
    let names = |variant: &Variant| -> BTreeSet<String> {
        variant
            .heads
            .iter()
            .flat_map(|head| head.metrics.keys().map(|name| name.clone().into_owned()))
            .collect()
    };
    for name in names(a).intersection(&names(b)) {
        if ["unavailable_ns", "messages_sent"].contains(&name.as_str()) {
            continue;
        }
        let unit = if is_span(name) { Unit::Span } else { Unit::Count };
        let pairs = pairs(a, b, |head| head.metrics.get(name.as_str()).map(|value| real(*value)));
        if pairs.iter().any(|(a, b)| *a != 0.0 || *b != 0.0) {
            all.extend(difference(name, unit, &pairs));
        }
    }
    all
}

/// The seeds in which both have a number.
fn pairs(a: &Variant, b: &Variant, of: impl Fn(&Head) -> Option<f64>) -> Vec<(f64, f64)> {
    a.heads.iter().zip(&b.heads).filter_map(|(a, b)| of(a).zip(of(b))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
fn real(n: i64) -> f64 {
    n as f64
}

/// `None` without any pair.
fn difference(name: &str, unit: Unit, pairs: &[(f64, f64)]) -> Option<Difference> {
    let count = u32::try_from(pairs.len()).ok().filter(|count| *count > 0)?;
    let n = f64::from(count);
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
    let mean = differences.iter().sum::<f64>() / n;
    let interval = (count > 1).then(|| {
        let squares = differences.iter().map(|difference| (difference - mean).powi(2));
        let deviation = (squares.sum::<f64>() / (n - 1.0)).sqrt();
        let reach = quantile(n - 1.0) * deviation / n.sqrt();
        Interval { low: mean - reach, high: mean + reach }
    });
    let is_same = differences.iter().all(|difference| *difference == 0.0);
    let verdict = match interval {
        _ if is_same => Verdict::Same,
        None => Verdict::TooFew,
        Some(Interval { low, .. }) if low > 0.0 => Verdict::Higher,
        Some(Interval { high, .. }) if high < 0.0 => Verdict::Lower,
        Some(_) => Verdict::NotDistinguishable,
    };
    Some(Difference {
        name: name.to_owned(),
        unit,
        pairs: u64::from(count),
        mean_a: pairs.iter().map(|(a, _)| a).sum::<f64>() / n,
        mean_b: pairs.iter().map(|(_, b)| b).sum::<f64>() / n,
        mean,
        interval,
        verdict,
    })
}

/// The quantile of Student's t that bounds a two-sided interval, to six significant digits: beyond
/// them computers may differ.
fn quantile(freedom: f64) -> f64 {
    let t = StudentsT::new(0.0, 1.0, freedom).expect("there is at least one degree of freedom");
    let exact = t.inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
    format!("{exact:.5e}").parse().expect("a number was written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= expected.abs() * 2e-5, "{found} is not {expected}");
    }

    /// From the usual tables of two-sided 99 % intervals.
    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, t) in [
            (1.0, 63.6567),
            (2.0, 9.92484),
            (4.0, 4.60409),
            (9.0, 3.24984),
            (19.0, 2.86093),
            (29.0, 2.75639),
            (99.0, 2.62641),
            (9_999.0, 2.57632),
        ] {
            near(quantile(freedom), t);
        }
    }

    fn of(a: &[f64], b: &[f64]) -> Difference {
        let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
        difference("a test", Unit::Count, &pairs).expect("there are pairs")
    }

    /// Student's own: hours of sleep that two drugs gave to ten patients ("The probable error of a
    /// mean", Biometrika 1908). Mean difference 1.58, standard deviation 1.229995.
    #[test]
    fn the_sleep_of_ten_patients() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let found = of(&first, &second);
        near(found.mean, 1.58);
        near(found.mean_a, 0.75);
        near(found.mean_b, 2.33);
        let Interval { low, high } = found.interval.unwrap();
        near(low, 0.315_948_6);
        near(high, 2.844_051_4);
        assert_eq!((found.verdict, found.pairs), (Verdict::Higher, 10));
        near(found.relative(found.mean).unwrap(), 1.58 / 0.75);
        assert_eq!(of(&second, &first).verdict, Verdict::Lower);
    }

    #[test]
    fn what_can_not_be_told_is_not() {
        let noisy = of(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 1.0, 4.0, 3.0, 5.5]);
        assert_eq!(noisy.verdict, Verdict::NotDistinguishable);
        let same = of(&[7.0, 8.0], &[7.0, 8.0]);
        assert_eq!((same.verdict, same.mean), (Verdict::Same, 0.0));
        let balanced = of(&[1.0, 2.0], &[2.0, 1.0]);
        assert_eq!(balanced.verdict, Verdict::NotDistinguishable, "not the same in every seed");
        let one = of(&[1.0], &[2.0]);
        assert_eq!((one.verdict, one.interval), (Verdict::TooFew, None));
        let constant = of(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]);
        assert_eq!(constant.interval, Some(Interval { low: 1.0, high: 1.0 }));
        assert_eq!(constant.verdict, Verdict::Higher);
        assert_eq!(of(&[0.0, 0.0], &[1.0, 3.0]).relative(2.0), None);
        assert!(difference("a test", Unit::Count, &[]).is_none());
    }
}
