//! Lock: locks with leases and fencing tokens, and a store that is written under them.
//!
//! **Problem.** Clients read a number, add one and write it back. Two that do so at once lose a count,
//! so they take a lock first. A holder may crash, stand still or be cut off, and the others can not
//! wait for ever; but one that was given up for lost may still write.
//! **Idea.** A lock is granted for a time only, its lease. Each grant has a number, and the numbers
//! grow; the store takes nothing with a lower number than it has seen. So clocks decide how long one has
//! to wait, and never what is written.
//!
//! ```text
//!   client1  Acquire --> Granted 7 --(stands still)----------------- Write 7 -->  refused
//!   client2                  Acquire ... lease of 7 ends --> Granted 8 -- Write 8 --> written
//! ```
//!
//! **What breaks without it.** A store that does not look at tokens takes the late write
//! ([`Bug::TokenNotChecked`]). A release that comes late or twice frees the next holder's lock, unless it
//! says whose it is ([`Bug::UnlocksSuccessor`]). A server that restarts has to know its last token
//! ([`Bug::TokenForgotten`]) and whose leases may still run ([`Bug::LeaseForgotten`]).
//!
//! A write whose token was refused may have been taken in an earlier try: its caller is told that
//! nobody knows. Not modelled: leases that are renewed, waiting in line, copies of lock servers.

mod bugs;
mod client;
mod config;
mod invariants;
mod server;
mod service;
mod store;
#[cfg(test)]
mod tests;

use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{
    self, Boot, Input, NodeId, Probe, Protocol, Reach, RoleInfo, Standing, explorable,
};
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::view::View;

pub use bugs::Bug;
pub use client::Client;
pub use config::Config;
pub use server::{Grant, Server};
pub use service::LockedCounterService;
pub use store::{Cell, Store};

use crate::parts::disk;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// Grants locks.
    Server(Server),
    /// Keeps what is written under locks.
    Store(Store),
    /// Counts.
    Client(Client),
    /// A server or store whose disk is damaged: it takes no part.
    Damaged,
}
const _: () = explorable::<Lock>();

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Grants locks.
    Server,
    /// Keeps what is written under locks.
    Store,
    /// Counts.
    Client,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 1)),
        (Role::Store, RoleInfo::new("store", "stores", 1)),
        (Role::Client, RoleInfo::new("client", "clients", 3).called()),
    ];
}

/// What nodes say to each other. A number names a client's attempt; each has one lock, and one cell of
/// the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Message {
    Acquire { number: u64, lock: u64 },
    Granted { number: u64, lock: u64, token: u64 },
    Release { lock: u64, token: u64 },
    Fetch { number: u64, cell: u64, token: u64 },
    Fetched { number: u64, token: u64, value: i64 },
    Write { number: u64, cell: u64, token: u64, value: i64 },
    Written { number: u64, token: u64 },
    Refused { number: u64, token: u64 },
}
kinds!(Message { Acquire, Granted, Release, Fetch, Fetched, Write, Written, Refused });
impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        let words = match *self {
            Message::Acquire { number, lock } => [number, lock, 0, 0],
            Message::Granted { number, lock, token } => [number, lock, token, 0],
            Message::Release { lock, token } => [lock, token, 0, 0],
            Message::Fetch { number, cell, token } => [number, cell, token, 0],
            Message::Fetched { number, token, value } => [number, token, value.cast_unsigned(), 0],
            Message::Write { number, cell, token, value } => {
                [number, cell, token, value.cast_unsigned()]
            }
            Message::Written { number, token } | Message::Refused { number, token } => {
                [number, token, 0, 0]
            }
        };
        words.into_iter().for_each(|word| digest.word(word));
    }
}

/// What a client may set to ring: ask again in this attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Timer {
    Again(u64),
}
kinds!(Timer { Again });

/// What observers may know. Servers note grants and ends of leases, clients releases, stores writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Granted { lock: u64, token: u64, to: NodeId },
    Released { lock: u64, token: u64 },
    Expired { lock: u64, token: u64 },
    Wrote { cell: u64, token: u64 },
}
kinds!(Event { Granted, Released, Expired, Wrote });

/// What is on the disks of servers and stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A server granted a lock.
    Grant(Grant),
    /// A server freed a lock that had this token.
    Freed {
        /// The lock.
        lock: u64,
        /// The token.
        token: u64,
    },
    /// A store has this from now on.
    Cell {
        /// Its name.
        name: u64,
        /// What is in it.
        cell: Cell,
    },
}

pub(crate) type Fx<'a> = Effects<'a, Lock>;

impl Protocol for Lock {
    const NAME: &'static str = "lock";
    const SUMMARY: &'static str = "locks with leases and fencing tokens, and a store under them";
    const INVARIANTS: &'static [Invariant<Event>] = &[
        invariants::granted_when_free::INVARIANT,
        invariants::tokens_grow::INVARIANT,
        invariants::writes_follow_tokens::INVARIANT,
    ];
    const METRICS: &'static [&'static str] = &["asked_again", "grants"];
    const PROBES: &'static [Probe] = &[
        Probe { name: "lease_ended", sentence: "a lock was granted because a lease had ended" },
        Probe { name: "late_release", sentence: "a release came for a lock that was not held so" },
        Probe { name: "fenced_fetch", sentence: "a store refused to read for an old token" },
        Probe { name: "fenced_write", sentence: "a store refused a write with an old token" },
        Probe { name: "restarted_held", sentence: "a server restarted while a lock was held" },
    ];
    const RANKS: &'static [&'static str] = &[disk::DAMAGED];
    type Bug = Bug;
    type Config = Config;
    type Role = Role;
    type Service = LockedCounterService;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Event = Event;

    fn boot(boot: Boot<'_, Lock>, fx: &mut Fx<'_>) -> Lock {
        if boot.role == Role::Client {
            return Lock::Client(Client::boot(fx));
        }
        let Some(records) = disk::restore(boot.disk, fx) else { return Lock::Damaged };
        match boot.role {
            Role::Store => Lock::Store(Store::boot(&records)),
            _ => Lock::Server(Server::boot(&records, fx)),
        }
    }

    fn step(&mut self, input: Input<Lock>, fx: &mut Fx<'_>) {
        match (self, input) {
            (Lock::Server(server), Input::Message { from, body }) => {
                server.on_message(from, body, fx);
            }
            (Lock::Store(store), Input::Message { from, body }) => store.on_message(from, body, fx),
            (Lock::Server(_) | Lock::Store(_), Input::WriteFailed { .. }) => {
                fx.exit("the disk refused a write");
            }
            (Lock::Client(client), input) => client.step(&input, fx),
            // Only clients set timers and take calls.
            (Lock::Damaged, _)
            | (
                Lock::Server(_) | Lock::Store(_),
                Input::Timer(_) | Input::Call { .. } | Input::Refused { .. },
            ) => {}
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Lock::Damaged => disk::STANDING_ASIDE,
            _ => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            Lock::Server(server) => server.view(view),
            Lock::Store(store) => store.view(view),
            Lock::Client(client) => client.view(view),
            Lock::Damaged => {}
        }
    }

    fn missing_quorum(reach: &Reach<'_, Lock>) -> Option<String> {
        disk::missing_server(reach, Role::Server)
            .or_else(|| disk::missing_server(reach, Role::Store))
    }
}
