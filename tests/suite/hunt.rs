//! Planted bugs: the table of the last hunt is still true.

use std::collections::BTreeMap;

use rehearsal::protocols::catalog::CATALOG;
use rehearsal::scenarios::{Request, load};
use rehearsal::sim::plan::Watch;
use rehearsal::sim::record::ViolationKind;
use serde_json::Value;

use crate::support::{plan_of, root};

/// `rehearsal hunt --out docs` wrote it.
fn rows() -> BTreeMap<String, Value> {
    let path = root().join("docs/planted-bugs.json");
    let text = std::fs::read_to_string(&path).expect("`rehearsal hunt --out docs` writes it");
    let table: Value = serde_json::from_str(&text).expect("it is JSON");
    let rows = table["rows"].as_array().expect("it has rows").iter();
    rows.map(|row| (row["bug"].as_str().expect("a name").to_owned(), row.clone())).collect()
}

/// Each bug has a row, and the first seed of its row finds it: the property that is told is broken.
#[test]
fn the_first_seed_of_every_planted_bug_still_finds_it() {
    let rows = rows();
    let (mut replayed, mut missed) = (0, Vec::new());
    // A protocol may be there with several machines: its bugs are hunted with the first one.
    let mut slugs = std::collections::BTreeSet::new();
    for (entry, bug) in
        CATALOG.iter().flat_map(|entry| (entry.bugs)().into_iter().map(move |bug| (entry, bug)))
    {
        let slug = bug.slug;
        if !slugs.insert(slug) {
            continue;
        }
        let row = rows.get(slug).unwrap_or_else(|| {
            panic!("{slug} of {} has no row in docs/planted-bugs.json", entry.name)
        });
        let word = |key: &str| row[key].as_str().unwrap_or_else(|| panic!("{slug}: no {key}"));
        let Some(seed) = row["first_seed"].as_u64() else {
            // Listed as not found, or as never reached, which must stay rare.
            assert_ne!(row["outcome"], "found", "{slug}");
            missed.push(slug);
            continue;
        };
        let planted = [slug.to_owned()];
        let request = Request { bug: &planted, ..Request::of(word("scenario")) };
        let loaded = load(&request, CATALOG)
            .unwrap_or_else(|report| panic!("{slug}\n{}", report.render(false)));
        let record = (entry.run)(&plan_of(&loaded, seed), seed, &Watch::QUIET);
        let broken: Vec<&str> = record
            .head
            .violations
            .iter()
            .filter(|found| found.kind != ViolationKind::Expectation)
            .map(|found| found.property.as_str())
            .collect();
        let caught_by = row["caught_by"].as_array().expect("a list").iter();
        let known: Vec<&str> = caught_by.filter_map(|one| one[0].as_str()).collect();
        assert!(!broken.is_empty(), "seed {seed} does not find {slug} any more: hunt it again");
        assert!(
            broken.iter().all(|property| known.contains(property)),
            "{slug} with seed {seed} breaks {broken:?}, and the row knows of {known:?}"
        );
        replayed += 1;
    }
    assert_eq!(replayed + missed.len(), rows.len(), "a row without a bug: {:?}", rows.keys());
    assert!(replayed >= 80, "{replayed} bugs are found");
    assert!(missed.len() * 7 <= rows.len(), "too many are not found: {missed:?}");
}
