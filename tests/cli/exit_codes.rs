//! One case per exit code. 130 is in `interrupts`; 101, a bug of ours, is provoked in
//! `src/cli/exec.rs`.

use crate::support::Place;

#[test]
fn all_held_is_0() {
    let said = Place::new().run(&["run", "ping.toml"]).exits(0);
    assert!(said.out.starts_with("PASS  Ping: a small rehearsal\n"), "{}", said.out);
    assert!(said.err.is_empty(), "{}", said.err);
}

#[test]
fn a_violation_is_1() {
    let said = Place::new().run(&["run", "ping.toml", "--bug", "stale-answer"]).exits(1);
    assert!(said.out.starts_with("FAIL  "), "{}", said.out);
}

#[test]
fn an_expectation_that_is_not_met_is_1() {
    let place = Place::new();
    let text = place.read("ping.toml") + "\n[[expect]]\np99_at_most = \"1ns\"\n";
    place.write("strict.toml", text);
    let said = place.run(&["run", "strict.toml"]).exits(1);
    assert!(said.out.contains("violated: p99_at_most\n"), "{}", said.out);
}

#[test]
fn a_violation_that_is_expected_is_0() {
    let place = Place::new();
    let text = "protocol = \"ping\"\nduration = \"2s\"\nbug = \"stale-answer\"\n\
                [workload]\nrate = \"100/s\"\n[[expect]]\nviolates = \"answers_match\"\n";
    place.write("expected.toml", text);
    place.run(&["run", "expected.toml"]).exits(0);
}

#[test]
fn wrong_usage_is_2() {
    Place::new().run(&["run"]).exits(2);
    Place::new().run(&["run", "ping.toml", "--set", "network.loss=2"]).exits(2);
}

#[test]
fn what_can_not_be_judged_is_3() {
    let place = Place::new();
    let said = place.run(&["run", "raft.toml", "--check-budget", "1"]).exits(3);
    assert!(said.out.starts_with("INCONCLUSIVE  "), "{}", said.out);
    place.run(&["run", "raft.toml"]).exits(0);
    let said = place.run(&["sweep", "raft.toml", "--seeds", "0..3", "--check-budget", "1"]);
    let said = said.exits(3);
    assert!(said.out.contains("\n0 passed (0 of them legally stuck), 0 failed, 3 inconclusive\n"));
    assert!(said.out.contains("--check-budget 1\n"), "reproduce tells the budget: {}", said.out);
}

#[test]
fn a_violation_outweighs_what_can_not_be_judged() {
    let place = Place::new();
    let text = place.read("raft.toml") + "\n[[expect]]\np99_at_most = \"1ns\"\n";
    place.write("strict.toml", text);
    place.run(&["run", "strict.toml", "--check-budget", "1"]).exits(1);
    place.run(&["sweep", "strict.toml", "--seeds", "0..2", "--check-budget", "1"]).exits(1);
}

#[test]
fn the_help_names_them() {
    let said = Place::new().run(&["--help"]).exits(0);
    for code in ["0 all held", "1 a property", "2 wrong usage", "3 inconclusive", "101 ", "130 "] {
        assert!(said.out.contains(code), "{code}: {}", said.out);
    }
}
