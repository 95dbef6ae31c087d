//! Laws as scenarios write them. By hand, because a law may be a bare string or number as well as a
//! table of one key, and because every error must be a sentence.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{KeyLaw, Law};
use crate::time::{Span, SpanRange};

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Uniform {
    /// The shortest span.
    from: Span,
    /// The end of the range, exclusive.
    to: Span,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Exponential {
    /// The mean, above zero.
    mean: Span,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Lognormal {
    /// Half of the draws are shorter; above zero.
    median: Span,
    /// 99 % of the draws are shorter; from the median to 1000 times the median.
    p99: Span,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct UniformKeys {
    /// How many keys there are.
    #[schemars(range(min = 1, max = 10_000_000))]
    count: u64,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct ZipfKeys {
    /// How many keys there are.
    #[schemars(range(min = 1, max = 10_000_000))]
    count: u64,
    /// How uneven they are: key k is drawn in proportion to 1/(k+1)^exponent.
    #[schemars(range(min = 0, max = 10))]
    exponent: f64,
}

const LAWS: &str = "`constant`, `uniform`, `exponential`, `lognormal`";
const KEY_LAWS: &str = "`uniform`, `zipf`";

impl<'de> Deserialize<'de> for Law {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Law, D::Error> {
        deserializer.deserialize_any(LawVisitor)
    }
}

struct LawVisitor;

impl<'de> Visitor<'de> for LawVisitor {
    type Value = Law;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a duration like \"2ms\", a range like \"1ms..10ms\" or a law like \
             { exponential = { mean = \"5ms\" } }",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Law, E> {
        SpanRange::parse(text).map(Law::from).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Law, A::Error> {
        let name = only_key(&mut map, LAWS)?;
        let law = match name.as_str() {
            "constant" => Law::Constant(map.next_value()?),
            "uniform" => {
                let Uniform { from, to } = map.next_value()?;
                Law::Uniform { from, to }
            }
            "exponential" => {
                let Exponential { mean } = map.next_value()?;
                Law::Exponential { mean }
            }
            "lognormal" => {
                let Lognormal { median, p99 } = map.next_value()?;
                Law::Lognormal { median, p99 }
            }
            _ => return Err(unknown(&name, LAWS)),
        };
        no_more(&mut map, &name)?;
        Ok(law)
    }
}

impl<'de> Deserialize<'de> for KeyLaw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KeyLaw, D::Error> {
        deserializer.deserialize_any(KeyLawVisitor)
    }
}

struct KeyLawVisitor;

impl<'de> Visitor<'de> for KeyLawVisitor {
    type Value = KeyLaw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a number of keys like 100 or a law like { zipf = { count = 100, exponent = 0.99 } }",
        )
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<KeyLaw, E> {
        Ok(KeyLaw::Uniform { count })
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<KeyLaw, E> {
        let count = u64::try_from(count).map_err(|_| {
            E::custom(format_args!("the number of keys must be from 1 to 10 million, not {count}"))
        })?;
        self.visit_u64(count)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyLaw, A::Error> {
        let name = only_key(&mut map, KEY_LAWS)?;
        let law = match name.as_str() {
            "uniform" => {
                let UniformKeys { count } = map.next_value()?;
                KeyLaw::Uniform { count }
            }
            "zipf" => {
                let ZipfKeys { count, exponent } = map.next_value()?;
                KeyLaw::Zipf { count, exponent }
            }
            _ => return Err(unknown(&name, KEY_LAWS)),
        };
        no_more(&mut map, &name)?;
        Ok(law)
    }
}

fn only_key<'de, A: MapAccess<'de>>(map: &mut A, known: &str) -> Result<String, A::Error> {
    let name = map.next_key()?;
    name.ok_or_else(|| A::Error::custom(format_args!("an empty law: name one of {known}")))
}

fn unknown<E: Error>(name: &str, known: &str) -> E {
    E::custom(format_args!("unknown law `{name}`, expected one of {known}"))
}

fn no_more<'de, A: MapAccess<'de>>(map: &mut A, name: &str) -> Result<(), A::Error> {
    match map.next_key::<String>()? {
        None => Ok(()),
        Some(second) => Err(A::Error::custom(format_args!(
            "a law has one name, this one is both `{name}` and `{second}`: remove one"
        ))),
    }
}

fn tagged<S: Serializer>(
    serializer: S,
    name: &str,
    value: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, value)?;
    map.end()
}

impl Serialize for Law {
    /// A constant as a bare duration, everything else as a table of one key.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Law::Constant(span) => span.serialize(serializer),
            Law::Uniform { from, to } => tagged(serializer, "uniform", &Uniform { from, to }),
            Law::Exponential { mean } => tagged(serializer, "exponential", &Exponential { mean }),
            Law::Lognormal { median, p99 } => {
                tagged(serializer, "lognormal", &Lognormal { median, p99 })
            }
        }
    }
}

impl Serialize for KeyLaw {
    /// A uniform law as a bare number, everything else as a table of one key.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            KeyLaw::Uniform { count } => serializer.serialize_u64(count),
            KeyLaw::Zipf { count, exponent } => {
                tagged(serializer, "zipf", &ZipfKeys { count, exponent })
            }
        }
    }
}

/// The schema of a table with this one key.
fn tag<T: JsonSchema>(generator: &mut SchemaGenerator, name: &str) -> Schema {
    let inner = generator.subschema_for::<T>();
    json_schema!({
        "type": "object",
        "properties": { name: inner },
        "required": [name],
        "additionalProperties": false
    })
}

impl JsonSchema for Law {
    fn schema_name() -> Cow<'static, str> {
        "Law".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "how long something takes: a duration, a range, or a law",
            "oneOf": [
                generator.subschema_for::<SpanRange>(),
                tag::<Span>(generator, "constant"),
                tag::<Uniform>(generator, "uniform"),
                tag::<Exponential>(generator, "exponential"),
                tag::<Lognormal>(generator, "lognormal")
            ],
            "examples": ["2ms", "1ms..10ms", { "lognormal": { "median": "1ms", "p99": "8ms" } }]
        })
    }
}

impl JsonSchema for KeyLaw {
    fn schema_name() -> Cow<'static, str> {
        "KeyLaw".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "which keys are asked for: how many there are, or a law",
            "oneOf": [
                { "type": "integer", "minimum": 1, "maximum": 10_000_000 },
                tag::<UniformKeys>(generator, "uniform"),
                tag::<ZipfKeys>(generator, "zipf")
            ],
            "examples": [100, { "zipf": { "count": 100, "exponent": 0.99 } }]
        })
    }
}
