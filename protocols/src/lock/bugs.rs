//! The planted bugs of [`Lock`](super::Lock).

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A store takes a write whatever its token.
    TokenNotChecked,
    /// A server frees a lock for whoever asks.
    UnlocksSuccessor,
    /// A server that restarts counts its tokens from the beginning.
    TokenForgotten,
    /// A server that restarts takes all locks for free.
    LeaseForgotten,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] =
        &[Bug::TokenNotChecked, Bug::UnlocksSuccessor, Bug::TokenForgotten, Bug::LeaseForgotten];
    fn info(self) -> BugInfo {
        match self {
            Bug::TokenNotChecked => BugInfo {
                slug: "token-not-checked",
                id: Some("bug:L1"),
                sentence: "a store takes a write whatever its fencing token",
                source: "Kleppmann 2016, How to do distributed locking; Jepsen: etcd 3.4.3",
                property: "writes_follow_tokens",
                hunt: None,
            },
            Bug::UnlocksSuccessor => BugInfo {
                slug: "unlocks-successor",
                id: Some("bug:L4"),
                sentence: "a late or doubled release frees the lock of whoever has it now",
                source: "etcd#22082",
                property: "granted_when_free",
                hunt: None,
            },
            Bug::TokenForgotten => BugInfo {
                slug: "token-forgotten",
                id: None,
                sentence: "a server that restarts counts its fencing tokens from the beginning",
                source: "Burrows 2006, The Chubby lock service, section 2.4 (sequencers)",
                property: "tokens_grow",
                hunt: None,
            },
            Bug::LeaseForgotten => BugInfo {
                slug: "lease-forgotten",
                id: None,
                sentence: "a server that restarts grants locks whose leases still run",
                source: "Gray & Cheriton 1989, Leases, section 2 (recovery waits for the longest lease)",
                property: "granted_when_free",
                hunt: None,
            },
        }
    }
}
