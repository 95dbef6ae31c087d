//! `shrink`: a failing seed in, the smallest scenario that fails the same out.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Place, behind, words};

/// A day of the swarm that finds a planted bug; half a second to make it small.
const DAY: [&str; 5] = ["raft/swarm", "--seed", "2", "--bug", "vote-not-persisted"];
/// What it violates.
const PROPERTY: &str = "one_vote";

fn shrink(place: &Place, rest: &[&str]) -> Value {
    let args = [&["shrink"], &DAY[..], rest, &["--json"]].concat();
    place.run(&args).exits(1).json()
}

/// What a scenario file violates when it is run.
fn violated(place: &Place, file: &str) -> Vec<String> {
    let said = place.run(&["run", file, "--json", "--no-trace"]).json();
    let violations = said["violations"].as_array().expect("a list").iter();
    violations.map(|one| one["property"].as_str().expect("a name").to_owned()).collect()
}

/// The file without one of its faults.
fn without_fault(text: &str, place: usize) -> String {
    let (head, rest) = text.split_once("[[fault]]").expect("there are faults");
    let (faults, expect) = rest.split_once("[[expect]]").expect("something is expected");
    let faults = faults.split("[[fault]]").enumerate().filter(|(at, _)| *at != place);
    let faults: Vec<String> = faults.map(|(_, fault)| format!("[[fault]]{fault}")).collect();
    format!("{head}{}[[expect]]{expect}", faults.concat())
}

#[test]
fn what_is_left_fails_and_needs_every_fault() {
    let place = Place::new();
    let said = shrink(&place, &["--out", "small.toml"]);
    let size = |when: &str, what: &str| said[when][what].as_u64().expect("a number");
    assert_eq!(said["violation"]["property"], PROPERTY);
    assert_eq!(said["ended"], "smallest");
    assert!(size("before", "fault_operations") > 10, "{said}");
    assert!((1..=6).contains(&size("after", "fault_operations")), "{said}");
    assert_eq!(violated(&place, "small.toml"), [PROPERTY]);

    let text = place.read("small.toml");
    for left_out in 0..size("after", "faults") {
        let left_out = usize::try_from(left_out).expect("few faults");
        place.write("fewer.toml", without_fault(&text, left_out));
        assert!(violated(&place, "fewer.toml").is_empty(), "fault {left_out} is not needed");
    }
    // It is the bug that is found, and fixing it makes the scenario pass.
    place.write("fixed.toml", text.replace("\"vote-not-persisted\"", ""));
    place.run(&["run", "fixed.toml"]).exits(0);
    // An ordinary scenario: nothing is remarked upon.
    assert_eq!(place.run(&["run", "small.toml"]).exits(1).err, "");
}

#[test]
fn the_same_is_found_again() {
    let place = Place::new();
    let (one, two) =
        (shrink(&place, &["--out", "one.toml"]), shrink(&place, &["--out", "two.toml"]));
    assert_eq!(place.read("one.toml"), place.read("two.toml"));
    for key in ["before", "after", "spent", "story", "minimal_seed"] {
        assert_eq!(one[key], two[key], "{key}");
    }
    let few = shrink(&place, &["--out", "few.toml", "--runs", "9"]);
    assert_eq!((&few["ended"], &few["spent"]["runs"]), (&"budget".into(), &9.into()));
    assert_eq!(violated(&place, "few.toml"), [PROPERTY]);
}

#[test]
fn the_story_is_told_and_the_lines_can_be_run() {
    let place = Place::new();
    let args = [&["shrink"], &DAY[..]].concat();
    let said = place.run(&args).exits(1).out;
    assert!(said.starts_with("one_vote is violated\nraft/swarm · seed 2\n"), "{said}");
    let story = said.split_once("\nwhat happens\n").expect("a story").1;
    let story = story.split_once("\n\n").expect("lines behind it").0;
    let sentences: Vec<&str> = story.lines().collect();
    assert!((3..=12).contains(&sentences.len()), "{story}");
    assert!(sentences.iter().all(|one| one.starts_with("  At ") && one.ends_with('.')), "{story}");
    assert!(story.contains(" crashes"), "{story}");
    let last = sentences.last().expect("a last sentence");
    assert!(last.contains("one_vote is violated: n"), "{last}");

    for label in ["minimal:", "reproduce:"] {
        let line = words(behind(label, &said));
        let args: Vec<&str> = line.iter().skip(1).map(String::as_str).collect();
        place.run(&args).exits(1);
    }
    // It lies beside the results of the run, stays there, and is told of.
    let file = behind("minimal:", &said).rsplit(' ').next().expect("a file").to_owned();
    assert!(file.starts_with("results/raft-swarm/2-") && file.ends_with("/minimal.toml"));
    let again = place.run(&["run", "raft/swarm", "--seed", "2", "--bug", "vote-not-persisted"]);
    let again = again.exits(1);
    assert_eq!(behind("minimal:", &again.out), behind("minimal:", &said));
    assert!(place.read(&file.replace("minimal.toml", "report.html")).contains(&file));
    assert!(place.read(&file).contains("# At "), "the story stands in the file");
}

#[test]
fn what_was_measured_keeps_what_it_was_measured_of() {
    let place = Place::new();
    let text = place.read("ping.toml") + "\n[[expect]]\nmetric.retries = { min = 1 }\n";
    place.write("calm.toml", text);
    let said = place.run(&["shrink", "calm.toml", "--json", "--out", "small.toml"]).exits(1).json();
    assert_eq!(said["violation"]["property"], "metric.retries");
    assert_eq!(said["before"]["operations"], said["after"]["operations"]);
    assert_eq!(violated(&place, "small.toml"), ["metric.retries"]);
}

#[test]
fn there_may_be_nothing_to_shrink() {
    let place = Place::new();
    let said = place.run(&["shrink", "ping.toml", "--seed", "7"]).exits(0);
    let told = "nothing to shrink: seed 7 passes\n`rehearsal sweep` finds seeds that fail\n";
    assert_eq!(said.out, told);
    assert_eq!(place.tree("results"), Vec::<String>::new());
    let said = place.run(&["shrink", "ping.toml", "--json"]).exits(0).json();
    assert_eq!((&said["verdict"], &said["minimal"]), (&"pass".into(), &Value::Null));
    let said = place.run(&["shrink", "raft.toml", "--check-budget", "1"]).exits(3);
    assert!(said.out.starts_with("nothing to shrink: seed 1 can not be judged\n"), "{}", said.out);
}

#[test]
fn wrong_usage_is_told() {
    let place = Place::new();
    place.write("folder/x", "");
    let cases: [(&[&str], &str); 5] = [
        (&["shrink", "nowhere.toml"], "nowhere.toml"),
        (&["shrink", "raft/cluster-size"], "--point 1"),
        (&["shrink", "ping.toml", "--runs", "many"], "whole number"),
        (&["shrink", "ping.toml", "--budget", "10"], "has no unit"),
        (&["shrink", "ping.toml", "--bug", "stale-answer", "--out", "folder"], "folder"),
    ];
    for (args, told) in cases {
        let said = place.run(args).exits(2);
        assert!(said.err.contains(told), "{args:?}: {}", said.err);
    }
    let none = ["shrink", "ping.toml", "--bug", "stale-answer", "--budget", "0s"];
    let said = place.run(&none).exits(2);
    assert!(said.err.contains("the time was over before the first run ended"), "{}", said.err);
}

/// A search of ten seconds and more is interrupted; where that came before the first run was over,
/// once more and later.
#[test]
fn an_interrupt_keeps_the_smallest_so_far() {
    let args =
        ["shrink", "raft/swarm", "--seed", "358", "--bug", "ack-before-sync", "--out", "x.toml"];
    for wait in [1, 4, 16] {
        let place = Place::new();
        let mut command = place.command(&args);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        sleep(Duration::from_millis(500 * wait));
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.expect("kill starts").success());
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        assert_eq!(child.wait().expect("it ends").code(), Some(130), "{said}");
        if said.contains("nothing smaller was found so far") {
            continue;
        }
        assert!(said.contains("interrupted; the smallest so far is kept\n"), "{said}");
        assert_eq!(behind("minimal:", &said), "rehearsal run x.toml");
        assert!(violated(&place, "x.toml").iter().any(|one| one == "leader_completeness"));
        return;
    }
    panic!("no run ended in time");
}

#[test]
fn a_sweep_makes_its_first_failures_smaller() {
    let place = Place::new();
    let sweep = |jobs: &str, more: &[&str]| {
        let args = ["sweep", "ping.toml", "--seeds", "3..9", "--bug", "stale-answer"];
        place.run(&[&args, &["--jobs", jobs][..], more].concat()).exits(1)
    };
    let one = sweep("1", &[]);
    let lines: Vec<&str> =
        one.out.lines().filter_map(|line| line.trim().strip_prefix("minimal:")).collect();
    assert_eq!(lines.len(), 3, "{}", one.out);
    let files: Vec<&str> = lines.iter().filter_map(|line| line.rsplit(' ').next()).collect();
    let texts = || files.iter().map(|file| place.read(file)).collect::<Vec<String>>();
    let first = texts();
    for file in &files {
        assert_eq!(violated(&place, file), ["answers_match"]);
    }
    let two = sweep("2", &[]);
    assert_eq!((one.same_everywhere(), first), (two.same_everywhere(), texts()));
    let json = sweep("2", &["--json"]).json();
    assert_eq!(json["failures"][0]["minimal"].as_str(), Some(lines[0].trim()));
    assert!(json["failures"][3].get("minimal").is_none());
    assert!(!sweep("2", &["--no-shrink"]).out.contains("minimal:"));
}
