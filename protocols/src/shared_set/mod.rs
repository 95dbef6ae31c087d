//! Shared set: a set that a majority of servers keeps, without a leader (Attiya, Bar-Noy & Dolev,
//! *Sharing Memory Robustly in Message-Passing Systems*, JACM 1995, with many writers as in Lynch &
//! Shvartsman 1997).
//!
//! **Problem.** Clients add elements, remove them, and ask for them. That should go on while any
//! majority of the servers is up, and everybody should see the same set.
//! **Idea.** Each element is a register: in or out, with a stamp. Who writes asks a majority for the
//! latest stamp and stores a higher one at a majority; who reads asks a majority and takes the latest.
//! Two majorities share a server, so nothing that is over can be missed.
//!
//! ```text
//!   client1  add 7:  --Ask-->  n1, n2, n3 ..x     <-- stamp 4, 5      (a majority: 5 is the latest)
//!                    --Store 6, in-->  n1, n2, n3 ..x  <-- stored, stored  --> ok
//! ```
//!
//! **What breaks without it.** A reader that met a write half way must finish it before it answers, or
//! the next reader sees the past ([`Bug::ReadWithoutWriteBack`]). Two halves of four servers share nobody
//! ([`Bug::QuorumOfHalf`]). A server that forgets what it acknowledged takes the majority away
//! ([`Bug::StoreAckedBeforeSync`]). And a write that is tried again is the same write, not a later one
//! ([`Bug::RetryWithANewStamp`]).
//!
//! `add` and `remove` do not say whether they changed anything: to know that takes consensus (Herlihy
//! 1991, *Wait-Free Synchronization*). Not modelled: garbage collection of removed elements.

mod bugs;
mod client;
mod invariants;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::protocol::{
    self, Boot, Input, NodeId, Probe, Protocol, Reach, Standing, explorable,
};
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::view::View;
use rehearsal_sim::{kinds, mutant};

pub use bugs::Bug;
pub use client::Client;
pub use service::{Act, ElementModel, Operation, Reply, SetService};

use crate::parts::disk;
use crate::parts::patience::Patience;
use crate::parts::roles::Role;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SharedSet {
    /// Keeps elements.
    Server(Server),
    /// Adds, removes and asks.
    Client(Client),
    /// A server whose disk is damaged: it takes no part.
    Damaged,
}
const _: () = explorable::<SharedSet>();

/// Which write is later: the higher counter, and where they are equal the higher client and number.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    counter: u64,
    client: u32,
    number: u64,
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.counter, self.client, self.number)
    }
}

/// What a server has of an element; also the record on its disk.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    stamp: Stamp,
    is_in: bool,
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {:?}", if self.is_in { "in" } else { "out" }, self.stamp)
    }
}

/// Keeps elements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Server {
    cells: BTreeMap<u64, Cell>,
}

/// What nodes say to each other. A number names a client's operation, and a round which of its two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Message {
    Ask { round: Round, element: u64 },
    Cell { round: Round, cell: Cell },
    Store { round: Round, element: u64, cell: Cell },
    Stored { round: Round },
}
kinds!(Message { Ask, Cell, Store, Stored });

/// A round of a client's operation: no other of its rounds has these numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round {
    number: u64,
    round: u64,
}

impl fmt::Debug for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, self.round)
    }
}

impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        let (Message::Ask { round, .. }
        | Message::Cell { round, .. }
        | Message::Store { round, .. }
        | Message::Stored { round }) = *self;
        digest.word(round.number);
        digest.word(round.round);
        if let Message::Ask { element, .. } | Message::Store { element, .. } = *self {
            digest.word(element);
        }
        if let Message::Cell { cell, .. } | Message::Store { cell, .. } = *self {
            let Stamp { counter, client, number } = cell.stamp;
            let words = [counter, client.into(), number, cell.is_in.into()];
            words.into_iter().for_each(|word| digest.word(word));
        }
    }
}

/// What a client may set to ring: ask again in this operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Timer {
    Again(u64),
}
kinds!(Timer { Again });

/// What observers may know, noted by servers when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Stored { element: u64, stamp: Stamp },
    Restored { element: u64, stamp: Stamp },
}
kinds!(Event { Stored, Restored });

type Fx<'a> = Effects<'a, SharedSet>;

impl Protocol for SharedSet {
    const NAME: &'static str = "shared-set";
    const SUMMARY: &'static str = "a majority of servers keeps a set, without a leader";
    const INVARIANTS: &'static [Invariant<Event>] = &[invariants::stamps_grow::INVARIANT];
    const METRICS: &'static [&'static str] = &["asked_again", "written_back"];
    const PROBES: &'static [Probe] = &[
        Probe { name: "half_way", sentence: "a reader met a write that not all it asked had" },
        Probe { name: "old_store", sentence: "a store came that was older than what was there" },
    ];
    const RANKS: &'static [&'static str] = &[disk::DAMAGED];
    type Bug = Bug;
    type Config = Patience;
    type Role = Role;
    type Service = SetService;
    type Message = Message;
    type Timer = Timer;
    type Record = (u64, Cell);
    type Event = Event;

    fn boot(boot: Boot<'_, SharedSet>, fx: &mut Fx<'_>) -> SharedSet {
        if boot.role == Role::Client {
            return SharedSet::Client(Client::boot(fx));
        }
        let Some(records) = disk::restore(boot.disk, fx) else { return SharedSet::Damaged };
        let cells: BTreeMap<u64, Cell> = records.into_iter().copied().collect();
        for (element, cell) in &cells {
            fx.note(Event::Restored { element: *element, stamp: cell.stamp });
        }
        SharedSet::Server(Server { cells })
    }

    fn step(&mut self, input: Input<SharedSet>, fx: &mut Fx<'_>) {
        match (self, input) {
            (SharedSet::Server(server), Input::Message { from, body }) => {
                server.on_message(from, body, fx);
            }
            (SharedSet::Server(_), Input::WriteFailed { .. }) => {
                fx.exit("the disk refused a write");
            }
            (SharedSet::Client(client), input) => client.step(&input, fx),
            // Servers set no timers, and nobody calls them.
            (SharedSet::Damaged, _)
            | (
                SharedSet::Server(_),
                Input::Timer(_) | Input::Call { .. } | Input::Refused { .. },
            ) => {}
        }
    }

    fn standing(&self) -> Standing {
        match self {
            SharedSet::Damaged => disk::STANDING_ASIDE,
            _ => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            SharedSet::Server(server) => {
                let elements = server.cells.iter().filter(|(_, cell)| cell.is_in);
                view.field("elements", format!("{:?}", elements.collect::<Vec<_>>()));
            }
            SharedSet::Client(client) => view.field("waiting", client.waiting()),
            SharedSet::Damaged => {}
        }
    }

    fn missing_quorum(reach: &Reach<'_, SharedSet>) -> Option<String> {
        reach.missing_majority_without(Role::Server, disk::DAMAGED)
    }
}

impl Server {
    fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        match body {
            Message::Ask { round, element } => {
                // It may not be durable yet: who reads it stores it at a majority first.
                let cell = self.cells.get(&element).copied().unwrap_or_default();
                fx.send(from, Message::Cell { round, cell });
            }
            Message::Store { round, element, cell } => {
                let known = self.cells.entry(element).or_default();
                if cell.stamp > known.stamp {
                    *known = cell;
                    fx.append((element, cell));
                } else if cell.stamp < known.stamp {
                    fx.count("old_store", 1);
                }
                fx.note_synced(Event::Stored { element, stamp: known.stamp });
                let stored = Message::Stored { round };
                mutant!(
                    fx,
                    Bug::StoreAckedBeforeSync,
                    fx.send_synced(from, stored),
                    fx.send(from, stored)
                );
            }
            Message::Cell { .. } | Message::Stored { .. } => {} // meant for clients
        }
    }
}
