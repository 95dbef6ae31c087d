//! Who votes, and how that changes (Section 6; thesis, chapter 4).

use rehearsal_sim::protocol::NodeId;

use super::{Rank, Server};
use crate::parts::configuration::{Configuration, Members};
use crate::parts::machine::Machine;
use crate::raft::{Fx, Message, Role};

/// The configurations a server knows of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Membership {
    /// The one before the log begins.
    base: Configuration,
}

impl Membership {
    /// The configuration that a cluster starts with: its first servers, or all. A server that is not
    /// among them knows of none, until a leader tells it.
    pub(super) fn at_start<M: Machine>(fx: &Fx<'_, M>) -> Membership {
        let count = fx.config().initial_members.unwrap_or(u32::MAX);
        let first = Members::of(fx.all(Role::Server).take(count as usize));
        let base = if first.contains(fx.me()) { first } else { Members::default() };
        Membership { base: Configuration::of(base) }
    }

    /// The configuration that counts: the latest in the log, committed or not (Section 6).
    pub(super) fn current(&self) -> &Configuration {
        &self.base
    }
}

impl<M: Machine> Server<M> {
    /// Everybody who votes, but for this server.
    pub(super) fn voters_beside(&self, me: NodeId) -> impl Iterator<Item = NodeId> + use<M> {
        let everybody: Vec<NodeId> = self.membership.current().everybody().iter().collect();
        everybody.into_iter().filter(move |node| *node != me)
    }

    /// Everybody to whom a leader sends entries.
    pub(super) fn followers_of(&self, leader: NodeId) -> impl Iterator<Item = NodeId> + use<M> {
        self.voters_beside(leader)
    }

    /// An operator asks for a change of the voters.
    pub(super) fn on_change_members(
        &mut self,
        from: NodeId,
        step: u64,
        members: Members,
        fx: &mut Fx<'_, M>,
    ) {
        let leader = match &self.rank {
            Rank::Leader(_) => {
                if *self.membership.current() == Configuration::of(members) {
                    fx.send(from, Message::AdminDone { step });
                }
                return;
            }
            Rank::Follower { leader } => *leader,
            Rank::PreCandidate { .. } | Rank::Candidate { .. } | Rank::Damaged => None,
        };
        fx.send(from, Message::AdminRedirect { step, leader });
    }
}
