//! Rare situations that a campaign of seeds should reach: each is where a rule of the paper matters,
//! and where an implementation that lacks the rule goes wrong.

use rehearsal_sim::protocol::Probe;

/// All of them, in the order of the paper.
pub const ALL: &[Probe] = &[
    SPLIT_VOTE,
    ELECTION_WITHOUT_WINNER,
    LEADER_DEPOSED,
    OLD_LEADER_REFUSED,
    CONFLICT_TRUNCATED,
    OLD_APPEND_KEPT_LOG,
    STALE_LOG_REFUSED,
    COMMIT_HELD_BACK,
    REQUESTS_INHERITED,
    ANSWERED_FROM_SESSION,
    TORN_TAIL_DROPPED,
    SERVER_DAMAGED,
    PRE_VOTE_REFUSED,
    VOTE_REQUEST_IGNORED,
    EARLY_TIMEOUT_IGNORED,
    LEADER_DESERTED,
    READ_BY_ROUND,
    READ_BY_LEASE,
    READ_WAITS_FOR_COMMIT,
    LEADERSHIP_TRANSFERRED,
    TRANSFER_GIVEN_UP,
    TRANSFER_OVERTAKEN,
    CHUNKS_LOST,
    TAIL_KEPT,
    CHANGE_HELD_BACK,
    LEADER_REMOVED,
];

/// Section 5.2: one vote a term.
pub(crate) const SPLIT_VOTE: Probe = Probe {
    name: "split_vote",
    sentence: "a server was asked for a vote that it had given to another candidate of the term",
};

/// Section 5.2: the next timeout begins a new term.
pub(crate) const ELECTION_WITHOUT_WINNER: Probe = Probe {
    name: "election_without_winner",
    sentence: "a candidate waited for votes in vain, and stood again in a new term",
};

/// Section 5.1: a newer term makes a follower of everybody.
pub(crate) const LEADER_DEPOSED: Probe =
    Probe { name: "leader_deposed", sentence: "a leader heard of a newer term and stepped down" };

/// Figure 2, AppendEntries, rule 1.
pub(crate) const OLD_LEADER_REFUSED: Probe = Probe {
    name: "old_leader_refused",
    sentence: "entries of a leader of an older term were refused",
};

/// Figure 2, AppendEntries, rule 3.
pub(crate) const CONFLICT_TRUNCATED: Probe = Probe {
    name: "conflict_truncated",
    sentence: "a follower cut off entries that conflicted with its leader's",
};

/// Figure 2, AppendEntries, rule 3: what does not conflict stays.
pub(crate) const OLD_APPEND_KEPT_LOG: Probe = Probe {
    name: "old_append_kept_log",
    sentence: "a late copy of entries did not cut off the newer ones behind them",
};

/// Section 5.4.1: the election restriction.
pub(crate) const STALE_LOG_REFUSED: Probe = Probe {
    name: "stale_log_refused",
    sentence: "a candidate was refused a free vote because its log was behind the voter's",
};

/// Section 5.4.2 and Figure 8: only entries of the own term are committed by counting.
pub(crate) const COMMIT_HELD_BACK: Probe = Probe {
    name: "commit_held_back",
    sentence: "an entry of an earlier term was on a majority of disks, and did not count as committed",
};

/// Section 8: a new leader goes on with what its predecessor left.
pub(crate) const REQUESTS_INHERITED: Probe = Probe {
    name: "requests_inherited",
    sentence: "a new leader had requests in its log that were not applied yet",
};

/// Section 8; thesis, 6.3: sessions.
pub(crate) const ANSWERED_FROM_SESSION: Probe = Probe {
    name: "answered_from_session",
    sentence: "a request came again after it was applied, and got its first answer",
};

/// Nobody was told of a write that was never durable.
pub(crate) const TORN_TAIL_DROPPED: Probe = Probe {
    name: "torn_tail_dropped",
    sentence: "a server came back with a half-written record at the end of its log, and dropped it",
};

/// Alagappan et al., FAST 2018: what was promised must not be forgotten silently.
pub(crate) const SERVER_DAMAGED: Probe = Probe {
    name: "server_damaged",
    sentence: "a server found damage on its disk, and took no part any more",
};

/// Thesis, 9.6: `pre_vote`.
pub(crate) const PRE_VOTE_REFUSED: Probe = Probe {
    name: "pre_vote_refused",
    sentence: "a server that thought of standing was told that it would not be elected",
};

/// Section 6; thesis, 4.2.3: `leader_stickiness`.
pub(crate) const VOTE_REQUEST_IGNORED: Probe = Probe {
    name: "vote_request_ignored",
    sentence: "a server that heard a leader ignored a candidate",
};

/// The same, of a server's own vote.
pub(crate) const EARLY_TIMEOUT_IGNORED: Probe = Probe {
    name: "early_timeout_ignored",
    sentence: "an election timer rang on a server that heard a leader, and it did not stand",
};

/// Thesis, 6.2: `check_quorum`.
pub(crate) const LEADER_DESERTED: Probe = Probe {
    name: "leader_deserted",
    sentence: "a leader heard no majority for an election timeout, and stepped down",
};

/// Thesis, 6.4: `reads = "read-index"`.
pub(crate) const READ_BY_ROUND: Probe = Probe {
    name: "read_by_round",
    sentence: "a read was answered after a round of heartbeats, without the log",
};

/// Thesis, 6.4.1: `reads = "lease"`.
pub(crate) const READ_BY_LEASE: Probe = Probe {
    name: "read_by_lease",
    sentence: "a read was answered at once, on the word of a lease",
};

/// Thesis, 6.4, step 1.
pub(crate) const READ_WAITS_FOR_COMMIT: Probe = Probe {
    name: "read_waits_for_commit",
    sentence: "a read waited until a new leader had committed an entry of its own term",
};

/// Thesis, 3.10.
pub(crate) const LEADERSHIP_TRANSFERRED: Probe = Probe {
    name: "leadership_transferred",
    sentence: "a server stood for election because the leader asked for it",
};

/// Thesis, 3.10: "if leadership transfer does not complete after about an election timeout".
pub(crate) const TRANSFER_GIVEN_UP: Probe = Probe {
    name: "transfer_given_up",
    sentence: "a leader could not hand leadership over within an election timeout, and went on",
};

/// Section 7: another snapshot came before the whole of one was here.
pub(crate) const TRANSFER_OVERTAKEN: Probe = Probe {
    name: "transfer_overtaken",
    sentence: "a snapshot was on its way when another one took its place",
};

/// Section 7: chunks are sent again from where the receiver is.
pub(crate) const CHUNKS_LOST: Probe = Probe {
    name: "chunks_lost",
    sentence: "a follower had less of a snapshot than its leader believed",
};

/// Figure 13, rule 6: entries behind a snapshot that match it stay.
pub(crate) const TAIL_KEPT: Probe = Probe {
    name: "tail_kept",
    sentence: "a follower that installed a snapshot kept the entries behind it",
};

/// Ongaro, raft-dev, 2015: no change before an entry of the own term is committed.
pub(crate) const CHANGE_HELD_BACK: Probe = Probe {
    name: "change_held_back",
    sentence: "a change of the voters waited until the leader had committed in its own term",
};

/// Thesis, 4.2.2.
pub(crate) const LEADER_REMOVED: Probe = Probe {
    name: "leader_removed",
    sentence: "a leader committed its own removal, and stepped down",
};
