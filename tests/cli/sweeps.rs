//! `rehearsal sweep`: what it tells of many seeds, and what it writes.

use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::support::{Place, repository};

/// A planted bug that few seeds show; the lowest of `HUNTED` is `LOWEST`.
const BUG: &str = "tests/found/vote-not-persisted.toml";
const HUNTED: &str = "39050..39150";
const LOWEST: u64 = 39_101;

fn found(place: &Place) {
    place.write("bug.toml", std::fs::read(repository().join(BUG)).unwrap());
}

/// Names and values of all elements, after a look whether they nest.
fn xml(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut elements, mut open) = (Vec::new(), 0);
    loop {
        let event = reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}"));
        open +=
            i32::from(matches!(event, Event::Start(_))) - i32::from(matches!(event, Event::End(_)));
        match event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                let own = str::to_owned;
                let attributes = tag.attributes().map(|attribute| {
                    let attribute = attribute.expect("an attribute");
                    (own(attribute.key.as_ref()), own(&attribute.value))
                });
                elements.push((own(tag.name().as_ref()), attributes.collect()));
            }
            _ => {}
        }
    }
    assert_eq!(open, 0, "{text}");
    elements
}

#[test]
fn everything_written_is_the_same_with_any_number_of_threads() {
    let sweep = |jobs: &str| {
        let place = Place::new();
        place.write("old/bug.toml", "");
        found(&place);
        let args = ["sweep", "bug.toml", "--seeds", HUNTED, "--jobs", jobs, "--junit", "j.xml"];
        let text = place.run(&args).exits(1).same_everywhere();
        let json = place.run(&[&args[..], &["--json", "--resume"]].concat()).exits(1);
        let [file] = &place
            .tree("results")
            .into_iter()
            .filter(|path| path.ends_with("sweep.json"))
            .collect::<Vec<_>>()[..]
        else {
            panic!("one sweep.json: {:?}", place.tree("results"))
        };
        assert_eq!(place.read(&format!("results/{file}")), json.out);
        (text, json.same_everywhere(), place.read("j.xml"))
    };
    let one = sweep("1");
    for jobs in ["2", "7"] {
        assert!(sweep(jobs) == one, "{jobs} threads tell something else");
    }
    let (tables, _) = one.0.split_once("\nseed ").expect("a failure below the tables");
    assert!(tables.lines().all(|line| line.chars().count() <= 100), "{tables}");
}

#[test]
fn the_statistics_are_those_of_the_runs() {
    let place = Place::new();
    let swept = place.run(&["sweep", "raft.toml", "--seeds", "3..10", "--json"]).exits(0).json();
    let run = |seed: u64| place.run(&["run", "raft.toml", "--json", "--seed", &seed.to_string()]);
    let runs: Vec<Value> = (3..10).map(|seed| run(seed).exits(0).json()).collect();
    let digests: Vec<&Value> = runs.iter().map(|run| &run["digest"]).collect();
    assert_eq!(swept["digests"], json!(digests));
    let compare = |list: &str, name: &str, of: &dyn Fn(&Value) -> i64| {
        let mut values: Vec<i64> = runs.iter().map(of).collect();
        let most = *values.iter().max().unwrap();
        let seed = 3 + values.iter().position(|value| *value == most).unwrap();
        values.sort_unstable();
        let band = swept[list].as_array().unwrap().iter().find(|band| band["name"] == name);
        let Some(band) = band else {
            assert_eq!(values, [0; 7], "{name} is left out only where it is zero");
            return;
        };
        // Nearest rank of seven: the first, the fourth and the seventh.
        let told = ["least", "p5", "median", "p95", "most"].map(|key| band[key].as_i64().unwrap());
        assert_eq!(told, [values[0], values[0], values[3], values[6], values[6]], "{name}");
        let seed = if most == 0 { Value::Null } else { json!(seed) };
        assert_eq!((&band["runs"], &band["most_seed"]), (&json!(7), &seed), "{name}");
    };
    compare("measures", "p99_ns", &|run| run["latency_ns"]["p99"].as_i64().unwrap());
    compare("measures", "max_ns", &|run| run["latency_ns"]["max"].as_i64().unwrap());
    compare("measures", "operations_failed", &|run| run["operations"]["failed"].as_i64().unwrap());
    compare("measures", "unavailable_ns", &|run| {
        run["metrics"]["unavailable_ns"].as_i64().unwrap()
    });
    for name in ["elections", "redirects", "crashes", "leaders_max"] {
        compare("metrics", name, &|run| run["metrics"][name].as_i64().unwrap());
    }
    let latency = |run: &Value| run["latency_ns"]["count"].as_u64().unwrap();
    assert_eq!(swept["latency_ns"]["count"], json!(runs.iter().map(latency).sum::<u64>()));
    for probe in swept["probes"].as_array().unwrap() {
        let hits = |run: &Value| run["metrics"][probe["name"].as_str().unwrap()].as_i64().unwrap();
        assert_eq!(probe["hits"], json!(runs.iter().map(hits).sum::<i64>()), "{probe}");
        assert_eq!(probe["seeds"], json!(runs.iter().filter(|run| hits(run) > 0).count()));
    }
}

#[test]
fn probes_are_metrics_and_one_that_is_never_hit_stands_out() {
    let place = Place::new();
    place.write(
        "late.toml",
        "protocol = \"ping\"\nduration = \"5s\"\n[network]\nlatency = \"80ms..130ms\"\n\
         [workload]\nrate = \"20/s\"\n[[expect]]\nmetric.late_pong = { min = 1 }\n",
    );
    let said = place.run(&["sweep", "late.toml", "--seeds", "0..4"]).exits(0);
    assert!(said.out.contains("\nprobes (1 of 1 hit)"), "{}", said.out);
    let said = place.run(&["sweep", "ping.toml", "--seeds", "0..4"]).exits(0);
    let line = said.out.lines().find(|line| line.starts_with("late_pong")).unwrap();
    assert!(line.trim_end().ends_with("never hit"), "{}", said.out);
}

/// Each of Raft's probes stands where its situation is: bad days reach them all. When draws change and
/// these seeds miss one, look for others.
#[test]
fn every_probe_of_raft_can_be_hit() {
    let place = Place::new();
    let mut hits = std::collections::BTreeMap::new();
    // Reads under a lease, and voters that change, have days of their own.
    let days =
        [("raft/swarm", "0..120"), ("raft/lease-swarm", "0..30"), ("raft/members-change", "0..3")];
    for (swarm, seeds) in days {
        let json = place.run(&["sweep", swarm, "--seeds", seeds, "--json"]).exits(0).json();
        for probe in json["probes"].as_array().unwrap() {
            let name = probe["name"].as_str().unwrap().to_owned();
            *hits.entry(name).or_insert(0) += probe["seeds"].as_u64().unwrap();
        }
    }
    assert!(hits.len() >= 8, "{hits:?}");
    // No day has a change of the voters right behind an election.
    assert_eq!(hits.remove("change_held_back"), Some(0));
    assert!(hits.values().all(|seeds| *seeds > 0), "{hits:?}");
}

#[test]
fn probes_have_names_of_their_own() {
    for entry in rehearsal::protocols::catalog::CATALOG {
        let names = entry.probes.iter().map(|probe| probe.name);
        let world = rehearsal::sim::catalog::WORLD_METRICS;
        let mut all: Vec<&str> = names.chain(entry.metrics.iter().chain(world).copied()).collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "{}: {all:?}", entry.name);
    }
}

#[test]
fn fail_fast_ends_with_the_lowest_failing_seed() {
    let sweep = |args: &[&str]| {
        let place = Place::new();
        found(&place);
        let args = [&["sweep", "bug.toml", "--seeds", HUNTED, "--fail-fast"], args].concat();
        let text = place.run(&args).exits(1).same_everywhere();
        // What is known already changes nothing.
        let again = place.run(&[&args[..], &["--resume"]].concat()).exits(1);
        assert_eq!(again.same_everywhere(), text);
        let json = place.run(&[&args[..], &["--json", "--resume"]].concat()).exits(1).json();
        assert_eq!(json["seeds"], json!([39_050, LOWEST + 1]));
        assert_eq!(json["asked"], json!([39_050, 39_150]));
        assert_eq!((&json["failed"], &json["passed"]), (&json!(1), &json!(LOWEST - 39_050)));
        assert_eq!(json["failed_seeds"], json!([LOWEST]));
        text
    };
    let one = sweep(&["--jobs", "1"]);
    assert!(one.contains(&format!("seeds 39050..{}\n", LOWEST + 1)), "{one}");
    assert!(one.contains("\nended by its first failure; 39050..39150 was asked for\n"), "{one}");
    for jobs in ["2", "3", "8"] {
        assert_eq!(sweep(&["--jobs", jobs]), one, "{jobs} threads");
    }
}

#[test]
fn junit_tells_every_failure_and_every_seed() {
    let place = Place::new();
    found(&place);
    let nasty = "title=<a> & \"b\" ' ü";
    let args = ["sweep", "bug.toml", "--seeds", "39095..39107", "--junit", "found.xml"];
    place.run(&[&args[..], &["--set", nasty]].concat()).exits(1);
    let elements = xml(&place.read("found.xml"));
    let named = |name: &str| elements.iter().filter(|element| element.0 == name).count();
    assert_eq!((named("testcase"), named("failure"), named("error")), (12, 1, 0));
    let suite = &elements.iter().find(|element| element.0 == "testsuite").unwrap().1;
    let has = |key: &str, value: &str| suite.contains(&(key.to_owned(), value.to_owned()));
    assert!(has("tests", "12") && has("failures", "1") && has("name", "bug.toml"), "{suite:?}");
    let failure = &elements.iter().find(|element| element.0 == "failure").unwrap().1;
    assert_eq!(failure[0], ("type".to_owned(), "one_vote".to_owned()));
    assert!(!failure[1].1.is_empty());
    let text = place.read("found.xml");
    assert!(text.contains(&format!("reproduce: rehearsal run bug.toml --seed {LOWEST} --set")));

    // What could not be judged is an error, and many that pass are told in blocks.
    let args = ["sweep", "raft.toml", "--seeds", "0..2", "--check-budget", "1", "--junit", "2.xml"];
    place.run(&args).exits(3);
    let elements = xml(&place.read("2.xml"));
    assert_eq!(elements.iter().filter(|element| element.0 == "error").count(), 2);
    place.write("tiny.toml", "protocol = \"ping\"\nduration = \"1ms\"\n");
    place.run(&["sweep", "tiny.toml", "--seeds", "7..2300", "--junit", "3.xml"]).exits(0);
    let elements = xml(&place.read("3.xml"));
    let names: Vec<&str> = elements.iter().skip(2).map(|case| case.1[1].1.as_str()).collect();
    assert_eq!(
        names,
        [
            "seeds 7..1007: 1000 passed",
            "seeds 1007..2007: 1000 passed",
            "seeds 2007..2300: 293 passed"
        ]
    );
}

/// The only sweep.json there is, moved away so that later ones do not replace it.
fn keep(place: &Place, name: &str) {
    let files = place.tree("results");
    let [file] = &files.iter().filter(|path| path.ends_with("sweep.json")).collect::<Vec<_>>()[..]
    else {
        panic!("{files:?}")
    };
    std::fs::rename(place.path(&format!("results/{file}")), place.path(name)).unwrap();
}

#[test]
fn a_sweep_is_compared_with_an_earlier_one() {
    let place = Place::new();
    let sweep =
        |more: &[&str]| place.run(&[&["sweep", "ping.toml", "--seeds", "0..30"], more].concat());
    sweep(&[]).exits(0);
    keep(&place, "good.json");
    let same = sweep(&["--against", "good.json"]).exits(0).out;
    assert!(same.contains("\n  same behaviour: 30 of 30 digests equal\n"), "{same}");
    assert!(same.contains("\n  newly failing: none\n") && !same.contains("is another"), "{same}");

    let slower = ["--set", "network.latency=\"9ms\"", "--against", "good.json"];
    let said = sweep(&slower).exits(0).out;
    assert!(said.contains("\n  30 of 30 seeds behave differently\n"), "{said}");
    assert!(said.contains("\n  the scenario, or what was changed in it, is another\n"), "{said}");
    let slow = sweep(&[&slower[..], &["--json"]].concat()).exits(0).json();
    let medians = slow["against"]["medians"].as_array().unwrap();
    let p50 = medians.iter().find(|median| median["name"] == "p50_ns").unwrap();
    assert_eq!(p50["new"], json!(18_000_000));
    let difference = p50["new"].as_i64().unwrap() - p50["old"].as_i64().unwrap();
    assert_eq!(p50["difference"], json!(difference));

    let _ = std::fs::remove_dir_all(place.path("results"));
    let broken = sweep(&["--bug", "stale-answer", "--against", "good.json"]).exits(1).out;
    assert!(broken.contains("\n  newly failing: 30 seeds: 0, 1, 2, "), "{broken}");
    assert!(broken.contains(", 11 and 18 more\n"), "{broken}");
    keep(&place, "bad.json");
    let json = sweep(&["--against", "bad.json", "--json"]).exits(0).json();
    assert_eq!(json["against"]["newly_passing"].as_array().unwrap().len(), 30);
    assert_eq!(json["against"]["newly_failing"], json!([]));

    // Seeds that only one of them has are not compared.
    let args = ["sweep", "ping.toml", "--seeds", "20..50", "--against", "good.json", "--json"];
    let json = place.run(&args).exits(0).json();
    assert_eq!(json["against"]["compared"], json!(10));
    assert_eq!(json["against"]["behave_differently"], json!(0));
}

#[test]
fn what_can_not_be_compared_is_refused_before_anything_runs() {
    let place = Place::new();
    place.run(&["sweep", "ping.toml", "--seeds", "0..5"]).exits(0);
    keep(&place, "old.json");
    std::fs::remove_dir_all(place.path("results")).unwrap();
    let old = place.read("old.json");
    place.write("cut.json", &old[..old.len() / 2]);
    place.write("list.json", "[1, 2]");
    place.write("short.json", old.replacen("\"digests\":[\"", "\"digests\":[],\"x\":[\"", 1));
    let refused = |args: &[&str], what: &str| {
        let said = place.run(&[&["sweep"], args].concat()).exits(2);
        assert!(said.err.starts_with("error: ") && said.err.contains("\nhelp: "), "{}", said.err);
        assert!(said.err.contains(what), "{}", said.err);
        assert_eq!((said.out.as_str(), place.tree("results").len()), ("", 0));
    };
    let ping = ["ping.toml", "--seeds", "0..5", "--against"];
    for (file, what) in [
        ("no.json", "can not read no.json: no such file"),
        (".", "can not read .: it is a folder"),
        ("cut.json", "cut.json is no sweep.json: it ends too early"),
        ("list.json", "list.json is no sweep.json: it is JSON, but not the numbers"),
        ("ping.toml", "ping.toml is no sweep.json: it is no JSON"),
        ("short.json", "short.json is no whole sweep.json"),
    ] {
        refused(&[&ping[..], &[file]].concat(), what);
    }
    refused(&["raft.toml", "--seeds", "0..5", "--against", "old.json"], "and this is one of");
    refused(
        &["ping.toml", "--seeds", "5..9", "--against", "old.json"],
        "old.json has the seeds 0..5, none of 5..9",
    );
}
