//! The golden digests under another allocator than the machine's: no address reaches a run, and
//! nothing that follows from one.

use rehearsal::protocols::catalog::CATALOG;
use rehearsal::scenarios::{Request, library, load};
use rehearsal::sim::plan::Watch;

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[test]
fn golden_digests_hold_under_another_allocator() {
    let golden = include_str!("../golden/digests.txt");
    let mut checked = 0;
    for line in golden.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, ref point @ .., seed, digest] = words[..] else {
            panic!("no scenario, seed and digest: {line}");
        };
        let point = point.last().map(|number| number.parse().expect("a point is a number"));
        let request = Request { point, ..Request::of(name) };
        let loaded = load(&request, CATALOG).expect("it is bundled");
        let seed = seed.parse().expect("a seed is a number");
        let plan = loaded.plan_for(seed).expect("a day that can be run");
        let record = (loaded.entry.run)(&plan, seed, &Watch::QUIET);
        assert_eq!(record.head.digest, digest, "{name}, seed {seed}");
        checked += 1;
    }
    assert!(checked >= 3 * library::ALL.len(), "{checked} digests for all bundled scenarios");
}
