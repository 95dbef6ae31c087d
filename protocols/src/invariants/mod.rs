//! Properties of more than one protocol, a file each. They read [`Event`]s only, so they judge any
//! protocol that speaks that vocabulary.
//!
//! What replicated logs have in common:
//!
//! | property | paper | module |
//! |---|---|---|
//! | `election_safety` | Ongaro & Ousterhout 2014, 5.2 | [`election_safety`] |
//! | `state_machine_safety` | Ongaro & Ousterhout 2014, 5.4.3 | [`state_machine_safety`] |
//!
//! What Paxos promises (Lamport, *Paxos Made Simple*, 2001, section 2.1), and how it keeps it (2.2): the
//! first four hold of every way to agree on one value, the last three are Paxos's own, and break before
//! two values are chosen:
//!
//! | property | paper | module |
//! |---|---|---|
//! | `agreement` | 2.1: only a single value is chosen | [`agreement`] |
//! | `validity` | 2.1: only a value that has been proposed may be chosen | [`validity`] |
//! | `learned_was_chosen` | 2.1: nobody learns what was not chosen | [`learned_was_chosen`] |
//! | `integrity` | Chandra & Toueg 1996, 3.1: everybody decides at most once | [`integrity`] |
//! | `chosen_value_carried` | 2.2: P2b | [`chosen_value_carried`] |
//! | `promises_kept` | 2.2: P1a | [`promises_kept`] |
//! | `one_value_a_ballot` | 2.2: different proposals have different numbers | [`one_value_a_ballot`] |

pub mod agreement;
pub mod chosen_value_carried;
pub mod election_safety;
pub mod integrity;
pub mod learned_was_chosen;
pub mod one_value_a_ballot;
pub mod promises_kept;
pub mod state_machine_safety;
mod tally;
pub mod validity;

use rehearsal_sim::invariant::Invariant;

use crate::events::consensus::Event;

/// What Paxos promises, and how it keeps it.
pub const PAXOS: [Invariant<Event>; 7] = [
    agreement::INVARIANT,
    validity::INVARIANT,
    learned_was_chosen::INVARIANT,
    integrity::INVARIANT,
    chosen_value_carried::INVARIANT,
    promises_kept::INVARIANT,
    one_value_a_ballot::INVARIANT,
];

/// How many entries stand before an index from 1, which is also the index's place in a list.
pub(crate) fn before(index: u64) -> usize {
    usize::try_from(index.saturating_sub(1)).expect("a log fits into memory")
}

/// What the properties' own tests share: three nodes, and a way to feed events.
#[cfg(test)]
pub(crate) mod testing {
    use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Note};
    use rehearsal_sim::protocol::NodeId;
    use rehearsal_sim::time::SimTime;

    use crate::events::consensus::Event;
    use crate::parts::ballot::Ballot;

    /// Feeds events of nodes 0, 1 and 2, and stops at the first breach.
    pub(crate) fn feed(invariant: &Invariant<Event>, notes: &[(u32, Event)]) -> Result<(), Breach> {
        let names = ["n1", "n2", "n3"].map(str::to_owned).to_vec();
        let mut monitor = (invariant.new)(&Cluster { names: names.into(), voters: 3 });
        notes.iter().try_for_each(|(node, event)| {
            monitor.read(&Note { at: SimTime::ZERO, node: NodeId(*node), event })
        })
    }

    /// Feeds a sequence that is fine up to its last event, which must be the breach.
    #[track_caller]
    pub(crate) fn breach(invariant: &Invariant<Event>, notes: &[(u32, Event)]) -> Breach {
        let (_, good) = notes.split_last().unwrap();
        assert_eq!(feed(invariant, good), Ok(()), "breached before the last event");
        feed(invariant, notes).expect_err("the last event breaches the property")
    }

    /// A restart with nothing on the disk.
    pub(crate) fn restarted() -> Event {
        Event::started(0)
    }

    fn ballot(round: u64) -> Ballot {
        Ballot { round, node: NodeId(0) }
    }

    /// About slot 1, with a quorum of two.
    pub(crate) fn proposed(round: u64, value: u64) -> Event {
        Event::Proposed { slot: 1, ballot: ballot(round), value, quorum: 2 }
    }

    pub(crate) fn accepted(round: u64, value: u64) -> Event {
        Event::Accepted { slot: 1, ballot: ballot(round), value }
    }

    pub(crate) fn kept(round: u64, value: u64) -> Event {
        Event::Kept { slot: 1, ballot: ballot(round), value }
    }

    pub(crate) fn promised(slot: Option<u64>, round: u64) -> Event {
        Event::Promised { slot, ballot: ballot(round) }
    }

    pub(crate) fn learned(value: u64) -> Event {
        Event::Learned { slot: 1, value }
    }
}
