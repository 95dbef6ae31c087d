//! The network: what becomes of every copy of every message.
//!
//! Loss, duplication, latency and cuts are decided when a message is sent, by draws that are keyed
//! by (seed, link, kind, n-th of that kind on that link): dropping one message moves no other draw.
//! Whether the receiver is up is decided on arrival. Each copy has exactly one fate.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Compiled;
use super::links::Counters;
use crate::law::Sampler;
use crate::plan::{LinkRule, Network as Plan, Order};
use crate::protocol::NodeId;
use crate::random::{Chance, Keyed, KeyedPurpose};
use crate::time::{SimTime, Span};

/// The laws of a plan's network, compiled once and shared by every seed.
#[derive(Debug)]
pub(crate) struct NetworkLaws {
    /// What holds where no rule says otherwise.
    base: LinkLaw,
    /// Which rules a node is under, as the number of a class: as a sender, and as a receiver. Nodes
    /// that are not listed are under none, which is class 0.
    senders: Classes,
    receivers: Classes,
    /// By the sender's class, then the receiver's. Empty when there are no rules.
    ruled: Vec<LinkLaw>,
}

/// Nodes that the same rules name.
#[derive(Debug)]
struct Classes {
    of: Vec<u32>,
    /// The rules of each class, by their place.
    rules: Vec<Vec<usize>>,
}

impl Classes {
    fn new<'a>(named: impl Iterator<Item = &'a Vec<NodeId>>) -> Classes {
        let mut rules_of: Vec<Vec<usize>> = Vec::new();
        for (rule, nodes) in named.enumerate() {
            for id in nodes {
                if rules_of.len() <= id.index() {
                    rules_of.resize(id.index() + 1, Vec::new());
                }
                // A rule may name a node twice.
                if rules_of[id.index()].last() != Some(&rule) {
                    rules_of[id.index()].push(rule);
                }
            }
        }
        let mut numbers = BTreeMap::from([(Vec::new(), 0)]);
        let mut rules = vec![Vec::new()];
        let class = |named: Vec<usize>| {
            *numbers.entry(named).or_insert_with_key(|named| {
                rules.push(named.clone());
                u32::try_from(rules.len() - 1).expect("fewer classes than nodes")
            })
        };
        Classes { of: rules_of.into_iter().map(class).collect(), rules }
    }

    #[inline]
    fn of(&self, node: NodeId) -> usize {
        self.of.get(node.index()).copied().unwrap_or(0) as usize
    }
}

/// What holds on one link.
#[derive(Clone, Debug)]
struct LinkLaw {
    latency: Arc<Sampler>,
    loss: Chance,
    duplicate: Chance,
    order: Order,
}

impl NetworkLaws {
    pub(crate) fn compile(plan: &Plan) -> NetworkLaws {
        let base = LinkLaw {
            latency: Arc::new(plan.latency.compile()),
            loss: plan.loss,
            duplicate: plan.duplicate,
            order: plan.order,
        };
        let senders = Classes::new(plan.links.iter().map(|rule| &rule.from));
        let receivers = Classes::new(plan.links.iter().map(|rule| &rule.to));
        let laws: Vec<RuleLaw> = plan.links.iter().map(RuleLaw::compile).collect();
        let mut ruled = Vec::new();
        for from in senders.rules.iter().filter(|_| !laws.is_empty()) {
            for to in &receivers.rules {
                let mut law = base.clone();
                let both = from.iter().filter(|rule| to.contains(rule));
                both.for_each(|rule| laws[*rule].change(&mut law));
                ruled.push(law);
            }
        }
        NetworkLaws { base, senders, receivers, ruled }
    }

    /// Whether latency and loss are all there is to know.
    fn are_plain(&self) -> bool {
        let LinkLaw { latency: _, loss: _, duplicate, order } = self.base;
        self.ruled.is_empty() && duplicate == Chance::NEVER && order == Order::Reordering
    }

    fn of(&self, from: NodeId, to: NodeId) -> &LinkLaw {
        if self.ruled.is_empty() {
            return &self.base;
        }
        let (from, to) = (self.senders.of(from), self.receivers.of(to));
        &self.ruled[from * self.receivers.rules.len() + to]
    }
}

/// What a rule changes on the links it is about.
struct RuleLaw {
    latency: Option<Arc<Sampler>>,
    loss: Option<Chance>,
    duplicate: Option<Chance>,
    order: Option<Order>,
}

impl RuleLaw {
    fn compile(rule: &LinkRule) -> RuleLaw {
        let LinkRule { from: _, to: _, latency, loss, duplicate, order } = rule;
        let latency = latency.as_ref().map(|law| Arc::new(law.compile()));
        RuleLaw { latency, loss: *loss, duplicate: *duplicate, order: *order }
    }

    fn change(&self, law: &mut LinkLaw) {
        law.latency = self.latency.clone().unwrap_or_else(|| law.latency.clone());
        law.loss = self.loss.unwrap_or(law.loss);
        law.duplicate = self.duplicate.unwrap_or(law.duplicate);
        law.order = self.order.unwrap_or(law.order);
    }
}

/// The address of a copy of a message: the n-th of its kind on its link, counted from 1. Scripts,
/// traces and draws use it. Two words, laid out as draws are keyed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    /// `from` (32 bits), `to` (32).
    pub(crate) link: u64,
    /// `nth` (32 bits), `kind` (16), zeros (8), `copy` (8).
    pub(crate) which: u64,
}

#[allow(clippy::cast_possible_truncation, reason = "the parts of two words")]
impl Address {
    #[inline(always)]
    fn new(from: NodeId, to: NodeId, kind: u16, nth: u32) -> Address {
        let link = u64::from(from.0) << 32 | u64::from(to.0);
        Address { link, which: u64::from(nth) << 32 | u64::from(kind) << 16 }
    }
    #[inline(always)]
    pub(crate) fn from(self) -> NodeId {
        NodeId((self.link >> 32) as u32)
    }
    #[inline(always)]
    pub(crate) fn to(self) -> NodeId {
        NodeId(self.link as u32)
    }
    pub(crate) fn kind(self) -> usize {
        usize::from((self.which >> 16) as u16)
    }
    pub(crate) fn nth(self) -> u32 {
        (self.which >> 32) as u32
    }
    /// Whether it is a copy that the network made.
    pub(crate) fn is_copy(self) -> bool {
        self.which & 0xFF != 0
    }
    /// The address of the next message of its kind on its link.
    #[inline(always)]
    fn following(self) -> Address {
        Address { which: self.which.wrapping_add(1 << 32), ..self }
    }
    /// The address of the network's own copy.
    pub(crate) fn copied(self) -> Address {
        Address { which: self.which | 1, ..self }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let copy = if self.is_copy() { " (copy)" } else { "" };
        let (from, to) = (self.from().0, self.to().0);
        write!(f, "{from}->{to} {}#{}{copy}", self.kind(), self.nth())
    }
}

/// What is drawn for one copy.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drawn {
    delay: u64,
    loss: u64,
}

/// What becomes of one copy when it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives(SimTime),
    Lost,
    Cut,
}

/// One active cut, by the fault that made it.
#[derive(Debug)]
struct Cut {
    fault: usize,
    shape: CutShape,
}

#[derive(Debug)]
pub(crate) enum CutShape {
    /// Per node its group; messages pass within a group, and from and to nodes in none.
    Groups(Vec<Option<u32>>),
    /// Per node whether it is a cut sender, and whether it is a cut receiver.
    OneWay { from: Vec<bool>, to: Vec<bool> },
}

impl CutShape {
    fn severs(&self, from: NodeId, to: NodeId) -> bool {
        match self {
            CutShape::Groups(group) => match (group[from.index()], group[to.index()]) {
                (Some(a), Some(b)) => a != b,
                _ => false,
            },
            CutShape::OneWay { from: senders, to: receivers } => {
                senders[from.index()] && receivers[to.index()]
            }
        }
    }
}

/// The state of the network in one run.
#[derive(Debug)]
pub(crate) struct Network {
    keyed: Keyed,
    /// What each node's draws are keyed by; see [`Plan::owners`](crate::plan::Plan::owners).
    owners: Arc<[u32]>,
    laws: Arc<NetworkLaws>,
    /// Whether all links are alike, reorder as they like and copy nothing: most networks are.
    is_plain: bool,
    /// What holds on a link of a plain network.
    latency: Arc<Sampler>,
    loss: Chance,
    /// What is drawn for the next message of each kind on each link of a small cluster. It is known
    /// when the one before is sent, and made then, when nothing waits for it.
    ahead: Vec<Drawn>,
    /// Messages sent so far.
    sent: Counters,
    /// The latest arrival, for links that keep order; made at first use.
    latest: BTreeMap<u64, SimTime>,
    /// Whether any fault changes the network now.
    is_faulty: bool,
    cuts: Vec<Cut>,
    losses: Vec<(usize, Chance)>,
    latencies: Vec<(usize, Arc<Sampler>)>,
}

impl Network {
    pub(crate) fn new(keyed: Keyed, compiled: &Compiled, kinds: usize) -> Network {
        let (laws, owners) = (compiled.network.clone(), compiled.owners.clone());
        let sent = Counters::new(owners.len(), kinds);
        Network {
            keyed,
            owners,
            is_plain: laws.are_plain(),
            latency: laws.base.latency.clone(),
            loss: laws.base.loss,
            laws,
            ahead: vec![Drawn::default(); sent.cells()],
            sent,
            latest: BTreeMap::new(),
            is_faulty: false,
            cuts: Vec::new(),
            losses: Vec::new(),
            latencies: Vec::new(),
        }
    }

    /// Gives the next message of a kind on a link its address, and what is drawn for it.
    #[inline(always)]
    pub(crate) fn address(&mut self, from: NodeId, to: NodeId, kind: usize) -> (Address, Drawn) {
        let kind = u16::try_from(kind).expect("a protocol has few kinds of messages");
        let (nth, cell) = self.sent.raise(from.0, to.0, kind);
        let at = Address::new(from, to, kind, nth);
        let Some(cell) = cell else { return (at, self.drawn(at)) };
        let drawn = if nth == 1 { self.drawn(at) } else { self.ahead[cell] };
        self.ahead[cell] = self.drawn(at.following());
        (at, drawn)
    }

    /// What is drawn for a copy.
    #[inline(always)]
    pub(crate) fn drawn(&self, at: Address) -> Drawn {
        let [delay, loss] = self.draw(KeyedPurpose::Delay, at);
        Drawn { delay, loss }
    }

    /// Whether a cut stands between two nodes.
    #[inline(always)]
    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.is_faulty && self.cuts.iter().any(|cut| cut.shape.severs(from, to))
    }

    /// Whether the network makes a second copy of a message.
    #[inline(always)]
    pub(crate) fn duplicates(&self, at: Address) -> bool {
        !self.is_plain && self.duplicates_amid_rules(at)
    }

    #[inline(never)]
    fn duplicates_amid_rules(&self, at: Address) -> bool {
        let chance = self.laws.of(at.from(), at.to()).duplicate;
        chance != Chance::NEVER && chance.hits(self.draw(KeyedPurpose::Duplicate, at)[0])
    }

    /// Decides what becomes of a copy sent now.
    #[inline(always)]
    pub(crate) fn fate(&mut self, now: SimTime, at: Address, drawn: Drawn) -> Fate {
        if !self.is_plain || self.is_faulty {
            return self.fate_amid_rules(now, at, drawn);
        }
        if self.loss != Chance::NEVER && self.loss.hits(drawn.loss) {
            return Fate::Lost;
        }
        Fate::Arrives(now.after(Span(self.latency.draw(drawn.delay))))
    }

    /// The same where links differ or keep order, or while some fault changes the network.
    #[inline(never)]
    fn fate_amid_rules(&mut self, now: SimTime, at: Address, drawn: Drawn) -> Fate {
        if self.is_cut(at.from(), at.to()) {
            return Fate::Cut;
        }
        let law = self.laws.of(at.from(), at.to());
        if law.loss.hits(drawn.loss) || self.lost_by_fault(at) {
            return Fate::Lost;
        }
        let stand_in = self.latencies.last().map(|(_, sampler)| sampler);
        let mut arrival = now.after(Span(stand_in.unwrap_or(&law.latency).draw(drawn.delay)));
        if law.order == Order::Fifo {
            let latest = self.latest.entry(at.link).or_default();
            arrival = arrival.max(*latest);
            *latest = arrival;
        }
        Fate::Arrives(arrival)
    }

    /// Whether a fault that loses messages loses this copy: the worst of those under way decides.
    fn lost_by_fault(&self, at: Address) -> bool {
        let worst = self.losses.iter().map(|(_, chance)| *chance).max();
        worst.is_some_and(|chance| chance.hits(self.draw(KeyedPurpose::Loss, at)[0]))
    }

    pub(crate) fn cut(&mut self, fault: usize, shape: CutShape) {
        self.cuts.push(Cut { fault, shape });
        self.is_faulty = true;
    }
    pub(crate) fn lose(&mut self, fault: usize, chance: Chance) {
        self.losses.push((fault, chance));
        self.is_faulty = true;
    }
    pub(crate) fn delay(&mut self, fault: usize, sampler: Arc<Sampler>) {
        self.latencies.push((fault, sampler));
        self.is_faulty = true;
    }
    /// Ends what a fault began.
    pub(crate) fn heal(&mut self, fault: usize) {
        self.cuts.retain(|cut| cut.fault != fault);
        self.losses.retain(|(of, _)| *of != fault);
        self.latencies.retain(|(of, _)| *of != fault);
        let healthy = self.cuts.is_empty() && self.losses.is_empty() && self.latencies.is_empty();
        self.is_faulty = !healthy;
    }

    #[inline(always)]
    fn draw(&self, purpose: KeyedPurpose, at: Address) -> [u64; 2] {
        let [from, to] = [at.from(), at.to()].map(|node| u64::from(self.owners[node.index()]));
        self.keyed.of_copy(purpose, from << 32 | to, at.which)
    }
}
