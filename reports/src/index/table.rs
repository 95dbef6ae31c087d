//! The tables of the index.

use maud::{Markup, html};
use rehearsal_sim::record::{Head, Judgement};

use super::{Page, Run, Shelf, Sweep, Tally, severity, swept};
use crate::format::{count, plural, span};

/// What was broken is told in so many characters; all of it stands on the run's own page.
const MOST_TOLD: usize = 160;

/// The place of a shelf in the page.
pub(super) fn anchor(at: usize) -> String {
    format!("shelf-{}", at + 1)
}

/// A head of a column; `by` says how it sorts: as a `number`, or as a `text`.
fn column(name: &str, by: &str) -> Markup {
    let class = (by == "number").then_some("number");
    html! { th scope="col" class=[class] data-sort=(by) { (name) } }
}

/// A cell that sorts by a number.
fn number(key: Option<u64>, shown: &str) -> Markup {
    let key = key.map(|key| key.to_string()).unwrap_or_default();
    html! { td class="number" data-key=(key) { (shown) } }
}

fn counted(n: Option<u64>) -> Markup {
    number(n, &n.map_or_else(|| "–".to_owned(), count))
}

fn verdict(verdict: Judgement) -> Markup {
    let (class, mark, word) = match verdict {
        Judgement::Pass => ("pass", "✓", "pass"),
        Judgement::Fail => ("fail", "✗", "fail"),
        Judgement::Inconclusive => ("inconclusive", "?", "inconclusive"),
    };
    html! {
        td class=(format!("verdict {class}")) data-key=(severity(verdict)) {
            span aria-hidden="true" { (mark) } " " (word)
        }
    }
}

/// All scenarios at a glance.
pub(super) fn shelves(shelves: &[Shelf]) -> Markup {
    html! {
        section id="scenarios" {
            h2 { "Scenarios" }
            div class="scroll" tabindex="0" role="region" aria-label="Scenarios" {
                table class="sortable" {
                    thead { tr {
                        (column("scenario", "text")) (column("runs", "number"))
                        (column("failed", "number")) (column("inconclusive", "number"))
                        (column("passed", "number")) (column("seeds swept", "number"))
                        (column("seeds failed", "number")) (column("comparisons", "number"))
                        (column("with failures", "number"))
                    } }
                    tbody { @for (at, shelf) in shelves.iter().enumerate() { (shelf_row(shelf, at)) } }
                }
            }
        }
    }
}

fn shelf_row(shelf: &Shelf, at: usize) -> Markup {
    let tally = Tally::of(&shelf.runs);
    let (seeds, failing) = swept([shelf]);
    html! {
        tr class=[shelf.worst().0.then_some("failed")] {
            td { a href=(format!("#{}", anchor(at))) { (shelf.name()) } }
            (counted(Some(tally.runs()))) (counted(Some(tally.failed)))
            (counted(Some(tally.inconclusive))) (counted(Some(tally.passed)))
            (counted(Some(seeds))) (counted(Some(failing)))
            (counted(Some(shelf.pages.len() as u64))) (counted(Some(shelf.pages_failed())))
        }
    }
}

/// The matrices and comparisons of one scenario.
pub(super) fn pages(pages: &[Page]) -> Markup {
    html! {
        h3 { (plural(pages.len() as u64, "comparison")) }
        div class="scroll" tabindex="0" role="region" aria-label="Comparisons" {
            table class="sortable" {
                thead { tr {
                    (column("page", "text")) (column("what was compared", "text"))
                    (column("seeds", "text")) (column("failed", "number"))
                    (column("inconclusive", "number")) (column("passed", "number"))
                } }
                tbody {
                    @for page in pages {
                        tr class=[(page.failed > Some(0)).then_some("failed")] {
                            td { a href=(page.link) { (page.folder) } }
                            td class="compared" { (dash(&page.what)) }
                            td class="seeds" { (dash(&page.seeds)) }
                            (counted(page.failed)) (counted(page.inconclusive))
                            (counted(page.passed))
                        }
                    }
                }
            }
        }
    }
}

/// A text, or that there is none.
fn dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

/// The sweeps of one scenario.
pub(super) fn sweeps(sweeps: &[Sweep]) -> Markup {
    html! {
        h3 { (plural(sweeps.len() as u64, "sweep")) }
        div class="scroll" tabindex="0" role="region" aria-label="Sweeps" {
            table class="sortable" {
                thead { tr {
                    (column("sweep", "text")) (column("seeds", "text"))
                    (column("failed", "number")) (column("inconclusive", "number"))
                    (column("passed", "number"))
                } }
                tbody {
                    @for sweep in sweeps {
                        tr class=[(sweep.failed > Some(0)).then_some("failed")] {
                            td { a href=(sweep.link) { (sweep.folder) } }
                            td class="seeds" { (dash(&sweep.seeds)) }
                            (counted(sweep.failed)) (counted(sweep.inconclusive))
                            (counted(sweep.passed))
                        }
                    }
                }
            }
        }
    }
}

/// The runs of one scenario.
pub(super) fn runs(runs: &[Run]) -> Markup {
    html! {
        h3 { (plural(runs.len() as u64, "run")) }
        div class="scroll" tabindex="0" role="region" aria-label="Runs" {
            table class="sortable runs" {
                thead { tr {
                    th scope="col" data-sort="number" { "verdict" } (column("seed", "number"))
                    (column("digest", "text")) (column("operations ok", "number"))
                    (column("p50", "number")) (column("p99", "number"))
                    (column("what was broken, and how to run it again", "text"))
                } }
                tbody { @for run in runs { (run_row(run)) } }
            }
        }
    }
}

fn run_row(run: &Run) -> Markup {
    let head = &run.head;
    let measured = |ns: u64| {
        let some = (head.latency_ns.count > 0).then_some(ns);
        number(some, &some.map_or_else(|| "–".to_owned(), span))
    };
    let digest = start(&head.digest, 16);
    let operations = format!("{} of {}", count(head.operations.ok), count(head.operations.called));
    html! {
        tr {
            (verdict(head.verdict))
            td class="number" data-key=(head.seed) {
                @if run.is_latest { span class="kind" { "latest" } " " }
                (head.seed)
            }
            td title=(run.folder) {
                @match &run.report {
                    Some(link) => a href=(link) { code { (digest) } },
                    None => code { (digest) },
                }
            }
            (number(Some(head.operations.ok), &operations))
            (measured(head.latency_ns.p50)) (measured(head.latency_ns.p99))
            td class="told" {
                @if let Some(told) = told(head) { p { (told) } }
                @if !run.reproduce.is_empty() { p { code { (run.reproduce) } } }
                @if run.report.is_none() { p class="nothing" { "It has no page." } }
            }
        }
    }
}

/// What was broken, or could not be judged; `None` when all held.
fn told(head: &Head) -> Option<Markup> {
    if let Some(violation) = head.violations.first() {
        let more = head.violations.len() as u64 - 1;
        return Some(html! {
            strong { (violation.property) } ": " (first_sentence(&violation.message))
            @if more > 0 { " And " (plural(more, "further violation")) "." }
        });
    }
    if let Some(open) = head.expectations.iter().find(|expectation| expectation.holds.is_none()) {
        return Some(html! { code { (open.expect) } ": " (first_sentence(&open.measured)) });
    }
    head.legally_stuck.as_ref().map(|why| html! { "Legally stuck: " (first_sentence(why)) })
}

/// The first sentence of a text, shortened where it is long.
fn first_sentence(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim_end();
    let sentence = line.find(". ").map_or(line, |at| &line[..=at]);
    let told = start(sentence, MOST_TOLD);
    let end = if told.len() < sentence.len() {
        "…"
    } else if sentence.ends_with(['.', '!', '?', ':']) || sentence.is_empty() {
        ""
    } else {
        "."
    };
    format!("{told}{end}")
}

/// At most so many characters of a text.
fn start(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_of_a_message() {
        assert_eq!(first_sentence("n1 leads. So does n2."), "n1 leads.");
        assert_eq!(first_sentence("n1 is at 1.5 s\nand more"), "n1 is at 1.5 s.");
        assert_eq!(first_sentence(""), "");
        let long = first_sentence(&"ü".repeat(500));
        assert_eq!(long.chars().count(), MOST_TOLD + 1);
    }
}
