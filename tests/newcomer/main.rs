//! The newcomer's path in the README, followed to the letter: a crate is made, its dependencies are
//! added, the example is copied, its test fails, the fix is applied, and its test passes.
//!
//! Cost: everything is built once more, in a folder of its own under `target/`: two to three minutes
//! on two cores the first time, half a minute after a change. The registry must be within reach, or
//! its packages in the local cache, as for any build.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The blocks of a section of the README: language and lines.
fn blocks(section: &str) -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(root().join("README.md")).expect("the README is there");
    let from = text.find(section).expect("the README has this section");
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_open = false;
    for line in text[from..].lines().take_while(|line| !line.starts_with("A scenario reads")) {
        match line.strip_prefix("```") {
            Some(language) if !is_open => {
                blocks.push((language.to_owned(), Vec::new()));
                is_open = true;
            }
            Some(_) => is_open = false,
            None if is_open => blocks.last_mut().expect("it is open").1.push(line.to_owned()),
            None => {}
        }
    }
    blocks
}

/// A folder outside of this workspace, with this repository under its name.
fn playground() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::os::unix::fs::symlink(root(), folder.path().join("rehearsal")).expect("a link");
    folder
}

/// Runs a command of the README; gives what it printed.
fn follow(line: &str, folder: &mut PathBuf) -> String {
    let (command, remark) = line.split_once(" #").unwrap_or((line, ""));
    let command = command.trim();
    if let Some(below) = command.strip_prefix("cd ") {
        folder.push(below);
        return String::new();
    }
    let expected = remark.trim().strip_prefix("exits with ");
    let expected = expected.map_or(0, |code| code.parse().expect("an exit code"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("newcomer-target");
    let mut shell = Command::new("sh");
    // What cargo told this test about its own build is nothing to the cargo of the newcomer.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST") {
            shell.env_remove(&*name);
        }
    }
    let output = shell
        .args(["-c", command])
        .current_dir(&*folder)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("PROPTEST_CASES")
        .env_remove("REHEARSAL_CASES_SEED")
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("a shell");
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let said = said.join("\n");
    assert_eq!(output.status.code(), Some(expected), "{command}\n{said}");
    said
}

/// Applies a block of lines to take away and to put in their place.
fn apply(block: &[String], file: &Path) {
    let with = |sign: char| -> String {
        block.iter().filter_map(|line| line.strip_prefix(sign)).collect::<Vec<_>>().join("\n")
    };
    let text = std::fs::read_to_string(file).expect("the file to mend");
    assert_eq!(text.matches(&with('-')).count(), 1, "{} once", with('-'));
    std::fs::write(file, text.replace(&with('-'), &with('+'))).expect("the file is mended");
}

#[test]
#[cfg(unix)]
fn the_newcomers_path_leads_where_it_says() {
    let playground = playground();
    let mut folder = playground.path().to_owned();
    let mut said = Vec::new();
    for (language, lines) in blocks("## Your own protocol, in ten minutes") {
        match language.as_str() {
            "console" => said.extend(lines.iter().map(|line| follow(line, &mut folder))),
            "diff" => apply(&lines, &folder.join("src/lib.rs")),
            other => panic!("nobody follows a block of {other}"),
        }
    }
    let has = |text: &str| said.iter().any(|said| said.contains(text));
    assert!(has("violated: linearizable"), "the test names the property: {said:#?}");
    assert!(has("reproduce: cargo run -- run tests/regressions/"), "and how to see it: {said:#?}");
    assert!(has("fault operations"), "shrink prints its table: {said:#?}");
    let kept = folder.join("tests/regressions/tally-linearizable.toml");
    let kept = std::fs::read_to_string(kept).expect("the day is kept");
    assert!(kept.lines().count() < 60, "a day that fits on a screen:\n{kept}");
}
