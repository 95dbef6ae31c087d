//! Raft: a replicated log with an elected leader (Ongaro & Ousterhout, *In Search of an
//! Understandable Consensus Algorithm*, USENIX ATC 2014, extended version).
//!
//! **Problem.** Several servers shall behave like one that never fails: clients see each operation
//! take effect once, at one moment, although servers crash and the network loses messages.
//!
//! **Idea.** All servers keep the same log of operations and apply it in order. To agree on the
//! log, elect a leader by majority, let it alone decide the order, and call an entry *committed*
//! once a majority has it on disk. Two majorities always share a server, so whoever is elected next
//! can be made to have every committed entry: a server votes only for candidates whose log is at
//! least as up to date as its own.
//!
//! ```text
//!  client1 --put--.                                                          .--> ok
//!  n1 leader      '*--append--.-fsync-.          *(majority) commit, apply --'
//!                  |                  '(self)--.  ^
//!  n2              '--AppendEntries--*--fsync--|--'  commit and apply with the next message
//!  n3              '--AppendEntries--x  (lost; the next heartbeat carries it again)
//! ```
//!
//! **What breaks without it.**
//! - Without a vote on disk before its answer, a server votes twice in a term, and two leaders
//!   order the same index differently ([`Bug::VoteNotPersisted`]).
//! - Without an entry on disk before its acknowledgement, a committed entry is forgotten by the
//!   majority that made it committed ([`Bug::AckBeforeSync`]).
//! - Were entries of earlier terms committed by counting, a later leader could overwrite them
//!   (Figure 8); hence only entries of the leader's own term count, and each leader begins with a
//!   no-op.
//! - Without sessions a client that asks again after a lost answer has its operation applied twice.
//!
//! **Durability.** Everything that promises something to somebody is a *held* effect: it leaves when
//! what was appended before it is on disk. That is so for votes, for the request for votes (it
//! reveals a term the candidate must not forget), for acknowledgements of entries, and for the
//! leader's own vote and its own entries, which it counts through held messages to itself. A leader
//! may send entries to others while its own disk still writes (Ongaro's thesis, 10.2.1), because it
//! promises nothing by that.
//!
//! | where | what | paper |
//! |---|---|---|
//! | `server/election.rs` | timeouts, votes, taking over | 5.1, 5.2, 5.4.1 |
//! | `server/replication.rs` | AppendEntries, repair of conflicts, commitment | 5.3, 5.4.2 |
//! | `server/hints.rs` | going back by whole terms (`conflict_hints`) | end of 5.3 |
//! | `server/sessions.rs` | applying, answering, applying once | 5.3, 8; thesis 6.3 |
//! | `server/rounds.rs` | rounds of heartbeats: who followed when | thesis 6.2, 6.4 |
//! | `server/presence.rs` | hearing a leader, being heard (`leader_stickiness`, `check_quorum`) | 6; thesis 4.2.3, 6.2 |
//! | `server/reads.rs` | reads that skip the log, leases (`reads`, `lease_margin`) | thesis 6.4 |
//! | `server/transfer.rs` | handing leadership over (`plan`) | thesis 3.10 |
//! | `server/compaction.rs`, `snapshot.rs` | snapshots, taken and sent in chunks (`snapshot_after`, `snapshot_chunk`) | 7 |
//! | `server/membership.rs` | who votes, and how that changes (`membership`, `initial_members`, `plan`) | 6; thesis 4 |
//! | `operator.rs`, `plan.rs` | the administrator, carried out by the first client | |
//! | `client.rs` | finding the leader, asking again | 8; thesis 6.2 |
//! | `invariants/` | the five properties of Figure 3, and five more | Figure 3; 5.1, 6, 8 |
//! | `probes.rs` | rare situations that a campaign should reach | all of them |
//!
//! **Options**, and what each is for; `scenarios/raft/` shows what happens without it:
//!
//! | option | what for | shown by |
//! |---|---|---|
//! | `pre_vote` | a server that was cut off comes back quietly | `disruptive-server`, `pre-vote-terms` |
//! | `leader_stickiness` | voters that hear a leader elect no other; leases rest on it | `lease-and-drift` |
//! | `check_quorum` | a leader that hears nobody steps down | `leader-steps-down` |
//! | `noop_at_term_start` | what predecessors left is committed at once | `figure-8` |
//! | `conflict_hints` | logs that parted long ago are mended in one step | `slow-catch-up` |
//! | `max_in_flight` | a long link is kept full | `long-link` |
//! | `reads = "read-index"` | reads write nothing | `read-index` |
//! | `reads = "lease"` | reads ask nobody, as long as clocks are right | `lease-and-drift` |
//! | `plan = [{ transfer = "n2" }]` | leadership moves without an outage | `transfer-under-load` |
//! | `plan = [{ members = ["n1", "n4"] }]` | voters come and go | `members-change`, `removed-server` |
//! | `membership = "single-server"` | changes without a joint configuration | `removed-and-needed` |
//! | `snapshot_after` | logs that do not grow for ever | `far-behind` |
//!
//! With `pre_vote` or `leader_stickiness` a server may be in a newer term than the leader that everybody
//! hears. It must not be left alone with that: it refuses the leader's entries, the leader learns of the
//! term from the refusal, and steps down. And a refused pre-vote always tells the voter's term, or a
//! server with a longer log in an older term would never learn which term to stand in (etcd#8501).
//!
//! **Disks that fail.** Raft assumes disks that keep what they acknowledged, and tells apart what was
//! promised from what was not:
//! - A half-written record at the end was never durable, so nobody was told of it: it is dropped.
//! - A record that was durable and is unreadable may have been promised. The server can not know what
//!   it forgot, and keeps out of votes and replication for good (rank `damaged`; Alagappan et al.,
//!   *Protocol-Aware Recovery for Consensus-Based Storage*, USENIX FAST 2018). As long as a majority
//!   of servers is undamaged, nothing acknowledged is lost.
//! - A write that the disk refuses leaves memory and disk apart: the server ends itself, and starts
//!   again from its disk (Rebello et al., *Can Applications Recover from fsync Failures?*, USENIX ATC
//!   2020).
//! - A disk that was *wiped* looks like that of a new server. Raft can not notice, and a wiped server
//!   under its old identity breaks it.

pub mod bugs;
pub mod client;
pub mod config;
pub mod invariants;
pub mod log;
pub mod message;
mod operator;
pub mod plan;
pub mod probes;
pub mod server;
pub mod snapshot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{
    self, Boot, Input, NodeId, Probe, Protocol, Reach, RoleInfo, Standing, explorable,
};
use rehearsal_sim::view::View;

pub use bugs::Bug;
pub use client::Client;
pub use config::Config;
pub use message::Message;
pub use server::Server;

use crate::events::consensus::{Event, Voter};
use crate::parts::disk::DAMAGED;
use crate::parts::kv::KeyValue;
use crate::parts::machine::Machine;
use log::Entry;
use snapshot::Snapshot;

/// The rank of a server that does not vote: it waits to be added, or was removed.
pub const OUTSIDER: &str = "outsider";

/// A node of a Raft cluster, generic over the machine that is replicated.
#[allow(clippy::large_enum_variant)] // there are few nodes, and most are servers
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Raft<M: Machine> {
    /// Keeps the log.
    Server(Server<M>),
    /// Asks the servers on behalf of the applications that call it.
    Client(Client<M>),
}

const _: () = explorable::<Raft<KeyValue>>();

/// The window to the world of a Raft node.
pub(crate) type Fx<'a, M> = Effects<'a, Raft<M>>;

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Keeps the log.
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
    /// A step of the plan is due, or has waited long enough for an answer; runs on the operator.
    Plan,
}

kinds!(Timer { Election, Heartbeat, Retry, Plan });

/// One record of a server's log on disk.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Record<M: Machine> {
    /// `currentTerm` and `votedFor` from now on.
    Ballot {
        /// The term.
        term: u64,
        /// The vote in it.
        voted_for: Option<NodeId>,
    },
    /// An entry of the log. Where the log on disk reaches this index already, this entry replaces
    /// the one there and cuts off what stood behind it, so a conflict costs no write of its own.
    Entry {
        /// Its index.
        index: u64,
        /// The entry.
        entry: Entry<M>,
    },
    /// What stands for the beginning of the log; entries behind it follow.
    Snapshot(Arc<Snapshot<M>>),
}

impl<M: Machine> fmt::Debug for Record<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Record::Ballot { term, voted_for: Some(node) } => {
                write!(f, "Ballot term={term} voted_for={}", Voter(*node))
            }
            Record::Ballot { term, voted_for: None } => write!(f, "Ballot term={term}"),
            Record::Entry { index, entry } => {
                write!(f, "Entry {index}@{} {:?}", entry.term, entry.command)
            }
            Record::Snapshot(snapshot) => write!(f, "{snapshot:?}"),
        }
    }
}

impl<M: Machine> Protocol for Raft<M> {
    const NAME: &'static str = M::RAFT;
    const SUMMARY: &'static str = "a replicated log with an elected leader";
    const INVARIANTS: &'static [Invariant<Event>] = invariants::ALL;
    const RANKS: &'static [&'static str] =
        &["follower", "candidate", "leader", DAMAGED, "pre-candidate", OUTSIDER];
    const METRICS: &'static [&'static str] = &[
        "append_rejections",
        "elections",
        "elections_started",
        "entries_appended",
        "redirects",
        "refusals",
        "retries",
        "snapshots_installed",
        "snapshots_sent",
        "snapshots_taken",
        "configurations_appended",
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

    fn boot(boot: Boot<'_, Raft<M>>, fx: &mut Fx<'_, M>) -> Raft<M> {
        match boot.role {
            Role::Server => Raft::Server(Server::boot(boot.disk, fx)),
            Role::Client => Raft::Client(Client::boot(fx)),
        }
    }

    fn step(&mut self, input: Input<Raft<M>>, fx: &mut Fx<'_, M>) {
        match self {
            Raft::Server(server) => server.step(input, fx),
            Raft::Client(client) => client.step(input, fx),
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Raft::Server(server) => server.standing(),
            Raft::Client(_) => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            Raft::Server(server) => server.view(view),
            Raft::Client(client) => client.view(view),
        }
    }

    fn missing_quorum(reach: &Reach<'_, Raft<M>>) -> Option<String> {
        if reach.config.initial_members.is_none() && reach.config.plan.is_empty() {
            return reach.missing_majority_without(Role::Server, DAMAGED);
        }
        plan::missing_majority(reach)
    }
}
