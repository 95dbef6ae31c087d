//! What faults change on the network for a while.

use super::{Burst, Target};
use crate::law::Law;
use crate::random::Chance;

/// A change of the network, and the messages that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Weather {
    /// What is different.
    pub change: Change,
    /// For whom.
    pub scope: Scope,
}

/// What is different on the network for a while. Of several changes of one kind that are about a
/// message the worst counts for chances, the latest for the others.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// This share of copies is lost, on top of what the network loses.
    Loss(Chance),
    /// Copies take this latency instead of the network's; between places, on every link.
    Latency(Law),
    /// The network makes a second copy of this share of messages, on top of what it copies.
    Duplicate(Chance),
    /// This share of copies arrives corrupt and is thrown away, on top of those that do anyway.
    Corrupt(Chance),
    /// Losses come in bursts, on every link for itself and on top of what the network loses.
    Burst(Burst),
    /// Links send so many bits per second, above zero, whatever they do otherwise. Links between
    /// places follow only a change that is about everything.
    Bandwidth(u64),
    /// Copies do not leave before it ends, and take their latency then. Whether they are cut, lost or
    /// copied is decided as always: copied when they are sent, the rest when they leave.
    Clog,
}

impl Change {
    /// What it is called, as in scenarios.
    pub fn kind(&self) -> &'static str {
        match self {
            Change::Loss(_) => "loss",
            Change::Latency(_) => "latency",
            Change::Duplicate(_) => "duplicate",
            Change::Corrupt(_) => "corrupt",
            Change::Burst(_) => "burst",
            Change::Bandwidth(_) => "bandwidth",
            Change::Clog => "clog",
        }
    }
}

/// The messages that a change is about. Targets are looked up when the fault strikes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// Between whom.
    pub ends: Ends,
    /// The kinds of messages, as indexes into the protocol's kinds; empty are all.
    pub messages: Vec<usize>,
}

/// The two ends of the messages that a change is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ends {
    /// Everybody.
    #[default]
    All,
    /// From some to some; an empty list is everybody.
    Directed {
        /// The senders.
        from: Vec<Target>,
        /// The receivers.
        to: Vec<Target>,
    },
    /// Between some and some, in both directions.
    Between(Vec<Target>, Vec<Target>),
    /// Whatever these send or receive.
    At(Vec<Target>),
}

impl Ends {
    /// Everybody it names.
    pub(super) fn targets(&self) -> Vec<&Target> {
        match self {
            Ends::All => Vec::new(),
            Ends::Directed { from: a, to: b } | Ends::Between(a, b) => a.iter().chain(b).collect(),
            Ends::At(targets) => targets.iter().collect(),
        }
    }
}
