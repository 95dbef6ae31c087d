//! Ctrl-C: exit code 130, and nothing half-written.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::support::Place;

/// A scenario that says something on stderr when it is loaded, so that it is known to have begun.
const REMARKED: &str = "\
protocol = \"ping\"
duration = \"10h\"

[workload]
rate = \"100/s\"

[[fault]]
at = \"1001h\"
crash = \"n1\"
";

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupted_command_exits_with_130_and_leaves_nothing() {
    let cases: [&[&str]; 2] = [&["run", "long.toml"], &["run", "long.toml", "--json", "--twice"]];
    for args in cases {
        let place = Place::new();
        place.write("long.toml", REMARKED);
        let mut command = place.command(args);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.starts_with("warning: "), "{line}");
        sleep(Duration::from_millis(100));
        assert!(child.try_wait().unwrap().is_none(), "{args:?} ended early");
        interrupt(&child);
        let rest: Vec<String> = stderr.lines().map_while(Result::ok).collect();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{args:?}: {rest:?}");
        assert_eq!(rest.last().map(String::as_str), Some(INTERRUPTED), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert_eq!(place.tree("results"), Vec::<String>::new(), "{args:?}");
    }
}

const INTERRUPTED: &str = "interrupted; nothing half-written is left behind";

/// Interrupts at every stage of a short run, the writing of its results among them.
#[test]
fn an_interrupt_at_any_time_leaves_all_results_or_none() {
    let place = Place::new();
    let begun = std::time::Instant::now();
    place.run(&["run", "raft.toml", "--out", "whole"]).exits(0);
    let length = begun.elapsed();
    let whole = place.tree("whole");
    let mut ends = Vec::new();
    for round in 1..=24 {
        let mut command = place.command(&["run", "raft.toml"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        sleep(length * round / 20);
        interrupt(&child);
        let status = child.wait().unwrap();
        // Before the handler is installed the signal itself ends the process: no code.
        assert!(matches!(status.code(), Some(0 | 130) | None), "{status}");
        ends.push(status.code());
        let left = place.tree("results");
        assert!(left.is_empty() || left == whole, "round {round}, {status}: {left:#?}");
        assert!(!place.tree(".").iter().any(|path| path.contains(".tmp")), "round {round}");
        let _ = std::fs::remove_dir_all(place.path("results"));
    }
    assert!(ends.contains(&Some(130)) || ends.contains(&None), "{ends:?}");
}
