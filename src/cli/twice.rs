//! The gate of determinism: the same plan and seed again, and where two runs part.

use std::iter;
use std::panic::resume_unwind;
use std::thread;

use rehearsal_scenarios::Loaded;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::check::Explanation;
use rehearsal_sim::divergence::{Divergence, Side};
use rehearsal_sim::plan::{Plan, Watch};
use rehearsal_sim::record::{Judgement, Record, RowKind, TraceRow, Violation, ViolationKind};

use super::say::clean;
use super::{Failure, exec, print, progress};

/// The stack of a second run in bytes: no less than a program's own, where the first may have run.
const STACK: usize = 16 << 20;
/// Rows of each side that are shown.
const ROWS: usize = 5;
/// The longest row that is shown whole.
const LONG: usize = 160;
/// What is shown of a long row before the first letter that differs.
const LEAD: usize = 60;

/// Runs something on a thread of its own, which has another identity and other memory than this one:
/// what leaks into a run from there is different then.
pub(crate) fn elsewhere<R: Send>(code: impl FnOnce() -> R + Send) -> R {
    let result = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        thread.spawn_scoped(scope, code).expect("one more thread starts").join()
    });
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs a plan with a seed again, on a thread of its own.
pub(crate) fn again(
    entry: &Entry,
    plan: &Plan,
    seed: u64,
    watch: &Watch,
) -> Result<Record, Failure> {
    elsewhere(|| exec::run(entry, plan, seed, watch))
}

/// Runs the plan of a record twice more, in lockstep on a thread of its own, and adds a violation
/// to the record when any two of the three runs differ.
pub(crate) fn check(loaded: &Loaded, record: &mut Record, watch: &Watch) -> Result<(), Failure> {
    let (entry, seed) = (&loaded.entry, record.head.seed);
    let plan = exec::plan(loaded, seed)?;
    let result = elsewhere(|| {
        let (_watched, progress) = progress::watched(&plan);
        exec::twins(entry, &plan, seed, &Watch { progress, ..watch.clone() })
    });
    let twin = match result? {
        Ok(twin) => twin,
        Err(divergence) => {
            add(record, &divergence, "");
            return Ok(());
        }
    };
    if let Some(divergence) = Divergence::between(record, &twin) {
        let digests = match (&record.head.digest, &twin.head.digest) {
            (one, other) if one == other => format!("the digest of all three is {one}"),
            (one, other) => format!("their digest is {other}, this one's {one}"),
        };
        let and = format!(
            "; two later runs in lockstep on another thread agree with each other, not with this \
             one ({digests}): a thread, or something that outlives a run, is seen by the protocol"
        );
        add(record, &divergence, &and);
    }
    Ok(())
}

/// Adds a violation when a second run of the same seed was different. Where both were traced, every
/// row is compared, and so the contents of every message, event and reply.
pub(crate) fn compare(record: &mut Record, again: &Record) {
    if let Some(divergence) = Divergence::between(record, again) {
        add(record, &divergence, "");
    }
}

/// Makes a divergence a violation of the record.
fn add(record: &mut Record, divergence: &Divergence, and: &str) {
    let names: Vec<&str> = record.nodes.iter().map(|node| node.name.as_str()).collect();
    let name = |node: u32| names.get(node as usize).map_or("?", |name| *name);
    let nodes: Vec<String> = divergence.node.iter().map(|node| name(*node).to_owned()).collect();
    let row = |row: &TraceRow| {
        let node = row.node.map_or("-", name);
        // Where rows are compared, what arrives is told with its contents.
        let contents = if row.kind == RowKind::Deliver { clean(&row.text) } else { String::new() };
        format!("{}  {node:<3}  {} {contents}", exact(row.at_ns), print::cell(row))
            .trim_end()
            .to_owned()
    };
    let sides = [&divergence.first, &divergence.second].map(|side| told(side, row));
    let [first, second] = apart(sides);
    let at = exact(divergence.at_ns);
    let place = nodes.first().map_or_else(String::new, |node| format!(" on {node}"));
    let event = match divergence.event {
        None => String::new(),
        Some(0) => "in booting, before the first event, ".to_owned(),
        Some(event) => format!("in event {event} "),
    };
    let says = |side: &[String]| side.first().cloned().unwrap_or_default();
    let message = format!(
        "two runs of seed {} differ {event}at {at}{place}: one says \"{}\", the other \"{}\"{and}",
        record.head.seed,
        says(&first),
        says(&second)
    );
    let both = divergence.common.iter().map(|common| shorten(&row(common), 0));
    let details = iter::empty()
        .chain(both.map(|line| format!("both:   {line}")))
        .chain(first.iter().map(|line| format!("first:  {line}")))
        .chain(second.iter().map(|line| format!("second: {line}")));
    record.head.violations.push(Violation {
        property: "deterministic".to_owned(),
        kind: ViolationKind::Nondeterminism,
        at_ns: divergence.at_ns,
        nodes,
        explanation: Some(Explanation {
            sentence: message.clone(),
            at_ns: divergence.at_ns,
            details: details.collect(),
            ..Explanation::default()
        }),
        message,
        citation: "the laws of determinism, docs/determinism.md".to_owned(),
    });
    record.head.verdict = Judgement::Fail;
}

/// An instant to the nanosecond: one may be all the difference there is.
fn exact(at_ns: u64) -> String {
    format!("{}.{:09}s", at_ns / 1_000_000_000, at_ns % 1_000_000_000)
}

/// What one side did, a line each.
fn told(side: &Side, row: impl Fn(&TraceRow) -> String) -> Vec<String> {
    let fact = Some(side.fact.clone()).filter(|fact| !fact.is_empty());
    let more = side.rows.len().saturating_sub(ROWS);
    let more = (more > 0).then(|| format!("... and {more} more"));
    fact.into_iter().chain(side.rows.iter().take(ROWS).map(row)).chain(more).collect()
}

/// Shortens the lines of both sides so that the first letter that differs can be seen.
fn apart([first, second]: [Vec<String>; 2]) -> [Vec<String>; 2] {
    let same = |at: usize| {
        let pair = first.get(at).zip(second.get(at));
        pair.map_or(0, |(a, b)| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count())
    };
    let from: Vec<usize> = (0..first.len().max(second.len())).map(same).collect();
    [&first, &second].map(|side| {
        side.iter()
            .zip(&from)
            .map(|(line, same)| shorten(line, same.saturating_sub(LEAD)))
            .collect()
    })
}

/// Cuts a long line to its part from a letter on, saying so.
fn shorten(line: &str, from: usize) -> String {
    let count = line.chars().count();
    if count <= LONG {
        return line.to_owned();
    }
    let from = from.min(count - LONG);
    let part: String = line.chars().skip(from).take(LONG).collect();
    let (before, behind) = (from > 0, from + LONG < count);
    format!("{}{part}{}", if before { "…" } else { "" }, if behind { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use rehearsal_protocols::catalog::CATALOG;
    use rehearsal_scenarios::{Request, load_text};

    use super::*;

    fn loaded() -> Loaded {
        let text = b"protocol = \"ping\"\nduration = \"1s\"\n[workload]\nrate = \"10/s\"\n";
        load_text(text, &Request::of("a test"), CATALOG).expect("it is valid")
    }

    /// Compares a run with one that was tampered with.
    fn found(tamper: impl Fn(&mut Record), watch: &Watch) -> Violation {
        let loaded = loaded();
        let run = || (loaded.entry.run)(&loaded.plan, 1, watch);
        let (mut record, mut other) = (run(), run());
        compare(&mut record, &other);
        assert_eq!(record.head.violations, [], "two equal runs");
        tamper(&mut other);
        compare(&mut record, &other);
        assert_eq!(record.head.verdict, Judgement::Fail);
        let [violation] = &record.head.violations[..] else { panic!("one violation") };
        assert_eq!(violation.kind, ViolationKind::Nondeterminism);
        violation.clone()
    }

    fn details(violation: &Violation) -> &[String] {
        &violation.explanation.as_ref().expect("both sides are told").details
    }

    /// A protocol that answers by a hash of its address, say, does the same events at the same
    /// times: only the contents differ, and the trace has them.
    #[test]
    fn what_differs_behind_equal_digests_is_seen() {
        let long = "x".repeat(500);
        let said = found(
            |other| {
                let mut rows = other.trace.to_rows();
                let row = rows.last_mut().expect("something happened");
                row.text = format!("Pong token=666 {long}");
                other.trace = rows.into_iter().collect();
            },
            &Watch::TRACED,
        );
        assert!(said.message.contains("Pong token=666"), "{}", said.message);
        let lines = details(&said);
        assert_eq!(lines.iter().filter(|line| line.starts_with("both: ")).count(), 10);
        assert!(lines[10].starts_with("first:  ") && lines[11].starts_with("second: "));
        assert_eq!(lines.len(), 12);
        assert!(lines.iter().all(|line| line.chars().count() < 200), "{lines:#?}");
    }

    #[test]
    fn a_run_that_ends_early_is_seen() {
        let cut = |other: &mut Record| other.trace = other.trace.stretch(0..20);
        let said = found(cut, &Watch::TRACED);
        assert!(said.message.ends_with("the other \"nothing more happens\""), "{}", said.message);
    }

    #[test]
    fn what_was_measured_is_compared_and_named() {
        let count = |other: &mut Record| {
            other.head.metrics.insert("retries".into(), 7);
        };
        for watch in [Watch::QUIET, Watch::TRACED] {
            let said = found(count, &watch);
            let both = "one says \"head.metrics.retries is 0\", the other \"metrics.retries is 7\"";
            let both = both.replace("head.", "");
            assert!(said.message.ends_with(&both), "{}", said.message);
        }
        let digest = |other: &mut Record| other.head.digest = "0123456789abcdef".to_owned();
        let said = found(digest, &Watch::QUIET);
        assert!(said.message.contains("the digest is 0123456789abcdef"), "{}", said.message);
    }

    #[test]
    fn runs_that_agree_are_left_alone() {
        let loaded = loaded();
        let mut record = (loaded.entry.run)(&loaded.plan, 1, &Watch::TRACED);
        let before = record.clone();
        check(&loaded, &mut record, &Watch::TRACED).expect("nothing of ours panics");
        assert_eq!(record, before);
    }

    #[test]
    fn long_rows_are_cut_where_they_differ() {
        let row = |letter: char| format!("{}{letter}{}", "a".repeat(300), "b".repeat(300));
        let [first, second] = apart([vec![row('x')], vec![row('y')]]);
        assert!(first[0].contains("axb") && second[0].contains("ayb"), "{first:?} {second:?}");
        assert!(first[0].starts_with('…') && first[0].ends_with('…'));
        assert_eq!(shorten("short", 3), "short");
    }
}
