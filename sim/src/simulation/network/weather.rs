//! Windows of bad weather: what faults change on some links for a while.

use std::sync::Arc;

use super::address::Address;
use super::cuts::Cut;
use crate::law::Sampler;
use crate::plan::Burst;
use crate::protocol::NodeId;
use crate::random::Chance;

/// What a window changes.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// This share of copies is lost, on top of what is lost anyway.
    Loss(Chance),
    /// Copies take this latency instead of the link's.
    Latency(Arc<Sampler>),
    /// The network copies this share of messages, on top of what it copies anyway.
    Duplicate(Chance),
    /// This share of copies arrives corrupt, on top of those that do anyway.
    Corrupt(Chance),
    /// Bursts of losses, on top of what is lost anyway.
    Burst(Burst),
    /// Links send so many bits per second, whatever they do otherwise.
    Bandwidth(u64),
    /// Copies do not leave before it ends.
    Clog,
}

/// A mark per node; `None` is everybody.
pub(crate) type Marks = Option<Vec<bool>>;

/// The messages that a window is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Pairs of senders and receivers; empty is all links.
    pub(crate) ends: Vec<(Marks, Marks)>,
    /// A mark per kind of message; `None` is all kinds.
    pub(crate) kinds: Option<Vec<bool>>,
}

impl Scope {
    /// Whether it is about everything.
    pub(super) fn is_all(&self) -> bool {
        self.ends.is_empty() && self.kinds.is_none()
    }

    fn holds(&self, at: Address) -> bool {
        self.holds_link(at.from(), at.to())
            && self.kinds.as_ref().is_none_or(|kinds| kinds[at.kind()])
    }

    pub(super) fn holds_link(&self, from: NodeId, to: NodeId) -> bool {
        let is =
            |marks: &Marks, node: NodeId| marks.as_ref().is_none_or(|marks| marks[node.index()]);
        self.ends.is_empty() || self.ends.iter().any(|(a, b)| is(a, from) && is(b, to))
    }
}

/// One window under way, by the fault that made it.
#[derive(Debug)]
struct Window {
    fault: usize,
    /// The node it is about, of a fault that hits several one by one.
    part: Option<NodeId>,
    scope: Scope,
    change: Change,
}

/// Everything that faults change now.
#[derive(Debug, Default)]
pub(super) struct Weather {
    pub(super) cuts: Vec<Cut>,
    /// In the order they began.
    windows: Vec<Window>,
    /// The links of the topology that are cut, by the fault.
    pub(super) cut_edges: Vec<(usize, Vec<usize>)>,
}

impl Weather {
    pub(super) fn is_calm(&self) -> bool {
        self.cuts.is_empty() && self.windows.is_empty() && self.cut_edges.is_empty()
    }

    pub(super) fn begin(
        &mut self,
        (fault, part): (usize, Option<NodeId>),
        scope: Scope,
        change: Change,
    ) {
        self.windows.push(Window { fault, part, scope, change });
    }

    /// Ends what a fault began for one node.
    pub(super) fn end_part(&mut self, fault: usize, node: NodeId) {
        self.windows.retain(|window| window.fault != fault || window.part != Some(node));
    }

    /// Ends what a fault began.
    pub(super) fn end(&mut self, fault: usize) {
        self.cuts.retain(|cut| cut.fault != fault);
        self.windows.retain(|window| window.fault != fault);
        self.cut_edges.retain(|(of, _)| *of != fault);
    }

    /// What the windows about a message change, the latest last.
    fn about(&self, at: Address) -> impl DoubleEndedIterator<Item = &Change> {
        self.windows
            .iter()
            .filter(move |window| window.scope.holds(at))
            .map(|window| &window.change)
    }

    fn worst(&self, at: Address, of: impl Fn(&Change) -> Option<Chance>) -> Chance {
        self.about(at).filter_map(of).max().unwrap_or(Chance::NEVER)
    }

    /// The worst loss counts.
    pub(super) fn loss(&self, at: Address) -> Chance {
        self.worst(at, |change| match change {
            Change::Loss(chance) => Some(*chance),
            _ => None,
        })
    }

    pub(super) fn duplicate(&self, at: Address) -> Chance {
        self.worst(at, |change| match change {
            Change::Duplicate(chance) => Some(*chance),
            _ => None,
        })
    }

    pub(super) fn corrupt(&self, at: Address) -> Chance {
        self.worst(at, |change| match change {
            Change::Corrupt(chance) => Some(*chance),
            _ => None,
        })
    }

    /// The latest latency counts.
    pub(super) fn latency(&self, at: Address) -> Option<&Sampler> {
        self.about(at).rev().find_map(|change| match change {
            Change::Latency(sampler) => Some(&**sampler),
            _ => None,
        })
    }

    /// The latest bursts count; with the fault they come from.
    pub(super) fn burst(&self, at: Address) -> Option<(usize, Burst)> {
        let mut windows = self.windows.iter().rev().filter(|window| window.scope.holds(at));
        windows.find_map(|window| match window.change {
            Change::Burst(burst) => Some((window.fault, burst)),
            _ => None,
        })
    }

    /// Whether a message has to wait where it is.
    pub(super) fn clogs(&self, at: Address) -> bool {
        self.about(at).any(|change| matches!(change, Change::Clog))
    }

    /// Whether every message between two nodes has to wait.
    pub(super) fn clogs_all(&self, from: NodeId, to: NodeId) -> bool {
        let clogs = |window: &Window| {
            matches!(window.change, Change::Clog)
                && window.scope.kinds.is_none()
                && window.scope.holds_link(from, to)
        };
        self.windows.iter().any(clogs)
    }

    /// The bandwidth that the latest window gives to the links it is about.
    pub(super) fn bandwidth(&self, is_about: impl Fn(&Scope) -> bool) -> Option<u64> {
        let mut windows = self.windows.iter().rev().filter(|window| is_about(&window.scope));
        windows.find_map(|window| match window.change {
            Change::Bandwidth(rate) => Some(rate),
            _ => None,
        })
    }
}
