//! The page of a comparison: complete, self-contained, and right where things are missing.

use rehearsal_reports::comparison::{
    Axis, Comparison, Course, Difference, Failure, Interval, Unit, Variant, Verdict, comparison,
};
use rehearsal_sim::record::{Judgement, Record};

use crate::markup;
use crate::records;

fn variant(label: &str, values: &[usize], records: &[Record]) -> Variant {
    Variant {
        label: label.to_owned(),
        name: format!("point {label}"),
        values: values.to_vec(),
        protocol: "raft".to_owned(),
        heads: records.iter().map(|record| record.head.clone()).collect(),
        courses: records.iter().map(Course::of).collect(),
        reproduce: format!("rehearsal run x --seed 1 --point {label}"),
        failures: Vec::new(),
    }
}

/// A matrix of the given sizes in which every point has the same runs.
fn matrix(sizes: &[usize], records: &[Record]) -> Comparison {
    let axes = sizes.iter().enumerate().map(|(at, size)| Axis {
        key: format!("axis{at}.<key>"),
        values: (0..*size).map(|value| format!("{value}ms")).collect(),
    });
    let count: usize = sizes.iter().product();
    let values = |mut point: usize| {
        let mut values = Vec::new();
        for size in sizes.iter().rev() {
            values.push(point % size);
            point /= size;
        }
        values.reverse();
        values
    };
    let variants =
        (0..count).map(|at| variant(&(at + 1).to_string(), &values(at), records)).collect();
    Comparison {
        title: "A <matrix>".to_owned(),
        scenario: "test/matrix".to_owned(),
        version: "0.0.0".to_owned(),
        seeds: [1, 1 + records.len() as u64],
        axes: axes.collect(),
        variants,
        notes: vec!["The same & more.".to_owned()],
        warnings: Vec::new(),
        differences: Vec::new(),
        command: "rehearsal run x --seeds 1..3".to_owned(),
    }
}

/// The page, which is well formed and asks for nothing from anywhere.
#[track_caller]
fn page(compared: &Comparison) -> String {
    let page = comparison(compared);
    assert_eq!(page, comparison(compared), "the same bytes for the same comparison");
    for tag in markup::read(&page) {
        assert!(tag.name != "script", "no scripts");
        for (name, value) in &tag.attributes {
            let leads = ["src", "href", "xlink:href"].contains(&name.as_str());
            assert!(!leads || value.starts_with("data:") || value.starts_with('#'), "{value}");
        }
    }
    assert!(!page.contains("NaN") && !page.contains("inf "), "a number that is none");
    page
}

fn figures(page: &str) -> usize {
    page.matches("<figure").count()
}

#[test]
fn few_points_are_drawn_over_each_other() {
    let records = [records::leader_crash(), records::leader_crash()];
    let page = page(&matrix(&[3], &records));
    assert!(page.contains("<h2>Along axis0.&lt;key&gt;</h2>"), "{page}");
    // Four measures along the axis, three pictures over time, the percentiles.
    assert_eq!(figures(&page), 8);
    assert!(page.contains("lane-name"), "faults that all share are drawn");
    assert!(page.contains("point 3: axis0.&lt;key&gt; = 2ms"));
    assert!(page.contains("rehearsal run x --seed 1 --point 3"));
}

#[test]
fn many_points_are_drawn_beside_each_other_or_said_to_be_too_many() {
    let records = [records::leader_crash()];
    // Nine points in three groups of three, along the last axis in three lines.
    assert_eq!(figures(&page(&matrix(&[3, 3], &records))), 4 + 3 * 4);
    let many = page(&matrix(&[10, 10], &records));
    assert_eq!(figures(&many), 0);
    assert!(many.contains("100 points are too many to draw over each other"));
    assert!(many.contains("no axis has two values, or there are more lines than"));
    let long = page(&matrix(&[30], &records));
    assert_eq!(figures(&long), 4, "along the axis alone");
    assert_eq!(figures(&page(&matrix(&[1], &records))), 4, "over time alone");
}

#[test]
fn what_is_missing_is_told() {
    let mut empty = records::leader_crash();
    empty.head.latency_ns = Default::default();
    empty.head.operations = Default::default();
    empty.head.throughput_per_s = 0.0;
    empty.head.metrics.clear();
    empty.head.messages = Default::default();
    empty.series = Default::default();
    empty.latency_curve.clear();
    let nothing = page(&matrix(&[2], &[empty.clone()]));
    assert_eq!(figures(&nothing), 0);
    assert!(nothing.contains("Nothing was measured that could be drawn."));
    assert!(nothing.contains("There is nothing to draw: no operation succeeded"));
    let mut ended = empty;
    ended.head.virtual_ns = 0;
    page(&matrix(&[2], &[ended]));
    let mut later = records::leader_crash();
    for fault in &mut later.faults {
        fault.from_ns += 1;
    }
    let mut cut = matrix(&[2], &[records::leader_crash()]);
    cut.variants[0].courses.clear();
    let page_of_cut = page(&cut);
    assert!(page_of_cut.contains("runs that lasted to their end, at most 1 of each"));
    let differing = page(&matrix(&[2], &[records::leader_crash(), later]));
    assert!(differing.contains("Runs differ in when something went wrong"));
}

#[test]
fn what_did_not_pass_comes_with_its_line() {
    let mut record = records::leader_crash();
    record.head.verdict = Judgement::Fail;
    let mut compared = matrix(&[2], &[record]);
    compared.variants[1].failures.push(Failure {
        seed: 7,
        verdict: Judgement::Fail,
        what: "log_matching: <broken>".to_owned(),
        reproduce: "rehearsal run x --seed 7 --point 2".to_owned(),
    });
    let page = page(&compared);
    assert!(page.contains("log_matching: &lt;broken&gt;"));
    assert!(page.contains("rehearsal run x --seed 7 --point 2"));
    assert!(page.contains("✗ 1 failed") && page.contains("2 of 2 runs"), "{page}");
}

#[test]
fn differences_are_a_table_and_a_picture() {
    let records = [records::leader_crash()];
    let mut compared = matrix(&[2], &records);
    compared.axes.clear();
    for (variant, label) in compared.variants.iter_mut().zip(["A", "B"]) {
        variant.values.clear();
        variant.label = label.to_owned();
    }
    let difference = |name: &str, mean: f64, interval, verdict| Difference {
        name: name.to_owned(),
        unit: Unit::Span,
        pairs: 9,
        mean_a: 2e6,
        mean_b: 2e6 + mean,
        mean,
        interval,
        verdict,
    };
    let interval = |low, high| Some(Interval { low, high });
    compared.differences = vec![
        difference("p50", 1e5, interval(5e4, 2e5), Verdict::Higher),
        difference("p99", -1e5, interval(-3e5, 1e5), Verdict::NotDistinguishable),
        difference("max", 0.0, interval(0.0, 0.0), Verdict::Same),
        difference("far", 9e9, interval(1e9, 2e10), Verdict::Higher),
        Difference { mean_a: 0.0, ..difference("new", 1.0, None, Verdict::TooFew) },
    ];
    let page = page(&compared);
    assert!(page.contains("<g class=\"sure\"><title>p50: +5"), "{page}");
    assert!(page.contains("<g class=\"unsure\"><title>p99: −5"));
    assert!(page.contains("the same in every seed") && page.contains("too few seeds"));
    assert!(!page.contains("id=\"along\""));
    assert!(page.contains("A: point 1"));
}
