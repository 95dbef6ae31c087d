//! Time as unsigned nanoseconds: instants of the simulation, instants of one node's clock, and spans.
//!
//! All three are plain `u64` nanoseconds behind a newtype, so that an instant of the world can not
//! be mistaken for an instant of a node. Arithmetic that would leave the range panics (the
//! workspace keeps `overflow-checks` on): a simulated run ends long before the 584 years that fit.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant of the simulated world, in nanoseconds since the start of the run.
///
/// Protocols never see it: what a node may know of time is [`LocalTime`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SimTime(pub u64);

/// An instant of one node's own clock, in nanoseconds. Only differences between instants of the
/// same node mean anything.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LocalTime(pub u64);

/// A length of time in nanoseconds. In scenario files and schemas it is a string with a unit:
/// `"150ms"`, `"1.5s"`, `"20us"`, `"2m"`, `"1h"`, `"7d"`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl SimTime {
    /// The start of every run.
    pub const ZERO: SimTime = SimTime(0);

    /// The time that passed since `earlier`.
    pub fn since(self, earlier: SimTime) -> Span {
        Span(self.0 - earlier.0)
    }

    /// The instant after a span of any length: at most the last that can be told, which no run
    /// reaches.
    pub fn after(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl LocalTime {
    /// The time that passed on this clock since `earlier`; zero when the clock was set back.
    pub fn since(self, earlier: LocalTime) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of whole nanoseconds.
    pub const fn nanos(n: u64) -> Span {
        Span(n)
    }
    /// A span of whole microseconds.
    pub const fn micros(n: u64) -> Span {
        Span(n * 1_000)
    }
    /// A span of whole milliseconds.
    pub const fn millis(n: u64) -> Span {
        Span(n * 1_000_000)
    }
    /// A span of whole seconds.
    pub const fn secs(n: u64) -> Span {
        Span(n * 1_000_000_000)
    }

    /// Reads `"150ms"`; the error is a sentence with a cure.
    pub fn parse(text: &str) -> Result<Span, String> {
        let cure = "write a number and a unit, like \"150ms\" (units: ns, us, ms, s, m, h, d)";
        let text = text.trim();
        let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'));
        let Some(split) = split else {
            return Err(if text.is_empty() {
                format!("an empty duration: {cure}")
            } else {
                format!("the duration \"{text}\" has no unit: {cure}")
            });
        };
        let (number, unit) = (&text[..split], text[split..].trim());
        let scale: u64 = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ if number.is_empty() => return Err(format!("\"{text}\" is no duration: {cure}")),
            _ => return Err(format!("unknown unit \"{unit}\" in \"{text}\": {cure}")),
        };
        parse_scaled(number, scale).map(Span).ok_or_else(|| {
            format!("\"{text}\" is no duration that can be simulated (at most 584 years): {cure}")
        })
    }
}

/// Reads a decimal number times `scale` exactly, without floats; fractions of a nanosecond are cut.
fn parse_scaled(number: &str, scale: u64) -> Option<u64> {
    let plain: String = number.chars().filter(|c| *c != '_').collect();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    if whole.is_empty() || fraction.contains('.') {
        return None;
    }
    let mut total = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    let mut digit_worth = scale;
    for digit in fraction.chars() {
        digit_worth /= 10;
        total = total.checked_add(u64::from(digit.to_digit(10)?) * digit_worth)?;
    }
    Some(total)
}

impl fmt::Display for Span {
    /// The largest unit that needs at most three decimals: `1.5s`, `150ms`, `20us`, `3ns`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, scale) = match self.0 {
            0 => return f.pad("0s"),
            n if n >= 1_000_000_000 => ("s", 1_000_000_000),
            n if n >= 1_000_000 => ("ms", 1_000_000),
            n if n >= 1_000 => ("us", 1_000),
            _ => ("ns", 1),
        };
        let (whole, rest) = (self.0 / scale, self.0 % scale);
        if rest == 0 {
            return f.pad(&format!("{whole}{unit}"));
        }
        let digits = format!("{:03}", (u128::from(rest) * 1000) / u128::from(scale));
        let digits = digits.trim_end_matches('0');
        f.pad(&if digits.is_empty() {
            format!("{whole}{unit}")
        } else {
            format!("{whole}.{digits}{unit}")
        })
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SimTime {
    /// Seconds with microseconds: `5.003120s`, so that columns of a trace line up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0 / 1_000;
        f.pad(&format!("{}.{:06}s", micros / 1_000_000, micros % 1_000_000))
    }
}

impl Serialize for Span {
    /// Exact: the largest unit that divides the span, so that reading it back gives the same span.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)];
        let (unit, scale) =
            units.into_iter().find(|(_, scale)| self.0.is_multiple_of(*scale)).unwrap();
        serializer.collect_str(&format_args!("{}{unit}", self.0 / scale))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit, like \"150ms\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a number and a unit: ns, us, ms, s, m, h, d",
            "pattern": r"^[0-9_]+(\.[0-9_]+)?\s*(ns|us|µs|ms|s|m|h|d)$",
            "examples": ["150ms"]
        })
    }
}

/// A span drawn anew each time it is used: fixed, or uniform in `lo..hi`. In scenario files
/// `"50ms"` or `"150ms..300ms"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanRange {
    /// The shortest span.
    pub lo: Span,
    /// The end of the range, exclusive; equal to `lo` for a fixed span.
    pub hi: Span,
}

impl SpanRange {
    /// Reads `"50ms"` or `"150ms..300ms"`.
    pub fn parse(text: &str) -> Result<SpanRange, String> {
        match text.split_once("..") {
            None => Span::parse(text).map(SpanRange::from),
            Some((lo, hi)) => {
                let (lo, hi) = (Span::parse(lo)?, Span::parse(hi)?);
                if lo > hi {
                    return Err(format!("the range \"{text}\" ends before it begins"));
                }
                Ok(SpanRange { lo, hi })
            }
        }
    }
}

impl From<Span> for SpanRange {
    fn from(span: Span) -> SpanRange {
        SpanRange { lo: span, hi: span }
    }
}

impl From<std::ops::Range<Span>> for SpanRange {
    fn from(range: std::ops::Range<Span>) -> SpanRange {
        SpanRange { lo: range.start, hi: range.end }
    }
}

impl fmt::Debug for SpanRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lo == self.hi {
            write!(f, "{}", self.lo)
        } else {
            write!(f, "{}..{}", self.lo, self.hi)
        }
    }
}

impl Serialize for SpanRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let exact = |span: &Span| {
            let value = serde_json::to_value(span).map_err(serde::ser::Error::custom)?;
            Ok::<String, S::Error>(value.as_str().unwrap_or_default().to_owned())
        };
        if self.lo == self.hi {
            serializer.serialize_str(&exact(&self.lo)?)
        } else {
            serializer.serialize_str(&format!("{}..{}", exact(&self.lo)?, exact(&self.hi)?))
        }
    }
}

impl<'de> Deserialize<'de> for SpanRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SpanRange, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = SpanRange;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration like \"50ms\" or a range like \"150ms..300ms\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SpanRange, E> {
                SpanRange::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for SpanRange {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DurationRange".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a duration, or a range lo..hi (hi exclusive) from which each use draws",
            "examples": ["50ms", "150ms..300ms"]
        })
    }
}

impl Add<Span> for SimTime {
    type Output = SimTime;
    fn add(self, span: Span) -> SimTime {
        SimTime(self.0 + span.0)
    }
}

impl AddAssign<Span> for SimTime {
    fn add_assign(&mut self, span: Span) {
        self.0 += span.0;
    }
}

impl Add<Span> for LocalTime {
    type Output = LocalTime;
    fn add(self, span: Span) -> LocalTime {
        LocalTime(self.0 + span.0)
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0 - other.0)
    }
}

impl Mul<u64> for Span {
    type Output = Span;
    fn mul(self, times: u64) -> Span {
        Span(self.0 * times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        assert_eq!(Span::parse("150ms"), Ok(Span::millis(150)));
        assert_eq!(Span::parse("1.5s"), Ok(Span::millis(1500)));
        assert_eq!(Span::parse("0.000000001s"), Ok(Span(1)));
        assert_eq!(Span::parse("1_000us"), Ok(Span::millis(1)));
        assert_eq!(Span::parse("2 h"), Ok(Span::secs(7200)));
    }

    #[test]
    fn what_is_no_duration_says_so_with_a_cure() {
        for text in ["", "5", "ms", "5 parsecs", "1.2.3s", "-5s", "99999999999d", ".5s"] {
            let why = Span::parse(text).unwrap_err();
            assert!(why.contains("\"150ms\""), "{text}: {why}");
        }
    }

    #[test]
    fn serialised_spans_read_back_equal() {
        for nanos in [0, 1, 999, 1_000, 1_500_000, 90_000_000_000, u64::MAX] {
            let text = serde_json::to_string(&Span(nanos)).unwrap();
            assert_eq!(serde_json::from_str::<Span>(&text).unwrap(), Span(nanos));
        }
    }

    #[test]
    fn spans_print_short() {
        assert_eq!(Span::millis(1500).to_string(), "1.5s");
        assert_eq!(Span::nanos(1_234_567).to_string(), "1.234ms");
        assert_eq!(SimTime(5_003_120_456).to_string(), "5.003120s");
        assert_eq!(SpanRange::parse("150ms..300ms").unwrap().to_string(), "150ms..300ms");
        assert!(SpanRange::parse("3s..2s").is_err());
    }
}
