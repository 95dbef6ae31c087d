//! The planted bugs of [`Raft`](super::Raft): famous ways to get it wrong, one decision each.

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The ballot on disk keeps the term but not the vote: a server that crashes and comes back
    /// within the term votes again, and two candidates may both count it.
    VoteNotPersisted,
    /// A follower acknowledges entries before they are on its disk: the leader commits them, the
    /// follower crashes, and the only majority that could remember them is gone.
    AckBeforeSync,
    /// A server that finds a damaged record reads its log up to there, gives up the rest, and takes
    /// part as before: it may have acknowledged what it gave up.
    DamageIgnored,
    /// A server goes on after its disk refused a write. What was lost stands in its memory, and it
    /// acknowledges it when it is sent again: nothing is left to be written, so nothing is waited for.
    WriteFailureIgnored,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] =
        &[Bug::VoteNotPersisted, Bug::AckBeforeSync, Bug::DamageIgnored, Bug::WriteFailureIgnored];

    fn info(self) -> BugInfo {
        match self {
            Bug::VoteNotPersisted => BugInfo {
                slug: "vote-not-persisted",
                id: Some("bug:E4"),
                sentence: "the ballot on disk keeps the term but not the vote",
                source: "Ongaro & Ousterhout 2014, Figure 2 (persistent state); \
                         Vanlightly, raft-and-fsync specification",
                property: "election_safety",
                hunt: None,
            },
            Bug::AckBeforeSync => BugInfo {
                slug: "ack-before-sync",
                id: Some("bug:D1"),
                sentence: "a follower acknowledges entries before they are durable",
                source: "tikv/raft-rs#128; KAFKA-10533; openraft ee460f37",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::DamageIgnored => BugInfo {
                slug: "damage-ignored",
                id: None,
                sentence: "a server gives up its log from a damaged record on, and takes part",
                source: "Alagappan et al., Protocol-Aware Recovery for Consensus-Based Storage, \
                         USENIX FAST 2018 (the approach Truncate)",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::WriteFailureIgnored => BugInfo {
                slug: "write-failure-ignored",
                id: None,
                sentence: "a server goes on after its disk refused a write",
                source: "Rebello et al., Can Applications Recover from fsync Failures?, \
                         USENIX ATC 2020",
                property: "leader_completeness",
                hunt: None,
            },
        }
    }
}
