//! What is measured of every run of a comparison, and what many runs together say about it.

use rehearsal_sim::record::Head;

use crate::format;

/// One number of a run.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name in JSON: `p99_ns`.
    pub key: &'static str,
    /// Its name for people: `p99`.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// The number; `None` where the run has none, like a latency where no operation succeeded.
    pub of: fn(&Head) -> Option<f64>,
}

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Operations per second.
    Rate,
    /// Nanoseconds.
    Span,
    /// Things.
    Count,
}

/// Every measure, in the order of the tables.
pub const MEASURES: &[Measure] = &[
    Measure {
        key: "ok_per_s",
        name: "ok/s",
        unit: Unit::Rate,
        of: |head| Some(head.throughput_per_s),
    },
    latency("mean_ns", "mean latency", |head| latency_of(head, head.latency_ns.mean)),
    latency("p50_ns", "p50", |head| latency_of(head, head.latency_ns.p50)),
    latency("p90_ns", "p90", |head| latency_of(head, head.latency_ns.p90)),
    latency("p99_ns", "p99", |head| latency_of(head, head.latency_ns.p99)),
    latency("p999_ns", "p99.9", |head| latency_of(head, head.latency_ns.p999)),
    latency("max_ns", "max", |head| latency_of(head, head.latency_ns.max)),
    latency("unavailable_ns", "unavailable", |head| {
        let called = head.operations.called > 0;
        head.metrics.get("unavailable_ns").filter(|_| called).map(|ns| signed(*ns))
    }),
    count("failed", "failed", |head| Some(real(head.operations.failed))),
    count("unknown", "unknown", |head| Some(real(head.operations.unknown))),
    count("messages_sent", "messages sent", |head| Some(real(head.messages.sent))),
];

const fn latency(key: &'static str, name: &'static str, of: fn(&Head) -> Option<f64>) -> Measure {
    Measure { key, name, unit: Unit::Span, of }
}

const fn count(key: &'static str, name: &'static str, of: fn(&Head) -> Option<f64>) -> Measure {
    Measure { key, name, unit: Unit::Count, of }
}

/// The measure of this key.
///
/// # Panics
/// Where there is none: keys are written in the code.
pub fn measure(key: &str) -> &'static Measure {
    MEASURES.iter().find(|measure| measure.key == key).expect("a measure of this key")
}

fn latency_of(head: &Head, ns: u64) -> Option<f64> {
    (head.latency_ns.count > 0).then(|| real(ns))
}

#[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
fn real(n: u64) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
fn signed(n: i64) -> f64 {
    n as f64
}

/// Where the runs of several seeds lie. Every number is one that was measured, by nearest rank; with
/// fewer than twenty seeds the outer two are the least and the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The 5th percentile.
    pub p5: f64,
    /// The median.
    pub median: f64,
    /// The 95th percentile.
    pub p95: f64,
}

impl Spread {
    /// The spread of some numbers; `None` of none.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied()
        };
        Some(Spread { p5: at(5)?, median: at(50)?, p95: at(95)? })
    }
}

/// A number with its unit: `1 250`, `12.4 ms`.
pub(crate) fn shown(unit: Unit, number: f64) -> String {
    let text = match unit {
        Unit::Span => format::span(whole(number.abs())),
        // Medians are whole, means are not.
        Unit::Rate | Unit::Count => format::rate(number.abs()),
    };
    let is_nothing = !text.contains(|digit| ('1'..='9').contains(&digit));
    if number < 0.0 && !is_nothing { format!("−{text}") } else { text }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is not negative")]
fn whole(number: f64) -> u64 {
    libm::round(number) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_by_nearest_rank() {
        let of = |count: u32| Spread::of((1..=count).rev().map(f64::from));
        assert_eq!(of(0), None);
        assert_eq!(of(1), Some(Spread { p5: 1.0, median: 1.0, p95: 1.0 }));
        assert_eq!(of(10), Some(Spread { p5: 1.0, median: 5.0, p95: 10.0 }));
        assert_eq!(of(100), Some(Spread { p5: 5.0, median: 50.0, p95: 95.0 }));
    }

    #[test]
    fn numbers_carry_their_unit_and_sign() {
        let plain = |unit, number| shown(unit, number).replace('\u{a0}', " ");
        assert_eq!(plain(Unit::Span, -1_230_000.4), "−1.23 ms");
        assert_eq!(plain(Unit::Rate, 499.95), "500");
        assert_eq!(plain(Unit::Count, -1234.0), "−1 234");
        assert_eq!(plain(Unit::Count, -0.001), "0");
    }
}
