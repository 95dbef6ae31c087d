//! Leadership transfer: the leader chooses its successor (thesis, 3.10).
//!
//! ```text
//!   n1 leader  --entries--.      .--*--TimeoutNow--.             (term 1: follower)
//!   n2          ..........*------'                 *-- stands in term 2 at once
//!   n3          ......................................*-- votes, though it heard n1 a moment ago
//! ```
//!
//! The leader takes no new requests meanwhile, brings the successor's log up to its own, and tells it to
//! stand. If nothing comes of it within an election timeout it goes on as before.

use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::LocalTime;

use super::{Rank, Server};
use crate::parts::machine::Machine;
use crate::raft::{Fx, Message, probes};

/// A transfer under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transfer {
    to: NodeId,
    since: LocalTime,
    /// Who asked for it, in which step of its plan.
    asked: (NodeId, u64),
}

impl<M: Machine> Server<M> {
    /// An operator wants a certain server to lead: done, once it asks that server. A leader that hands
    /// over already goes on with that.
    pub(super) fn on_transfer(&mut self, from: NodeId, step: u64, to: NodeId, fx: &mut Fx<'_, M>) {
        let (me, since) = (fx.me(), fx.now());
        let hint = match &mut self.rank {
            Rank::Leader(_) if to == me => return fx.send(from, Message::AdminDone { step }),
            Rank::Leader(leader) => {
                let asked = (from, step);
                leader.transfer.get_or_insert(Transfer { to, since, asked });
                return self.go_on_with_transfer(fx);
            }
            Rank::Follower { leader } => *leader,
            Rank::PreCandidate { .. } | Rank::Candidate { .. } | Rank::Damaged => None,
        };
        fx.send(from, Message::AdminRedirect { step, leader: hint });
    }

    /// Tells the successor to stand, once it has everything; again with each heartbeat.
    pub(super) fn go_on_with_transfer(&mut self, fx: &mut Fx<'_, M>) {
        let (term, last_index) = (self.current_term, self.log.last_index());
        let Rank::Leader(leader) = &mut self.rank else { return };
        let Some(Transfer { to, since, asked }) = leader.transfer else { return };
        if fx.now().since(since) >= fx.config().election_timeout.hi {
            leader.transfer = None;
            fx.count(probes::TRANSFER_GIVEN_UP.name, 1);
            fx.send(asked.0, Message::AdminDone { step: asked.1 });
        } else if leader.has_all(to, last_index) {
            leader.told_to_stand = true;
            fx.send(to, Message::TimeoutNow { term });
        }
    }

    /// The leader wants this server to take over. An order of an earlier term is void: its leader is
    /// gone, and the leader of today may rely on not being voted out.
    pub(super) fn on_timeout_now(&mut self, from: NodeId, term: u64, fx: &mut Fx<'_, M>) {
        let is_follower = matches!(self.rank, Rank::Follower { leader } if leader == Some(from));
        if is_follower && term == self.current_term && self.may_stand(fx) {
            fx.count(probes::LEADERSHIP_TRANSFERRED.name, 1);
            self.campaign(true, fx);
        }
    }
}
