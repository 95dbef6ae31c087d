//! What leaks into a protocol (`examples/leaks/`) is caught by `run --twice` and by the repeats of a
//! sweep, with the event in which it shows; where nothing leaks, nothing is said.

use crate::support::{Place, Said, behind, example, words};

const FILE: &str = "\
title = \"Leaks\"
protocol = \"leaky\"
duration = \"1s\"

[workload]
rate = \"20/s\"
";

/// What one process can see. The last two are the same for runs that are made at once.
const LEAKS: [&str; 7] =
    ["hash-order", "instant", "system-time", "address", "counter", "thread", "cache"];

fn place() -> Place {
    let place = Place::new();
    place.write("leaks.toml", FILE);
    place
}

fn run(place: &Place, args: &[&str]) -> Said {
    Said::of(&place.program(example("leaks"), args).output().expect("the example starts"))
}

/// What stands behind a label at the beginning of each line that has it.
fn all_behind<'t>(label: &str, text: &'t str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.trim_start().strip_prefix(label)).map(str::trim).collect()
}

#[test]
fn every_leak_is_caught_by_run_twice() {
    let place = place();
    for leak in LEAKS {
        let set = format!("leaky.leak={leak}");
        run(&place, &["run", "leaks.toml", "--set", &set]).exits(0);
        let said = run(&place, &["run", "leaks.toml", "--set", &set, "--twice"]).exits(1);
        assert_eq!(behind("violated:", &said.out), "deterministic", "{leak}");
        assert!(behind("when:", &said.out).ends_with("s on n2"), "{leak}: {}", said.out);
        let what = behind("what:", &said.out);
        println!("{leak}: {what}");
        let at_once = !["thread", "cache"].contains(&leak);
        assert_eq!(what.contains("differ in event 33 at 0.055485569s on n2: "), at_once, "{what}");
        assert_eq!(what.contains("agree with each other, not with this one"), !at_once, "{what}");
        let [both, first, second] =
            ["both:", "first:", "second:"].map(|label| all_behind(label, &said.out));
        assert_eq!((both.len(), first.len(), second.len()), (10, 1, 1), "{leak}: {}", said.out);
        assert!(both[9].ends_with("timer Next rings"), "{leak}: {}", both[9]);
        assert!(first[0].contains("-> n2->n3 Number#6 Number("), "{leak}: {}", first[0]);
        assert_ne!(first[0], second[0], "{leak}");
        // The line that is offered shows it again, and the message is all there as JSON.
        let again = words(behind("reproduce:", &said.out));
        assert_eq!(again.last().map(String::as_str), Some("--twice"), "{again:?}");
        let again: Vec<&str> = again.iter().skip(1).map(String::as_str).chain(["--json"]).collect();
        let json = run(&place, &again).exits(1).json();
        let violation = &json["violations"][0];
        assert_eq!(
            (&violation["property"], &violation["kind"]),
            (&"deterministic".into(), &"nondeterminism".into())
        );
        assert!(
            violation["message"].as_str().unwrap().contains("-> n2->n3 Number#6"),
            "{violation}"
        );
        assert_eq!(violation["nodes"], serde_json::json!(["n2"]));
        assert_eq!(violation["at_ns"], 55_485_569);
    }
}

#[test]
fn every_leak_is_caught_by_a_sweep() {
    let place = place();
    for leak in LEAKS {
        let set = format!("leaky.leak={leak}");
        let args = ["sweep", "leaks.toml", "--seeds", "0..3", "--jobs", "1", "--set", &set];
        let said = run(&place, &args).exits(1);
        assert!(said.out.contains("\nseed 0: FAIL\n\nviolated: deterministic\n"), "{}", said.out);
        assert_eq!(all_behind("first:", &said.out).len(), 1, "{leak}: {}", said.out);
        assert_eq!(all_behind("second:", &said.out).len(), 1, "{leak}: {}", said.out);
        assert!(said.out.contains(" --twice\n"), "{leak}: {}", said.out);
    }
}

/// Wherever it goes: into contents, the digest, instants, counters, ranks, or a panic.
#[test]
fn a_leak_is_caught_wherever_it_goes() {
    let place = place();
    let tells = [
        ("contents", "Number("),
        ("digest", "the digest is "),
        ("delay", "a timer rings on n2"),
        ("metric", "the metric leaked is "),
        ("rank", "n2 is member in epoch "),
        ("panic", "an odd number leaked"),
    ];
    for (into, tell) in tells {
        let set = format!("leaky.into={into}");
        let args = ["run", "leaks.toml", "--twice", "--set", "leaky.leak=counter", "--set", &set];
        let said = run(&place, &args).exits(1);
        assert!(said.out.contains("violated: deterministic\n"), "{into}: {}", said.out);
        let lines = [all_behind("first:", &said.out), all_behind("second:", &said.out)].concat();
        assert!(lines.iter().any(|line| line.contains(tell)), "{into}: {}", said.out);
    }
}

#[test]
fn a_panic_on_one_side_is_a_difference() {
    let place = place();
    let set = ["--set", "leaky.leak=counter", "--set", "leaky.into=panic"];
    let said = run(&place, &[&["run", "leaks.toml", "--twice"], &set[..]].concat()).exits(1);
    let [first, second] = ["first:", "second:"].map(|label| all_behind(label, &said.out));
    let panics = |side: &[&str]| side.iter().any(|line| line.contains("an odd number leaked"));
    assert!(panics(&first) != panics(&second), "{}", said.out);
}

#[test]
fn nothing_is_said_where_nothing_leaks() {
    let place = place();
    for into in ["contents", "digest", "delay", "metric", "rank", "panic"] {
        let set = format!("leaky.into={into}");
        let said = run(&place, &["sweep", "leaks.toml", "--seeds", "0..400", "--set", &set]);
        assert!(said.exits(0).out.contains("\n400 passed"), "{into}");
        for seed in ["0", "1", "18446744073709551615"] {
            let args = ["run", "leaks.toml", "--twice", "--seed", seed, "--set", &set];
            let said = run(&place, &args).exits(0);
            assert!(
                behind("twice", &said.out).starts_with("it did the same again"),
                "{}",
                said.out
            );
        }
    }
}

/// Runs of one process have one environment: what leaks from there is for two processes to see, and
/// for the lints.
#[test]
fn the_environment_is_seen_by_two_processes_only() {
    let place = place();
    let set = ["--set", "leaky.leak=environment", "--set", "leaky.into=delay"];
    let digest = |value: &str| {
        let args = [&["run", "leaks.toml", "--twice", "--json"], &set[..]].concat();
        let mut command = place.program(example("leaks"), &args);
        let said = Said::of(&command.env("LEAK", value).output().expect("the example starts"));
        said.exits(0).json()["digest"].clone()
    };
    assert_eq!(digest("7"), digest("7"));
    assert_ne!(digest("7"), digest("8"));
}
