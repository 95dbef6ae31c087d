//! The text of a sweep for people: verdicts, bands over the seeds, probes, failures.

use std::fmt::{self, Write as _};

use rehearsal_sim::record::Record;
use rehearsal_sim::time::SimTime;

use super::column::Band;
use super::row::{LATENCIES, Unit};
use super::summary::{Outcome, Summary};
use super::tally::Hits;
use super::{REPEAT, against};
use crate::cli::print::{self, BOLD, DIM, PLAIN, RED, YELLOW};
use crate::cli::say;

/// The narrowest and the widest column of names.
const NAMES: (usize, usize) = (20, 40);

/// All of it but the last lines, which depend on the machine. `first` is the first run that
/// something is to be told of, with its trace; `code` where it panicked.
pub(super) fn text(
    summary: &Summary,
    first: Option<&Record>,
    code: Option<&str>,
) -> Result<String, fmt::Error> {
    let mut out = String::new();
    head(&mut out, summary)?;
    let facts = &summary.facts;
    let all = facts.measures.iter().chain(&facts.metrics).map(|band| band.name.as_str());
    let width = name_width(all.chain(summary.probes.iter().map(|hits| hits.name.as_str())));
    let (latencies, others) = facts.measures.split_at(LATENCIES.min(facts.measures.len()));
    bands(&mut out, "latency of a run", latencies, width)?;
    pooled(&mut out, summary)?;
    bands(&mut out, "other measures", others, width)?;
    if !facts.metrics.is_empty() {
        bands(&mut out, "metrics", &facts.metrics, width)?;
    }
    probes(&mut out, summary, width)?;
    if !summary.unreached.is_empty() {
        let names = summary.unreached.join(", ");
        writeln!(out, "\n{RED}not reached{PLAIN}  {names}: what they are about was not rehearsed")?;
    }
    if let Some(found) = &summary.against {
        against::text(&mut out, found)?;
    }
    for failure in &summary.failures {
        let traced = first.filter(|record| record.head.seed == failure.head.seed);
        describe(&mut out, failure, traced, code)?;
    }
    let shown = summary.failures.len() as u64;
    let all = summary.failed + summary.inconclusive;
    if shown < all {
        writeln!(out, "\n{} more; raise --failures to see them", print::grouped(all - shown))?;
    }
    Ok(out)
}

fn head(out: &mut String, summary: &Summary) -> fmt::Result {
    let facts = &summary.facts;
    let [from, to] = facts.seeds;
    let (badge, scenario) = (print::badge(summary.verdict()), say::clean(&facts.scenario));
    writeln!(out, "{badge}  {BOLD}{scenario}{PLAIN}, seeds {from}..{to}")?;
    writeln!(
        out,
        "{DIM}{} run twice and compared, one in {REPEAT} · digest over all seeds {}{PLAIN}",
        print::counted(summary.repeated, "seed"),
        summary.digest
    )?;
    if let Some([from, to]) = facts.asked {
        writeln!(out, "{DIM}ended by its first failure; {from}..{to} was asked for{PLAIN}")?;
    }
    writeln!(
        out,
        "\n{} passed ({} of them legally stuck), {} failed, {} inconclusive",
        print::grouped(summary.passed),
        print::grouped(summary.legally_stuck),
        print::grouped(summary.failed),
        print::grouped(summary.inconclusive)
    )
}

/// A table with a line for each band.
fn bands(out: &mut String, title: &str, bands: &[Band], width: usize) -> fmt::Result {
    let [p5, median, p95, least, most] = ["5 %", "median", "95 %", "least", "most"];
    writeln!(
        out,
        "\n{BOLD}{title:<width$}{PLAIN} {p5:>11} {median:>11} {p95:>11} {least:>11} {most:>11}  of seed"
    )?;
    for band in bands {
        let name = name(&band.name);
        if band.runs == 0 {
            writeln!(out, "{name:<width$} {DIM}{:>11}{PLAIN}", "none")?;
            continue;
        }
        let cells = [band.p5, band.median, band.p95, band.least, band.most];
        let [p5, median, p95, least, most] = cells.map(|cell| value(cell, band.unit));
        let seed = band.most_seed.map_or("-".to_owned(), |seed| seed.to_string());
        writeln!(
            out,
            "{name:<width$} {p5:>11} {median:>11} {p95:>11} {least:>11} {most:>11}  {seed}"
        )?;
    }
    Ok(())
}

/// What concerns the latencies of all runs.
fn pooled(out: &mut String, summary: &Summary) -> fmt::Result {
    let runs: u64 = summary.facts.digests.len() as u64;
    let without = runs - summary.facts.measures.first().map_or(runs, |band| band.runs);
    if without > 0 {
        writeln!(
            out,
            "{YELLOW}{without} of {runs}{PLAIN} runs had no success, and have no latency"
        )?;
    }
    let l = &summary.latency_ns;
    if l.count == 0 {
        return Ok(());
    }
    // Two digits are what buckets of 3 % know.
    let [p50, p90, p99, p999] = [l.p50, l.p90, l.p99, l.p999].map(two_digits);
    writeln!(
        out,
        "{} operations of all seeds together: p50 {p50} · p90 {p90} · p99 {p99} · p99.9 {p999}",
        print::grouped(l.count)
    )
}

fn two_digits(ns: u64) -> String {
    let unit = 10u64.pow(ns.checked_ilog10().unwrap_or(0).saturating_sub(1));
    print::rounded(ns.saturating_add(unit / 2) / unit * unit)
}

/// How often each rare situation was reached; one that never was stands out.
fn probes(out: &mut String, summary: &Summary, width: usize) -> fmt::Result {
    if summary.probes.is_empty() {
        return Ok(());
    }
    let runs = summary.facts.digests.len() as u64;
    let missed = summary.probes.iter().filter(|hits| hits.seeds == 0).count();
    let all = summary.probes.len();
    writeln!(
        out,
        "\n{BOLD}{:<width$}{PLAIN} {:>11} {:>11} {:>11}  most in seed",
        format!("probes ({} of {all} hit)", all - missed),
        "seeds",
        "share",
        "times"
    )?;
    for Hits { name, seeds, hits, most_seed, .. } in &summary.probes {
        let Some(seed) = most_seed else {
            writeln!(out, "{YELLOW}{name:<width$} {:>11}{PLAIN}", "never hit")?;
            continue;
        };
        let share = share(*seeds, runs);
        let (seeds, hits) = (print::grouped(*seeds), value(*hits, Unit::Count));
        writeln!(out, "{name:<width$} {seeds:>11} {share:>11} {hits:>11}  {seed}")?;
    }
    Ok(())
}

/// A share in per cent; a rare one is not rounded to none, nor a frequent one to all.
fn share(part: u64, all: u64) -> String {
    let all = u128::from(all.max(1));
    let tenths = (u128::from(part) * 1000 + all / 2) / all;
    match tenths {
        0 if part > 0 => "< 0.1 %".to_owned(),
        1000 if u128::from(part) < all => "> 99.9 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// The name of a measure or metric for people: `p999_ns` is `p99.9`.
pub(super) fn name(name: &str) -> &str {
    match name {
        "p50_ns" => "p50",
        "p90_ns" => "p90",
        "p99_ns" => "p99",
        "p999_ns" => "p99.9",
        "max_ns" => "max",
        "throughput" => "ok per second",
        "unavailable_ns" => "unavailable",
        "virtual_ns" => "simulated time",
        name => name,
    }
}

/// How wide a column of these names is.
pub(super) fn name_width<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    let longest = names.map(|text| name(text).chars().count()).max().unwrap_or(0);
    longest.clamp(NAMES.0, NAMES.1)
}

/// A number for people.
pub(super) fn value(value: i64, unit: Unit) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let size = value.unsigned_abs();
    let text = match unit {
        Unit::Ns => print::rounded(size),
        Unit::Count => print::grouped(size),
        Unit::MilliPerS => {
            let tenths = size.saturating_add(50) / 100;
            format!("{}.{}", print::grouped(tenths / 10), tenths % 10)
        }
    };
    format!("{sign}{text}")
}

/// A run that did not pass, with its last steps where it was traced.
fn describe(
    out: &mut String,
    failure: &Outcome,
    traced: Option<&Record>,
    code: Option<&str>,
) -> fmt::Result {
    let head = &failure.head;
    writeln!(out, "\nseed {}: {}", head.seed, print::badge(head.verdict))?;
    if let Some(record) = traced {
        out.push_str(&print::violations(record, &head.violations, code));
    } else {
        for violation in &head.violations {
            let at = SimTime(violation.at_ns);
            let message = print::lines(&violation.message).join("\n    ");
            writeln!(out, "  {} at {at}: {message}", violation.property)?;
        }
    }
    for measured in head.expectations.iter().filter(|measured| measured.holds.is_none()) {
        let found = say::clean(&measured.measured);
        writeln!(out, "  {}: {found}", say::clean(&measured.expect))?;
    }
    writeln!(out, "  reproduce: {}", failure.reproduce)?;
    match &failure.minimal {
        Some(minimal) => writeln!(out, "  minimal:   {minimal}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(value(-1_234_567, Unit::Ns), "-1.23ms");
        assert_eq!(value(0, Unit::Ns), "0s");
        assert_eq!(value(12_345, Unit::Count), "12 345");
        assert_eq!(value(499_949, Unit::MilliPerS), "499.9");
        assert_eq!(value(-50, Unit::MilliPerS), "-0.1");
        assert_eq!(value(i64::MIN, Unit::Count), "-9 223 372 036 854 775 808");
        assert_eq!(two_digits(4_849_999), "4.8ms");
        assert_eq!((two_digits(0), two_digits(7)), ("0s".to_owned(), "7ns".to_owned()));
        two_digits(u64::MAX);
    }

    #[test]
    fn a_share_is_none_or_all_only_where_it_is() {
        assert_eq!(share(0, 7), "0.0 %");
        assert_eq!(share(1, 1_000_000), "< 0.1 %");
        assert_eq!(share(999_999, 1_000_000), "> 99.9 %");
        assert_eq!(share(2, 3), "66.7 %");
        assert_eq!(share(7, 7), "100.0 %");
    }
}
