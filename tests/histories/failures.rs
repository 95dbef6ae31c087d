//! What `check` says about small broken histories, word for word.

use std::fs;
use std::process::Command;

use super::folder;

/// The histories, and what else the command line takes: `stale-read.edn` is told in
/// `tests/golden/failures/stale-read.txt`.
const FAILURES: &[(&str, &str)] = &[
    ("aborted-read.edn", ""),
    ("causal-sessions.json", "--level causal"),
    ("circular-flow.edn", ""),
    ("counter-below-bounds.edn", "--model counter-bounds"),
    ("counter-too-high.edn", "--model counter"),
    ("crossed-reads.edn", "--consistency sequential --dialect porcupine"),
    ("dequeue-empty.hist", ""),
    ("dirty-write.edn", ""),
    ("duplicate-dequeue.hist", ""),
    ("fractured-read.txt", "--level read-atomic"),
    ("keys.edn", ""),
    ("long-fork.txt", "--level snapshot-isolation"),
    ("late-read.edn", ""),
    ("lost-elements.json", "--model set-full"),
    ("lost-in-queue.edn", ""),
    ("lost-record.edn", "--model kafka"),
    ("lost-update.edn", ""),
    ("lost-write.txt", ""),
    ("not-fifo.hist", ""),
    ("not-the-greatest.hist", ""),
    ("read-before-write.json", ""),
    ("read-from-nowhere.log", ""),
    ("read-skew.edn", ""),
    ("refused-cas.log", ""),
    ("same-id-twice.edn", ""),
    ("set-lost-element.jsonl", ""),
    ("stack-order.hist", ""),
    ("stale-read.edn", ""),
    ("two-cas-win.log", ""),
    ("two-holders.edn", ""),
    ("went-back.edn", "--consistency session"),
    ("write-skew.edn", ""),
    ("wrong-total.edn", ""),
];

/// What the program prints, without how long it took.
fn said(file: &str, options: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["check", file])
        .args(options.split_whitespace())
        .current_dir(folder())
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let text: String = text
        .lines()
        .map(|line| match (line.starts_with("judged "), line.rsplit_once(" in ")) {
            (true, Some((judged, _))) => format!("{judged}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let errors = String::from_utf8(output.stderr).expect("it prints text");
    (output.status.code(), text + &errors)
}

#[test]
fn failures_are_told_as_they_were_read_and_approved() {
    let golden = folder().with_file_name("failures");
    let mut differ = Vec::new();
    for (file, options) in FAILURES {
        let (code, text) = said(file, options);
        assert_eq!(code, Some(1), "{file} is broken:\n{text}");
        let told = format!("$ rehearsal check {}\n{text}", format!("{file} {options}").trim());
        let stem = file.rsplit_once('.').expect("files have endings").0;
        let path = golden.join(format!("{stem}.txt"));
        if std::env::var_os("REHEARSAL_REWRITE").is_some() {
            fs::create_dir_all(&golden).unwrap();
            fs::write(&path, &told).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != told {
            differ.push(format!("{}:\n{told}", path.display()));
        }
    }
    assert!(
        differ.is_empty(),
        "what is said has changed (REHEARSAL_REWRITE=1 writes it anew):\n{}",
        differ.join("\n")
    );
}

#[test]
fn every_line_of_a_failure_fits_a_terminal() {
    for (file, options) in FAILURES {
        let (_, text) = said(file, options);
        // Sentences wrap; pictures do not.
        for line in text.lines().filter(|line| line.contains('├') || line.contains("  #")) {
            assert!(line.chars().count() <= 100, "{file}: {line}");
        }
    }
}

#[test]
fn what_holds_holds() {
    let (code, text) = said("late-read.edn", "--consistency sequential");
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = said("held.edn", "");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("passed over: 1 lines or events"), "{text}");
}
