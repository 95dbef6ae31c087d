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
    /// A leader changes the voters before it has committed anything in its term. An earlier leader may
    /// have a change on its way that shares no majority with this one.
    ChangeBeforeCommit,
    /// A server that is not in its own latest configuration never stands for election, even while its
    /// removal is not committed and only its log can win.
    RemovedNeverCampaigns,
    /// A configuration counts when its entry is applied, not when it is appended: servers that lag
    /// behind decide by majorities of old.
    ChangeAtApply,
    /// After a restart a joint configuration is read as if the change were over.
    JointLostOnRestart,
    /// The voters are exchanged in one step, whoever the new ones are.
    SwapWithoutJoint,
    /// A leader begins a change while the one before is not committed.
    ChangesOverlap,
    /// Acknowledgements of learners, who do not vote, count towards commitment.
    LearnersCounted,
    /// A server that cuts off a configuration behind a snapshot goes back to the one it was started
    /// with, not to the one in the snapshot.
    RollbackPastSnapshot,
    /// Snapshots hold the machine and not the sessions: an operation that comes again is applied again.
    SessionsNotInSnapshot,
    /// A follower that installs a snapshot keeps the entries behind it, whether they match it or not.
    ConflictingTailKept,
    /// A follower that installs a snapshot drops the entries behind it, even if they match.
    MatchingTailDropped,
    /// A follower whose log is empty behind a snapshot takes entries without asking what goes before.
    PrevUncheckedAtSnapshot,
    /// A follower that installs a snapshot goes back to the term of the snapshot's last entry.
    TermOfSnapshot,
    /// Chunks are put together whatever snapshot they are of.
    ChunksMixed,
    /// The rewritten log keeps the term and not the vote.
    VoteCompactedAway,
    /// The rewritten log ends with the snapshot; entries behind it stay in memory only.
    TailCompactedAway,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[
        Bug::VoteNotPersisted,
        Bug::AckBeforeSync,
        Bug::DamageIgnored,
        Bug::WriteFailureIgnored,
        Bug::ChangeBeforeCommit,
        Bug::RemovedNeverCampaigns,
        Bug::ChangeAtApply,
        Bug::JointLostOnRestart,
        Bug::SwapWithoutJoint,
        Bug::ChangesOverlap,
        Bug::LearnersCounted,
        Bug::RollbackPastSnapshot,
        Bug::SessionsNotInSnapshot,
        Bug::ConflictingTailKept,
        Bug::MatchingTailDropped,
        Bug::PrevUncheckedAtSnapshot,
        Bug::TermOfSnapshot,
        Bug::ChunksMixed,
        Bug::VoteCompactedAway,
        Bug::TailCompactedAway,
    ];

    fn info(self) -> BugInfo {
        match self {
            Bug::VoteNotPersisted => BugInfo {
                slug: "vote-not-persisted",
                id: Some("bug:E4"),
                sentence: "the ballot on disk keeps the term but not the vote",
                source: "Ongaro & Ousterhout 2014, Figure 2 (persistent state); \
                         Vanlightly, raft-and-fsync specification",
                property: "one_vote",
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
            Bug::ChangeBeforeCommit => BugInfo {
                slug: "change-before-commit",
                id: Some("bug:M1"),
                sentence: "a leader changes the voters before it has committed in its term",
                source: "Ongaro, raft-dev, 2015-07-10 (bug in single-server membership changes)",
                property: "configurations_meet",
                hunt: None,
            },
            Bug::RemovedNeverCampaigns => BugInfo {
                slug: "removed-never-campaigns",
                id: Some("bug:M2"),
                sentence: "a server that is not in its own latest configuration never stands for election",
                source: "Ongaro, dissertation, 4.2.2",
                property: "progress",
                hunt: None,
            },
            Bug::ChangeAtApply => BugInfo {
                slug: "change-at-apply",
                id: Some("bug:M3"),
                sentence: "a configuration counts when it is applied, not when it is appended",
                source: "etcd-io/etcd#7625",
                property: "configurations_meet",
                hunt: None,
            },
            Bug::JointLostOnRestart => BugInfo {
                slug: "joint-lost-on-restart",
                id: Some("bug:M4"),
                sentence: "a joint configuration is read from the disk as if the change were over",
                source: "etcd-io/etcd e515a67",
                property: "configurations_meet",
                hunt: None,
            },
            Bug::SwapWithoutJoint => BugInfo {
                slug: "swap-without-joint",
                id: None,
                sentence: "the voters are exchanged in one step",
                source: "Ongaro & Ousterhout 2014, Section 6, Figure 10",
                property: "configurations_meet",
                hunt: None,
            },
            Bug::ChangesOverlap => BugInfo {
                slug: "changes-overlap",
                id: None,
                sentence: "a change of the voters begins before the last one is committed",
                source: "Ongaro, dissertation, 4.1",
                property: "configurations_meet",
                hunt: None,
            },
            Bug::LearnersCounted => BugInfo {
                slug: "learners-counted",
                id: None,
                sentence: "acknowledgements of servers that do not vote count towards commitment",
                source: "Ongaro, dissertation, 4.2.1",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::RollbackPastSnapshot => BugInfo {
                slug: "rollback-past-snapshot",
                id: Some("bug:C23"),
                sentence: "a configuration that is cut off behind a snapshot gives way to the very first one",
                source: "canonical/raft#250",
                property: "configurations_meet",
                hunt: None,
            },
            Bug::SessionsNotInSnapshot => BugInfo {
                slug: "sessions-not-in-snapshot",
                id: Some("bug:S1"),
                sentence: "snapshots do not hold the sessions of the clients",
                source: "Ongaro, dissertation, 6.3",
                property: "exactly_once",
                hunt: None,
            },
            Bug::ConflictingTailKept => BugInfo {
                slug: "conflicting-tail-kept",
                id: Some("bug:C14"),
                sentence: "entries that conflict with an installed snapshot stay behind it",
                source: "openraft#1892",
                property: "log_matching",
                hunt: None,
            },
            Bug::MatchingTailDropped => BugInfo {
                slug: "matching-tail-dropped",
                id: None,
                sentence: "entries that match an installed snapshot are dropped from behind it",
                source: "Ongaro & Ousterhout 2014, Figure 13, rule 6",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::PrevUncheckedAtSnapshot => BugInfo {
                slug: "prev-unchecked-at-snapshot",
                id: Some("bug:C11"),
                sentence: "the entry before new ones is not compared right behind a snapshot",
                source: "willemt/raft#118",
                property: "log_matching",
                hunt: None,
            },
            Bug::TermOfSnapshot => BugInfo {
                slug: "term-of-snapshot",
                id: Some("bug:C13"),
                sentence: "whoever installs a snapshot goes back to its term",
                source: "willemt/raft#118",
                property: "terms_grow",
                hunt: None,
            },
            Bug::ChunksMixed => BugInfo {
                slug: "chunks-mixed",
                id: None,
                sentence: "chunks of different snapshots are put together",
                source: "Ongaro & Ousterhout 2014, Figure 13 (offset)",
                property: "state_machine_safety",
                hunt: None,
            },
            Bug::VoteCompactedAway => BugInfo {
                slug: "vote-compacted-away",
                id: None,
                sentence: "the rewritten log keeps the term and not the vote",
                source: "Ongaro & Ousterhout 2014, Figure 2 (persistent state)",
                property: "one_vote",
                hunt: None,
            },
            Bug::TailCompactedAway => BugInfo {
                slug: "tail-compacted-away",
                id: None,
                sentence: "the rewritten log ends with the snapshot",
                source: "Ongaro & Ousterhout 2014, Section 7",
                property: "leader_completeness",
                hunt: None,
            },
        }
    }
}
