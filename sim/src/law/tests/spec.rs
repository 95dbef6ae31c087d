//! How laws are written, and what is said about those that can not be read or make no sense.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

/// Reads a value inside a document and reports errors the way scenarios do: path, then sentence.
fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    let document = json!({ "network": value });
    let read: Result<std::collections::BTreeMap<String, T>, _> =
        serde_path_to_error::deserialize(document);
    read.map(|mut map| map.remove("network").unwrap())
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))
}

#[test]
fn every_way_of_writing_is_read() {
    let uniform = Law::Uniform { from: Span::millis(1), to: Span::millis(10) };
    for (value, law) in [
        (json!("2ms"), Law::Constant(Span::millis(2))),
        (json!({ "constant": "2ms" }), Law::Constant(Span::millis(2))),
        (json!("1ms..10ms"), uniform.clone()),
        (json!({ "uniform": { "from": "1ms", "to": "10ms" } }), uniform),
        (json!({ "exponential": { "mean": "5ms" } }), exponential(5_000_000)),
        (
            json!({ "lognormal": { "median": "1ms", "p99": "8ms" } }),
            lognormal(1_000_000, 8_000_000),
        ),
    ] {
        assert_eq!(read::<Law>(&value).unwrap(), law);
        let back = serde_json::to_value(&law).unwrap();
        assert_eq!(read::<Law>(&back).unwrap(), law);
    }
    for (value, law) in [
        (json!(100), KeyLaw::Uniform { count: 100 }),
        (json!({ "uniform": { "count": 100 } }), KeyLaw::Uniform { count: 100 }),
        (
            json!({ "zipf": { "count": 100, "exponent": 0.99 } }),
            KeyLaw::Zipf { count: 100, exponent: 0.99 },
        ),
        (
            json!({ "zipf": { "count": 100, "exponent": 1 } }),
            KeyLaw::Zipf { count: 100, exponent: 1.0 },
        ),
    ] {
        assert_eq!(read::<KeyLaw>(&value).unwrap(), law);
        let back = serde_json::to_value(&law).unwrap();
        assert_eq!(read::<KeyLaw>(&back).unwrap(), law);
    }
}

#[test]
fn laws_are_written_in_their_shortest_table() {
    let written = |law: &Law| serde_json::to_value(law).unwrap();
    assert_eq!(written(&Law::Constant(Span::millis(2))), json!("2ms"));
    assert_eq!(
        written(&Law::Uniform { from: Span::millis(1), to: Span::millis(10) }),
        json!({ "uniform": { "from": "1ms", "to": "10ms" } })
    );
    assert_eq!(written(&exponential(5_000)), json!({ "exponential": { "mean": "5us" } }));
    assert_eq!(serde_json::to_value(KeyLaw::Uniform { count: 7 }).unwrap(), json!(7));
    assert_eq!(lognormal(1_000_000, 8_000_000).to_string(), "lognormal (median 1ms, p99 8ms)");
    assert_eq!(KeyLaw::Zipf { count: 9, exponent: 0.5 }.to_string(), "9 keys, zipf 0.5");
}

#[test]
fn what_can_not_be_read_is_located_and_explained() {
    for (value, said) in [
        (json!("2"), "network: the duration \"2\" has no unit: write a number and a unit"),
        (json!("10ms..1ms"), "network: the range \"10ms..1ms\" ends before it begins"),
        (json!(2), "expected a duration like \"2ms\", a range like \"1ms..10ms\" or a law like"),
        (
            json!({ "gamma": {} }),
            "network: unknown law `gamma`, expected one of `constant`, `uniform`, `exponential`, \
             `lognormal`",
        ),
        (json!({}), "network: an empty law: name one of `constant`, `uniform`"),
        (
            json!({ "constant": "1ms", "exponential": { "mean": "1ms" } }),
            "network: a law has one name, this one is both `constant` and `exponential`",
        ),
        (
            json!({ "lognormal": { "median": "1ms", "p95": "8ms" } }),
            "network.lognormal.p95: unknown field `p95`, expected `median` or `p99`",
        ),
        (json!({ "lognormal": { "median": "1ms" } }), "network.lognormal: missing field `p99`"),
        (
            json!({ "uniform": { "from": "1ms", "to": "10" } }),
            "network.uniform.to: the duration \"10\" has no unit",
        ),
    ] {
        let why = read::<Law>(&value).unwrap_err();
        assert!(why.contains(said), "{value}: {why}");
    }
    for (value, said) in [
        (json!(-1), "network: the number of keys must be from 1 to 10 million, not -1"),
        (json!("many"), "expected a number of keys like 100 or a law like { zipf = {"),
        (json!({ "zipf": { "count": 100 } }), "network.zipf: missing field `exponent`"),
        (json!({ "pareto": {} }), "unknown law `pareto`, expected one of `uniform`, `zipf`"),
        (
            json!({ "zipf": { "count": "x", "exponent": 1 } }),
            "network.zipf.count: invalid type: string \"x\", expected u64",
        ),
    ] {
        let why = read::<KeyLaw>(&value).unwrap_err();
        assert!(why.contains(said), "{value}: {why}");
    }
}

#[test]
fn nonsense_is_refused_with_a_sentence() {
    let year = 365 * 24 * 3600 * 1_000_000_000;
    for (law, said) in [
        (
            Law::Uniform { from: Span(9), to: Span(3) },
            "a uniform law can not end before it begins: `from` is 9ns and `to` is 3ns; exchange \
             them",
        ),
        (exponential(0), "an exponential law needs a mean above zero: for no time at all write"),
        (lognormal(0, 5), "a lognormal law needs a median above zero: for no time at all write"),
        (
            lognormal(8_000, 1_000),
            "99 of 100 draws of a lognormal law are below `p99`, so it can not be shorter than the \
             median: `p99` is 1us and `median` is 8us; exchange them or raise `p99`",
        ),
        (
            lognormal(1_000, 1_000_001),
            "the `p99` of a lognormal law can be at most 1000 times its median",
        ),
        (
            exponential(5 * year),
            "can draw spans of more than 146 years, longer than a run can last: make it shorter",
        ),
        (lognormal(10_000_000_000, 10_000_000_000_000), "more than 146 years"),
        (Law::Constant(Span(147 * year)), "more than 146 years"),
        (Law::Uniform { from: Span(0), to: Span(147 * year) }, "more than 146 years"),
    ] {
        let why = law.check().unwrap_err();
        assert!(why.contains(said), "{law}: {why}");
    }
    for law in [
        Law::Constant(Span::ZERO),
        Law::Uniform { from: Span(3), to: Span(3) },
        exponential(4 * year),
        lognormal(1_000, 1_000_000),
        lognormal(5, 5),
    ] {
        assert_eq!(law.check(), Ok(()), "{law}");
    }
}

#[test]
#[should_panic(expected = "an unchecked law: a uniform law can not end before it begins")]
fn nonsense_is_not_compiled() {
    Law::Uniform { from: Span(9), to: Span(3) }.compile();
}

#[test]
fn schemas_know_every_name() {
    let law = serde_json::to_string(&schemars::schema_for!(Law)).unwrap();
    for name in ["constant", "uniform", "exponential", "lognormal", "p99", "DurationRange"] {
        assert!(law.contains(&format!("{name}\"")), "{name}: {law}");
    }
    let keys = serde_json::to_string(&schemars::schema_for!(KeyLaw)).unwrap();
    assert!(keys.contains("\"zipf\"") && keys.contains("\"maximum\":10000000"), "{keys}");
}
