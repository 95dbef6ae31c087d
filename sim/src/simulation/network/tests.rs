//! The fate of every copy is the one that its address alone decides, whatever was drawn ahead.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::law::Law;
use crate::plan::{self, Disk, ErasedConfig, PlannedNode};
use crate::protocol::NoConfig;
use crate::random::Seed;

const KINDS: usize = 3;

#[derive(Clone, Debug)]
enum Move {
    Send {
        from: u32,
        to: u32,
        kind: usize,
    },
    /// Messages go out at later instants.
    Wait(u64),
    Cut(Vec<Option<u32>>),
    CutOneWay(Vec<bool>, Vec<bool>),
    Lose(Chance),
    Delay(Law),
    /// Ends the fault of this number.
    Heal(prop::sample::Index),
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![3 => Just(0.0), 3 => 0.0..0.6, 1 => Just(1.0)]
        .prop_map(|share| Chance::from_f64(share).expect("a probability"))
}

fn law() -> impl Strategy<Value = Law> {
    let span = || (0u64..50_000_000).prop_map(Span);
    prop_oneof![
        span().prop_map(Law::Constant),
        (span(), span()).prop_map(|(a, b)| Law::Uniform { from: a.min(b), to: a.max(b) }),
        (1u64..9_000_000).prop_map(|mean| Law::Exponential { mean: Span(mean) }),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Fifo), Just(Order::Reordering)]
}

fn rule(nodes: u32) -> impl Strategy<Value = LinkRule> {
    let ids = || vec((0..nodes).prop_map(NodeId), 0..4);
    let changes = (option::of(law()), option::of(chance()), option::of(chance()));
    (ids(), ids(), changes, option::of(order())).prop_map(
        |(from, to, (latency, loss, duplicate), order)| LinkRule {
            from,
            to,
            latency,
            loss,
            duplicate,
            order,
        },
    )
}

/// Half of the networks are plain ones.
fn network(nodes: u32) -> impl Strategy<Value = Plan> {
    let plain = (law(), chance()).prop_map(|(latency, loss)| Plan {
        latency,
        loss,
        duplicate: Chance::NEVER,
        order: Order::Reordering,
        links: Vec::new(),
    });
    let any = (law(), chance(), chance(), order(), vec(rule(nodes), 0..4)).prop_map(
        |(latency, loss, duplicate, order, links)| Plan { latency, loss, duplicate, order, links },
    );
    prop_oneof![plain, any]
}

/// Few nodes send, so that links are used again.
fn moves(nodes: u32) -> impl Strategy<Value = Vec<Move>> {
    let node = move || (0..nodes.min(4)).prop_map(move |n| n * (nodes / nodes.min(4)));
    let all = nodes as usize;
    let send =
        (node(), node(), 0..KINDS).prop_map(|(from, to, kind)| Move::Send { from, to, kind });
    let one = prop_oneof![
        40 => send,
        4 => (0u64..20_000_000).prop_map(Move::Wait),
        1 => vec(option::of(0u32..2), all).prop_map(Move::Cut),
        1 => (vec(any::<bool>(), all), vec(any::<bool>(), all))
            .prop_map(|(from, to)| Move::CutOneWay(from, to)),
        2 => chance().prop_map(Move::Lose),
        2 => law().prop_map(Move::Delay),
        4 => any::<prop::sample::Index>().prop_map(Move::Heal),
    ];
    vec(one, 0..300)
}

fn plan(nodes: u32, network: Plan) -> plan::Plan {
    // Two roles, so that the owners of draws are not the nodes' numbers.
    let node = |n: u32| PlannedNode { name: format!("n{n}"), role: usize::from(n % 3 == 1) };
    plan::Plan {
        scenario: String::new(),
        title: String::new(),
        seed: 1,
        duration: Span::secs(1),
        nodes: (0..nodes).map(node).collect(),
        network,
        disk: Disk { sync_latency: Law::Constant(Span::ZERO) },
        workload: None,
        faults: Vec::new(),
        heal: None,
        expectations: Vec::new(),
        config: ErasedConfig(Arc::new(NoConfig {})),
        bugs: Vec::new(),
        laws: crate::simulation::Laws::default(),
    }
}

/// The network by its definition: no tables, no classes, nothing ahead.
struct Model {
    keyed: Keyed,
    owners: Vec<u32>,
    plan: Plan,
    sent: BTreeMap<(u32, u32, usize), u32>,
    latest: BTreeMap<(u32, u32), SimTime>,
    faults: Vec<Option<Move>>,
}

impl Model {
    fn draws(&self, purpose: KeyedPurpose, message: (u32, u32, usize), copy: u8) -> [u64; 2] {
        let (from, to, kind) = message;
        let [a, b] = [from, to].map(|node| self.owners[node as usize]);
        let kind = u16::try_from(kind).unwrap();
        self.keyed.pair(purpose, a, b, kind, self.sent[&message], copy)
    }

    /// What the rules leave of a setting: the last one that names both ends.
    fn setting<T: Clone>(
        &self,
        (from, to): (u32, u32),
        base: &T,
        of: impl Fn(&LinkRule) -> Option<T>,
    ) -> T {
        let about =
            |rule: &&LinkRule| rule.from.contains(&NodeId(from)) && rule.to.contains(&NodeId(to));
        self.plan.links.iter().filter(about).filter_map(of).next_back().unwrap_or(base.clone())
    }

    fn is_cut(&self, from: u32, to: u32) -> bool {
        let (from, to) = (from as usize, to as usize);
        self.faults.iter().flatten().any(|fault| match fault {
            Move::Cut(group) => matches!((group[from], group[to]), (Some(a), Some(b)) if a != b),
            Move::CutOneWay(senders, receivers) => senders[from] && receivers[to],
            _ => false,
        })
    }

    fn fate(&mut self, now: SimTime, message: (u32, u32, usize), copy: u8) -> Fate {
        let (from, to, _) = message;
        if self.is_cut(from, to) {
            return Fate::Cut;
        }
        let link = (from, to);
        let [delay, loss] = self.draws(KeyedPurpose::Delay, message, copy);
        let by_fault = self.draws(KeyedPurpose::Loss, message, copy)[0];
        let lost_by_fault = self.faults.iter().flatten().any(|fault| match fault {
            Move::Lose(chance) => chance.hits(by_fault),
            _ => false,
        });
        if self.setting(link, &self.plan.loss, |rule| rule.loss).hits(loss) || lost_by_fault {
            return Fate::Lost;
        }
        let mut slow = self.faults.iter().flatten().filter_map(|fault| match fault {
            Move::Delay(law) => Some(law.clone()),
            _ => None,
        });
        let usual = || self.setting(link, &self.plan.latency, |rule| rule.latency.clone());
        let latency = slow.next_back().unwrap_or_else(usual).compile().draw(delay);
        let mut arrival = now.after(Span(latency));
        if self.setting(link, &self.plan.order, |rule| rule.order) == Order::Fifo {
            let latest = self.latest.entry(link).or_default();
            arrival = arrival.max(*latest);
            *latest = arrival;
        }
        Fate::Arrives(arrival)
    }

    /// The fates of a message's copies, in the order they are decided.
    fn send(&mut self, now: SimTime, from: u32, to: u32, kind: usize) -> Vec<Fate> {
        let message = (from, to, kind);
        *self.sent.entry(message).or_insert(0) += 1;
        let copies = self.setting((from, to), &self.plan.duplicate, |rule| rule.duplicate);
        let is_copied = !self.is_cut(from, to)
            && copies.hits(self.draws(KeyedPurpose::Duplicate, message, 0)[0]);
        (0..=u8::from(is_copied)).map(|copy| self.fate(now, message, copy)).collect()
    }
}

/// As a step sends.
fn send(network: &mut Network, now: SimTime, from: u32, to: u32, kind: usize) -> Vec<Fate> {
    let (from, to) = (NodeId(from), NodeId(to));
    let (at, drawn) = network.address(from, to, kind);
    let is_copied = !network.is_cut(from, to) && network.duplicates(at);
    let mut fates = vec![network.fate(now, at, drawn)];
    if is_copied {
        let drawn = network.drawn(at.copied());
        fates.push(network.fate(now, at.copied(), drawn));
    }
    fates
}

fn begin(network: &mut Network, fault: usize, what: &Move) {
    match what {
        Move::Cut(groups) => network.cut(fault, CutShape::Groups(groups.clone())),
        Move::CutOneWay(from, to) => {
            network.cut(fault, CutShape::OneWay { from: from.clone(), to: to.clone() });
        }
        Move::Lose(chance) => network.lose(fault, *chance),
        Move::Delay(law) => network.delay(fault, Arc::new(law.compile())),
        Move::Send { .. } | Move::Wait(_) | Move::Heal(_) => unreachable!("these are no faults"),
    }
}

fn case() -> impl Strategy<Value = (u32, Plan, Vec<Move>)> {
    // Of seven hundred nodes the first that talk share the table of counters, the others have rows.
    let nodes = prop_oneof![4 => 2u32..7, 1 => Just(700)];
    nodes.prop_flat_map(|nodes| (Just(nodes), network(nodes), moves(nodes)))
}

proptest! {
    #[test]
    fn fates_follow_from_the_address_alone(
        seed: u64, (nodes, network, moves) in case(), crowd in 0u32..90,
    ) {
        let plan = plan(nodes, network);
        let compiled = Compiled::new(&plan, |_| "node");
        let keyed = Keyed::new(Seed(seed));
        let mut network = Network::new(keyed, &compiled, KINDS);
        let mut model = Model {
            keyed,
            owners: plan.owners(),
            plan: plan.network.clone(),
            sent: BTreeMap::new(),
            latest: BTreeMap::new(),
            faults: Vec::new(),
        };
        let mut now = SimTime::ZERO;
        // Some of a large cluster have taken places in the table before.
        for node in (0..crowd).filter(|_| nodes == 700) {
            let (from, to) = (node + 1, 699 - node);
            prop_assert_eq!(send(&mut network, now, from, to, 1), model.send(now, from, to, 1));
        }
        for step in moves {
            match step {
                Move::Send { from, to, kind } => prop_assert_eq!(
                    send(&mut network, now, from, to, kind),
                    model.send(now, from, to, kind)
                ),
                Move::Wait(span) => now = now.after(Span(span)),
                Move::Heal(index) if !model.faults.is_empty() => {
                    let fault = index.index(model.faults.len());
                    network.heal(fault);
                    model.faults[fault] = None;
                }
                Move::Heal(_) => {}
                fault => {
                    begin(&mut network, model.faults.len(), &fault);
                    model.faults.push(Some(fault));
                }
            }
        }
    }
}
