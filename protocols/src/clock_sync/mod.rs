//! Clock synchronisation: clients ask a time server, and estimate how far their own wall clock is
//! off.
//!
//! Two ways to make an estimate out of one question. Cristian's (Distributed Computing 3, 1989, 146)
//! takes the server's time and adds half of the round trip. NTP's (RFC 5905, section 8) takes four
//! stamps, and of the last few estimates that with the shortest round trip (the clock filter, section
//! 10). Both assume that the two ways through the network take equally long: what they differ by,
//! halved, is the error, and nobody can see it.
//!
//! A client never sets its node's wall clock. It keeps an offset, and tells applications its wall
//! clock plus that. Not simulated: discipline of the clock's frequency, authentication, several
//! servers that disagree.

mod bugs;
mod invariants;
mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use rehearsal_sim::effects::Effects;
use rehearsal_sim::history::CallId;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::protocol::{
    self, Boot, Input, NodeId, Probe, Protocol, Remark, RoleInfo, explorable,
};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::{LocalTime, Span};
use rehearsal_sim::view::View;
use rehearsal_sim::{kinds, mutant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bugs::Bug;
pub use service::{Clock, ClockModel, Now};

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClockSync {
    /// Tells the time.
    Server,
    /// Asks for it.
    Client(Client),
}
const _: () = explorable::<ClockSync>();

/// What a client knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Client {
    /// The next question's number.
    next: u64,
    /// When each question without an answer was asked, by the wall clock and by the monotonic one.
    asked: BTreeMap<u64, Stamps>,
    /// The last few estimates, the latest behind.
    samples: VecDeque<Sample>,
    /// What to add to the wall clock; `None` before the first answer.
    offset: Option<i64>,
}

/// One instant by both clocks of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stamps {
    wall: LocalTime,
    monotonic: LocalTime,
}

/// One estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sample {
    /// What to add to the wall clock.
    offset: i64,
    /// The time that the question and its answer spent under way.
    delay: Span,
}

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its wall clock is the time.
    Server,
    /// Wants to know it.
    Client,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 1)),
        (Role::Client, RoleInfo::new("client", "clients", 3).called()),
    ];
}

/// How a client makes an estimate out of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The server's time plus half of the round trip (Cristian 1989).
    Cristian,
    /// Four stamps: the time that the server took does not count (RFC 5905, section 8).
    #[default]
    Ntp,
}

/// The table `[clock-sync]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How a client makes an estimate out of an answer. Default ntp.
    pub method: Method,
    /// How long a client waits from one question to the next. Above zero; default 1s. NTP waits 64s to
    /// 1024s (RFC 5905, section 7.3).
    pub interval: Span,
    /// Of the last so many estimates the one with the shortest round trip counts; with 1 the last one.
    /// 1 to 64; default 8 (the clock filter of RFC 5905, section 10).
    #[schemars(range(min = 1, max = 64))]
    pub samples: u32,
}
impl Default for Config {
    fn default() -> Config {
        Config { method: Method::Ntp, interval: Span::secs(1), samples: 8 }
    }
}
impl protocol::Config for Config {
    fn review(&self, _round_trip: Span) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.interval == Span::ZERO {
            remarks
                .push(error("interval", "a client that never waits asks for ever at one instant"));
        }
        if !(1..=64).contains(&self.samples) {
            remarks.push(error("samples", "a client keeps 1 to 64 estimates"));
        }
        remarks
    }
}

fn error(key: &'static str, message: &str) -> Remark {
    let help = match key {
        "interval" => "write a duration above zero, like \"1s\"",
        _ => "write a number from 1 to 64; 8 is the default",
    };
    Remark { key, is_error: true, message: message.to_owned(), help: help.to_owned() }
}

/// What nodes say to each other; stamps are by the wall clock of who makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Message {
    Ask { number: u64 },
    Answer { number: u64, received: LocalTime, sent: LocalTime },
}
kinds!(Message { Ask, Answer });
impl protocol::Message for Message {
    fn size(&self) -> u32 {
        48 // the header of an NTP packet (RFC 5905, section 7.3)
    }
    fn digest(&self, digest: &mut Digest) {
        match *self {
            Message::Ask { number } => digest.word(number),
            Message::Answer { number, received, sent } => {
                digest.word(number);
                digest.word(received.0);
                digest.word(sent.0);
            }
        }
    }
}

/// What a client may set to ring: ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Timer {
    Poll,
}
kinds!(Timer { Poll });

/// What observers may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A client asks.
    Asked {
        /// Which question this is.
        number: u64,
    },
    /// A server looked at its wall clock.
    Told {
        /// Who asked.
        to: NodeId,
        /// The number of the question.
        number: u64,
        /// What it shows.
        wall: LocalTime,
    },
    /// A client made an estimate.
    Estimated {
        /// The number of the question.
        number: u64,
        /// What the server told.
        told: LocalTime,
        /// What its wall clock shows.
        wall: LocalTime,
        /// What it would add to it.
        offset: i64,
        /// The time that question and answer spent under way, by its own clock.
        delay: Span,
    },
}
kinds!(Event { Asked, Told, Estimated });

impl Protocol for ClockSync {
    const NAME: &'static str = "clock-sync";
    const SUMMARY: &'static str = "clients estimate the time of a server (Cristian, NTP)";
    const INVARIANTS: &'static [Invariant<Event>] =
        &[invariants::error_within_half_the_round_trip::INVARIANT];
    const PROBES: &'static [Probe] = &[Probe {
        name: "answers_before_questions",
        sentence: "a wall clock was set back between a question and its answer",
    }];
    const METRICS: &'static [&'static str] =
        &["answers", "estimate_ns_max", "estimate_back_ns_max", "round_trip_ns_max"];
    type Bug = Bug;
    type Config = Config;
    type Role = Role;
    type Service = Clock;
    type Message = Message;
    type Timer = Timer;
    type Record = (); // nothing is written to disk
    type Event = Event;

    fn boot(boot: Boot<'_, ClockSync>, fx: &mut Effects<'_, ClockSync>) -> ClockSync {
        match boot.role {
            Role::Server => ClockSync::Server,
            Role::Client => {
                let mut client = Client { next: fx.incarnation() << 32, ..Client::default() };
                client.ask(fx);
                ClockSync::Client(client)
            }
        }
    }

    fn step(&mut self, input: Input<ClockSync>, fx: &mut Effects<'_, ClockSync>) {
        match (self, input) {
            (ClockSync::Server, Input::Message { from, body: Message::Ask { number } }) => {
                let wall = fx.wall();
                fx.note(Event::Told { to: from, number, wall });
                // A step takes no time of its own: what is received is sent at the same instant.
                fx.send(from, Message::Answer { number, received: wall, sent: wall });
            }
            (ClockSync::Client(client), Input::Timer(Timer::Poll)) => client.ask(fx),
            (
                ClockSync::Client(client),
                Input::Message { body: Message::Answer { number, received, sent }, .. },
            ) => client.hear(number, received, sent, fx),
            (ClockSync::Client(client), Input::Call { id, .. }) => client.tell(id, fx),
            _ => {}
        }
    }

    fn view(&self, view: &mut View) {
        if let ClockSync::Client(client) = self {
            view.field("offset_ns", format!("{:?}", client.offset));
            view.field("samples", client.samples.len());
        }
    }
}

impl Client {
    /// Asks any server, and again later: an answer that does not come is not waited for.
    fn ask(&mut self, fx: &mut Effects<'_, ClockSync>) {
        let number = self.next;
        self.next += 1;
        self.asked.insert(number, Stamps { wall: fx.wall(), monotonic: fx.now() });
        if self.asked.len() > 64 {
            self.asked.pop_first();
        }
        fx.note(Event::Asked { number });
        let servers: Vec<NodeId> = fx.all(Role::Server).collect();
        let Ok(whom) = usize::try_from(fx.pick(servers.len() as u64)) else { return };
        fx.send(servers[whom], Message::Ask { number });
        fx.arm(Timer::Poll, fx.config().interval);
    }

    /// Makes an estimate out of an answer.
    fn hear(
        &mut self,
        number: u64,
        received: LocalTime,
        sent: LocalTime,
        fx: &mut Effects<'_, ClockSync>,
    ) {
        let Some(asked) = self.asked.remove(&number) else { return };
        let sample = match fx.config().method {
            Method::Cristian => Some(cristian(asked, sent, fx)),
            Method::Ntp => ntp(asked, (received, sent), fx),
        };
        let Some(sample) = sample else {
            fx.count("answers_before_questions", 1);
            return;
        };
        let Sample { offset, delay } = sample;
        fx.count("answers", 1);
        fx.note(Event::Estimated { number, told: sent, wall: fx.wall(), offset, delay });
        fx.gauge("round_trip_ns", i64::try_from(sample.delay.0).unwrap_or(i64::MAX));
        self.samples.push_back(sample);
        while self.samples.len() > fx.config().samples as usize {
            self.samples.pop_front();
        }
        // Of several the latest: clocks drift.
        let best = self.samples.iter().rev().min_by_key(|sample| sample.delay);
        self.offset = best.map(|best| best.offset);
        // How far it steers, either way.
        let offset = self.offset.unwrap_or(0);
        fx.gauge("estimate_ns", offset);
        fx.gauge("estimate_back_ns", offset.saturating_neg());
    }

    /// Tells an application the time; nobody knows it before the first answer.
    fn tell(&self, call: CallId, fx: &mut Effects<'_, ClockSync>) {
        match self.offset {
            Some(offset) => fx.reply(call, Now::at(fx.wall(), offset)),
            None => fx.reply(call, Outcome::Failed),
        }
    }
}

/// The server's time was `sent`, and half of the round trip has passed since. The round trip is taken
/// by the monotonic clock, which does not jump.
fn cristian(asked: Stamps, sent: LocalTime, fx: &mut Effects<'_, ClockSync>) -> Sample {
    let delay = fx.now().since(asked.monotonic);
    let on_its_way = mutant!(fx, Bug::WholeRoundTrip, delay.0 / 2, delay.0);
    let server = i128::from(sent.0) + i128::from(on_its_way);
    Sample { offset: narrow(server - i128::from(fx.wall().0)), delay }
}

/// Four stamps: ((t2 - t1) + (t3 - t4)) / 2, under way for (t4 - t1) - (t3 - t2). `None` where the
/// answer seems to have come before it was asked for: the wall clock was set back meanwhile.
fn ntp(
    asked: Stamps,
    (received, sent): (LocalTime, LocalTime),
    fx: &mut Effects<'_, ClockSync>,
) -> Option<Sample> {
    let of = |stamp: LocalTime| i128::from(stamp.0);
    let [t1, t2, t3, t4] = [asked.wall, received, sent, fx.wall()].map(of);
    let under_way = (t4 - t1) - (t3 - t2);
    let delay = Span(u64::try_from(under_way).ok()?);
    Some(Sample { offset: narrow(((t2 - t1) + (t3 - t4)).div_euclid(2)), delay })
}

fn narrow(nanos: i128) -> i64 {
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}
