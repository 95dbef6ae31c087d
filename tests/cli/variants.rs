//! `run` of a scenario with a matrix, `--point`, and `compare`.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Place, behind, words};

/// Six points; those with the bug break.
const GRID: &str = "\
title = \"Ping: a small matrix\"
protocol = \"ping\"
duration = \"1s\"

[workload]
rate = \"100/s\"

[matrix]
\"network.loss\" = [0.0, 0.1, 0.2]
bug = [[], \"stale-answer\"]
";

fn place() -> Place {
    let place = Place::new();
    place.write("grid.toml", GRID);
    place.write("loss.toml", GRID.replace("bug = [[], \"stale-answer\"]\n", ""));
    place
}

/// Every file below a folder with its bytes, whatever links say.
fn files(place: &Place, folder: &str) -> Vec<(String, Vec<u8>)> {
    let names = place.tree(folder).into_iter().filter(|name| !name.contains(" -> "));
    let names = names.filter(|name| !name.ends_with('/'));
    let read = |name: String| {
        let bytes = fs::read(place.path(folder).join(&name)).unwrap();
        (name, bytes)
    };
    names.map(read).collect()
}

#[test]
fn every_point_runs_with_ten_seeds() {
    let place = place();
    let said = place.run(&["run", "loss.toml"]).exits(0);
    assert_eq!(said.err, "");
    assert!(said.out.starts_with("PASS  Ping: a small matrix\n"), "{}", said.out);
    assert!(said.out.contains("loss.toml · 3 points · seeds 1..11 · 30 runs"), "{}", said.out);
    let rows: Vec<Vec<&str>> =
        said.out.lines().skip(3).take(4).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..3], ["point", "network.loss", "runs"]);
    assert_eq!(rows[0].last(), Some(&"unknown"));
    for (at, loss) in ["0.0", "0.1", "0.2"].into_iter().enumerate() {
        assert_eq!(rows[at + 1][..4], [(at + 1).to_string().as_str(), loss, "10", "passed"]);
    }
    assert!(said.out.contains("The same arrivals: for a seed, every point took"), "{}", said.out);
    let report = behind("report", &said.out);
    assert!(report.contains("loss/matrix-") && report.ends_with("/report.html"), "{report}");
    let page = place.read(report);
    assert!(page.contains("Along network.loss") && page.contains("run loss.toml --seeds 1..11"));
    let latest = place.tree("results").into_iter().find(|name| name.contains("latest -> matrix-"));
    assert!(latest.is_some());
}

#[test]
fn results_do_not_depend_on_the_threads() {
    let place = place();
    let args = ["--seeds", "3..9", "--json", "--out"];
    let run = |verb: &[&str], jobs: &str, out: &str, code: i32| {
        place.run(&[verb, &args, &[out, "--jobs", jobs]].concat()).exits(code).out
    };
    for (verb, name, code) in [
        (&["run", "grid.toml"][..], "run", 1),
        (&["compare", "raft.toml", "--set-b", "raft.heartbeat=20ms"][..], "compare", 0),
    ] {
        let (one, two) = (format!("{name}-1"), format!("{name}-2"));
        assert_eq!(run(verb, "1", &one, code), run(verb, "2", &two, code), "{name}");
        let files = [files(&place, &one), files(&place, &two)];
        assert_eq!(files[0].len(), 2, "a page and its numbers: {name}");
        assert!(files[0] == files[1], "{name}: bytes differ");
    }
}

#[test]
fn json_tells_of_the_points_in_order() {
    let place = place();
    let json = place.run(&["run", "grid.toml", "--seeds", "5..8", "--json"]).exits(1).json();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["arrivals", "axes", "files", "points", "scenario", "seeds", "title", "verdict", "version"];
    assert_eq!(keys, expected);
    assert_eq!((&json["seeds"], &json["verdict"]), (&json!([5, 8]), &json!("fail")));
    assert_eq!(json["arrivals"], json!({ "same": true, "because": [] }));
    assert_eq!(json["axes"][1], json!({ "key": "bug", "values": [[], "stale-answer"] }));
    assert_eq!(json["files"], json!(["matrix.json", "report.html"]));
    let points = json["points"].as_array().unwrap();
    assert_eq!(points.len(), 6);
    for (at, point) in points.iter().enumerate() {
        assert_eq!(point["point"], at + 1);
        assert_eq!(point["settings"]["network.loss"], json!([0.0, 0.1, 0.2][at / 2]));
        let is_broken = at % 2 == 1;
        let counts = if is_broken { [0, 3, 0] } else { [3, 0, 0] };
        let keys = ["passed", "failed", "inconclusive"];
        assert_eq!(keys.map(|key| point[key].as_u64().unwrap()), counts, "{point}");
        assert_eq!(point["failures"].as_array().unwrap().len() as u64, counts[1]);
        for (measure, numbers) in point["measures"].as_object().unwrap() {
            let [p5, median, p95] = ["p5", "median", "p95"].map(|key| numbers[key].as_f64());
            assert!(p5 <= median && median <= p95, "{measure}: {numbers}");
        }
        assert_eq!(point["measures"].as_object().unwrap().len(), 11);
    }
    // A failure's line is an ordinary run, which fails in the same way.
    let failure = &points[3]["failures"][0];
    assert_eq!(failure["seed"], 5);
    let line = failure["reproduce"].as_str().unwrap();
    assert_eq!(line, "rehearsal run grid.toml --seed 5 --point 4");
    let line = words(line);
    let args: Vec<&str> = line.iter().skip(1).map(String::as_str).collect();
    let said = place.run(&args).exits(1);
    assert_eq!(behind("reproduce:", &said.out), failure["reproduce"].as_str().unwrap());
    assert!(said.out.contains("(network.loss = 0.1, bug = stale-answer)"), "{}", said.out);
}

#[test]
fn numbers_of_a_point_are_those_of_its_runs() {
    let place = place();
    let json = place
        .run(&["run", "raft.toml", "--matrix", "network.loss=0,0.1", "--seeds", "1..4", "--json"])
        .exits(0)
        .json();
    let alone = |seed: &str| {
        let args = ["run", "raft.toml", "--set", "network.loss=0.1", "--seed", seed, "--json"];
        place.run(&args).exits(0).json()
    };
    let runs: Vec<Value> = ["1", "2", "3"].map(alone).to_vec();
    let mut p99: Vec<f64> =
        runs.iter().map(|run| run["latency_ns"]["p99"].as_f64().unwrap()).collect();
    p99.sort_by(f64::total_cmp);
    let expected = json!({ "median": p99[1], "p5": p99[0], "p95": p99[2] });
    assert_eq!(json["points"][1]["measures"]["p99_ns"], expected);
}

#[test]
fn one_point_is_an_ordinary_run() {
    let place = place();
    let said = place.run(&["run", "grid.toml", "--point", "3", "--json"]).exits(0).json();
    assert_eq!(said["title"], "Ping: a small matrix (network.loss = 0.1, bug = [])");
    let set = ["run", "ping.toml", "--set", "duration=1s", "--set", "network.loss=0.1", "--json"];
    let plain = place.run(&set).exits(0).json();
    assert_eq!(said["digest"], plain["digest"]);
    let swept = ["sweep", "grid.toml", "--point", "4", "--seeds", "1..3", "--json"];
    let swept = place.run(&swept).exits(1).json();
    let line = "rehearsal run grid.toml --seed 1 --point 4";
    assert_eq!(swept["failures"][0]["reproduce"], line);
    let axis = ["run", "ping.toml", "--matrix", "bug=stale-answer,[]", "--point", "1"];
    let said = place.run(&axis).exits(1);
    let line = "rehearsal run ping.toml --seed 1 --matrix 'bug=stale-answer,[]' --point 1";
    assert_eq!(behind("reproduce:", &said.out), line);
}

#[test]
fn the_worst_of_all_runs_is_the_exit_code() {
    let place = place();
    place.run(&["run", "loss.toml", "--seed", "3"]).exits(0);
    let unjudged = ["run", "raft.toml", "--matrix", "network.loss=0,0.1", "--check-budget", "1"];
    let said = place.run(&[&unjudged[..], &["--seeds", "9"]].concat()).exits(3);
    assert!(said.out.starts_with("INCONCLUSIVE  "), "{}", said.out);
    assert!(said.out.contains(" --check-budget 1\n"), "{}", said.out);
    let said = place.run(&["run", "grid.toml", "--seeds", "1..3"]).exits(1);
    assert!(said.out.contains("FAIL  point 2: network.loss = 0.0, bug = stale-answer, seed 1"));
    assert!(said.out.contains("\n3 more runs did not pass\n"), "{}", said.out);
    assert!(
        said.out.contains("\n6 runs were ended by violations, and their numbers are those of a")
    );
}

#[test]
fn what_a_matrix_can_not_do_is_told() {
    let place = place();
    for (args, message) in [
        (&["sweep", "grid.toml", "--seeds", "0..3"][..], "--point 6 is network.loss = 0.2, bug = "),
        (&["run", "grid.toml", "--twice"], "--twice compares two runs of one point"),
        (&["run", "ping.toml", "--seeds", "0..3"], "one run has one seed"),
        (&["run", "grid.toml", "--seeds", "0..99999999"], "too many for one page"),
        (&["run", "grid.toml", "--point", "7"], "its points are numbered from 1 to 6"),
        (&["run", "grid.toml", "--point", "-1"], "it is no point"),
        (&["run", "ping.toml", "--point", "1"], "this scenario has no [matrix]"),
        (&["run", "grid.toml", "--set", "network.loss=0.3"], "is an axis of the matrix"),
        (&["run", "ping.toml", "--matrix", "network.los=0,1"], "did you mean `loss`?"),
        (&["run", "ping.toml", "--matrix", "network.loss=0,2"], "2 is no chance"),
        (&["run", "grid.toml", "--seeds", "3..1"], "has no seeds"),
        (&["run", "grid.toml", "--seeds", "3..3"], "its end is not among them"),
        (&["run", "grid.toml", "--seed", "18446744073709551615"], "add --point N for one point"),
        (&["run", "grid.toml", "--seeds", "0..=18446744073709551615"], "is the last of all"),
        (&["run", "grid.toml", "--seeds", "1..3", "--seed", "1"], "cannot be used with"),
        (
            &["compare", "grid.toml", "ping.toml"],
            "6 points, and A is one of them\nhelp: choose one",
        ),
        (&["compare", "ping.toml", "grid.toml"], "with --point-b N; point 1 is network.loss = 0.0"),
        (&["compare", "ping.toml"], "both candidates are the same"),
        (&["compare", "pong.toml", "ping.toml"], "did you mean"),
        (&["compare", "ping.toml", "--set-b", "network.loss=2"], "2 is no chance"),
    ] {
        let said = place.run(args).exits(2);
        assert!(said.err.contains(message), "{args:?}: {}", said.err);
        assert_eq!(said.out, "");
    }
    assert_eq!(place.tree("results"), Vec::<String>::new());
}

#[test]
fn candidates_are_compared_seed_by_seed() {
    let place = place();
    let said = place.run(&["compare", "raft.toml", "--set-b", "raft.heartbeat=10ms"]).exits(0);
    assert!(said.out.contains("seeds 1..21\n"), "{}", said.out);
    assert!(said.out.contains("\nB  raft.toml with raft.heartbeat=10ms: 20 passed\n"));
    assert!(said.out.contains("The same arrivals: for a seed, both took"), "{}", said.out);
    let row = |measure: &str| behind(measure, &said.out).to_owned();
    assert!(row("messages sent").ends_with("higher"), "{}", said.out);
    assert!(row("failed").ends_with("the same in every seed"), "{}", said.out);
    let page = place.read(behind("report ", &said.out));
    assert!(page.contains("B against A"));
    let again = "compare raft.toml --seeds 1..21 --set-b raft.heartbeat=10ms";
    assert!(page.contains(again), "the line that makes it again");

    let same = ["compare", "raft.toml", "raft.toml", "--seeds", "0..2", "--json"];
    let same = place.run(&same).exits(0).json();
    for difference in same["differences"].as_array().unwrap() {
        assert_eq!(difference["b_is"], "the same in every seed", "{difference}");
        assert_eq!(difference["mean"], 0.0);
    }
    assert!(same["differences"].as_array().unwrap().len() > 11, "and metrics");
    assert_eq!(same["a"], same["b"]);
}

#[test]
fn what_weakens_a_comparison_is_told() {
    let place = place();
    let said =
        place.run(&["compare", "ping.toml", "--set-b", "workload.rate=50/s", "--seeds", "7"]);
    let said = said.exits(0);
    assert!(said.out.contains("The arrivals are not the same: the load is another."));
    assert!(said.out.contains("Fewer than 5 seeds"), "{}", said.out);
    assert!(said.out.contains("too few seeds"), "{}", said.out);
    let said = place.run(&["compare", "ping.toml", "--bug-b", "stale-answer", "--seeds", "0..3"]);
    let said = said.exits(1);
    assert!(said.out.contains("\nA  ping.toml: 3 passed\n"), "{}", said.out);
    assert!(said.out.contains("\nB  ping.toml with bug stale-answer: 3 failed\n"));
    let line = "rehearsal run ping.toml --seed 0 --bug stale-answer";
    assert_eq!(behind("reproduce:", &said.out), line);
    let points = ["compare", "grid.toml", "--point-a", "1", "--point-b", "5", "--seeds", "0..6"];
    let said = place.run(&points).exits(0);
    assert!(said.out.contains("B  grid.toml with point 5: network.loss = 0.2, bug = []: 6 passed"));
    assert!(behind("messages_lost", &said.out).ends_with("higher"), "{}", said.out);
}

#[test]
fn a_matrix_of_the_command_line_is_compared_at_two_points() {
    let place = place();
    let matrix = ["compare", "ping.toml", "--matrix", "network.loss=0,0.2", "--seeds", "0..6"];
    let said = place.run(&matrix).exits(2);
    assert!(said.err.contains("has a matrix of 2 points, and A is one of them"), "{}", said.err);
    let points = [&matrix[..], &["--point-a", "1", "--point-b", "2"]].concat();
    let said = place.run(&points).exits(0);
    assert!(said.out.contains("B  ping.toml with point 2: network.loss = 0.2: 6 passed"));
    assert!(behind("messages_lost", &said.out).ends_with("higher"), "{}", said.out);
    let page = place.read(behind("report ", &said.out));
    let again =
        "compare ping.toml --seeds 0..6 --matrix network.loss=0,0.2 --point-a 1 --point-b 2";
    assert!(page.contains(again), "the line that makes it again");
}
