//! Amounts of data: how much, and how much in a second.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// What a link sends in a second, in bits. Exact, without floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bandwidth(pub(crate) u64);

/// So many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

const BANDWIDTHS: [(&str, u64); 8] = [
    ("bit/s", 1),
    ("kbit/s", 1_000),
    ("Mbit/s", 1_000_000),
    ("Gbit/s", 1_000_000_000),
    ("B/s", 8),
    ("kB/s", 8_000),
    ("MB/s", 8_000_000),
    ("GB/s", 8_000_000_000),
];

const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Reads a number and a unit; the error is a sentence with a cure.
fn amount(text: &str, what: &str, example: &str, units: &[(&str, u64)]) -> Result<u64, String> {
    let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    let cure =
        format!("write a number and a unit, like \"{example}\" (units: {})", names.join(", "));
    let wrong = || format!("\"{text}\" is no {what}: {cure}");
    let text = text.trim();
    let end =
        text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let (number, unit) = (text[..end].replace('_', ""), text[end..].trim());
    let (whole, decimals) = number.split_once('.').unwrap_or((&number, ""));
    if whole.is_empty() || decimals.contains('.') || unit.is_empty() {
        return Err(wrong());
    }
    let Some((_, one)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("unknown unit \"{unit}\" in \"{text}\": {cure}"));
    };
    let number: u128 = format!("{whole}{decimals}").parse().map_err(|_| wrong())?;
    let below = 10_u128.checked_pow(u32::try_from(decimals.len()).unwrap_or(u32::MAX));
    let (Some(below), Some(all)) = (below, number.checked_mul(u128::from(*one))) else {
        return Err(wrong());
    };
    let least = units[0].0;
    if all % below != 0 {
        return Err(format!("\"{text}\" is no whole number of {least}: write fewer decimals"));
    }
    u64::try_from(all / below).map_err(|_| format!("\"{text}\" is too much: write less than that"))
}

macro_rules! value {
    ($type:ident, $what:literal, $example:literal, $units:ident, $pattern:literal) => {
        impl $type {
            fn parse(text: &str) -> Result<$type, String> {
                amount(text, $what, $example, &$units).map($type)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct AmountVisitor;
                impl Visitor<'_> for AmountVisitor {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a ", $what, " like \"", $example, "\""))
                    }
                    fn visit_str<E: Error>(self, text: &str) -> Result<$type, E> {
                        $type::parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_any(AmountVisitor)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let units: Vec<&str> = $units.iter().map(|(name, _)| *name).collect();
                json_schema!({
                    "type": "string",
                    "description": format!("a number and a unit: {}", units.join(", ")),
                    "pattern": $pattern,
                    "examples": [$example]
                })
            }
        }
    };
}

value!(
    Bandwidth,
    "bandwidth",
    "1Mbit/s",
    BANDWIDTHS,
    r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*([kMG]?bit/s|[kMG]?B/s)\s*$"
);
value!(Size, "size", "64KiB", SIZES, r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*([kMG]?B|[KMG]iB)\s*$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let rate = |text| Bandwidth::parse(text).unwrap().0;
        assert_eq!(rate("1Mbit/s"), 1_000_000);
        assert_eq!(rate("1.5 kB/s"), 12_000);
        assert_eq!(rate("0.125B/s"), 1);
        assert_eq!(rate("9_600bit/s"), 9_600);
        assert_eq!(rate("40Gbit/s"), 40_000_000_000);
        let size = |text| Size::parse(text).unwrap().0;
        assert_eq!(size("64KiB"), 65_536);
        assert_eq!(size("1.5kB"), 1_500);
        assert_eq!(size("0B"), 0);
    }

    #[test]
    fn what_is_no_amount_says_so_with_a_cure() {
        for text in
            ["1", "Mbit/s", "1Mb/s", "1mbit/s", "-1B/s", "1.2.3B/s", "0.3bit/s", "1e3B/s", ""]
        {
            assert!(Bandwidth::parse(text).unwrap_err().contains("write "), "{text}");
        }
        let much = format!("{}GiB", u64::MAX);
        for text in ["1", "64Kib", "64K", "1.5B", "1.B.B", &much, "9".repeat(60).as_str()] {
            assert!(Size::parse(text).unwrap_err().contains("write "), "{text}");
        }
    }
}
