//! Probabilities as fixed-point numbers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A probability, in units of 2^-127.
///
/// Every `f64` from 2^-75 to 1 is held exactly, smaller ones are cut to a whole unit. In scenario
/// files it is a plain number: `loss = 0.001`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chance(u128);

/// One as a number of units: a power of two, so that multiplying and dividing by it is exact.
const ONE: u128 = 1 << 127;

impl Chance {
    /// What never happens.
    pub const NEVER: Chance = Chance(0);
    /// What always happens.
    pub const ALWAYS: Chance = Chance(ONE);

    /// The probability `p`; `None` when it is not between 0 and 1.
    #[allow(clippy::float_arithmetic)] // by a power of two, exact
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the cast saturates
    pub fn from_f64(p: f64) -> Option<Chance> {
        (0.0..=1.0).contains(&p).then_some(Chance((p * ONE as f64) as u128))
    }

    /// The nearest floating-point number.
    #[allow(clippy::float_arithmetic)] // by a power of two, exact
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// Whether it is that of what never happens.
    pub(crate) fn is_never(self) -> bool {
        self == Chance::NEVER
    }

    /// How many of the 2^64 uniform numbers lie below it, cut to a whole number; of what always
    /// happens all but the last.
    pub(crate) fn below(self) -> u64 {
        u64::try_from(self.0 >> 63).unwrap_or(u64::MAX)
    }

    /// Whether an event of this probability happens, decided by one uniform draw: whether
    /// `draw / 2^64` lies below it.
    #[inline]
    pub fn hits(self, draw: u64) -> bool {
        u128::from(draw) << 63 < self.0
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_f64(), f)
    }
}

impl Serialize for Chance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_f64())
    }
}

impl<'de> Deserialize<'de> for Chance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Chance, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Chance;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a probability between 0 and 1")
            }
            fn visit_f64<E: serde::de::Error>(self, p: f64) -> Result<Chance, E> {
                Chance::from_f64(p).ok_or_else(|| {
                    E::custom(format_args!("{p} is no chance: write a probability between 0 and 1"))
                })
            }
            fn visit_u64<E: serde::de::Error>(self, p: u64) -> Result<Chance, E> {
                self.visit_f64(p as f64)
            }
            fn visit_i64<E: serde::de::Error>(self, p: i64) -> Result<Chance, E> {
                self.visit_f64(p as f64)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for Chance {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Chance".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "number",
            "description": "a probability between 0 and 1",
            "minimum": 0,
            "maximum": 1,
            "examples": [0.001]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_certain() {
        assert_eq!(Chance::from_f64(0.0), Some(Chance::NEVER));
        assert_eq!(Chance::from_f64(-0.0), Some(Chance::NEVER));
        assert_eq!(Chance::from_f64(1.0), Some(Chance::ALWAYS));
        assert!(!Chance::NEVER.hits(0));
        assert!(Chance::ALWAYS.hits(u64::MAX));
        for p in [-0.1, 1.000_000_1, f64::NAN, f64::INFINITY] {
            assert_eq!(Chance::from_f64(p), None, "{p}");
        }
    }

    #[test]
    fn a_chance_splits_the_draws_where_it_says() {
        let half = Chance::from_f64(0.5).unwrap();
        assert!(half.hits((1 << 63) - 1) && !half.hits(1 << 63));
        let tiny = Chance::from_f64(f64::from_bits((1023 - 64) << 52)).unwrap();
        assert!(tiny.hits(0) && !tiny.hits(1), "2^-64 is one draw of all");
    }

    #[test]
    fn what_is_written_is_read_back_exactly() {
        for p in [0.0, 1e-9, 0.0001, 0.001, 0.1, 1.0 / 3.0, 0.999_999_999, 1.0, 1e-22] {
            let chance = Chance::from_f64(p).unwrap();
            assert_eq!(chance.to_f64().to_bits(), p.to_bits(), "{p}");
            let text = serde_json::to_string(&chance).unwrap();
            assert_eq!(serde_json::from_str::<Chance>(&text).unwrap(), chance);
            assert_eq!(chance.to_string(), p.to_string());
        }
        assert_eq!(serde_json::from_str::<Chance>("1").unwrap(), Chance::ALWAYS);
        assert_eq!(serde_json::from_str::<Chance>("0").unwrap(), Chance::NEVER);
    }

    #[test]
    fn what_is_no_probability_says_so() {
        for text in ["1.5", "-0.25", "2", "-1", "\"often\"", "true"] {
            let why = serde_json::from_str::<Chance>(text).unwrap_err().to_string();
            assert!(why.contains("a probability between 0 and 1"), "{text}: {why}");
        }
    }
}
