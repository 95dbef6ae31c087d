//! Rare situations that a campaign of seeds should reach: each is where a rule of Paxos matters.

use rehearsal_sim::protocol::Probe;

/// All of them.
pub const ALL: &[Probe] = &[
    BALLOT_REFUSED,
    ELECTION_WITHOUT_WINNER,
    LEADER_DEPOSED,
    OLD_PROPOSAL_REFUSED,
    VALUE_INHERITED,
    VALUES_DIFFERED,
    HOLE_FILLED,
    CHOSEN_OUT_OF_ORDER,
    COMMIT_HELD_BACK,
    WINDOW_FULL,
    ANSWERED_FROM_SESSION,
    CAUGHT_UP_BY_SNAPSHOT,
    PROMISE_WITH_SNAPSHOT,
    TORN_TAIL_DROPPED,
    SERVER_DAMAGED,
];

const fn probe(name: &'static str, sentence: &'static str) -> Probe {
    Probe { name, sentence }
}

pub(crate) const BALLOT_REFUSED: Probe =
    probe("ballot_refused", "a candidate asked for a promise below one that was given");
pub(crate) const ELECTION_WITHOUT_WINNER: Probe = probe(
    "election_without_winner",
    "a candidate waited for promises in vain, and prepared another ballot",
);
pub(crate) const LEADER_DEPOSED: Probe =
    probe("leader_deposed", "a leader heard of a higher ballot and stepped down");
pub(crate) const OLD_PROPOSAL_REFUSED: Probe =
    probe("old_proposal_refused", "a proposal of a lower ballot than the one promised was refused");
pub(crate) const VALUE_INHERITED: Probe =
    probe("value_inherited", "a new leader proposed again what its predecessors had proposed");
pub(crate) const VALUES_DIFFERED: Probe =
    probe("values_differed", "promises told of different values for one slot");
pub(crate) const HOLE_FILLED: Probe =
    probe("hole_filled", "a new leader filled a slot in which nobody had accepted anything");
pub(crate) const CHOSEN_OUT_OF_ORDER: Probe =
    probe("chosen_out_of_order", "a slot was chosen before one that comes earlier");
pub(crate) const COMMIT_HELD_BACK: Probe = probe(
    "commit_held_back",
    "a follower was told of a chosen slot in which it had accepted an older ballot, or nothing",
);
pub(crate) const WINDOW_FULL: Probe =
    probe("window_full", "a request had to wait, because too many slots were open");
pub(crate) const ANSWERED_FROM_SESSION: Probe = probe(
    "answered_from_session",
    "a request came again after it was applied, and got its first answer",
);
pub(crate) const CAUGHT_UP_BY_SNAPSHOT: Probe =
    probe("caught_up_by_snapshot", "a follower was sent a snapshot, as its slots were gone");
pub(crate) const PROMISE_WITH_SNAPSHOT: Probe =
    probe("promise_with_snapshot", "a candidate was given a snapshot with a promise");
pub(crate) const TORN_TAIL_DROPPED: Probe = probe(
    "torn_tail_dropped",
    "a server came back with a half-written record at the end of its disk, and dropped it",
);
pub(crate) const SERVER_DAMAGED: Probe =
    probe("server_damaged", "a server found damage on its disk, and took no part any more");
