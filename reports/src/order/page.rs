//! The page of a history that was checked.

use maud::{Markup, html};
use rehearsal_sim::check::{Explanation, Verdict};

use super::{Words, draw};
use crate::page::shell;

/// Something that was found out, as a tile.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is: `operations`.
    pub name: String,
    /// How much, or which: `85`.
    pub value: String,
    /// A word more.
    pub detail: String,
}

/// A history and what was found out about it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Where it came from.
    pub file: String,
    /// What was demanded: `linearizable register`.
    pub claim: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Numbers and names.
    pub facts: Vec<Fact>,
    /// How it was read.
    pub notes: Vec<String>,
    /// How the operations of the picture are called.
    pub words: Words,
    /// The version of the program.
    pub version: String,
}

/// One self-contained page, the same bytes for the same findings.
pub fn page(checked: &Checked) -> String {
    let title = format!("{}: {}", checked.file, checked.claim);
    let body = html! {
        main {
            (head(checked))
            @match &checked.verdict {
                Verdict::Pass => {}
                Verdict::Inconclusive(why) => p class="note" { strong { "Not judged. " } (why) },
                Verdict::Fail(explanation) => (failure(explanation, &checked.words)),
            }
            footer {
                h2 { "How it was read" }
                @for note in &checked.notes { p { (note) } }
            }
        }
    };
    shell(&title, &checked.version, "", &body)
}

fn head(checked: &Checked) -> Markup {
    let (class, mark, word) = match checked.verdict {
        Verdict::Pass => ("pass", "✓", "pass"),
        Verdict::Fail(_) => ("fail", "✗", "fail"),
        Verdict::Inconclusive(_) => ("inconclusive", "?", "inconclusive"),
    };
    html! {
        header {
            div class="headline" {
                div {
                    h1 class=[(checked.file.chars().count() > 60).then_some("long")] { (checked.file) }
                    p class="facts" { span { "judged: " strong { (checked.claim) } } }
                }
                p class=(format!("badge {class}")) {
                    span class="word" { span aria-hidden="true" { (mark) " " } (word) }
                }
            }
            dl class="tiles" {
                @for fact in &checked.facts {
                    div {
                        dt { (fact.name) }
                        dd {
                            span class="value" { (fact.value) }
                            span class="detail" { (fact.detail) }
                        }
                    }
                }
            }
        }
    }
}

fn failure(explanation: &Explanation, words: &Words) -> Markup {
    html! {
        section id="violation" {
            h2 { "What is wrong" }
            div class="violation" {
                p class="message" { (explanation.sentence) }
                @if explanation.bars.is_empty() && !explanation.expected.is_empty() {
                    p class="explanation" { (explanation.expected) }
                }
                @let names = explanation.bars.is_empty() || explanation.sentence.contains("T1");
                @if names && !explanation.details.is_empty() {
                    ol class="details" { @for line in &explanation.details { li { (line) } } }
                }
            }
            (draw(explanation, words))
        }
    }
}
