//! What a page promises: the same bytes, well-formed, self-contained, small, and true.

use rehearsal_reports::{plot, report};
use rehearsal_sim::record::{FaultBand, Measured, Record, RowKind, ViolationKind};

use crate::edges;
use crate::markup::{Tag, read};
use crate::records::{SECOND, leader_crash, many_kinds, not_linearizable, reproduce, two_leaders};

fn page(record: &Record) -> String {
    report(record, &reproduce(record))
}

fn number(tag: &Tag, key: &str) -> f64 {
    tag.attributes[key].parse().unwrap()
}

#[test]
fn equal_records_give_equal_bytes() {
    for (name, record) in edges::all() {
        assert_eq!(page(&record), page(&record.clone()), "{name}");
    }
}

#[test]
fn a_record_read_from_disk_gives_the_same_page() {
    for record in [leader_crash(), two_leaders(), many_kinds()] {
        let text = serde_json::to_string(&record).unwrap();
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(page(&read), page(&record));
    }
}

#[test]
fn every_page_is_well_formed_self_contained_and_small() {
    for (name, record) in edges::all() {
        let page = page(&record);
        let tags = read(&page);
        assert!(page.len() < 500_000, "{name} has {} bytes", page.len());
        let network = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for banned in ["http://", "https://", "<script", "@import", "src=\"", "onload=x>"] {
            assert!(!network.contains(banned), "{name} contains {banned}");
        }
        for tag in &tags {
            let has = |key| tag.attributes.contains_key(key);
            assert!(!tag.attributes.keys().any(|key| key.starts_with("on")), "{name}: {tag:?}");
            if tag.name == "svg" {
                assert!(has("aria-label") || has("aria-hidden"), "{name}: {tag:?}");
            }
        }
        for broken in ["NaN", "inf\"", "-inf"] {
            assert!(!page.contains(broken), "{name} contains {broken}");
        }
    }
}

#[test]
fn every_plot_says_something_about_every_record() {
    for (name, record) in edges::all() {
        let page = page(&record);
        for plot in plot::ALL {
            let (_, section) = page.split_once(&format!("<section id=\"{}\">", plot.name)).unwrap();
            let (section, _) = section.split_once("</section>").unwrap();
            let said = section.contains("<figcaption>") || section.contains("class=\"nothing\"");
            assert!(said, "{name}: {}", plot.name);
        }
    }
}

#[test]
fn hostile_text_stays_text() {
    let (_, record) = edges::all().into_iter().find(|(name, _)| *name == "hostile").unwrap();
    assert!(page(&record).contains("&lt;script&gt;alert(&quot;1&quot; &amp; '2')&lt;/script&gt;"));
}

#[test]
fn bands_begin_and_end_with_their_faults() {
    let record = many_kinds();
    let end = record.head.virtual_ns;
    let page = page(&record);
    for plot in ["throughput", "latency", "standings"] {
        let (_, section) = page.split_once(&format!("<section id=\"{plot}\">")).unwrap();
        let (section, _) = section.split_once("</section>").unwrap();
        bands_match(&read(&format!("<!DOCTYPE html>{section}")), &record.faults, end);
    }
}

fn bands_match(tags: &[Tag], faults: &[FaultBand], end: u64) {
    // The plotting area, from the ticks that plotters drew at 0 s and 20 s.
    let tick = |text: &str| {
        let is_it = |tag: &&Tag| tag.name == "text" && tag.text.trim() == text;
        number(tags.iter().find(is_it).unwrap(), "x")
    };
    let (x0, x1) = (tick("0\u{a0}s"), tick("20\u{a0}s"));
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let x = |ns: u64| x0 + (x1 - x0) * (ns as f64) / ((20 * SECOND) as f64);
    let titles: Vec<usize> = (0..tags.len()).filter(|i| tags[*i].name == "title").collect();
    for fault in faults {
        let start = format!("{} {}: ", fault.kind, fault.label).replace('>', "&gt;");
        let title = titles.iter().find(|i| tags[**i].text.starts_with(&start)).unwrap();
        let bar = &tags[title - 1];
        assert!(bar.attributes["class"].starts_with("fault "), "{bar:?}");
        let (from, to) = (number(bar, "x"), number(bar, "x") + number(bar, "width"));
        let until = x(fault.to_ns.unwrap_or(end)).max(from + 2.0);
        assert!((from - x(fault.from_ns)).abs() < 0.15, "{fault:?} begins at {from}");
        assert!((to - until).abs() < 0.15, "{fault:?} ends at {to}, not {until}");
        // The pale band covers at least the bar, and begins with one of them.
        let covers = |tag: &&Tag| {
            tag.attributes.get("class").is_some_and(|class| class.starts_with("band "))
                && number(tag, "x") <= from + 0.05
                && number(tag, "x") + number(tag, "width") >= to - 0.15
        };
        assert!(tags.iter().any(|tag| covers(&tag)), "{fault:?} has no band");
    }
}

#[test]
fn labels_in_lanes_never_overlap() {
    for (name, record) in edges::all() {
        let tags = read(&page(&record));
        let mut rows = std::collections::BTreeMap::<(usize, String), Vec<f64>>::new();
        let mut picture = 0;
        for tag in &tags {
            picture += usize::from(tag.name == "svg");
            if tag.attributes.get("class").is_some_and(|class| class == "lane-label") {
                let row = (picture, tag.attributes["y"].clone());
                let width =
                    11.5 * 0.3 * f64::from(u32::try_from(tag.text.chars().count()).unwrap());
                let ends = rows.entry(row).or_default();
                let x = number(tag, "x");
                assert!(ends.last().is_none_or(|end| *end <= x), "{name}: {}", tag.text);
                ends.push(x + width);
            }
        }
    }
}

#[test]
fn a_failing_run_tells_its_story() {
    let record = two_leaders();
    let page = page(&record);
    let story = [
        "✗",
        "election-safety",
        "§5.2",
        "at 5.234118s on n4, n5",
        "can not be placed",
        "n4-&gt;n1 RequestVote#2",
        "The last 10\u{a0}steps",
        "rehearsal run raft/leader-crash --seed 7",
        "38\u{a0}112\u{a0}rows of the trace are left out; kept are the rows around the first fault and \
         the last rows of the run.",
        "could not be judged",
    ];
    for part in story {
        assert!(page.contains(part), "the page lacks {part}");
    }
    assert!(!page.contains("too old to be shown"));
}

#[test]
fn sample_counts_stand_under_the_percentiles() {
    assert!(page(&leader_crash()).contains("9\u{a0}966\u{a0}samples; 99 beyond p99."));
}

/// The value of the tile or metric of a name.
fn named_value(page: &str, name: &str) -> Option<String> {
    let (_, after) = page.split_once(&format!("<dt>{name}</dt><dd>"))?;
    let (value, _) = after.trim_start_matches("<span class=\"value\">").split_once('<')?;
    Some(value.replace('\u{a0}', " "))
}

#[test]
fn unavailability_is_the_one_of_the_whole_run() {
    let mut record = leader_crash();
    record.head.expectations[1].expect = "unavailable_at_most = \"1s\" during 8s .. 20s".to_owned();
    record.head.expectations[1].measured = "12ms".to_owned();
    record.head.metrics.insert("unavailable_ns".into(), 253_900_000);
    assert_eq!(named_value(&page(&record), "unavailable").as_deref(), Some("254 ms"));
    record.head.metrics.remove("unavailable_ns");
    assert_eq!(named_value(&page(&record), "unavailable"), None);
}

#[test]
fn metrics_in_nanoseconds_are_times() {
    let mut record = leader_crash();
    record.head.metrics.insert("wait_ns_max".into(), 7_000_000);
    record.head.metrics.insert("columns".into(), 7_000_000);
    let page = page(&record);
    assert_eq!(named_value(&page, "time_to_elect_max_ns").as_deref(), Some("231 ms"));
    assert_eq!(named_value(&page, "wait_ns_max").as_deref(), Some("7 ms"));
    assert_eq!(named_value(&page, "columns").as_deref(), Some("7 000 000"));
}

#[test]
fn faults_that_found_nobody_are_told() {
    let mut record = leader_crash();
    for (missed, told) in [
        (0, None),
        (1, Some("1\u{a0}fault found nobody to hit.")),
        (3, Some("3\u{a0}faults found nobody to hit.")),
    ] {
        record.head.metrics.insert("faults_missed".into(), missed);
        let page = page(&record);
        assert_eq!(page.contains("found nobody to hit"), told.is_some());
        assert!(told.is_none_or(|told| page.contains(told)));
    }
}

#[test]
fn steps_say_their_kind_once() {
    let mut record = two_leaders();
    let mut rows = record.trace.to_rows();
    let from = rows.len() - 7;
    let texts = [
        (RowKind::Timer, "timer Retry(65) rings"),
        (RowKind::Call, "call 666: put(k3, 1)"),
        (RowKind::Reply, "call 665 ends: 4"),
        (RowKind::Boot, "boots again, with 1 record on disk"),
        (RowKind::Note, "noteworthy"),
        (RowKind::Send, "sends are told apart by their address"),
    ];
    for (row, (kind, text)) in rows[from..].iter_mut().zip(texts) {
        (row.kind, row.text, row.node) = (kind, text.to_owned(), Some(0));
        row.address.clear();
    }
    rows[from + 5].address = "n1->n2 Ping".to_owned();
    record.trace = rows.into_iter().collect();
    let page = page(&record);
    for (_, text) in &texts[..4] {
        assert!(page.contains(&format!("<td class=\"step\">{text}</td>")), "{text}");
    }
    assert!(page.contains("<span class=\"kind\">note</span> noteworthy"));
    assert!(page.contains("<span class=\"kind\">send</span> <span class=\"address\">"));
}

#[test]
fn what_was_measured_at_the_end_or_told_already_has_no_last_steps() {
    for (kind, shown) in [
        (ViolationKind::Safety, true),
        (ViolationKind::Panic, true),
        (ViolationKind::Expectation, false),
        (ViolationKind::Liveness, false),
        // The explanation of where two runs part tells the steps of both.
        (ViolationKind::Nondeterminism, false),
    ] {
        let mut record = two_leaders();
        record.head.violations[0].kind = kind;
        let page = page(&record);
        assert_eq!(page.contains("The last 10\u{a0}steps"), shown, "{kind:?}");
        assert_eq!(page.contains("of the trace are left out"), shown, "{kind:?}");
        assert!(page.contains("rehearsal replay raft/leader-crash --seed 7"));
    }
}

#[test]
fn a_long_sentence_is_told_once() {
    let record = not_linearizable();
    let sentence = &record.head.violations[0].message;
    assert_eq!(page(&record).matches(sentence.as_str()).count(), 1);
    assert!(page(&record).contains("… <a href=\"#violation\">in full above</a>"));
    // Where the violations do not tell it, the table does.
    let mut alone = record.clone();
    alone.head.violations.clear();
    assert_eq!(page(&alone).matches(sentence.as_str()).count(), 1);
    assert!(!page(&alone).contains("in full above"));
}

#[test]
fn expected_metrics_in_nanoseconds_are_times() {
    let mut record = leader_crash();
    let expect = "metric.time_to_elect_max_ns = { max = 300000000 }".to_owned();
    let measured = "231400000".to_owned();
    record.head.expectations = vec![Measured { expect, measured, holds: Some(true) }];
    assert!(page(&record).contains("<td>231\u{a0}ms</td>"));
}

fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, section) = page.split_once(&format!("<section id=\"{name}\">")).unwrap();
    section.split_once("</section>").unwrap().0
}

fn sample(wanted: &str) -> Record {
    edges::all().into_iter().find(|(name, _)| *name == wanted).unwrap().1
}

#[test]
fn zero_has_no_place_on_a_logarithmic_axis() {
    let zero = page(&sample("zero-latencies"));
    let some = page(&sample("some-zero-latencies"));
    for plot in ["latency", "percentiles"] {
        assert!(section(&zero, plot).contains("All latencies are zero"), "{plot}");
        assert!(!section(&zero, plot).contains("<svg"), "{plot}");
        let section = section(&some, plot);
        assert!(section.contains("Latencies of zero stand at the foot"), "{plot}");
        assert!(!section.contains("1\u{a0}ns"), "{plot}");
    }
}

#[test]
fn labels_stay_within_bars_that_hold_text() {
    let page = page(&sample("narrow-bands"));
    let tags = read(&format!("<!DOCTYPE html>{}", section(&page, "throughput")));
    let bars: Vec<_> = (0..tags.len())
        .filter(|i| tags[*i].attributes.get("class").is_some_and(|c| c.starts_with("fault ")))
        .map(|i| (number(&tags[i], "x"), number(&tags[i], "width"), &tags[i + 1].text))
        .collect();
    let mut shortened = 0;
    for i in 0..tags.len() {
        let label = &tags[i];
        if label.attributes.get("class").is_none_or(|class| class != "lane-label") {
            continue;
        }
        let start = number(label, "x");
        if label.text.ends_with('…') {
            shortened += 1;
            let whole = &tags[i - 1];
            assert_eq!(whole.name, "title", "{label:?}");
            let (x, width, _) = bars.iter().find(|(.., title)| *title == &whole.text).unwrap();
            assert!(*x < start && start < x + width, "{label:?}");
        } else {
            // Beside a bar, not across its edge.
            let end = start + 4.0 * f64::from(u32::try_from(label.text.len()).unwrap());
            let across =
                |(x, width, _): &&(f64, f64, &String)| start < *x + width && *x + width < end;
            let own =
                bars.iter().find(|bar| bar.2.contains(&format!(" {}:", label.text)) && across(bar));
            assert!(own.is_none(), "{label:?} {own:?}");
        }
    }
    assert_eq!(shortened, 3);
}
