//! Work queue: brokers keep queues of work, and hand each element out once.
//!
//! **Problem.** Work is put into queues and taken out by whoever has time. No element may be lost or
//! handed out twice, though messages get lost and brokers crash.
//! **Idea.** Each queue lives on one broker, which writes down every operation before it answers, and
//! plays its log again when it restarts. Clients ask until they hear, with a number that makes the
//! second question the same as the first (`parts/clerk.rs`).
//!
//! ```text
//!   client1  put 7 --.                  (no answer) put 7 --.            .--> ok
//!   n1               '*-- logged --x crash, replay          '-- known ---'
//! ```
//!
//! **What breaks without it.** Without the numbers an element is in the queue twice
//! ([`Bug::RetryServedTwice`]). Without waiting for the disk what was acknowledged is gone
//! ([`Bug::AnswerBeforeSync`]). Without a record of what was taken it is handed out again
//! ([`Bug::TakeNotLogged`]). And who restores a queue must know which end is which
//! ([`Bug::RestoredBackwards`]).
//!
//! Not modelled: leases on work that is under way, dead letters, copies on several brokers.

mod bugs;
mod invariants;
mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use rehearsal_sim::check::model::{Keyed, QueueOp, QueueReply};
use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::protocol::{
    self, Boot, Input, NodeId, Probe, Protocol, Reach, Standing, explorable,
};
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;
use rehearsal_sim::{kinds, mutant};

pub use bugs::Bug;
pub use service::QueueService;

use crate::parts::clerk::{Clerk, Errands, Known, Sessions, Ticket};
use crate::parts::disk;
use crate::parts::patience::Patience;
use crate::parts::roles::{Role, home};

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WorkQueue {
    /// Keeps queues.
    Broker(Broker),
    /// Puts and takes.
    Client(Clerk<Keyed<QueueOp>>),
    /// A broker whose disk is damaged: it takes no part.
    Damaged,
}
const _: () = explorable::<WorkQueue>();

/// What a broker builds from its log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broker {
    /// The queues, by key, the oldest element in front.
    queues: BTreeMap<u64, VecDeque<u64>>,
    sessions: Sessions<QueueReply>,
}

/// An operation that a broker has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    client: NodeId,
    ticket: Ticket,
    operation: Keyed<QueueOp>,
}

/// What nodes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Message {
    Request { ticket: Ticket, operation: Keyed<QueueOp> },
    Answer { number: u64, reply: QueueReply },
}
kinds!(Message { Request, Answer });
impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        match *self {
            Message::Request { ticket, operation: Keyed { key, operation } } => {
                ticket.digest(digest);
                digest.word(key);
                digest.word(match operation {
                    QueueOp::Put(value) => value,
                    QueueOp::Take => 0,
                });
            }
            Message::Answer { number, reply } => {
                digest.word(number);
                <QueueService as rehearsal_sim::service::Service>::digest(&reply, digest);
            }
        }
    }
}

/// What a client may set to ring: ask again for the answer to this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Timer {
    Again(u64),
}
kinds!(Timer { Again });

/// What observers may know, noted by brokers when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Kept { value: u64 },
    HandedOut { value: u64, to: NodeId },
    Restored { elements: u64 },
}
kinds!(Event { Kept, HandedOut, Restored });

type Fx<'a> = Effects<'a, WorkQueue>;

impl Errands for WorkQueue {
    /// Queues are spread over the brokers by their keys.
    fn server(operation: &Keyed<QueueOp>, fx: &mut Fx<'_>) -> NodeId {
        home(Role::Server, operation.key, fx)
    }
    fn request(ticket: Ticket, operation: &Keyed<QueueOp>) -> Message {
        Message::Request { ticket, operation: *operation }
    }
    fn again(number: u64) -> Timer {
        Timer::Again(number)
    }
    fn timeout(config: &Patience) -> Span {
        config.timeout
    }
}

impl Protocol for WorkQueue {
    const NAME: &'static str = "work-queue";
    const SUMMARY: &'static str = "brokers keep queues of work, and hand each element out once";
    const INVARIANTS: &'static [Invariant<Event>] = &[invariants::handed_out_once::INVARIANT];
    const METRICS: &'static [&'static str] = &["elements", "handed_out"];
    const PROBES: &'static [Probe] = &[
        Probe { name: "retry_known", sentence: "a request came again that was done before" },
        Probe { name: "late_request", sentence: "a request came whose client has the answer" },
        Probe { name: "restored_elements", sentence: "a broker restarted with work in its queues" },
    ];
    const RANKS: &'static [&'static str] = &[disk::DAMAGED];
    type Bug = Bug;
    type Config = Patience;
    type Role = Role;
    type Service = QueueService;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Event = Event;

    fn boot(boot: Boot<'_, WorkQueue>, fx: &mut Fx<'_>) -> WorkQueue {
        if boot.role == Role::Client {
            return WorkQueue::Client(Clerk::boot(fx));
        }
        let Some(records) = disk::restore(boot.disk, fx) else { return WorkQueue::Damaged };
        WorkQueue::Broker(Broker::restore(&records, fx))
    }

    fn step(&mut self, input: Input<WorkQueue>, fx: &mut Fx<'_>) {
        match (self, input) {
            (WorkQueue::Broker(broker), Input::Message { from, body }) => {
                if let Message::Request { ticket, operation } = body {
                    broker.on_request(Record { client: from, ticket, operation }, fx);
                }
            }
            (WorkQueue::Broker(_), Input::WriteFailed { .. }) => {
                fx.exit("the disk refused a write");
            }
            (WorkQueue::Client(clerk), Input::Call { id, operation }) => {
                clerk.call(id, operation, fx);
            }
            (WorkQueue::Client(clerk), Input::Timer(Timer::Again(number))) => {
                clerk.ask(number, fx);
            }
            (WorkQueue::Client(clerk), Input::Message { body, .. }) => {
                if let Message::Answer { number, reply } = body {
                    clerk.answered(number, reply, fx);
                }
            }
            // Clients write nothing, brokers set no timers and take no calls, and who refuses is
            // asked again when the timer rings.
            (WorkQueue::Damaged, _)
            | (WorkQueue::Client(_), Input::WriteFailed { .. })
            | (WorkQueue::Broker(_), Input::Timer(_) | Input::Call { .. })
            | (_, Input::Refused { .. }) => {}
        }
    }

    fn standing(&self) -> Standing {
        match self {
            WorkQueue::Damaged => disk::STANDING_ASIDE,
            _ => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            WorkQueue::Broker(broker) => {
                let shown = |(key, queue): (&u64, &VecDeque<u64>)| format!("{key}: {queue:?}");
                view.field(
                    "queues",
                    broker.queues.iter().map(shown).collect::<Vec<_>>().join("; "),
                );
            }
            WorkQueue::Client(clerk) => view.field("waiting", clerk.waiting()),
            WorkQueue::Damaged => {}
        }
    }

    fn missing_quorum(reach: &Reach<'_, WorkQueue>) -> Option<String> {
        disk::missing_server(reach, Role::Server)
    }
}

impl Broker {
    /// Plays the log again.
    fn restore(records: &[&Record], fx: &mut Fx<'_>) -> Broker {
        let mut broker = Broker::default();
        for record in records {
            let reply = broker.apply(record.operation);
            broker.sessions.remember(record.client, record.ticket, reply);
        }
        for queue in broker.queues.values_mut() {
            mutant!(fx, Bug::RestoredBackwards, (), queue.make_contiguous().reverse());
        }
        let elements: usize = broker.queues.values().map(VecDeque::len).sum();
        fx.count("restored_elements", u64::from(elements > 0));
        fx.note(Event::Restored { elements: elements as u64 });
        broker
    }

    fn apply(&mut self, Keyed { key, operation }: Keyed<QueueOp>) -> QueueReply {
        let queue = self.queues.entry(key).or_default();
        match operation {
            QueueOp::Put(value) => {
                queue.push_back(value);
                QueueReply::Done
            }
            QueueOp::Take => QueueReply::Took(queue.pop_front()),
        }
    }

    fn on_request(&mut self, record: Record, fx: &mut Fx<'_>) {
        let Record { client, ticket, .. } = record;
        let known = self.sessions.recall(client, ticket);
        let reply = match mutant!(fx, Bug::RetryServedTwice, known, Known::New) {
            Known::New => self.serve(record, fx),
            Known::Done(reply) => {
                fx.count("retry_known", 1);
                reply
            }
            Known::Over => {
                fx.count("late_request", 1);
                return;
            }
        };
        let answer = Message::Answer { number: ticket.number, reply };
        mutant!(fx, Bug::AnswerBeforeSync, fx.send_synced(client, answer), fx.send(client, answer));
    }

    /// Does an operation for the first time.
    fn serve(&mut self, record: Record, fx: &mut Fx<'_>) -> QueueReply {
        let reply = self.apply(record.operation);
        let is_take = record.operation.operation == QueueOp::Take;
        if mutant!(fx, Bug::TakeNotLogged, true, !is_take) {
            fx.append(record);
        }
        match (record.operation.operation, reply) {
            (QueueOp::Put(value), _) => {
                fx.count("elements", 1);
                fx.note_synced(Event::Kept { value });
            }
            (QueueOp::Take, QueueReply::Took(Some(value))) => {
                fx.count("handed_out", 1);
                fx.note_synced(Event::HandedOut { value, to: record.client });
            }
            (QueueOp::Take, _) => {}
        }
        self.sessions.remember(record.client, record.ticket, reply);
        reply
    }
}
