//! What the tests share: where the repository is, how scenarios are loaded, how files are compared.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use rehearsal::protocols::catalog::CATALOG;
use rehearsal::scenarios::{Loaded, Request, load_all, load_text};
use rehearsal::sim::plan::Plan;
use rehearsal::sim::record::Record;

/// The folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A bundled scenario with settings changed: every point of its matrix, or itself where it has none.
#[track_caller]
pub(crate) fn bundled(name: &str, set: &[String]) -> Vec<Loaded> {
    let request = Request { set, ..Request::of(name) };
    let variants = load_all(&request, CATALOG);
    variants.unwrap_or_else(|report| panic!("{name}\n{}", report.render(false))).points
}

/// The first and the last point of a bundled scenario's matrix, or itself where it has none: of many
/// points, those in the middle differ in nothing else.
#[track_caller]
pub(crate) fn ends(name: &str) -> Vec<Loaded> {
    let mut points = bundled(name, &[]);
    if points.len() > 2 {
        points.drain(1..points.len() - 1);
    }
    points
}

/// The plan that a seed runs: the scenario's own, or what its swarm draws.
#[track_caller]
pub(crate) fn plan_of(loaded: &Loaded, seed: u64) -> Cow<'_, Plan> {
    loaded.plan_for(seed).unwrap_or_else(|report| panic!("{}\n{report}", called(loaded)))
}

/// What a loaded scenario is called: `raft/cluster-size --point 3`.
pub(crate) fn called(loaded: &Loaded) -> String {
    let name = loaded.plan.scenario.as_str();
    let point = loaded.point.as_ref().map(|point| format!(" --point {}", point.number));
    format!("{name}{}", point.unwrap_or_default())
}

/// A scenario from a text.
#[track_caller]
pub(crate) fn from_text(name: &str, text: &str) -> Loaded {
    load_text(text.as_bytes(), &Request::of(name), CATALOG)
        .unwrap_or_else(|report| panic!("{name}\n{}\n{text}", report.render(false)))
}

/// The record without the only part that may depend on whether anybody watched.
pub(crate) fn untraced(mut record: Record) -> Record {
    record.trace = Default::default();
    record
}

/// Compares a file of the repository with what it should be; `REHEARSAL_REWRITE=1` writes it.
#[track_caller]
pub(crate) fn golden(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("REHEARSAL_REWRITE").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().expect("a file has a folder")).unwrap();
        fs::write(&file, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let first = found.lines().zip(expected.lines()).position(|(a, b)| a != b);
    let line = first.unwrap_or(found.lines().count().min(expected.lines().count()));
    let of = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    assert!(
        found == expected,
        "{path} is not up to date, line {}:\n  there:    {}\n  expected: {}\n\
         If the change is meant, write the file anew: REHEARSAL_REWRITE=1 cargo test --test suite",
        line + 1,
        of(&found),
        of(expected),
    );
}

/// Every file below a folder of the repository, sorted, without what git ignores.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_ignored = ["target", "results", "node_modules"].contains(&name.as_str())
                || (name.starts_with('.') && name != ".ci");
            match path.is_dir() {
                _ if is_ignored => {}
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}
