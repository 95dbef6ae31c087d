//! Everything that a user can get wrong ends with exit code 2, a sentence and a cure, and leaves
//! nothing behind.

use std::fs;

use crate::support::{Place, Said, repository};

/// Asserts that a command is refused with a sentence that contains `what`, and with a cure.
#[track_caller]
fn refused(place: &Place, args: &[&str], what: &str) -> Said {
    let said = place.run(args);
    assert_eq!(said.code, Some(2), "{args:?}\n{}{}", said.out, said.err);
    assert!(said.err.starts_with("error: "), "{args:?}\n{}", said.err);
    assert!(said.err.contains(what), "{args:?}\n{}", said.err);
    let cures = ["help", "tip: ", "Usage: ", "write ", "expected ", "possible values"];
    assert!(cures.iter().any(|cure| said.err.contains(cure)), "{args:?}\n{}", said.err);
    assert!(!said.err.contains("itself panicked"), "{args:?}\n{}", said.err);
    assert_eq!(said.out, "", "{args:?}");
    assert_eq!(place.tree("results"), Vec::<String>::new(), "{args:?}");
    said
}

#[test]
fn nothing_at_all_gets_the_help() {
    let said = Place::new().run(&[]).exits(2);
    assert!(said.err.contains("Usage: rehearsal <COMMAND>"), "{}", said.err);
    assert_eq!(said.out, "");
}

#[test]
fn words_that_are_no_commands() {
    let place = Place::new();
    refused(&place, &["frobnicate"], "unrecognized subcommand 'frobnicate'");
    refused(&place, &["rum", "ping.toml"], "a similar subcommand exists: 'run'");
    refused(&place, &["run", "ping.toml", "--sed", "4"], "a similar argument exists: '--seed'");
    refused(&place, &["run", "ping.toml", "raft.toml"], "unexpected argument 'raft.toml'");
    refused(&place, &["run"], "<SCENARIO>");
    refused(&place, &["sweep", "ping.toml"], "--seeds <A..B>");
    refused(&place, &["list", "everything"], "possible values: scenarios, protocols");
    refused(&place, &["schema", "--pretty"], "unexpected argument '--pretty'");
}

#[test]
fn files_that_are_no_scenarios() {
    let place = Place::new();
    place.write("empty.toml", "");
    place.write("garbage.toml", [0x00, 0xff, 0xfe, 0x9c, b'[', 0x80]);
    place.write("page.toml", "<html><body>404</body></html>");
    place.write("a.toml", "extends = \"b.toml\"\n");
    place.write("b.toml", "extends = \"a.toml\"\n");
    place.write("sub/out.toml", "extends = \"../ping.toml\"\n");
    fs::create_dir(place.path("folder.toml")).unwrap();
    let cases = [
        ("missing.toml", "there is no file `missing.toml`"),
        ("pong.toml", "did you mean `ping.toml`?"),
        ("sub", "`sub` is a folder"),
        ("folder.toml", "`folder.toml` is a folder"),
        ("empty.toml", "this scenario is empty"),
        ("garbage.toml", "not UTF-8"),
        ("page.toml", "this is not TOML"),
        ("a.toml", "builds on itself"),
        ("sub/out.toml", "only build on files of its own folder"),
        ("raft/leader-crahs", "did you mean `raft/leader-crash`?"),
        ("", "there is no scenario ``"),
    ];
    for (file, what) in cases {
        refused(&place, &["run", file], what);
        refused(&place, &["sweep", file, "--seeds", "0..2"], what);
    }
}

#[cfg(unix)]
#[test]
fn files_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let path = place.path("ping.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // Whoever may read everything (root) runs it instead.
    if fs::read(&path).is_err() {
        refused(&place, &["run", "ping.toml"], "can not be read: no permission");
    }
}

#[test]
fn options_that_make_no_sense() {
    let place = Place::new();
    let run = |option: &str, value: &str, what: &str| {
        refused(&place, &["run", "ping.toml", option, value], what);
    };
    run("--set", "nonsense", "an override is a key and a value");
    run("--set", "", "an override is a key and a value");
    run("--set", "=1", "this is no key");
    run("--set", "netwrok.loss=0.1", "netwrok");
    run("--set", "network.loss=lots", "expected a probability");
    run("--set", "duration=20", "duration");
    run("--set", "title.x=1", "`title` is no table");
    run("--set", "fault[0].at=\"1s\"", "`fault` has no entries");
    run("--seed", "abc", "it is no seed; write a whole number from 0 to 18446744073709551615");
    run("--seed", "-1", "it is no seed");
    run("--seed", "18446744073709551616", "it is no seed");
    run("--check-budget", "much", "it is no whole number");
    run("--bug", "stale-anser", "no planted bug \"stale-anser\"");
    run("--out", "", "a value is required for '--out <DIR>'");
    let sweep = |option: &str, value: &str, what: &str| {
        refused(&place, &["sweep", "ping.toml", "--seeds", "0..2", option, value], what);
    };
    sweep("--jobs", "0", "0 is not in 1..=1024");
    sweep("--jobs", "many", "invalid");
    sweep("--failures", "-", "invalid");
    sweep("--out", "ping.toml", "can not write results to ping.toml/");
    sweep("--junit", "no/found.xml", "can not write no/found.xml: its folder does not exist");
    sweep("--junit", ".", "can not write .: it is a folder");
    sweep("--resum", "", "a similar argument exists: '--resume'");
    for (seeds, what) in [
        ("5..1", "the range 5..1 has no seeds"),
        ("5..5", "its end is not among them"),
        ("abc", "`abc` is no seed; write --seeds 0..200"),
        ("1..", "`` is no seed"),
        ("0..18446744073709551616", "is no seed"),
    ] {
        refused(&place, &["sweep", "ping.toml", "--seeds", seeds], what);
    }
}

#[test]
fn scripts_that_can_not_be_played() {
    let place = Place::new();
    place.write("empty.txt", "# only prose\n");
    place.write("garbage.txt", [0xff, 0xfe]);
    place.write("late.txt", "boot\n");
    place.write("unknown.txt", "cluster viewstamped servers=3\n");
    place.write("odd.txt", "cluster ping servers\n");
    place.write("many.txt", "cluster ping servers=lots\n");
    place.write("slip.txt", "cluster ping\n\nboot\n----\n\n# prose\nsetle\n");
    place.write("two.txt", "cluster ping\n\ncluster raft\n");
    let cases = [
        ("missing.txt", "can not read the script missing.txt: no such file"),
        (".", "can not read the script .: it is a folder"),
        ("empty.txt", "empty.txt has no commands"),
        ("garbage.txt", "it is no text in UTF-8"),
        ("late.txt", "late.txt:1: the first command is `boot`"),
        ("ping.toml", "ping.toml:1: the first command is `title = "),
        ("unknown.txt", "viewstamped"),
        ("odd.txt", "odd.txt:1: \"servers\" sets nothing"),
        ("many.txt", "lots"),
        ("slip.txt", "slip.txt:7: `setle` is no command here"),
        ("two.txt", "two.txt:3: `cluster` is no command here"),
    ];
    for (file, what) in cases {
        let before = fs::read(place.path(file)).ok();
        refused(&place, &["script", file], what);
        refused(&place, &["script", file, "--rewrite"], what);
        assert_eq!(fs::read(place.path(file)).ok(), before, "{file}");
    }
}

#[test]
fn starters_overwrite_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    let before = place.tree(".");
    refused(&place, &["new", "ping"], "can not write ping.toml: there is something of this name");
    refused(&place, &["new", "ping", "--out", "folder"], "can not write folder");
    refused(&place, &["new", "ping", "--out", "no/x.toml"], "its folder does not exist");
    refused(&place, &["new", "ping", "--out", "ping.toml/x"], "can not write ping.toml/x");
    refused(&place, &["new", "pong"], "there is no protocol `pong`\nhelp: the protocols are ");
    assert_eq!(place.tree("."), before);
    assert_eq!(place.read("ping.toml"), crate::support::PING);
}

#[test]
fn broken_files_are_explained() {
    let folder = repository().join("scenarios/tests/broken");
    let place = Place::new();
    let (mut broken, mut remarked) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        let (name, source) = (path.file_name().unwrap(), path.to_str().unwrap());
        let said = place.run(&["run", source, "--set", "title=whatever"]);
        assert!(!said.err.trim().is_empty(), "{name:?} is passed over in silence");
        assert!(!said.err.contains("itself panicked"), "{name:?}: {}", said.err);
        if said.err.contains("unknown key `multi-paxos`") {
            // The tests of the language have a protocol more.
            assert_eq!(said.code, Some(2));
        } else if name.to_string_lossy().starts_with("remark-") {
            remarked += 1;
            assert!(matches!(said.code, Some(0 | 1)), "{name:?}: {said:?}");
        } else {
            broken += 1;
            assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{name:?}: {}", said.err);
        }
    }
    assert!(broken >= 30 && remarked >= 3, "{broken} broken files, {remarked} remarks");
    assert_eq!(
        place.tree("results").iter().filter(|path| path.matches('/').count() == 1).count(),
        2 * remarked,
        "only what runs leaves results (a folder and a link each)"
    );
}
