//! What a failure prints: the property, its source, when and where, the last steps, and a command
//! line that shows it again.

use crate::support::{Place, Said, behind, words};

fn digest(text: &str) -> &str {
    let line = text.lines().find(|line| line.contains(" · digest ")).expect("a digest");
    line.split(" · digest ").nth(1).unwrap().split(' ').next().unwrap()
}

#[test]
fn a_failure_tells_what_when_where_and_how_to_see_it_again() {
    let place = Place::new();
    let said = place.run(&["run", "ping.toml", "--seed", "3", "--bug", "stale-answer"]).exits(1);
    let (_, failure) = said.out.split_once("\nviolated: ").expect("what was violated");
    let lines: Vec<&str> = failure.lines().collect();
    assert_eq!(lines[0], "answers_match");
    assert!(lines[1].starts_with("  source:   ") && lines[1].len() > 20, "{failure}");
    assert!(lines[2].starts_with("  when:     0.") && lines[2].contains(" on client"), "{failure}");
    assert!(lines[3].starts_with("  what:     "), "{failure}");
    assert_eq!(lines[4], "  the last steps before it:");
    assert!(lines[5].trim_start().starts_with("time  n1") && lines[5].contains("client"));
    let steps: Vec<&&str> = lines[6..].iter().take_while(|line| line.contains("s ")).collect();
    assert_eq!(steps.len(), 10, "{failure}");
    // Every step stands in one column: what is before and behind it is blank.
    let column = lines[5].rfind("client").unwrap();
    assert!(steps.iter().any(|step| step.len() > column && step[17..column].trim().is_empty()));
    assert!(steps.iter().any(|step| step.len() < column || step[column..].trim().is_empty()));
}

#[test]
fn the_reproduce_line_runs_and_gives_the_same_digest() {
    let place = Place::new();
    place.write("it's odd/ping 1.toml", place.read("ping.toml"));
    let cases: &[&[&str]] = &[
        &["ping.toml", "--bug", "stale-answer"],
        &["it's odd/ping 1.toml", "--bug", "stale-answer", "--seed", "18446744073709551615"],
        &["ping.toml", "--set", "bug=stale-answer", "--set", "title=it's a $HOME \"title\""],
        &[
            "./ping.toml",
            "--set",
            "cluster.clients=7",
            "--bug",
            "stale-answer",
            "--seed",
            "5",
            "--check-budget",
            "77",
        ],
    ];
    for case in cases {
        let said = place.run(&[&["run"], *case].concat()).exits(1);
        let line = behind("reproduce:", &said.out);
        let mut again = words(line);
        assert_eq!(again.remove(0), "rehearsal", "{line}");
        let again: Vec<&str> = again.iter().map(String::as_str).collect();
        let repeated = place.run(&again).exits(1);
        assert_eq!(digest(&repeated.out), digest(&said.out), "{line}");
        assert_eq!(behind("reproduce:", &repeated.out), line);
    }
}

#[cfg(unix)]
#[test]
fn the_reproduce_line_holds_in_a_shell() {
    let place = Place::new();
    place.write("it's.toml", place.read("ping.toml"));
    let said = place.run(&["run", "it's.toml", "--bug", "stale-answer"]).exits(1);
    let line = behind("reproduce:", &said.out);
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_rehearsal")).parent().unwrap();
    let script = format!("PATH='{}' {line}", binary.display());
    let mut shell = place.program(std::path::Path::new("/bin/sh"), &["-c", &script]);
    let again = Said::of(&shell.output().unwrap()).exits(1);
    assert_eq!(digest(&again.out), digest(&said.out));
}

#[test]
fn a_sweep_shows_the_first_failure_and_lines_for_the_others() {
    let place = Place::new();
    let args = ["sweep", "ping.toml", "--seeds", "4..8", "--bug", "stale-answer"];
    let said = place.run(&[&args[..], &["--failures", "2"]].concat()).exits(1);
    assert_eq!(said.out.matches("the last steps before it:\n").count(), 1, "{}", said.out);
    assert!(said.out.contains("\nseed 4: FAIL\n\nviolated: answers_match\n"), "{}", said.out);
    assert!(said.out.contains("\nseed 5: FAIL\n  answers_match at 0."), "{}", said.out);
    let found = said.same_everywhere();
    assert!(found.ends_with("\n2 more; raise --failures to see them\n"), "{found}");
    let line = "  reproduce: rehearsal run ping.toml --seed 5 --bug stale-answer\n";
    assert!(said.out.contains(line), "{}", said.out);
}
