//! The tables of a comparison: every variant with its verdicts and measures, what failed, and how to
//! run each again.

use std::collections::BTreeSet;

use maud::{Markup, html};
use rehearsal_sim::record::Judgement;

use super::measure::{Measure, Spread, measure, shown};
use super::{Comparison, Variant};
use crate::format::{metric, plural};

/// The measures that the table shows.
const SHOWN: [&str; 7] =
    ["ok_per_s", "p50_ns", "p99_ns", "p999_ns", "unavailable_ns", "failed", "unknown"];
/// More variants than this have no columns of metrics.
const MOST_COLUMNS: usize = 8;
/// More lines to run variants again than this are not shown.
const MOST_LINES: usize = 24;
/// A setting of so many characters is not broken into lines.
const MOST_ON_A_LINE: usize = 20;
/// More failures of one variant than this are only counted.
const MOST_OF_ONE: usize = 3;
/// More failures than this are only counted.
const MOST_FAILURES: usize = 20;

/// Every variant in a line.
pub(super) fn variants(comparison: &Comparison) -> Markup {
    let is_matrix = !comparison.axes.is_empty();
    let measures = SHOWN.map(measure);
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="The variants" {
            table class="points" {
                thead { tr {
                    th scope="col" { @if is_matrix { "point" } }
                    @if is_matrix {
                        @for axis in &comparison.axes { th scope="col" { code { (breakable(&axis.key)) } } }
                    } @else {
                        th scope="col" { "candidate" }
                    }
                    th scope="col" { "verdicts" }
                    @for measure in measures { th scope="col" class="number" { (measure.name) } }
                } }
                tbody {
                    @for variant in &comparison.variants { (row(comparison, variant, &measures)) }
                }
            }
        }
    }
}

/// A key that may be broken into lines behind each of its dots.
fn breakable(key: &str) -> Markup {
    html! {
        @for (at, part) in key.split('.').enumerate() {
            @if at > 0 { "." wbr; }
            (part)
        }
    }
}

fn row(comparison: &Comparison, variant: &Variant, measures: &[&Measure]) -> Markup {
    html! {
        tr {
            th scope="row" { (variant.label) }
            @if comparison.axes.is_empty() { td class="candidate" { (variant.name) } }
            @for (axis, at) in comparison.axes.iter().zip(&variant.values) {
                @let value = &axis.values[*at];
                td class=[(value.chars().count() <= MOST_ON_A_LINE).then_some("short")] { (value) }
            }
            (verdicts(variant))
            @for measure in measures {
                td class="number" { (cell(measure, variant.spread(measure))) }
            }
        }
    }
}

fn verdicts(variant: &Variant) -> Markup {
    let [passed, failed, inconclusive] = variant.verdicts();
    let class = match (failed, inconclusive) {
        (0, 0) => "pass",
        (0, _) => "inconclusive",
        _ => "fail",
    };
    html! {
        td class=(format!("verdict {class}")) {
            @if passed > 0 { span { "✓ " (passed) " passed" } }
            @if failed > 0 { span { "✗ " (failed) " failed" } }
            @if inconclusive > 0 { span { "? " (inconclusive) " inconclusive" } }
        }
    }
}

fn cell(measure: &Measure, spread: Option<Spread>) -> Markup {
    let Some(Spread { p5, median, p95 }) = spread else { return html! { "–" } };
    let number = |number: f64| shown(measure.unit, number);
    html! {
        (number(median))
        @if p5 < p95 { span class="reach" { (reach(&number(p5), &number(p95))) } }
    }
}

/// From one number to another, with their unit once where it is the same.
fn reach(from: &str, to: &str) -> String {
    let unit = |text: &str| text.find(char::is_alphabetic).map(|at| text[at..].to_owned());
    let from = match unit(from) {
        Some(own) if unit(to).as_ref() == Some(&own) => from.trim_end_matches(&own).trim_end(),
        _ => from,
    };
    format!("{from} … {to}")
}

/// The medians of what the world and the protocol counted, where that is anything.
pub(super) fn metrics(comparison: &Comparison) -> Markup {
    let variants = &comparison.variants;
    if variants.len() > MOST_COLUMNS {
        return html! {};
    }
    let heads = || variants.iter().flat_map(|variant| &variant.heads);
    let names: BTreeSet<&str> = heads()
        .flat_map(|head| &head.metrics)
        .filter(|(_, value)| **value != 0)
        .map(|(name, _)| name.as_ref())
        .collect();
    if names.is_empty() {
        return html! {};
    }
    html! {
        section id="metrics" {
            h2 { "What was counted" }
            p { "Medians over the seeds." }
            div class="scroll" tabindex="0" role="region" aria-label="Metrics" {
                table class="points" {
                    thead { tr {
                        th scope="col" { "metric" }
                        @for variant in variants {
                            th scope="col" class="number" {
                                @if comparison.axes.is_empty() { (variant.label) }
                                @else { "point " (variant.label) }
                            }
                        }
                    } }
                    tbody {
                        @for name in names {
                            tr {
                                th scope="row" { (name) }
                                @for variant in variants {
                                    td class="number" { (variant.median(name).map_or("–".to_owned(), |median| metric(name, median))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The runs that did not pass, with their lines.
pub(super) fn failures(comparison: &Comparison) -> Markup {
    let variants = &comparison.variants;
    let all: u64 = variants.iter().map(|one| one.verdicts()[1] + one.verdicts()[2]).sum();
    if all == 0 {
        return html! {};
    }
    let first = |one: &'_ Variant| one.failures.len().min(MOST_OF_ONE);
    let listed = variants
        .iter()
        .flat_map(|one| one.failures[..first(one)].iter().map(move |run| (one, run)));
    let listed: Vec<_> = listed.take(MOST_FAILURES).collect();
    html! {
        section id="failures" {
            h2 { "What did not pass" }
            @for (variant, run) in &listed {
                div class="violation" {
                    p class="property" {
                        strong {
                            @match run.verdict {
                                Judgement::Fail => "✗ failed",
                                Judgement::Inconclusive => "? inconclusive",
                                Judgement::Pass => "✓ passed",
                            }
                        }
                        " " span class="kind" { (variant.label) " · seed " (run.seed) }
                    }
                    p class="where" { (variant.name) }
                    p class="message" { (run.what) }
                    dl class="commands" {
                        div { dt { "reproduce:" } dd { code { (run.reproduce) } } }
                    }
                }
            }
            @if let Some(more @ 1..) = all.checked_sub(listed.len() as u64) {
                p class="nothing" { "… and " (plural(more, "run")) " more." }
            }
        }
    }
}

/// The lines that run each variant alone.
pub(super) fn again(comparison: &Comparison) -> Markup {
    let variants = &comparison.variants;
    html! {
        p { "This page again, with every run behind it:" }
        dl class="commands" { div { dt { "all:" } dd { code { (comparison.command) } } } }
        p { "One run alone, with a report of its own (here with the first seed):" }
        dl class="commands" {
            @for variant in variants.iter().take(MOST_LINES) {
                div {
                    dt { @if comparison.axes.is_empty() { (variant.label) ":" }
                         @else { "point " (variant.label) ":" } }
                    dd { code { (variant.reproduce) } }
                }
            }
        }
        @if variants.len() > MOST_LINES {
            p class="nothing" { "… and so on, up to point " (variants.len()) "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reach;

    #[test]
    fn a_unit_is_not_said_twice() {
        assert_eq!(reach("85.8\u{a0}ms", "263\u{a0}ms"), "85.8 … 263\u{a0}ms");
        assert_eq!(reach("85.8\u{a0}ms", "1.2\u{a0}s"), "85.8\u{a0}ms … 1.2\u{a0}s");
        assert_eq!(reach("156", "176"), "156 … 176");
    }
}
