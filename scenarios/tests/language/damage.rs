//! Scenarios damaged at random: whatever stands in a file, it is explained or it loads.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use rehearsal_scenarios::{Report, Request, load_all_text};

use crate::catalog::CATALOG;

const WHOLE: &str = r#"title = "Everything at once"
protocol = "raft"
duration = "20s"
seed = 1
bug = ["bug:E4"]

[cluster]
servers = 5
clients = 4

[raft]
election_timeout = "150ms..300ms"
snapshots.every = 100

[network]
latency = { lognormal = { median = "1ms", p99 = "8ms" } }
loss = 0.001
order = "fifo"

[[network.link]]
between = ["n1", "clients"]
latency = { mixture = [{ share = 0.9, law = { pareto = { shortest = "1ms", exponent = 1.5 } } }, { share = 0.1, law = "1ms..2ms" }] }

[disk]
sync_latency = { empirical = [[0.5, "1ms"], [0.99, "8ms"], [1.0, "40ms"]] }
survives = 0.5
torn = 0.25
capacity = 10000

[supervisor]
restart_after = "1s"

[workload]
rate = "500/s"
keys = { zipf = { count = 100, exponent = 0.99 } }
mix = { get = 0.5, put = 0.4, cas = 0.1 }
start = "1s"
stop = "19s"

[[fault]]
at = "5s"
crash = ["n1", "n2"]
restart_after = "3s"

[[fault]]
at = "9s"
for = "2s"
partition = [["n1", "leader"], ["n2", "n3"]]

[[fault]]
at = "12s"
one_way = { from = "n1", to = "followers" }

[[expect]]
linearizable = true

[[expect]]
metric.elections = { min = 2, max = 9 }
during = "5s..10s"

[multi-paxos]
heartbeat = "20ms"

[matrix]
"cluster.servers" = [3, 5]
network = { loss = [0.0, 0.01] }
"#;

/// Bytes that mean something to the grammar are more likely to hurt.
const SHARP: &[u8] = b"[]{}=\"'.,#\n\\-_09eEx \xff\x00\xc3";

#[derive(Clone, Debug)]
enum Damage {
    Put(usize, u8),
    Insert(usize, u8),
    Cut(usize, usize),
    Copy(usize, usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0..WHOLE.len();
    let byte = prop_oneof![proptest::sample::select(SHARP), any::<u8>()];
    let length = 1..40_usize;
    prop_oneof![
        (at.clone(), byte.clone()).prop_map(|(at, byte)| Damage::Put(at, byte)),
        (at.clone(), byte).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        (at.clone(), length.clone()).prop_map(|(at, length)| Damage::Cut(at, length)),
        (at.clone(), at, length).prop_map(|(from, to, length)| Damage::Copy(from, to, length)),
    ]
}

fn apply(text: &mut Vec<u8>, damage: &Damage) {
    let end = text.len();
    match *damage {
        _ if end == 0 => {}
        Damage::Put(at, byte) => text[at % end] = byte,
        Damage::Insert(at, byte) => text.insert(at % end, byte),
        Damage::Cut(at, length) => {
            let at = at % end;
            text.drain(at..(at + length).min(end));
        }
        Damage::Copy(from, to, length) => {
            let from = from % end;
            let piece = text[from..(from + length).min(end)].to_vec();
            let to = to % end;
            text.splice(to..to, piece);
        }
    }
}

fn check(text: &[u8], report: &Report) {
    let lossy = String::from_utf8_lossy(text);
    // Counting the lines of a long text for thousands of findings would take longer than finding them.
    for finding in report.findings().iter().take(100) {
        let place = report.place(finding).expect("a place in the text");
        assert!(place.span.start <= place.span.end && place.span.end <= lossy.len());
        assert!(lossy.is_char_boundary(place.span.start));
        assert!(lossy.is_char_boundary(place.span.end));
        assert!(!finding.message().is_empty());
    }
    let rendered = report.render(false);
    assert!(report.is_empty() || rendered.contains("test.toml:"), "{rendered}");
}

fn load_damaged(text: &[u8]) {
    match load_all_text(text, &Request::of("test.toml"), CATALOG) {
        Ok(variants) => check(text, &variants.remarks),
        Err(report) => {
            assert!(!report.is_empty());
            check(text, &report);
        }
    }
}

#[test]
fn the_whole_text_is_right() {
    let loaded = load_all_text(WHOLE.as_bytes(), &Request::of("test.toml"), CATALOG);
    let loaded = loaded.unwrap_or_else(|report| panic!("{}", report.render(false)));
    assert_eq!(loaded.remarks.findings().len(), 1, "{}", loaded.remarks.render(false));
    assert_eq!(loaded.points.len(), 4);
}

proptest! {
    // The same cases every time: who sees one fail can see it again.
    #![proptest_config(Config {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::with_cases(20_000)
    })]

    #[test]
    fn damage_is_explained(damages in proptest::collection::vec(damage(), 1..6)) {
        let mut text = WHOLE.as_bytes().to_vec();
        for damage in &damages {
            apply(&mut text, damage);
        }
        load_damaged(&text);
    }
}

/// A mebibyte of mistakes takes no longer to explain than to read.
#[test]
fn floods_are_survived() {
    let head = "protocol = \"raft\"\nduration = \"20s\"\n";
    let keys: String = (0..60_000).map(|n| format!("k{n} = 1\n")).collect();
    load_damaged(format!("{head}[network]\n{keys}").as_bytes());
    load_damaged(format!("{head}{keys}").as_bytes());
    let groups = "[\"n1\"],".repeat(100_000);
    let fault = "[[fault]]\nat = \"1s\"\n";
    load_damaged(format!("{head}{fault}partition = [{groups}]\n").as_bytes());
    let faults = "[[fault]]\nat = \"1s\"\ncrash = \"n1\"\n".repeat(20_000);
    load_damaged(format!("{head}{faults}").as_bytes());
    load_damaged(format!("{head}bug = {}", "[".repeat(500_000)).as_bytes());
    load_damaged(format!("{head}{}x = 1\n", "a.".repeat(200_000)).as_bytes());
}

/// Whole words in the place of others: damage that the grammar does not notice.
#[test]
fn swapped_values_are_explained() {
    let values = [
        "1",
        "-1",
        "0.5",
        "true",
        "\"\"",
        "\"n1\"",
        "\"5s\"",
        "[]",
        "{}",
        "[[]]",
        "[\"n1\"]",
        "{ a = 1 }",
        "99999999999999999",
        "1e300",
        "\"99999999999d\"",
        "\"leader\"",
        "\"0s\"",
        "[[\"n1\"], [\"n2\"]]",
        "{ from = 1, to = 2 }",
        "\"213503d..213503d\"",
        "\"1/us\"",
    ];
    for (index, line) in WHOLE.lines().enumerate() {
        let Some((key, _)) = line.split_once(" = ") else { continue };
        for value in values {
            let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
            lines[index] = format!("{key} = {value}");
            load_damaged(lines.join("\n").as_bytes());
        }
    }
}
