//! Whether there is a leader: what followers heard, and what a leader may believe of itself (thesis,
//! 4.2.3 and 6.2).
//!
//! ```text
//!   n1 leader  --heartbeat--.                    x cut off ...... nobody answers: follower again
//!   n2          ............*== hears a leader for the shortest timeout ==|-- may vote again
//!   n3 (back)   ...............RequestVote 9 --> (ignored)
//! ```
//!
//! A follower that hears a leader has no use for an election, and a candidate that asks for one is out
//! of order, or was removed from the cluster. But a leader that is cut off must not be believed for
//! ever: where it alone is not heard, or hears nobody, its followers or it itself give up after an
//! election timeout.

use rehearsal_sim::protocol::NodeId;

use super::{Rank, Server};
use crate::parts::machine::Machine;
use crate::raft::{Fx, probes};

impl<M: Machine> Server<M> {
    /// A leader of the current term spoke, or may have spoken before this server started.
    pub(super) fn hear_leader(&mut self, fx: &Fx<'_, M>) {
        if fx.config().counts_rounds() {
            self.heard_leader = Some(fx.now());
        }
    }

    /// Whether a leader was heard within the shortest election timeout. A leader hears itself for as
    /// long as a majority answers.
    pub(super) fn hears_leader(&self, fx: &Fx<'_, M>) -> bool {
        let shortest = fx.config().election_timeout.lo;
        match &self.rank {
            Rank::Leader(leader) => leader.rounds.silence(fx.now()) < shortest,
            _ => self.heard_leader.is_some_and(|heard| fx.now().since(heard) < shortest),
        }
    }

    /// Begins a round of heartbeats, where anybody asks for rounds. The messages that carry it must
    /// be sent in the same step.
    pub(super) fn begin_round(&mut self, fx: &mut Fx<'_, M>) {
        if !fx.config().counts_rounds() {
            return;
        }
        let (me, now) = (fx.me(), fx.now());
        if let Rank::Leader(leader) = &mut self.rank {
            leader.rounds.begin(me, now);
        }
        self.assign_round(fx);
        self.confirm_rounds(fx); // a single server is a majority
    }

    /// Steps down where no majority answered for the longest election timeout: whoever can be elected
    /// is, and clients that wait here wait in vain. True if so.
    pub(super) fn is_deserted(&mut self, fx: &mut Fx<'_, M>) -> bool {
        let Rank::Leader(leader) = &self.rank else { return false };
        let longest = fx.config().election_timeout.hi;
        if !fx.config().check_quorum || leader.rounds.silence(fx.now()) < longest {
            return false;
        }
        fx.count(probes::LEADER_DESERTED.name, 1);
        self.follow(None, fx);
        true
    }

    /// A server of this term answered a message of that round, whatever else it had to say.
    pub(super) fn on_round_answer(
        &mut self,
        from: NodeId,
        term: u64,
        round: u64,
        fx: &mut Fx<'_, M>,
    ) {
        let Some(leader) = self.leader_in(term) else { return };
        if round > 0 {
            leader.rounds.answer(from, round);
            self.confirm_rounds(fx);
        }
    }

    /// What a majority answered is confirmed, and so is whoever waited for it.
    fn confirm_rounds(&mut self, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &self.rank else { return };
        let round = self.agreed(leader.rounds.answers(), fx);
        let Rank::Leader(leader) = &mut self.rank else { return };
        if leader.rounds.confirm(round) {
            self.answer_reads(fx);
        }
    }
}
