//! `rehearsal hunt`: planted bugs are found, and what is not found is told.

use serde_json::Value;

use crate::support::Place;

/// Brokers that never restart: a bug in what they do then can not show.
const QUIET: &str = "\
title = \"Work queue: nothing goes wrong\"
protocol = \"work-queue\"
duration = \"2s\"

[workload]
users = 2
think = \"50ms\"

[[expect]]
linearizable = true
";

fn rows(json: &Value) -> &Vec<Value> {
    json["rows"].as_array().expect("rows")
}

#[test]
fn a_bug_is_found_and_described() {
    let place = Place::new();
    let args = ["hunt", "stale-answer", "take-not-logged", "--seeds", "0..12"];
    let text = place.run(&args).exits(0).out;
    for word in ["stale-answer", "answers_match", "safety", "take-not-logged", "handed_out_once"] {
        assert!(text.contains(word), "no {word} in\n{text}");
    }
    let json = place.run(&[&args[..], &["--json", "--no-shrink"]].concat()).exits(0).json();
    let [ping, queue] = &rows(&json)[..] else { panic!("two rows: {json}") };
    assert_eq!((&ping["found"], &ping["first_seed"]), (&12.into(), &0.into()), "{ping}");
    assert!(ping["rate"]["low"].as_f64().unwrap() > 0.5, "{ping}");
    assert_eq!(queue["scenario"], "work-queue/swarm");
    assert!(queue["evaluations"].as_u64().unwrap() > 0, "{queue}");
    assert!(queue["shortest"].is_null(), "{queue}");
}

#[test]
fn what_is_told_does_not_depend_on_the_threads() {
    let place = Place::new();
    for how in ["--no-shrink", "--until-found"] {
        let hunt = |jobs: &str| {
            let args =
                ["hunt", "lease-forgotten", "--seeds", "0..40", "--json", "--jobs", jobs, how];
            place.run(&args).exits(0).out
        };
        assert_eq!(hunt("1"), hunt("3"), "{how}");
    }
}

#[test]
fn until_found_ends_with_the_lowest_seed() {
    let place = Place::new();
    let hunt = |how: &[&str]| {
        let args = ["hunt", "quorum-of-half", "--seeds", "0..60", "--json", "--no-shrink"];
        let json = place.run(&[&args[..], how].concat()).exits(0).json();
        let row = rows(&json)[0].clone();
        (row["first_seed"].as_u64().unwrap(), row["seeds"].as_u64().unwrap())
    };
    let (first, all) = hunt(&[]);
    assert_eq!(all, 60);
    assert_eq!(hunt(&["--until-found"]), (first, first + 1));
}

#[test]
fn the_table_is_written() {
    let place = Place::new();
    let args = ["hunt", "stale-answer", "--seeds", "0..3", "--out", "table"];
    place.run(&args).exits(0);
    assert_eq!(place.tree("table"), ["planted-bugs.json", "planted-bugs.md"]);
    let page = place.read("table/planted-bugs.md");
    assert!(
        page.contains(
            "| `stale-answer` | `ping/lossy` | `answers_match` 3, `linearizable` 3 | safety | 0 |"
        ),
        "{page}"
    );
    let json: Value = serde_json::from_str(&place.read("table/planted-bugs.json")).unwrap();
    assert_eq!(json["rows"][0]["outcome"], "found");
    let shortest = &json["rows"][0]["shortest"];
    assert_eq!(shortest["fault_operations"], 0, "a stale answer takes no fault: {shortest}");
}

#[test]
fn what_is_not_found_is_told() {
    let place = Place::new();
    let said = place.run(&["hunt", "vote-not-persisted", "--seeds", "0..1"]).exits(1);
    assert!(said.err.contains("not found with the seeds 0..1: vote-not-persisted"), "{}", said.err);
    assert!(said.out.contains("not found"), "{}", said.out);
}

#[test]
fn what_is_never_reached_proves_nothing() {
    let place = Place::new();
    place.write("quiet.toml", QUIET);
    let args = ["hunt", "restored-backwards", "--scenario", "quiet.toml", "--seeds", "0..3"];
    let said = place.run(&args).exits(3);
    assert!(said.err.contains("never reached"), "{}", said.err);
    assert!(said.out.contains("never reached"), "{}", said.out);
}

#[test]
fn mistakes_are_told() {
    let place = Place::new();
    let said = place.run(&["hunt", "stale-answers"]).exits(2);
    assert!(said.err.contains("did you mean stale-answer"), "{}", said.err);
    let said = place.run(&["hunt", "stale-answer", "--scenario", "nowhere.toml"]).exits(2);
    assert!(said.err.contains("to hunt stale-answer"), "{}", said.err);
    let said = place.run(&["hunt", "stale-answer", "--seeds", "9..3"]).exits(2);
    assert!(said.err.contains("smaller number first"), "{}", said.err);
}
