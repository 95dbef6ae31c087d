//! The counter counts, whatever happens.

use counter::OWN;
use rehearsal::prop::Days;

#[test]
fn it_counts_on_any_bad_day() {
    Days::of("tally")
        .role("replicas", 1..=5)
        .role("clients", 1..=3)
        .expect("linearizable = true")
        .check(OWN);
}
