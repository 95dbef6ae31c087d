//! The part of a run that does not depend on the protocol's types: time, the network, the digest,
//! the books, and what is reported.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use super::Compiled;
use super::causes::Causes;
use super::digest::Digest;
use super::ledger::Ledger;
use super::network::{Address, Network};
use super::station::Station;
use super::tally::Tally;
use super::trace::Tracer;
use crate::plan::Plan;
use crate::protocol::{NodeId, Standing};
use crate::random::{Keyed, Seed};
use crate::record::{
    FaultBand, Health, MessageCounts, RowKind, StandingChange, Strike, Violation, ViolationKind,
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
    Refused = 17,
    Swizzle = 18,
    WriteFailed = 32,
    Exit = 33,
    Remains = 34,
    Damage = 35,
    Served = 40,
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
    /// More messages in flight are a storm.
    pub(crate) storm: u64,
    pub(crate) wire: Station,
    pub(crate) ledger: Ledger,
    /// Counters of the world and of the protocol.
    pub(crate) metrics: Tally,
    /// The largest values of the protocol's gauges.
    pub(crate) gauges: Tally,
    pub(crate) bands: Vec<FaultBand>,
    pub(crate) struck: Vec<Strike>,
    pub(crate) standings: Vec<StandingChange>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) last_fault_end: SimTime,
    pub(crate) digest: Digest,
    pub(crate) events: u64,
    pub(crate) tracer: Option<Tracer>,
    names: Arc<[String]>,
    kinds: &'static [&'static str],
}

impl World {
    pub(crate) fn new(
        plan: &Plan,
        seed: Seed,
        laws: &Compiled,
        kinds: &'static [&'static str],
        trace_rows: usize,
    ) -> World {
        World {
            now: SimTime::ZERO,
            end: SimTime::ZERO + plan.duration,
            by_hand: false,
            network: Network::new(Keyed::new(seed), laws, kinds.len()),
            messages: MessageCounts::default(),
            storm: plan.limits.in_flight,
            wire: Station::default(),
            ledger: Ledger::default(),
            metrics: Tally::default(),
            gauges: Tally::default(),
            bands: Vec::new(),
            struck: Vec::new(),
            standings: Vec::with_capacity(laws.names.len()),
            violations: Vec::new(),
            last_fault_end: SimTime::ZERO,
            digest: Digest::default(),
            events: 0,
            tracer: (trace_rows > 0).then(|| Tracer::new(trace_rows)),
            names: laws.names.clone(),
            kinds,
        }
    }

    /// Takes an event into the digest: when, what, and up to three numbers about it.
    #[inline]
    pub(crate) fn digest(&mut self, tag: Tag, a: u64, b: u64, c: u64) {
        self.digest.pair(self.now.0, a | (tag as u64) << 56);
        self.digest.word(b << 32 ^ c);
    }

    /// Takes the ringing of a timer into the digest.
    #[inline(always)]
    pub(crate) fn digest_timer(&mut self, id: NodeId, kind: usize) {
        let what = u64::from(id.0) | (kind as u64) << 32;
        self.digest.pair(self.now.0, what | (Tag::Timer as u64) << 56);
    }

    /// Takes what happens to a copy of a message into the digest, with one more number about it.
    #[inline(always)]
    pub(crate) fn digest_address(&mut self, tag: Tag, at: Address, extra: u64) {
        self.digest.pair(self.now.0, at.link | (tag as u64) << 56);
        self.digest.pair(at.which, extra);
    }

    /// A copy dies; `why` is its number in the digest.
    #[cold]
    pub(crate) fn drops(&mut self, at: Address, why: u64, text: &str) {
        self.digest_address(Tag::Drop, at, why);
        self.trace_message(RowKind::Drop, at, || match at.is_copy() {
            false => text.to_owned(),
            true => format!("the copy: {text}"),
        });
    }

    pub(crate) fn count(&mut self, metric: &'static str, by: u64) {
        let by = i64::try_from(by).unwrap_or(i64::MAX);
        let sum = self.metrics.of(metric, 0);
        *sum = sum.saturating_add(by);
    }

    pub(crate) fn name(&self, node: NodeId) -> &str {
        &self.names[node.index()]
    }

    pub(crate) fn names(&self, nodes: &[NodeId]) -> Vec<String> {
        nodes.iter().map(|node| self.name(*node).to_owned()).collect()
    }

    /// A text with names in the place of node numbers.
    pub(crate) fn named(&self, text: &str) -> String {
        with_names(text, |node| self.names.get(node).map(String::as_str)).into_owned()
    }

    /// `n1->n2 AppendEntries#3`.
    pub(crate) fn address_text(&self, at: Address) -> String {
        let (from, to) = (self.name(at.from()), self.name(at.to()));
        format!("{from}->{to} {}#{}", self.kinds[at.kind()], at.nth())
    }

    /// Adds a row to the trace. The text is made only when someone keeps it, and out of the way of
    /// those who do not.
    #[inline(always)]
    pub(crate) fn trace(
        &mut self,
        kind: RowKind,
        node: Option<NodeId>,
        text: impl FnOnce() -> String,
    ) {
        if self.tracer.is_some() {
            self.keep(kind, node, text);
        }
    }

    /// Adds a row about a message.
    #[inline(always)]
    pub(crate) fn trace_message(
        &mut self,
        kind: RowKind,
        at: Address,
        text: impl FnOnce() -> String,
    ) {
        if self.tracer.is_some() {
            self.keep_message(kind, at, text);
        }
    }

    #[cold]
    #[inline(never)]
    fn keep(&mut self, kind: RowKind, node: Option<NodeId>, text: impl FnOnce() -> String) {
        let (at_ns, text) = (self.now.0, text());
        let text = with_names(&text, |node| self.names.get(node).map(String::as_str));
        let tracer = self.tracer.as_mut().expect("only what is traced is kept");
        tracer.add(at_ns, kind, node, &text);
    }

    #[cold]
    #[inline(never)]
    fn keep_message(&mut self, kind: RowKind, at: Address, text: impl FnOnce() -> String) {
        let (at_ns, text) = (self.now.0, text());
        let text = with_names(&text, |node| self.names.get(node).map(String::as_str));
        let (names, kinds) = (&self.names, self.kinds);
        let tracer = self.tracer.as_mut().expect("only what is traced is kept");
        tracer.add_message(at_ns, kind, at, &text, || {
            let [from, to] = [at.from(), at.to()].map(|node| &names[node.index()]);
            format!("{from}->{to} {}", kinds[at.kind()])
        });
    }

    /// Writes into the books about what leads to what, where the run is traced.
    #[inline]
    pub(crate) fn causes(&mut self, write: impl FnOnce(&mut Causes)) {
        if let Some(tracer) = &mut self.tracer {
            write(&mut tracer.causes);
        }
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
fn with_names<'a, 't>(text: &'t str, name: impl Fn(usize) -> Option<&'a str>) -> Cow<'t, str> {
    const NUMBER: &str = "NodeId(";
    if !text.contains(NUMBER) {
        return Cow::Borrowed(text);
    }
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
    Cow::Owned(named)
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
