//! A server: proposer, acceptor and learner in one.
//!
//! ```text
//!                 timeout: prepare                quorum of promises
//!     boot --> Follower -----------> Candidate ----------------------> Leader
//!                 ^  ^                 |   '--- timeout: prepare again    |
//!                 |  '-----------------'  a higher ballot, in any         |
//!                 '------- message that asks for something ---------------'
//! ```
//!
//! As an acceptor it has one promise for all slots, the highest ballot it has heard a Prepare or an
//! Accept of. Ranks live in memory only.

mod accept;
mod compact;
mod learn;
mod prepare;

use std::sync::Arc;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::{Input, NodeId, Standing, Survivor};
use rehearsal_sim::view::View;

use super::log::{Log, Snapshot};
use super::{Bug, Fx, Message, MultiPaxos, Record, Role, Timer, probes};
use crate::events::consensus::{Event, Voter};
use crate::parts::ballot::Ballot;
use crate::parts::digest;
use crate::parts::disk::{DAMAGED, damage};
use crate::parts::machine::Machine;
use crate::parts::quorum::Quorums;
use crate::parts::session::Replica;
use accept::Leader;
use prepare::Candidate;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server<M: Machine> {
    /// It takes part in no lower ballot. On disk.
    promised: Ballot,
    /// The highest round it has heard of, so that its next ballot is above.
    seen: u64,
    /// What it has accepted. On disk, after a delay.
    log: Log<M>,
    /// What stands for the slots before the log. On disk.
    snapshot: Option<Arc<Snapshot<M>>>,
    /// It knows what was chosen in all slots up to this one, and has applied it.
    commit: u64,
    /// The digest of what it has applied.
    prefix: u64,
    /// What the log is applied to.
    replica: Replica<M>,
    /// Follower, candidate or leader, with what each of them remembers.
    rank: Rank<M>,
}

/// What a server is in the ballot that it has promised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Rank<M: Machine> {
    /// Accepts, and waits for the election timeout.
    Follower {
        /// Who leads in the promised ballot, once it was heard of.
        leader: Option<NodeId>,
    },
    /// Collects promises for a ballot of its own.
    Candidate(Candidate<M>),
    /// Proposes.
    Leader(Leader<M>),
    /// Takes no part, because it does not know what it promised.
    Damaged,
}

impl<M: Machine> Server<M> {
    /// Starts as a follower with what the disk kept.
    pub(super) fn boot(disk: &[Survivor<Record<M>>], fx: &mut Fx<'_, M>) -> Server<M> {
        let mut server = Server {
            promised: Ballot::ZERO,
            seen: 0,
            log: Log::default(),
            snapshot: None,
            commit: 0,
            prefix: digest::EMPTY,
            replica: Replica::default(),
            rank: Rank::Follower { leader: None },
        };
        let is_damaged = mutant!(fx, Bug::PaxosDamageIgnored, damage(disk) > 0, false);
        if is_damaged {
            server.rank = Rank::Damaged;
            fx.note(Event::FoundDamage { records: damage(disk) });
            fx.count(probes::SERVER_DAMAGED.name, 1);
            return server;
        }
        let mut intact = 0;
        for survivor in disk {
            let Survivor::Intact(record) = survivor else { break };
            server.restore(record);
            intact += 1;
        }
        if intact < disk.len() {
            // Half-written: nobody was told. New records must not stand behind it.
            fx.truncate(intact);
            fx.count(probes::TORN_TAIL_DROPPED.name, 1);
        }
        server.seen = server.promised.round;
        fx.note(Event::started(server.promised.number()));
        server.start_from_snapshot(fx);
        for (slot, proposal) in server.log.from(0) {
            let (ballot, value) = (proposal.ballot, proposal.value.digest());
            fx.note(Event::Kept { slot, ballot, value });
        }
        fx.arm(Timer::Election, fx.config().election_timeout);
        server
    }

    /// Reads one record. Whoever has accepted in a ballot takes part in no lower one.
    fn restore(&mut self, record: &Record<M>) {
        match record {
            Record::Promised(ballot) => self.promised = self.promised.max(*ballot),
            Record::Accepted { slot, proposal } => {
                self.promised = self.promised.max(proposal.ballot);
                self.log.put(*slot, proposal.clone());
            }
            Record::Snapshot(snapshot) => {
                self.log.compact(snapshot.slot);
                self.snapshot = Some(Arc::clone(snapshot));
            }
        }
    }

    /// One input. A timer or an answer that comes when the rank has changed meanwhile finds nothing
    /// to do.
    pub(super) fn step(&mut self, input: Input<MultiPaxos<M>>, fx: &mut Fx<'_, M>) {
        if let Rank::Damaged = self.rank {
            return;
        }
        match input {
            Input::Timer(Timer::Election) => self.campaign(fx),
            Input::Timer(Timer::Heartbeat) => self.send_heartbeats(fx),
            Input::Message { from, body } => self.on_message(from, body, fx),
            // Memory has what the disk has not, and nobody can say what.
            Input::WriteFailed { .. } => {
                mutant!(fx, Bug::PaxosWriteFailureIgnored, fx.exit("the disk refused a write"), ());
            }
            Input::Timer(Timer::Retry(_)) | Input::Call { .. } | Input::Refused { .. } => {}
        }
    }

    fn on_message(&mut self, from: NodeId, body: Message<M>, fx: &mut Fx<'_, M>) {
        match body {
            Message::Prepare { ballot, first } => self.on_prepare(from, ballot, first, fx),
            Message::Promise { ballot, accepted, snapshot } => {
                self.on_promise(from, ballot, &accepted, snapshot.as_ref(), fx);
            }
            Message::Reject { ballot, promised } => self.on_reject(ballot, promised, fx),
            Message::Accept { ballot, first, values, commit } => {
                self.on_accept(from, ballot, first, &values, commit, fx);
            }
            Message::Accepted { ballot, first, count, commit } => {
                self.on_accepted(from, ballot, (first, count), commit, fx);
            }
            Message::Install { ballot, snapshot } => self.on_install(from, ballot, &snapshot, fx),
            Message::Request(request) => self.on_request(request, fx),
            // Meant for clients.
            Message::Response { .. } | Message::Redirect { .. } => {}
        }
    }

    /// Becomes or remains a follower. Only a leader has no election timer, and must set it.
    fn follow(&mut self, leader: Option<NodeId>, fx: &mut Fx<'_, M>) {
        if matches!(self.rank, Rank::Leader(_)) {
            fx.note(Event::SteppedDown { term: self.promised.number() });
            fx.count(probes::LEADER_DEPOSED.name, 1);
            fx.disarm(Timer::Heartbeat);
            fx.arm(Timer::Election, fx.config().election_timeout);
        }
        self.rank = Rank::Follower { leader };
    }

    /// The rank, and the ballot as one number.
    pub(super) fn standing(&self) -> Standing {
        let rank = match self.rank {
            Rank::Follower { .. } => "follower",
            Rank::Candidate(_) => "candidate",
            Rank::Leader(_) => "leader",
            Rank::Damaged => DAMAGED,
        };
        Standing { rank, epoch: self.promised.number() }
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("rank", self.standing().rank);
        if let Rank::Damaged = self.rank {
            return; // it knows nothing else
        }
        view.field("promised", format!("{:?}", self.promised));
        view.field("commit", self.commit);
        match &self.rank {
            Rank::Follower { leader } => {
                let name = leader.map_or("nobody".to_owned(), |node| Voter(node).to_string());
                view.field("leader", name);
            }
            Rank::Candidate(candidate) => candidate.view(view),
            Rank::Leader(leader) => leader.view(view),
            Rank::Damaged => {}
        }
        let base = self.log.base();
        let cells = (base + 1..=self.log.last()).map(|slot| match self.log.get(slot) {
            Some(proposal) => format!("{:?} {:?}", proposal.ballot, proposal.value),
            None => "-".to_owned(),
        });
        view.log("log", base + 1, cells, self.commit);
    }
}

/// How many servers are needed for what.
fn quorums<M: Machine>(fx: &Fx<'_, M>) -> Quorums {
    fx.config().quorums(fx.all(Role::Server).count())
}

/// Every server but this one.
fn peers<'a, M: Machine>(fx: &Fx<'a, M>) -> impl Iterator<Item = NodeId> + use<'a, M> {
    let me = fx.me();
    fx.all(Role::Server).filter(move |node| *node != me)
}
