//! The planted leaks, seen from inside: each is caught by twins or by another thread, and each part of
//! the comparison is needed, as without it a leak goes unseen. The program itself is tried with them
//! in `tests/cli/leaks.rs`.

#[path = "../../../examples/leaks/leaky.rs"]
mod leaky;

use crate::support::plan_of;
use std::thread;

use leaky::ENTRY;
use rehearsal::scenarios::{Loaded, Request, load_text};
use rehearsal::sim::divergence::Divergence;
use rehearsal::sim::plan::Watch;
use rehearsal::sim::record::Record;

fn loaded(leak: &str, into: &str) -> Loaded {
    let text = format!(
        "protocol = \"leaky\"\nduration = \"1s\"\n[leaky]\nleak = \"{leak}\"\ninto = \"{into}\"\n\
         [workload]\nrate = \"20/s\"\n"
    );
    load_text(text.as_bytes(), &Request::of("a leak"), &[ENTRY])
        .unwrap_or_else(|report| panic!("{}", report.render(false)))
}

fn run(loaded: &Loaded, watch: &Watch) -> Record {
    (loaded.entry.run)(&plan_of(loaded, 1), 1, watch)
}

fn twins(loaded: &Loaded) -> Option<Divergence> {
    (loaded.entry.twins)(&plan_of(loaded, 1), 1, &Watch::TRACED).err().map(|parted| *parted)
}

/// What differs between two runs that are made at once, on one thread.
const SEEN_BY_TWINS: [&str; 5] = ["hash-order", "instant", "system-time", "address", "counter"];

#[test]
fn twins_see_what_differs_within_a_process() {
    for leak in SEEN_BY_TWINS {
        let parted = twins(&loaded(leak, "contents")).unwrap_or_else(|| panic!("{leak} is unseen"));
        println!("{leak}: event {:?} on node {:?}", parted.event, parted.node);
        // It is the first step that looks at the leak: the sixth number of the node whose timer
        // rings first. Nothing is compared away before it, and nothing is found later.
        assert_eq!(parted.node, Some(1), "{leak}");
        let [first] = &parted.first.rows[..] else { panic!("one row differs: {parted:?}") };
        let [second] = &parted.second.rows[..] else { panic!("one row differs: {parted:?}") };
        assert_eq!((&first.address, first.at_ns), (&second.address, second.at_ns), "{leak}");
        assert!(
            first.address.ends_with("->n3 Number#6") && first.text != second.text,
            "{parted:?}"
        );
        assert_eq!(parted.common.len(), 10, "{leak}: the last rows of both");
        assert_eq!(parted.common[9].text, "timer Next rings", "{leak}: the same event, before it");
        assert_eq!(parted.at_ns, first.at_ns);
    }
}

/// The guard is the comparison of the contents: digests alone are the same.
#[test]
fn without_the_rows_contents_leak_unseen() {
    for leak in SEEN_BY_TWINS {
        let loaded = loaded(leak, "contents");
        assert_eq!(run(&loaded, &Watch::QUIET), run(&loaded, &Watch::QUIET), "{leak}");
    }
}

/// The guard is the thread of the second run: on one thread both records are the same to the last
/// row, and so are twins.
#[test]
fn without_another_thread_the_thread_leaks_unseen() {
    let loaded = loaded("thread", "contents");
    let here = run(&loaded, &Watch::TRACED);
    assert_eq!(Divergence::between(&here, &run(&loaded, &Watch::TRACED)), None);
    assert_eq!(twins(&loaded), None);
    let there = thread::scope(|scope| {
        scope.spawn(|| run(&loaded, &Watch::TRACED)).join().expect("nothing panics")
    });
    let parted = Divergence::between(&here, &there).expect("another thread is seen");
    assert_ne!(parted.first.rows[0].text, parted.second.rows[0].text);
}

/// The guard is the first run: once it has filled the cache, twins are the same.
#[test]
fn without_the_run_before_twins_a_cache_leaks_unseen() {
    let loaded = loaded("cache", "contents");
    let first = run(&loaded, &Watch::TRACED);
    let twin = (loaded.entry.twins)(&plan_of(&loaded, 1), 1, &Watch::TRACED).expect("twins agree");
    let parted = Divergence::between(&first, &twin).expect("the first run is another");
    assert_eq!(parted.node, Some(1));
}

/// The guard is the comparison of counters: rows, digests and events are the same.
#[test]
fn without_the_metrics_a_counter_leaks_unseen() {
    let loaded = loaded("counter", "metric");
    let (a, b) = (run(&loaded, &Watch::TRACED), run(&loaded, &Watch::TRACED));
    assert_eq!((&a.trace, &a.head.digest), (&b.trace, &b.head.digest));
    let said = twins(&loaded).expect("the counter is compared").first.fact;
    assert!(said.starts_with("the metric leaked is "), "{said}");
    let said = Divergence::between(&a, &b).expect("the records differ").first.fact;
    assert!(said.starts_with("metrics.leaked is "), "{said}");
}

/// The guard is the comparison of digests: rows, metrics and events are the same.
#[test]
fn without_the_digest_what_is_hidden_leaks_unseen() {
    let loaded = loaded("counter", "digest");
    let (a, b) = (run(&loaded, &Watch::TRACED), run(&loaded, &Watch::TRACED));
    assert_eq!((&a.trace, &a.head.metrics), (&b.trace, &b.head.metrics));
    let parted = twins(&loaded).expect("digests are compared");
    assert_eq!((parted.event, parted.node), (Some(33), Some(1)));
    let facts = [parted.first.fact, parted.second.fact];
    assert!(facts.iter().all(|fact| fact.starts_with("the digest is ")), "{facts:?}");
    let said = Divergence::between(&a, &b).expect("the records differ").first.fact;
    assert!(said.starts_with("the digest is "), "{said}");
}

/// The guard is the comparison of what nodes are: rows, digests and metrics are the same.
#[test]
fn without_the_standings_a_rank_leaks_unseen() {
    let loaded = loaded("counter", "rank");
    let (a, b) = (run(&loaded, &Watch::TRACED), run(&loaded, &Watch::TRACED));
    assert_eq!((&a.trace, &a.head), (&b.trace, &b.head));
    let said = twins(&loaded).expect("what nodes are is compared").second.fact;
    assert!(said.starts_with("n2 is member in epoch "), "{said}");
    let said = Divergence::between(&a, &b).expect("the records differ").first.fact;
    assert!(said.starts_with("standings["), "{said}");
}

/// The guard is the comparison of events: what leaked is told by no row of the step it leaked in.
#[test]
fn what_moves_an_event_is_seen_at_that_event() {
    let parted = twins(&loaded("counter", "delay")).expect("the timer rings at another time");
    let facts = [parted.first.fact, parted.second.fact];
    assert!(facts.iter().all(|fact| fact.contains("a timer rings on n2")), "{facts:?}");
    assert_ne!(facts[0], facts[1]);
}

#[test]
fn where_nothing_leaks_nothing_is_seen() {
    for into in ["contents", "digest", "delay", "metric", "rank", "panic"] {
        let loaded = loaded("nothing", into);
        for seed in 0..20 {
            let traced = (loaded.entry.run)(&plan_of(&loaded, seed), seed, &Watch::TRACED);
            let twin = (loaded.entry.twins)(&plan_of(&loaded, seed), seed, &Watch::TRACED);
            assert_eq!(twin.expect("twins agree"), traced, "{into}, seed {seed}");
        }
    }
}
