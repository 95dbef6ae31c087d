//! The five properties that Raft guarantees at all times (Figure 3), and what they rest on and lead to,
//! a file each.
//!
//! They read [`Event`]s only, so they judge any protocol that speaks that vocabulary, and each
//! event costs them constant time (leader completeness: a count over the voters). They are ghosts:
//! what they remember, no server could know.
//!
//! | property | paper | in TLA+ | module |
//! |---|---|---|---|
//! | `election_safety` | 5.2 | `ElectionSafety`; history `elections` | [`election_safety`] |
//! | `leader_append_only` | 5.3 | `LeaderAppendOnly` | [`leader_append_only`] |
//! | `log_matching` | 5.3 | `LogMatching`; history `allLogs` | [`log_matching`] |
//! | `leader_completeness` | 5.4.3 | `LeaderCompleteness` | [`leader_completeness`] |
//! | `state_machine_safety` | 5.4.3 | `StateMachineSafety` | [`state_machine_safety`] |
//! | `terms_grow` | 5.1, Figure 2 | `MonotonicCurrentTerm`, `MonotonicCommitIndex` | [`terms_grow`] |
//! | `configurations_meet` | 6; thesis 4.1 | | [`configurations_meet`] |
//! | `acknowledged_survive` | 5.3, 5.4, 8 | | [`acknowledged_survive`] |
//! | `exactly_once` | 8; thesis 6.3 | | [`exactly_once`] |
//! | `one_vote` | 5.2, Figure 2 | `votedFor` | [`one_vote`] |
//!
//! Ongaro's `raft.tla` states no invariant by name and keeps the two history variables to reason
//! with; the names are those that the specifications derived from it agree on.

pub mod acknowledged_survive;
mod configurations;
pub mod configurations_meet;
pub mod exactly_once;
pub mod leader_append_only;
pub mod leader_completeness;
pub mod log_matching;
mod mirror;
pub mod one_vote;
pub mod terms_grow;

use rehearsal_sim::invariant::Invariant;

use crate::events::consensus::Event;
use crate::invariants::{election_safety, state_machine_safety};

/// All of them, in the order of Figure 3.
pub const ALL: &[Invariant<Event>] = &[
    election_safety::INVARIANT,
    leader_append_only::INVARIANT,
    log_matching::INVARIANT,
    leader_completeness::INVARIANT,
    state_machine_safety::INVARIANT,
    terms_grow::INVARIANT,
    configurations_meet::INVARIANT,
    acknowledged_survive::INVARIANT,
    exactly_once::INVARIANT,
    one_vote::INVARIANT,
];

/// What the properties' own tests share: three servers, and a way to feed events.
#[cfg(test)]
mod testing {
    use rehearsal_sim::protocol::NodeId;

    use crate::events::consensus::{Base, Event, Logged};
    pub(super) use crate::invariants::testing::{breach, feed};
    use crate::parts::configuration::{Configuration, Members};

    pub(super) fn leads(term: u64, last_index: u64, last_term: u64) -> Event {
        Event::BecameLeader { term, last_index, last_term }
    }

    /// The command's digest is the term, unless a test says otherwise.
    pub(super) fn appended(index: u64, term: u64) -> Event {
        Event::Appended { index, term, command: term }
    }

    pub(super) fn committed(index: u64, term: u64) -> Event {
        Event::Committed { index, term, leader: true }
    }

    pub(super) fn configured(voters: &[u32]) -> Event {
        let voters = Members::of(voters.iter().copied().map(NodeId));
        Event::Configured { configuration: Configuration::of(voters) }
    }

    pub(super) fn stored(index: u64, term: u64) -> Event {
        Event::Stored { index, term }
    }

    /// A restart with entries of these terms.
    pub(super) fn restored(terms: &[u64]) -> Event {
        let entries = terms.iter().map(|term| Logged { term: *term, command: *term }).collect();
        let term = terms.last().copied().unwrap_or(0);
        Event::Restored { term, base: Base::default(), entries }
    }
}
