//! Counter in the real engine, with and without its bugs.

use rehearsal_sim::catalog::Entry;
use serde_json::json;

use crate::counter::Counter;
use crate::testing::{finds, holds_on_bad_days};

const ENTRY: Entry = Entry::of::<Counter>();

#[test]
fn it_holds_on_bad_days() {
    holds_on_bad_days(&ENTRY, &[3, 4], &json!({ "timeout": "30ms" }));
}

#[test]
fn its_bugs_are_found_on_bad_days() {
    for bug in ["retry-counted-twice", "reads-anywhere", "head-answers", "passed-on-before-sync"] {
        finds(&ENTRY, &[3, 4], &json!({ "timeout": "30ms" }), bug);
    }
}
