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
        (json!({ "normal": { "mean": "5ms", "sd": "1ms" } }), normal(5_000_000, 1_000_000)),
        (json!({ "pareto": { "shortest": "1ms", "exponent": 1.5 } }), pareto(1_000_000, 1.5)),
        (json!({ "pareto": { "shortest": "1ms", "exponent": 2 } }), pareto(1_000_000, 2.0)),
        (json!({ "weibull": { "scale": "5ms", "shape": 0.7 } }), weibull(5_000_000, 0.7)),
        (
            json!({ "mixture": [
                { "share": 0.9, "law": { "exponential": { "mean": "1ms" } } },
                { "share": 0.1, "law": "40ms" },
            ] }),
            mixture([(0.9, exponential(1_000_000)), (0.1, Law::Constant(Span::millis(40)))]),
        ),
        (
            json!({ "empirical": [[0.5, "1ms"], [0.99, "8ms"], [1, "40ms"]] }),
            empirical(&[(0.5, 1_000_000), (0.99, 8_000_000), (1.0, 40_000_000)]),
        ),
        (json!({ "samples": ["7ms", "1ms"] }), samples(&[7_000_000, 1_000_000])),
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
    assert_eq!(normal(5_000_000, 1_000).to_string(), "normal (mean 5ms, sd 1us)");
    assert_eq!(pareto(1_000_000, 1.5).to_string(), "pareto (shortest 1ms, exponent 1.5)");
    assert_eq!(weibull(5_000_000, 0.7).to_string(), "weibull (scale 5ms, shape 0.7)");
    let two = mixture([(0.9, exponential(1_000)), (0.1, samples(&[7_000, 2_000]))]);
    assert_eq!(two.to_string(), "mixture (0.9 exponential (mean 1us), 0.1 2 samples up to 7us)");
    let rows = empirical(&[(0.5, 1_000), (1.0, 4_000)]);
    assert_eq!(rows.to_string(), "empirical (2 quantiles up to 4us)");
    assert_eq!(written(&rows), json!({ "empirical": [[0.5, "1us"], [1.0, "4us"]] }));
    assert_eq!(
        written(&two)["mixture"][1],
        json!({ "share": 0.1, "law": { "samples": ["7us", "2us"] } })
    );
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
             `lognormal`, `normal`, `pareto`, `weibull`, `mixture`, `empirical`, `samples`",
        ),
        (
            json!({ "normal": { "mean": "1ms", "sigma": "8ms" } }),
            "network.normal.sigma: unknown field `sigma`, expected `mean` or `sd`",
        ),
        (json!({ "pareto": { "shortest": "1ms" } }), "network.pareto: missing field `exponent`"),
        (
            json!({ "weibull": { "scale": 3, "shape": 1 } }),
            "network.weibull.scale: invalid type: integer `3`, expected a duration",
        ),
        (
            json!({ "mixture": [{ "share": 1.5, "law": "1ms" }] }),
            "network.mixture[0].share: 1.5 is no chance: write a probability between 0 and 1",
        ),
        (
            json!({ "mixture": [{ "share": 0.5, "law": "1ms" }, { "share": 0.5, "law": "1" }] }),
            "network.mixture[1].law: the duration \"1\" has no unit",
        ),
        (json!({ "mixture": [{ "share": 0.5 }] }), "network.mixture[0]: missing field `law`"),
        (
            json!({ "empirical": [[0.5, "1ms"], ["8ms", 1.0]] }),
            "network.empirical[1][0]: invalid type: string \"8ms\", expected a probability",
        ),
        (
            json!({ "empirical": [[0.5, "1ms"], [1.0]] }),
            "network.empirical[1]: a row of an empirical law has two values and this one less: write \
             a probability and a duration, like [0.99, \"8ms\"]",
        ),
        (
            json!({ "empirical": [[0.5, "1ms", "2ms"]] }),
            "network.empirical[0]: a row of an empirical law has two values and this one more: write",
        ),
        (
            json!({ "empirical": ["1ms"] }),
            "network.empirical[0]: invalid type: string \"1ms\", expected a row like [0.99, \"8ms\"]",
        ),
        (json!({ "samples": ["1ms", "x"] }), "network.samples[1]: \"x\" is no duration"),
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
}

#[test]
fn keys_that_can_not_be_read_are_explained() {
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

#[track_caller]
fn assert_refused(law: &Law, said: &str) {
    let why = law.check().unwrap_err();
    assert!(why.contains(said), "{law}: {why}");
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
        (samples(&[1, 147 * year]), "2 samples up to 4635792000s can draw spans of more than 146"),
        (pareto(147 * year, 2.0), "more than 146 years"),
        (weibull(1_000_000_000_000, 0.2), "more than 146 years"),
        (normal(147 * year, 3), "more than 146 years"),
    ] {
        assert_refused(&law, said);
    }
}

#[test]
fn parameters_out_of_range_are_refused_with_a_sentence() {
    for (law, said) in [
        (normal(0, 0), "a normal law needs a mean above zero: for no time at all write \"0s\""),
        (
            normal(1_000, 1_001),
            "the `sd` of a normal law can be at most its mean, or too many draws would be below \
             zero: `sd` is 1.001us and `mean` is 1us; lower `sd`, or take a lognormal law",
        ),
        (pareto(0, 1.0), "a pareto law needs a shortest span above zero: for no time at all"),
        (
            pareto(1_000, 0.4),
            "the exponent of a pareto law must be from 0.5 (very heavy) to 100, not 0.4: use a \
             usual one, like 1.5",
        ),
        (pareto(1_000, f64::NAN), "to 100, not NaN"),
        (weibull(0, 1.0), "a weibull law needs a scale above zero: for no time at all"),
        (
            weibull(1_000, 0.1),
            "the shape of a weibull law must be from 0.2 (heavy) to 100 (all but constant), not \
             0.1: use a usual one, like 0.7",
        ),
        (weibull(1_000, f64::INFINITY), "not inf"),
    ] {
        assert_refused(&law, said);
    }
}

#[test]
fn what_does_not_fit_together_is_refused_with_a_sentence() {
    for (law, said) in [
        (mixture([(1.0, samples(&[1]))]), "a mixture has from 2 to 8 parts, not 1: write one as"),
        (
            mixture((0..9).map(|_| (1.0 / 9.0, samples(&[1])))),
            "a mixture has from 2 to 8 parts, not 9",
        ),
        (
            mixture([
                (0.5, samples(&[1])),
                (0.5, mixture([(0.5, exponential(1)), (0.5, exponential(1))])),
            ]),
            "part 2 of the mixture is itself a mixture: write its parts beside the others, each \
             with its share of the whole",
        ),
        (
            mixture([(0.5, exponential(0)), (0.5, samples(&[1]))]),
            "in part 1 of the mixture: an exponential law needs a mean above zero",
        ),
        (
            mixture([(0.9, samples(&[1])), (0.01, samples(&[2]))]),
            "the shares of a mixture must add up to 1, these make 0.91: write shares",
        ),
        (
            mixture([(1.0, samples(&[1])), (0.000_000_9, samples(&[2]))]),
            "part 2 of the mixture has the share 0.0000009, less than one draw in a million: \
             remove it or raise its share",
        ),
        (empirical(&[]), "there are no quantiles to draw from: write at least one"),
        (
            empirical(&[(0.5, 1), (0.5, 2), (1.0, 3)]),
            "the probabilities of an empirical law must rise: row 2 has 0.5 after 0.5; write the \
             rows in order, each probability once",
        ),
        (
            empirical(&[(0.5, 1_000), (0.6, 2_000), (1.0, 1_000)]),
            "the quantiles of an empirical law can not fall: row 3 has 1us after 2us; exchange \
             them",
        ),
        (
            empirical(&[(0.5, 1_000), (0.99, 2_000)]),
            "the last row of an empirical law says how long draws get at most, its probability is \
             1 and not 0.99: write a row like [1.0, \"2us\"] at the end",
        ),
        (samples(&[]), "there are no samples to draw from: write at least one"),
        (samples(&[1; 10_001]), "there can be at most 10000 samples, not 10001: use every n-th"),
    ] {
        assert_refused(&law, said);
    }
}

#[test]
fn the_edges_of_sense_are_taken() {
    let year = 365 * 24 * 3600 * 1_000_000_000;
    for law in [
        Law::Constant(Span::ZERO),
        Law::Uniform { from: Span(3), to: Span(3) },
        exponential(4 * year),
        lognormal(1_000, 1_000_000),
        lognormal(5, 5),
        normal(1_000, 1_000),
        normal(1_000, 0),
        pareto(1, 0.5),
        pareto(1 << 62, 100.0),
        weibull(1_000, 0.2),
        mixture([(0.1, samples(&[1])), (0.2, samples(&[2])), (0.7, samples(&[3]))]),
        mixture([(0.999_999, samples(&[1])), (0.000_001, samples(&[2]))]),
        empirical(&[(1.0, 0)]),
        empirical(&[(0.0, 5), (0.5, 5), (1.0, 5)]),
        samples(&[0]),
        samples(&[1; 10_000]),
    ] {
        assert_eq!(law.check(), Ok(()), "{law}");
    }
}

#[test]
#[should_panic(expected = "an unchecked law: a uniform law can not end before it begins")]
fn nonsense_is_not_compiled() {
    Law::Uniform { from: Span(9), to: Span(3) }.compile();
}

/// What the reference shows can be written.
#[test]
fn examples_of_the_schema_are_laws() {
    let schema = serde_json::to_value(schemars::schema_for!(Law)).unwrap();
    let choices = schema["oneOf"].as_array().unwrap().iter().chain([&schema]);
    let examples = choices.flat_map(|choice| choice["examples"].as_array().into_iter().flatten());
    let laws: Vec<Law> = examples.map(|example| read(example).unwrap()).collect();
    assert_eq!(laws.len(), 13, "three of all, and one of each kind");
    laws.iter().for_each(|law| assert_eq!(law.check(), Ok(()), "{law}"));
}

#[test]
fn schemas_know_every_name() {
    let law = serde_json::to_string(&schemars::schema_for!(Law)).unwrap();
    let laws = ["constant", "uniform", "exponential", "lognormal", "normal", "pareto", "weibull"];
    let others = ["mixture", "empirical", "samples", "p99", "sd", "share", "DurationRange"];
    for name in laws.into_iter().chain(others) {
        assert!(law.contains(&format!("{name}\"")), "{name}: {law}");
    }
    let keys = serde_json::to_string(&schemars::schema_for!(KeyLaw)).unwrap();
    assert!(keys.contains("\"zipf\"") && keys.contains("\"maximum\":10000000"), "{keys}");
}
