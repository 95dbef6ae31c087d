//! `--json`: one object, its fields, and their order.

use serde_json::Value;

use crate::support::Place;

const FIELDS: &[&str] = &[
    "scenario",
    "title",
    "protocol",
    "seed",
    "version",
    "verdict",
    "violations",
    "expectations",
    "legally_stuck",
    "digest",
    "events",
    "virtual_ns",
    "messages",
    "operations",
    "latency_ns",
    "throughput_per_s",
    "metrics",
    "files",
    "host",
];
const SWEEP: &[&str] = &[
    "scenario",
    "protocol",
    "version",
    "fingerprint",
    "seeds",
    "asked",
    "measures",
    "metrics",
    "failed_seeds",
    "inconclusive_seeds",
    "digests",
    "passed",
    "failed",
    "inconclusive",
    "legally_stuck",
    "repeated",
    "latency_ns",
    "probes",
    "digest",
    "failures",
    "host",
];
const MESSAGES: &[&str] = &["sent", "delivered", "duplicated", "in_flight", "dropped"];
const DROPPED: &[&str] = &["loss", "cut", "no_route", "down", "refused", "overflow", "corrupt"];
const OPERATIONS: &[&str] = &["called", "ok", "failed", "unknown"];
const LATENCY: &[&str] = &["count", "mean", "p50", "p90", "p99", "p999", "max"];
const HOST: &[&str] = &["wall_ns", "threads", "os"];
const VIOLATION: &[&str] = &["property", "kind", "at_ns", "nodes", "message", "citation"];

/// The keys of an object in the order of its text, which a parsed one does not keep.
fn keys(object: &str) -> Vec<String> {
    let (mut keys, mut depth, mut letters) = (Vec::new(), 0, object.char_indices());
    let mut text: Option<&str> = None;
    while let Some((at, letter)) = letters.next() {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let mut end = at + 1;
                while let Some((here, inside)) = letters.next() {
                    match inside {
                        '\\' => drop(letters.next()),
                        '"' => {
                            end = here;
                            break;
                        }
                        _ => {}
                    }
                }
                text = Some(&object[at + 1..end]);
            }
            ':' if depth == 1 => keys.extend(text.take().map(str::to_owned)),
            _ => {}
        }
    }
    keys
}

/// The text of the object behind a key.
fn object<'t>(text: &'t str, key: &str) -> &'t str {
    let label = format!("\"{key}\":{{");
    let start = text.find(&label).unwrap_or_else(|| panic!("{key}")) + label.len() - 1;
    let mut depth = 0;
    let end = text[start..].find(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth == 0
    });
    &text[start..=start + end.expect("it ends")]
}

#[test]
fn a_pass_starts_closed_with_every_field_in_order() {
    let said = Place::new().run(&["run", "raft.toml", "--json", "--seed", "7"]).exits(0);
    let json = said.json();
    assert_eq!(keys(&said.out), FIELDS);
    assert_eq!(keys(object(&said.out, "messages")), MESSAGES);
    assert_eq!(keys(object(&said.out, "dropped")), DROPPED);
    assert_eq!(keys(object(&said.out, "operations")), OPERATIONS);
    assert_eq!(keys(object(&said.out, "latency_ns")), LATENCY);
    assert_eq!(keys(object(&said.out, "host")), HOST);
    assert_eq!(json["scenario"], "raft.toml");
    assert_eq!(json["title"], "Raft: a small rehearsal");
    assert_eq!((&json["protocol"], &json["seed"]), (&"raft".into(), &7.into()));
    assert_eq!(json["verdict"], "pass");
    assert_eq!(json["violations"], Value::Array(Vec::new()));
    assert_eq!(json["legally_stuck"], Value::Null);
    assert_eq!(json["virtual_ns"], 3_000_000_000_u64);
    assert_eq!(json["files"], serde_json::json!(["record.json.gz", "report.html", "run.json"]));
    assert_eq!(json["expectations"][0]["expect"], "linearizable = true");
    assert_eq!(json["expectations"][0]["holds"], true);
    let digest = json["digest"].as_str().unwrap();
    assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
    assert!(said.err.is_empty(), "{}", said.err);
}

#[test]
fn the_numbers_add_up() {
    let json = Place::new().run(&["run", "raft/leader-crash", "--json"]).exits(0).json();
    let m = &json["messages"];
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value}"));
    let dropped: u64 = DROPPED.iter().map(|cause| number(&m["dropped"][cause])).sum();
    assert_eq!(
        number(&m["sent"]) + number(&m["duplicated"]),
        number(&m["delivered"]) + dropped + number(&m["in_flight"])
    );
    let o = &json["operations"];
    assert_eq!(
        number(&o["called"]),
        ["ok", "failed", "unknown"].iter().map(|e| number(&o[e])).sum::<u64>()
    );
    assert_eq!(number(&json["latency_ns"]["count"]), number(&o["ok"]));
}

#[test]
fn violations_have_their_fields_and_kinds() {
    let place = Place::new();
    let said = place.run(&["run", "ping.toml", "--bug", "stale-answer", "--json"]).exits(1);
    let json = said.json();
    assert_eq!(json["verdict"], "fail");
    let first = &json["violations"][0];
    let begin = said.out.find("{\"property\"").expect("a violation begins with its property");
    let found = keys(&said.out[begin..=begin + said.out[begin..].find('}').unwrap()]);
    assert_eq!(found, VIOLATION);
    assert_eq!(first["property"], "answers_match");
    assert_eq!(first["kind"], "safety");
    assert!(!first["citation"].as_str().unwrap().is_empty());
    assert_eq!(
        json["files"],
        serde_json::json!(["record.json.gz", "report.html", "run.json", "trace.txt"])
    );

    let text = place.read("ping.toml").replace("2s", "30s")
        + "\n[[expect]]\np99_at_most = \"1ns\"\n[[expect]]\nprogress = true\n\
           [[fault]]\nat = \"1s\"\ncrash = \"servers\"\n";
    place.write("stuck.toml", text);
    let json = place.run(&["run", "stuck.toml", "--json"]).exits(1).json();
    let kinds: Vec<(&str, &str)> = json["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["property"].as_str().unwrap(), one["kind"].as_str().unwrap()))
        .collect();
    assert!(kinds.contains(&("p99_at_most", "expectation")), "{kinds:?}");
    assert!(kinds.contains(&("progress", "liveness")), "{kinds:?}");
}

#[test]
fn a_file_that_can_not_be_run_prints_no_object() {
    let said = Place::new().run(&["run", "no.toml", "--json"]).exits(2);
    assert_eq!(said.out, "");
}

#[test]
fn a_sweep_starts_closed() {
    let place = Place::new();
    let args = ["sweep", "ping.toml", "--seeds", "0..21", "--json", "--bug", "stale-answer"];
    let said = place.run(&args).exits(1);
    let json = said.json();
    assert_eq!(keys(&said.out), SWEEP);
    assert_eq!(json["digests"].as_array().unwrap().len(), 21);
    assert_eq!(json["failed_seeds"].as_array().unwrap().len(), 21);
    assert_eq!(json["seeds"], serde_json::json!([0, 21]));
    assert_eq!((&json["failed"], &json["repeated"]), (&21.into(), &2.into()));
    assert_eq!(json["failures"].as_array().unwrap().len(), 5);
    assert_eq!(json["failures"][0]["head"]["violations"][0]["property"], "answers_match");
}
