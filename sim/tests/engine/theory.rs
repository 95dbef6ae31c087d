//! The network against the theory of queues without queues: a link is a station of infinitely many
//! servers, whose service is the latency.

use rehearsal_sim::law::Law;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Record, RowKind};
use rehearsal_sim::time::Span;

use crate::beacon::{BEACON, Config, beacon};
use crate::plans::MS;
use crate::statistics::{REPLICATIONS, chi_square_tail, within};

/// What is measured of a beacon, for every seed.
fn replicate(
    config: Config,
    latency: &Law,
    messages: u64,
    watch: &Watch,
    measure: impl Fn(Record) -> f64,
) -> Vec<f64> {
    let duration = Span(config.gap.0 * messages);
    let plan = beacon(config, latency.clone(), duration);
    (0..REPLICATIONS).map(|seed| measure((BEACON.run)(&plan, seed, watch))).collect()
}

fn ratio(name: &'static str) -> impl Fn(Record) -> f64 {
    move |record: Record| {
        let of = |name: &str| record.head.metrics[name] as f64;
        of(name) / of("heard")
    }
}

/// A link of `1ms..10ms` takes 5.5 ms in the mean.
#[test]
fn a_uniform_link_has_the_mean_of_its_law() {
    let latency = Law::Uniform { from: Span::millis(1), to: Span::millis(10) };
    let config = Config { gap: Span::millis(1), poisson: false };
    let means =
        |messages| replicate(config, &latency, messages, &Watch::QUIET, ratio("latency_ns"));
    let expected = 5.5 * MS as f64;
    within(&means(9_000), expected, 0.01).unwrap();
    // A hundredth of the messages tell nothing at this precision.
    assert!(within(&means(90), expected, 0.01).is_err());
}

/// check:N5: of two messages sent a gap apart the later overtakes with probability e^-g / 2 where the
/// latency is exponential (g in means), and (1 - g)^2 / 2 where it is uniform (g in widths).
#[test]
fn n5_overtaking_follows_from_the_law_and_the_gap() {
    let exponential = Law::Exponential { mean: Span::millis(2) };
    let uniform = Law::Uniform { from: Span::millis(1), to: Span::millis(3) };
    for (latency, gap, messages, expected) in [
        (&exponential, 1_000, 16_000, libm::exp(-0.5) / 2.0),
        (&exponential, 400, 16_000, libm::exp(-0.2) / 2.0),
        (&uniform, 1_000, 30_000, 0.125),
        (&uniform, 400, 16_000, 0.32),
    ] {
        let config = Config { gap: Span::micros(gap), poisson: false };
        let found = replicate(config, latency, messages, &Watch::QUIET, ratio("overtaken"));
        within(&found, expected, 0.02).unwrap_or_else(|why| panic!("{latency:?}, {gap} us: {why}"));
    }
}

/// Two messages do not overtake each other where the gap is longer than the law is wide.
#[test]
fn n5_nobody_overtakes_across_a_wide_gap() {
    let uniform = Law::Uniform { from: Span::millis(1), to: Span::millis(3) };
    let config = Config { gap: Span::millis(2), poisson: false };
    let found = replicate(config, &uniform, 500, &Watch::QUIET, ratio("overtaken"));
    assert_eq!(found, vec![0.0; found.len()]);
}

/// The numbers of messages in flight at instants 5 ms apart, from the trace.
fn in_flight(record: &Record) -> Vec<u64> {
    let (mut counts, mut now, mut next) = (Vec::new(), 0u64, 20 * MS);
    for row in record.trace.rows() {
        while next <= row.at_ns {
            counts.push(now);
            next += 5 * MS;
        }
        match row.kind {
            RowKind::Send => now += 1,
            RowKind::Deliver => now -= 1,
            _ => {}
        }
    }
    assert_eq!(now, record.head.messages.in_flight, "what is left is counted as under way");
    counts
}

/// check:Q13: messages that are sent independently, lambda a second, are in flight as a Poisson variable
/// of mean lambda E[D], whatever the law of the latency D: M/G/infinity. Here the mean is 1.
#[test]
fn q13_messages_in_flight_are_poisson_whatever_the_latency() {
    let mean = Span::millis(1);
    let config = Config { gap: mean, poisson: true };
    // exponent / (exponent - 1) times the shortest.
    let pareto = Law::Pareto { shortest: Span(2 * MS / 3), exponent: 3.0 };
    for latency in [Law::Constant(mean), Law::Exponential { mean }, pareto] {
        let plan = beacon(config, latency.clone(), Span::secs(15));
        let (mut means, mut variances, mut empty) = (Vec::new(), Vec::new(), Vec::new());
        let mut histogram = [0u64; 7]; // 0, 1, .. 5, and more
        for seed in 0..REPLICATIONS {
            let counts = in_flight(&(BEACON.run)(&plan, seed, &Watch::TRACED));
            let n = counts.len() as f64;
            assert!(n > 2_900.0);
            let mean = counts.iter().sum::<u64>() as f64 / n;
            let squares =
                counts.iter().map(|count| (*count as f64 - mean) * (*count as f64 - mean));
            variances.push(squares.sum::<f64>() / (n - 1.0));
            means.push(mean);
            empty.push(counts.iter().filter(|count| **count == 0).count() as f64 / n);
            for count in counts {
                histogram[usize::try_from(count).unwrap().min(6)] += 1;
            }
        }
        let why = |what: &str| format!("{what} of {latency:?}");
        within(&means, 1.0, 0.04).map_err(|e| why("mean") + ": " + &e).unwrap();
        within(&variances, 1.0, 0.06).map_err(|e| why("variance") + ": " + &e).unwrap();
        within(&empty, libm::exp(-1.0), 0.05).map_err(|e| why("P(0)") + ": " + &e).unwrap();
        let all = histogram.iter().sum::<u64>() as f64;
        let tail = chi_square_tail(&histogram, &poisson(all));
        assert!(tail > 1e-5, "{}: {histogram:?}, {tail:e}", why("counts"));
    }
}

/// How many of so many are expected to be 0, 1, .. 5, and more, where the mean is 1.
fn poisson(all: f64) -> [f64; 7] {
    let mut expected = [0.0; 7];
    let (mut p, mut rest) = (libm::exp(-1.0), 1.0);
    for (count, expected) in expected.iter_mut().take(6).enumerate() {
        *expected = p * all;
        rest -= p;
        p /= (count + 1) as f64;
    }
    expected[6] = rest * all;
    expected
}

/// Regular arrivals of the same rate are not Poisson, and the test of the shape sees it.
#[test]
fn q13_regular_messages_in_flight_are_not_poisson() {
    let mean = Span::millis(1);
    let config = Config { gap: Span(mean.0 - 1), poisson: false };
    let plan = beacon(config, Law::Exponential { mean }, Span::secs(15));
    let mut histogram = [0u64; 7];
    for seed in 0..REPLICATIONS {
        for count in in_flight(&(BEACON.run)(&plan, seed, &Watch::TRACED)) {
            histogram[usize::try_from(count).unwrap().min(6)] += 1;
        }
    }
    let all = histogram.iter().sum::<u64>() as f64;
    assert!(chi_square_tail(&histogram, &poisson(all)) < 1e-5, "{histogram:?}");
}
