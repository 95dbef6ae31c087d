//! Reads that skip the log (thesis, 6.4).
//!
//! ```text
//!   client1  --get--.                                                 .--> [17]
//!   n1 leader       *--round 7--.                   (majority)--------'
//!   n2               ...........*--7--.
//!   n3               ...........x
//! ```
//!
//! A leader's own state is the newest there is, for as long as it leads; but a leader that was deposed
//! does not know. So a read waits for a round of heartbeats that begins after it came: whoever answers
//! had elected nobody else by then. Reads that come meanwhile share the next round. And a leader knows
//! what its predecessors committed only when an entry of its own term is committed: until then reads
//! wait. Everything committed is applied in the same step here, so there is no read index to wait for.
//!
//! **Leases.** Followers that hear a leader elect nobody for the shortest election timeout
//! (`leader_stickiness`), and so the answer to a round is good for reads that come later, for that
//! time. It is counted from the round's beginning, by the leader's clock, and the followers count by
//! theirs: hence the margin. A clock that stands still while its process does not run (a suspended
//! virtual machine) breaks every margin; that is outside the promise.

use rehearsal_sim::mutant;

use super::{Rank, Server};
use crate::parts::machine::{Machine, OperationOf};
use crate::parts::session::Session;
use crate::raft::config::Reads;
use crate::raft::{Bug, Fx, Message, probes};

/// A read that waits for a round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Read<M: Machine> {
    session: Session,
    serial: u64,
    operation: OperationOf<M>,
    /// The round that must be confirmed; `None` until it begins.
    round: Option<u64>,
}

impl<M: Machine> Server<M> {
    /// Answers a read without the log, now or later; false where it must go through the log like any
    /// operation. This server leads, or believes so.
    pub(super) fn takes_read(
        &mut self,
        (session, serial): (Session, u64),
        operation: &OperationOf<M>,
        fx: &mut Fx<'_, M>,
    ) -> bool {
        if self.replica.read(operation).is_none() {
            return false;
        }
        // Nothing but its own word tells that it leads.
        let is_trusting = mutant!(fx, Bug::LocalReads, false, true);
        if is_trusting || self.has_lease(fx) {
            fx.count(probes::READ_BY_LEASE.name, 1);
            self.answer_read(session, serial, operation, fx);
            return true;
        }
        let Rank::Leader(leader) = &self.rank else { return false };
        if fx.config().reads == Reads::Log {
            return false;
        }
        if self.reads.iter().any(|read| (read.session, read.serial) == (session, serial)) {
            return true; // asked again, and answered once
        }
        let under_way =
            Some(leader.rounds.latest()).filter(|round| *round > leader.rounds.confirmed());
        let round = mutant!(fx, Bug::ReadSharesRound, None, under_way);
        self.reads.push(Read { session, serial, operation: operation.clone(), round });
        self.ask_round(fx);
        true
    }

    /// Whether nobody else can have been elected so far.
    fn has_lease(&self, fx: &Fx<'_, M>) -> bool {
        let Rank::Leader(leader) = &self.rank else { return false };
        // Who was told to stand is voted for in spite of leases (thesis, 6.4.1).
        if fx.config().reads != Reads::Lease || leader.told_to_stand || !self.knows_commits(fx) {
            return false;
        }
        let (lease, timeout) = (fx.config().lease(), fx.config().election_timeout.lo);
        let lease = mutant!(fx, Bug::LeaseWithoutMargin, lease, timeout);
        leader.rounds.silence_since_round(fx.now()).is_some_and(|silence| silence < lease)
    }

    /// Whether everything that earlier leaders committed is known to be committed: so it is once an
    /// entry of the own term is (thesis, 6.4, step 1).
    fn knows_commits(&self, fx: &Fx<'_, M>) -> bool {
        let is_own = self.log.term_at(self.commit_index) == Some(self.current_term);
        is_own || mutant!(fx, Bug::ReadBeforeOwnCommit, false, true)
    }

    /// Begins a round for reads that have none, unless one is under way: its end begins the next.
    pub(super) fn ask_round(&mut self, fx: &mut Fx<'_, M>) {
        let is_under_way = self.reads.iter().any(|read| read.round.is_some());
        if self.reads.is_empty() || is_under_way {
            return;
        }
        if !self.knows_commits(fx) {
            fx.count(probes::READ_WAITS_FOR_COMMIT.name, 1);
            return; // the first commit of this term comes back here
        }
        self.begin_round(fx);
        self.send_round(fx);
    }

    /// A round begins: reads that have none wait for this one, whatever it was begun for.
    pub(super) fn assign_round(&mut self, fx: &Fx<'_, M>) {
        let Rank::Leader(leader) = &self.rank else { return };
        let round = leader.rounds.latest();
        if !self.reads.is_empty() && self.knows_commits(fx) {
            for read in &mut self.reads {
                read.round.get_or_insert(round);
            }
        }
    }

    /// Rounds were confirmed: whoever waited for them is answered.
    pub(super) fn answer_reads(&mut self, fx: &mut Fx<'_, M>) {
        let Rank::Leader(leader) = &self.rank else { return };
        if self.reads.is_empty() {
            return;
        }
        let confirmed = leader.rounds.confirmed();
        let is_confirmed = |read: &Read<M>| read.round.is_some_and(|round| round <= confirmed);
        let (ready, waiting) = std::mem::take(&mut self.reads).into_iter().partition(is_confirmed);
        self.reads = waiting;
        let ready: Vec<Read<M>> = ready;
        for read in ready {
            fx.count(probes::READ_BY_ROUND.name, 1);
            self.answer_read(read.session, read.serial, &read.operation, fx);
        }
        self.ask_round(fx);
    }

    fn answer_read(
        &self,
        session: Session,
        serial: u64,
        operation: &OperationOf<M>,
        fx: &mut Fx<'_, M>,
    ) {
        if let Some(reply) = self.replica.read(operation) {
            fx.send(session.client, Message::Response { session, serial, reply });
        }
    }
}
