//! `docs/determinism.md` and `docs/validation.md` tell the truth: the tests they name exist.

use std::fs;

use crate::support::{files, root};

/// The words in backticks of a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names of all tests in the repository, and the folders and files they stand in.
fn tests() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in files(".").into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")) {
        let source = fs::read_to_string(&path).unwrap();
        let place = path.strip_prefix(root()).unwrap().display().to_string().replace('\\', "/");
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(rest) = line.strip_prefix("fn ") else { continue };
            let above = lines[..at].iter().rev().take_while(|line| line.starts_with(['#', '/']));
            if above.into_iter().any(|line| *line == "#[test]") {
                let name = rest.split(['(', '<']).next().unwrap_or_default();
                found.push((name.to_owned(), place.clone()));
            }
        }
    }
    found
}

/// The rows of the page's tables: law, guard, tests.
fn rows(page: &str) -> Vec<[&str; 3]> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.contains("---"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        <[&str; 3]>::try_from(cells).ok()
    })
    .filter(|[_, _, tests]| !tests.eq_ignore_ascii_case("tests"))
    .collect()
}

/// Each row of a page's tables names tests, and they exist; gives back how many rows there are.
fn assert_tests_exist(page: &str) -> usize {
    let (rows, tests) = (rows(page), tests());
    for [law, _, named] in &rows {
        let mut count = 0;
        for word in quoted(named) {
            // `place: name` tells the file, in full or its last part.
            let (place, name) = word.split_once(": ").unwrap_or_else(|| {
                panic!("{law}: `{word}` is not `file.rs: name_of_test`");
            });
            let is_it = |(test, file): &&(String, String)| test == name && file.ends_with(place);
            assert!(tests.iter().any(|test| is_it(&test)), "{law}: there is no test {word}");
            count += 1;
        }
        assert!(count > 0, "{law} has no test");
    }
    rows.len()
}

#[test]
fn every_law_of_determinism_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/determinism.md")).unwrap();
    let rows = assert_tests_exist(&page);
    assert!(rows >= 20, "{rows} rows are read");
    // Every law of the house has its rows.
    for number in 1..=7 {
        let heading = format!("\n## {number}. ");
        assert!(page.contains(&heading), "law {number} is missing");
    }
}

#[test]
fn every_check_of_the_numbers_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/validation.md")).unwrap();
    let rows = assert_tests_exist(&page);
    assert!(rows >= 14, "{rows} rows are read");
    for id in ["K1", "K2", "K3", "K4", "K5", "K6", "N1", "N2", "N5", "Q13", "Q14"] {
        assert!(page.contains(&format!("\n| {id} | ")), "check {id} is missing");
    }
}
