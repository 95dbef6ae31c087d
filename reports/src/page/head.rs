//! The head of the page: what was run, how it ended, and the numbers one looks for first.

use maud::{Markup, html};
use rehearsal_sim::record::{DropCounts, Head, Judgement, Record};

use crate::format::{count, plural, rate, share, span};

/// Title, verdict, facts and tiles.
pub(crate) fn draw(record: &Record) -> Markup {
    let head = &record.head;
    html! {
        header {
            div class="headline" {
                div {
                    h1 class=[(head.title.chars().count() > 90).then_some("long")] { (head.title) }
                    p class="facts" {
                        span { "scenario " strong { (head.scenario) } }
                        span { "protocol " strong { (head.protocol) } }
                        span { "seed " strong { (head.seed) } }
                        span { "digest " code { (head.digest) } }
                        span { "version " (head.version) }
                    }
                }
                (badge(head))
            }
            @if let Some(why) = &head.legally_stuck {
                p class="note stuck" { strong { "Legally stuck. " } (why) }
            }
            (missed_faults(head))
            (tiles(record))
        }
    }
}

fn badge(head: &Head) -> Markup {
    let broken = head.violations.len() as u64;
    let unjudged = head.expectations.iter().filter(|e| e.holds.is_none()).count() as u64;
    let (class, mark, word, detail) = match head.verdict {
        Judgement::Pass if head.legally_stuck.is_some() => {
            ("pass", "✓", "pass", "legally stuck".to_owned())
        }
        Judgement::Pass => ("pass", "✓", "pass", "everything held".to_owned()),
        Judgement::Fail if broken == 0 => {
            ("fail", "✗", "fail", "an expectation did not hold".to_owned())
        }
        Judgement::Fail => ("fail", "✗", "fail", plural(broken, "violation")),
        Judgement::Inconclusive => (
            "inconclusive",
            "?",
            "inconclusive",
            match unjudged {
                0 => "a budget ended first".to_owned(),
                n => format!("{} not judged", count(n)),
            },
        ),
    };
    html! {
        p class=(format!("badge {class}")) {
            span class="word" { span aria-hidden="true" { (mark) " " } (word) }
            span class="detail" { (detail) }
        }
    }
}

fn tiles(record: &Record) -> Markup {
    let head = &record.head;
    let (operations, latency, messages) = (head.operations, head.latency_ns, head.messages);
    let measured = |ns: u64| if latency.count == 0 { "–".to_owned() } else { span(ns) };
    let copies = messages.sent.saturating_add(messages.duplicated);
    let called = format!("of {} called", count(operations.called));
    let failed = share(operations.failed, operations.called);
    let duplicated = format!("{} duplicated", count(messages.duplicated));
    html! {
        dl class="tiles" {
            (tile("operations ok", &count(operations.ok), &called))
            (tile("failed", &count(operations.failed), &failed))
            (tile("unknown", &count(operations.unknown), "open at the end, or given up"))
            (tile("throughput", &rate(head.throughput_per_s), "ok per second"))
            (tile("p50", &measured(latency.p50), "median latency"))
            (tile("p99", &measured(latency.p99), "one in 100 is slower"))
            (tile("max", &measured(latency.max), &plural(latency.count, "sample")))
            @if let Some(value) = unavailability(head) {
                (tile("unavailable", &value, "longest wait without success"))
            }
            (tile("messages sent", &count(messages.sent), &duplicated))
            (tile("delivered", &count(messages.delivered), &share(messages.delivered, copies)))
            (tile("dropped", &count(messages.dropped.total()), &causes(&messages.dropped)))
            (tile("virtual time", &span(head.virtual_ns), &planned(record)))
        }
    }
}

fn tile(name: &str, value: &str, detail: &str) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { span class="value" { (value) } span class="detail" { (detail) } }
        }
    }
}

fn planned(record: &Record) -> String {
    if record.head.virtual_ns < record.duration_ns {
        format!("of {}, {}", span(record.duration_ns), plural(record.head.events, "event"))
    } else {
        plural(record.head.events, "event")
    }
}

/// Why copies died, each cause with its name.
pub(crate) fn drop_causes(dropped: &DropCounts) -> [(&'static str, u64, &'static str); 7] {
    [
        ("loss", dropped.loss, "lost at random"),
        ("cut", dropped.cut, "sent across a partition"),
        ("no route", dropped.no_route, "the topology had no route"),
        ("down", dropped.down, "the receiver was down"),
        ("refused", dropped.refused, "turned away by a host whose process was down"),
        ("overflow", dropped.overflow, "a bounded queue was full"),
        ("corrupt", dropped.corrupt, "arrived detectably corrupt"),
    ]
}

fn causes(dropped: &DropCounts) -> String {
    let some = drop_causes(dropped).into_iter().filter(|(_, n, _)| *n > 0);
    let texts: Vec<String> = some.map(|(name, n, _)| format!("{} {name}", count(n))).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

/// The longest time in which operations waited and none succeeded, over the whole run; expectations
/// may have measured it over a part of the run.
fn unavailability(head: &Head) -> Option<String> {
    let longest = u64::try_from(*head.metrics.get("unavailable_ns")?).ok()?;
    Some(if head.operations.called == 0 { "–".to_owned() } else { span(longest) })
}

/// Faults that are in no picture, because there was nobody they could have hit.
fn missed_faults(head: &Head) -> Markup {
    let missed = head.metrics.get("faults_missed").and_then(|n| u64::try_from(*n).ok());
    html! {
        @if let Some(missed @ 1..) = missed {
            p class="note missed" { (plural(missed, "fault")) " found nobody to hit." }
        }
    }
}
