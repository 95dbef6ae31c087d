//! Readers that leave, and terminals that are none.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::{Place, Said};

#[test]
fn a_reader_that_leaves_is_nobodys_error() {
    let place = Place::new();
    let cases: [(&[&str], i32); 9] = [
        (&["--help"], 0),
        (&["list", "scenarios"], 0),
        (&["list", "properties"], 0),
        (&["schema"], 0),
        (&["new", "raft", "--out", "-"], 0),
        (&["run", "ping.toml"], 0),
        (&["run", "ping.toml", "--json", "--bug", "stale-answer"], 1),
        (&["run", "ping.toml", "--bug", "stale-answer"], 1),
        (&["sweep", "ping.toml", "--seeds", "0..3", "--bug", "stale-answer"], 1),
    ];
    for (args, code) in cases {
        let mut child = place
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let said = Said::of(&child.wait_with_output().unwrap()).exits(code);
        assert_eq!(said.err, "", "{args:?}");
    }
}

#[test]
fn a_reader_of_one_line_gets_it() {
    let place = Place::new();
    let mut child = place.command(&["schema"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut reader = BufReader::with_capacity(1, child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    assert_eq!(line, "{\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_closed_stderr_changes_no_exit_code() {
    let place = Place::new();
    for (args, code) in [(["run", "missing.toml"], 2), (["script", "missing.txt"], 2)] {
        let mut child = place.command(&args).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_told() {
    let place = Place::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = place.command(&["run", "ping.toml"]);
    let said = Said::of(&command.stdout(full).stderr(Stdio::piped()).output().unwrap()).exits(2);
    assert!(said.err.contains("can not write to standard output: no space left"), "{}", said.err);
}

#[test]
fn colours_are_for_terminals() {
    let place = Place::new();
    let cases: [&[&str]; 4] = [
        &["run", "ping.toml", "--bug", "stale-answer"],
        &["run", "missing.toml"],
        &["run", "--seed", "abc"],
        &["list", "properties"],
    ];
    for args in cases {
        let plain = place.run(args);
        assert!(!plain.out.contains('\x1b') && !plain.err.contains('\x1b'), "{args:?}");
        let output = |variables: &[(&str, &str)]| {
            let mut command = place.command(args);
            Said::of(&command.envs(variables.iter().copied()).output().unwrap())
        };
        let forced = output(&[("CLICOLOR_FORCE", "1")]);
        assert!(format!("{}{}", forced.out, forced.err).contains('\x1b'), "{args:?}");
        let without = output(&[("NO_COLOR", "1")]);
        assert!(!without.out.contains('\x1b') && !without.err.contains('\x1b'), "{args:?}");
    }
}
