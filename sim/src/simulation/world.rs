//! The part of a run that does not depend on the protocol's types: time, the network, the digest,
//! the books, and what is reported.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::digest::Digest;
use super::ledger::Ledger;
use super::network::{Address, Network, NetworkLaws};
use super::station::Station;
use super::trace::Tracer;
use crate::plan::{Plan, PlannedNode};
use crate::protocol::{NodeId, Standing};
use crate::random::{Keyed, Seed};
use crate::record::{
    FaultBand, Health, MessageCounts, RowKind, StandingChange, TraceRow, Violation, ViolationKind,
};
use crate::time::SimTime;

/// The digest's word for each thing that happens. The numbers are part of every recorded run.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Tag {
    Boot = 1,
    Send = 2,
    Deliver = 3,
    Drop = 4,
    SelfMessage = 5,
    Timer = 6,
    Sync = 7,
    Call = 8,
    Reply = 9,
    Note = 10,
    FaultBegins = 11,
    FaultEnds = 12,
    Crash = 13,
    Pause = 14,
    Resume = 15,
    Duplicate = 16,
}

/// The untyped state of a run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: SimTime,
    pub(crate) end: SimTime,
    /// Messages, timers and disks wait for commands instead of time.
    pub(crate) by_hand: bool,
    pub(crate) network: Network,
    pub(crate) messages: MessageCounts,
    pub(crate) wire: Station,
    pub(crate) ledger: Ledger,
    /// Counters of the world and of the protocol.
    pub(crate) metrics: BTreeMap<&'static str, i64>,
    /// The largest values of the protocol's gauges.
    pub(crate) gauges: BTreeMap<&'static str, i64>,
    pub(crate) bands: Vec<FaultBand>,
    pub(crate) standings: Vec<StandingChange>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) last_fault_end: SimTime,
    pub(crate) digest: Digest,
    pub(crate) events: u64,
    pub(crate) tracer: Option<Tracer>,
    nodes: Vec<PlannedNode>,
    kinds: &'static [&'static str],
}

impl World {
    pub(crate) fn new(
        plan: &Plan,
        seed: Seed,
        laws: Arc<NetworkLaws>,
        kinds: &'static [&'static str],
        trace_rows: usize,
    ) -> World {
        World {
            now: SimTime::ZERO,
            end: SimTime::ZERO + plan.duration,
            by_hand: false,
            network: Network::new(Keyed::new(seed), laws, kinds.len(), plan.owners()),
            messages: MessageCounts::default(),
            wire: Station::default(),
            ledger: Ledger::default(),
            metrics: BTreeMap::new(),
            gauges: BTreeMap::new(),
            bands: Vec::new(),
            standings: Vec::new(),
            violations: Vec::new(),
            last_fault_end: SimTime::ZERO,
            digest: Digest::default(),
            events: 0,
            tracer: (trace_rows > 0).then(|| Tracer::new(trace_rows)),
            nodes: plan.nodes.clone(),
            kinds,
        }
    }

    /// Takes an event into the digest: when, what, and up to three numbers about it.
    #[inline]
    pub(crate) fn digest(&mut self, tag: Tag, a: u64, b: u64, c: u64) {
        self.digest.word(self.now.0);
        self.digest.word(tag as u64 | a << 8);
        self.digest.word(b << 32 ^ c);
    }

    /// The digest of a message's address.
    #[inline]
    pub(crate) fn digest_address(&mut self, tag: Tag, at: Address, extra: u64) {
        let link = u64::from(at.from.0) << 24 | u64::from(at.to.0);
        self.digest(tag, link, (at.kind as u64) << 8 | extra, u64::from(at.nth));
    }

    pub(crate) fn count(&mut self, metric: &'static str, by: u64) {
        let by = i64::try_from(by).unwrap_or(i64::MAX);
        let sum = self.metrics.entry(metric).or_default();
        *sum = sum.saturating_add(by);
    }

    pub(crate) fn name(&self, node: NodeId) -> &str {
        &self.nodes[node.index()].name
    }

    pub(crate) fn names(&self, nodes: &[NodeId]) -> Vec<String> {
        nodes.iter().map(|node| self.name(*node).to_owned()).collect()
    }

    /// A text with names in the place of node numbers.
    pub(crate) fn named(&self, text: &str) -> String {
        let name = |node: usize| self.nodes.get(node).map(|node| node.name.as_str());
        with_names(text, name)
    }

    /// `n1->n2 AppendEntries#3`.
    pub(crate) fn address_text(&self, at: Address) -> String {
        let (from, to) = (self.name(at.from), self.name(at.to));
        format!("{from}->{to} {}#{}", self.kinds[at.kind], at.nth)
    }

    /// Adds a row to the trace. The text is made only when someone keeps it.
    #[inline]
    pub(crate) fn trace(
        &mut self,
        kind: RowKind,
        node: Option<NodeId>,
        text: impl FnOnce() -> String,
    ) {
        if self.tracer.is_none() {
            return;
        }
        let row = TraceRow {
            at_ns: self.now.0,
            kind,
            node: node.map(|node| node.0),
            peer: None,
            address: String::new(),
            text: self.named(&text()),
        };
        self.tracer.as_mut().expect("checked above").push(row);
    }

    /// Adds a row about a message.
    #[inline]
    pub(crate) fn trace_message(
        &mut self,
        kind: RowKind,
        at: Address,
        text: impl FnOnce() -> String,
    ) {
        if self.tracer.is_none() {
            return;
        }
        let address = self.address_text(at);
        let (node, peer) = match kind {
            RowKind::Deliver => (at.to, at.from),
            _ => (at.from, at.to),
        };
        let row = TraceRow {
            at_ns: self.now.0,
            kind,
            node: Some(node.0),
            peer: Some(peer.0),
            address,
            text: self.named(&text()),
        };
        self.tracer.as_mut().expect("checked above").push(row);
    }

    pub(crate) fn violate(
        &mut self,
        property: &str,
        kind: ViolationKind,
        nodes: &[NodeId],
        message: String,
        citation: &str,
    ) {
        self.trace(RowKind::Violation, nodes.first().copied(), || {
            let mut text = String::new();
            write!(text, "{property} is violated: {message}").expect("a string takes text");
            text
        });
        self.violations.push(Violation {
            property: property.to_owned(),
            kind,
            at_ns: self.now.0,
            nodes: self.names(nodes),
            message,
            citation: citation.to_owned(),
            explanation: None,
        });
    }

    pub(crate) fn stands(&mut self, node: NodeId, health: Health, standing: Standing) {
        self.standings.push(StandingChange {
            at_ns: self.now.0,
            node: node.0,
            health,
            rank: standing.rank.to_owned(),
            epoch: standing.epoch,
        });
    }
}

/// Puts names in the place of node numbers, which texts write as `derive(Debug)` does: `NodeId(3)`.
fn with_names<'a>(text: &str, name: impl Fn(usize) -> Option<&'a str>) -> String {
    const NUMBER: &str = "NodeId(";
    let mut parts = text.split(NUMBER);
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let node = part.split_once(')').and_then(|(number, rest)| {
            let name = name(number.parse().ok()?)?;
            Some((name, rest))
        });
        let (name, rest) = node.unwrap_or((NUMBER, part));
        named.push_str(name);
        named.push_str(rest);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_the_nodes_that_exist() {
        let name = |node: usize| ["n1", "client1"].get(node).copied();
        let named = |text| with_names(text, name);
        assert_eq!(named("vote for NodeId(0)"), "vote for n1");
        assert_eq!(named("{NodeId(1): 3, NodeId(0)}"), "{client1: 3, n1}");
        assert_eq!(named("NodeId(2) NodeId(x) NodeId("), "NodeId(2) NodeId(x) NodeId(");
        assert_eq!(named("nobody"), "nobody");
    }
}
