//! The planted bugs of [`Counter`](super::Counter).

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The head does not recognise a request that comes again.
    RetryCountedTwice,
    /// Clients read from any server.
    ReadsAnywhere,
    /// The head answers before the rest of the chain has the entry.
    HeadAnswers,
    /// A server passes an entry on before it is on its own disk.
    PassedOnBeforeSync,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] =
        &[Bug::RetryCountedTwice, Bug::ReadsAnywhere, Bug::HeadAnswers, Bug::PassedOnBeforeSync];
    fn info(self) -> BugInfo {
        match self {
            Bug::RetryCountedTwice => BugInfo {
                slug: "retry-counted-twice",
                id: None,
                sentence: "the head takes a request that comes again for a new one",
                source: "bug:S2 in a chain: van Renesse & Schneider 2004, section 2 (duplicates are \
                         for clients and servers to sort out)",
                property: "counted_once",
                hunt: None,
            },
            Bug::ReadsAnywhere => BugInfo {
                slug: "reads-anywhere",
                id: Some("bug:Q1"),
                sentence: "clients read from any server of the chain, not from its tail",
                source: "Terrace & Freedman 2009, Object Storage on CRAQ, section 2.1",
                property: "linearizable",
                hunt: None,
            },
            Bug::HeadAnswers => BugInfo {
                slug: "head-answers",
                id: Some("bug:S3"),
                sentence: "the head answers before the rest of the chain has the entry",
                source: "van Renesse & Schneider 2004, Chain Replication, section 3",
                property: "linearizable",
                hunt: None,
            },
            Bug::PassedOnBeforeSync => BugInfo {
                slug: "passed-on-before-sync",
                id: None,
                sentence: "a server passes an entry on before it is on its own disk",
                source: "bug:D3 in a chain; openraft a9f696a9",
                property: "same_entries",
                hunt: None,
            },
        }
    }
}
