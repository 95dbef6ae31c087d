//! One node sends, another measures: how long messages take, and which of them are overtaken by the
//! next.

use std::collections::BTreeSet;

use rehearsal_sim::bug::NoBugs;
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::law::{Law, Sampler};
use rehearsal_sim::plan::Plan;
use rehearsal_sim::protocol::{self, Boot, Input, NodeId, Protocol};
use rehearsal_sim::time::{LocalTime, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plans::{erased, plan};
use crate::puppet::{Registers, Role};

pub(crate) const BEACON: Entry = Entry::of::<Beacon>();

/// More than are ever under way at once.
const REMEMBERED: usize = 4_096;

/// When the first node sends to the second.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Config {
    /// The gap between two messages, or its mean.
    pub(crate) gap: Span,
    /// Whether the gaps are exponential.
    pub(crate) poisson: bool,
}
impl protocol::Config for Config {}

/// The n-th message, and when it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message {
    Flash(u64, LocalTime),
}
kinds!(Message { Flash });
impl protocol::Message for Message {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Timer {
    Next,
}
kinds!(Timer { Next });

#[derive(Debug)]
pub(crate) enum Event {}
impl protocol::Kinds for Event {
    const KINDS: &'static [&'static str] = &[];
    fn kind(&self) -> usize {
        match *self {}
    }
}

#[derive(Debug)]
pub(crate) struct Beacon {
    gap: Sampler,
    sent: u64,
    heard: BTreeSet<u64>,
}

impl Protocol for Beacon {
    const NAME: &'static str = "beacon";
    const SUMMARY: &'static str = "one node sends, another measures";
    const INVARIANTS: &'static [Invariant<Event>] = &[];
    const METRICS: &'static [&'static str] = &["heard", "overtaken", "latency_ns"];
    type Bug = NoBugs;
    type Config = Config;
    type Role = Role;
    type Service = Registers;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Event = Event;

    fn boot(_: Boot<'_, Beacon>, fx: &mut Effects<'_, Beacon>) -> Beacon {
        let &Config { gap, poisson } = fx.config();
        let law = if poisson { Law::Exponential { mean: gap } } else { Law::Constant(gap) };
        if fx.me() == NodeId(0) {
            fx.arm(Timer::Next, gap);
        }
        Beacon { gap: law.compile(), sent: 0, heard: BTreeSet::new() }
    }

    fn step(&mut self, input: Input<Beacon>, fx: &mut Effects<'_, Beacon>) {
        match input {
            Input::Timer(Timer::Next) => {
                fx.send(NodeId(1), Message::Flash(self.sent, fx.now()));
                self.sent += 1;
                let gap = Span(fx.draw(&self.gap));
                fx.arm(Timer::Next, gap);
            }
            Input::Message { body: Message::Flash(number, sent), .. } => {
                fx.count("heard", 1);
                fx.count("latency_ns", fx.now().since(sent).0);
                fx.count("overtaken", u64::from(self.heard.contains(&(number + 1))));
                self.heard.insert(number);
                if self.heard.len() > REMEMBERED {
                    self.heard.pop_first();
                }
            }
            Input::Call { .. } | Input::WriteFailed { .. } | Input::Refused { .. } => {}
        }
    }
}

/// A beacon for so long, over a network of this latency.
pub(crate) fn beacon(config: Config, latency: Law, duration: Span) -> Plan {
    let mut plan = plan(2, 0, erased(config));
    plan.network.latency = latency;
    plan.duration = duration;
    plan
}
