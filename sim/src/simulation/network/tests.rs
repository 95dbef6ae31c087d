//! The fate of every copy is the one that its address alone decides, whatever was drawn ahead.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::law::Law;
use crate::plan::{
    self, Burst, Clock, Disk, ErasedConfig, LinkRule, Network as Plan, PlannedNode, Processor,
};
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
    /// A window with the marks of its senders and receivers, and its kinds.
    Weather(Marks, Marks, Option<Vec<bool>>, Turn),
    /// Ends the fault of this number.
    Heal(prop::sample::Index),
}

type Marks = Option<Vec<bool>>;

/// What a window changes.
#[derive(Clone, Debug)]
enum Turn {
    Lose(Chance),
    Delay(Law),
    Copy(Chance),
    Spoil(Chance),
    Burst(Burst),
}

fn burst() -> impl Strategy<Value = Burst> {
    (chance(), chance(), chance()).prop_map(|(begins, ends, loss)| Burst { begins, ends, loss })
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        chance().prop_map(Turn::Lose),
        law().prop_map(Turn::Delay),
        chance().prop_map(Turn::Copy),
        chance().prop_map(Turn::Spoil),
        burst().prop_map(Turn::Burst),
    ]
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
        (1u64..9_000_000, 0.5..3.0)
            .prop_map(|(shortest, exponent)| Law::Pareto { shortest: Span(shortest), exponent }),
        proptest::collection::vec(span(), 1..4).prop_map(Law::Samples),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Fifo), Just(Order::Reordering)]
}

fn rule(nodes: u32) -> impl Strategy<Value = LinkRule> {
    let ids = || vec((0..nodes).prop_map(NodeId), 0..4);
    let changes = (option::of(law()), option::of(chance()), option::of(chance()));
    let more = (option::of(order()), option::of(chance()), option::of(burst()));
    (ids(), ids(), vec(0..KINDS, 0..3), changes, more).prop_map(
        |(from, to, messages, (latency, loss, duplicate), (order, corrupt, burst))| LinkRule {
            from,
            to,
            messages,
            latency,
            loss,
            duplicate,
            order,
            corrupt,
            burst,
            ..LinkRule::default()
        },
    )
}

/// Half of the networks are plain ones.
fn network(nodes: u32) -> impl Strategy<Value = Plan> {
    let plain =
        (law(), chance()).prop_map(|(latency, loss)| Plan { latency, loss, ..Plan::default() });
    let base = (law(), chance(), chance(), order(), chance(), option::of(burst()));
    let any = (base, vec(rule(nodes), 0..4)).prop_map(
        |((latency, loss, duplicate, order, corrupt, burst), links)| Plan {
            latency,
            loss,
            duplicate,
            order,
            corrupt,
            burst,
            links,
            ..Plan::default()
        },
    );
    prop_oneof![plain, any]
}

/// Few nodes send, so that links are used again.
fn moves(nodes: u32) -> impl Strategy<Value = Vec<Move>> {
    let node = move || (0..nodes.min(4)).prop_map(move |n| n * (nodes / nodes.min(4)));
    let all = nodes as usize;
    let marks = move || option::weighted(0.3, vec(any::<bool>(), all));
    let send =
        (node(), node(), 0..KINDS).prop_map(|(from, to, kind)| Move::Send { from, to, kind });
    let one = prop_oneof![
        40 => send,
        4 => (0u64..20_000_000).prop_map(Move::Wait),
        1 => vec(option::of(0u32..2), all).prop_map(Move::Cut),
        1 => (vec(any::<bool>(), all), vec(any::<bool>(), all))
            .prop_map(|(from, to)| Move::CutOneWay(from, to)),
        4 => (marks(), marks(), option::weighted(0.3, vec(any::<bool>(), KINDS)), turn())
            .prop_map(|(from, to, kinds, turn)| Move::Weather(from, to, kinds, turn)),
        4 => any::<prop::sample::Index>().prop_map(Move::Heal),
    ];
    vec(one, 0..300)
}

fn plan(nodes: u32, network: Plan) -> plan::Plan {
    // Two roles, so that the owners of draws are not the nodes' numbers.
    let node = |n: u32| PlannedNode::new(format!("n{n}"), usize::from(n % 3 == 1));
    plan::Plan {
        scenario: String::new(),
        title: String::new(),
        seed: 1,
        duration: Span::secs(1),
        nodes: (0..nodes).map(node).collect(),
        network,
        processor: Processor::default(),
        clock: Clock::default(),
        disk: Disk::new(Law::Constant(Span::ZERO)),
        workload: None,
        faults: Vec::new(),
        heal: None,
        expectations: Vec::new(),
        config: ErasedConfig(Arc::new(NoConfig {})),
        bugs: Vec::new(),
        supervisor: crate::plan::Supervisor::default(),
        laws: crate::simulation::Laws::default(),
    }
}

/// A message and the number of its copy.
type At = ((u32, u32, usize), u8);

/// The network by its definition: no tables, no classes, nothing ahead.
struct Model {
    keyed: Keyed,
    owners: Vec<u32>,
    plan: Plan,
    sent: BTreeMap<(u32, u32, usize), u32>,
    latest: BTreeMap<(u32, u32), SimTime>,
    /// Which links are in a burst of their own, or of a fault.
    within: BTreeMap<(Option<usize>, u32, u32), bool>,
    faults: Vec<Option<Move>>,
}

impl Model {
    fn draws(&self, purpose: KeyedPurpose, message: (u32, u32, usize), copy: u8) -> [u64; 2] {
        let (from, to, kind) = message;
        let [a, b] = [from, to].map(|node| self.owners[node as usize]);
        let kind = u16::try_from(kind).unwrap();
        self.keyed.pair(purpose, a, b, kind, self.sent[&message], copy)
    }

    /// What the rules leave of a setting: the last one that names both ends and the kind.
    fn setting<T: Clone>(
        &self,
        (from, to, kind): (u32, u32, usize),
        base: &T,
        of: impl Fn(&LinkRule) -> Option<T>,
    ) -> T {
        let about = |rule: &&LinkRule| {
            let is_kind = rule.messages.is_empty() || rule.messages.contains(&kind);
            rule.from.contains(&NodeId(from)) && rule.to.contains(&NodeId(to)) && is_kind
        };
        self.plan.links.iter().filter(about).filter_map(of).next_back().unwrap_or(base.clone())
    }

    /// What the windows about a message change, with their numbers, the latest last.
    fn turns(&self, (from, to, kind): (u32, u32, usize)) -> Vec<(usize, Turn)> {
        let is = |marks: &Marks, place: usize| marks.as_ref().is_none_or(|marks| marks[place]);
        let about = |(number, fault): (usize, &Option<Move>)| match fault {
            Some(Move::Weather(a, b, kinds, turn))
                if is(a, from as usize) && is(b, to as usize) && is(kinds, kind) =>
            {
                Some((number, turn.clone()))
            }
            _ => None,
        };
        self.faults.iter().enumerate().filter_map(about).collect()
    }

    /// The chain of Gilbert and Elliott, stepped on by one copy.
    fn bursts(&mut self, own: bool, number: Option<usize>, burst: Burst, at: At) -> bool {
        let (message, copy) = at;
        let purpose = if own { KeyedPurpose::Burst } else { KeyedPurpose::FaultBurst };
        let [changes, loses] = self.draws(purpose, message, copy);
        let within = self.within.entry((number, message.0, message.1)).or_insert(false);
        let turns = if *within { burst.ends } else { burst.begins };
        *within ^= turns.hits(changes);
        *within && burst.loss.hits(loses)
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
        let turns = self.turns(message);
        let [delay, loss] = self.draws(KeyedPurpose::Delay, message, copy);
        let by_fault = self.draws(KeyedPurpose::Loss, message, copy)[0];
        // Bursts belong to links: rules for some kinds do not change them.
        let about_all = |rule: &LinkRule| rule.burst.filter(|_| rule.messages.is_empty());
        let own = self.setting(message, &self.plan.burst, |rule| about_all(rule).map(Some));
        let own = own.is_some_and(|burst| self.bursts(true, None, burst, (message, copy)));
        let latest = turns.iter().rev().find_map(|(number, turn)| match turn {
            Turn::Burst(burst) => Some((*number, *burst)),
            _ => None,
        });
        let in_burst = latest.is_some_and(|(number, burst)| {
            self.bursts(false, Some(number), burst, (message, copy))
        });
        let lost_by_fault =
            turns.iter().any(|(_, turn)| matches!(turn, Turn::Lose(c) if c.hits(by_fault)));
        let lost = self.setting(message, &self.plan.loss, |rule| rule.loss).hits(loss);
        if lost || lost_by_fault || own || in_burst {
            return Fate::Lost;
        }
        let slow = turns.iter().rev().find_map(|(_, turn)| match turn {
            Turn::Delay(law) => Some(law.clone()),
            _ => None,
        });
        let usual = || self.setting(message, &self.plan.latency, |rule| rule.latency.clone());
        let latency = slow.unwrap_or_else(usual).compile().draw(delay);
        let mut arrival = now.after(Span(latency));
        if self.setting(message, &self.plan.order, |rule| rule.order) == Order::Fifo {
            let latest = self.latest.entry((from, to)).or_default();
            arrival = arrival.max(*latest);
            *latest = arrival;
        }
        let [own, fault] = self.draws(KeyedPurpose::Corrupt, message, copy);
        let spoils = |(_, turn): &(usize, Turn)| matches!(turn, Turn::Spoil(c) if c.hits(fault));
        if self.setting(message, &self.plan.corrupt, |rule| rule.corrupt).hits(own)
            || turns.iter().any(spoils)
        {
            return Fate::Spoils(arrival);
        }
        Fate::Arrives(arrival)
    }

    /// The fates of a message's copies, in the order they are decided.
    fn send(&mut self, now: SimTime, from: u32, to: u32, kind: usize) -> Vec<Fate> {
        let message = (from, to, kind);
        *self.sent.entry(message).or_insert(0) += 1;
        let copies = self.setting(message, &self.plan.duplicate, |rule| rule.duplicate);
        let [own, fault] = self.draws(KeyedPurpose::Duplicate, message, 0);
        let turns = self.turns(message);
        let copied = turns.iter().any(|(_, turn)| matches!(turn, Turn::Copy(c) if c.hits(fault)));
        let is_copied = !self.is_cut(from, to) && (copies.hits(own) || copied);
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
        Move::Weather(from, to, kinds, turn) => {
            let ends = match (from, to) {
                (None, None) => Vec::new(),
                ends => vec![(ends.0.clone(), ends.1.clone())],
            };
            let change = match turn {
                Turn::Lose(chance) => Change::Loss(*chance),
                Turn::Delay(law) => Change::Latency(Arc::new(law.compile())),
                Turn::Copy(chance) => Change::Duplicate(*chance),
                Turn::Spoil(chance) => Change::Corrupt(*chance),
                Turn::Burst(burst) => Change::Burst(*burst),
            };
            network.change(fault, Scope { ends, kinds: kinds.clone() }, change);
        }
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
            within: BTreeMap::new(),
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

/// What a network of one law makes of 200 000 messages on one link.
fn stream_of(network: Plan) -> Vec<Fate> {
    let plan = plan(2, network);
    let compiled = Compiled::new(&plan, |_| "node");
    let mut network = Network::new(Keyed::new(Seed(7)), &compiled, KINDS);
    (0..200_000).flat_map(|_| send(&mut network, SimTime::ZERO, 0, 1, 0)).collect()
}

/// The chain of Gilbert and Elliott: the share `begins / (begins + ends)` of copies meets a burst, and
/// a burst lasts `1 / ends` copies in the mean. Tolerances are four standard errors.
#[test]
fn bursts_are_as_frequent_and_as_long_as_the_chain_says() {
    let chance = |p| Chance::from_f64(p).expect("a probability");
    let burst = |loss| Burst { begins: chance(0.01), ends: chance(0.2), loss: chance(loss) };
    let lost = |loss| {
        let fates = stream_of(Plan { burst: Some(burst(loss)), ..Plan::default() });
        fates.into_iter().map(|fate| fate == Fate::Lost).collect::<Vec<bool>>()
    };
    let fates = lost(1.0);
    let runs = fates.chunk_by(|a, b| a == b).filter(|run| run[0]).count() as f64;
    let share = |fates: &[bool]| fates.iter().filter(|lost| **lost).count() as f64 / 200_000.0;
    // Bursts of mean 5 with deviation sqrt(20), 1 904 of them: 200 000 / (100 + 5).
    assert!((runs - 1_904.8).abs() < 4.0 * 40.0, "{runs} bursts");
    let mean = share(&fates) * 200_000.0 / runs;
    assert!((mean - 5.0).abs() < 4.0 * 4.472 / 43.6, "of {mean} copies");
    assert!((share(&fates) - 1.0 / 21.0).abs() < 4.0 * 0.0014, "{}", share(&fates));
    let half = share(&lost(0.5));
    assert!((half - 0.5 / 21.0).abs() < 4.0 * 0.0009, "{half}");
}

/// From 1 ms to 10 ms is 5.5 ms in the mean: a deviation of 2.6 ms, 200 000 draws.
#[test]
fn a_uniform_latency_has_the_mean_of_its_ends() {
    let latency = Law::Uniform { from: Span::millis(1), to: Span::millis(10) };
    let fates = stream_of(Plan { latency, ..Plan::default() });
    let arrivals = fates.iter().map(|fate| match fate {
        Fate::Arrives(at) => u128::from(at.0),
        other => panic!("{other:?}"),
    });
    let mean = arrivals.sum::<u128>() / 200_000;
    assert!(mean.abs_diff(5_500_000) < 4 * 5_810, "{mean} ns");
}

/// A rule for all kinds and rules for some: the last that is about a kind counts.
#[test]
fn kinds_that_no_rule_names_are_under_the_rules_for_all() {
    let (ends, span) = (vec![NodeId(0), NodeId(1)], |ms| Law::Constant(Span::millis(ms)));
    let rule = |messages: &[usize], ms| LinkRule {
        from: ends.clone(),
        to: ends.clone(),
        messages: messages.to_vec(),
        latency: Some(span(ms)),
        ..LinkRule::default()
    };
    let arrivals = |links: Vec<LinkRule>| {
        let plan = plan(2, Plan { links, ..Plan::default() });
        let compiled = Compiled::new(&plan, |_| "node");
        let mut network = Network::new(Keyed::new(Seed(7)), &compiled, KINDS);
        let mut at = |kind| match send(&mut network, SimTime::ZERO, 0, 1, kind)[..] {
            [Fate::Arrives(at)] => at.0 / 1_000_000,
            ref other => panic!("{other:?}"),
        };
        [at(0), at(1), at(2)]
    };
    assert_eq!(arrivals(vec![rule(&[1], 3)]), [1, 3, 1]);
    assert_eq!(arrivals(vec![rule(&[1], 3), rule(&[], 5)]), [5, 5, 5]);
    assert_eq!(arrivals(vec![rule(&[], 5), rule(&[1], 3)]), [5, 3, 5]);
    assert_eq!(arrivals(vec![rule(&[0, 1], 3), rule(&[1, 2], 4)]), [3, 4, 4]);
}
