//! Nodes that pass numbers on in a ring. Switched off, the numbers count; each switch lets one thing
//! into them that differs between two runs of the same seed.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rehearsal::prelude::*;
use rehearsal::protocols::ping::{Echo, EchoService};
use rehearsal::sim::simulation::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The protocol as a catalog takes it.
pub(crate) const ENTRY: Entry = Entry::of::<Leaky>();

/// What leaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Leak {
    /// Nothing.
    #[default]
    Nothing,
    /// The order in which a hash map is iterated.
    HashOrder,
    /// The monotonic clock of the machine.
    Instant,
    /// The wall clock of the machine.
    SystemTime,
    /// Where the allocator put a value.
    Address,
    /// Which thread runs the simulation.
    Thread,
    /// A counter that all simulations of the process share.
    Counter,
    /// A value that the first simulation of the process computes and later ones find.
    Cache,
    /// The variable `LEAK` of the environment, which is the same for all runs of one process.
    Environment,
}

/// Where the number that leaked goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Into {
    /// Into the contents of messages, of which the digest knows nothing.
    #[default]
    Contents,
    /// Into the time until a node passes a number on.
    Delay,
    /// Into what the digest is told and nothing else shows.
    Digest,
    /// Into a counter, which only the record knows.
    Metric,
    /// Into what a node says it is.
    Rank,
    /// Into whether a node panics.
    Panic,
}

/// The table `[leaky]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// What leaks. Default nothing.
    pub leak: Leak,
    /// Where to. Default contents.
    pub into: Into,
}
impl protocol::Config for Config {}

/// The only role: a node of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member;
impl protocol::Role for Member {
    const ALL: &'static [(Member, RoleInfo)] =
        &[(Member, RoleInfo::new("member", "members", 3).called())];
}

/// What nodes say to each other.
#[derive(Clone, Copy)]
pub(crate) enum Message {
    /// The digest is not told of the number, the trace not of what is hidden.
    Number { number: u64, hidden: u64 },
}
kinds!(Message { Number });
impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        let Message::Number { hidden, .. } = self;
        digest.word(*hidden);
    }
}
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message::Number { number, .. } = self;
        write!(f, "Number({number})")
    }
}

/// What rings: it is time to pass a number on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Timer {
    Next,
}
kinds!(Timer { Next });

/// Observers are told of nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Silence {}
impl Kinds for Silence {
    const KINDS: &'static [&'static str] = &[];
    fn kind(&self) -> usize {
        match *self {}
    }
}

/// A node of the ring.
#[derive(Debug)]
pub(crate) struct Leaky {
    count: u64,
    epoch: u64,
    /// Something with an address, and an order.
    #[allow(clippy::box_collection, reason = "the address of the box is what leaks")]
    map: Box<HashMap<u64, u64>>,
    booted: Instant,
}

/// The steps of a node before anything leaks: a difference should be found where it begins.
const QUIET: u64 = 5;

impl Protocol for Leaky {
    const NAME: &'static str = "leaky";
    const SUMMARY: &'static str = "passes numbers on into which the machine leaks";
    const INVARIANTS: &'static [Invariant<Silence>] = &[];
    const METRICS: &'static [&'static str] = &["leaked"];
    type Bug = NoBugs;
    type Config = Config;
    type Role = Member;
    type Service = EchoService;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Event = Silence;

    fn boot(_: Boot<'_, Leaky>, fx: &mut Effects<'_, Leaky>) -> Leaky {
        fx.arm(Timer::Next, Span::millis(5)..Span::millis(15));
        let map = (0..64).map(|key| (key, key * key)).collect();
        Leaky { count: 0, epoch: 0, map: Box::new(map), booted: Instant::now() }
    }

    fn step(&mut self, input: Input<Leaky>, fx: &mut Effects<'_, Leaky>) {
        match input {
            Input::Message { .. } | Input::Refused { .. } | Input::WriteFailed { .. } => {}
            Input::Call { id, operation: Echo { token } } => fx.reply(id, token),
            Input::Timer(Timer::Next) => self.pass_on(fx),
        }
    }

    fn standing(&self) -> Standing {
        Standing { rank: "member", epoch: self.epoch }
    }
}

impl Leaky {
    fn pass_on(&mut self, fx: &mut Effects<'_, Leaky>) {
        self.count += 1;
        let Config { leak, into } = *fx.config();
        let leaked = if self.count > QUIET { self.leaked(leak) } else { 0 };
        let (mut number, mut hidden) = (self.count, 0);
        let mut wait = Span::millis(10);
        match into {
            Into::Contents => number += leaked,
            Into::Digest => hidden = leaked,
            Into::Delay => wait = Span(wait.0 + leaked % 1_000),
            Into::Metric => fx.count("leaked", leaked % 1_000),
            Into::Rank => self.epoch = leaked,
            Into::Panic => assert!(leaked.is_multiple_of(2), "an odd number leaked"),
        }
        let next = NodeId((fx.me().0 + 1) % u32::try_from(fx.all(Member).count()).unwrap_or(1));
        fx.send(next, Message::Number { number, hidden });
        fx.arm(Timer::Next, wait);
    }

    /// A number that should not be known here. It is small enough to be added to.
    fn leaked(&self, leak: Leak) -> u64 {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        static CACHE: OnceLock<u64> = OnceLock::new();
        let number = match leak {
            Leak::Nothing => 0,
            Leak::HashOrder => self.map.keys().fold(0, |sum, key| (sum * 65 + key) % 1_000_003),
            Leak::Instant => nanos(self.booted.elapsed()),
            Leak::SystemTime => {
                nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
            }
            Leak::Address => std::ptr::from_ref(&*self.map).addr() as u64,
            Leak::Thread => digits(&format!("{:?}", std::thread::current().id())),
            Leak::Counter => COUNTER.fetch_add(1, Ordering::Relaxed),
            Leak::Cache => {
                let mut missed = 0;
                CACHE.get_or_init(|| {
                    missed = 1;
                    0
                });
                missed
            }
            Leak::Environment => std::env::var("LEAK").map_or(0, |value| digits(&value)),
        };
        number % (1 << 60)
    }
}

fn nanos(duration: std::time::Duration) -> u64 {
    duration.as_secs() * 1_000_000_000 + u64::from(duration.subsec_nanos())
}

fn digits(text: &str) -> u64 {
    let digits = text.chars().filter_map(|letter| letter.to_digit(10));
    digits.fold(0, |number, digit| number * 10 + u64::from(digit))
}
