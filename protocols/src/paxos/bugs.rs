//! The planted bugs of [`Paxos`](super::Paxos), one decision each.

use rehearsal_sim::bug::{BugInfo, PlantedBug};

/// One wrong decision each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// An acceptor does not write down what it promises.
    AcceptorForgetsPromise,
    /// An acceptor says that it has accepted before that is on its disk: after a crash it knows nothing
    /// of it.
    AcceptorAnswersEarly,
    /// An acceptor accepts whatever comes, although it has promised a higher ballot.
    AcceptorBreaksPromise,
    /// An acceptor tests a proposal against its promise, and does not raise it: an older proposal
    /// overwrites what it has accepted since.
    AcceptorDoesNotRaise,
    /// A proposer asks for its own value, whatever the promises tell.
    ProposerIgnoresValues,
    /// A proposer takes the value that most promises tell of, not that of the highest ballot.
    ProposerTakesMostFrequent,
    /// A proposer does not write down which round it uses, and uses it again after a crash.
    ProposerReusesRound,
    /// A proposer counts promises for a ballot that it has given up.
    ProposerCountsOldPromises,
    /// A proposer takes half of the acceptors for a quorum.
    ProposerHalfQuorum,
    /// A read answers with a value that it heard of, without making sure that it is chosen.
    ReadUnfinished,
    /// A learner adds up acceptances of different ballots.
    LearnerAddsUpBallots,
}

const LAMPORT: &str = "Lamport 2001, Paxos Made Simple, section 2.2";

/// A bug, its name and number, what is wrong, where that comes from, and what catches it.
type Row = (Bug, &'static str, Option<&'static str>, &'static str, &'static str, &'static str);

const TABLE: &[Row] = &[
    (
        Bug::AcceptorForgetsPromise,
        "acceptor-forgets-promise",
        Some("bug:P6"),
        "an acceptor does not write down what it promises",
        "Chandra, Griesemer & Redstone 2007, Paxos Made Live, section 4.1",
        "promises_kept",
    ),
    (
        Bug::AcceptorAnswersEarly,
        "acceptor-answers-early",
        Some("bug:D1"),
        "an acceptor says that it has accepted before that is durable",
        "Lamport 2001, Paxos Made Simple, section 2.5 (stable storage)",
        "learned_was_chosen",
    ),
    (
        Bug::AcceptorBreaksPromise,
        "acceptor-breaks-promise",
        None,
        "an acceptor accepts proposals below its promise",
        LAMPORT,
        "promises_kept",
    ),
    (
        Bug::AcceptorDoesNotRaise,
        "acceptor-does-not-raise",
        Some("bug:P1"),
        "an acceptor that accepts does not raise its promise, and an older proposal overwrites",
        "scylladb#6139; Brooker, The Bug in Paxos Made Simple, 2021",
        "chosen_value_carried",
    ),
    (
        Bug::ProposerIgnoresValues,
        "proposer-ignores-values",
        None,
        "a proposer asks for its own value, whatever the promises tell",
        LAMPORT,
        "chosen_value_carried",
    ),
    (
        Bug::ProposerTakesMostFrequent,
        "proposer-takes-most-frequent",
        Some("bug:P7"),
        "a proposer takes the value that most promises tell of",
        LAMPORT,
        "chosen_value_carried",
    ),
    (
        Bug::ProposerReusesRound,
        "proposer-reuses-round",
        None,
        "a proposer does not write down its round, and uses it again after a crash",
        "Lamport 2001, Paxos Made Simple, section 2.5",
        "one_value_a_ballot",
    ),
    (
        Bug::ProposerCountsOldPromises,
        "proposer-counts-old-promises",
        Some("bug:E1"),
        "a proposer counts promises for an older ballot of its own",
        "Xraft#33 and akka-raft#46, in Paxos",
        "chosen_value_carried",
    ),
    (
        Bug::ProposerHalfQuorum,
        "proposer-half-quorum",
        Some("bug:E7"),
        "a proposer takes half of the acceptors for a quorum",
        "hashicorp/raft 163a55f, in Paxos",
        "learned_was_chosen",
    ),
    (
        Bug::ReadUnfinished,
        "read-unfinished",
        Some("bug:P4"),
        "a read answers with a value that it did not make sure to be chosen",
        "CASSANDRA-12126; scylladb#6299",
        "linearizable",
    ),
    (
        Bug::LearnerAddsUpBallots,
        "learner-adds-up-ballots",
        None,
        "a learner adds up acceptances of different ballots",
        "Lamport 2001, Paxos Made Simple, section 2.3",
        "learned_was_chosen",
    ),
];

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[
        Bug::AcceptorForgetsPromise,
        Bug::AcceptorAnswersEarly,
        Bug::AcceptorBreaksPromise,
        Bug::AcceptorDoesNotRaise,
        Bug::ProposerIgnoresValues,
        Bug::ProposerTakesMostFrequent,
        Bug::ProposerReusesRound,
        Bug::ProposerCountsOldPromises,
        Bug::ProposerHalfQuorum,
        Bug::ReadUnfinished,
        Bug::LearnerAddsUpBallots,
    ];

    fn info(self) -> BugInfo {
        let row = TABLE.iter().find(|row| row.0 == self);
        let (_, slug, id, sentence, source, property) =
            *row.unwrap_or_else(|| panic!("{self:?} is missing in the table"));
        let hunt = (self == Bug::ProposerReusesRound).then_some("paxos/proposers-crash");
        BugInfo { slug, id, sentence, source, property, hunt }
    }
}
