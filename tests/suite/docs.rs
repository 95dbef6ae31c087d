//! Documents tell the truth: every command they show is run, and the code they show stands in the
//! file they name.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The documents, by path.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = vec![root().join("README.md")];
    for entry in std::fs::read_dir(root().join("docs")).expect("docs/ is there") {
        let path = entry.expect("docs/ is readable").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("documents are text");
    paths.iter().map(|path| (path.clone(), read(path))).collect()
}

/// A fenced block of a document, with the line before it.
struct Fence<'a> {
    before: &'a str,
    language: &'a str,
    lines: Vec<&'a str>,
}

fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut fences = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    let mut before = "";
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some(Fence { before, language, lines: Vec::new() }),
            (Some(_), Some(_)) => fences.extend(open.take()),
            (Some(fence), None) => fence.lines.push(line),
            (None, None) => {}
        }
        before = line;
    }
    assert!(open.is_none(), "a fence is not closed");
    fences
}

/// A folder that looks like the repository to commands that read scenarios and scripts.
fn playground() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    #[cfg(unix)]
    for name in ["scenarios", "tests"] {
        std::os::unix::fs::symlink(root().join(name), folder.path().join(name)).expect("a link");
    }
    folder
}

/// Runs a line as a reader would; `None` when it is not ours to run here.
fn run(line: &str, folder: &Path) -> Option<i32> {
    let command = line.split(" #").next().unwrap_or_default().trim();
    let arguments = command
        .strip_prefix("rehearsal ")
        .or_else(|| command.strip_prefix("cargo run --release -- "));
    let Some(arguments) = arguments else {
        // CI runs this one; it is what runs this test.
        assert_eq!(command, "cargo test", "a command that nobody runs: {line}");
        return None;
    };
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("the command starts");
    output.status.code()
}

#[test]
#[cfg(unix)]
fn every_command_in_the_documents_does_what_it_says() {
    let mut count = 0;
    for (path, text) in documents() {
        let folder = playground();
        for fence in fences(&text).iter().filter(|fence| fence.language == "sh") {
            for line in fence.lines.iter().filter(|line| !line.trim().is_empty()) {
                let expected = if line.contains("# exits with 1") { 1 } else { 0 };
                if let Some(code) = run(line, folder.path()) {
                    assert_eq!(code, expected, "{}: {line}", path.display());
                    count += 1;
                }
            }
        }
    }
    assert!(count >= 12, "the documents show commands, and {count} were found");
}

#[test]
fn code_in_the_documents_stands_in_the_file_it_names() {
    let mut count = 0;
    for (path, text) in documents() {
        for fence in fences(&text) {
            let name =
                fence.before.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
            let Some(name) = name else { continue };
            let source = std::fs::read_to_string(root().join(name))
                .unwrap_or_else(|error| panic!("{} names {name}: {error}", path.display()));
            let block = fence.lines.join("\n");
            assert!(
                source.contains(&block),
                "{}: this block does not stand in {name}:\n{block}",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count >= 8, "the guide shows code, and {count} blocks were found");
}
