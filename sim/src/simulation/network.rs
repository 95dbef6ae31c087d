//! The network: what becomes of every copy of every message.
//!
//! Loss, duplication, latency and cuts are decided when a message is sent, by draws that are keyed
//! by (seed, link, kind, n-th of that kind on that link): dropping one message moves no other draw.
//! Whether the receiver is up is decided on arrival. Each copy has exactly one fate.

use std::sync::Arc;

use crate::law::Sampler;
use crate::plan::{Network as Plan, Order};
use crate::protocol::NodeId;
use crate::random::{Chance, Keyed, KeyedPurpose};
use crate::time::{SimTime, Span};

/// The laws of a plan's network, compiled once and shared by every seed.
#[derive(Debug)]
pub(crate) struct NetworkLaws {
    base: LinkLaw,
    /// One law per link rule, standing alone; links that several rules match combine them.
    rules: Vec<(Vec<NodeId>, Vec<NodeId>, RuleLaw)>,
}

#[derive(Debug)]
struct RuleLaw {
    latency: Option<Arc<Sampler>>,
    loss: Option<Chance>,
    duplicate: Option<Chance>,
    order: Option<Order>,
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
        let rules = plan.links.iter().map(|rule| {
            let latency = rule.latency.as_ref().map(|law| Arc::new(law.compile()));
            let law =
                RuleLaw { latency, loss: rule.loss, duplicate: rule.duplicate, order: rule.order };
            (rule.from.clone(), rule.to.clone(), law)
        });
        NetworkLaws { base, rules: rules.collect() }
    }

    fn of(&self, from: NodeId, to: NodeId) -> LinkLaw {
        let mut law = self.base.clone();
        for (senders, receivers, rule) in &self.rules {
            if !senders.contains(&from) || !receivers.contains(&to) {
                continue;
            }
            law.latency = rule.latency.clone().unwrap_or(law.latency);
            law.loss = rule.loss.unwrap_or(law.loss);
            law.duplicate = rule.duplicate.unwrap_or(law.duplicate);
            law.order = rule.order.unwrap_or(law.order);
        }
        law
    }
}

/// The address of a message: the n-th of its kind on its link. Scripts, traces and draws use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) kind: usize,
    /// Counted from 1.
    pub(crate) nth: u32,
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

#[derive(Debug)]
struct Link {
    to: NodeId,
    law: LinkLaw,
    /// Messages sent so far, by kind.
    sent: Vec<u32>,
    /// The latest arrival, for links that keep order.
    last_arrival: SimTime,
}

/// The state of the network in one run.
#[derive(Debug)]
pub(crate) struct Network {
    keyed: Keyed,
    /// What each node's draws are keyed by; see [`Plan::owners`](crate::plan::Plan::owners).
    owners: Vec<u32>,
    laws: Arc<NetworkLaws>,
    kinds: usize,
    /// Per sender its links, ordered by receiver; made at first use.
    links: Vec<Vec<Link>>,
    cuts: Vec<Cut>,
    losses: Vec<(usize, Chance)>,
    latencies: Vec<(usize, Arc<Sampler>)>,
}

impl Network {
    pub(crate) fn new(
        keyed: Keyed,
        laws: Arc<NetworkLaws>,
        kinds: usize,
        owners: Vec<u32>,
    ) -> Network {
        let links = (0..owners.len()).map(|_| Vec::new()).collect();
        let (cuts, losses, latencies) = (Vec::new(), Vec::new(), Vec::new());
        Network { keyed, owners, laws, kinds, links, cuts, losses, latencies }
    }

    /// Gives the next message of a kind on a link its address.
    pub(crate) fn address(&mut self, from: NodeId, to: NodeId, kind: usize) -> Address {
        let sent = &mut self.link(from, to).sent[kind];
        *sent = sent.checked_add(1).expect("fewer than 2^32 messages of a kind on a link");
        Address { from, to, kind, nth: *sent }
    }

    /// Whether a cut stands between two nodes.
    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.cuts.iter().any(|cut| cut.shape.severs(from, to))
    }

    /// Whether the network makes a second copy of a message.
    pub(crate) fn duplicates(&mut self, address: Address) -> bool {
        let chance = self.link(address.from, address.to).law.duplicate;
        chance != Chance::NEVER && chance.hits(self.draw(KeyedPurpose::Duplicate, address, 0)[0])
    }

    /// Decides what becomes of a copy sent now.
    pub(crate) fn fate(&mut self, now: SimTime, address: Address, copy: u8) -> Fate {
        if self.is_cut(address.from, address.to) {
            return Fate::Cut;
        }
        let place = self.place(address.from, address.to);
        let chance = self.links[address.from.index()][place].law.loss;
        if chance != Chance::NEVER || !self.losses.is_empty() {
            let [own, fault] = self.draw(KeyedPurpose::Loss, address, copy);
            let worst_fault = self.losses.iter().map(|(_, chance)| *chance).max();
            if chance.hits(own) || worst_fault.is_some_and(|chance| chance.hits(fault)) {
                return Fate::Lost;
            }
        }
        let bits = self.draw(KeyedPurpose::Delay, address, copy)[0];
        let link = &mut self.links[address.from.index()][place];
        let stand_in = self.latencies.last().map(|(_, sampler)| sampler);
        let delay = stand_in.unwrap_or(&link.law.latency).draw(bits);
        let mut arrival = now.after(Span(delay));
        if link.law.order == Order::Fifo {
            arrival = arrival.max(link.last_arrival);
            link.last_arrival = arrival;
        }
        Fate::Arrives(arrival)
    }

    pub(crate) fn cut(&mut self, fault: usize, shape: CutShape) {
        self.cuts.push(Cut { fault, shape });
    }
    pub(crate) fn lose(&mut self, fault: usize, chance: Chance) {
        self.losses.push((fault, chance));
    }
    pub(crate) fn delay(&mut self, fault: usize, sampler: Arc<Sampler>) {
        self.latencies.push((fault, sampler));
    }
    /// Ends what a fault began.
    pub(crate) fn heal(&mut self, fault: usize) {
        self.cuts.retain(|cut| cut.fault != fault);
        self.losses.retain(|(of, _)| *of != fault);
        self.latencies.retain(|(of, _)| *of != fault);
    }

    fn draw(&self, purpose: KeyedPurpose, address: Address, copy: u8) -> [u64; 2] {
        let kind = u16::try_from(address.kind).expect("a protocol has few kinds of messages");
        let (from, to) = (self.owners[address.from.index()], self.owners[address.to.index()]);
        self.keyed.pair(purpose, from, to, kind, address.nth, copy)
    }

    fn link(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        let place = self.place(from, to);
        &mut self.links[from.index()][place]
    }

    /// Where a link stands among those of its sender.
    #[inline]
    fn place(&mut self, from: NodeId, to: NodeId) -> usize {
        let links = &mut self.links[from.index()];
        // Who talks to everybody has a link to every number but its own.
        let likely = to.index() - usize::from(to > from);
        if links.get(likely).is_some_and(|link| link.to == to) {
            return likely;
        }
        links.binary_search_by_key(&to, |link| link.to).unwrap_or_else(|place| {
            let law = self.laws.of(from, to);
            let sent = vec![0; self.kinds];
            links.insert(place, Link { to, law, sent, last_arrival: SimTime::ZERO });
            place
        })
    }
}
