//! Laws as scenarios write them. By hand, because a law may be a bare string or number as well as a
//! table of one key, and because every error must be a sentence.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::{KeyLaw, Law, Part, Quantile};
use crate::random::Chance;
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
struct Normal {
    /// Half of the draws are shorter; above zero.
    mean: Span,
    /// The standard deviation, from zero to the mean.
    sd: Span,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Pareto {
    /// No draw is shorter; above zero.
    shortest: Span,
    /// Of draws longer than x, one in 2^exponent is longer than 2x.
    #[schemars(range(min = 0.5, max = 100))]
    exponent: f64,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Weibull {
    /// 63 % of the draws are shorter; above zero.
    scale: Span,
    /// Below 1 the tail is heavier than exponential, above it is lighter.
    #[schemars(range(min = 0.2, max = 100))]
    shape: f64,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct MixturePart {
    /// How often this part is drawn from, at least 0.000001; all shares add up to 1.
    share: Chance,
    /// How long it then takes: any law but another mixture.
    law: Law,
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

const LAWS: &str = "`constant`, `uniform`, `exponential`, `lognormal`, `normal`, `pareto`, `weibull`, \
                    `mixture`, `empirical`, `samples`";
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
            "normal" => {
                let Normal { mean, sd } = map.next_value()?;
                Law::Normal { mean, sd }
            }
            "pareto" => {
                let Pareto { shortest, exponent } = map.next_value()?;
                Law::Pareto { shortest, exponent }
            }
            "weibull" => {
                let Weibull { scale, shape } = map.next_value()?;
                Law::Weibull { scale, shape }
            }
            "mixture" => Law::Mixture(map.next_value()?),
            "empirical" => Law::Empirical(map.next_value()?),
            "samples" => Law::Samples(map.next_value()?),
            _ => return Err(unknown(&name, LAWS)),
        };
        no_more(&mut map, &name)?;
        Ok(law)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Part, D::Error> {
        let MixturePart { share, law } = MixturePart::deserialize(deserializer)?;
        Ok(Part { share, law })
    }
}

impl<'de> Deserialize<'de> for Quantile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantile, D::Error> {
        deserializer.deserialize_any(QuantileVisitor)
    }
}

struct QuantileVisitor;

impl<'de> Visitor<'de> for QuantileVisitor {
    type Value = Quantile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row like [0.99, \"8ms\"]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Quantile, A::Error> {
        let (Some(up_to), Some(span)) = (row.next_element()?, row.next_element()?) else {
            return Err(row_of("less"));
        };
        match row.next_element::<IgnoredAny>()? {
            None => Ok(Quantile { up_to, span }),
            Some(_) => Err(row_of("more")),
        }
    }
}

fn row_of<E: Error>(than: &str) -> E {
    E::custom(format_args!(
        "a row of an empirical law has two values and this one {than}: write a probability and a \
         duration, like [0.99, \"8ms\"]"
    ))
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
            Law::Normal { mean, sd } => tagged(serializer, "normal", &Normal { mean, sd }),
            Law::Pareto { shortest, exponent } => {
                tagged(serializer, "pareto", &Pareto { shortest, exponent })
            }
            Law::Weibull { scale, shape } => {
                tagged(serializer, "weibull", &Weibull { scale, shape })
            }
            Law::Mixture(ref parts) => tagged(serializer, "mixture", parts),
            Law::Empirical(ref rows) => tagged(serializer, "empirical", rows),
            Law::Samples(ref samples) => tagged(serializer, "samples", samples),
        }
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MixturePart { share: self.share, law: self.law.clone() }.serialize(serializer)
    }
}

impl Serialize for Quantile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.up_to, self.span).serialize(serializer)
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

/// The schema of a table with this one key: what the law means, and how it looks.
fn tag<T: JsonSchema>(
    generator: &mut SchemaGenerator,
    name: &str,
    meaning: &str,
    example: &Value,
) -> Schema {
    let mut inner = generator.subschema_for::<T>();
    inner.insert("description".into(), meaning.into());
    json_schema!({
        "type": "object",
        "properties": { name: inner },
        "required": [name],
        "additionalProperties": false,
        "examples": [{ name: example }]
    })
}

/// A list in the schema: of `T`, with this many items.
struct Items<T, const LEAST: usize, const MOST: usize>(PhantomData<T>);

impl<T: JsonSchema, const LEAST: usize, const MOST: usize> JsonSchema for Items<T, LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("{LEAST}To{MOST}Of{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "minItems": LEAST, "maxItems": MOST })
    }
}

impl JsonSchema for Quantile {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Quantile".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "prefixItems": [generator.subschema_for::<Chance>(), generator.subschema_for::<Span>()],
            "items": false,
            "minItems": 2
        })
    }
}

impl JsonSchema for Law {
    fn schema_name() -> Cow<'static, str> {
        "Law".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut choices = vec![generator.subschema_for::<SpanRange>()];
        choices.extend(plain_laws(generator));
        choices.extend(measured_laws(generator));
        json_schema!({
            "description": "how long something takes: a duration, a range, or a law",
            "oneOf": choices,
            "examples": ["2ms", "1ms..10ms", { "lognormal": { "median": "1ms", "p99": "8ms" } }]
        })
    }
}

fn plain_laws(generator: &mut SchemaGenerator) -> [Schema; 7] {
    [
        tag::<Span>(generator, "constant", "Always the same.", &json!("2ms")),
        tag::<Uniform>(
            generator,
            "uniform",
            "Any span from `from` on and below `to`, each as likely.",
            &json!({ "from": "1ms", "to": "10ms" }),
        ),
        tag::<Exponential>(
            generator,
            "exponential",
            "The time to the next of many independent events; its `mean` is above zero, the \
             median is 0.69 of it, the 99th percentile 4.6 times it.",
            &json!({ "mean": "5ms" }),
        ),
        tag::<Lognormal>(
            generator,
            "lognormal",
            "Many small factors multiplied, the usual first guess for latencies: half of the draws \
             are below `median` (above zero), 99 % below `p99` (from the median to 1000 times it).",
            &json!({ "median": "1ms", "p99": "8ms" }),
        ),
        tag::<Normal>(
            generator,
            "normal",
            "A bell around `mean` (above zero) with the standard deviation `sd` (zero to the mean). \
             Cut at zero: what would be negative is zero.",
            &json!({ "mean": "5ms", "sd": "1ms" }),
        ),
        tag::<Pareto>(
            generator,
            "pareto",
            "A power law: none is below `shortest` (above zero), and of those longer than x one in \
             2^`exponent` (0.5 to 100) is longer than 2x. The mean is infinite up to an exponent \
             of 1. Draws beyond 146 years are 146 years.",
            &json!({ "shortest": "1ms", "exponent": 1.5 }),
        ),
        tag::<Weibull>(
            generator,
            "weibull",
            "Longer than x with probability exp(-(x/`scale`)^`shape`): heavier than exponential \
             below a shape of 1, lighter above it (0.2 to 100; the scale above zero).",
            &json!({ "scale": "5ms", "shape": 0.7 }),
        ),
    ]
}

fn measured_laws(generator: &mut SchemaGenerator) -> [Schema; 3] {
    [
        tag::<Items<MixturePart, 2, 8>>(
            generator,
            "mixture",
            "One of 2 to 8 laws, drawn anew each time: `share` is how often (0.000001 or more, \
             all of them add up to 1), `law` any law but another mixture.",
            &json!([{ "share": 0.9, "law": "1ms..2ms" }, { "share": 0.1, "law": "40ms" }]),
        ),
        tag::<Items<Quantile, 1, 10_000>>(
            generator,
            "empirical",
            "Measured quantiles, linear in between: rows of a probability and the span that so \
             many draws do not exceed, both rising, the last probability 1. Draws below the first \
             probability are as long as its span; begin with a row of probability 0 to say how \
             short they get instead.",
            &json!([[0.5, "1ms"], [0.99, "8ms"], [1.0, "40ms"]]),
        ),
        tag::<Items<Span, 1, 10_000>>(
            generator,
            "samples",
            "Measured spans in any order, each as likely.",
            &json!(["1ms", "1.2ms", "7ms"]),
        ),
    ]
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
                tag::<UniformKeys>(
                    generator,
                    "uniform",
                    "Each of `count` keys as likely.",
                    &json!({ "count": 100 }),
                ),
                tag::<ZipfKeys>(
                    generator,
                    "zipf",
                    "Popular keys and rare ones among `count`: key k is drawn in proportion to \
                     1/(k+1)^`exponent`, from 0 (all alike) to 10.",
                    &json!({ "count": 100, "exponent": 0.99 }),
                )
            ],
            "examples": [100, { "zipf": { "count": 100, "exponent": 0.99 } }]
        })
    }
}
