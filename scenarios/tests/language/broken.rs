//! Every file of `tests/broken` is wrong in one way, and stands beside the message it gets.
//! `REHEARSAL_REWRITE=1` writes the messages anew: read them before they are committed.

use std::fs;
use std::path::{Path, PathBuf};

use rehearsal_scenarios::{Report, Request, load, load_all};

use crate::catalog::CATALOG;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

/// The remarks about a scenario. What is wrong with any point of a matrix is told before one has to
/// be chosen.
fn read(source: &str) -> Result<Report, Report> {
    load_all(&Request::of(source), CATALOG)?;
    load(&Request::of(source), CATALOG).map(|loaded| loaded.remarks)
}

#[test]
fn broken_files_are_explained() {
    let rewrite = std::env::var_os("REHEARSAL_REWRITE").is_some();
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files.sort();
    assert!(files.len() >= 30, "{} broken files", files.len());
    let mut differing = Vec::new();
    for file in &files {
        let source = file.to_str().unwrap();
        let rendered = match read(source) {
            Ok(remarks) => format!("loads\n\n{}", remarks.render(false)),
            Err(report) => report.render(false),
        };
        // Where the repository lies is no part of the message.
        let prefix = format!("{}/", folder().display());
        let rendered = rendered.replace(&prefix, "");
        let beside = file.with_extension("txt");
        if rewrite {
            fs::write(&beside, &rendered).unwrap();
        } else if fs::read_to_string(&beside).ok().as_ref() != Some(&rendered) {
            differing.push(format!("{}:\n{rendered}", file.display()));
        }
    }
    assert!(differing.is_empty(), "other messages than expected:\n{}", differing.join("\n"));
}

/// Files whose names begin with `remark-` load, and get a warning or a note.
#[test]
fn only_remarks_load() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let loaded = load(&Request::of(path.to_str().unwrap()), CATALOG).is_ok();
            assert_eq!(loaded, name.starts_with("remark-"), "{name}");
        }
    }
}

/// What `unwrap` prints in somebody's test.
#[test]
fn both_texts_of_a_report_are_its_findings() {
    let wrong = b"protocol = \"raft\"\nduration = \"5\"\n";
    let report =
        rehearsal_scenarios::load_text(wrong, &Request::of("a.toml"), CATALOG).unwrap_err();
    let rendered = report.render(false);
    assert!(rendered.starts_with("error: ") && rendered.contains("a.toml:2:12"), "{rendered}");
    assert_eq!(report.to_string(), rendered.trim_end());
    assert_eq!(format!("{report:?}"), format!("\n{report}\n"));
    let error: Box<dyn std::error::Error + Send + Sync> = report.into();
    assert!(error.to_string().contains("^^^"), "{error}");
}
