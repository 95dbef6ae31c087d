//! A sweep that was killed, interrupted or cut off goes on where it was: nothing is lost, nothing is
//! run twice, and what is printed is what an uninterrupted one prints.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Place;

/// Long enough to be ended on the way, by one thread on any machine.
const SWEEP: [&str; 6] = ["sweep", "raft.toml", "--seeds", "0..900", "--jobs", "1"];

/// The journal, once there is one.
fn journal(place: &Place) -> Option<String> {
    let files = place.tree("results");
    let file = files.iter().find(|path| path.ends_with("/journal.jsonl"))?;
    Some(format!("results/{file}"))
}

/// Whole rows of the journal.
fn rows(place: &Place) -> usize {
    let text = journal(place).map(|path| place.read(&path)).unwrap_or_default();
    text.matches('\n').count().saturating_sub(1)
}

/// How often each seed stands in the journal.
fn seeds(place: &Place) -> BTreeMap<u64, usize> {
    let mut seeds = BTreeMap::new();
    for line in place.read(&journal(place).unwrap()).lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        *seeds.entry(line["line"]["seed"].as_u64().unwrap()).or_default() += 1;
    }
    seeds
}

/// Starts a command and comes back when the journal has this many rows.
fn begin(place: &Place, args: &[&str], until: usize) -> Child {
    let mut command = place.command(args);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(120);
    while rows(place) < until {
        assert!(child.try_wait().unwrap().is_none(), "it ended with {} rows", rows(place));
        assert!(Instant::now() < deadline, "only {} rows", rows(place));
        sleep(Duration::from_millis(10));
    }
    child
}

#[test]
fn a_killed_sweep_goes_on_and_tells_the_same() {
    let whole = Place::new().run(&SWEEP).exits(0).same_everywhere();
    let place = Place::new();
    let resumed = |jobs| [&SWEEP[..5], &[jobs, "--resume"]].concat();
    let mut least = 0;
    for jobs in ["2", "1", "1"] {
        let mut child = begin(&place, &resumed(jobs), rows(&place) + 20);
        child.kill().unwrap(); // SIGKILL: no handler runs
        let said = child.wait_with_output().unwrap();
        assert_eq!(said.status.code(), None, "it was killed before its end");
        let said = String::from_utf8(said.stderr).unwrap();
        assert!(known(&said) >= least, "{said}: {least} rows were on disk");
        least = rows(&place);
    }
    let said = place.run(&resumed("3")).exits(0);
    assert!(known(&said.err) == least && least < 900, "{}: {least} rows", said.err);
    assert_eq!(said.same_everywhere(), whole);
    let seeds = seeds(&place);
    assert_eq!(seeds.keys().copied().collect::<Vec<_>>(), (0..900).collect::<Vec<_>>());
    assert!(seeds.values().all(|times| *times == 1), "nothing is run twice: {seeds:?}");
    // And once more, when there is nothing left to do.
    let said = place.run(&resumed("1")).exits(0);
    assert_eq!(
        (said.err.as_str(), said.same_everywhere()),
        ("resuming: 900 of 900 seeds are known\n", whole)
    );
}

/// The number in `resuming: 30 of 900 seeds are known`.
fn known(said: &str) -> usize {
    let rest = said.strip_prefix("resuming: ").unwrap_or_else(|| panic!("{said}"));
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn whatever_is_cut_off_or_damaged_is_run_again() {
    let place = Place::new();
    let args = ["sweep", "ping.toml", "--seeds", "0..25", "--bug", "stale-answer"];
    let whole = place.run(&args).exits(1).same_everywhere();
    let path = journal(&place).unwrap();
    let text = place.read(&path);
    let resume = || {
        let said = place.run(&[&args[..], &["--resume"]].concat()).exits(1);
        assert_eq!(said.same_everywhere(), whole);
        assert_eq!(seeds(&place).len(), 25);
        said.err
    };
    place.write(&path, &text[..text.len() - 3]);
    assert_eq!(resume(), "resuming: 24 of 25 seeds are known\n");
    place.write(&path, &text[..text.len() / 2]);
    assert!(known(&resume()) < 24);
    place.write(&path, "");
    assert_eq!(resume(), "resuming: 0 of 25 seeds are known\n");
    place.write(&path, "\0\0\0\0");
    assert_eq!(resume(), "resuming: 0 of 25 seeds are known\n");
    std::fs::remove_file(place.path(&path)).unwrap();
    assert_eq!(resume(), "resuming: 0 of 25 seeds are known\n");

    // A row that says something else than it did when it was written.
    let forged = text.replacen("\"verdict\":\"fail\"", "\"verdict\":\"pass\"", 1);
    assert_ne!(forged, text);
    place.write(&path, forged);
    let said = place.run(&[&args[..], &["--resume"]].concat()).exits(1);
    assert_eq!(said.same_everywhere(), whole);
    let expected =
        format!("resuming: 24 of 25 seeds are known\npassed over: 1 damaged line of {path}\n");
    assert_eq!(said.err, expected);
}

#[test]
fn other_settings_have_another_journal() {
    let place = Place::new();
    place.run(&["sweep", "ping.toml", "--seeds", "0..8"]).exits(0);
    let none = "resuming: 0 of 8 seeds are known\n";
    for change in
        [&["--set", "network.loss=0.01"][..], &["--check-budget", "7"], &["--set", "title=x"]]
    {
        let args = [&["sweep", "ping.toml", "--seeds", "0..8", "--resume"], change].concat();
        assert_eq!(place.run(&args).exits(0).err, none, "{change:?}");
    }
    let ping = ["sweep", "ping.toml", "--seeds", "0..8", "--resume"];
    assert_eq!(place.run(&ping).exits(0).err, "resuming: 8 of 8 seeds are known\n");
    place.write("ping.toml", place.read("ping.toml").replace("100/s", "101/s"));
    assert_eq!(place.run(&ping).exits(0).err, none);
    place.write("base.toml", place.read("ping.toml"));
    place.write("ping.toml", "extends = \"base.toml\"\n");
    assert_eq!(place.run(&ping).exits(0).err, none);
    place.write("base.toml", place.read("base.toml").replace("101/s", "102/s"));
    assert_eq!(place.run(&ping).exits(0).err, none, "what it builds on counts as well");
}

#[test]
fn seeds_of_other_ranges_are_taken_where_they_fit() {
    let sweep = |place: &Place, seeds: &str| {
        place.run(&["sweep", "ping.toml", "--seeds", seeds, "--resume"]).exits(0)
    };
    let whole = |seeds: &str| sweep(&Place::new(), seeds).same_everywhere();
    let place = Place::new();
    sweep(&place, "0..30");
    let more = sweep(&place, "0..70");
    assert_eq!(more.err, "resuming: 30 of 70 seeds are known\n");
    assert_eq!(more.same_everywhere(), whole("0..70"));
    // Of 10..50 the seeds 10, 30 (and not 20, 40) are repeated: those four are run again.
    let part = sweep(&place, "10..50");
    assert_eq!(part.err, "resuming: 36 of 40 seeds are known\n");
    assert_eq!(part.same_everywhere(), whole("10..50"));
}

#[test]
fn without_resume_it_begins_afresh_and_says_so() {
    let place = Place::new();
    let args = ["sweep", "ping.toml", "--seeds", "0..6"];
    assert_eq!(place.run(&args).exits(0).err, "");
    let path = journal(&place).unwrap();
    let said = place.run(&args).exits(0);
    let expected =
        format!("starting afresh, without 6 seeds in {path}; --resume would keep them\n");
    assert_eq!(said.err, expected);
    assert_eq!(rows(&place), 6);
}

#[test]
fn two_sweeps_do_not_write_one_journal() {
    let place = Place::new();
    let mut first = begin(&place, &SWEEP, 2);
    let before = rows(&place);
    let second = place.run(&[&SWEEP[..], &["--resume"]].concat()).exits(2);
    assert!(second.err.starts_with("error: another sweep is writing results/"), "{}", second.err);
    assert!(second.err.contains("\nhelp: wait for its end"), "{}", second.err);
    assert!(rows(&place) >= before);
    first.kill().unwrap();
    first.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_its_seeds_and_says_how_to_go_on() {
    let whole = Place::new().run(&SWEEP).exits(0).same_everywhere();
    let place = Place::new();
    let child = begin(&place, &SWEEP, 20);
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    let (told, line) = said.trim().split_once("\ngo on with: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(told, format!("interrupted; {} of 900 seeds are kept", rows(&place)));
    assert_eq!(line, "rehearsal sweep raft.toml --seeds 0..900 --jobs 1 --resume");
    let kept = rows(&place);
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    let said = place.run(&words).exits(0);
    assert_eq!(known(&said.err), kept);
    assert_eq!(said.same_everywhere(), whole);
}
