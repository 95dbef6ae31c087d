//! A ghost that counts acceptances: it knows what is chosen from the moment at which it is, whoever may
//! find out later.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::invariant::Note;
use rehearsal_sim::protocol::NodeId;

use crate::events::consensus::Event;
use crate::parts::ballot::Ballot;

/// What is known of every slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Tally {
    slots: BTreeMap<u64, Slot>,
}

/// What is known of one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    /// Who accepted it, by ballot and value, and how many acceptances make it chosen.
    pub(super) proposals: BTreeMap<(Ballot, u64), Proposal>,
    /// The first choice: its ballot and value.
    pub(super) chosen: Option<(Ballot, u64)>,
}

/// A proposal, as observers see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Proposal {
    quorum: usize,
    acceptors: BTreeSet<NodeId>,
}

impl Tally {
    /// Follows one event. Tells of a proposal that is chosen by it: slot, ballot and value.
    pub(super) fn read(&mut self, note: &Note<'_, Event>) -> Option<(u64, Ballot, u64)> {
        match *note.event {
            Event::Proposed { slot, ballot, value, quorum } => {
                let known = self.slots.entry(slot).or_default();
                known.proposals.entry((ballot, value)).or_default().quorum = quorum as usize;
                None
            }
            Event::Accepted { slot, ballot, value } | Event::Kept { slot, ballot, value } => {
                let known = self.slots.entry(slot).or_default();
                // Whoever accepts what nobody proposed is another property's affair.
                let proposal = known.proposals.get_mut(&(ballot, value))?;
                let is_new = proposal.acceptors.insert(note.node);
                let is_chosen = is_new && proposal.acceptors.len() == proposal.quorum;
                if is_chosen && known.chosen.is_none() {
                    known.chosen = Some((ballot, value));
                }
                is_chosen.then_some((slot, ballot, value))
            }
            _ => None,
        }
    }

    pub(super) fn slot(&self, slot: u64) -> Option<&Slot> {
        self.slots.get(&slot)
    }

    /// What was chosen in a slot.
    pub(super) fn chosen(&self, slot: u64) -> Option<(Ballot, u64)> {
        self.slots.get(&slot)?.chosen
    }
}
