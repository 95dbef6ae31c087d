//! The program of a crate of one's own has every verb, and the exit codes of `rehearsal`.

use std::process::{Command, Output};

const CRASHES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/crashes.toml");

/// Runs the program in a folder of its own; gives back what it printed.
fn run(args: &[&str], code: i32) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut program = Command::new(env!("CARGO_BIN_EXE_rehearsal-outside"));
    let Output { status, stdout, stderr } =
        program.args(args).current_dir(&folder).output().expect("the program starts");
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.code(), Some(code), "{args:?}\n{out}\n{err}");
    out.into_owned()
}

#[test]
fn own_scenarios_are_run_and_swept() {
    assert!(run(&["run", CRASHES], 0).starts_with("PASS  Register: the server crashes twice"));
    let swept = run(&["sweep", CRASHES, "--seeds", "0..20"], 0);
    assert!(swept.contains("\n20 passed"), "{swept}");
}

#[test]
fn failures_name_this_program() {
    let said = run(&["run", CRASHES, "--bug", "writes-again", "--seed", "1"], 1);
    assert!(said.contains("violated: written_once\n"), "{said}");
    assert!(said.contains("reproduce:    rehearsal-outside run "), "{said}");
    run(&["sweep", CRASHES, "--bug", "writes-again", "--seeds", "0..5"], 1);
    run(&["run", "nowhere.toml"], 2);
}

#[test]
fn own_protocols_stand_beside_the_built_in_ones() {
    let protocols = run(&["list", "protocols"], 0);
    assert!(protocols.starts_with("register "), "{protocols}");
    assert!(protocols.contains("\nraft ") && protocols.contains("\nping "), "{protocols}");
    assert!(run(&["list", "bugs"], 0).contains("writes-again"));
    assert!(run(&["schema", "--reference"], 0).contains("`[register]`"));
    run(&["run", "raft/steady-state"], 0);
    let starter = run(&["new", "register", "--out", "-"], 0);
    assert!(starter.contains("schema --reference"), "{starter}");
}
