//! The bundled protocols. A new one adds one line here.

use rehearsal_sim::catalog::Entry;

use crate::bank::Bank;
use crate::clock_sync::ClockSync;
use crate::controller::Controller;
use crate::counter::Counter;
use crate::lock::Lock;
use crate::parts::kv::KeyValue;
use crate::ping::Ping;
use crate::raft::Raft;
use crate::shared_set::SharedSet;
use crate::transfer::Transfer;
use crate::work_queue::WorkQueue;

/// Every bundled protocol, in the order of `rehearsal list protocols`.
pub const CATALOG: &[Entry] = &ENTRIES;

// A static, not a constant: the engine is compiled once for each protocol, here, and not again in
// every program and test that names the catalog.
static ENTRIES: [Entry; 10] = [
    Entry::of::<Raft<KeyValue>>(),
    Entry::of::<Ping>(),
    Entry::of::<ClockSync>(),
    Entry::of::<Transfer>(),
    Entry::of::<WorkQueue>(),
    Entry::of::<SharedSet>(),
    Entry::of::<Lock>(),
    Entry::of::<Bank>(),
    Entry::of::<Counter>(),
    Entry::of::<Controller>(),
];
