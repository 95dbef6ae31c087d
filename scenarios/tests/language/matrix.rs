//! `[matrix]`, `--matrix` and `--point`: which points there are, in which order, and what wins.

use rehearsal_scenarios::{
    Loaded, Point, Report, Request, Variants, load_all_text, load_text, reference,
};
use rehearsal_sim::law::Law;
use rehearsal_sim::time::Span;
use serde_json::json;

use crate::catalog::CATALOG;

const GRID: &str = "\
title = \"A grid\"
protocol = \"raft\"
duration = \"20s\"

[cluster]
servers = 9

[matrix]
\"network.loss\" = [0.0, 0.01]
\"cluster.servers\" = [3, 5, 7]
";

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What the command line says: `--matrix`, `--set`, `--bug`, `--point`.
#[derive(Default)]
struct Line<'a> {
    matrix: &'a [&'a str],
    set: &'a [&'a str],
    bug: &'a [&'a str],
    point: Option<u32>,
}

impl Line<'_> {
    fn all(&self, text: &str) -> Result<Variants, Report> {
        self.request(|request| load_all_text(text.as_bytes(), request, CATALOG))
    }

    fn one(&self, text: &str) -> Result<Loaded, Report> {
        self.request(|request| load_text(text.as_bytes(), request, CATALOG))
    }

    fn request<T>(&self, then: impl Fn(&Request<'_>) -> T) -> T {
        let (matrix, set, bug) = (owned(self.matrix), owned(self.set), owned(self.bug));
        let point = self.point;
        let of = Request::of("test.toml");
        then(&Request { matrix: &matrix, set: &set, bug: &bug, point, ..of })
    }

    #[track_caller]
    fn wrong(&self, text: &str) -> String {
        match self.all(text) {
            Ok(variants) => panic!("it loads: {:?}", shown(&variants)),
            Err(report) => report.render(false),
        }
    }
}

#[track_caller]
fn all(text: &str) -> Variants {
    Line::default().all(text).unwrap_or_else(|report| panic!("{report}"))
}

fn point(loaded: &Loaded) -> &Point {
    loaded.point.as_ref().expect("a point of a matrix")
}

fn shown(variants: &Variants) -> Vec<String> {
    variants.points.iter().map(|loaded| point(loaded).shown()).collect()
}

#[test]
fn points_are_every_combination_with_the_last_axis_fastest() {
    let variants = all(GRID);
    let expected = [
        "network.loss = 0.0, cluster.servers = 3",
        "network.loss = 0.0, cluster.servers = 5",
        "network.loss = 0.0, cluster.servers = 7",
        "network.loss = 0.01, cluster.servers = 3",
        "network.loss = 0.01, cluster.servers = 5",
        "network.loss = 0.01, cluster.servers = 7",
    ];
    assert_eq!(shown(&variants), expected);
    assert_eq!(variants.title, "A grid");
    let keys: Vec<&str> = variants.axes.iter().map(|axis| axis.key.as_str()).collect();
    assert_eq!(keys, ["network.loss", "cluster.servers"]);
    for (at, loaded) in variants.points.iter().enumerate() {
        let number = u32::try_from(at).unwrap() + 1;
        assert_eq!((point(loaded).number, point(loaded).of), (number, 6));
        let servers = [3, 5, 7][at % 3];
        assert_eq!(loaded.plan.nodes.iter().filter(|node| node.role == 0).count(), servers);
        assert_eq!(loaded.plan.network.loss.to_f64(), [0.0, 0.01][at / 3]);
        assert_eq!(loaded.plan.title, format!("A grid ({})", expected[at]));
        // One point alone is the same point.
        let alone = Line { point: Some(number), ..Line::default() }.one(GRID).unwrap();
        assert_eq!(alone.point, loaded.point);
        assert_eq!(format!("{:?}", alone.plan), format!("{:?}", loaded.plan));
    }
}

#[test]
fn keys_are_quoted_or_nested_and_values_whatever_a_setting_takes() {
    let text = "protocol = \"raft\"\nduration = \"20s\"\n\
                [[fault]]\nat = \"1s\"\npause = \"n1\"\n\
                [matrix]\nnetwork = { latency = [\"1ms\", { uniform = { from = \"1ms\", to = \"2ms\" } }] }\n\
                raft.snapshots.every = [10]\nbug = [[], \"bug:E4\"]\n\
                [matrix.fault[0]]\n";
    // Brackets are no bare key; in quotes they are.
    assert!(Line::default().all(text).is_err());
    let text =
        text.replace("[matrix.fault[0]]\n", "\"fault[0].pause\" = [\"n2\", [\"n1\", \"n3\"]]\n");
    let variants = all(&text);
    assert_eq!(variants.points.len(), 8);
    let last = &variants.points[7];
    assert_eq!(last.plan.bugs, [0]);
    assert!(matches!(last.plan.network.latency, Law::Uniform { .. }));
    assert_eq!(variants.points[0].plan.network.latency, Law::Constant(Span::millis(1)));
    let pause = json!(["n1", "n3"]);
    assert_eq!(point(last).settings[3].value, pause);
    assert_eq!(point(last).settings[3].shown(), "[\"n1\", \"n3\"]");
}

#[test]
fn a_protocol_can_be_an_axis_and_its_table_is_not_unused() {
    let text = "protocol = \"raft\"\nduration = \"20s\"\n[raft]\nheartbeat = \"20ms\"\n\
                [matrix]\nprotocol = [\"raft\", \"multi-paxos\"]\n";
    let variants = all(text);
    let names: Vec<&str> = variants.points.iter().map(|loaded| loaded.entry.name).collect();
    assert_eq!(names, ["raft", "multi-paxos"]);
    assert!(variants.remarks.is_empty(), "{}", variants.remarks);
    let alone = Line { point: Some(2), ..Line::default() }.one(text).unwrap();
    assert_eq!(alone.remarks.findings().len(), 1, "{}", alone.remarks);
}

#[test]
fn the_command_line_adds_axes_and_replaces_them() {
    let line = Line { matrix: &["cluster.servers=1, 2", "raft.heartbeat=20ms"], ..Line::default() };
    let variants = line.all(GRID).unwrap();
    let expected = [
        "network.loss = 0.0, cluster.servers = 1, raft.heartbeat = 20ms",
        "network.loss = 0.0, cluster.servers = 2, raft.heartbeat = 20ms",
        "network.loss = 0.01, cluster.servers = 1, raft.heartbeat = 20ms",
        "network.loss = 0.01, cluster.servers = 2, raft.heartbeat = 20ms",
    ];
    assert_eq!(shown(&variants), expected);
    let plain = "protocol = \"raft\"\nduration = \"20s\"\n";
    let latency = "network.latency=1ms,{ uniform = { from = \"1ms\", to = \"2ms\" } }";
    let line = Line { matrix: &[latency, "network.loss=0", "network.loss=0.1"], ..Line::default() };
    let variants = line.all(plain).unwrap();
    assert_eq!(variants.points.len(), 2);
    assert_eq!(variants.points[1].plan.network.loss.to_f64(), 0.1, "the last one counts");
    let line = Line { set: &["network.duplicate=0.5"], point: Some(2), ..Line::default() };
    assert_eq!(line.one(GRID).unwrap().plan.network.duplicate.to_f64(), 0.5);
}

#[test]
fn a_scenario_without_a_matrix_is_its_only_point() {
    let plain = "title = \"Plain\"\nprotocol = \"raft\"\nduration = \"20s\"\n";
    let variants = all(plain);
    assert_eq!((variants.axes.len(), variants.points.len()), (0, 1));
    assert_eq!(variants.points[0].point, None);
    assert_eq!(
        (variants.title.as_str(), variants.points[0].plan.title.as_str()),
        ("Plain", "Plain")
    );
}

#[test]
fn of_a_matrix_one_point_is_asked_for() {
    let said = Line::default().one(GRID).unwrap_err().render(false);
    assert!(said.contains("a matrix of 6 points, and one run is one of them"), "{said}");
    assert!(said.contains("--point 6 is network.loss = 0.01, cluster.servers = 7"), "{said}");
    assert!(said.contains("--> test.toml:8:1"), "{said}");
    let many = Line { matrix: &["seed2=1"], ..Line::default() };
    assert!(many.wrong(GRID).contains("unknown key `seed2`"));
    let long = "network.duplicate=0,0.1,0.2,0.3";
    let said = Line { matrix: &[long], ..Line::default() }.one(GRID).unwrap_err().render(false);
    assert!(said.contains("... and so on, up to --point 24"), "{said}");
}

#[test]
fn what_makes_no_sense_is_told() {
    let plain = "protocol = \"raft\"\nduration = \"20s\"\n";
    for (matrix, message) in [
        ("network.loss", "an axis is a key and its values"),
        ("network.loss=", "an axis is a key and its values"),
        ("network.loss=0,,1", "there is no value here"),
        ("=1,2", "this is no key"),
        ("network.loss=0,2", "2 is no chance"),
        ("cluster.servers=3,3", "for the second time"),
        ("seed=1,2", "seeds are no axis"),
        ("extends=a.toml", "what a scenario builds on is no axis"),
        ("matrix.x=1", "a matrix has no matrix in it"),
        ("network.latency={ uniform = 1", "this is not TOML"),
        ("fault[0].at=1s", "`fault` has no entries"),
    ] {
        let wrong = Line { matrix: &[matrix], ..Line::default() }.wrong(plain);
        assert!(wrong.contains(message) && wrong.contains("--> --matrix:1:"), "{matrix}: {wrong}");
    }
    let both = Line { matrix: &["network=1", "network.loss=1"], ..Line::default() };
    assert!(both.wrong(plain).contains("set the same thing"));
    for (point, message) in [(0, "from 1 to 6"), (7, "from 1 to 6")] {
        let wrong = Line { point: Some(point), ..Line::default() }.wrong(GRID);
        assert!(wrong.contains(message) && wrong.contains("--> --point:1:1"), "{wrong}");
    }
    assert!(Line { point: Some(1), ..Line::default() }.wrong(plain).contains("has no [matrix]"));
}

#[test]
fn what_an_axis_would_undo_is_refused() {
    let set = Line { set: &["network.loss=0.5"], ..Line::default() }.wrong(GRID);
    assert!(set.contains("`network.loss` is an axis of the matrix"), "{set}");
    assert!(set.contains("--matrix network.loss=..."), "{set}");
    let set = Line { set: &["matrix.network.loss=[1]"], ..Line::default() }.wrong(GRID);
    assert!(set.contains("write --matrix key=a,b,c"), "{set}");
    let bug = Line { bug: &["bug:E4"], matrix: &["bug=bug:E4"], ..Line::default() };
    assert!(bug.wrong(GRID).contains("`bug` is an axis of the matrix"));
    // What lies above an axis can be set: the axis changes a part of it.
    let above = Line { set: &["network={ duplicate = 0.5 }"], ..Line::default() };
    assert_eq!(above.all(GRID).unwrap().points[5].plan.network.loss.to_f64(), 0.01);
}

#[test]
fn every_wrong_value_is_underlined_once() {
    let text = GRID.replace("[3, 5, 7]", "[3, 0, \"x\"]").replace("0.01]", "2]");
    let said = Line::default().wrong(&text);
    assert_eq!(said.matches("error: ").count(), 3, "{said}");
    for place in ["9:24", "10:25", "10:28"] {
        assert!(said.contains(&format!("test.toml:{place}")), "{place}: {said}");
    }
}

/// What an axis does to another part of the file is underlined there, and so the point is named.
#[test]
fn mistakes_elsewhere_name_the_point() {
    let text = GRID.replace("[cluster]", "[[fault]]\nat = \"1s\"\ncrash = \"n6\"\n[cluster]");
    let said = Line::default().wrong(&text);
    assert_eq!(said.matches("unknown node `n6`").count(), 2, "{said}");
    let help = "this is so at point 1 and 1 more: network.loss = 0.0, cluster.servers = 3\n";
    assert!(said.contains(help), "{said}");
    let everywhere = text.replace("n6", "n60").replace("[3, 5, 7]", "[3]");
    assert!(!Line::default().wrong(&everywhere).contains("this is so at"), "in all of them");
}

#[test]
fn a_thousand_points_are_as_many_as_there_can_be() {
    let plain = "protocol = \"raft\"\nduration = \"20s\"\n";
    let list = |count: u32| (1..=count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let (servers, clients) =
        (format!("cluster.servers={}", list(40)), format!("cluster.clients={}", list(25)));
    let line = Line { matrix: &[&servers, &clients], ..Line::default() };
    assert_eq!(line.all(plain).unwrap().points.len(), 1000);
    let clients = format!("cluster.clients={}", list(26));
    let said = Line { matrix: &[&servers, &clients], ..Line::default() }.wrong(plain);
    assert!(said.contains("at most 1000 points, this one has 40 x 26 = 1040"), "{said}");
}

#[test]
fn the_reference_shows_a_matrix_that_loads() {
    let page = reference(CATALOG);
    let (_, block) = page.split_once("```toml\n[matrix]\n").expect("an example");
    let (axes, _) = block.split_once("```").unwrap();
    let text = format!("protocol = \"raft\"\nduration = \"20s\"\n[matrix]\n{axes}");
    assert_eq!(all(&text).points.len(), 9);
}
