//! The forms of a trace, checked against what the programs that read them ask for.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal::sim::plan::Watch;
use rehearsal::sim::record::{Record, Row, RowKind};
use rehearsal_reports::trace::{Format, Selection, export};
use serde_json::Value;

use crate::support::{bundled, plan_of, root};

/// Runs with crashes, pauses, cuts, losses and copies, each with the instant up to which it is
/// looked at closely.
fn runs() -> Vec<(Record, Selection)> {
    let scenario = |(name, set, from_ms, to_ms): (&str, &[&str], u64, u64)| {
        let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
        let loaded = bundled(name, &set).swap_remove(0);
        let record = (loaded.entry.run)(&plan_of(&loaded, 3), 3, &Watch::TRACED);
        assert_eq!(record.trace.omitted, 0, "{name} is traced whole");
        let [from_ns, to_ns] = [from_ms, to_ms].map(|ms| ms * 1_000_000);
        (record, Selection { from_ns, to_ns: Some(to_ns), ..Selection::default() })
    };
    let twice = "fault=[{ at = \"500ms\", pause = \"n1\", for = \"300ms\" }]";
    [
        ("ping/lossy", &["network.duplicate=0.1", "duration=2s", twice][..], 400, 1_000),
        ("ping/server-restarts", &[], 0, 2_500),
        ("raft/leader-crash", &["duration=6s"], 4_990, 5_040),
        ("raft/lossy", &["duration=2s"], 0, 500),
        ("raft/minority-partition", &["duration=8s"], 0, 300),
    ]
    .map(scenario)
    .into()
}

/// The lines of a log as ShiViz's default expression, `(?<event>.*)\n(?<host>\S*) (?<clock>{.*})`,
/// reads them: event, host, clock.
fn shiviz(text: &str) -> Vec<(String, String, BTreeMap<String, u64>)> {
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})");
    assert_eq!(lines[1], "", "one execution");
    let clock_of = |line: &str| -> Option<(String, BTreeMap<String, u64>)> {
        let (host, rest) = line.split_once(' ')?;
        rest.starts_with('{').then(|| {
            let clock = serde_json::from_str(rest).unwrap_or_else(|why| panic!("{why}: {rest}"));
            (host.to_owned(), clock)
        })
    };
    let pair = |pair: &[&str]| {
        assert_eq!(clock_of(pair[0]), None, "this event reads like a host with its clock");
        let (host, clock) = clock_of(pair[1]).unwrap_or_else(|| panic!("no clock: {}", pair[1]));
        (pair[0].to_owned(), host, clock)
    };
    assert_eq!(lines.len() % 2, 0);
    lines[2..].chunks(2).map(pair).collect()
}

/// For each selected row the selected rows that it follows: by the order on its host, through
/// causes, and through rows that are not selected.
fn followed(record: &Record, selection: &Selection) -> Vec<BTreeSet<usize>> {
    // Copies die in the network, where no node sees it.
    let host = |row: &Row<'_>| if row.kind == RowKind::Drop { None } else { row.node };
    let mut of: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    let mut last: BTreeMap<Option<u32>, u64> = BTreeMap::new();
    let mut found = Vec::new();
    let end = selection.to_ns.expect("it is a part");
    for row in record.trace.rows().take_while(|row| row.at_ns < end) {
        let before = last.insert(host(&row), row.id);
        let parents = before.into_iter().chain(row.cause);
        let mut all: BTreeSet<usize> = parents.flat_map(|id| of[&id].clone()).collect();
        if selection.has(&row) {
            found.push(all.clone());
            all.insert(found.len() - 1);
        }
        of.insert(row.id, all);
    }
    found
}

#[test]
fn vector_clocks_order_events_as_causes_do() {
    for (record, mut selection) in runs() {
        // The second time with holes: what is left out still tells who heard of what.
        for kinds in [vec![], vec![RowKind::Send, RowKind::Note, RowKind::Drop]] {
            selection.kinds = kinds;
            let events = shiviz(&export(&record, Format::Shiviz, &selection));
            let followed = followed(&record, &selection);
            assert_eq!(events.len(), followed.len());
            assert!(events.len() > 50 && events.len() < 2_500, "{} events", events.len());
            let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
            for (event, host, clock) in &events {
                let count = counts.entry(host).or_default();
                *count += 1;
                assert_eq!(clock[host], *count, "{host} counts its own events: {event}");
            }
            let dominates = |a: usize, b: usize| {
                let (small, large) = (&events[a].2, &events[b].2);
                small.iter().all(|(host, count)| large.get(host).is_some_and(|it| it >= count))
            };
            for (b, followed) in followed.iter().enumerate() {
                for a in 0..events.len() {
                    let is_before = a != b && dominates(a, b);
                    assert_eq!(
                        is_before,
                        followed.contains(&a),
                        "{:?}\n{:?}",
                        events[a],
                        events[b]
                    );
                }
            }
        }
    }
}

/// An instant or span of an event in nanoseconds.
fn ns(event: &Value, key: &str) -> u64 {
    let micros = event[key].as_f64().unwrap_or_else(|| panic!("no {key}: {event}"));
    #[allow(clippy::cast_possible_truncation, reason = "instants of a short run")]
    let nanos = (micros * 1e3).round() as u64;
    nanos
}

#[test]
fn perfetto_finds_what_it_needs() {
    for (record, _) in runs() {
        let text = export(&record, Format::Chrome, &Selection::default());
        let trace: Value = serde_json::from_str(&text).expect("it is JSON");
        let events = trace["traceEvents"].as_array().expect("there are events");
        let timed: Vec<&Value> = events.iter().filter(|event| event["ph"] != "M").collect();
        assert!(timed.is_sorted_by_key(|event| ns(event, "ts")), "in the order of time");
        let of =
            |phase: &str| timed.iter().filter(|event| event["ph"] == phase).collect::<Vec<_>>();
        assert!(timed.iter().all(|event| event["pid"] == 1 && event["tid"].is_u64()));
        let named = events.iter().filter(|event| event["name"] == "thread_name");
        assert_eq!(named.count(), record.nodes.len() + 1);

        // Slices of one thread do not overlap.
        let mut slices: BTreeMap<u64, BTreeMap<u64, u64>> = BTreeMap::new();
        for slice in of("X") {
            let of_thread = slices.entry(slice["tid"].as_u64().unwrap()).or_default();
            let (from, to) = (ns(slice, "ts"), ns(slice, "ts") + ns(slice, "dur"));
            assert!(to > from, "{slice}");
            let before = of_thread.last_key_value();
            assert!(before.is_none_or(|(_, end)| *end <= from), "{slice} begins too early");
            of_thread.insert(from, to);
        }
        // Every arrow has two ends, each in a slice of its thread, the first one earlier.
        let ends = |phase: &str| -> BTreeMap<u64, (u64, String)> {
            let ends = of(phase).into_iter().map(|end| {
                let (tid, at) = (end["tid"].as_u64().unwrap(), ns(end, "ts"));
                let (from, to) = slices[&tid].range(..=at).next_back().expect("a slice before it");
                assert!(*from <= at && at < *to, "{end} lies in no slice");
                (end["id"].as_u64().expect("a number"), (at, end["name"].to_string()))
            });
            ends.collect()
        };
        let (starts, finishes) = (ends("s"), ends("f"));
        assert_eq!(of("f").len(), finishes.len(), "a name for each copy");
        assert!(of("f").iter().all(|end| end["bp"] == "e"));
        assert_eq!(starts.len() as u64, record.head.messages.delivered);
        for (id, (from, name)) in &starts {
            let (to, same) = &finishes[id];
            assert!(from <= to && name == same, "copy {id}");
        }
        // Operations and faults begin and end.
        let spans = |phase: &str| -> BTreeMap<(String, String), u64> {
            let key = |end: &Value| (end["cat"].to_string(), end["id"].to_string());
            of(phase).into_iter().map(|end| (key(end), ns(end, "ts"))).collect()
        };
        let (begins, ends) = (spans("b"), spans("e"));
        assert_eq!(begins.len() as u64, record.head.operations.called + record.faults.len() as u64);
        assert!(begins.iter().all(|(key, from)| ends[key] >= *from) && ends.len() == begins.len());
        let terms = of("C").iter().any(|event| event["name"] == "n1 current_term");
        assert_eq!(terms, record.head.protocol == "raft");
    }
}

#[test]
fn json_lines_have_the_keys_that_the_documentation_lists() {
    let guide = std::fs::read_to_string(root().join("docs/trace.md")).expect("docs/trace.md");
    let row = |line: &str| line.strip_prefix("| `")?.split_once('`').map(|(key, _)| key.to_owned());
    let listed: Vec<String> = guide.lines().filter_map(row).collect();
    for (record, _) in runs() {
        let text = export(&record, Format::Jsonl, &Selection::default());
        assert_eq!(text.lines().count(), record.trace.len());
        for (line, row) in text.lines().zip(record.trace.rows()) {
            let told: Value = serde_json::from_str(line).expect("a line is an object");
            assert_eq!((told["id"].as_u64(), told["cause"].as_u64()), (Some(row.id), row.cause));
            let keys = listed.iter().map(|key| line.find(&format!("\"{key}\":")));
            assert!(keys.is_sorted_by_key(|at| at.expect("every key is there")), "{line}");
            assert_eq!(told.as_object().map(serde_json::Map::len), Some(listed.len()), "{line}");
        }
    }
}

#[test]
fn columns_fit_on_a_screen() {
    for (record, selection) in runs() {
        for nodes in [vec![], vec![0], vec![0, 1]] {
            let selection = Selection { nodes, ..selection.clone() };
            let text = export(&record, Format::Columns, &selection);
            let rows = record.trace.rows().filter(|row| selection.has(row)).count();
            assert_eq!(text.lines().count(), rows + 1);
            assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
        }
    }
}
