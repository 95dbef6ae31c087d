//! `check`: exit codes, what is printed, and mistakes.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{Place, Said};

const STALE: &str = "\
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 0, :type :invoke, :f :write, :value 2}
{:process 0, :type :ok, :f :write, :value 2}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 1}
";

fn place() -> Place {
    let place = Place::new();
    place.write("bad/stale.edn", STALE);
    place.write("good.edn", STALE.replace(":read, :value 1", ":read, :value 2"));
    place
}

#[test]
fn verdicts_are_exit_codes() {
    let place = place();
    let good = place.run(&["check", "good.edn"]).exits(0);
    assert!(good.out.starts_with("PASS  good.edn: linearizable register\n"), "{}", good.out);
    let bad = place.run(&["check", "bad/stale.edn"]).exits(1);
    assert!(bad.out.contains("FAIL") && bad.out.contains("line 6"), "{}", bad.out);
    assert!(bad.out.contains("dialect       jepsen: "), "{}", bad.out);
    let session = place.run(&["check", "bad/stale.edn", "--consistency", "session"]).exits(0);
    assert!(session.out.contains("session register"), "{}", session.out);
    place.run(&["check", "good.edn", "--model", "stack"]).exits(2);
}

#[test]
fn several_files_have_a_line_each_and_a_summary() {
    let place = place();
    let said = place.run(&["check", "good.edn", "bad"]).exits(1);
    assert_eq!(said.out.lines().count(), 4, "{}", said.out);
    assert!(said.out.ends_with("2 files: 1 held, 1 violated\n"), "{}", said.out);
    place.write("bad/broken.edn", "{:process 0");
    let said = place.run(&["check", "good.edn", "bad"]).exits(2);
    assert!(said.out.contains("1 could not be read"), "{}", said.out);
    assert!(said.err.contains("bad/broken.edn:1:12: "), "{}", said.err);
    place.write("empty/readme.rst", "");
    let said = place.run(&["check", "empty"]).exits(2);
    assert!(said.err.contains("no histories in empty"), "{}", said.err);
}

#[test]
fn json_starts_closed_and_a_page_is_written() {
    let place = place();
    let said = place.run(&["check", "bad/stale.edn", "--json", "--html", "page.html"]).exits(1);
    let json = said.json();
    assert_eq!(json["verdict"], "fail");
    assert_eq!((&json["model"], &json["format"]), (&"register".into(), &"jepsen".into()));
    assert_eq!(json["operations"], 3);
    assert!(json["explanation"]["sentence"].as_str().unwrap().contains("line 6"), "{json}");
    let page = place.read("page.html");
    assert!(page.contains("stale.edn") && page.contains("✗"), "{page}");
    assert!(!page.contains("http://") && !page.contains("https://"), "a page needs no network");
}

#[test]
fn standard_input_is_a_dash() {
    let place = place();
    let mut command = place.command(&["check", "-"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(STALE.as_bytes()).unwrap();
    let said = Said::of(&child.wait_with_output().unwrap()).exits(1);
    assert!(said.out.contains("standard input: linearizable register"), "{}", said.out);
}

#[test]
fn mistakes_are_told_with_their_place_and_a_cure() {
    let place = place();
    for (text, place_and_what) in [
        (
            "{:process 0, :type :ok, :f :read}\n{:process 0, :type :invoke, :f :read}\n",
            "1:1: process 0 ends",
        ),
        (&STALE.replacen(":ok", ":okay", 1), "2:1: there is no :type `:okay`"),
        (
            &STALE.replacen(":process 1", ":process 0", 1).replacen(
                ":ok, :f :write, :value 2",
                ":invoke, :f :write, :value 2",
                1,
            ),
            "4:1: process 0 calls",
        ),
        (&STALE.replacen(":ok, :f :write", ":ok, :f :read", 1), "2:1: process 0 ends `read`"),
        ("hello\n", "1:1: this looks like no format"),
        ("# queue\nenq 1 5 2\n", "2:7: this operation ends at 2, before"),
    ] {
        place.write("wrong.edn", text);
        let said = place.run(&["check", "wrong.edn"]).exits(2);
        assert!(said.err.contains(&format!("wrong.edn:{place_and_what}")), "{text}\n{}", said.err);
        assert!(said.err.contains("help"), "{}", said.err);
    }
    let said = place.run(&["check", "good.edn", "--model", "regster"]).exits(2);
    assert!(said.err.contains("did you mean `register`?"), "{}", said.err);
    let said = place.run(&["check", "good.edn", "--format", "jpsen"]).exits(2);
    assert!(said.err.contains("did you mean `jepsen`?"), "{}", said.err);
    place.write("binary.edn", [0x7b, 0x0a, 0xff, 0xfe]);
    let said = place.run(&["check", "binary.edn"]).exits(2);
    assert!(said.err.contains("no text in UTF-8, from line 2 on"), "{}", said.err);
    place.run(&["check", "nowhere.edn"]).exits(2);
}

#[test]
fn the_history_of_a_run_is_written_and_judged() {
    let place = place();
    place.run(&["run", "raft.toml", "--history", "--seed", "2"]).exits(0);
    let tree = place.tree("results");
    for name in ["history.edn", "history.json", "history.jsonl"] {
        let file = tree.iter().find(|path| path.ends_with(&format!("/{name}"))).expect(name);
        let said = place.run(&["check", &format!("results/{file}")]).exits(0);
        assert!(said.out.contains("linearizable kv"), "{}", said.out);
        assert!(said.out.contains("dialect       rehearsal"), "{}", said.out);
    }
    place.run(&["run", "raft.toml", "--seed", "2"]).exits(0);
    let again = place.tree("results");
    assert!(again.iter().all(|path| !path.contains("/history.")), "{again:?}");
}
