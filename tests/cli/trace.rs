//! `trace`: what happened, step by step, in four forms.

use crate::support::{Place, behind};

#[test]
fn a_run_is_shown_step_by_step() {
    let place = Place::new();
    let said = place.run(&["trace", "ping.toml", "--seed", "2"]).exits(0);
    assert!(said.out.starts_with("        time  n1"), "{}", said.out);
    assert!(said.out.contains("<n1 Pong#1") && said.out.contains("boots"), "{}", said.out);
    assert_eq!((said.err.as_str(), place.tree("results")), ("", vec![]));
    let again = place.run(&["trace", "ping.toml", "--seed", "2"]).exits(0);
    assert_eq!(again.out, said.out);
    let notes = ["trace", "ping.toml", "--kind", "note,timer", "--node", "client1"];
    let few = place.run(&[&notes[..], &["--from", "500ms", "--to", "900ms"]].concat()).exits(0);
    assert!(few.out.contains("* Answered") && !few.out.contains("n1"), "{}", few.out);
    assert!(few.out.lines().count() < 60, "{}", few.out);
}

#[test]
fn other_programs_get_a_file() {
    let place = Place::new();
    for (format, begins) in
        [("jsonl", "{\"id\":0,"), ("chrome", "{\"displayTimeUnit\""), ("shiviz", "(?<event>.*)")]
    {
        let args = ["trace", "ping.toml", "--format", format, "--out", "it.txt"];
        let said = place.run(&args).exits(0);
        assert_eq!(said.out, "trace         it.txt\n");
        assert!(place.read("it.txt").starts_with(begins), "{format}");
    }
}

/// A failed run's folder has the steps up to its violation.
#[test]
fn a_stored_trace_is_shown() {
    let place = Place::new();
    place.run(&["run", "ping.toml", "--bug", "stale-answer"]).exits(1);
    let stored = place.run(&["trace", "results/ping.toml/latest", "--format", "jsonl"]);
    let stored = if stored.code == Some(0) {
        stored
    } else {
        let run = place.tree("results").into_iter().find(|path| path.ends_with("/run.json"));
        let folder = run.expect("a run").replace("/run.json", "");
        place.run(&["trace", &format!("results/{folder}"), "--format", "jsonl"]).exits(0)
    };
    let bug = ["trace", "ping.toml", "--bug", "stale-answer", "--format", "jsonl"];
    assert_eq!(stored.out, place.run(&bug).exits(0).out, "the same rows with the same causes");
}

#[test]
fn mistakes_are_told_with_a_cure() {
    let place = Place::new();
    place.run(&["run", "ping.toml"]).exits(0);
    let run = place.tree("results").into_iter().find(|path| path.ends_with("/run.json"));
    let folder = format!("results/{}", run.expect("a run").replace("/run.json", ""));
    let refused = |args: &[&str], what: &str| {
        let said = place.run(&[&["trace"][..], args].concat()).exits(2);
        assert!(said.err.contains(what) && said.out.is_empty(), "{args:?}\n{}", said.err);
        said.err
    };
    let err = refused(&[&folder], "no trace is kept in");
    let line = behind("help: to see it, run it again:", &err);
    assert_eq!(line, "rehearsal trace ping.toml --seed 1");
    refused(&[&folder, "--seed", "2"], "in which nothing can be changed");
    refused(&["results"], "is no folder of one run");
    refused(&["missing"], "missing");
    refused(&["ping.toml", "--format", "colums"], "columns");
    refused(&["ping.toml", "--kind", "delivr"], "did you mean `deliver`?");
    refused(&["ping.toml", "--node", "cleint1"], "did you mean `client1`?");
    refused(&["ping.toml", "--node", "n9"], "there are n1");
    refused(&["ping.toml", "--from", "2s", "--to", "1s"], "nothing is between");
    refused(&["ping.toml", "--from", "soon"], "write a number and a unit");
    refused(&["ping.toml", "--out", "no/folder/it.txt"], "its folder does not exist");
}
