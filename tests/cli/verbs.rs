//! The other verbs: `sweep`, `list`, `new`, `schema`, `script`, and bundled scenarios anywhere.

use serde_json::Value;

use crate::support::{Place, Said, repository};

#[test]
fn a_sweep_prints_the_same_with_any_number_of_threads() {
    for (args, code) in [(vec![], 0), (vec!["--bug", "stale-answer"], 1), (vec!["--json"], 0)] {
        let sweep = |jobs: &str| {
            let args = [&["sweep", "ping.toml", "--seeds", "0..45", "--jobs", jobs], &args[..]];
            Place::new().run(&args.concat()).exits(code)
        };
        let (one, two) = (sweep("1"), sweep("2"));
        assert_eq!(one.same_everywhere(), two.same_everywhere());
        assert_eq!((one.err.as_str(), two.err.as_str()), ("", ""), "no bar without a terminal");
    }
}

#[test]
fn a_seed_of_a_sweep_is_the_same_run_alone() {
    let place = Place::new();
    let swept = place.run(&["sweep", "raft.toml", "--seeds", "9", "--json", "--check-budget", "1"]);
    let swept = swept.exits(3).json();
    let args = ["run", "raft.toml", "--seed", "9", "--json", "--twice", "--check-budget", "1"];
    let alone = place.run(&args).exits(3).json();
    assert_eq!(swept["failures"][0]["head"]["digest"], alone["digest"]);
}

#[test]
fn everything_can_be_listed() {
    let place = Place::new();
    let list = |what: &str| place.run(&["list", what]).exits(0).out;
    let scenarios = list("scenarios");
    assert!(scenarios.contains("raft/leader-crash"), "{scenarios}");
    for line in scenarios.lines() {
        let (name, title) = line.split_once("  ").unwrap_or_else(|| panic!("{line}"));
        assert!(!name.is_empty() && !title.trim().is_empty(), "{line}");
    }
    let protocols = list("protocols");
    assert!(protocols.contains("\nping  ") && protocols.contains("  messages    Ping, Pong\n"));
    let properties = list("properties");
    for property in ["linearizable", "progress", "panicked", "livelock", "answers_match"] {
        assert!(properties.contains(&format!("\n  {property}\n")), "{property}: {properties}");
    }
    assert!(list("bugs").contains("\n  stale-answer"));
    let probes = list("probes");
    assert!(probes.contains("raft\n  split_vote\n") && probes.contains("ping\n  late_pong\n"));
    let commands = list("commands");
    for command in ["cluster", "boot", "call", "settle", "show"] {
        assert!(commands.lines().any(|line| line.split(' ').next() == Some(command)), "{command}");
    }
}

#[test]
fn a_starter_runs_and_passes() {
    let place = Place::new();
    let protocols = place.run(&["list", "protocols"]).exits(0).out;
    let names = protocols.lines().filter(|line| !line.starts_with(' '));
    let names: Vec<&str> = names.map(|line| line.split(' ').next().unwrap()).collect();
    assert!(names.len() >= 2, "{names:?}");
    for name in names {
        let file = format!("my {name}.toml");
        let said = place.run(&["new", name, "--out", &file]).exits(0);
        assert_eq!(said.out, format!("wrote {file}; try: rehearsal run '{file}'\n"));
        // What is no consensus fails at once, as it should.
        let fails = name == "naive-broadcast";
        let said = place.run(&["run", &file]).exits(i32::from(fails));
        assert_eq!(said.err, "", "a starter gets no remarks");
        assert_eq!(place.run(&["new", name, "--out", "-"]).exits(0).out, place.read(&file));
    }
    place.run(&["new", "ping", "--out", "x"]).exits(0);
    place.run(&["run", "x"]).exits(0);
}

#[test]
fn the_schema_is_json_and_knows_every_protocol() {
    let place = Place::new();
    let schema: Value = serde_json::from_str(&place.run(&["schema"]).exits(0).out).unwrap();
    for protocol in ["raft", "ping"] {
        assert!(schema["properties"][protocol].is_object(), "{protocol}");
    }
    let reference = place.run(&["schema", "--reference"]).exits(0).out;
    assert!(reference.starts_with('#') && reference.contains("election_timeout"));
}

const SCRIPT: &str = "\
# One ping.
cluster ping servers=1 clients=1

boot

call client1 echo k1
settle
";

#[test]
fn a_script_is_recorded_compared_and_judged() {
    let place = Place::new();
    place.write("one.txt", SCRIPT);
    let said = place.run(&["script", "one.txt"]).exits(1);
    assert!(said.out.contains("+ n1 boots\n"), "{}", said.out);
    assert!(said.out.contains("FAIL  one.txt: 2 of 3 blocks react differently, 0 violations\n"));
    assert_eq!(place.read("one.txt"), SCRIPT, "nothing is written without --rewrite");

    place.run(&["script", "one.txt", "--rewrite"]).exits(0);
    let said = place.run(&["script", "one.txt"]).exits(0);
    assert_eq!(said.out, "PASS  one.txt: 3 blocks react as recorded\n");
    let recorded = place.read("one.txt");
    place.run(&["script", "one.txt", "--rewrite"]).exits(0);
    assert_eq!(place.read("one.txt"), recorded);
    assert_eq!(place.tree("."), ["one.txt", "ping.toml", "raft.toml"]);

    let said = place.run(&["script", "one.txt", "--bug", "stale-answer"]).exits(1);
    assert!(said.out.contains("violated: answers_match: "), "{}", said.out);
    place.run(&["script", "one.txt", "--bug", "stale-answer", "--rewrite"]).exits(2);
}

#[test]
fn a_command_that_is_refused_is_a_reaction() {
    let place = Place::new();
    place.write("refused.txt", "cluster ping\n\ncrash n1\n----\nerror: n1 is down already\n");
    place.run(&["script", "refused.txt"]).exits(0);
}

#[test]
fn bundled_scenarios_run_anywhere_and_equal_their_files() {
    let place = Place::new();
    let digest = |said: Said| said.exits(0).json()["digest"].clone();
    let bundled = digest(place.run(&["run", "raft/leader-crash", "--json"]));
    let file = repository().join("scenarios/raft/leader-crash.toml");
    let by_path = digest(place.run(&["run", file.to_str().unwrap(), "--json"]));
    let mut there = place.command(&["run", "scenarios/raft/leader-crash.toml", "--json"]);
    let out = place.path("results");
    let there = there.args(["--out", out.to_str().unwrap()]).current_dir(repository());
    assert_eq!(bundled, by_path);
    assert_eq!(digest(Said::of(&there.output().unwrap())), bundled);
    assert!(place.path("results/raft-leader-crash/latest/report.html").exists());
}
