//! The tables: expectations, metrics, the account of messages, nodes.

use maud::{Markup, html};
use rehearsal_sim::record::{Measured, Record};

use super::head::drop_causes;
use super::violation::tells;
use crate::format::{count, metric, plural, share};

/// More nodes than this are summed up by role.
const MOST_NODES: usize = 24;

/// An expectation of so many characters is not broken into lines.
const MOST_ON_A_LINE: usize = 40;
/// A measured text that is longer, and is told in full elsewhere on the page, is shortened.
const LONG_TEXT: usize = 80;

/// What the scenario expected, and what was measured.
pub(crate) fn expectations(record: &Record) -> Markup {
    let expectations = &record.head.expectations;
    html! {
        section id="expectations" {
            h2 { "Expectations" }
            @if expectations.is_empty() {
                p class="nothing" {
                    "The scenario states no expectation; the properties of the protocol were "
                    "watched."
                }
            } @else {
                table class="expectations" {
                    thead { tr {
                        th scope="col" { "expected" } th scope="col" { "measured" }
                        th scope="col" { "verdict" }
                    } }
                    tbody { @for expectation in expectations { (expectation_row(record, expectation)) } }
                }
            }
        }
    }
}

fn expectation_row(record: &Record, expectation: &Measured) -> Markup {
    let (class, mark, word) = match expectation.holds {
        Some(true) => ("pass", "✓", "holds"),
        Some(false) => ("fail", "✗", "does not hold"),
        None => ("inconclusive", "?", "could not be judged"),
    };
    let short = expectation.expect.chars().count() <= MOST_ON_A_LINE;
    let measured = measurement(expectation);
    html! {
        tr {
            td class=(if short { "short" } else { "long" }) { code { (expectation.expect) } }
            td {
                @match shorten(&measured).filter(|_| tells(record, &expectation.measured)) {
                    Some(start) => { (start) "… " a href="#violation" { "in full above" } }
                    None => (measured),
                }
            }
            td class=(format!("verdict {class}")) { span aria-hidden="true" { (mark) } " " (word) }
        }
    }
}

/// What was measured; a metric of nanoseconds as the time it is.
fn measurement(expectation: &Measured) -> String {
    let name = expectation.expect.strip_prefix("metric.").and_then(|rest| rest.split(' ').next());
    match (name, expectation.measured.parse()) {
        (Some(name), Ok(value)) => metric(name, value),
        _ => expectation.measured.clone(),
    }
}

/// The words at the start of a long text; `None` for a short one.
fn shorten(text: &str) -> Option<&str> {
    let (end, _) = text.char_indices().nth(LONG_TEXT)?;
    let start = &text[..end];
    Some(start.rsplit_once(' ').map_or(start, |(words, _)| words).trim_end_matches([',', ':', ' ']))
}

/// The counters of the world and of the protocol.
pub(crate) fn metrics(record: &Record) -> Markup {
    let metrics = &record.head.metrics;
    html! {
        section id="metrics" {
            h2 { "Metrics" }
            @if metrics.is_empty() {
                p class="nothing" { "The run counted nothing." }
            } @else {
                dl class="metrics" {
                    @for (name, value) in metrics {
                        div { dt { (name) } dd { (metric(name, *value)) } }
                    }
                }
            }
        }
    }
}

/// Every copy of a message has exactly one fate, shown as the sum it is.
pub(crate) fn messages(record: &Record) -> Markup {
    let messages = record.head.messages;
    let dropped = messages.dropped.total();
    let copies = messages.sent.saturating_add(messages.duplicated);
    let fates = messages.delivered.saturating_add(dropped).saturating_add(messages.in_flight);
    let part = |name: &str, n: u64| {
        html! {
            span class="part" { span class="value" { (count(n)) } span class="detail" { (name) } }
        }
    };
    html! {
        section id="messages" {
            h2 { "The account of messages" }
            p class="identity" {
                (part("sent", messages.sent)) span class="op" { "+" }
                (part("duplicated", messages.duplicated)) span class="op" { "=" }
                (part("delivered", messages.delivered)) span class="op" { "+" }
                (part("dropped", dropped)) span class="op" { "+" }
                (part("in flight at the end", messages.in_flight))
            }
            @if copies == fates {
                p { "Every copy of every message between two nodes has one fate: "
                    (count(copies)) " = " (count(fates)) "." }
            } @else {
                p class="note stuck" { strong { "The account does not add up: " }
                    (count(copies)) " copies, " (count(fates)) " fates." }
            }
            @if dropped > 0 {
                table {
                    thead { tr {
                        th scope="col" { "dropped" } th scope="col" class="number" { "copies" }
                        th scope="col" class="number" { "of all" } th scope="col" { "why" }
                    } }
                    tbody {
                        @for (name, n, why) in drop_causes(&messages.dropped) {
                            @if n > 0 {
                                tr {
                                    td { (name) } td class="number" { (count(n)) }
                                    td class="number" { (share(n, copies)) } td { (why) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Who took part.
pub(crate) fn nodes(record: &Record) -> Markup {
    let mut roles: Vec<(&str, Vec<&str>)> = Vec::new();
    for node in record.nodes.iter() {
        match roles.iter_mut().find(|(role, _)| *role == node.role) {
            Some((_, names)) => names.push(&node.name),
            None => roles.push((&node.role, vec![&node.name])),
        }
    }
    html! {
        section id="nodes" {
            h2 { "Nodes" }
            table {
                thead { tr {
                    th scope="col" { "role" } th scope="col" class="number" { "nodes" }
                    th scope="col" { "names" }
                } }
                tbody {
                    @for (role, names) in &roles {
                        tr {
                            td { (role) }
                            td class="number" { (names.len()) }
                            td {
                                (names[..names.len().min(MOST_NODES)].join(", "))
                                @if let Some(more @ 1..) = names.len().checked_sub(MOST_NODES) {
                                    " and " (plural(more as u64, "other"))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
