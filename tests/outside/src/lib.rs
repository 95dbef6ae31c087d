//! A register: one server holds a number on its disk, clients read and write it, and send again
//! until they hear. The server remembers which writes it did, so that a copy that comes late or
//! after a crash is answered and not done again.

mod judge;

use std::collections::{BTreeMap, BTreeSet};

use rehearsal::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use judge::{Access, RegisterService};

/// What this crate adds to the protocols that are built in.
pub const OWN: &[Entry] = &[Entry::of::<Register>()];

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Register {
    Server { value: u64, done: BTreeSet<(NodeId, u64)> },
    Client { next: u64, waiting: BTreeMap<u64, (CallId, Access)> },
}
const _: () = explorable::<Register>();

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Role {
    Server,
    Client,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 1)),
        (Role::Client, RoleInfo::new("client", "clients", 3).called()),
    ];
}

/// The table `[register]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a client waits for an answer before it asks again. Default 50ms.
    pub timeout: Span,
}
impl Default for Config {
    fn default() -> Config {
        Config { timeout: Span::millis(50) }
    }
}
impl protocol::Config for Config {}

/// What nodes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Message {
    Request { number: u64, access: Access },
    Answer { number: u64, value: u64 },
}
kinds!(Message { Request, Answer });
impl protocol::Message for Message {}

/// What a client may set to ring: ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Timer {
    Again(u64),
}
kinds!(Timer { Again });

/// What observers may know: the server has written, durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Written { client: NodeId, number: u64 },
}
kinds!(Event { Written });

impl Protocol for Register {
    const NAME: &'static str = "register";
    const SUMMARY: &'static str = "clients read and write one number on a server's disk";
    const INVARIANTS: &'static [Invariant<Event>] = &[judge::WRITTEN_ONCE];
    type Bug = judge::Bug;
    type Config = Config;
    type Role = Role;
    type Service = RegisterService;
    type Message = Message;
    type Timer = Timer;
    type Record = (NodeId, u64, u64); // client, number, value
    type Event = Event;

    fn boot(boot: Boot<'_, Register>, fx: &mut Effects<'_, Register>) -> Register {
        if boot.role == Role::Client {
            return Register::Client { next: fx.incarnation() << 32, waiting: BTreeMap::new() };
        }
        let (mut value, mut done, mut intact) = (0, BTreeSet::new(), 0);
        for record in boot.disk {
            match *record {
                Survivor::Intact((client, number, written)) => {
                    value = written;
                    done.insert((client, number));
                    intact += 1;
                }
                // Half-written when it crashed: nobody was told of it.
                Survivor::Torn => fx.truncate(intact),
                // Somebody may have been told of what is gone: rather no answer than a wrong one.
                Survivor::Damaged => fx.exit("the disk is damaged"),
            }
        }
        Register::Server { value, done }
    }

    fn step(&mut self, input: Input<Register>, fx: &mut Effects<'_, Register>) {
        match (self, input) {
            (Register::Server { value, done }, Input::Message { from, body }) => {
                let Message::Request { number, access } = body else { return };
                if let Access::Write(new) = access {
                    let is_new = done.insert((from, number));
                    if mutant!(fx, judge::Bug::WritesAgain, is_new, true) {
                        *value = new;
                        fx.append((from, number, new));
                        fx.note_synced(Event::Written { client: from, number });
                    }
                }
                // Nobody hears of a value that a crash could take back.
                fx.send_synced(from, Message::Answer { number, value: *value });
            }
            (Register::Client { next, waiting }, Input::Call { id, operation }) => {
                waiting.insert(*next, (id, operation));
                ask(*next, operation, fx);
                *next += 1;
            }
            (Register::Client { waiting, .. }, Input::Timer(Timer::Again(number))) => {
                ask(number, waiting[&number].1, fx); // armed only while the call waits
            }
            (Register::Client { waiting, .. }, Input::Message { body, .. }) => {
                let Message::Answer { number, value } = body else { return };
                let Some((call, access)) = waiting.remove(&number) else { return }; // a late copy
                fx.disarm(Timer::Again(number));
                fx.reply(call, if access == Access::Read { Some(value) } else { None });
            }
            // What it remembers is on no disk: it starts again, from what is.
            (_, Input::WriteFailed { .. }) => fx.exit("the disk refused a write"),
            (Register::Client { .. }, Input::Refused { .. })
            | (
                Register::Server { .. },
                Input::Timer(_) | Input::Call { .. } | Input::Refused { .. },
            ) => {}
        }
    }
}

/// Sends a request to the first server and sets the timer that sends it again.
fn ask(number: u64, access: Access, fx: &mut Effects<'_, Register>) {
    let Some(server) = fx.all(Role::Server).next() else { return };
    fx.send(server, Message::Request { number, access });
    fx.arm(Timer::Again(number), fx.config().timeout);
}
