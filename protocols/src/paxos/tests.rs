//! Paxos in the real engine, with and without its bugs.

use rehearsal_sim::catalog::Entry;
use serde_json::json;

use crate::paxos::Paxos;
use crate::testing::holds_on_bad_days;

const ENTRY: Entry = Entry::of::<Paxos>();

#[test]
fn it_holds_on_bad_days() {
    holds_on_bad_days(&ENTRY, &[3, 3, 1], &json!({ "timeout": "30ms" }));
}
