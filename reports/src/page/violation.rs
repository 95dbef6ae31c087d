//! What was broken: the property, the story, and the last steps that led to it.

use maud::{Markup, html};
use rehearsal_sim::record::{Record, Row, RowKind, Trace, TraceRow, Violation, ViolationKind};

use super::{Reproduce, commands};
use crate::format::{instant, plural};
use crate::order;

/// This many rows of the trace are shown.
const ROWS: usize = 10;
/// More violations than this are only counted.
const MOST: usize = 10;

/// Whether the violations already tell this text in full.
pub(crate) fn tells(record: &Record, text: &str) -> bool {
    record.head.violations.iter().take(MOST).any(|violation| {
        let explained = violation.explanation.as_ref().map(|explanation| &explanation.sentence);
        violation.message.contains(text) || explained.is_some_and(|told| told.contains(text))
    })
}

/// The section on violations; nothing when none was seen.
pub(crate) fn draw(record: &Record, reproduce: &Reproduce) -> Markup {
    let violations = &record.head.violations;
    let Some(first) = violations.first() else { return html! {} };
    html! {
        section id="violation" {
            h2 { @if violations.len() == 1 { "The violation" } @else { "The violations" } }
            (card(first))
            (last_rows(record, first))
            (commands(reproduce))
            @if violations.len() > 1 {
                h3 { "What else was broken" }
                @for violation in violations.iter().skip(1).take(MOST - 1) { (card(violation)) }
                @if let Some(more @ 1..) = violations.len().checked_sub(MOST) {
                    p class="nothing" { "… and " (plural(more as u64, "further violation")) "." }
                }
            }
        }
    }
}

fn card(violation: &Violation) -> Markup {
    let kind = match violation.kind {
        ViolationKind::Safety => "safety",
        ViolationKind::Liveness => "liveness",
        ViolationKind::Expectation => "expectation",
        ViolationKind::Panic => "panic",
        ViolationKind::Nondeterminism => "nondeterminism",
    };
    html! {
        div class="violation" {
            p class="property" { strong { (violation.property) } " " span class="kind" { (kind) } }
            p class="message" { (violation.message) }
            p class="where" {
                "at " (instant(violation.at_ns))
                @if !violation.nodes.is_empty() { " on " (violation.nodes.join(", ")) }
            }
            @if !violation.citation.is_empty() { p class="citation" { (violation.citation) } }
            @if let Some(explanation) = &violation.explanation {
                @if !violation.message.contains(&explanation.sentence) {
                    p class="explanation" { (explanation.sentence) }
                }
                @if explanation.bars.is_empty() && !explanation.details.is_empty() {
                    ol class="details" {
                        @for line in &explanation.details { li { (line) } }
                    }
                }
            }
        }
        @if let Some(explanation) = &violation.explanation {
            (order::draw(explanation, &order::Words::plain(explanation)))
        }
    }
}

fn last_rows(record: &Record, violation: &Violation) -> Markup {
    // What was measured at the end has no single step that broke it, and where two runs part is told
    // with the steps of both.
    let is_told =
        violation.kind == ViolationKind::Nondeterminism && violation.explanation.is_some();
    if is_told || matches!(violation.kind, ViolationKind::Expectation | ViolationKind::Liveness) {
        return html! {};
    }
    let trace = &record.trace;
    let is_it = |row: Row<'_>| row.kind == RowKind::Violation && row.at_ns == violation.at_ns;
    let later = || trace.rows().rev().take_while(|row| row.at_ns > violation.at_ns).count();
    let end = trace.rows().position(is_it).map_or_else(|| trace.len() - later(), |at| at + 1);
    let rows = trace.stretch(end.saturating_sub(ROWS)..end).to_rows();
    if rows.is_empty() {
        return html! {
            p class="nothing" {
                "This run left no trace up to the violation; run it again to see it step by step."
            }
        };
    }
    let columns = columns(record, &rows);
    let name = |node: u32| record.nodes.get(node as usize).map_or("?", |node| node.name.as_str());
    html! {
        h3 { "The last " (plural(rows.len() as u64, "step")) }
        div class="scroll" tabindex="0" role="region" aria-label="The last steps of the trace" {
            table class="trace" {
                thead {
                    tr {
                        th scope="col" { "time" }
                        @for node in &columns { th scope="col" { (name(*node)) } }
                    }
                }
                tbody { @for row in &rows { (trace_row(row, &columns)) } }
            }
        }
        @if record.trace.omitted > 0 {
            p class="nothing" {
                (left_out(&record.trace))
            }
        }
    }
}

/// `500 rows of the trace are left out; kept are the last rows of the run.`
fn left_out(trace: &Trace) -> String {
    let verb = if trace.omitted == 1 { "is" } else { "are" };
    let mut sentence = format!("{} of the trace {verb} left out", plural(trace.omitted, "row"));
    let kept = trace.window.trim().trim_end_matches('.');
    if !kept.is_empty() {
        sentence += &format!("; kept are {kept}");
    }
    sentence + "."
}

/// A column per node: all nodes of a small cluster, of a large one those that took part.
fn columns(record: &Record, rows: &[TraceRow]) -> Vec<u32> {
    let all = u32::try_from(record.nodes.len()).unwrap_or(u32::MAX);
    if all <= 5 {
        return (0..all).collect();
    }
    let mut nodes: Vec<u32> = rows.iter().filter_map(|row| row.node).filter(|n| *n < all).collect();
    nodes.sort();
    nodes.dedup();
    nodes
}

fn trace_row(row: &TraceRow, columns: &[u32]) -> Markup {
    let column = row.node.and_then(|node| columns.iter().position(|column| *column == node));
    let class = match row.kind {
        RowKind::Violation => "broken",
        RowKind::Fault | RowKind::Drop => "harm",
        _ => "",
    };
    html! {
        tr class=[(!class.is_empty()).then_some(class)] {
            th scope="row" { (instant(row.at_ns)) }
            @match column {
                Some(column) => {
                    @for i in 0..columns.len() {
                        @if i == column { td class="step" { (step(row)) } } @else { td {} }
                    }
                }
                None => td class="step" colspan=(columns.len().max(1)) { (step(row)) },
            }
        }
    }
}

fn step(row: &TraceRow) -> Markup {
    let kind = row.kind.name();
    let addressed = !row.address.is_empty() && !row.text.contains(&row.address);
    html! {
        @if addressed || !says_its_kind(row, kind) { span class="kind" { (kind) } " " }
        @if addressed { span class="address" { (row.address) } " " }
        (row.text)
    }
}

/// Whether a row's text begins with the word for its kind: `timer Retry rings`, `boots again`. That
/// of a reply names the call that it ends.
fn says_its_kind(row: &TraceRow, kind: &str) -> bool {
    let first = row.text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    first.strip_suffix('s').unwrap_or(first) == kind
        || (row.kind == RowKind::Reply && first == "call")
}
