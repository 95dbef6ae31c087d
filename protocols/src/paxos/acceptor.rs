//! An acceptor: it promises and accepts, and forgets neither (Lamport 2001, section 2.2).
//!
//! What it promises and accepts waits until it is on disk: a promise that a crash takes back is none. A
//! refusal promises nothing, and leaves at once.

use std::collections::BTreeMap;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::{Bug, Fx, Message, Record, Role};
use crate::events::consensus::Event;
use crate::parts::ballot::Ballot;

/// An acceptor's memory, all of which is on its disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Acceptor {
    decisions: BTreeMap<u64, Decision>,
}

/// What it said about one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Decision {
    /// It takes part in no lower ballot.
    promised: Ballot,
    /// What it has accepted last, which is what it has accepted in the highest ballot.
    accepted: Option<(Ballot, u64)>,
}

impl Acceptor {
    pub(super) fn boot(records: &[&Record], fx: &mut Fx<'_>) -> Acceptor {
        let mut acceptor = Acceptor::default();
        for record in records {
            match **record {
                Record::Promised { key, ballot } => {
                    let decision = acceptor.decision(key);
                    decision.promised = decision.promised.max(ballot);
                }
                Record::Accepted { key, ballot, value } => {
                    let decision = acceptor.decision(key);
                    decision.promised = decision.promised.max(ballot);
                    decision.accepted = Some((ballot, value));
                    fx.note(Event::Kept { slot: key, ballot, value });
                }
                Record::Tried { .. } => {}
            }
        }
        acceptor
    }

    fn decision(&mut self, key: u64) -> &mut Decision {
        let nothing = Decision { promised: Ballot::ZERO, accepted: None };
        self.decisions.entry(key).or_insert(nothing)
    }

    pub(super) fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        match body {
            Message::Prepare { key, ballot } => self.on_prepare(from, key, ballot, fx),
            Message::Accept { key, ballot, value } => self.on_accept(from, key, ballot, value, fx),
            Message::Query { key } => {
                if let Some((ballot, value)) = self.decision(key).accepted {
                    fx.send_synced(from, Message::Accepted { key, ballot, value });
                }
            }
            Message::Promise { .. } | Message::Reject { .. } | Message::Accepted { .. } => {}
        }
    }

    /// Phase 1b: "a promise never again to accept a proposal numbered less than n, and the proposal
    /// with the highest number less than n that it has accepted, if any".
    fn on_prepare(&mut self, from: NodeId, key: u64, ballot: Ballot, fx: &mut Fx<'_>) {
        let decision = self.decision(key);
        let promised = decision.promised;
        if ballot < promised {
            fx.send(from, Message::Reject { key, ballot, promised });
            return;
        }
        decision.promised = ballot;
        let accepted = decision.accepted;
        if ballot > promised {
            let record = Record::Promised { key, ballot };
            mutant!(fx, Bug::AcceptorForgetsPromise, fx.append(record), ());
        }
        fx.note_synced(Event::Promised { slot: Some(key), ballot });
        fx.send_synced(from, Message::Promise { key, ballot, accepted });
    }

    /// Phase 2b: "it accepts the proposal unless it has already responded to a prepare request having a
    /// number greater than n". To accept is to promise as well: an older proposal that came later would
    /// take the place of this one.
    fn on_accept(&mut self, from: NodeId, key: u64, ballot: Ballot, value: u64, fx: &mut Fx<'_>) {
        let decision = self.decision(key);
        let promised = decision.promised;
        if mutant!(fx, Bug::AcceptorBreaksPromise, ballot < promised, false) {
            fx.count("old_proposal_refused", 1);
            fx.send(from, Message::Reject { key, ballot, promised });
            return;
        }
        mutant!(fx, Bug::AcceptorDoesNotRaise, decision.promised = ballot, ());
        if decision.accepted != Some((ballot, value)) {
            decision.accepted = Some((ballot, value));
            fx.append(Record::Accepted { key, ballot, value });
            fx.note_synced(Event::Accepted { slot: key, ballot, value });
        }
        let learners = fx.all(Role::Learner);
        for to in learners.chain([from]) {
            let accepted = Message::Accepted { key, ballot, value };
            mutant!(
                fx,
                Bug::AcceptorAnswersEarly,
                fx.send_synced(to, accepted),
                fx.send(to, accepted)
            );
        }
    }

    pub(super) fn view(&self, view: &mut View) {
        let list = |texts: Vec<String>| texts.join(" ");
        let of = |(key, decision): (&u64, &Decision)| format!("k{key}:{:?}", decision.promised);
        view.field("promised", list(self.decisions.iter().map(of).collect()));
        let accepted = |(key, decision): (&u64, &Decision)| {
            decision.accepted.map(|(ballot, value)| format!("k{key}:{value}@{ballot:?}"))
        };
        view.field("accepted", list(self.decisions.iter().filter_map(accepted).collect()));
    }
}
