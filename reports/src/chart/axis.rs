//! One axis type for all pictures: linear or logarithmic, with ticks that carry their own text.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::{FONT, WIDTH, X0, X1};
use crate::format;

const SECOND: u64 = 1_000_000_000;
/// The room for a label left of the axis.
const ROOM: f64 = X0 - 12.0;

/// From such a ratio of the largest to the least on, the values of an axis of a matrix stand on a logarithmic line.
const MANY_TIMES: f64 = 5.0;
/// The share of such an axis that is air at either end.
const AIR: f64 = 0.06;

/// An axis from `lo` to `hi`; the values are nanoseconds, counts or "one in so many".
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    lo: f64,
    hi: f64,
    log: bool,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Simulated time from the start to `end_ns`.
    pub(crate) fn time(end_ns: u64) -> Axis {
        let end = end_ns.max(1);
        let step = time_step(end);
        let (scale, unit) = time_unit(end);
        let ticks = (0..=end / step)
            .map(|i| (real(i * step), format!("{}\u{a0}{unit}", decimal(i * step, scale))))
            .collect();
        Axis { lo: 0.0, hi: real(end), log: false, ticks }
    }

    /// Counts or rates from zero to at least `max`.
    pub(crate) fn count(max: f64) -> Axis {
        let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
        let mut step = libm::pow(10.0, libm::floor(libm::log10(max)) - 1.0);
        for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
            if max / step <= 5.0 {
                break;
            }
            step *= factor;
        }
        let steps = libm::ceil(max / step - 1e-9);
        let mut ticks = Vec::new();
        let mut i = 0.0;
        while i <= steps {
            ticks.push((i * step, format::short_rate(i * step)));
            i += 1.0;
        }
        Axis { lo: 0.0, hi: steps * step, log: false, ticks }
    }

    /// Latencies, logarithmic, with ticks at 1, 2 and 5 of each decade that holds a value.
    pub(crate) fn latency(lo_ns: u64, hi_ns: u64) -> Axis {
        let (lo_ns, hi_ns) = (lo_ns.max(1), hi_ns.max(1));
        let marks: Vec<u64> = (0..20_u32)
            .flat_map(|decade| {
                [1, 2, 5].map(|digit| 10_u64.checked_pow(decade)?.checked_mul(digit))
            })
            .flatten()
            .collect();
        let first = marks.iter().rposition(|mark| *mark <= lo_ns).unwrap_or(0);
        let last = marks.iter().position(|mark| *mark >= hi_ns).unwrap_or(marks.len() - 1);
        // Equal latencies get a step of air on both sides.
        let (first, last) = match last - first {
            0 => (first.saturating_sub(1), (last + 1).min(marks.len() - 1)),
            1 => (first, (last + 1).min(marks.len() - 1)),
            _ => (first, last),
        };
        let only_decades = last - first > 9;
        let ticks = marks[first..=last]
            .iter()
            .enumerate()
            .filter(|(i, _)| !only_decades || (first + i) % 3 == 0)
            .map(|(_, mark)| {
                (real(*mark), format::fit(&format::span(*mark), ROOM, FONT).unwrap_or_default())
            })
            .collect();
        Axis { lo: real(marks[first]), hi: real(marks[last]), log: true, ticks }
    }

    /// Percentiles, as far apart as their numbers of nines: 50 %, 90 %, 99 %, 99.9 %, ...
    pub(crate) fn nines(last_one_in: u64) -> Axis {
        let last = last_one_in.max(10);
        let decades = (1..20).map_while(|power| 10_u64.checked_pow(power));
        let ticks = std::iter::once(2)
            .chain(decades.take_while(|one_in| *one_in <= last))
            .map(|one_in| {
                let name = format::percentile(one_in);
                (real(one_in), format!("{}\u{a0}%", name.trim_start_matches('p')))
            })
            .collect();
        Axis { lo: 2.0, hi: real(last), log: true, ticks }
    }

    /// Values of an axis of a matrix, each with its text, where it stands on the line of numbers; with
    /// some air at both ends. Logarithmic where the largest is many times the least.
    pub(crate) fn values(values: &[(f64, &str)]) -> Axis {
        let all = || values.iter().map(|(at, _)| *at);
        let (lo, hi) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
        let log = lo > 0.0 && hi / lo >= MANY_TIMES;
        let (lo, hi) = match (log, hi > lo) {
            (true, _) => {
                let air = libm::pow(hi / lo, AIR);
                (lo / air, hi * air)
            }
            (false, true) => (lo - (hi - lo) * AIR, hi + (hi - lo) * AIR),
            (false, false) => (lo - 1.0, hi + 1.0),
        };
        let mut axis = Axis { lo, hi, log, ticks: Vec::new() };
        let mut sorted: Vec<&(f64, &str)> = values.iter().collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut taken = f64::MIN;
        for (at, text) in sorted {
            // A text that would run into its neighbour is left to the grid line.
            let middle = axis.between(*at, X0, X1);
            let edge = middle.min(f64::from(WIDTH) - middle);
            let text = format::fit(text, 2.0 * edge, FONT).unwrap_or_default();
            let half = format::text_width(&text, FONT) / 2.0;
            let fits = middle - half > taken + 8.0;
            if fits {
                taken = middle + half;
            }
            axis.ticks.push((*at, if fits { text } else { String::new() }));
        }
        axis
    }

    /// Relative changes, from `lo` to `hi` as shares of one, with zero between them.
    pub(crate) fn change(lo: f64, hi: f64) -> Axis {
        let (lo, hi) = (lo.min(0.0), hi.max(0.0));
        let width = if hi > lo { hi - lo } else { 1.0 };
        let mut step = libm::pow(10.0, libm::floor(libm::log10(width)) - 1.0);
        for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
            if width / step <= 8.0 {
                break;
            }
            step *= factor;
        }
        let first = libm::floor(lo / step + 1e-9);
        let last = libm::ceil(hi / step - 1e-9).max(first + 1.0);
        let mut ticks = Vec::new();
        let mut i = first;
        while i <= last {
            ticks.push((i * step, format::change(i * step)));
            i += 1.0;
        }
        Axis { lo: first * step, hi: last * step, log: false, ticks }
    }

    /// The ticks with their texts.
    pub(crate) fn ticks(&self) -> &[(f64, String)] {
        &self.ticks
    }

    /// Where a value stands between the ends of the axis, from 0 to 1.
    pub(crate) fn fraction(&self, value: f64) -> f64 {
        let value = value.clamp(self.lo, self.hi);
        if self.log {
            libm::log10(value / self.lo) / libm::log10(self.hi / self.lo)
        } else {
            (value - self.lo) / (self.hi - self.lo)
        }
    }

    /// Where a value stands between two edges of a picture.
    pub(crate) fn between(&self, value: f64, from: f64, to: f64) -> f64 {
        from + self.fraction(value) * (to - from)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "a pixel of a picture of a known width")]
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        libm::round(self.between(*value, f64::from(limit.0), f64::from(limit.1))) as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.lo..self.hi
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| at.to_bits() == value.to_bits());
        tick.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// Nanoseconds and counts as plotters wants them: exact up to 104 days.
#[expect(clippy::cast_precision_loss, reason = "the last bit of a year is less than a pixel")]
pub(crate) fn real(n: u64) -> f64 {
    n as f64
}

/// The smallest round step that needs at most ten of its kind.
fn time_step(end: u64) -> u64 {
    let decimal = (0..11_u32).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    // Thirds of a minute would make odd labels.
    let seconds = if end > 120 * SECOND { 0 } else { 20 * SECOND };
    let below_half_minute = decimal.filter(|step| *step <= seconds);
    let minutes = [30, 60, 120, 300, 600, 1_200, 1_800].map(|secs| secs * SECOND);
    let hours = (0..6_u32)
        .flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power) * 3_600 * SECOND));
    below_half_minute
        .chain(minutes)
        .chain(hours)
        .find(|step| end / step <= 10)
        .unwrap_or(1_000_000 * 3_600 * SECOND)
}

fn time_unit(end: u64) -> (u64, &'static str) {
    match end {
        0..10_000 => (1, "ns"),
        10_000..10_000_000 => (1_000, "us"),
        10_000_000..1_000_000_000 => (1_000_000, "ms"),
        1_000_000_000..120_000_000_001 => (SECOND, "s"),
        _ if end <= 36_000 * SECOND => (60 * SECOND, "min"),
        _ => (3_600 * SECOND, "h"),
    }
}

/// A value in a unit with at most three decimals.
fn decimal(value: u64, scale: u64) -> String {
    let (whole, rest) = (value / scale, value % scale);
    let thousandths = u128::from(rest) * 1000 / u128::from(scale);
    let fraction = format!("{thousandths:03}");
    match fraction.trim_end_matches('0') {
        "" => whole.to_string(),
        digits => format!("{whole}.{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> String {
        let texts: Vec<_> =
            axis.ticks.iter().map(|(_, text)| text.replace('\u{a0}', " ")).collect();
        texts.join(", ")
    }

    #[test]
    fn time_ticks_are_round_at_every_scale() {
        assert_eq!(texts(&Axis::time(5)), "0 ns, 1 ns, 2 ns, 3 ns, 4 ns, 5 ns");
        assert_eq!(texts(&Axis::time(900_000_000)).matches("ms").count(), 10);
        assert_eq!(texts(&Axis::time(2_500_000_000)), "0 s, 0.5 s, 1 s, 1.5 s, 2 s, 2.5 s");
        assert_eq!(texts(&Axis::time(20 * SECOND)).split(", ").last(), Some("20 s"));
        assert_eq!(texts(&Axis::time(180 * SECOND)).split(", ").nth(1), Some("0.5 min"));
        assert_eq!(texts(&Axis::time(3_600 * SECOND)).split(", ").nth(1), Some("10 min"));
        assert!(Axis::time(u64::MAX).ticks.len() <= 12);
    }

    #[test]
    fn latency_ticks_are_1_2_5() {
        assert_eq!(texts(&Axis::latency(1_300_000, 4_000_000)), "1 ms, 2 ms, 5 ms");
        assert_eq!(texts(&Axis::latency(1_000_000, 1_000_000)), "500 us, 1 ms, 2 ms");
        assert_eq!(texts(&Axis::latency(0, 0)), "1 ns, 2 ns");
        assert_eq!(texts(&Axis::latency(900, 2 * SECOND)).split(", ").count(), 7);
        assert!(Axis::latency(1, u64::MAX).ticks.len() > 10);
    }

    #[test]
    fn nines_are_evenly_spaced() {
        let axis = Axis::nines(10_000);
        assert_eq!(texts(&axis), "50 %, 90 %, 99 %, 99.9 %, 99.99 %");
        let at = |one_in| axis.fraction(one_in);
        assert!((at(1000.0) - at(100.0) - (at(100.0) - at(10.0))).abs() < 1e-12);
    }

    #[test]
    fn values_stand_where_their_numbers_do() {
        let axis = Axis::values(&[(0.0, "0"), (0.01, "0.01"), (0.05, "0.05")]);
        assert_eq!(texts(&axis), "0, 0.01, 0.05");
        assert!((axis.fraction(0.01) - axis.fraction(0.0)) * 3.9 < axis.fraction(0.05));
        let axis = Axis::values(&[(1e6, "1ms"), (1e8, "100ms"), (1e7, "10ms")]);
        assert_eq!(texts(&axis), "1ms, 10ms, 100ms");
        assert!((axis.fraction(1e7) - 0.5).abs() < 1e-9, "evenly spaced by the logarithm");
        let crowded = Axis::values(&[(1.0, "one thing"), (1.001, "another"), (9.0, "the last")]);
        assert_eq!(texts(&crowded), "one thing, , the last");
        assert_eq!(texts(&Axis::values(&[(5.0, "5")])), "5");
        let long = format!("{{ lognormal = {{ {} }}", "median = \"1ms\", ".repeat(4));
        let wide = Axis::values(&[(0.0, "short"), (1.0, &long)]);
        assert!(texts(&wide).starts_with("short, { lognormal") && texts(&wide).ends_with('…'));
    }

    #[test]
    fn changes_have_zero_among_their_ticks() {
        assert_eq!(texts(&Axis::change(-0.031, 0.012)), "−4 %, −3 %, −2 %, −1 %, 0 %, +1 %, +2 %");
        assert_eq!(texts(&Axis::change(0.2, 0.9)), "0 %, +20 %, +40 %, +60 %, +80 %, +100 %");
        assert!(texts(&Axis::change(0.0, 0.0)).contains("0 %"));
    }

    #[test]
    fn counts_end_on_a_tick() {
        assert_eq!(texts(&Axis::count(1034.0)), "0, 500, 1 000, 1 500");
        assert_eq!(texts(&Axis::count(0.0)), "0, 0.2, 0.4, 0.6, 0.8, 1");
        assert_eq!(texts(&Axis::count(4.0)), "0, 1, 2, 3, 4");
    }
}
