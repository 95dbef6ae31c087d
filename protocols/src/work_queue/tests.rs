//! WorkQueue in the real engine, with and without its bugs.

use rehearsal_sim::catalog::Entry;
use serde_json::json;

use crate::testing::{finds, holds_on_bad_days};
use crate::work_queue::WorkQueue;

const ENTRY: Entry = Entry::of::<WorkQueue>();

#[test]
fn it_holds_on_bad_days() {
    holds_on_bad_days(&ENTRY, &[2, 3], &json!({ "timeout": "30ms" }));
}

#[test]
fn its_bugs_are_found_on_bad_days() {
    for bug in ["retry-served-twice", "answer-before-sync", "take-not-logged", "restored-backwards"]
    {
        finds(&ENTRY, &[2, 3], &json!({ "timeout": "30ms" }), bug);
    }
}
