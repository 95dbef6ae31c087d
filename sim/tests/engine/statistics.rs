//! How a statistical check decides: independent replications with fixed seeds, and the whole 99 %
//! confidence interval inside the band. A run that is too short fails; it does not pass by being vague.

/// How many replications every check has.
pub(crate) const REPLICATIONS: u64 = 20;
/// The quantile .995 of Student's t with 19 degrees of freedom.
const T: f64 = 2.8609;

/// Whether the 99 % t-interval of the mean lies within `expected * (1 +- d)`.
///
/// # Errors
/// Says where the interval lies.
pub(crate) fn within(samples: &[f64], expected: f64, d: f64) -> Result<(), String> {
    assert_eq!(samples.len() as u64, REPLICATIONS, "a check has {REPLICATIONS} replications");
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let variance = samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let half = T * (variance / n).sqrt();
    let (lo, hi) = (expected * (1.0 - d), expected * (1.0 + d));
    if lo <= mean - half && mean + half <= hi {
        return Ok(());
    }
    Err(format!("{mean:.5} +- {half:.5} does not lie within {lo:.5}..{hi:.5}"))
}

/// The chance that counts differ from their expectations at least as much as these: Pearson's
/// chi-square with one degree of freedom less than there are counts, which must be even.
pub(crate) fn chi_square_tail(found: &[u64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let degrees = found.len() - 1;
    assert!(degrees.is_multiple_of(2), "the closed form is for even degrees of freedom");
    let term = |(found, expected): (&u64, &f64)| {
        assert!(*expected >= 5.0, "too few are expected: {expected}");
        (*found as f64 - expected) * (*found as f64 - expected) / expected
    };
    let half = found.iter().zip(expected).map(term).sum::<f64>() / 2.0;
    let (mut sum, mut power) = (0.0, 1.0);
    for k in 0..degrees / 2 {
        sum += power;
        power *= half / (k + 1) as f64;
    }
    libm::exp(-half) * sum
}

/// Twenty numbers around a mean, as far off as told in turn.
fn around(mean: f64, off: f64) -> Vec<f64> {
    (0..REPLICATIONS).map(|n| mean + if n % 2 == 0 { off } else { -off }).collect()
}

#[test]
fn a_band_wants_the_whole_interval_inside() {
    assert_eq!(within(&around(10.0, 0.1), 10.0, 0.02), Ok(()));
    // Too short a run: the mean is right, and nobody can know.
    assert!(within(&around(10.0, 0.4), 10.0, 0.02).is_err());
    // A bias as large as the band.
    assert!(within(&around(10.2, 0.05), 10.0, 0.02).is_err());
    assert!(within(&around(9.8, 0.05), 10.0, 0.02).is_err());
}

#[test]
fn chi_square_tails_are_those_of_the_tables() {
    // The quantiles .95 and .99 with 2 and with 6 degrees of freedom.
    let tail = |degrees: usize, chi: f64| {
        let mut found = vec![100u64; degrees + 1];
        let mut expected = vec![100.0; degrees + 1];
        // One term holds it all: (f - e)^2 / e = chi.
        (found[0], expected[0]) = (0, chi);
        chi_square_tail(&found, &expected)
    };
    for (degrees, chi, p) in
        [(2, 5.991, 0.05), (2, 9.210, 0.01), (6, 12.592, 0.05), (6, 16.812, 0.01)]
    {
        assert!((tail(degrees, chi) - p).abs() < 1e-4, "{degrees}, {chi}: {}", tail(degrees, chi));
    }
}
