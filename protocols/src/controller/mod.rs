//! A controller: whoever leads an embedded Raft gives orders to brokers, who obey nobody older.
//!
//! ```text
//!   n1 (leads term 3)  Order epoch=3 -->  broker1      n1 is cut off, n2 leads term 4
//!   n2 (leads term 4)  Order epoch=4 -->  broker1      ... and n1, which does not know, goes on:
//!   n1                 Order epoch=3 -->  broker1 refuses: it has heard of epoch 4
//! ```
//!
//! A leader that was deposed does not know it, and no timeout tells it in time: what protects brokers is
//! the epoch, which is Raft's term (the `controller_epoch` of Apache Kafka; fencing tokens, Kleppmann
//! 2016). The elections, the log and the key-value store behind it are those of
//! [`raft`], embedded as they are ([`rehearsal_sim::embed`]).

#[cfg(test)]
mod tests;

use rehearsal_sim::bug::NoBugs;
use rehearsal_sim::effects::Effects;
use rehearsal_sim::embed::Embeds;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{self, Boot, Input, Probe, Protocol, Reach, RoleInfo, Standing};
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;

use crate::parts::disk::DAMAGED;
use crate::parts::kv::{KeyValue, KeyValueService, Reply};
use crate::raft;

/// How often a leader gives orders to every broker.
const ORDER_EVERY: Span = Span::millis(100);

/// What Raft counts, and what brokers do.
const METRICS: [&str; Raft::METRICS.len() + 2] =
    protocol::join(Raft::METRICS, &["orders_obeyed", "orders_refused"]);

type Raft = raft::Raft<KeyValue>;
type Fx<'a> = Effects<'a, Controller>;

/// A node: a server or a client of Raft, or a broker.
#[allow(clippy::large_enum_variant)] // there are few nodes, and most are servers
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Controller {
    /// Takes part in Raft; gives orders while it leads.
    Raft(Raft),
    /// Obeys; with the highest epoch it has heard of.
    Broker(u64),
}

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Elects the controller, and may be it.
    Server,
    /// Asks the key-value store.
    Client,
    /// Obeys the controller.
    Broker,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 3)),
        (Role::Client, RoleInfo::new("client", "clients", 2).called()),
        (Role::Broker, RoleInfo::new("broker", "brokers", 3)),
    ];
}

/// What nodes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Raft's affairs.
    Raft(raft::Message<KeyValue>),
    /// The controller of this epoch, which is its term, gives an order.
    Order(u64),
}

kinds!(Message { in Raft(raft::Message<KeyValue>), Order });

impl protocol::Message for Message {
    fn size(&self) -> u32 {
        if let Message::Raft(inner) = self { inner.size() } else { 64 }
    }
    fn digest(&self, digest: &mut Digest) {
        match self {
            Message::Raft(inner) => inner.digest(digest),
            Message::Order(epoch) => digest.word(*epoch),
        }
    }
}

/// What may ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Raft's affairs.
    Raft(raft::Timer),
    /// It is time to give orders.
    Order,
}

kinds!(Timer { in Raft(raft::Timer), Order });

impl Embeds<Raft> for Controller {
    fn config(config: &raft::Config) -> &raft::Config {
        config
    }
    fn role(role: Role) -> raft::Role {
        if role == Role::Server { raft::Role::Server } else { raft::Role::Client }
    }
    fn reply(inner: Reply) -> Option<Reply> {
        Some(inner)
    }
}

impl Protocol for Controller {
    const NAME: &'static str = "controller";
    const SUMMARY: &'static str = "a leader elected by an embedded Raft gives orders to brokers";
    const INVARIANTS: &'static [Invariant<Self::Event>] = Raft::INVARIANTS;
    const RANKS: &'static [&'static str] = Raft::RANKS;
    const METRICS: &'static [&'static str] = &METRICS;
    const PROBES: &'static [Probe] = Raft::PROBES;
    type Bug = NoBugs;
    type Config = raft::Config;
    type Role = Role;
    type Service = KeyValueService;
    type Message = Message;
    type Timer = Timer;
    type Record = raft::Record<KeyValue>;
    type Event = <Raft as Protocol>::Event;

    fn boot(boot: Boot<'_, Controller>, fx: &mut Fx<'_>) -> Controller {
        if boot.role == Role::Broker {
            return Controller::Broker(0);
        }
        if boot.role == Role::Server && fx.all(Role::Broker).next().is_some() {
            fx.arm(Timer::Order, ORDER_EVERY);
        }
        let role = <Controller as Embeds<Raft>>::role(boot.role);
        let (node, _) = fx.embed(|fx| Raft::boot(Boot { role, disk: boot.disk }, fx));
        Controller::Raft(node)
    }

    fn step(&mut self, input: Input<Controller>, fx: &mut Fx<'_>) {
        match (self, Controller::inner(input)) {
            (Controller::Raft(node), Ok(input)) => _ = fx.embed(|fx| node.step(input, fx)),
            (Controller::Raft(node), Err(Input::Call { id, operation })) => {
                fx.embed(|fx| node.step(Input::Call { id, operation }, fx));
            }
            (Controller::Raft(node), Err(Input::Timer(Timer::Order))) => {
                let Standing { rank, epoch } = node.standing();
                for broker in fx.all(Role::Broker).filter(|_| rank == "leader") {
                    fx.send(broker, Message::Order(epoch));
                }
                fx.arm(Timer::Order, ORDER_EVERY);
            }
            (Controller::Broker(known), Err(Input::Message { body: Message::Order(new), .. })) => {
                fx.count(if new < *known { "orders_refused" } else { "orders_obeyed" }, 1);
                *known = new.max(*known);
            }
            _ => {}
        }
    }

    fn standing(&self) -> Standing {
        if let Controller::Raft(node) = self { node.standing() } else { Standing::NONE }
    }

    fn view(&self, view: &mut View) {
        match self {
            Controller::Raft(node) => node.view(view),
            Controller::Broker(epoch) => view.field("epoch", epoch),
        }
    }

    fn missing_quorum(reach: &Reach<'_, Controller>) -> Option<String> {
        reach.missing_majority_without(Role::Server, DAMAGED)
    }
}
