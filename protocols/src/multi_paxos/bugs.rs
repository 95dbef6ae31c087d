//! The planted bugs of [`MultiPaxos`](super::MultiPaxos), one decision each.

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// An acceptor answers a Prepare before its promise is on disk: not at all, that is. After a crash
    /// it accepts what it had promised not to.
    PromiseNotPersisted,
    /// A candidate does not write down its own ballot, and uses it again in its next life.
    BallotNotPersisted,
    /// An acceptor says that it has accepted before that is on its disk.
    AcceptBeforeSync,
    /// An acceptor accepts whatever comes, although it has promised a higher ballot.
    PromiseIgnored,
    /// An acceptor tests a proposal against its promise, and does not raise it: an older proposal
    /// overwrites what it has accepted since.
    AcceptDoesNotRaise,
    /// A new leader does not look at what the promises tell.
    ChosenValueIgnored,
    /// A new leader takes the value that most promises tell of, not that of the highest ballot.
    MostFrequentValue,
    /// A new leader leaves slots open in which nobody it asked has accepted anything.
    HoleNotFilled,
    /// A candidate counts promises for a ballot that it has given up.
    OldPromiseCounted,
    /// A leader counts acceptances of a ballot that it has given up.
    OldAcceptanceCounted,
    /// A leader counts an acceptance as often as it arrives.
    AcceptanceCopyCounted,
    /// A leader takes half of the servers for a quorum.
    AcceptQuorumOfHalf,
    /// A follower takes what it has accepted for what was chosen, whoever proposed it.
    CommitWithoutBallot,
    /// A snapshot holds the machine, and not the sessions.
    PaxosSnapshotWithoutSessions,
    /// The disk is rewritten without what was promised.
    PromiseNotInSnapshot,
    /// A server that finds a damaged record gives up the rest, and takes part.
    PaxosDamageIgnored,
    /// A server goes on after its disk refused a write.
    PaxosWriteFailureIgnored,
}

const LAMPORT: &str = "Lamport 2001, Paxos Made Simple, section 2.2";

/// A bug, its name and number, what is wrong, where that comes from, and what catches it.
type Row = (Bug, &'static str, Option<&'static str>, &'static str, &'static str, &'static str);

const TABLE: &[Row] = &[
    (
        Bug::PromiseNotPersisted,
        "promise-not-persisted",
        Some("bug:P6"),
        "an acceptor does not write down what it promises",
        "Chandra, Griesemer & Redstone 2007, Paxos Made Live, section 4.1",
        "promises_kept",
    ),
    (
        Bug::BallotNotPersisted,
        "ballot-not-persisted",
        None,
        "a candidate does not write down its ballot, and uses it again after a crash",
        "Lamport 2001, Paxos Made Simple, section 2.5 (a proposer remembers the highest number)",
        "election_safety",
    ),
    (
        Bug::AcceptBeforeSync,
        "accept-before-sync",
        Some("bug:D1"),
        "an acceptor says that it has accepted before that is durable",
        "tikv/raft-rs#128 and KAFKA-10533, in Paxos",
        "learned_was_chosen",
    ),
    (
        Bug::PromiseIgnored,
        "promise-ignored",
        None,
        "an acceptor accepts proposals below its promise",
        LAMPORT,
        "promises_kept",
    ),
    (
        Bug::AcceptDoesNotRaise,
        "accept-does-not-raise",
        Some("bug:P1"),
        "an acceptor that accepts does not raise its promise, and an older proposal overwrites",
        "scylladb#6139; Brooker, The Bug in Paxos Made Simple, 2021",
        "chosen_value_carried",
    ),
    (
        Bug::ChosenValueIgnored,
        "chosen-value-ignored",
        None,
        "a new leader proposes no-ops where promises tell of accepted values",
        LAMPORT,
        "chosen_value_carried",
    ),
    (
        Bug::MostFrequentValue,
        "most-frequent-value",
        Some("bug:P7"),
        "a new leader takes the value that most promises tell of",
        LAMPORT,
        "chosen_value_carried",
    ),
    (
        Bug::HoleNotFilled,
        "hole-not-filled",
        None,
        "a new leader leaves the holes of its predecessor open",
        "Lamport 2001, Paxos Made Simple, section 3 (no-ops)",
        "progress",
    ),
    (
        Bug::OldPromiseCounted,
        "old-promise-counted",
        Some("bug:E1"),
        "a candidate counts promises for an older ballot of its own",
        "Xraft#33 and akka-raft#46, in Paxos",
        "chosen_value_carried",
    ),
    (
        Bug::OldAcceptanceCounted,
        "old-acceptance-counted",
        None,
        "a leader counts acceptances of an older ballot",
        "Lamport 2001, Paxos Made Simple, section 2.2; openraft cecb5de8",
        "learned_was_chosen",
    ),
    (
        Bug::AcceptanceCopyCounted,
        "acceptance-copy-counted",
        Some("bug:E2"),
        "a leader counts an acceptance as often as it arrives",
        "akka-raft#45, in Paxos",
        "learned_was_chosen",
    ),
    (
        Bug::AcceptQuorumOfHalf,
        "accept-quorum-of-half",
        Some("bug:E7"),
        "a leader takes half of the servers for a quorum",
        "hashicorp/raft 163a55f, in Paxos",
        "learned_was_chosen",
    ),
    (
        Bug::CommitWithoutBallot,
        "commit-without-ballot",
        Some("bug:C3"),
        "a follower takes what it accepted from another leader for what was chosen",
        "scylladb#9965, in Paxos",
        "agreement",
    ),
    (
        Bug::PaxosSnapshotWithoutSessions,
        "paxos-snapshot-without-sessions",
        Some("bug:S1"),
        "a snapshot holds the machine, and not the sessions",
        "Ongaro's thesis, 6.3",
        "linearizable",
    ),
    (
        Bug::PromiseNotInSnapshot,
        "promise-not-in-snapshot",
        None,
        "the disk is rewritten without what was promised",
        "Chandra, Griesemer & Redstone 2007, Paxos Made Live, section 5.5",
        "promises_kept",
    ),
    (
        Bug::PaxosDamageIgnored,
        "paxos-damage-ignored",
        None,
        "a server gives up its disk from a damaged record on, and takes part",
        "Alagappan et al., Protocol-Aware Recovery for Consensus-Based Storage, USENIX FAST 2018",
        "promises_kept",
    ),
    (
        Bug::PaxosWriteFailureIgnored,
        "paxos-write-failure-ignored",
        None,
        "a server goes on after its disk refused a write",
        "Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020",
        "learned_was_chosen",
    ),
];

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[
        Bug::PromiseNotPersisted,
        Bug::BallotNotPersisted,
        Bug::AcceptBeforeSync,
        Bug::PromiseIgnored,
        Bug::AcceptDoesNotRaise,
        Bug::ChosenValueIgnored,
        Bug::MostFrequentValue,
        Bug::HoleNotFilled,
        Bug::OldPromiseCounted,
        Bug::OldAcceptanceCounted,
        Bug::AcceptanceCopyCounted,
        Bug::AcceptQuorumOfHalf,
        Bug::CommitWithoutBallot,
        Bug::PaxosSnapshotWithoutSessions,
        Bug::PromiseNotInSnapshot,
        Bug::PaxosDamageIgnored,
        Bug::PaxosWriteFailureIgnored,
    ];

    fn info(self) -> BugInfo {
        let row = TABLE.iter().find(|row| row.0 == self);
        let (_, slug, id, sentence, source, property) =
            *row.unwrap_or_else(|| panic!("{self:?} is missing in the table"));
        BugInfo { slug, id, sentence, source, property, hunt: None }
    }
}
