//! A counter on several replicas: clients add one, and read how many there are, as long as a
//! majority of the replicas can be reached.
//!
//! Every client numbers its additions, and a replica keeps one cell a client. An addition is done
//! when a majority has it on disk. A reader asks a majority, takes the greatest of every cell, and
//! tells a majority what it saw before it answers, so that nobody after it sees less. A client
//! sends again to whom it has not heard from.

mod service;

use std::collections::{BTreeMap, BTreeSet};

use rehearsal::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use service::{CounterService, Request};

/// What this crate adds to the protocols that are built in.
pub const OWN: &[Entry] = &[Entry::of::<Tally>()];

/// A client in one of its lives: after a crash it begins a cell of its own.
type Writer = (NodeId, u64);

/// How much each client has added.
type Cells = BTreeMap<Writer, u64>;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tally {
    /// Keeps the cells on its disk.
    Replica(Cells),
    /// Adds and reads.
    Client {
        /// How much it has added so far.
        added: u64,
        /// The number of its next call.
        next: u64,
        /// Its calls without an answer, by number.
        waiting: BTreeMap<u64, Waiting>,
    },
}
const _: () = explorable::<Tally>();

/// A call without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    call: CallId,
    asks: Message,
    heard: BTreeSet<NodeId>,
    seen: Cells,
}

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Keeps the cells.
    Replica,
    /// Adds and reads.
    Client,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Replica, RoleInfo::new("replica", "replicas", 3)),
        (Role::Client, RoleInfo::new("client", "clients", 2).called()),
    ];
}

/// The table `[tally]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a client waits before it sends again. Default 50ms.
    pub timeout: Span,
}
impl Default for Config {
    fn default() -> Config {
        Config { timeout: Span::millis(50) }
    }
}
impl protocol::Config for Config {}

/// What nodes say to each other. The number is that of the client's call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Message {
    Add { number: u64, writer: Writer, total: u64 },
    Load { number: u64 },
    Store { number: u64, cells: Cells },
    Done { number: u64 },
    Loaded { number: u64, cells: Cells },
}
kinds!(Message { Add, Load, Store, Done, Loaded });
impl protocol::Message for Message {}

/// What a client may set to ring: send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Timer {
    Again(u64),
}
kinds!(Timer { Again });

/// What observers may know: a replica has a cell on its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Stored { client: NodeId, total: u64 },
}
kinds!(Event { Stored });

impl Protocol for Tally {
    const NAME: &'static str = "tally";
    const SUMMARY: &'static str = "clients count on several replicas";
    const INVARIANTS: &'static [Invariant<Event>] = &[];
    type Bug = NoBugs;
    type Config = Config;
    type Role = Role;
    type Service = CounterService;
    type Message = Message;
    type Timer = Timer;
    type Record = (Writer, u64); // a cell and what is in it
    type Event = Event;

    fn boot(boot: Boot<'_, Tally>, fx: &mut Effects<'_, Tally>) -> Tally {
        if boot.role == Role::Client {
            return Tally::Client { added: 0, next: 0, waiting: BTreeMap::new() };
        }
        let (mut cells, mut intact) = (Cells::new(), 0);
        for record in boot.disk {
            match *record {
                Survivor::Intact((writer, total)) => {
                    cells.insert(writer, total);
                    intact += 1;
                }
                // Half-written when it crashed: nobody was told of it.
                Survivor::Torn => fx.truncate(intact),
                Survivor::Damaged => fx.exit("the disk is damaged"),
            }
        }
        Tally::Replica(cells)
    }

    fn step(&mut self, input: Input<Tally>, fx: &mut Effects<'_, Tally>) {
        match (self, input) {
            (Tally::Replica(cells), Input::Message { from, body }) => serve(cells, from, body, fx),
            (Tally::Client { added, next, waiting }, Input::Call { id, operation }) => {
                let number = *next;
                *next += 1;
                let asks = match operation {
                    Request::Add => {
                        *added += 1;
                        let writer = (fx.me(), fx.incarnation());
                        Message::Add { number, writer, total: *added }
                    }
                    Request::Read => Message::Load { number },
                };
                waiting.insert(number, Waiting::new(id, asks));
                ask(number, &waiting[&number], fx);
            }
            (Tally::Client { waiting, .. }, Input::Message { from, body }) => {
                hear(waiting, from, body, fx);
            }
            (Tally::Client { waiting, .. }, Input::Timer(Timer::Again(number))) => {
                ask(number, &waiting[&number], fx); // armed only while the call waits
            }
            (_, Input::WriteFailed { .. }) => fx.exit("the disk refused a write"),
            // Replicas set no timers and take no calls; who is down is asked again.
            (Tally::Replica(_), Input::Timer(_) | Input::Call { .. })
            | (_, Input::Refused { .. }) => {}
        }
    }
}

/// What a replica does. It answers when everything is on its disk.
fn serve(cells: &mut Cells, from: NodeId, body: Message, fx: &mut Effects<'_, Tally>) {
    match body {
        Message::Add { number, writer, total } => {
            let cell = cells.entry(writer).or_default();
            *cell += 1; // one more from this client
            fx.append((writer, *cell));
            fx.note_synced(Event::Stored { client: from, total });
            fx.send_synced(from, Message::Done { number });
        }
        Message::Store { number, cells: others } => {
            for (writer, total) in others {
                let cell = cells.entry(writer).or_default();
                if total > *cell {
                    *cell = total;
                    fx.append((writer, total));
                }
            }
            fx.send_synced(from, Message::Done { number });
        }
        Message::Load { number } => {
            fx.send_synced(from, Message::Loaded { number, cells: cells.clone() });
        }
        Message::Done { .. } | Message::Loaded { .. } => {}
    }
}

/// What a client does with an answer.
fn hear(
    waiting: &mut BTreeMap<u64, Waiting>,
    from: NodeId,
    body: Message,
    fx: &mut Effects<'_, Tally>,
) {
    let (number, cells) = match body {
        Message::Done { number } => (number, None),
        Message::Loaded { number, cells } => (number, Some(cells)),
        _ => return,
    };
    let Some(call) = waiting.get_mut(&number) else { return }; // a late answer
    if cells.is_some() != matches!(call.asks, Message::Load { .. }) {
        return; // a late answer to what this call asked before
    }
    for (writer, total) in cells.into_iter().flatten() {
        let cell = call.seen.entry(writer).or_default();
        *cell = total.max(*cell);
    }
    call.heard.insert(from);
    if call.heard.len() <= fx.all(Role::Replica).count() / 2 {
        return;
    }
    match call.asks {
        Message::Load { .. } => {
            // Before it answers, a majority knows what it saw.
            call.asks = Message::Store { number, cells: call.seen.clone() };
            call.heard.clear();
            ask(number, call, fx);
        }
        Message::Store { .. } => fx.reply(call.call, Some(call.seen.values().sum())),
        _ => fx.reply(call.call, None),
    }
    if !matches!(call.asks, Message::Store { .. }) || !call.heard.is_empty() {
        fx.disarm(Timer::Again(number));
        waiting.remove(&number);
    }
}

impl Waiting {
    fn new(call: CallId, asks: Message) -> Waiting {
        Waiting { call, asks, heard: BTreeSet::new(), seen: Cells::new() }
    }
}

/// Sends what a call asks to every replica that has not answered yet.
fn ask(number: u64, call: &Waiting, fx: &mut Effects<'_, Tally>) {
    let replicas: Vec<NodeId> = fx.all(Role::Replica).collect();
    for replica in replicas.into_iter().filter(|replica| !call.heard.contains(replica)) {
        fx.send(replica, call.asks.clone());
    }
    fx.arm(Timer::Again(number), fx.config().timeout);
}
