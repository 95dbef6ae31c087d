//! The lectures under `tests/scripts`, run by the binary as their readers run them.
//!
//! A lecture that begins with `# Planted bug: SLUG (ID) breaks PROPERTY` is pinned: it passes on the
//! correct protocol, and finds that bug every time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts");

/// Every script, in order.
fn scripts() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "txt") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new(ROOT), &mut found);
    assert!(!found.is_empty(), "no scripts under {ROOT}");
    found
}

/// A bug that a script finds.
struct Pinned {
    slug: String,
    id: Option<String>,
    property: String,
}

impl Pinned {
    /// `# Planted bug: vote-not-persisted (bug:E4) breaks one_vote`.
    fn of(text: &str) -> Option<Pinned> {
        let line = text.lines().next()?.strip_prefix("# Planted bug: ")?;
        let (bug, property) = line.split_once(" breaks ").unwrap_or_else(|| panic!("{line}"));
        let (slug, id) = match bug.split_once(" (") {
            Some((slug, id)) => (slug, id.strip_suffix(')').map(str::to_owned)),
            None => (bug, None),
        };
        Some(Pinned { slug: slug.to_owned(), id, property: property.to_owned() })
    }
}

fn run(script: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.arg("script").arg(script).args(options).env("NO_COLOR", "1");
    command.output().expect("the binary runs")
}

/// What a run printed, for a failing test to show.
fn printed(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[track_caller]
fn expect_exit(output: &Output, code: i32, what: &str) {
    assert_eq!(output.status.code(), Some(code), "{what}\n{}", printed(output));
}

/// `# Fails by design: state_machine_safety`: the story of a protocol that is wrong.
fn fails_by_design(script: &Path) -> Option<String> {
    let text = fs::read_to_string(script).unwrap();
    text.lines().next()?.strip_prefix("# Fails by design: ").map(str::to_owned)
}

#[test]
fn every_script_reacts_as_recorded() {
    let mut failed = 0;
    for script in scripts() {
        let (output, what) = (run(&script, &[]), script.display().to_string());
        let Some(property) = fails_by_design(&script) else {
            expect_exit(&output, 0, &what);
            continue;
        };
        expect_exit(&output, 1, &what);
        let said = printed(&output);
        assert!(said.contains(&format!("violated: {property}:")), "{what}\n{said}");
        assert!(said.contains(": 0 of "), "{what} reacts as recorded\n{said}");
        failed += 1;
    }
    assert!(failed > 0, "no script fails by design");
}

#[test]
fn every_pinned_script_finds_its_bug() {
    let mut found = 0;
    for script in scripts() {
        let Some(pinned) = Pinned::of(&fs::read_to_string(&script).unwrap()) else { continue };
        for bug in [Some(&pinned.slug), pinned.id.as_ref()].into_iter().flatten() {
            let what = format!("{} --bug {bug}", script.display());
            let output = run(&script, &["--bug", bug]);
            expect_exit(&output, 1, &what);
            let violated = format!("violated: {}:", pinned.property);
            assert!(printed(&output).contains(&violated), "{what}\n{}", printed(&output));
            found += 1;
        }
    }
    assert!(found > 0, "no script is pinned to a bug");
}

#[test]
fn pinned_scripts_name_their_bugs_as_the_catalog_does() {
    let entries = rehearsal::protocols::catalog::CATALOG;
    let bugs: Vec<_> = entries.iter().flat_map(|entry| (entry.bugs)()).collect();
    for script in scripts() {
        let Some(pinned) = Pinned::of(&fs::read_to_string(&script).unwrap()) else { continue };
        let bug = bugs.iter().find(|bug| bug.slug == pinned.slug);
        let bug = bug.unwrap_or_else(|| panic!("no bug {} in the catalog", pinned.slug));
        assert_eq!(pinned.id.as_deref(), bug.id, "{}", script.display());
        assert_eq!(pinned.property, bug.property, "{}", script.display());
    }
}

#[test]
fn scripts_fit_on_a_wall() {
    for script in scripts() {
        for (number, line) in (1..).zip(fs::read_to_string(&script).unwrap().lines()) {
            let width = line.chars().count();
            let most = if line.starts_with('#') { 100 } else { 120 };
            assert!(width <= most, "{}:{number} has {width} characters", script.display());
        }
    }
}

#[test]
fn a_bug_is_never_recorded() {
    for script in scripts() {
        let before = fs::read(&script).unwrap();
        let output = run(&script, &["--rewrite", "--bug", "vote-not-persisted"]);
        expect_exit(&output, 2, &script.display().to_string());
        assert_eq!(before, fs::read(&script).unwrap(), "{} is untouched", script.display());
    }
}

#[test]
fn rewriting_what_reacts_as_recorded_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for script in scripts() {
        let copy = folder.path().join("copy.txt");
        fs::copy(&script, &copy).unwrap();
        let code = i32::from(fails_by_design(&script).is_some());
        expect_exit(&run(&copy, &["--rewrite"]), code, &script.display().to_string());
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!(text(&copy), text(&script), "{}", script.display());
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the script: {left:?}");
}

#[test]
fn a_script_that_reacts_otherwise_shows_where() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("wrong.txt");
    fs::write(
        &script,
        "cluster raft servers=3 clients=1\n\nquietly boot\nfire n1 Election\n----\n\
         n1 timer Election rings\n  n1 * leader in epoch 7\n",
    )
    .unwrap();
    let output = run(&script, &[]);
    expect_exit(&output, 1, "a wrong record");
    let text = printed(&output);
    for line in [
        "wrong.txt:3\n",
        "  ... 1 line as recorded\n-   n1 * leader in epoch 7\n+   n1 * candidate in epoch 1\n",
        "1 of 2 blocks react differently, 0 violations",
    ] {
        assert!(text.contains(line), "{line:?} is missing in\n{text}");
    }
}
