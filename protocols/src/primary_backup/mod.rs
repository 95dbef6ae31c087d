//! Primary and backup, without fencing: a failover by timeout, and nobody who says that the old primary
//! is one no more.
//!
//! **Problem.** The same as Raft's, with two servers, where Raft needs three.
//!
//! **Idea.** One server is the primary, applies what clients ask for, and answers when the backup has it
//! too. A backup that hears nothing from the primary for too long takes over. A primary that hears
//! nothing from the backup goes on alone, or the pair would be less available than one server.
//!
//! ```text
//!  n1 primary --*-- beat --*-- beat --x             goes on alone:  put 7 --> ok
//!  n2 backup  ..*..........*......... (cut off) ... takes over:     put 9 --> ok
//! ```
//!
//! **What is wrong.** A server that is silent need not be dead. When the link between the two is cut, each
//! is right by its own rules, and there are two primaries that both say *ok*. When the link is back, one of
//! the two has to give up what it acknowledged. Two servers can not tell a dead partner from a cut link;
//! it takes a third one, a majority, and a number that every write must carry and that grows with each
//! takeover, so that whoever has been replaced is refused (fencing). That is what Raft's terms are.
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
use rehearsal_sim::protocol::{
    self, Boot, Input, NodeId, Protocol, RoleInfo, Standing, explorable,
};
use rehearsal_sim::service::Service as _;
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::{Span, SpanRange};
use rehearsal_sim::view::View;

pub use config::Config;
pub use server::Server;

use crate::events::consensus::{Event, Voter};
use crate::invariants::state_machine_safety;
use crate::parts::disk;
use crate::parts::kv::{KeyValue, KeyValueService, Operation, Reply};
use crate::parts::seeker::{Led, Seeker};
use crate::parts::session::{Request, Session};

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PrimaryBackup {
    /// Primary or backup.
    Server(Box<Server>),
    /// Asks.
    Client(Seeker<KeyValue>),
    /// A server whose disk is damaged: it takes no part.
    Damaged,
}
const _: () = explorable::<PrimaryBackup>();

type Fx<'a> = Effects<'a, PrimaryBackup>;

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Primary or backup.
    Server,
    /// Asks.
    Client,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 2)),
        (Role::Client, RoleInfo::new("client", "clients", 3).called()),
    ];
}

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// A primary is there, and has taken over so many times after others.
    Beat {
        /// How many takeovers there were, as far as it knows.
        view: u64,
    },
    /// A primary passes an operation on.
    Copy {
        /// Its place in the order, from 1.
        index: u64,
        /// The operation.
        request: Request<KeyValue>,
    },
    /// A backup has all operations up to this one.
    Have {
        /// The place of the last one.
        index: u64,
    },
    /// A client asks.
    Request(Request<KeyValue>),
    /// The operation was applied.
    Response {
        /// The session.
        session: Session,
        /// The operation's number in its session.
        serial: u64,
        /// What was answered.
        reply: Reply,
    },
    /// The server asked is no primary.
    Redirect {
        /// The session.
        session: Session,
        /// The operation's number in its session.
        serial: u64,
        /// Who is, as far as it knows.
        primary: NodeId,
    },
}
kinds!(Message { Beat, Copy, Have, Request, Response, Redirect });
impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        match self {
            Message::Beat { view } => digest.word(*view),
            Message::Copy { index, request } => {
                digest.word(*index);
                digest.word(request.digest());
            }
            Message::Have { index } => digest.word(*index),
            Message::Request(request) => digest.word(request.digest()),
            Message::Response { serial, reply, .. } => {
                digest.word(*serial);
                KeyValueService::digest(reply, digest);
            }
            Message::Redirect { serial, primary, .. } => {
                digest.word(*serial);
                digest.word(primary.0.into());
            }
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Beat { view } => write!(f, "Beat view={view}"),
            Message::Copy { index, request } => write!(f, "Copy {index} {request:?}"),
            Message::Have { index } => write!(f, "Have up to {index}"),
            Message::Request(Request { session, serial, operation }) => {
                write!(f, "Request {session:?}#{serial} {operation:?}")
            }
            Message::Response { session, serial, reply } => {
                write!(f, "Response {session:?}#{serial} {reply:?}")
            }
            Message::Redirect { session, serial, primary } => {
                write!(f, "Redirect {session:?}#{serial} to {}", Voter(*primary))
            }
        }
    }
}

/// What a node may set to ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A primary shows that it is there.
    Beat,
    /// A backup has heard nothing for too long.
    Failover,
    /// A client asks again.
    Retry(u32),
}
kinds!(Timer { Beat, Failover, Retry });

impl Led<KeyValue> for PrimaryBackup {
    const SERVER: Role = Role::Server;
    fn request(session: Session, serial: u64, operation: Operation) -> Message {
        Message::Request(Request { session, serial, operation })
    }
    fn retry(slot: u32) -> Timer {
        Timer::Retry(slot)
    }
    fn patience(config: &Config) -> (Span, SpanRange) {
        (config.request_timeout, SpanRange { lo: Span::millis(10), hi: Span::millis(50) })
    }
}

impl Protocol for PrimaryBackup {
    const NAME: &'static str = "primary-backup";
    const SUMMARY: &'static str =
        "a backup takes over by timeout, and nobody fences the old primary";
    const INVARIANTS: &'static [Invariant<Event>] = &[state_machine_safety::INVARIANT];
    const RANKS: &'static [&'static str] = &["backup", "leader", disk::DAMAGED];
    const METRICS: &'static [&'static str] =
        &["alone", "redirects", "refusals", "retries", "takeovers"];
    type Bug = NoBugs;
    type Config = Config;
    type Role = Role;
    type Service = KeyValueService;
    type Message = Message;
    type Timer = Timer;
    type Record = Request<KeyValue>;
    type Event = Event;

    fn boot(boot: Boot<'_, PrimaryBackup>, fx: &mut Fx<'_>) -> PrimaryBackup {
        if boot.role == Role::Client {
            return PrimaryBackup::Client(Seeker::boot(fx));
        }
        match disk::restore(boot.disk, fx) {
            Some(records) => PrimaryBackup::Server(Box::new(Server::boot(&records, fx))),
            None => {
                fx.note(Event::FoundDamage { records: disk::damage(boot.disk) });
                PrimaryBackup::Damaged
            }
        }
    }

    fn step(&mut self, input: Input<PrimaryBackup>, fx: &mut Fx<'_>) {
        match (self, input) {
            (PrimaryBackup::Server(server), Input::Message { from, body }) => {
                server.on_message(from, body, fx);
            }
            (PrimaryBackup::Server(server), Input::Timer(Timer::Beat)) => server.beat(fx),
            (PrimaryBackup::Server(server), Input::Timer(Timer::Failover)) => server.take_over(fx),
            (PrimaryBackup::Server(_), Input::WriteFailed { .. }) => {
                fx.exit("the disk refused a write");
            }
            (PrimaryBackup::Client(seeker), Input::Call { id, operation }) => {
                seeker.on_call(id, operation, fx);
            }
            (PrimaryBackup::Client(seeker), Input::Timer(Timer::Retry(slot))) => {
                seeker.on_retry(slot, fx);
            }
            (PrimaryBackup::Client(seeker), Input::Message { from, body }) => match body {
                Message::Response { session, serial, reply } => {
                    seeker.on_response(from, (session, serial), reply, fx);
                }
                Message::Redirect { session, serial, primary } => {
                    seeker.on_redirect(from, (session, serial), Some(primary), fx);
                }
                _ => {}
            },
            (PrimaryBackup::Client(seeker), Input::Refused { to, .. }) => seeker.on_refusal(to, fx),
            (PrimaryBackup::Damaged, _)
            | (PrimaryBackup::Client(_), Input::WriteFailed { .. } | Input::Timer(_))
            | (
                PrimaryBackup::Server(_),
                Input::Call { .. } | Input::Timer(_) | Input::Refused { .. },
            ) => {}
        }
    }

    fn standing(&self) -> Standing {
        match self {
            PrimaryBackup::Damaged => disk::STANDING_ASIDE,
            PrimaryBackup::Server(server) => server.standing(),
            PrimaryBackup::Client(_) => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            PrimaryBackup::Server(server) => server.view(view),
            PrimaryBackup::Client(seeker) => seeker.view(view),
            PrimaryBackup::Damaged => {}
        }
    }
}
