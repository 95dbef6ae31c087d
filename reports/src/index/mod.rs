//! The index: one page over a folder of results, with a link to each run's own page.
//!
//! What failed comes first: shelves with failures before those without, and so the runs within
//! each. Beyond that the order is that of the names, so equal folders give equal bytes, wherever
//! they were copied to. All links are relative.

mod table;

use maud::{Markup, PreEscaped, html};
use rehearsal_sim::record::{Head, Judgement};

use crate::format::{count, plural};
use crate::page::shell;

const INDEX_STYLE: &str = include_str!("index.css");
/// Sorts a table by the column whose head is pressed; without it the page only lacks that.
const SCRIPT: &str = include_str!("sort.js");

/// What was found in a folder of results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    /// The results, a shelf for each scenario.
    pub shelves: Vec<Shelf>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// The results of one scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shelf {
    /// Its folder, for people; empty when it is the folder of the index.
    pub folder: String,
    /// Single runs.
    pub runs: Vec<Run>,
    /// Sweeps over many seeds.
    pub sweeps: Vec<Sweep>,
    /// Pages over several runs: matrices and comparisons.
    pub pages: Vec<Page>,
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its folder, for people.
    pub folder: String,
    /// The link to its page; `None` when there is none.
    pub report: Option<String>,
    /// Its facts.
    pub head: Head,
    /// The line that runs it again; empty when it is not known.
    pub reproduce: String,
    /// Whether it was the last one written.
    pub is_latest: bool,
}

/// One sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Its folder, for people.
    pub folder: String,
    /// The link to its page, or to its numbers where there is no page.
    pub link: String,
    /// The scenario's name; empty when it does not say.
    pub scenario: String,
    /// The seeds, as in `0..200`; empty when it does not say.
    pub seeds: String,
    /// Runs that held; `None` when it does not say.
    pub passed: Option<u64>,
    /// Runs in which something was violated.
    pub failed: Option<u64>,
    /// Runs that could not be judged.
    pub inconclusive: Option<u64>,
}

/// A page over several runs: of a matrix, or of two candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Page {
    /// Its folder, for people.
    pub folder: String,
    /// The link to it.
    pub link: String,
    /// The scenario's name, or both names; empty when it does not say.
    pub scenario: String,
    /// What was compared, as in `3 points: cluster.servers`; empty when it does not say.
    pub what: String,
    /// The seeds, as in `0..200`; empty when it does not say.
    pub seeds: String,
    /// Runs that held; `None` when it does not say.
    pub passed: Option<u64>,
    /// Runs in which something was violated.
    pub failed: Option<u64>,
    /// Runs that could not be judged.
    pub inconclusive: Option<u64>,
}

/// Something that should have been a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreadable {
    /// The file, for people.
    pub file: String,
    /// What is wrong with it, as the end of a sentence.
    pub why: String,
}

/// How many runs ended how.
#[derive(Clone, Copy, Default)]
struct Tally {
    failed: u64,
    inconclusive: u64,
    passed: u64,
}

impl Tally {
    fn of<'r>(runs: impl IntoIterator<Item = &'r Run>) -> Tally {
        let mut tally = Tally::default();
        for run in runs {
            match run.head.verdict {
                Judgement::Fail => tally.failed += 1,
                Judgement::Inconclusive => tally.inconclusive += 1,
                Judgement::Pass => tally.passed += 1,
            }
        }
        tally
    }

    fn runs(self) -> u64 {
        self.failed + self.inconclusive + self.passed
    }
}

impl Shelf {
    /// Whether runs here failed, those of sweeps and comparisons among them, and whether some could
    /// not be judged.
    fn worst(&self) -> (bool, bool) {
        let tally = Tally::of(&self.runs);
        let sweeps = self.sweeps.iter().map(|sweep| (sweep.failed, sweep.inconclusive));
        let pages = self.pages.iter().map(|page| (page.failed, page.inconclusive));
        let runs = (Some(tally.failed), Some(tally.inconclusive));
        sweeps.chain(pages).chain([runs]).fold((false, false), |worst, (failed, inconclusive)| {
            (worst.0 || failed > Some(0), worst.1 || inconclusive > Some(0))
        })
    }

    /// How many of its comparisons have a run that failed.
    fn pages_failed(&self) -> u64 {
        self.pages.iter().filter(|page| page.failed > Some(0)).count() as u64
    }

    /// The scenario's name: what its results say, else the folder's.
    fn name(&self) -> &str {
        let run = self.runs.first().map(|run| run.head.scenario.as_str());
        let sweep = self.sweeps.first().map(|sweep| sweep.scenario.as_str());
        let page = self.pages.first().map(|page| page.scenario.as_str());
        let said = run.or(sweep).or(page).filter(|name| !name.is_empty());
        said.unwrap_or(if self.folder.is_empty() { "results" } else { &self.folder })
    }

    fn sort(&mut self) {
        self.runs.sort_by(|a, b| {
            let key = |run: &Run| (severity(run.head.verdict), run.head.seed);
            key(a).cmp(&key(b)).then_with(|| a.folder.cmp(&b.folder))
        });
        self.sweeps.sort_by(|a, b| a.folder.cmp(&b.folder));
        self.pages.sort_by(|a, b| {
            let key = |page: &Page| (page.failed <= Some(0), page.inconclusive <= Some(0));
            key(a).cmp(&key(b)).then_with(|| a.cmp(b))
        });
    }
}

/// Failures first.
fn severity(verdict: Judgement) -> u8 {
    match verdict {
        Judgement::Fail => 0,
        Judgement::Inconclusive => 1,
        Judgement::Pass => 2,
    }
}

/// The page over a folder of results: the same bytes for the same results, in whatever order they
/// were found.
pub fn index(found: &Index) -> String {
    let mut found = found.clone();
    found.shelves.iter_mut().for_each(Shelf::sort);
    found.shelves.sort_by(|a, b| {
        let key = |shelf: &Shelf| {
            let (failed, inconclusive) = shelf.worst();
            (!failed, !inconclusive)
        };
        key(a).cmp(&key(b)).then_with(|| (a.name(), &a.folder).cmp(&(b.name(), &b.folder)))
    });
    found.unreadable.sort();
    let runs = found.shelves.iter().flat_map(|shelf| &shelf.runs);
    let tally = Tally::of(runs);
    let title = format!("{} · rehearsal", plural(tally.runs(), "run"));
    let body = html! {
        main {
            (header(&found, tally))
            (unreadable(&found.unreadable))
            @if found.shelves.len() > 1 { (table::shelves(&found.shelves)) }
            @for (at, shelf) in found.shelves.iter().enumerate() { (draw(shelf, at)) }
            (footer())
        }
        script { (PreEscaped(SCRIPT)) }
    };
    shell(&title, env!("CARGO_PKG_VERSION"), INDEX_STYLE, &body)
}

/// Seeds of all sweeps, and those that failed.
fn swept<'s>(shelves: impl IntoIterator<Item = &'s Shelf>) -> (u64, u64) {
    let sweeps = shelves.into_iter().flat_map(|shelf| &shelf.sweeps);
    sweeps.fold((0, 0), |(seeds, failed), sweep| {
        let known = [sweep.passed, sweep.failed, sweep.inconclusive].into_iter().flatten();
        (
            known.fold(seeds, u64::saturating_add),
            u64::saturating_add(failed, sweep.failed.unwrap_or(0)),
        )
    })
}

fn header(found: &Index, tally: Tally) -> Markup {
    let sweeps: u64 = found.shelves.iter().map(|shelf| shelf.sweeps.len() as u64).sum();
    let pages: u64 = found.shelves.iter().map(|shelf| shelf.pages.len() as u64).sum();
    let (seeds, failing) = swept(&found.shelves);
    let seeds = format!("{} of {} failed", count(failing), plural(seeds, "seed"));
    let broken: u64 = found.shelves.iter().map(Shelf::pages_failed).sum();
    let with_failures = format!("{} with failures", count(broken));
    let fail = |failed: u64| if failed > 0 { "fail" } else { "" };
    let tile = |name: &str, value: u64, class: &str, detail: &str| {
        html! {
            div class=[(value > 0 && !class.is_empty()).then_some(class)] {
                dt { (name) }
                dd {
                    span class="value" { (count(value)) }
                    @if !detail.is_empty() { span class="detail" { (detail) } }
                }
            }
        }
    };
    html! {
        header {
            h1 { "Results" }
            p class="facts" {
                span { (plural(found.shelves.len() as u64, "scenario")) ", what failed first" }
                span { "a digest leads to the page of its run" }
            }
            dl class="tiles" {
                (tile("runs", tally.runs(), "", ""))
                (tile("failed", tally.failed, "fail", ""))
                (tile("inconclusive", tally.inconclusive, "inconclusive", ""))
                (tile("passed", tally.passed, "pass", ""))
                @if sweeps > 0 { (tile("sweeps", sweeps, fail(failing), &seeds)) }
                @if pages > 0 { (tile("comparisons", pages, fail(broken), &with_failures)) }
            }
        }
    }
}

fn unreadable(files: &[Unreadable]) -> Markup {
    html! {
        @if !files.is_empty() {
            section id="unreadable" class="note" {
                p { strong { (plural(files.len() as u64, "file")) " could not be read" } }
                ul { @for file in files { li { code { (file.file) } ": " (file.why) } } }
            }
        }
    }
}

fn draw(shelf: &Shelf, at: usize) -> Markup {
    html! {
        section id=(table::anchor(at)) class="shelf" {
            h2 { (shelf.name()) }
            @if !shelf.folder.is_empty() { p class="nothing" { "in " code { (shelf.folder) } } }
            @if !shelf.pages.is_empty() { (table::pages(&shelf.pages)) }
            @if !shelf.sweeps.is_empty() { (table::sweeps(&shelf.sweeps)) }
            @if !shelf.runs.is_empty() { (table::runs(&shelf.runs)) }
        }
    }
}

fn footer() -> Markup {
    html! {
        footer {
            h2 { "About this page" }
            p {
                "It was drawn from the records that lie beside the pages it links to. All links "
                "are relative: the folder can be moved, packed and sent as a whole. A digest is a "
                "fingerprint of every event of a run; two runs with the same digest are the same "
                "run."
            }
        }
    }
}
