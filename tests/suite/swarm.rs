//! Swarms: what they draw is a scenario, and a scenario can be kept, run again, and made smaller.

use std::collections::BTreeMap;

use rehearsal::protocols::catalog::CATALOG;
use rehearsal::scenarios::{Loaded, Request, load, load_text};
use rehearsal::sim::plan::{Plan, Watch};
use rehearsal::sim::record::{Judgement, Record, RowKind};
use rehearsal::sim::simulation::Laws;

fn swarm(set: &[&str], bug: &[&str]) -> Loaded {
    let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<String>>();
    let (set, bug) = (own(set), own(bug));
    let request = Request { set: &set, bug: &bug, ..Request::of("raft/swarm") };
    load(&request, CATALOG).expect("the bundled swarm loads")
}

fn run(loaded: &Loaded, plan: &Plan, seed: u64, watch: &Watch) -> Record {
    (loaded.entry.run)(plan, seed, watch)
}

#[test]
fn a_saved_day_replays_with_the_same_digest() {
    let loaded = swarm(&[], &[]);
    for seed in 0..12 {
        let drawn = loaded.drawn(seed).expect("a swarm").expect("a day that can be run");
        let request = Request::of("results/drawn.toml");
        let saved = load_text(drawn.text.as_bytes(), &request, CATALOG)
            .unwrap_or_else(|report| panic!("seed {seed}:\n{report}\n{}", drawn.text));
        assert_eq!(saved.plan.seed, seed, "the seed of the message draws is kept");
        let first = run(&loaded, &drawn.plan, seed, &Watch::QUIET);
        let again = run(&saved, &saved.plan, saved.plan.seed, &Watch::TRACED);
        assert_eq!(first.head.digest, again.head.digest, "seed {seed}:\n{}", drawn.text);
    }
}

/// When each copy of a message arrived after it was sent, by its address and how many of it there were.
fn delays(record: &Record) -> BTreeMap<String, u64> {
    let mut sent = BTreeMap::new();
    let mut delays = BTreeMap::new();
    for row in record.trace.rows() {
        match row.kind {
            RowKind::Send => {
                sent.insert(row.address().to_string(), row.at_ns);
            }
            RowKind::Deliver => {
                let address = row.address().to_string();
                if let Some(at) = sent.get(&address) {
                    delays.entry(address).or_insert(row.at_ns - at);
                }
            }
            _ => {}
        }
    }
    delays
}

/// The second promise of keyed draws: with one fault deleted, nine of ten delays of messages that both
/// runs sent are what they were. Faults that change delays on purpose are left out of the day.
#[test]
fn deleting_a_fault_moves_few_delays() {
    let families = "swarm.families=[\"crash\", \"pause\", \"partition\", \"one-way\", \"loss\"]";
    let loaded = swarm(&[families, "swarm.profiles={ everything = 1 }", "swarm.sizes=[5]"], &[]);
    let mut compared = 0;
    for seed in 0..4 {
        let drawn = loaded.drawn(seed).expect("a swarm").expect("a day that can be run");
        let whole = delays(&run(&loaded, &drawn.plan, seed, &Watch::TRACED));
        for left_out in 0..drawn.plan.faults.len() - 1 {
            let mut fewer = drawn.plan.clone();
            fewer.faults.remove(left_out);
            fewer.laws = Laws::default();
            let part = delays(&run(&loaded, &fewer, seed, &Watch::TRACED));
            let both: Vec<(u64, u64)> =
                whole.iter().filter_map(|(at, one)| Some((*one, *part.get(at)?))).collect();
            let same = both.iter().filter(|(one, other)| one == other).count();
            assert!(both.len() > 500, "seed {seed}: {} messages are in both", both.len());
            assert!(
                same * 10 >= both.len() * 9,
                "seed {seed} without fault {left_out}: {same} of {} delays are the same",
                both.len()
            );
            compared += 1;
        }
    }
    assert!(compared >= 16, "{compared} days were compared");
}

/// Another seed, another day; the same seed, the same day; what is not drawn stays.
#[test]
fn days_differ_by_their_seeds() {
    let loaded = swarm(&[], &[]);
    let day = |seed| loaded.drawn(seed).expect("a swarm").expect("a day that can be run");
    let mut profiles: BTreeMap<&str, u32> = BTreeMap::new();
    let mut families: BTreeMap<&str, u32> = BTreeMap::new();
    let mut sizes: BTreeMap<usize, u32> = BTreeMap::new();
    for seed in 0..600 {
        let drawn = day(seed);
        *profiles.entry(drawn.profile).or_default() += 1;
        drawn.families.iter().for_each(|family| *families.entry(family).or_default() += 1);
        let servers = drawn.plan.nodes.iter().filter(|node| node.role == 0).count();
        *sizes.entry(servers).or_default() += 1;
        assert_eq!(drawn.plan.expectations, loaded.plan.expectations);
        assert_eq!(drawn.plan.workload, loaded.plan.workload);
        if drawn.profile == "calm" {
            assert!(drawn.plan.faults.is_empty(), "{}", drawn.text);
        }
    }
    assert_eq!(day(7).text, day(7).text);
    assert_ne!(day(7).text, day(8).text);
    // 60, 20, 15 and 5 of a hundred; five standard deviations.
    let near = |name: &str, expected: u32, by: u32| {
        let found = profiles.get(name).copied().unwrap_or(0);
        assert!(found.abs_diff(expected) <= by, "{name}: {found} of 600");
    };
    near("swarm", 360, 60);
    near("points", 120, 49);
    near("everything", 90, 44);
    near("calm", 30, 27);
    assert!((1..=7).all(|size| sizes[&size] > 40), "{sizes:?}");
    assert!(families.len() >= 27, "{families:?}");
    assert!(families.values().all(|count| *count > 100), "{families:?}");
    assert!(!families.contains_key("wipe"), "outside the envelope");
}

/// The first two planted bugs are found; each by a day that was seen to find it (`sweep --fail-fast`
/// finds the first).
#[test]
fn days_find_planted_bugs() {
    for (bug, seed, property) in [
        ("ack-before-sync", ACK_BEFORE_SYNC, "leader_completeness"),
        ("vote-not-persisted", VOTE_NOT_PERSISTED, "one_vote"),
    ] {
        let loaded = swarm(&[], &[bug]);
        let plan = loaded.plan_for(seed).expect("a day that can be run");
        let record = run(&loaded, &plan, seed, &Watch::QUIET);
        let found: Vec<&str> =
            record.head.violations.iter().map(|found| found.property.as_str()).collect();
        assert_eq!(record.head.verdict, Judgement::Fail, "{bug} with seed {seed}");
        assert!(found.contains(&property), "{bug} with seed {seed}: {found:?}");
    }
}

const ACK_BEFORE_SYNC: u64 = 147;
const VOTE_NOT_PERSISTED: u64 = 2;
