//! The planted bugs of [`WorkQueue`](super::WorkQueue).

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A broker does not recognise a request that comes again.
    RetryServedTwice,
    /// A broker answers before its record is on disk.
    AnswerBeforeSync,
    /// What is taken out is not written down.
    TakeNotLogged,
    /// A broker that restarts finds its queues the wrong way round.
    RestoredBackwards,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] =
        &[Bug::RetryServedTwice, Bug::AnswerBeforeSync, Bug::TakeNotLogged, Bug::RestoredBackwards];
    fn info(self) -> BugInfo {
        match self {
            Bug::RetryServedTwice => BugInfo {
                slug: "retry-served-twice",
                id: Some("bug:S2"),
                sentence: "a broker serves a request that comes again as if it were new",
                source: "Ongaro 2014, Consensus: Bridging Theory and Practice, section 6.3",
                property: "linearizable",
                hunt: None,
            },
            Bug::AnswerBeforeSync => BugInfo {
                slug: "answer-before-sync",
                id: None,
                sentence: "a broker answers before its record is durable",
                source: "bug:D1 on a single server; etcd#14370",
                property: "linearizable",
                hunt: None,
            },
            Bug::TakeNotLogged => BugInfo {
                slug: "take-not-logged",
                id: None,
                sentence: "what is taken is not written down, and is there again after a restart",
                source: "at-least-once delivery taken for exactly-once: Gray & Reuter 1993, \
                         Transaction Processing, section 10.4 (recoverable queues)",
                property: "handed_out_once",
                hunt: None,
            },
            Bug::RestoredBackwards => BugInfo {
                slug: "restored-backwards",
                id: None,
                sentence: "a broker that restarts restores its queues with the newest in front",
                source: "a log of insertions that is read from its end",
                property: "linearizable",
                hunt: None,
            },
        }
    }
}
