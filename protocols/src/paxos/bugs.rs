//! The planted bugs of [`Paxos`](super::Paxos), one decision each.

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// An acceptor does not write down what it promises.
    PromiseNotPersisted,
    /// An acceptor says that it has accepted before that is on its disk: after a crash it knows nothing
    /// of it.
    AcceptBeforeSync,
    /// An acceptor accepts whatever comes, although it has promised a higher ballot.
    PromiseIgnored,
    /// An acceptor tests a proposal against its promise, and does not raise it: an older proposal
    /// overwrites what it has accepted since.
    AcceptDoesNotRaise,
    /// A proposer asks for its own value, whatever the promises tell.
    ChosenValueIgnored,
    /// A proposer takes the value that most promises tell of, not that of the highest ballot.
    MostFrequentValue,
    /// A proposer does not write down which round it uses, and uses it again after a crash.
    RoundNotPersisted,
    /// A proposer counts promises for a ballot that it has given up.
    OldPromiseCounted,
    /// A proposer takes half of the acceptors for a quorum.
    QuorumOfHalf,
    /// A read answers with a value that it heard of, without making sure that it is chosen.
    ReadUnfinished,
    /// A learner adds up acceptances of different ballots.
    BallotsAddedUp,
}

const LAMPORT: &str = "Lamport 2001, Paxos Made Simple, section 2.2";

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[
        Bug::PromiseNotPersisted,
        Bug::AcceptBeforeSync,
        Bug::PromiseIgnored,
        Bug::AcceptDoesNotRaise,
        Bug::ChosenValueIgnored,
        Bug::MostFrequentValue,
        Bug::RoundNotPersisted,
        Bug::OldPromiseCounted,
        Bug::QuorumOfHalf,
        Bug::ReadUnfinished,
        Bug::BallotsAddedUp,
    ];

    fn info(self) -> BugInfo {
        let bug = |slug, id, sentence, source, property| BugInfo {
            slug,
            id,
            sentence,
            source,
            property,
            hunt: None,
        };
        match self {
            Bug::PromiseNotPersisted => bug(
                "promise-not-persisted",
                Some("bug:P6"),
                "an acceptor does not write down what it promises",
                "Chandra, Griesemer & Redstone 2007, Paxos Made Live, section 4.1",
                "promises_kept",
            ),
            Bug::AcceptBeforeSync => bug(
                "accept-before-sync",
                Some("bug:D1"),
                "an acceptor says that it has accepted before that is durable",
                "Lamport 2001, Paxos Made Simple, section 2.5 (stable storage)",
                "learned_was_chosen",
            ),
            Bug::PromiseIgnored => bug(
                "promise-ignored",
                None,
                "an acceptor accepts proposals below its promise",
                LAMPORT,
                "promises_kept",
            ),
            Bug::AcceptDoesNotRaise => bug(
                "accept-does-not-raise",
                Some("bug:P1"),
                "an acceptor that accepts does not raise its promise, and an older proposal overwrites",
                "scylladb#6139; Brooker, The Bug in Paxos Made Simple, 2021",
                "agreement",
            ),
            Bug::ChosenValueIgnored => bug(
                "chosen-value-ignored",
                None,
                "a proposer asks for its own value, whatever the promises tell",
                LAMPORT,
                "chosen_value_carried",
            ),
            Bug::MostFrequentValue => bug(
                "most-frequent-value",
                Some("bug:P7"),
                "a proposer takes the value that most promises tell of",
                LAMPORT,
                "chosen_value_carried",
            ),
            Bug::RoundNotPersisted => bug(
                "round-not-persisted",
                None,
                "a proposer does not write down its round, and uses it again after a crash",
                "Lamport 2001, Paxos Made Simple, section 2.5",
                "one_value_a_ballot",
            ),
            Bug::OldPromiseCounted => bug(
                "old-promise-counted",
                Some("bug:E1"),
                "a proposer counts promises for an older ballot of its own",
                "Xraft#33 and akka-raft#46, in Paxos",
                "chosen_value_carried",
            ),
            Bug::QuorumOfHalf => bug(
                "quorum-of-half",
                Some("bug:E7"),
                "a proposer takes half of the acceptors for a quorum",
                "hashicorp/raft 163a55f, in Paxos",
                "learned_was_chosen",
            ),
            Bug::ReadUnfinished => bug(
                "read-unfinished",
                Some("bug:P4"),
                "a read answers with a value that it did not make sure to be chosen",
                "CASSANDRA-12126; scylladb#6299",
                "linearizable",
            ),
            Bug::BallotsAddedUp => bug(
                "ballots-added-up",
                None,
                "a learner adds up acceptances of different ballots",
                "Lamport 2001, Paxos Made Simple, section 2.3",
                "learned_was_chosen",
            ),
        }
    }
}
