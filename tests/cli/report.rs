//! `report`: the same page again from the record, and one page over many runs.

use std::fs;

use crate::support::{Place, Said};

/// The folders of runs below `results`, as `<topic>-<name>/<seed>-<digest8>`.
fn runs(place: &Place) -> Vec<String> {
    let tree = place.tree("results");
    tree.iter().filter_map(|path| path.strip_suffix("/run.json")).map(str::to_owned).collect()
}

/// Asserts that a command is refused with a sentence and a cure.
#[track_caller]
fn refused(place: &Place, args: &[&str], what: &str) -> Said {
    let said = place.run(args).exits(2);
    assert!(said.err.starts_with("error: ") && said.err.contains("\nhelp: "), "{}", said.err);
    assert!(said.err.contains(what), "{args:?}\n{}", said.err);
    assert_eq!(said.out, "", "{args:?}");
    said
}

#[test]
fn a_page_is_drawn_again_byte_for_byte() {
    let place = Place::new();
    place.run(&["run", "ping.toml"]).exits(0);
    place.run(&["run", "ping.toml", "--bug", "stale-answer"]).exits(1);
    place.run(&["run", "raft.toml", "--check-budget", "1"]).exits(3);
    let runs = runs(&place);
    assert_eq!(runs.len(), 3);
    for run in runs {
        let folder = format!("results/{run}");
        let page = format!("{folder}/report.html");
        let drawn = place.read(&page);
        fs::remove_file(place.path(&page)).unwrap();
        let said = place.run(&["report", &folder]).exits(0);
        assert_eq!(said.out, format!("report        {page}\n"));
        assert!(place.read(&page) == drawn, "{run} is drawn otherwise");
        assert!(place.run(&["report", &folder, "--out", "-"]).exits(0).out == drawn);
        place.run(&["report", &format!("{folder}/record.json.gz"), "--out", "my.html"]).exits(0);
        assert!(place.read("my.html") == drawn);
    }
    assert_eq!(place.tree("results").iter().filter(|path| path.contains(".tmp")).count(), 0);
}

#[test]
fn latest_is_a_folder_even_where_it_is_a_file() {
    let place = Place::new();
    place.run(&["run", "ping.toml"]).exits(0);
    let run = runs(&place).remove(0);
    let (shelf, leaf) = run.split_once('/').unwrap();
    let latest = format!("results/{shelf}/latest");
    let drawn = place.run(&["report", &latest, "--out", "-"]).exits(0).out;
    fs::remove_file(place.path(&latest)).unwrap();
    place.write(&latest, leaf);
    assert!(place.run(&["report", &latest, "--out", "-"]).exits(0).out == drawn);
    place.write(&latest, "nowhere");
    refused(&place, &["report", &latest], "latest is a file");
}

/// Runs that passed, failed and could not be judged, a sweep and a matrix.
fn library() -> Place {
    let place = Place::new();
    for seed in ["10", "9"] {
        place.run(&["run", "ping.toml", "--seed", seed]).exits(0);
    }
    place.run(&["run", "ping.toml", "--seed", "11", "--bug", "stale-answer"]).exits(1);
    place.run(&["run", "raft.toml", "--check-budget", "1"]).exits(3);
    let shelf = runs(&place)[0].split_once('/').unwrap().0.to_owned();
    let sweep = r#"{"scenario":"ping.toml","seeds":[0,200],"passed":198,"failed":0,"more":[]}"#;
    place.write(&format!("results/{shelf}/sweep-ab12/sweep.json"), sweep);
    place.write(&format!("results/{shelf}/matrix-77/report.html"), "<p>a matrix");
    place
}

/// Where the links of a page lead.
fn links(page: &str) -> Vec<&str> {
    let links = page.split("<a href=\"").skip(1);
    links.map(|rest| rest.split_once('"').unwrap().0).collect()
}

#[test]
fn an_index_links_every_result_and_tells_failures_first() {
    let place = library();
    let said = place.run(&["report", "results"]).exits(0);
    assert_eq!(
        (said.out.as_str(), said.err.as_str()),
        ("index         results/index.html (4 runs, 1 sweep, 1 comparison)\n", "")
    );
    let page = place.read("results/index.html");
    let (files, places): (Vec<&str>, Vec<&str>) =
        links(&page).into_iter().partition(|link| !link.starts_with('#'));
    assert_eq!(files.len(), 6, "{files:?}");
    for link in files {
        assert!(!link.starts_with('/') && !link.contains(':'), "{link}");
        assert!(place.path("results").join(link).exists(), "{link}");
    }
    assert_eq!(places, ["#shelf-1", "#shelf-2"]);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in the index"));
    let order = [
        "ping.toml --seed 11 --bug stale-answer",
        "ping.toml --seed 9<",
        "ping.toml --seed 10<",
        "raft.toml --seed 1 ",
    ];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "failures, then seeds");
    assert!(page.contains("<strong>answers_match</strong>: "));
    assert!(page.contains("0..200") && page.contains("198"));
    for banned in ["http://", "https://", "src=", "@import"] {
        assert!(!page.contains(banned), "{banned}");
    }
}

#[test]
fn an_index_is_the_same_wherever_its_folder_is() {
    let place = library();
    place.run(&["report", "results"]).exits(0);
    let page = place.read("results/index.html");
    place.run(&["report", "results"]).exits(0);
    assert!(place.read("results/index.html") == page, "a second look finds the same");
    fs::create_dir(place.path("moved")).unwrap();
    fs::rename(place.path("results"), place.path("moved/elsewhere")).unwrap();
    place.run(&["report", "moved/elsewhere"]).exits(0);
    assert!(place.read("moved/elsewhere/index.html") == page);

    place.run(&["report", "moved/elsewhere", "--out", "all.html"]).exits(0);
    let all = place.read("all.html");
    for link in links(&all).into_iter().filter(|link| !link.starts_with('#')) {
        assert!(link.starts_with("moved/elsewhere/") && place.path(link).exists(), "{link}");
    }
    place.run(&["report", "moved", "--out", "moved/elsewhere/up.html"]).exits(0);
    assert!(
        links(&place.read("moved/elsewhere/up.html"))
            .iter()
            .any(|link| link.starts_with("../elsewhere/"))
    );
}

#[test]
fn a_result_that_can_not_be_read_is_told_and_the_others_are_shown() {
    let place = library();
    let runs = runs(&place);
    let record = format!("results/{}/record.json.gz", runs[0]);
    let bytes = fs::read(place.path(&record)).unwrap();
    place.write(&record, &bytes[..bytes.len() / 2]);
    // The page of an older version is there, the record is not.
    fs::remove_file(place.path(&format!("results/{}/record.json.gz", runs[1]))).unwrap();
    let said = place.run(&["report", "results"]).exits(0);
    assert_eq!(said.out, "index         results/index.html (3 runs, 1 sweep, 1 comparison)\n");
    assert!(
        said.err.starts_with("1 file could not be read, and the page says so; "),
        "{}",
        said.err
    );
    assert!(place.read("results/index.html").contains("it ends too early"));

    refused(&place, &["report", &format!("results/{}", runs[0])], "it ends too early");
    refused(&place, &["report", &format!("results/{}", runs[1])], "has no record.json.gz");
}

#[test]
fn comparisons_tell_on_the_index_what_they_are_and_whether_they_failed() {
    let place = Place::new();
    let bugs = ["run", "ping.toml", "--matrix", "bug=stale-answer,[]", "--seeds", "0..3"];
    place.run(&bugs).exits(1);
    let against = ["compare", "ping.toml", "--set-b", "network.loss=0.1", "--seeds", "0..2"];
    place.run(&against).exits(0);
    let said = place.run(&["report", "results"]).exits(0);
    assert_eq!(said.out, "index         results/index.html (2 comparisons)\n");
    let page = place.read("results/index.html");
    for told in ["1 with failures", "2 points: bug", "ping.toml, against ping.toml with network"] {
        assert!(page.contains(told), "{told}");
    }
    for cell in ["<h2>ping.toml</h2>", ">0..3</td>", ">0..2</td>", "data-key=\"3\">3</td>"] {
        assert!(page.contains(cell), "{cell}");
    }
    place.run(&["sweep", "ping.toml", "--seeds", "0..2"]).exits(0);
    for name in place.tree("results").iter().filter_map(|name| name.strip_suffix(".json")) {
        let folder = format!("results/{}", name.rsplit_once('/').unwrap().0);
        let said = refused(&place, &["report", &folder], "which keep no record to draw from");
        assert!(said.err.contains("look at its "), "{}", said.err);
        assert!(!place.path(&folder).join("index.html").exists());
    }
}

#[test]
fn what_is_no_result_is_refused() {
    let place = library();
    place.write("empty/nothing.txt", "");
    place.write("foreign/record.json.gz", "no archive");
    place.write("above/foreign/record.json.gz", "no archive");
    place.write("site/index.html", "<h1>my own page</h1>");
    refused(&place, &["report", "missing"], "there is no folder missing");
    refused(&place, &["report", "ping.toml"], "ping.toml is a file");
    refused(&place, &["report", "empty"], "there are no results in empty");
    refused(&place, &["report", "foreign"], "not packed with gzip");
    refused(&place, &["report", "above"], "no result in above can be read");
    assert!(!place.path("above/index.html").exists() && !place.path("empty/index.html").exists());

    refused(&place, &["report", "results", "--out", "ping.toml"], "there is another file");
    refused(&place, &["report", "results", "--out", "empty"], "it is a folder");
    refused(&place, &["report", "results", "--out", "no/such/place.html"], "no such file");
    fs::rename(place.path("results"), place.path("site/results")).unwrap();
    refused(&place, &["report", "site"], "there is another file");
    assert_eq!(place.read("site/index.html"), "<h1>my own page</h1>");
    place.run(&["report", "site", "--out", "site/all.html"]).exits(0);
}
