//! The planted bugs of [`SharedSet`](super::SharedSet).

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A reader does not write back what it read.
    ReadWithoutWriteBack,
    /// Half of an even number of servers counts as a majority.
    QuorumOfHalf,
    /// A server acknowledges a write before it is on disk.
    StoreAckedBeforeSync,
    /// Who asks again to store begins anew, with a new stamp.
    RetryWithANewStamp,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[
        Bug::ReadWithoutWriteBack,
        Bug::QuorumOfHalf,
        Bug::StoreAckedBeforeSync,
        Bug::RetryWithANewStamp,
    ];
    fn info(self) -> BugInfo {
        match self {
            Bug::ReadWithoutWriteBack => BugInfo {
                slug: "read-without-write-back",
                id: None,
                sentence: "a reader does not write back what it read before it answers",
                source: "Attiya, Bar-Noy & Dolev 1995, Sharing Memory Robustly in Message-Passing \
                         Systems, section 3",
                property: "linearizable",
                hunt: None,
            },
            Bug::QuorumOfHalf => BugInfo {
                slug: "quorum-of-half",
                id: Some("bug:E7"),
                sentence: "half of an even number of servers counts as a majority",
                source: "hashicorp/raft 163a55f",
                property: "linearizable",
                hunt: None,
            },
            Bug::StoreAckedBeforeSync => BugInfo {
                slug: "store-acked-before-sync",
                id: None,
                sentence: "a server acknowledges a write before it is durable",
                source: "bug:D1 in a quorum; KAFKA-10533",
                property: "linearizable",
                hunt: None,
            },
            Bug::RetryWithANewStamp => BugInfo {
                slug: "retry-with-a-new-stamp",
                id: None,
                sentence: "a client that hears nothing writes again with a new stamp, over what \
                           others wrote meanwhile",
                source: "a retried write whose first attempt took effect: Kingsbury 2014, Jepsen: \
                         etcd and Consul",
                property: "linearizable",
                hunt: None,
            },
        }
    }
}
