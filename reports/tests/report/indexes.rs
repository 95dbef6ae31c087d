//! The index over many runs: well-formed, in order, the same bytes, and text stays text.

use rehearsal_reports::index::{Index, Page, Run, Shelf, Sweep, Unreadable, index};
use rehearsal_reports::{is_page, report};
use rehearsal_sim::record::{Judgement, Record};

use crate::edges;
use crate::markup::read;
use crate::records::{leader_crash, reproduce, two_leaders};

fn run(record: &Record, seed: u64, folder: &str) -> Run {
    let mut head = record.head.clone();
    head.seed = seed;
    Run {
        folder: folder.to_owned(),
        report: Some(format!("{folder}/report.html")),
        head,
        reproduce: reproduce(record).run,
        is_latest: seed == 9,
    }
}

fn shelf(record: &Record, folder: &str) -> Shelf {
    let runs = [10, u64::MAX, 9].map(|seed| run(record, seed, &format!("{folder}/{seed}")));
    Shelf { folder: folder.to_owned(), runs: runs.to_vec(), ..Shelf::default() }
}

/// Every index the tests draw, by name.
pub(crate) fn all() -> Vec<(&'static str, Index)> {
    let mut mixed = Index::default();
    mixed.shelves.push(shelf(&leader_crash(), "b"));
    mixed.shelves.push(shelf(&two_leaders(), "c"));
    mixed.shelves[0].sweeps.push(Sweep {
        folder: "b/sweep-1".to_owned(),
        link: "b/sweep-1/sweep.json".to_owned(),
        seeds: "0..200".to_owned(),
        passed: Some(200),
        failed: Some(0),
        ..Sweep::default()
    });
    let unknown = Page {
        folder: "b/matrix-1".to_owned(),
        link: "b/matrix-1/report.html".to_owned(),
        ..Page::default()
    };
    let known = Page {
        folder: "d/compare-2".to_owned(),
        link: "d/compare-2/report.html".to_owned(),
        scenario: "raft/lossy".to_owned(),
        what: "raft/lossy, against raft/lossy with <b>raft.heartbeat=20ms".to_owned(),
        seeds: "0..20".to_owned(),
        passed: Some(39),
        failed: Some(1),
        inconclusive: Some(0),
    };
    mixed.shelves[0].pages.push(unknown);
    let compared = vec![known];
    mixed.shelves.push(Shelf { folder: "d".to_owned(), pages: compared, ..Shelf::default() });
    let why = "it ends too early; a part of it is missing".to_owned();
    mixed.unreadable.push(Unreadable { file: "b/5-0/record.json.gz".to_owned(), why });
    let every = edges::all();
    let runs = every.iter().zip(0..).map(|((name, record), seed)| run(record, seed, name));
    let every = Shelf { folder: "a".repeat(200), runs: runs.collect(), ..Shelf::default() };
    vec![
        ("index-mixed", mixed),
        ("index-edges", Index { shelves: vec![every], ..Index::default() }),
        ("index-empty", Index::default()),
    ]
}

#[test]
fn every_index_is_well_formed_and_has_relative_links() {
    for (name, found) in all() {
        let page = index(&found);
        assert!(is_page(page.as_bytes()), "{name}");
        let (text, script) = page.split_once("<script>").expect("one script");
        assert!(!script.contains("<script") && script.ends_with("</script></body></html>"));
        for tag in read(&format!("{text}</body></html>")) {
            assert!(!tag.attributes.keys().any(|key| key.starts_with("on")), "{name}: {tag:?}");
            let links = ["href", "src"].iter().filter_map(|key| tag.attributes.get(*key));
            for link in links.filter(|link| *link != "data:,") {
                assert!(!link.starts_with('/') && !link.contains(':'), "{name}: {link}");
            }
        }
        for banned in ["http://", "https://", "@import", "NaN"] {
            assert!(!page.contains(banned), "{name} contains {banned}");
        }
    }
}

#[test]
fn an_index_does_not_depend_on_what_was_found_first() {
    for (name, mut found) in all() {
        let page = index(&found);
        found.shelves.reverse();
        found.shelves.iter_mut().for_each(|shelf| shelf.runs.reverse());
        assert!(index(&found) == page, "{name}");
    }
}

#[test]
fn what_failed_stands_first() {
    let (_, mut found) = all().remove(0);
    found.shelves[0].runs[1].head.verdict = Judgement::Inconclusive;
    let page = index(&found);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    let order = ["c/9/", "c/10/", "b/18446744073709551615/", "b/9/", "b/10/"];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{order:?}");
}

#[test]
fn a_comparison_tells_what_it_is_and_whether_it_failed() {
    let (_, mut found) = all().remove(0);
    let page = index(&found);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    at("<h2>raft/lossy</h2>");
    assert!(at("in <code>d</code>") < at("in <code>b</code>"), "what failed is first");
    at("raft/lossy, against raft/lossy with &lt;b&gt;raft.heartbeat=20ms");
    at("1 with failures");
    found.shelves[2].pages[0].failed = Some(0);
    assert!(index(&found).contains("0 with failures"));
}

#[test]
fn only_our_pages_are_ours() {
    assert!(is_page(report(&leader_crash(), &reproduce(&leader_crash())).as_bytes()));
    for foreign in ["", "<html>", "<meta name=\"generator\" content=\"other\">"] {
        assert!(!is_page(foreign.as_bytes()), "{foreign}");
    }
}
