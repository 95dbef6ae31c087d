//! Looking through a folder of results, however deep the runs lie in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rehearsal_reports::index::{Index, Page, Run, Shelf, Sweep, Unreadable};
use serde_json::Value;

use super::results::shown;
use super::{Failure, print, say, stored};

/// Results lie at most so many folders deep.
const MOST_DEEP: usize = 8;
/// Whoever has more folders than this named the wrong one.
const MOST_FOLDERS: usize = 200_000;
/// A file of a sweep's numbers has at most so many bytes.
const MOST_NUMBERS: u64 = 64 << 20;
/// What the folder of a page over several runs begins with.
const PAGES: [&str; 2] = [MATRICES, "compare-"];
const MATRICES: &str = "matrix-";
/// And that of a sweep.
const SWEEPS: &str = "sweep-";

/// Everything found below a folder; `base` leads from the page to that folder, as a link.
pub(crate) fn look(folder: &Path, base: &str) -> Result<Index, Failure> {
    let mut survey = Survey { top: folder, base, shelves: BTreeMap::new(), found: Vec::new() };
    survey.walk()?;
    Ok(Index { shelves: survey.shelves.into_values().collect(), unreadable: survey.found })
}

/// The files of a folder by name, and the folders in it.
#[derive(Default)]
struct Listing {
    folders: Vec<PathBuf>,
    has_record: bool,
    has_facts: bool,
    has_report: bool,
    has_sweep: bool,
}

impl Listing {
    /// Links are not followed, so that nothing is found twice; what is hidden is unfinished.
    fn of(folder: &Path) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let kind = entry.file_type()?;
            if kind.is_dir() && !name.as_encoded_bytes().starts_with(b".") {
                listing.folders.push(entry.path());
            } else if kind.is_file() {
                listing.has_record |= name == stored::NAME;
                listing.has_facts |= name == "run.json";
                listing.has_report |= name == "report.html";
                listing.has_sweep |= name == "sweep.json";
            }
        }
        listing.folders.sort();
        Ok(listing)
    }
}

struct Survey<'a> {
    top: &'a Path,
    base: &'a str,
    shelves: BTreeMap<PathBuf, Shelf>,
    found: Vec<Unreadable>,
}

impl Survey<'_> {
    fn walk(&mut self) -> Result<(), Failure> {
        let mut open = vec![(self.top.to_owned(), 0)];
        let mut count = 0_usize;
        while let Some((folder, depth)) = open.pop() {
            count += 1;
            if count > MOST_FOLDERS {
                return Err(Failure::said(
                    format!("{} has more than {MOST_FOLDERS} folders in it", shown(self.top)),
                    "name the folder of results, as `run --out` got it",
                ));
            }
            let listing = match Listing::of(&folder) {
                Ok(listing) => listing,
                Err(error) => {
                    self.unreadable(&folder, say::why(&error));
                    continue;
                }
            };
            if !self.take(&folder, &listing) && depth < MOST_DEEP {
                open.extend(listing.folders.into_iter().map(|inner| (inner, depth + 1)));
            }
        }
        Ok(())
    }

    /// Takes a folder's results in; gives back whether it is that of a single run, in which there
    /// is nothing else to look for.
    fn take(&mut self, folder: &Path, listing: &Listing) -> bool {
        let name = folder.file_name().unwrap_or_default();
        if begins(name, SWEEPS) {
            if listing.has_sweep {
                self.sweep(folder, listing);
            }
        } else if PAGES.iter().any(|start| begins(name, start)) {
            if listing.has_report {
                self.page(folder, begins(name, MATRICES));
            }
        } else if listing.has_record || listing.has_facts {
            self.run(folder, listing);
            return true;
        }
        false
    }

    fn run(&mut self, folder: &Path, listing: &Listing) {
        let (file, read) = if listing.has_record {
            let file = folder.join(stored::NAME);
            let read = stored::read_summary(&file).map(|summary| {
                let run = summary.reproduce.run.clone();
                (summary.into_head(), run)
            });
            (file, read)
        } else {
            let file = folder.join("run.json");
            let read = stored::read_facts(&file).map(|head| (head, String::new()));
            (file, read)
        };
        match read {
            Err(flaw) => self.unreadable(&file, flaw.why),
            Ok((head, reproduce)) => {
                let run = Run {
                    folder: self.name(folder),
                    report: listing.has_report.then(|| self.link(folder, "report.html")),
                    head,
                    reproduce,
                    is_latest: is_latest(folder),
                };
                self.shelf(folder).runs.push(run);
            }
        }
    }

    fn sweep(&mut self, folder: &Path, listing: &Listing) {
        let file = folder.join("sweep.json");
        let numbers = match numbers(&file) {
            Ok(numbers) => numbers,
            Err(why) => return self.unreadable(&file, why),
        };
        let page = if listing.has_report { "report.html" } else { "sweep.json" };
        let count = |key: &str| numbers.get(key).and_then(Value::as_u64);
        let sweep = Sweep {
            folder: self.name(folder),
            link: self.link(folder, page),
            scenario: numbers.get("scenario").and_then(Value::as_str).unwrap_or("").to_owned(),
            seeds: numbers.get("seeds").map(seeds).unwrap_or_default(),
            passed: count("passed"),
            failed: count("failed"),
            inconclusive: count("inconclusive"),
        };
        self.shelf(folder).sweeps.push(sweep);
    }

    /// Takes in the page of a matrix, or of two candidates. What it tells stands in the JSON beside
    /// it; without that it is linked all the same.
    fn page(&mut self, folder: &Path, is_matrix: bool) {
        let file = folder.join(if is_matrix { "matrix.json" } else { "compare.json" });
        let mut page = Page {
            folder: self.name(folder),
            link: self.link(folder, "report.html"),
            ..Page::default()
        };
        match file.is_file().then(|| numbers(&file)) {
            None => {}
            Some(Err(why)) => self.unreadable(&file, why),
            Some(Ok(told)) if is_matrix => matrix(&mut page, &told),
            Some(Ok(told)) => candidates(&mut page, &told),
        }
        self.shelf(folder).pages.push(page);
    }

    fn unreadable(&mut self, file: &Path, why: String) {
        self.found.push(Unreadable { file: self.name(file), why });
    }

    /// The shelf a folder belongs to: the folder of its scenario, outside of sweeps and matrices.
    fn shelf(&mut self, folder: &Path) -> &mut Shelf {
        let inside = |folder: &Path| {
            let name = folder.file_name().unwrap_or_default();
            PAGES.iter().chain([&SWEEPS]).any(|start| begins(name, start))
        };
        let mut place = folder.strip_prefix(self.top).unwrap_or(folder).parent();
        while let Some(parent) = place.filter(|place| inside(place)) {
            place = parent.parent();
        }
        let place = place.unwrap_or(Path::new("")).to_owned();
        let name = place.display().to_string();
        self.shelves.entry(place).or_insert_with(|| Shelf { folder: name, ..Shelf::default() })
    }

    /// The path below the folder that is looked through, for people.
    fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(self.top).unwrap_or(path);
        if below.as_os_str().is_empty() { ".".to_owned() } else { below.display().to_string() }
    }

    fn link(&self, folder: &Path, file: &str) -> String {
        let below = folder.strip_prefix(self.top).unwrap_or(folder).join(file);
        let parts: Vec<String> =
            below.components().map(|part| part_of_link(part.as_os_str())).collect();
        format!("{}{}", self.base, parts.join("/"))
    }
}

fn begins(name: &OsStr, start: &str) -> bool {
    name.as_encoded_bytes().starts_with(start.as_bytes())
}

/// A folder's name as a part of a link: whatever is no plain letter is written as its bytes.
pub(crate) fn part_of_link(name: &OsStr) -> String {
    let mut link = String::new();
    for byte in name.as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            link.push(char::from(*byte));
        } else {
            link += &format!("%{byte:02X}");
        }
    }
    link
}

/// Whether `latest` beside a folder points to it.
fn is_latest(folder: &Path) -> bool {
    let latest = folder.with_file_name("latest");
    let target = fs::read_link(&latest).ok().or_else(|| pointed(&latest));
    target.is_some_and(|target| Some(target.as_os_str()) == folder.file_name())
}

/// Where a `latest` points that is a file, for want of symbolic links.
pub(crate) fn pointed(latest: &Path) -> Option<PathBuf> {
    let is_small = fs::metadata(latest).is_ok_and(|found| found.is_file() && found.len() < 4_096);
    let leaf = is_small.then(|| fs::read_to_string(latest).ok()).flatten()?;
    (!leaf.is_empty()).then(|| PathBuf::from(leaf))
}

fn numbers(file: &Path) -> Result<serde_json::Map<String, Value>, String> {
    let size = fs::metadata(file).map_err(|error| say::why(&error))?.len();
    if size > MOST_NUMBERS {
        return Err("it is too long for numbers of ours".to_owned());
    }
    let text = fs::read_to_string(file).map_err(|error| say::why(&error))?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(numbers)) => Ok(numbers),
        Ok(_) => Err("it is JSON, but no object".to_owned()),
        Err(error) => Err(format!("it is no JSON: {}", say::clean(&error.to_string()))),
    }
}

/// What `matrix.json` tells.
fn matrix(page: &mut Page, told: &serde_json::Map<String, Value>) {
    let points: Vec<&Value> =
        told.get("points").and_then(Value::as_array).into_iter().flatten().collect();
    let axes = told.get("axes").and_then(Value::as_array).into_iter().flatten();
    let keys: Vec<&str> = axes.filter_map(|axis| axis.get("key")?.as_str()).collect();
    page.scenario = told.get("scenario").and_then(Value::as_str).unwrap_or("").to_owned();
    page.seeds = told.get("seeds").map(seeds).unwrap_or_default();
    if !keys.is_empty() {
        page.what =
            format!("{}: {}", print::counted(points.len() as u64, "point"), keys.join(", "));
    }
    tally(page, &points);
}

/// What `compare.json` tells.
fn candidates(page: &mut Page, told: &serde_json::Map<String, Value>) {
    let sides: Vec<&Value> = ["a", "b"].iter().filter_map(|side| told.get(*side)).collect();
    let names = |key: &str| -> Vec<&str> {
        sides.iter().filter_map(|side| side.get(key)?.as_str()).collect()
    };
    page.seeds = told.get("seeds").map(seeds).unwrap_or_default();
    page.what = names("name").join(", against ");
    let mut scenarios = names("scenario");
    scenarios.dedup();
    page.scenario = scenarios.join(", against ");
    tally(page, &sides);
}

/// How the runs of all variants ended.
fn tally(page: &mut Page, variants: &[&Value]) {
    let sum = |key: &str| {
        let counts: Option<Vec<u64>> =
            variants.iter().map(|variant| variant.get(key)?.as_u64()).collect();
        let counts = counts.filter(|counts| !counts.is_empty())?;
        Some(counts.into_iter().fold(0, u64::saturating_add))
    };
    (page.passed, page.failed) = (sum("passed"), sum("failed"));
    page.inconclusive = sum("inconclusive");
}

/// `[0, 200]` as `0..200`; a text as it stands.
fn seeds(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(seed) => seed.to_string(),
        Value::Array(ends) if ends.len() == 2 && ends.iter().all(Value::is_u64) => {
            format!("{}..{}", ends[0], ends[1])
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_no_odd_letters() {
        assert_eq!(part_of_link(OsStr::new("raft-leader-crash")), "raft-leader-crash");
        assert_eq!(part_of_link(OsStr::new("a b#c?d%é")), "a%20b%23c%3Fd%25%C3%A9");
    }

    #[test]
    fn a_page_that_tells_nothing_has_no_numbers() {
        for odd in [serde_json::json!({}), serde_json::json!({"points": 3, "a": {"passed": -1}})] {
            let (mut one, mut other) = (Page::default(), Page::default());
            matrix(&mut one, odd.as_object().unwrap());
            candidates(&mut other, odd.as_object().unwrap());
            assert_eq!((one, other), (Page::default(), Page::default()), "{odd}");
        }
    }

    #[test]
    fn seeds_read_like_those_of_the_command_line() {
        assert_eq!(seeds(&serde_json::json!([0, 200])), "0..200");
        assert_eq!(seeds(&serde_json::json!("5..=7")), "5..=7");
        assert_eq!(seeds(&serde_json::json!(4)), "4");
        for odd in [serde_json::json!([1]), serde_json::json!(null), serde_json::json!([1, "x"])] {
            assert_eq!(seeds(&odd), "");
        }
    }
}
