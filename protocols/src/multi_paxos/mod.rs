//! Multi-Paxos: a replicated log of which every slot is decided by Paxos (Lamport, *The Part-Time
//! Parliament*, ACM TOCS 1998, section 3; *Paxos Made Simple*, 2001, section 3).
//!
//! **Problem.** The same as Raft's: several servers shall behave like one that never fails.
//!
//! **Idea.** Every slot of the log is a decision of its own, and so slots may be decided in any order. A
//! server that wants to lead prepares *all* slots at once with one ballot: a quorum promises to accept
//! nothing lower, and says what it has accepted so far. Whatever may have been chosen is among that, so
//! the new leader proposes it again, value of the highest ballot first, and fills the holes with no-ops.
//! From then on a command costs one round trip: the first phase is paid once for a whole reign.
//!
//! ```text
//!  client1 --put--.                                                             .--> ok
//!  n1 leader      '*-- Accept 7 --.-fsync-.             *(quorum) chosen, apply-'
//!                  |              |       '(self)--.    ^
//!  n2              '-- Accept 7 --*-- fsync -------|----'  learns with the next message
//!  n3              '-- Accept 7 --x  (lost; slot 8 does not wait for it)
//! ```
//!
//! **What breaks without it.** A leader that proposes what it likes where others have accepted something
//! overwrites what was chosen ([`Bug::ChosenValueIgnored`]); one that leaves the holes of its predecessor
//! open waits for them for ever ([`Bug::HoleNotFilled`]); an acceptor that forgets what it promised or
//! accepted lets two values be chosen ([`Bug::PromiseNotPersisted`], [`Bug::AcceptBeforeSync`]); a
//! follower that takes what it has accepted for what is chosen applies what nobody else does
//! ([`Bug::CommitWithoutBallot`]).
//!
//! **Side by side with Raft.** Service, client, sessions, and the names of the keys are Raft's, so one
//! scenario runs both. Raft's leader must have every committed entry *before* it is elected, and its log
//! has no holes; here anybody may lead, and copies what it lacks while it is being elected. A Raft entry
//! keeps the term it was made in; here a value is accepted anew in the leader's ballot.
//!
//! | where | what | paper |
//! |---|---|---|
//! | `server/prepare.rs` | phase 1 for all slots: ballots, promises, holes | 2001, 2.2 and 3; 1998, 3.1 |
//! | `server/accept.rs` | phase 2, slot by slot: acceptances, resending | 2001, 2.2 and 3 |
//! | `server/learn.rs` | what is chosen, applying, answering, requests | 2001, 2.3; Ongaro's thesis, 6.3 |
//! | `server/compact.rs` | snapshots, with the sessions in them | Chandra et al. 2007, 5.5 |
//! | `parts/quorum.rs` | quorums that are no majorities | Howard et al. 2016 |
//! | `parts/seeker.rs` | clients: finding the leader, asking again | Ongaro's thesis, 6.2 |
//!
//! Left out: membership changes, reads that skip the log, leases, snapshots in pieces.
//!
//! Chandra, Griesemer & Redstone, *Paxos Made Live*, PODC 2007, tell what else it takes in practice.
//! Disks that fail are treated as Raft treats them: see [`crate::raft`].

pub mod bugs;
pub mod client;
pub mod config;
pub mod log;
pub mod message;
pub mod probes;
pub mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{
    self, Boot, Input, Probe, Protocol, Reach, RoleInfo, Standing, explorable,
};
use rehearsal_sim::view::View;

pub use bugs::Bug;
pub use client::Client;
pub use config::Config;
pub use message::Message;
pub use server::Server;

use crate::events::consensus::Event;
use crate::invariants::{PAXOS, election_safety, state_machine_safety};
use crate::parts::ballot::Ballot;
use crate::parts::disk::DAMAGED;
use crate::parts::kv::KeyValue;
use crate::parts::machine::Machine;
use crate::parts::quorum;
use log::{Proposal, Snapshot};

/// A node of a Multi-Paxos cluster, generic over the machine that is replicated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MultiPaxos<M: Machine> {
    /// Proposes, accepts and learns.
    Server(Server<M>),
    /// Asks the servers on behalf of the applications that call it.
    Client(Client<M>),
}

const _: () = explorable::<MultiPaxos<KeyValue>>();

/// The window to the world of a node.
pub(crate) type Fx<'a, M> = Effects<'a, MultiPaxos<M>>;

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Proposes, accepts and learns.
    Server,
    /// Asks.
    Client,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 5)),
        (Role::Client, RoleInfo::new("client", "clients", 4).called()),
    ];
}

/// What a node may set to ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// No leader was heard of for too long; runs on followers and candidates.
    Election,
    /// It is time to send to every follower; runs on leaders.
    Heartbeat,
    /// The operation in this slot has waited long enough for an answer; runs on clients.
    Retry(u32),
}

kinds!(Timer { Election, Heartbeat, Retry });

/// One record of a server's disk.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Record<M: Machine> {
    /// No lower ballot from now on.
    Promised(Ballot),
    /// This was accepted; it takes the place of what was accepted in the slot before.
    Accepted {
        /// The slot.
        slot: u64,
        /// The proposal.
        proposal: Proposal<M>,
    },
    /// Everything up to a slot, as it was when it had been applied.
    Snapshot(Arc<Snapshot<M>>),
}

impl<M: Machine> fmt::Debug for Record<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Record::Promised(ballot) => write!(f, "Promised {ballot:?}"),
            Record::Accepted { slot, proposal } => {
                write!(f, "Accepted {slot}@{:?} {:?}", proposal.ballot, proposal.value)
            }
            Record::Snapshot(snapshot) => write!(f, "Snapshot up to {}", snapshot.slot),
        }
    }
}

impl<M: Machine> Protocol for MultiPaxos<M> {
    const NAME: &'static str = M::MULTI_PAXOS;
    const SUMMARY: &'static str = "a replicated log of which every slot is decided by Paxos";
    const INVARIANTS: &'static [Invariant<Event>] = &{
        let [agreement, validity, learned, integrity, carried, promises, ballots] = PAXOS;
        let (elections, machines) = (election_safety::INVARIANT, state_machine_safety::INVARIANT);
        [agreement, validity, learned, integrity, carried, promises, ballots, elections, machines]
    };
    const RANKS: &'static [&'static str] = &["follower", "candidate", "leader", DAMAGED];
    const METRICS: &'static [&'static str] = &[
        "elections",
        "elections_started",
        "entries_appended",
        "no_ops",
        "redirects",
        "refusals",
        "repairs",
        "retries",
        "snapshots_sent",
        "snapshots_taken",
    ];
    const PROBES: &'static [Probe] = probes::ALL;
    type Bug = Bug;
    type Config = Config;
    type Role = Role;
    type Service = M::Service;
    type Message = Message<M>;
    type Timer = Timer;
    type Record = Record<M>;
    type Event = Event;

    fn boot(boot: Boot<'_, MultiPaxos<M>>, fx: &mut Fx<'_, M>) -> MultiPaxos<M> {
        match boot.role {
            Role::Server => MultiPaxos::Server(Server::boot(boot.disk, fx)),
            Role::Client => MultiPaxos::Client(Client::boot(fx)),
        }
    }

    fn step(&mut self, input: Input<MultiPaxos<M>>, fx: &mut Fx<'_, M>) {
        match self {
            MultiPaxos::Server(server) => server.step(input, fx),
            MultiPaxos::Client(client) => client.step(input, fx),
        }
    }

    fn standing(&self) -> Standing {
        match self {
            MultiPaxos::Server(server) => server.standing(),
            MultiPaxos::Client(_) => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            MultiPaxos::Server(server) => server.view(view),
            MultiPaxos::Client(client) => client.view(view),
        }
    }

    fn missing_quorum(reach: &Reach<'_, MultiPaxos<M>>) -> Option<String> {
        let servers = reach.roles.iter().filter(|role| **role == Role::Server).count();
        let needed = reach.config.quorums(servers).larger();
        quorum::missing(reach, (Role::Server, DAMAGED), Role::Server, needed)
    }
}
