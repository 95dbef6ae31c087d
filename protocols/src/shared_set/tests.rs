//! SharedSet in the real engine, with and without its bugs.

use rehearsal_sim::catalog::Entry;
use serde_json::json;

use crate::shared_set::SharedSet;
use crate::testing::{finds, holds_on_bad_days};

const ENTRY: Entry = Entry::of::<SharedSet>();

#[test]
fn it_holds_on_bad_days() {
    holds_on_bad_days(&ENTRY, &[4, 4], &json!({ "timeout": "30ms" }));
}

/// `read-without-write-back` needs two readers inside one write that is half done, one day in 170:
/// a script and a recorded seed of the swarm show it.
#[test]
fn its_bugs_are_found_on_bad_days() {
    for bug in ["quorum-of-half", "store-acked-before-sync", "retry-with-a-new-stamp"] {
        finds(&ENTRY, &[4, 4], &json!({ "timeout": "30ms" }), bug);
    }
}
