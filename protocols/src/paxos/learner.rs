//! A learner: it hears of acceptances and counts them, ballot by ballot (Lamport 2001, section 2.3).
//!
//! Messages get lost, so a learner that has heard of some acceptances and not of enough asks the
//! acceptors. One that heard of none knows of nothing to ask for.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::{Bug, Fx, Message, Role, Timer, quorums};
use crate::events::consensus::Event;
use crate::parts::ballot::Ballot;

/// Who has accepted what, in which ballot.
type Heard = BTreeMap<(Ballot, u64), BTreeSet<NodeId>>;

/// A learner's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Learner {
    /// Of each key of which it does not know what was chosen.
    heard: BTreeMap<u64, Heard>,
    /// What was chosen.
    learned: BTreeMap<u64, u64>,
}

impl Learner {
    pub(super) fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        let Message::Accepted { key, ballot, value } = body else { return };
        if self.learned.contains_key(&key) {
            return;
        }
        let heard = self.heard.entry(key).or_default();
        let is_first = heard.is_empty();
        heard.entry((ballot, value)).or_default().insert(from);
        let in_ballot = heard[&(ballot, value)].len();
        let in_all: BTreeSet<&NodeId> = heard.values().flatten().collect();
        let count = mutant!(fx, Bug::LearnerAddsUpBallots, in_ballot, in_all.len());
        if count >= quorums(fx).accept as usize {
            self.heard.remove(&key);
            self.learned.insert(key, value);
            fx.disarm(Timer::Ask(key));
            fx.note(Event::Learned { slot: key, value });
        } else if is_first {
            fx.arm(Timer::Ask(key), fx.config().timeout);
        }
    }

    /// What was accepted that it has not heard of?
    pub(super) fn ask(&mut self, key: u64, fx: &mut Fx<'_>) {
        fx.count("learner_asked", 1);
        for acceptor in fx.all(Role::Acceptor) {
            fx.send(acceptor, Message::Query { key });
        }
        fx.arm(Timer::Ask(key), fx.config().timeout);
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("learned", format!("{:?}", self.learned));
        view.field("open", self.heard.len());
    }
}
