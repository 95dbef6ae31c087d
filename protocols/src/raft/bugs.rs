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
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[Bug::VoteNotPersisted, Bug::AckBeforeSync];

    fn info(self) -> BugInfo {
        match self {
            Bug::VoteNotPersisted => BugInfo {
                slug: "vote-not-persisted",
                id: Some("bug:E4"),
                sentence: "the ballot on disk keeps the term but not the vote",
                source: "Ongaro & Ousterhout 2014, Figure 2 (persistent state); \
                         Vanlightly, raft-and-fsync specification",
                property: "election_safety",
            },
            Bug::AckBeforeSync => BugInfo {
                slug: "ack-before-sync",
                id: Some("bug:D1"),
                sentence: "a follower acknowledges entries before they are durable",
                source: "tikv/raft-rs#128; KAFKA-10533; openraft ee460f37",
                property: "leader_completeness",
            },
        }
    }
}
