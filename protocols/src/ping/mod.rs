//! Ping: servers echo what clients send, and clients send again until they hear.
//!
//! **Problem.** A client wants an answer over a network that loses, delays and doubles messages.
//! **Idea.** Number every ping, remember it until its pong comes, send it again when a timer rings,
//! and let the pong repeat the number, so that a late or doubled pong finds nobody waiting.
//!
//! ```text
//!   client1  call --Ping 0--x     (rings) --Ping 0--.              .--> reply
//!   n1                                              '-- Pong 0 ----'
//! ```
//!
//! **What breaks without it.** Without the timer a lost message is a call that never ends. Without
//! the number a late pong answers a later call. Without the incarnation in the number a client that
//! crashed takes the pongs of its former life for its own.

mod bugs;
mod invariants;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rehearsal_sim::effects::Effects;
use rehearsal_sim::history::CallId;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::protocol::{self, Boot, Input, NodeId, Probe, Protocol, RoleInfo, explorable};
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;
use rehearsal_sim::{kinds, mutant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bugs::Bug;
pub use service::{Echo, EchoModel, EchoService};

/// A node: one variant, and usually one struct, per role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ping {
    /// Answers.
    Server {
        /// The token of the ping before; only the planted bug looks at it.
        previous: u64,
    },
    /// Asks, on behalf of the applications that call it.
    Client {
        /// The next ping's number.
        next: u64,
        /// The pings without an answer, by number.
        waiting: BTreeMap<u64, (CallId, Echo)>,
    },
}
const _: () = explorable::<Ping>();

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Answers.
    Server,
    /// Asks.
    Client,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 1)),
        (Role::Client, RoleInfo::new("client", "clients", 2).called()),
    ];
}

/// The table `[ping]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a client waits for a pong before it sends the ping again. Above zero; best a little
    /// above the round trip. Default 100ms.
    pub timeout: Span,
}
impl Default for Config {
    fn default() -> Config {
        Config { timeout: Span::millis(100) }
    }
}
impl protocol::Config for Config {}

/// What nodes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Message {
    Ping { number: u64, token: u64 },
    Pong { number: u64, token: u64 },
}
kinds!(Message { Ping, Pong });
impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        let (Message::Ping { number, token } | Message::Pong { number, token }) = *self;
        digest.word(number);
        digest.word(token);
    }
}

/// What a client may set to ring: ask again for the pong of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Timer {
    Again(u64),
}
kinds!(Timer { Again });

/// What observers may know, both noted by clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Asked { number: u64, token: u64 },
    Answered { number: u64, token: u64 },
}
kinds!(Event { Asked, Answered });

impl Protocol for Ping {
    const NAME: &'static str = "ping";
    const SUMMARY: &'static str = "clients ask servers to echo a number, again until they hear";
    const INVARIANTS: &'static [Invariant<Event>] = &[invariants::answers_match::INVARIANT];
    const METRICS: &'static [&'static str] = &["retries", "refusals"];
    const PROBES: &'static [Probe] =
        &[Probe { name: "late_pong", sentence: "a pong came when its ping was answered already" }];
    type Bug = Bug;
    type Config = Config;
    type Role = Role;
    type Service = EchoService;
    type Message = Message;
    type Timer = Timer;
    type Record = (); // nothing is written to disk
    type Event = Event;

    fn boot(boot: Boot<'_, Ping>, fx: &mut Effects<'_, Ping>) -> Ping {
        match boot.role {
            Role::Server => Ping::Server { previous: 0 },
            Role::Client => Ping::Client { next: fx.incarnation() << 32, waiting: BTreeMap::new() },
        }
    }

    fn step(&mut self, input: Input<Ping>, fx: &mut Effects<'_, Ping>) {
        match (self, input) {
            (Ping::Server { previous }, Input::Message { from, body }) => {
                let Message::Ping { number, token } = body else { return };
                let echo = mutant!(fx, Bug::StaleAnswer, token, *previous);
                *previous = token;
                fx.send(from, Message::Pong { number, token: echo });
            }
            (Ping::Client { next, waiting }, Input::Call { id, operation }) => {
                let number = *next;
                *next += 1;
                waiting.insert(number, (id, operation));
                fx.note(Event::Asked { number, token: operation.token });
                ask(number, operation, fx);
            }
            (Ping::Client { waiting, .. }, Input::Timer(Timer::Again(number))) => {
                fx.count("retries", 1);
                ask(number, waiting[&number].1, fx); // armed only while the ping waits
            }
            (Ping::Client { waiting, .. }, Input::Message { body, .. }) => {
                let Message::Pong { number, token } = body else { return };
                let Some((call, _)) = waiting.remove(&number) else {
                    fx.count("late_pong", 1); // nobody waits for this copy any more
                    return;
                };
                fx.disarm(Timer::Again(number));
                fx.note(Event::Answered { number, token });
                fx.reply(call, token);
            }
            // The timer asks again, perhaps another server.
            (Ping::Client { .. }, Input::Refused { .. }) => fx.count("refusals", 1),
            // Servers set no timers and take no calls, and nobody writes to a disk.
            (Ping::Server { .. }, Input::Timer(_) | Input::Call { .. } | Input::Refused { .. })
            | (_, Input::WriteFailed { .. }) => {}
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            Ping::Server { .. } => {}
            Ping::Client { waiting, .. } => {
                view.field("waiting", format!("{:?}", waiting.keys().collect::<Vec<_>>()));
            }
        }
    }
}

/// Sends a ping to any server and sets the timer that sends it again.
fn ask(number: u64, Echo { token }: Echo, fx: &mut Effects<'_, Ping>) {
    let servers: Vec<NodeId> = fx.all(Role::Server).collect();
    let Ok(index) = usize::try_from(fx.pick(servers.len() as u64)) else { return };
    fx.send(servers[index], Message::Ping { number, token });
    fx.arm(Timer::Again(number), fx.config().timeout);
}
