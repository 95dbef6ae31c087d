//! What is chosen: learning, applying, answering (Lamport 2001, section 2.3; Ongaro's thesis, 6.3).
//!
//! A leader finds out by counting. A follower is told how far: but what it has accepted in a slot is what
//! was chosen there only if it accepted it from the leader that tells, in its ballot. What it accepted
//! earlier, from somebody else, may have lost; the leader will send it again.

use rehearsal_sim::mutant;

use super::{Rank, Server};
use crate::events::consensus::Event;
use crate::multi_paxos::log::Value;
use crate::multi_paxos::{Bug, Fx, Message, probes};
use crate::parts::ballot::Ballot;
use crate::parts::clerk::Known;
use crate::parts::digest;
use crate::parts::machine::Machine;
use crate::parts::session::Request;

impl<M: Machine> Server<M> {
    /// A client's request, reads included: everything goes through the log.
    pub(super) fn on_request(&mut self, request: Request<M>, fx: &mut Fx<'_, M>) {
        fx.note(Event::Requested { value: request.digest() });
        let (session, serial) = (request.session, request.serial);
        let leader = match &self.rank {
            Rank::Leader(leader) => leader,
            Rank::Follower { leader } => {
                let leader = *leader;
                fx.send(session.client, Message::Redirect { session, serial, leader });
                return;
            }
            Rank::Candidate(_) | Rank::Damaged => {
                fx.send(session.client, Message::Redirect { session, serial, leader: None });
                return;
            }
        };
        match self.replica.recall(session, serial) {
            Known::New => {}
            Known::Done(reply) => {
                fx.count(probes::ANSWERED_FROM_SESSION.name, 1);
                fx.send(session.client, Message::Response { session, serial, reply });
                return;
            }
            Known::Over => return, // its client has moved on
        }
        if leader.pending.get(&session).is_some_and(|pending| *pending >= serial) {
            return; // proposed already, answered when it is applied
        }
        self.take(request, fx);
    }

    /// The leader of a ballot knows what was chosen in all slots up to one.
    pub(super) fn learn_up_to(&mut self, commit: u64, ballot: Ballot, fx: &mut Fx<'_, M>) {
        while self.commit < commit {
            let Some(proposal) = self.log.get(self.commit + 1) else {
                fx.count(probes::COMMIT_HELD_BACK.name, 1);
                return;
            };
            let is_leaders = proposal.ballot == ballot;
            if !mutant!(fx, Bug::CommitWithoutBallot, is_leaders, true) {
                fx.count(probes::COMMIT_HELD_BACK.name, 1);
                return;
            }
            self.learn(fx);
        }
    }

    /// What was accepted in the next slot is what was chosen there: it is applied, and a leader answers.
    pub(super) fn learn(&mut self, fx: &mut Fx<'_, M>) {
        let slot = self.commit + 1;
        let Some(proposal) = self.log.get(slot) else { return };
        let value = proposal.value.digest();
        self.commit = slot;
        self.prefix = digest::mix(digest::mix(self.prefix, 0), value);
        fx.note(Event::Learned { slot, value });
        fx.note(Event::applied(slot, value));
        if let Value::Request(request) = &proposal.value {
            let (session, serial) = (request.session, request.serial);
            let reply = self.replica.apply(session, serial, &request.operation);
            if let Rank::Leader(leader) = &mut self.rank {
                if leader.pending.get(&session) == Some(&serial) {
                    leader.pending.remove(&session);
                }
                if let Some(reply) = reply {
                    fx.send(session.client, Message::Response { session, serial, reply });
                }
            }
        }
        self.compact(fx);
    }
}
