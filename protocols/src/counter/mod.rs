//! Counter: counters that a chain of servers keeps (van Renesse & Schneider, *Chain Replication for
//! Supporting High Throughput and Availability*, OSDI 2004).
//!
//! **Problem.** Counters are to survive the loss of any disk but one, and whoever reads them has to see
//! everything that was counted.
//! **Idea.** Servers stand in a chain. Updates go in at the head, which gives them an order; each server
//! writes an entry down and passes it on; the tail, which has an entry only when all others have it,
//! answers. Reads go to the tail. Nothing needs a vote, and nothing goes on while a server is down.
//!
//! ```text
//!   client1  add --.                                            .--> ok
//!   n1 (head)      '*-- log --.                                 |
//!   n2                        '-- Entry 4 -- log --.            |
//!   n3 (tail)                                      '-- log -----'
//! ```
//!
//! **What breaks without it.** Without numbers on requests a lost answer counts twice
//! ([`Bug::RetryCountedTwice`]). A server that is not the tail does not know what is over
//! ([`Bug::ReadsAnywhere`]), nor what will last ([`Bug::HeadAnswers`]). And an entry that others have and
//! its writer forgets is followed by another in the same place ([`Bug::PassedOnBeforeSync`]).
//!
//! Not modelled: taking servers out of the chain and into it (the paper's master), snapshots.

mod bugs;
mod chain;
mod invariants;
mod service;
#[cfg(test)]
mod tests;

use rehearsal_sim::check::model::{CounterOp, CounterReply, Keyed};
use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::protocol::{
    self, Boot, Input, NodeId, Probe, Protocol, Reach, Standing, explorable,
};
use rehearsal_sim::service::{Sequential as _, Service as _};
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;
use rehearsal_sim::{kinds, mutant};

pub use bugs::Bug;
pub use chain::{Entry, Server};
pub use service::CounterService;

use crate::parts::clerk::{Clerk, Errands, Ticket};
use crate::parts::disk;
use crate::parts::patience::Patience;
use crate::parts::roles::Role;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// A link of the chain.
    Server(Server),
    /// Counts and reads.
    Client(Clerk<Keyed<CounterOp>>),
    /// A server whose disk is damaged: it takes no part.
    Damaged,
}
const _: () = explorable::<Counter>();

/// What nodes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// A client asks.
    Request {
        /// What its request is known by.
        ticket: Ticket,
        /// What it wants.
        operation: Keyed<CounterOp>,
    },
    /// An entry goes down the chain.
    Pass {
        /// Its place in the log, from 0.
        index: u64,
        /// The entry.
        entry: Entry,
    },
    /// A server has all entries below this one on its disk.
    Have {
        /// The first that it does not have.
        next: u64,
    },
    /// The head knows this request already: perhaps its answer got lost.
    Remind {
        /// Whose request it is.
        client: NodeId,
        /// What it is known by.
        ticket: Ticket,
    },
    /// The answer.
    Answer {
        /// The request's number.
        number: u64,
        /// What is answered.
        reply: CounterReply,
    },
}
kinds!(Message { Request, Pass, Have, Remind, Answer });
impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        match *self {
            Message::Request { ticket, operation } => {
                ticket.digest(digest);
                digest.word(operation.key);
            }
            Message::Pass { index, entry } => {
                digest.word(index);
                entry.ticket.digest(digest);
            }
            Message::Have { next } => digest.word(next),
            Message::Remind { client, ticket } => {
                digest.word(client.0.into());
                ticket.digest(digest);
            }
            Message::Answer { number, reply } => {
                digest.word(number);
                CounterService::digest(&reply, digest);
            }
        }
    }
}

/// What a node may set to ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A client asks again.
    Again(u64),
    /// A server passes on again what the next one may not have.
    PassAgain,
}
kinds!(Timer { Again, PassAgain });

/// What observers may know, noted by servers when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Appended { index: u64, client: NodeId, number: u64 },
    Counted { client: NodeId, number: u64, index: u64 },
}
kinds!(Event { Appended, Counted });

type Fx<'a> = Effects<'a, Counter>;

impl Errands for Counter {
    fn server(operation: &Keyed<CounterOp>, fx: &mut Fx<'_>) -> NodeId {
        let servers: Vec<NodeId> = fx.all(Role::Server).collect();
        if !CounterModel::is_read(&operation.operation) {
            return servers[0];
        }
        let tail = servers.len() - 1;
        let place = mutant!(
            fx,
            Bug::ReadsAnywhere,
            tail,
            usize::try_from(fx.pick(servers.len() as u64)).unwrap_or(tail)
        );
        servers[place]
    }
    fn request(ticket: Ticket, operation: &Keyed<CounterOp>) -> Message {
        Message::Request { ticket, operation: *operation }
    }
    fn again(number: u64) -> Timer {
        Timer::Again(number)
    }
    fn timeout(config: &Patience) -> Span {
        config.timeout
    }
}

/// What one counter does.
pub(crate) type CounterModel = rehearsal_sim::check::model::Counter;

impl Protocol for Counter {
    const NAME: &'static str = "counter";
    const SUMMARY: &'static str = "a chain of servers keeps counters";
    const INVARIANTS: &'static [Invariant<Event>] =
        &[invariants::counted_once::INVARIANT, invariants::same_entries::INVARIANT];
    const METRICS: &'static [&'static str] = &["entries", "passed_again"];
    const PROBES: &'static [Probe] = &[
        Probe { name: "retry_known", sentence: "a request came again that was in the log" },
        Probe { name: "reminded", sentence: "the tail answered again, for the answer was lost" },
        Probe { name: "gap", sentence: "an entry came before the one in front of it" },
    ];
    const RANKS: &'static [&'static str] = &["head", "middle", "tail", disk::DAMAGED];
    type Bug = Bug;
    type Config = Patience;
    type Role = Role;
    type Service = CounterService;
    type Message = Message;
    type Timer = Timer;
    type Record = Entry;
    type Event = Event;

    fn boot(boot: Boot<'_, Counter>, fx: &mut Fx<'_>) -> Counter {
        if boot.role == Role::Client {
            return Counter::Client(Clerk::boot(fx));
        }
        match disk::restore(boot.disk, fx) {
            Some(records) => Counter::Server(Server::boot(&records, fx)),
            None => Counter::Damaged,
        }
    }

    fn step(&mut self, input: Input<Counter>, fx: &mut Fx<'_>) {
        match (self, input) {
            (Counter::Server(server), Input::Message { from, body }) => {
                server.on_message(from, body, fx);
            }
            (Counter::Server(server), Input::Timer(_)) => server.pass_again(fx),
            (Counter::Server(_), Input::WriteFailed { .. }) => fx.exit("the disk refused a write"),
            (Counter::Client(clerk), Input::Call { id, operation }) => {
                clerk.call(id, operation, fx);
            }
            (Counter::Client(clerk), Input::Timer(Timer::Again(number))) => clerk.ask(number, fx),
            (Counter::Client(clerk), Input::Message { body, .. }) => {
                if let Message::Answer { number, reply } = body {
                    clerk.answered(number, reply, fx);
                }
            }
            // Clients write nothing, nobody calls servers, and who refuses is asked again when the
            // timer rings.
            (Counter::Damaged, _)
            | (Counter::Client(_), Input::WriteFailed { .. } | Input::Timer(Timer::PassAgain))
            | (Counter::Server(_), Input::Call { .. })
            | (_, Input::Refused { .. }) => {}
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Counter::Damaged => disk::STANDING_ASIDE,
            Counter::Server(server) => Standing { rank: server.rank(), epoch: 0 },
            Counter::Client(_) => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            Counter::Server(server) => server.view(view),
            Counter::Client(clerk) => view.field("waiting", clerk.waiting()),
            Counter::Damaged => {}
        }
    }

    fn missing_quorum(reach: &Reach<'_, Counter>) -> Option<String> {
        disk::missing_server(reach, Role::Server)
    }
}
