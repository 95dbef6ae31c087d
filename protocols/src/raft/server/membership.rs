//! Who votes, and how that changes (Section 6; thesis, chapter 4).
//!
//! ```text
//!   single-server  n1,n2,n3 -------------> n1,n2,n3,n4 -----------> n1,n2,n4
//!                   any majority of one meets any majority of the next
//!
//!   joint          n1,n2,n3 -----> n1,n2,n3 to n1,n4,n5 --------> n1,n4,n5
//!                   C_old          C_old,new: a majority of each   C_new
//! ```
//!
//! A configuration is an entry of the log. A server uses the latest one that it has, committed or not,
//! and goes back to the one before when that entry is cut off. What must never happen is that two
//! majorities decide that share nobody. So a leader changes
//! - only by one server, or by way of both configurations at once;
//! - only when the change before is committed;
//! - and only when an entry of its own term is committed (Ongaro, raft-dev, 2015): otherwise an earlier
//!   leader may still have another change on the way that shares no majority with this one.
//!
//! New servers first get the log as learners, who do not vote, in rounds: each round ends with what the
//! leader had when it began, and when one takes less than an election timeout, the rest will not take
//! long either (thesis, 4.2.1). A leader that is no voter any more goes on until that is committed, does
//! not count itself, and steps down then (4.2.2). It tells those who leave once that they may.

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::LocalTime;

use super::replication::Leader;
use super::{Rank, Server};
use crate::events::consensus::Event;
use crate::parts::configuration::{Configuration, Members};
use crate::parts::machine::Machine;
use crate::raft::config::MembershipChange;
use crate::raft::log::Command;
use crate::raft::{Bug, Fx, Message, Role, probes};

/// The configurations a server knows of, each with the index of its entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Membership {
    me: NodeId,
    /// The one that the log begins with.
    base: (u64, Configuration),
    /// Those in the log, oldest first.
    later: Vec<(u64, Configuration)>,
    /// The one that counts.
    current: Configuration,
    /// Everybody who votes by it.
    everybody: Members,
}

impl Membership {
    /// The configuration that a cluster starts with: its first servers, or all. A server that is not
    /// among them knows of none, until a leader tells it.
    pub(super) fn at_start<M: Machine>(fx: &Fx<'_, M>) -> Membership {
        let (me, count) = (fx.me(), fx.config().initial_members.unwrap_or(u32::MAX));
        let first = Members::of(fx.all(Role::Server).take(count as usize));
        let base = Configuration::of(if first.contains(me) { first } else { Members::default() });
        let everybody = base.everybody();
        Membership { me, base: (0, base.clone()), later: Vec::new(), current: base, everybody }
    }

    /// The configuration that counts: the latest in the log, committed or not (Section 6).
    pub(super) fn current(&self) -> &Configuration {
        &self.current
    }

    /// The configuration that the log begins with.
    pub(super) fn base(&self) -> &Configuration {
        &self.base.1
    }

    /// The index of the latest configuration.
    fn latest_index(&self) -> u64 {
        self.later.last().map_or(self.base.0, |latest| latest.0)
    }

    /// The configuration before the latest; the latest itself where no other is known.
    fn previous(&self) -> &Configuration {
        let before = self.later.len().checked_sub(2).map(|place| &self.later[place].1);
        before.unwrap_or(&self.base.1)
    }

    /// Whether this server may stand for election: if it votes, or if it is about to leave. One that
    /// leaves may be the only one with a log that can win, and then has to commit its own removal
    /// (thesis, 4.2.2).
    pub(super) fn may_stand(&self, commit_index: u64) -> bool {
        let is_leaving = || self.latest_index() > commit_index && self.previous().contains(self.me);
        self.current.contains(self.me) || is_leaving()
    }

    /// Goes by the latest configuration up to an index; whether that is another one than before.
    fn go_by(&mut self, index: u64) -> bool {
        let known = self.later.iter().rev().find(|(at, _)| *at <= index);
        let latest = &known.unwrap_or(&self.base).1;
        let is_other = self.current != *latest;
        if is_other {
            self.current = latest.clone();
            self.everybody = latest.everybody();
        }
        is_other
    }

    /// An entry is in the log.
    pub(super) fn append(&mut self, index: u64, configuration: Configuration) {
        self.later.push((index, configuration));
    }

    /// Entries from an index on are gone.
    pub(super) fn truncate<M: Machine>(&mut self, from: u64, fx: &Fx<'_, M>) {
        let before = self.later.len();
        self.later.retain(|(index, _)| *index < from);
        if self.later.len() < before && self.later.is_empty() {
            let first = || (self.base.0, Membership::at_start(fx).base.1);
            self.base = mutant!(fx, Bug::RollbackPastSnapshot, self.base.clone(), first());
        }
    }

    /// A snapshot stands for the entries up to an index.
    pub(super) fn compact(&mut self, index: u64) {
        while self.later.first().is_some_and(|(at, _)| *at <= index) {
            self.base = self.later.remove(0);
        }
    }

    /// A snapshot of another server, with this configuration, stands for the entries up to an index.
    pub(super) fn rebase(&mut self, index: u64, configuration: Configuration) {
        self.compact(index);
        self.base = (index, configuration);
    }

    /// A snapshot with this configuration stands for everything.
    pub(super) fn install(&mut self, index: u64, configuration: Configuration) {
        self.base = (index, configuration);
        self.later.clear();
    }

    /// Reads what was left of a change by joint consensus as if it were over.
    fn forget_outgoing(&mut self) {
        self.base.1.outgoing = None;
        self.later.iter_mut().for_each(|(_, configuration)| configuration.outgoing = None);
    }
}

/// A change that an operator asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Change {
    /// Who shall vote in the end.
    target: Members,
    /// Who asked, and in which step of its plan.
    asked: (NodeId, u64),
    /// The round that new servers are in: the index at which it ends, and when it began.
    round: Option<(u64, LocalTime)>,
}

impl<M: Machine> Server<M> {
    /// Goes by the configuration that counts from now on. Called whenever the log has changed.
    pub(super) fn reconfigure(&mut self, fx: &mut Fx<'_, M>) {
        let newest = mutant!(fx, Bug::ChangeAtApply, u64::MAX, self.last_applied);
        if self.membership.go_by(newest) {
            let configuration = self.membership.current().clone();
            fx.note(Event::Configured { configuration });
        }
    }

    /// The disk was read: says by which configuration the server goes, where it is not that of a
    /// cluster that never changes.
    pub(super) fn configure_at_start(&mut self, fx: &mut Fx<'_, M>) {
        mutant!(fx, Bug::JointLostOnRestart, (), self.membership.forget_outgoing());
        let first = self.membership.current().clone();
        self.reconfigure(fx);
        if *self.membership.current() == first && fx.config().initial_members.is_some() {
            fx.note(Event::Configured { configuration: first });
        }
    }

    /// Everybody who votes.
    pub(super) fn voters(&self) -> Members {
        self.membership.everybody.clone()
    }

    /// Everybody who votes, but for this server.
    pub(super) fn voters_beside(&self, me: NodeId) -> impl Iterator<Item = NodeId> + use<M> {
        self.voters().beside(me)
    }

    /// Everybody to whom a leader sends entries: those who vote, learners, and those who leave and may
    /// not know it yet.
    pub(super) fn followers_of(&self, me: NodeId) -> impl Iterator<Item = NodeId> + use<M> {
        self.followers().beside(me)
    }

    fn followers(&self) -> Members {
        let (voters, Rank::Leader(leader)) = (self.voters(), &self.rank) else {
            return Members::default();
        };
        let is_told = leader.told >= self.membership.latest_index();
        if is_told && leader.change.is_none() {
            return voters;
        }
        let leaving = (!is_told).then(|| self.membership.previous().everybody());
        let learners = leader.change.as_ref().map(|change| &change.target);
        let others = leaving.iter().chain(learners).flat_map(Members::iter);
        Members::of(voters.iter().chain(others))
    }

    /// The leader has sent to all followers: those who leave know it, or will never hear it from here.
    pub(super) fn told_followers(&mut self) {
        let latest = self.membership.latest_index();
        if let Rank::Leader(leader) = &mut self.rank
            && latest <= self.commit_index
        {
            leader.told = latest;
        }
    }

    /// An operator asks for a change of the voters.
    pub(super) fn on_change_members(
        &mut self,
        from: NodeId,
        step: u64,
        members: Members,
        fx: &mut Fx<'_, M>,
    ) {
        let leader = match &mut self.rank {
            Rank::Leader(leader) => {
                match &mut leader.change {
                    Some(change) if change.target == members => change.asked = (from, step),
                    change => {
                        *change =
                            Some(Change { target: members, asked: (from, step), round: None });
                    }
                }
                self.advance_change(fx);
                return;
            }
            Rank::Follower { leader } => *leader,
            Rank::PreCandidate { .. } | Rank::Candidate { .. } | Rank::Damaged => None,
        };
        fx.send(from, Message::AdminRedirect { step, leader });
    }

    /// Entries were committed: perhaps a configuration.
    pub(super) fn on_commit(&mut self, fx: &mut Fx<'_, M>) {
        self.reconfigure(fx);
        self.advance_change(fx);
    }

    /// Takes the next step of a change, when there is one and its time has come.
    pub(super) fn advance_change(&mut self, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &self.rank else { return };
        let current = self.membership.current();
        let is_member = current.contains(fx.me());
        if leader.change.is_none() && current.outgoing.is_none() && is_member {
            return;
        }
        let is_committed = self.membership.latest_index() <= self.commit_index;
        if !mutant!(fx, Bug::ChangesOverlap, is_committed, true) {
            return;
        }
        let in_own_term = self.log.term_at(self.commit_index) == Some(self.current_term);
        if !mutant!(fx, Bug::ChangeBeforeCommit, in_own_term, true) {
            fx.count(probes::CHANGE_HELD_BACK.name, 1);
            return;
        }
        if current.outgoing.is_some() {
            let voters = current.voters.clone();
            return self.append_configuration(Configuration::of(voters), fx);
        }
        let done = leader.change.as_ref().filter(|change| change.target == current.voters);
        if let Some(Change { asked: (operator, step), .. }) = done {
            fx.send(*operator, Message::AdminDone { step: *step });
            if let Rank::Leader(leader) = &mut self.rank {
                leader.change = None;
            }
        }
        if !is_member {
            fx.count(probes::LEADER_REMOVED.name, 1);
            self.send_to_all(fx); // that it is committed, to whom it concerns
            self.follow(None, fx);
        } else if let Some(next) = self.next_configuration(fx) {
            self.append_configuration(next, fx);
        }
    }

    /// What the change under way needs next, once the new servers in it have caught up.
    fn next_configuration(&mut self, fx: &Fx<'_, M>) -> Option<Configuration> {
        let Rank::Leader(leader) = &mut self.rank else { return None };
        let change = leader.change.as_mut()?;
        let voters = &self.membership.current().voters;
        let is_new = |node: &NodeId| !voters.contains(*node);
        let at_once = match fx.config().membership {
            MembershipChange::Joint => usize::MAX,
            MembershipChange::SingleServer => 1,
        };
        let new = Members::of(change.target.iter().filter(is_new).take(at_once));
        let matches = |end: u64| new.iter().all(|node| leader.match_index[node.index()] >= end);
        let timeout = fx.config().election_timeout.lo;
        let is_ready = match change.round {
            _ if new.is_empty() => true,
            Some((end, _)) if !matches(end) => return None, // still in the round
            Some((_, began)) => fx.now().since(began) < timeout,
            None => false,
        };
        if !is_ready {
            change.round = Some((self.log.last_index(), fx.now()));
            return None;
        }
        change.round = None;
        let both =
            || Configuration { voters: change.target.clone(), outgoing: Some(voters.clone()) };
        let swap = || Configuration::of(change.target.clone());
        match fx.config().membership {
            MembershipChange::Joint => Some(mutant!(fx, Bug::SwapWithoutJoint, both(), swap())),
            MembershipChange::SingleServer => {
                let leaves = |node: &NodeId| !change.target.contains(*node);
                let others = voters.iter().filter(leaves).filter(|node| *node != fx.me());
                let leaving = others.chain([fx.me()]).find(leaves);
                let added = new.iter().next().map(|node| voters.with(node));
                added.or(leaving.map(|node| voters.without(node))).map(Configuration::of)
            }
        }
    }

    fn append_configuration(&mut self, configuration: Configuration, fx: &mut Fx<'_, M>) {
        fx.count("configurations_appended", 1);
        self.append_and_replicate(Command::Configure(configuration), fx);
    }

    /// The highest index that as many servers have on disk as are a majority of the voters, whether
    /// they vote or not: learners must not count.
    pub(super) fn stored_by_many(&self, leader: &Leader) -> u64 {
        let reached = &leader.match_index;
        let needed = self.membership.current().voters.majority();
        let holds = |n: &u64| reached.iter().filter(|other| *other >= n).count() >= needed;
        reached.iter().copied().filter(holds).max().unwrap_or(0)
    }
}
