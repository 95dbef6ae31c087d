//! Naive broadcast: broadcast, count, apply. It looks like consensus, is often sold as Paxos or Raft, and
//! is neither.
//!
//! **Problem.** The same as Raft's: several servers shall behave like one that never fails.
//!
//! **Idea.** Whoever is asked sends the operation to all servers. When a majority has said that it has
//! it, the operation counts as agreed, and all are told to apply it.
//!
//! ```text
//!  client1 -- put 7 --> n1 -- Propose --*-- Ack --.-- Apply 7 --*---------------*
//!  n2                      .............*-- Ack --'             * 7 ........... * 9
//!  n3                      .............*-- Ack --.             * 9 ........... * 7   another order
//!  client2 -- put 9 --> n3 -- Propose --*-- Ack --'-- Apply 9 --*---------------*
//! ```
//!
//! **What is wrong.** The majority agrees *that* an operation is applied, and nobody agrees *when*: there
//! is no slot that two operations could be candidates for, no ballot, no leader, and nobody ever has to
//! refuse anything. Two operations at the same time are applied in different orders, without a single
//! fault. An Apply that is lost is applied nowhere it did not reach, and nobody finds out.
//!
//! There are no bugs to plant: every part does what it was meant to do.

mod config;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;

use rehearsal_sim::bug::NoBugs;
use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{self, Boot, Input, NodeId, Protocol, Reach, explorable};
use rehearsal_sim::service::Service as _;
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;

pub use config::Config;
pub use server::{Command, Server};

use crate::events::consensus::Event;
use crate::invariants::state_machine_safety;
use crate::parts::clerk::{Clerk, Errands, Ticket};
use crate::parts::disk;
use crate::parts::kv::{KeyValue, KeyValueService, Operation, Reply};
use crate::parts::machine::Machine as _;
use crate::parts::roles::Role;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NaiveBroadcast {
    /// Broadcasts, counts and applies.
    Server(Box<Server>),
    /// Asks.
    Client(Clerk<Operation>),
    /// A server whose disk is damaged: it takes no part.
    Damaged,
}
const _: () = explorable::<NaiveBroadcast>();

type Fx<'a> = Effects<'a, NaiveBroadcast>;

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// A client asks.
    Request {
        /// What its request is known by.
        ticket: Ticket,
        /// What it wants.
        operation: Operation,
    },
    /// A server tells all of an operation.
    Propose(Command),
    /// A server has heard of it.
    Ack {
        /// Whose operation it is.
        client: NodeId,
        /// Its number.
        number: u64,
    },
    /// A majority has heard of it: it is to be applied.
    Apply(Command),
    /// The answer.
    Answer {
        /// The request's number.
        number: u64,
        /// What is answered.
        reply: Reply,
    },
}
kinds!(Message { Request, Propose, Ack, Apply, Answer });
impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        match self {
            Message::Request { ticket, operation } => {
                ticket.digest(digest);
                digest.word(KeyValue::digest(operation));
            }
            Message::Propose(command) | Message::Apply(command) => digest.word(command.digest()),
            Message::Ack { client, number } => {
                digest.word(client.0.into());
                digest.word(*number);
            }
            Message::Answer { number, reply } => {
                digest.word(*number);
                KeyValueService::digest(reply, digest);
            }
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Request { ticket, operation } => {
                write!(f, "Request {} {operation:?}", ticket.number)
            }
            Message::Propose(command) => write!(f, "Propose {command:?}"),
            Message::Ack { client, number } => write!(f, "Ack {client:?}.{number}"),
            Message::Apply(command) => write!(f, "Apply {command:?}"),
            Message::Answer { number, reply } => write!(f, "Answer {number} {reply:?}"),
        }
    }
}

/// What a client may set to ring: ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Timer {
    Again(u64),
}
kinds!(Timer { Again });

impl Errands for NaiveBroadcast {
    /// Any server will do: that is the charm of it.
    fn server(_: &Operation, fx: &mut Fx<'_>) -> NodeId {
        let servers: Vec<NodeId> = fx.all(Role::Server).collect();
        let place = usize::try_from(fx.pick(servers.len() as u64)).unwrap_or_default();
        servers[place]
    }
    fn request(ticket: Ticket, operation: &Operation) -> Message {
        Message::Request { ticket, operation: *operation }
    }
    fn again(number: u64) -> Timer {
        Timer::Again(number)
    }
    fn timeout(config: &Config) -> Span {
        config.timeout
    }
}

impl Protocol for NaiveBroadcast {
    const NAME: &'static str = "naive-broadcast";
    const SUMMARY: &'static str = "broadcast, count, apply: it looks like consensus, and is none";
    const INVARIANTS: &'static [Invariant<Event>] = &[state_machine_safety::INVARIANT];
    const RANKS: &'static [&'static str] = &[disk::DAMAGED];
    type Bug = NoBugs;
    type Config = Config;
    type Role = Role;
    type Service = KeyValueService;
    type Message = Message;
    type Timer = Timer;
    type Record = Command;
    type Event = Event;

    fn boot(boot: Boot<'_, NaiveBroadcast>, fx: &mut Fx<'_>) -> NaiveBroadcast {
        if boot.role == Role::Client {
            return NaiveBroadcast::Client(Clerk::boot(fx));
        }
        match disk::restore(boot.disk, fx) {
            Some(records) => NaiveBroadcast::Server(Box::new(Server::boot(&records, fx))),
            None => {
                fx.note(Event::FoundDamage { records: disk::damage(boot.disk) });
                NaiveBroadcast::Damaged
            }
        }
    }

    fn step(&mut self, input: Input<NaiveBroadcast>, fx: &mut Fx<'_>) {
        match (self, input) {
            (NaiveBroadcast::Server(server), Input::Message { from, body }) => {
                server.on_message(from, &body, fx);
            }
            (NaiveBroadcast::Server(_), Input::WriteFailed { .. }) => {
                fx.exit("the disk refused a write");
            }
            (NaiveBroadcast::Client(clerk), Input::Call { id, operation }) => {
                clerk.call(id, operation, fx);
            }
            (NaiveBroadcast::Client(clerk), Input::Timer(Timer::Again(number))) => {
                clerk.ask(number, fx);
            }
            (NaiveBroadcast::Client(clerk), Input::Message { body, .. }) => {
                if let Message::Answer { number, reply } = body {
                    clerk.answered(number, reply, fx);
                }
            }
            (NaiveBroadcast::Damaged, _)
            | (NaiveBroadcast::Client(_), Input::WriteFailed { .. })
            | (NaiveBroadcast::Server(_), Input::Call { .. } | Input::Timer(_))
            | (_, Input::Refused { .. }) => {}
        }
    }

    fn standing(&self) -> protocol::Standing {
        match self {
            NaiveBroadcast::Damaged => disk::STANDING_ASIDE,
            _ => protocol::Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            NaiveBroadcast::Server(server) => server.view(view),
            NaiveBroadcast::Client(clerk) => view.field("waiting", clerk.waiting()),
            NaiveBroadcast::Damaged => {}
        }
    }

    fn missing_quorum(reach: &Reach<'_, NaiveBroadcast>) -> Option<String> {
        reach.missing_majority_without(Role::Server, disk::DAMAGED)
    }
}
