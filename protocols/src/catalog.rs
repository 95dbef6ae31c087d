//! The bundled protocols. A new one adds one line here.

use rehearsal_sim::catalog::Entry;

use crate::clock_sync::ClockSync;
use crate::parts::kv::KeyValue;
use crate::ping::Ping;
use crate::raft::Raft;
use crate::transfer::Transfer;

/// Every bundled protocol, in the order of `rehearsal list protocols`.
pub const CATALOG: &[Entry] = &[
    Entry::of::<Raft<KeyValue>>(),
    Entry::of::<Ping>(),
    Entry::of::<ClockSync>(),
    Entry::of::<Transfer>(),
];
