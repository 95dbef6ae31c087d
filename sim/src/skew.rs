//! How wrong a clock is: by how much ([`Offset`]) and how fast it gets worse ([`Drift`]).
//!
//! Both have a sign: a clock with a positive offset shows a later time than the true one, one with a
//! positive drift runs fast.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::Stream;
use crate::time::Span;

/// A signed length of time in nanoseconds. In scenario files a duration that may have a sign:
/// `"-5ms"`, `"2s"`, `"+2s"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

/// How much faster than true time a clock runs, in parts per million; a slow one runs below zero. In
/// scenario files `"200ppm"` or `"-200ppm"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drift(pub i32);

/// The two ends of a range, both of which belong to it: `"-5ms..5ms"`, `"-200ppm..200ppm"`. A fixed
/// value is a range of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Skew<T> {
    /// The smallest value.
    pub lo: T,
    /// The largest value.
    pub hi: T,
}

impl Offset {
    /// No wall clock is farther off than this: ten years.
    pub const MOST: Offset = Offset(10 * 365 * 24 * 3600 * 1_000_000_000);

    /// Reads `"-5ms"`; the error is a sentence with a cure.
    pub fn parse(text: &str) -> Result<Offset, String> {
        let (negative, rest) = signed(text);
        let span = Span::parse(rest)?;
        let nanos = i64::try_from(span.0).ok().filter(|nanos| *nanos <= Offset::MOST.0);
        let nanos = nanos.ok_or_else(|| {
            format!(
                "a clock can be off by 10 years at most, \"{}\" is more: write a smaller number",
                text.trim()
            )
        })?;
        Ok(Offset(if negative { -nanos } else { nanos }))
    }
}

impl Drift {
    /// No clock drifts more than this: a tenth.
    pub const MOST: Drift = Drift(100_000);

    /// Reads `"-200ppm"`; the error is a sentence with a cure.
    pub fn parse(text: &str) -> Result<Drift, String> {
        let cure = "write parts per million, like \"200ppm\" or \"-200ppm\"";
        let wrong = || format!("\"{}\" is no drift: {cure}", text.trim());
        let (negative, rest) = signed(text);
        let number = rest.strip_suffix("ppm").ok_or_else(wrong)?.trim();
        let plain: String = number.chars().filter(|c| *c != '_').collect();
        if plain.is_empty() || !plain.chars().all(|c| c.is_ascii_digit()) {
            return Err(wrong());
        }
        match plain.parse::<i32>() {
            Ok(ppm) if ppm <= Drift::MOST.0 => Ok(Drift(if negative { -ppm } else { ppm })),
            _ => Err(format!(
                "a clock drifts by {0}ppm at most, a tenth; \"{1}\" is more: write a smaller number",
                Drift::MOST.0,
                text.trim()
            )),
        }
    }
}

/// The sign of a text, and what follows it.
fn signed(text: &str) -> (bool, &str) {
    let text = text.trim();
    match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => (true, rest.trim_start()),
        (_, Some(rest)) => (false, rest.trim_start()),
        _ => (false, text),
    }
}

impl<T: Copy + Ord> Skew<T> {
    /// Always the same.
    pub const fn fixed(value: T) -> Skew<T> {
        Skew { lo: value, hi: value }
    }

    fn parse(text: &str, one: impl Fn(&str) -> Result<T, String>) -> Result<Skew<T>, String> {
        match text.split_once("..") {
            None => one(text).map(Skew::fixed),
            Some((lo, hi)) => {
                let (lo, hi) = (one(lo)?, one(hi)?);
                if lo > hi {
                    return Err(format!("the range \"{text}\" ends before it begins"));
                }
                Ok(Skew { lo, hi })
            }
        }
    }
}

impl Skew<Offset> {
    /// Draws one of the range, each nanosecond as likely. A fixed value draws as well, so that a range
    /// in its place moves no other draw.
    pub(crate) fn draw(self, stream: &mut Stream) -> Offset {
        Offset(self.lo.0.saturating_add_unsigned(below(stream, self.hi.0.abs_diff(self.lo.0))))
    }
}

impl Skew<Drift> {
    /// Draws one of the range, each part per million as likely.
    pub(crate) fn draw(self, stream: &mut Stream) -> Drift {
        let more = below(stream, u64::from(self.hi.0.abs_diff(self.lo.0)));
        Drift(self.lo.0.saturating_add_unsigned(u32::try_from(more).unwrap_or(u32::MAX)))
    }
}

/// A number up to `most`, which is one of them.
fn below(stream: &mut Stream, most: u64) -> u64 {
    stream.below(most.saturating_add(1))
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", Span(self.0.unsigned_abs())))
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}ppm", self.0))
    }
}

impl Serialize for Drift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reading a string with a parser of ours, and the entry of the type in the schema.
macro_rules! written {
    ($type:ty, $parse:expr, $expecting:literal, $name:literal, $schema:tt) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        $parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_any(Visitor)
            }
        }
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

written!(Offset, Offset::parse, "a duration that may have a sign, like \"-5s\"", "Offset", {
    "type": "string",
    "description": "a duration that may have a sign, at most 10 years either way",
    "pattern": r"^\s*[-+]?\s*[0-9_]+(\.[0-9_]+)?\s*(ns|us|µs|ms|s|m|h|d)\s*$",
    "examples": ["-5s", "2s"]
});
written!(Drift, Drift::parse, "a drift in parts per million, like \"-200ppm\"", "Drift", {
    "type": "string",
    "description": "how much faster than true time a clock runs, -100000ppm to 100000ppm",
    "pattern": r"^\s*[-+]?\s*[0-9_]+\s*ppm\s*$",
    "examples": ["500ppm", "-500ppm"]
});
written!(
    Skew<Offset>,
    |text: &str| Skew::parse(text, Offset::parse),
    "a duration that may have a sign, like \"-5ms\", or a range of them, like \"-5ms..5ms\"",
    "OffsetRange",
    {
        "type": "string",
        "description": "a duration that may have a sign, or a range from which each node draws once",
        "examples": ["2ms", "-5ms..5ms"]
    }
);
written!(
    Skew<Drift>,
    |text: &str| Skew::parse(text, Drift::parse),
    "a drift in parts per million, like \"200ppm\", or a range, like \"-200ppm..200ppm\"",
    "DriftRange",
    {
        "type": "string",
        "description": "a drift in parts per million, or a range from which each node draws once",
        "examples": ["200ppm", "-200ppm..200ppm"]
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed};

    #[test]
    fn signs_are_read() {
        assert_eq!(Offset::parse("-5ms"), Ok(Offset(-5_000_000)));
        assert_eq!(Offset::parse(" + 2s"), Ok(Offset(2_000_000_000)));
        assert_eq!(Drift::parse("-1_000 ppm"), Ok(Drift(-1000)));
        assert_eq!(serde_json::to_string(&Drift(-1000)).unwrap(), r#""-1000ppm""#);
        let range = Skew::parse("-5ms..5ms", Offset::parse);
        assert_eq!(range, Ok(Skew { lo: Offset(-5_000_000), hi: Offset(5_000_000) }));
        assert_eq!(Offset(-1_500_000).to_string(), "-1.5ms");
    }

    #[test]
    fn what_is_no_skew_says_so_with_a_cure() {
        for text in ["200", "ppm", "1.5ppm", "--2ppm", "200 000 ppm", "200001ppm"] {
            assert!(Drift::parse(text).unwrap_err().contains("write "), "{text}");
        }
        for text in ["--5s", "5", "s", "1e3s"] {
            assert!(Offset::parse(text).unwrap_err().contains("write "), "{text}");
        }
        assert!(Offset::parse("11y").is_err() && Offset::parse("4000d").is_err());
        assert!(Skew::parse("5ms..-5ms", Offset::parse).is_err());
    }

    #[test]
    fn both_ends_are_drawn() {
        let mut stream = Stream::new(Seed(1), Purpose::Clock, 0);
        let range = Skew { lo: Drift(-2), hi: Drift(2) };
        let mut seen: Vec<i32> = (0..100).map(|_| range.draw(&mut stream).0).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [-2, -1, 0, 1, 2]);
        let wide = Skew { lo: Offset(-Offset::MOST.0), hi: Offset::MOST };
        assert!(wide.draw(&mut stream) <= Offset::MOST);
    }
}
