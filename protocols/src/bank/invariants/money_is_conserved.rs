//! Money that is credited was debited, once, and is as much.
//!
//! Cost: three numbers for every transfer.

use std::collections::BTreeMap;

use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};

use crate::bank::{Event, Wire};

pub(crate) const INVARIANT: Invariant<Event> = Invariant {
    name: "money_is_conserved",
    sentence: "what is credited was debited before, and is credited once",
    citation: "Gray & Reuter 1993, Transaction Processing, section 1.2 (the debit-credit transaction)",
    new: |cluster| Box::new(MoneyIsConserved { cluster: cluster.clone(), debits: BTreeMap::new() }),
};

struct MoneyIsConserved {
    cluster: Cluster,
    /// By account and number: the amount, and whether it was credited.
    debits: BTreeMap<(u64, u64), (u64, bool)>,
}

impl Monitor<Event> for MoneyIsConserved {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let wrong = match *note.event {
            Event::Debited(Wire { from, number, amount, .. }) => {
                let before = self.debits.insert((from, number), (amount, false));
                before.map(|_| "is debited twice")
            }
            Event::Resumed(Wire { from, number, amount, .. }) => {
                self.debits.entry((from, number)).or_insert((amount, false));
                None
            }
            Event::Credited(Wire { from, number, amount, .. }) => {
                match self.debits.get_mut(&(from, number)) {
                    None => Some("is credited, and no disk knows of its debit"),
                    Some((_, true)) => Some("is credited twice"),
                    Some((debited, _)) if *debited != amount => {
                        Some("is credited with more or less")
                    }
                    Some((_, credited)) => {
                        *credited = true;
                        None
                    }
                }
            }
            Event::Settled(_) => None,
        };
        let Some(wrong) = wrong else { return Ok(()) };
        let (Event::Debited(wire)
        | Event::Resumed(wire)
        | Event::Credited(wire)
        | Event::Settled(wire)) = *note.event;
        let Wire { from, to, number, amount } = wire;
        let name = self.cluster.name(note.node);
        let message =
            format!("on {name}, transfer {number} of account {from} ({amount} to {to}) {wrong}");
        Err(Breach { message, nodes: vec![note.node] })
    }
}
