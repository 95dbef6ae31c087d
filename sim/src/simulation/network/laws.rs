//! The laws of a plan's network, link by link and kind by kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::address::Address;
use super::routes::TopologyLaws;
use crate::law::Sampler;
use crate::plan::{Burst, LinkRule, Network as Plan, Order, PlaceLink, Sharing, Wire};
use crate::random::Chance;

/// The laws of a plan's network, compiled once and shared by every seed.
#[derive(Debug)]
pub(crate) struct NetworkLaws {
    /// What holds where no rule says otherwise.
    pub(super) base: LinkLaw,
    /// Which rules a node is under, as the number of a class: as a sender, and as a receiver; and
    /// which rules are about a kind of message.
    senders: Classes,
    receivers: Classes,
    kinds: Classes,
    /// By the sender's class, then the receiver's, then the kind's. Empty when there are no rules.
    ruled: Vec<LinkLaw>,
    pub(super) topology: Option<TopologyLaws>,
    pub(super) refuse: bool,
}

/// Members that the same rules name.
#[derive(Debug)]
struct Classes {
    /// Members behind the last are named by the rules for all, which is class 0.
    of: Vec<u32>,
    /// The rules of each class, by their place.
    rules: Vec<Vec<usize>>,
}

impl Classes {
    /// Of the members that each rule names; `None` are all there are.
    fn new<I: IntoIterator<Item = usize>>(named: impl Iterator<Item = Option<I>>) -> Classes {
        let mut rules_of: Vec<Vec<usize>> = Vec::new();
        let mut for_all: Vec<usize> = Vec::new();
        for (rule, members) in named.enumerate() {
            let Some(members) = members else {
                rules_of.iter_mut().for_each(|rules| rules.push(rule));
                for_all.push(rule);
                continue;
            };
            for member in members {
                if rules_of.len() <= member {
                    let earlier: Vec<usize> = for_all.clone();
                    rules_of.resize(member + 1, earlier);
                }
                // A rule may name a member twice.
                if rules_of[member].last() != Some(&rule) {
                    rules_of[member].push(rule);
                }
            }
        }
        let mut numbers = BTreeMap::from([(for_all.clone(), 0)]);
        let mut rules = vec![for_all];
        let class = |named: Vec<usize>| {
            *numbers.entry(named).or_insert_with_key(|named| {
                rules.push(named.clone());
                u32::try_from(rules.len() - 1).expect("fewer classes than members")
            })
        };
        Classes { of: rules_of.into_iter().map(class).collect(), rules }
    }

    #[inline]
    fn of(&self, member: usize) -> usize {
        self.of.get(member).copied().unwrap_or(0) as usize
    }
}

/// What holds on one link.
#[derive(Clone, Debug)]
pub(super) struct LinkLaw {
    pub(super) latency: Arc<Sampler>,
    pub(super) loss: Chance,
    pub(super) duplicate: Chance,
    pub(super) order: Order,
    pub(super) corrupt: Chance,
    pub(super) burst: Option<Burst>,
    pub(super) wire: WireLaw,
}

/// How fast a link sends, and what waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WireLaw {
    /// Bits per second; `None` sends everything at once.
    pub(super) bandwidth: Option<u64>,
    /// Bytes that may be waiting or being sent.
    pub(super) queue: Option<u64>,
    pub(super) sharing: Sharing,
}

impl WireLaw {
    fn of(wire: Option<Wire>) -> WireLaw {
        wire.map_or_else(WireLaw::default, |Wire { bandwidth, queue, sharing }| WireLaw {
            bandwidth: Some(bandwidth.max(1)),
            queue,
            sharing,
        })
    }
}

impl NetworkLaws {
    pub(crate) fn compile(plan: &Plan, nodes: usize) -> NetworkLaws {
        let base = LinkLaw {
            latency: Arc::new(plan.latency.compile()),
            loss: plan.loss,
            duplicate: plan.duplicate,
            order: plan.order,
            corrupt: plan.corrupt,
            burst: plan.burst,
            wire: WireLaw::of(plan.wire),
        };
        let nodes_of = |nodes: &[crate::protocol::NodeId]| {
            Some(nodes.iter().map(|node| node.index()).collect::<Vec<_>>())
        };
        let rules = &plan.links;
        let senders = Classes::new(rules.iter().map(|rule| nodes_of(&rule.from)));
        let receivers = Classes::new(rules.iter().map(|rule| nodes_of(&rule.to)));
        let some = |rule: &LinkRule| (!rule.messages.is_empty()).then(|| rule.messages.clone());
        let kinds = Classes::new(rules.iter().map(some));
        let laws: Vec<RuleLaw> = rules.iter().map(RuleLaw::compile).collect();
        let mut ruled = Vec::new();
        for from in senders.rules.iter().filter(|_| !laws.is_empty()) {
            for to in &receivers.rules {
                for kind in &kinds.rules {
                    let mut law = base.clone();
                    let all = from.iter().filter(|rule| to.contains(rule) && kind.contains(rule));
                    all.for_each(|rule| laws[*rule].change(&mut law));
                    ruled.push(law);
                }
            }
        }
        let topology = plan.topology.as_ref();
        let topology = topology.map(|topology| TopologyLaws::compile(topology, nodes, &base));
        NetworkLaws { base, senders, receivers, kinds, ruled, topology, refuse: plan.refuse }
    }

    /// Whether latency and loss are all there is to know.
    pub(super) fn are_plain(&self) -> bool {
        let LinkLaw { latency: _, loss: _, duplicate, order, corrupt, burst, wire } = &self.base;
        self.ruled.is_empty()
            && self.topology.is_none()
            && *duplicate == Chance::NEVER
            && *order == Order::Reordering
            && *corrupt == Chance::NEVER
            && burst.is_none()
            && wire.bandwidth.is_none()
    }

    /// What holds for a message between its two nodes.
    pub(super) fn of(&self, at: Address) -> &LinkLaw {
        if self.ruled.is_empty() {
            return &self.base;
        }
        let (from, to) = (self.senders.of(at.from().index()), self.receivers.of(at.to().index()));
        let link = from * self.receivers.rules.len() + to;
        &self.ruled[link * self.kinds.rules.len() + self.kinds.of(at.kind())]
    }
}

impl LinkLaw {
    /// What holds on a link between two places; it copies nothing, and keeps the order that the
    /// network keeps.
    pub(super) fn of_places(link: &PlaceLink, base: &LinkLaw) -> LinkLaw {
        LinkLaw {
            latency: Arc::new(link.latency.compile()),
            loss: link.loss,
            duplicate: Chance::NEVER,
            order: base.order,
            corrupt: link.corrupt,
            burst: link.burst,
            wire: WireLaw::of(link.wire),
        }
    }
}

/// What a rule changes on the links it is about.
struct RuleLaw<'a> {
    rule: &'a LinkRule,
    latency: Option<Arc<Sampler>>,
}

impl RuleLaw<'_> {
    fn compile(rule: &LinkRule) -> RuleLaw<'_> {
        RuleLaw { rule, latency: rule.latency.as_ref().map(|law| Arc::new(law.compile())) }
    }

    fn change(&self, law: &mut LinkLaw) {
        let rule = self.rule;
        law.latency = self.latency.clone().unwrap_or_else(|| law.latency.clone());
        law.loss = rule.loss.unwrap_or(law.loss);
        law.duplicate = rule.duplicate.unwrap_or(law.duplicate);
        law.order = rule.order.unwrap_or(law.order);
        law.corrupt = rule.corrupt.unwrap_or(law.corrupt);
        // One wire and one state of bursts serve all kinds of messages on a link.
        if rule.messages.is_empty() {
            law.burst = rule.burst.or(law.burst);
            law.wire.bandwidth = rule.bandwidth.map(|rate| rate.max(1)).or(law.wire.bandwidth);
            law.wire.queue = rule.queue.or(law.wire.queue);
            law.wire.sharing = rule.sharing.unwrap_or(law.wire.sharing);
        }
    }
}
