//! SharedSet in the real engine. Its bugs need rarer days than these: the suite replays the recorded
//! seed of each from the table of planted bugs.

use rehearsal_sim::catalog::Entry;
use serde_json::json;

use crate::shared_set::SharedSet;
use crate::testing::holds_on_bad_days;

const ENTRY: Entry = Entry::of::<SharedSet>();

#[test]
fn it_holds_on_bad_days() {
    holds_on_bad_days(&ENTRY, &[4, 4], &json!({ "timeout": "30ms" }));
}
