//! The text for people: summaries, failures, tables.

use std::fmt::{self, Write as _};

use rehearsal_scenarios::Drawn;
use rehearsal_sim::record::{
    Head, Judgement, Measured, Record, Row, RowKind, TraceRow, Violation, ViolationKind,
};
use rehearsal_sim::time::{SimTime, Span};

use super::say::clean;

pub(crate) const BOLD: &str = "\x1b[1m";
pub(crate) const DIM: &str = "\x1b[2m";
pub(crate) const RED: &str = "\x1b[1;31m";
pub(crate) const GREEN: &str = "\x1b[1;32m";
pub(crate) const YELLOW: &str = "\x1b[1;33m";
pub(crate) const CYAN: &str = "\x1b[1;36m";
pub(crate) const PLAIN: &str = "\x1b[0m";

/// Rows of trace that a failure shows.
const LAST_ROWS: usize = 10;
/// Faults that a summary names.
const MOST_FAULTS: usize = 12;
/// The longest measurement in a summary; what was violated is told in full below it.
const MEASURED: usize = 60;
/// The widest column of expectations.
const EXPECTED: usize = 48;
/// The widest column of a node in such a table.
const COLUMN: usize = 44;

/// The word for a judgement, in its colour.
pub(crate) fn badge(verdict: Judgement) -> String {
    match verdict {
        Judgement::Pass => format!("{GREEN}PASS{PLAIN}"),
        Judgement::Fail => format!("{RED}FAIL{PLAIN}"),
        Judgement::Inconclusive => format!("{YELLOW}INCONCLUSIVE{PLAIN}"),
    }
}

/// Thousands in groups: `12 345`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// How many of something there are: `1 seed`, `12 345 seeds`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// What a swarm drew.
pub(crate) fn drawn(drawn: &Drawn) -> String {
    let faults = counted(drawn.plan.faults.len() as u64, "fault");
    let families = match drawn.families.is_empty() {
        true => String::new(),
        false => format!(" of {}", drawn.families.join(", ")),
    };
    let nodes = counted(drawn.plan.nodes.len() as u64, "node");
    format!("drawn         profile {}: {nodes}, {faults}{families}\n", drawn.profile)
}

/// The summary of a run.
pub(crate) fn summary(record: &Record, wall_ns: u64) -> String {
    let head = &record.head;
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("a string takes text");
    line(format!("{}  {BOLD}{}{PLAIN}", badge(head.verdict), clean(&head.title)));
    line(format!(
        "{DIM}{} · seed {} · digest {} · {} simulated in {}, {} events{PLAIN}",
        clean(&head.scenario),
        head.seed,
        head.digest,
        Span(head.virtual_ns),
        rounded(wall_ns),
        grouped(head.events),
    ));
    line(String::new());
    let o = &head.operations;
    line(format!(
        "operations    {} called: {} ok, {} failed, {} unknown · {:.1} ok/s",
        grouped(o.called),
        grouped(o.ok),
        grouped(o.failed),
        grouped(o.unknown),
        head.throughput_per_s
    ));
    if head.latency_ns.count > 0 {
        let l = &head.latency_ns;
        line(format!(
            "latency       p50 {} · p90 {} · p99 {} · p99.9 {} · max {}",
            rounded(l.p50),
            rounded(l.p90),
            rounded(l.p99),
            rounded(l.p999),
            rounded(l.max)
        ));
    }
    line(format!("messages      {}", messages(head)));
    for band in record.faults.iter().take(MOST_FAULTS) {
        let until = band.to_ns.map_or("the end".to_owned(), |to| Span(to).to_string());
        line(format!(
            "fault         {} {} from {} to {until}",
            band.kind,
            band.label,
            Span(band.from_ns)
        ));
    }
    if record.faults.len() > MOST_FAULTS {
        line(format!("              ... and {} more", record.faults.len() - MOST_FAULTS));
    }
    match head.metrics.get("faults_missed") {
        Some(1) => line("fault         one found nobody to hit".to_owned()),
        Some(missed @ 2..) => line(format!("fault         {missed} found nobody to hit")),
        _ => {}
    }
    if let Some(why) = &head.legally_stuck {
        line(format!("legally stuck {why}"));
    }
    let widths = head.expectations.iter().map(|measured| clean(&measured.expect).chars().count());
    let width = widths.max().unwrap_or(0).min(EXPECTED);
    for measured in &head.expectations {
        line(expectation(measured, width));
    }
    out
}

fn messages(head: &Head) -> String {
    let m = &head.messages;
    let mut text = format!("{} sent, {} delivered", grouped(m.sent), grouped(m.delivered));
    let causes = [
        ("duplicated", m.duplicated),
        ("lost", m.dropped.loss),
        ("cut off", m.dropped.cut),
        ("without a route", m.dropped.no_route),
        ("to nodes that were down", m.dropped.down),
        ("refused", m.dropped.refused),
        ("overflowed", m.dropped.overflow),
        ("corrupt", m.dropped.corrupt),
        ("in flight", m.in_flight),
    ];
    for (cause, count) in causes.into_iter().filter(|(_, count)| *count > 0) {
        write!(text, ", {} {cause}", grouped(count)).expect("a string takes text");
    }
    text
}

/// A line about an expectation; `width` is the widest one's.
fn expectation(measured: &Measured, width: usize) -> String {
    let mark = match measured.holds {
        Some(true) => format!("{GREEN}holds{PLAIN}    "),
        Some(false) => format!("{RED}violated{PLAIN} "),
        None => format!("{YELLOW}unjudged{PLAIN} "),
    };
    let expect = clean(&measured.expect);
    let mut found = clean(&measured.measured);
    if measured.holds.is_some() {
        found = shorten(&found, MEASURED);
    }
    format!("{mark}     {expect:<width$}  {DIM}measured{PLAIN} {found}")
}

/// Three significant digits are enough for a summary.
pub(crate) fn rounded(ns: u64) -> String {
    let unit = match ns {
        0..1_000 => 1,
        1_000..10_000 => 10,
        10_000..100_000 => 100,
        100_000..1_000_000 => 1_000,
        1_000_000..10_000_000 => 10_000,
        10_000_000..100_000_000 => 100_000,
        _ => 1_000_000,
    };
    Span((ns.saturating_add(unit / 2)) / unit * unit).to_string()
}

/// The violations of a run, with the steps before them; `code` is where a panic came from.
pub(crate) fn violations(record: &Record, found: &[Violation], code: Option<&str>) -> String {
    let mut out = String::new();
    let mut shown = None;
    for one in found {
        out.push('\n');
        violation(&mut out, one, code).expect("a string takes text");
        let steps = last_rows(record, one.at_ns);
        // Where two runs part, the steps that both took are told already.
        let is_told = one.kind == ViolationKind::Nondeterminism && one.explanation.is_some();
        if one.kind == ViolationKind::Expectation || is_told || steps.is_empty() {
            continue;
        }
        if shown.replace(one.at_ns) == Some(one.at_ns) {
            out.push_str("  the last steps before it: as above\n");
        } else {
            out.push_str("  the last steps before it:\n");
            out.push_str(&columns(record, &steps));
        }
    }
    out
}

fn violation(out: &mut String, violation: &Violation, code: Option<&str>) -> fmt::Result {
    writeln!(out, "{RED}violated{PLAIN}: {BOLD}{}{PLAIN}", violation.property)?;
    if !violation.citation.is_empty() {
        writeln!(out, "  source:   {}", violation.citation)?;
    }
    let place = match violation.nodes.as_slice() {
        [] => String::new(),
        nodes => format!(" on {}", nodes.join(", ")),
    };
    writeln!(out, "  when:     {}{place}", SimTime(violation.at_ns))?;
    writeln!(out, "  what:     {}", lines(&violation.message).join("\n            "))?;
    if let Some(explanation) = &violation.explanation {
        for detail in &explanation.details {
            writeln!(out, "            {}", clean(detail))?;
        }
    }
    match code {
        Some(code) if violation.kind == ViolationKind::Panic => {
            writeln!(out, "  code:     {}", clean(code))
        }
        _ => Ok(()),
    }
}

/// The lines of a message from outside, each safe to print.
pub(crate) fn lines(message: &str) -> Vec<String> {
    message.trim_end().lines().map(clean).collect()
}

/// The last rows up to an instant that belong to a node, oldest first.
fn last_rows(record: &Record, at_ns: u64) -> Vec<TraceRow> {
    let tells = |row: &Row<'_>| row.node.is_some() && row.kind != RowKind::Violation;
    // A step goes on after the event that broke a property; what it did then is no cause.
    let is_it = |row: &Row<'_>| row.kind == RowKind::Violation && row.at_ns == at_ns;
    let until = record.trace.rows().take_while(|row| row.at_ns <= at_ns && !is_it(row));
    let rows: Vec<Row<'_>> = until.filter(tells).collect();
    rows[rows.len().saturating_sub(LAST_ROWS)..].iter().map(Row::to_row).collect()
}

/// What a row tells, beside when and where.
pub(crate) fn cell(row: &TraceRow) -> String {
    clean(&match row.kind {
        RowKind::Send => format!("-> {} {}", row.address, row.text),
        RowKind::Deliver => format!("<- {}", row.address),
        RowKind::Drop | RowKind::Duplicate | RowKind::Refused => {
            format!("{} {}", row.address, row.text)
        }
        RowKind::Note => format!("* {}", row.text),
        _ => row.text.clone(),
    })
}

/// A table with one column per node that takes part.
fn columns(record: &Record, rows: &[TraceRow]) -> String {
    let mut nodes: Vec<u32> = rows.iter().filter_map(|row| row.node).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let cell = |row: &TraceRow| shorten(&cell(row), COLUMN);
    let width = |node: u32| {
        let cells = rows.iter().filter(|row| row.node == Some(node));
        cells.map(|row| cell(row).chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<(u32, usize)> = nodes
        .iter()
        .map(|node| (*node, width(*node).max(record.nodes[*node as usize].name.len())))
        .collect();
    let mut head = format!("  {:>12} ", "time");
    for (node, width) in &widths {
        write!(head, " {:<width$}", record.nodes[*node as usize].name)
            .expect("a string takes text");
    }
    let mut out = format!("{}\n", head.trim_end());
    for row in rows {
        let mut line = format!("  {:>12} ", SimTime(row.at_ns).to_string());
        for (node, width) in &widths {
            let text = if row.node == Some(*node) { cell(row) } else { String::new() };
            write!(line, " {text:<width$}").expect("a string takes text");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Cuts a text to a number of characters, saying so.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(123), "123");
        assert_eq!(grouped(1_234_567), "1 234 567");
        assert_eq!([0, 1, 2_000].map(|n| counted(n, "run")), ["0 runs", "1 run", "2 000 runs"]);
        assert_eq!(rounded(1_234_567), "1.23ms");
        assert_eq!(rounded(412_345_678), "412ms");
        assert_eq!(rounded(999), "999ns");
        assert_eq!(shorten("abcdef", 4), "abc…");
    }
}
