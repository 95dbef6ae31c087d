//! Values of the language that are not simply a duration, a law or a number.

use std::borrow::Cow;
use std::fmt;

use rehearsal_sim::time::{SimTime, Span};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// One name or a list of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    /// Whether they stand in a list, and have indexes.
    pub(crate) is_list: bool,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        struct NamesVisitor;
        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name in quotes or a list of them")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names { names: vec![name.to_owned()], is_list: false })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element()? {
                    names.push(name);
                }
                Ok(Names { names, is_list: true })
            }
        }
        deserializer.deserialize_any(NamesVisitor)
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "one name or a list of names",
            "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
            "examples": ["n1", ["n1", "n2"]]
        })
    }
}

/// How often something happens: so many times in a span. Exact, without floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) count: u64,
    pub(crate) per: Span,
}

/// The unit of time of a rate with so many decimals grows by as many powers of ten.
const MOST_DECIMALS: usize = 6;

impl Rate {
    /// Reads `"500/s"`; the error is a sentence with a cure.
    fn parse(text: &str) -> Result<Rate, String> {
        let cure =
            "write a number and a unit of time, like \"500/s\" (units: /us, /ms, /s, /m, /h)";
        let wrong = || format!("\"{text}\" is no rate: {cure}");
        let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
        let unit = match unit.trim() {
            "us" => Span::micros(1),
            "ms" => Span::millis(1),
            "s" => Span::secs(1),
            "m" => Span::secs(60),
            "h" => Span::secs(3600),
            unit => return Err(format!("unknown unit \"/{unit}\" in \"{text}\": {cure}")),
        };
        let plain: String = number.trim().chars().filter(|c| *c != '_').collect();
        let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
        let digits = format!("{whole}{decimals}");
        if whole.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
            return Err(wrong());
        }
        if decimals.len() > MOST_DECIMALS {
            return Err(format!(
                "the rate \"{text}\" is too fine: write at most {MOST_DECIMALS} decimals"
            ));
        }
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        let scale = (0..decimals.len()).fold(1, |scale, _| scale * 10);
        Ok(Rate { count, per: unit * scale })
    }

    /// The mean time from one event to the next, to the nearest nanosecond; `None` where there
    /// would be no events, or more than one in a nanosecond.
    pub(crate) fn gap(self) -> Option<Span> {
        if self.count == 0 {
            return None;
        }
        let gap = (u128::from(self.per.0) + u128::from(self.count) / 2) / u128::from(self.count);
        u64::try_from(gap).ok().filter(|gap| *gap > 0).map(Span)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        struct RateVisitor;
        impl Visitor<'_> for RateVisitor {
            type Value = Rate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate like \"500/s\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Rate, E> {
                Rate::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(RateVisitor)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a number and a unit of time: /us, /ms, /s, /m, /h",
            "pattern": r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*/\s*(us|ms|s|m|h)\s*$",
            "examples": ["500/s"]
        })
    }
}

/// A part of the run, from the first instant to the one behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: SimTime,
    pub(crate) to: SimTime,
}

impl Window {
    fn parse(text: &str) -> Result<Window, String> {
        let cure = "write where it begins and ends, like \"5s..10s\"";
        let (from, to) = text
            .split_once("..")
            .ok_or_else(|| format!("\"{text}\" is no part of a run: {cure}"))?;
        let (from, to) = (Span::parse(from)?, Span::parse(to)?);
        if from >= to {
            return Err(format!("\"{text}\" ends before it begins: {cure}"));
        }
        Ok(Window { from: SimTime(from.0), to: SimTime(to.0) })
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
        struct WindowVisitor;
        impl Visitor<'_> for WindowVisitor {
            type Value = Window;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part of the run like \"5s..10s\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Window, E> {
                Window::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(WindowVisitor)
    }
}

impl JsonSchema for Window {
    fn schema_name() -> Cow<'static, str> {
        "Window".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "from one instant of the run to a later one",
            "pattern": r"^[^.]*[0-9]+.*\.\..*$",
            "examples": ["5s..10s"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact() {
        let gap = |text| Rate::parse(text).unwrap().gap().unwrap();
        assert_eq!(gap("500/s"), Span::millis(2));
        assert_eq!(gap("0.5/s"), Span::secs(2));
        assert_eq!(gap("30/m"), Span::secs(2));
        assert_eq!(gap("1_000/ms"), Span::micros(1));
        assert_eq!(gap("3/s"), Span(333_333_333));
        assert_eq!(Rate::parse("0/s").unwrap().gap(), None);
        assert_eq!(Rate::parse("9999999999/s").unwrap().gap(), None);
    }

    #[test]
    fn what_is_no_rate_says_so_with_a_cure() {
        for text in ["500", "/s", "x/s", "5/parsec", "-1/s", "1.2.3/s", "1.1234567/s", "1e3/s"] {
            assert!(Rate::parse(text).unwrap_err().contains("write "), "{text}");
        }
    }

    #[test]
    fn windows_have_a_length() {
        let window = Window { from: SimTime(5_000_000_000), to: SimTime(10_000_000_000) };
        assert_eq!(Window::parse("5s..10s"), Ok(window));
        for text in ["5s", "10s..5s", "5s..5s", "5..10"] {
            assert!(Window::parse(text).unwrap_err().contains("write "), "{text}");
        }
    }
}
