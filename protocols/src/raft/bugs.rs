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
    /// A candidate counts votes that it was given in an earlier term: their voters have voted for
    /// others since.
    OldVoteCounted,
    /// A candidate counts replies, not voters: the network may deliver a vote twice.
    VotesPerReply,
    /// A server that follows a leader forgets whom it voted for in that term, and votes again in it.
    VoteClearedInTerm,
    /// The ballot on disk lacks the term: a server that crashed begins the terms anew.
    TermNotPersisted,
    /// A leader that crashed and came back goes on leading the same term, though its memory is gone.
    LeadershipResumed,
    /// Half of an even number of servers is taken for a majority: both halves elect.
    HalfIsMajority,
    /// Voters compare the lengths of logs only: a long tail of an old term beats what was committed
    /// since.
    LongestLogWins,
    /// Voters want the last term and the length to be at least theirs: where one server has the newer
    /// term and another the longer log, neither is elected.
    BothMustBeNewer,
    /// A server does not answer pre-votes for a term that is not newer than its own: the only one with
    /// a log that can win never learns which term to stand in.
    OldPreVoteIgnored,
    /// A leader commits entries of earlier terms by counting copies (Figure 8).
    OlderTermCounted,
    /// A follower commits what its leader committed, up to the end of its own log, and not of what was
    /// compared.
    CommitUnchecked,
    /// A follower acknowledges its whole log, with a tail that nobody compared.
    OwnEndAcknowledged,
    /// A leader counts acknowledgements that it was given in an earlier term: what they speak of may
    /// be gone.
    OldAckCounted,
    /// A leader commits what the server in the middle of its list has, and forgot to sort the list.
    ProgressUnsorted,
    /// A follower cuts off whatever follows the entries it is sent, which may be an old copy.
    TruncatesAlways,
    /// A server takes entries from a leader of an earlier term.
    OldLeaderObeyed,
    /// A leader looks for entries to commit from the oldest on, and stops at the first of an earlier
    /// term, instead of going on behind it.
    CommitStopsAtOldTerm,
    /// A leader that was refused entries does not go back, and sends the same ones again.
    NextIndexNeverFalls,
    /// A leader counts itself before its own disk has the entry.
    LeaderCountsUnsynced,
    /// Whoever takes itself for the leader answers reads at once from its own state.
    LocalReads,
    /// A new leader answers reads before it has committed an entry of its own term: it does not know
    /// yet what its predecessors committed.
    ReadBeforeOwnCommit,
    /// A lease lasts as long as the election timeout: a slow clock makes it last longer than the
    /// voters wait.
    LeaseWithoutMargin,
    /// A read that comes while a round of heartbeats is under way takes its answers for its own.
    ReadSharesRound,
    /// Servers ignore sessions: an operation that a client asks for again is applied again.
    SessionsIgnored,
    /// A leader answers as soon as its own disk has the entry.
    CommitsAlone,
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
        Bug::OldVoteCounted,
        Bug::VotesPerReply,
        Bug::VoteClearedInTerm,
        Bug::TermNotPersisted,
        Bug::LeadershipResumed,
        Bug::HalfIsMajority,
        Bug::LongestLogWins,
        Bug::BothMustBeNewer,
        Bug::OldPreVoteIgnored,
        Bug::OlderTermCounted,
        Bug::CommitUnchecked,
        Bug::OwnEndAcknowledged,
        Bug::OldAckCounted,
        Bug::ProgressUnsorted,
        Bug::TruncatesAlways,
        Bug::OldLeaderObeyed,
        Bug::CommitStopsAtOldTerm,
        Bug::NextIndexNeverFalls,
        Bug::LeaderCountsUnsynced,
        Bug::LocalReads,
        Bug::ReadBeforeOwnCommit,
        Bug::LeaseWithoutMargin,
        Bug::ReadSharesRound,
        Bug::SessionsIgnored,
        Bug::CommitsAlone,
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

    #[allow(clippy::too_many_lines, reason = "a table")]
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
            Bug::OldVoteCounted => BugInfo {
                slug: "old-vote-counted",
                id: Some("bug:E1"),
                sentence: "a candidate counts votes of an earlier term",
                source: "Xraft#33; akka-raft#46; SandTable",
                property: "election_safety",
                hunt: None,
            },
            Bug::VotesPerReply => BugInfo {
                slug: "votes-per-reply",
                id: Some("bug:E2"),
                sentence: "a candidate counts replies, not voters",
                source: "akka-raft#45",
                property: "election_safety",
                hunt: None,
            },
            Bug::VoteClearedInTerm => BugInfo {
                slug: "vote-cleared-in-term",
                id: Some("bug:E3"),
                sentence: "a server forgets its vote when it becomes a follower in the same term",
                source: "CCF#8094; camunda#5356; akka-raft#56",
                property: "one_vote",
                hunt: None,
            },
            Bug::TermNotPersisted => BugInfo {
                slug: "term-not-persisted",
                id: Some("bug:E5"),
                sentence: "the ballot on disk lacks the term",
                source: "Ongaro & Ousterhout 2014, Figure 2 (persistent state); Vanlightly, raft-and-fsync specification",
                property: "terms_grow",
                hunt: None,
            },
            Bug::LeadershipResumed => BugInfo {
                slug: "leadership-resumed",
                id: Some("bug:E6"),
                sentence: "a leader that crashed goes on leading the same term",
                source: "KAFKA-10527",
                property: "election_safety",
                hunt: None,
            },
            Bug::HalfIsMajority => BugInfo {
                slug: "half-is-majority",
                id: Some("bug:E7"),
                sentence: "half of an even number of servers is taken for a majority",
                source: "hashicorp/raft 163a55f",
                property: "election_safety",
                hunt: None,
            },
            Bug::LongestLogWins => BugInfo {
                slug: "longest-log-wins",
                id: Some("bug:E8"),
                sentence: "voters compare the lengths of logs, and not the terms of the last entries",
                source: "sile/noraft#22",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::BothMustBeNewer => BugInfo {
                slug: "both-must-be-newer",
                id: Some("bug:E9"),
                sentence: "voters want a log that is longer, too, where its last term is newer",
                source: "hashicorp/raft#94 (441bd09)",
                property: "progress",
                hunt: None,
            },
            Bug::OldPreVoteIgnored => BugInfo {
                slug: "old-pre-vote-ignored",
                id: Some("bug:E11"),
                sentence: "pre-votes for a term that is not newer are not answered",
                source: "etcd#8501; etcd 3c7359d; raft-rs 37ad3a1",
                property: "progress",
                hunt: Some("raft/pre-vote-terms"),
            },
            Bug::OlderTermCounted => BugInfo {
                slug: "older-term-counted",
                id: Some("bug:C1"),
                sentence: "entries of earlier terms are committed by counting",
                source: "Ongaro & Ousterhout 2014, Figure 8; LogCabin#44; canonical/raft#220; CCF#4485",
                property: "leader_completeness",
                hunt: Some("raft/figure-8"),
            },
            Bug::CommitUnchecked => BugInfo {
                slug: "commit-unchecked",
                id: Some("bug:C3"),
                sentence: "a follower commits up to the end of its log instead of the last entry that was compared",
                source: "scylladb#9965; scylladb#10578; etcd PR#1203",
                property: "state_machine_safety",
                hunt: None,
            },
            Bug::OwnEndAcknowledged => BugInfo {
                slug: "own-end-acknowledged",
                id: Some("bug:C4"),
                sentence: "a follower acknowledges its whole log instead of what it was sent",
                source: "CCF#6016 (with #6001)",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::OldAckCounted => BugInfo {
                slug: "old-ack-counted",
                id: Some("bug:C7"),
                sentence: "a leader counts acknowledgements of an earlier term",
                source: "openraft cecb5de8",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::ProgressUnsorted => BugInfo {
                slug: "progress-unsorted",
                id: Some("bug:C8"),
                sentence: "the middle of an unsorted list is taken for what a majority has",
                source: "openraft#1802 (f076cf6f)",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::TruncatesAlways => BugInfo {
                slug: "truncates-always",
                id: Some("bug:C9"),
                sentence: "a follower cuts off what follows the entries it is sent, conflict or not",
                source: "RaftOS#26; hashicorp/raft 0f31a01",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::OldLeaderObeyed => BugInfo {
                slug: "old-leader-obeyed",
                id: Some("bug:C10"),
                sentence: "a server takes entries of a leader of an earlier term",
                source: "Ongaro & Ousterhout 2014, Figure 2 (AppendEntries, rule 1)",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::CommitStopsAtOldTerm => BugInfo {
                slug: "commit-stops-at-old-term",
                id: Some("bug:C16"),
                sentence: "a leader commits nothing as long as the next entry to commit is of an earlier term",
                source: "RaftOS#30",
                property: "progress",
                hunt: None,
            },
            Bug::NextIndexNeverFalls => BugInfo {
                slug: "next-index-never-falls",
                id: Some("bug:C17"),
                sentence: "a leader that was refused entries sends the same ones again",
                source: "Ongaro & Ousterhout 2014, Figure 2 (Leaders)",
                property: "progress",
                hunt: None,
            },
            Bug::LeaderCountsUnsynced => BugInfo {
                slug: "leader-counts-unsynced",
                id: Some("bug:D2"),
                sentence: "a leader counts its own entries before they are durable",
                source: "etcd#14370",
                property: "leader_completeness",
                hunt: None,
            },
            Bug::LocalReads => BugInfo {
                slug: "local-reads",
                id: Some("bug:Q1"),
                sentence: "a leader answers reads from its own state, and does not ask whether it still leads",
                source: "etcd 0.4.1 (Jepsen 2014)",
                property: "linearizable",
                hunt: None,
            },
            Bug::ReadBeforeOwnCommit => BugInfo {
                slug: "read-before-own-commit",
                id: Some("bug:Q2"),
                sentence: "a new leader answers reads before an entry of its own term is committed",
                source: "etcd#7331 (f9382a4); Ongaro's thesis, 6.4",
                property: "linearizable",
                hunt: None,
            },
            Bug::LeaseWithoutMargin => BugInfo {
                slug: "lease-without-margin",
                id: Some("bug:Q3"),
                sentence: "a lease lasts the whole election timeout, whatever the clocks do",
                source: "cockroach#133764; etcd#20418; Ongaro's thesis, 6.4.1",
                property: "linearizable",
                hunt: Some("raft/lease-and-drift"),
            },
            Bug::ReadSharesRound => BugInfo {
                slug: "read-shares-round",
                id: Some("bug:Q4"),
                sentence: "a read waits for the answers to a round that began before it came",
                source: "etcd-io/raft PR#397",
                property: "linearizable",
                hunt: None,
            },
            Bug::SessionsIgnored => BugInfo {
                slug: "sessions-ignored",
                id: Some("bug:S2"),
                sentence: "an operation that comes again is applied again",
                source: "Ongaro's thesis, 6.3",
                property: "linearizable",
                hunt: None,
            },
            Bug::CommitsAlone => BugInfo {
                slug: "commits-alone",
                id: Some("bug:S3"),
                sentence: "a leader commits what it has on its own disk",
                source: "Ongaro & Ousterhout 2014, Section 5.3",
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
                hunt: Some("raft/removed-and-needed"),
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
