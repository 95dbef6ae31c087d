//! Lock in the real engine, with and without its bugs.

use rehearsal_sim::catalog::Entry;
use serde_json::json;

use crate::lock::Lock;
use crate::testing::{finds, holds_on_bad_days};

const ENTRY: Entry = Entry::of::<Lock>();

#[test]
fn it_holds_on_bad_days() {
    holds_on_bad_days(&ENTRY, &[1, 1, 4], &json!({ "timeout": "30ms", "lease": "200ms" }));
}

#[test]
fn its_bugs_are_found_on_bad_days() {
    for bug in ["token-not-checked", "unlocks-successor", "token-forgotten", "lease-forgotten"] {
        finds(&ENTRY, &[1, 1, 4], &json!({ "timeout": "30ms", "lease": "200ms" }), bug);
    }
}
