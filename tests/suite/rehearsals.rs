//! Random rehearsals: a Raft cluster, its world, its work and its bad luck, drawn by proptest and
//! written as a scenario file, so that whatever fails can be run, shared and kept.

use std::fmt::{self, Write};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Faults begin before this, in milliseconds.
const FAULTS_BEGIN_BEFORE: u64 = 4_000;
/// The longest of them.
const LONGEST_FAULT: u64 = 2_000;
/// By now everything has ended that ends.
pub(crate) const HEALED: u64 = FAULTS_BEGIN_BEFORE + LONGEST_FAULT;

/// One random rehearsal.
#[derive(Clone, Debug)]
pub(crate) struct Rehearsal {
    servers: usize,
    clients: usize,
    election: u64,
    max_batch: u64,
    network: Network,
    disk: Law,
    load: Load,
    keys: Keys,
    mix: [u64; 4],
    faults: Vec<Fault>,
    seed: u64,
}

/// What becomes of the cluster in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Some faults last, and some servers stay down.
    Open,
    /// Everything heals and restarts, and everything that was asked since must be answered.
    Healed,
}

#[derive(Clone, Debug)]
struct Network {
    latency: Law,
    loss: u64,
    duplicate: u64,
    fifo: bool,
    links: Vec<Link>,
}

#[derive(Clone, Debug)]
struct Link {
    from: u16,
    to: u16,
    latency: Option<Law>,
    loss: u64,
    fifo: bool,
}

/// A law of latency, in microseconds.
#[derive(Clone, Debug)]
enum Law {
    Constant(u64),
    Uniform(u64, u64),
    Exponential(u64),
    Lognormal(u64, u64),
    /// The shortest, and a hundred times the exponent.
    Pareto(u64, u64),
    /// In how many of a hundred draws the second of two spans.
    Mixture(u64, u64, u64),
}

#[derive(Clone, Debug)]
enum Load {
    Open(u64),
    Closed(u64, Law),
}

#[derive(Clone, Debug)]
enum Keys {
    Uniform(u64),
    Zipf(u64),
}

#[derive(Clone, Debug)]
struct Fault {
    at: u64,
    lasts: u64,
    /// Whether it ends by itself; faults of rehearsals that heal all do.
    ends: bool,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Crash(Whom),
    /// A crash whose restart is a fault of its own.
    CrashAndRestart(u16),
    Pause(Whom),
    Partition(Vec<usize>),
    Isolate(Whom),
    OneWay(Whom, Whom),
    Loss(u64),
    Latency(Law),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    Leader,
    Followers,
    Servers,
    /// A bit per node, servers first.
    Nodes(u16),
}

/// Any rehearsal.
pub(crate) fn any_rehearsal() -> impl Strategy<Value = Rehearsal> {
    let cluster = (1..=7usize, 1..=3usize, 100..400u64, prop_oneof![Just(64), 1..8u64]);
    let work = (load(), keys(), any_mix());
    let world = (network(), law(20_000), vec(fault(), 0..8));
    (cluster, world, work, 0..1_000_000u64).prop_map(|(cluster, world, work, seed)| {
        let (servers, clients, election, max_batch) = cluster;
        let (network, disk, faults) = world;
        let (load, keys, mix) = work;
        Rehearsal {
            servers,
            clients,
            election,
            max_batch,
            network,
            disk,
            load,
            keys,
            mix,
            faults,
            seed,
        }
    })
}

/// Up to this many microseconds, apart from rare long ones.
fn law(most: u64) -> impl Strategy<Value = Law> {
    law_from(50, most)
}

fn law_from(least: u64, most: u64) -> impl Strategy<Value = Law> {
    prop_oneof![
        (least..most).prop_map(Law::Constant),
        (least..most / 2, 1..most / 2).prop_map(|(from, more)| Law::Uniform(from, from + more)),
        (least..most / 2).prop_map(Law::Exponential),
        (least..most / 4, 1..8u64).prop_map(|(median, tail)| Law::Lognormal(median, tail)),
        (least..most / 4, 150..400u64)
            .prop_map(|(shortest, exponent)| Law::Pareto(shortest, exponent)),
        (least..most / 2, least..most, 1..50u64)
            .prop_map(|(one, other, share)| Law::Mixture(one, other, share)),
    ]
}

/// Calm half of the time.
fn percent() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..=20u64]
}

fn network() -> impl Strategy<Value = Network> {
    let link = (any::<u16>(), any::<u16>(), option::of(law(20_000)), percent(), any::<bool>());
    let link =
        link.prop_map(|(from, to, latency, loss, fifo)| Link { from, to, latency, loss, fifo });
    (law(20_000), percent(), percent(), any::<bool>(), vec(link, 0..3)).prop_map(
        |(latency, loss, duplicate, fifo, links)| Network { latency, loss, duplicate, fifo, links },
    )
}

/// Users think for a while: thousands of operations side by side on one key, half of them appends
/// that nobody reads in between, are more than the checker's budget.
fn load() -> impl Strategy<Value = Load> {
    prop_oneof![
        (20..100u64).prop_map(Load::Open),
        (1..6u64, law_from(20_000, 200_000)).prop_map(|(users, think)| Load::Closed(users, think)),
    ]
}

fn keys() -> impl Strategy<Value = Keys> {
    prop_oneof![(1..5u64).prop_map(Keys::Uniform), (5..500u64).prop_map(Keys::Zipf)]
}

fn any_mix() -> impl Strategy<Value = [u64; 4]> {
    let weights = [0..=4u64, 0..=4, 0..=4, 0..=4];
    weights.prop_map(|mix| if mix.iter().sum::<u64>() == 0 { [1; 4] } else { mix })
}

/// Half of the faults are short: bugs hide in restarts within one election.
fn fault() -> impl Strategy<Value = Fault> {
    let at = prop_oneof![0..FAULTS_BEGIN_BEFORE, 0..1_000u64];
    let lasts = prop_oneof![1..LONGEST_FAULT, 1..150u64];
    (at, lasts, prop::bool::weighted(0.8), kind()).prop_map(|(at, lasts, ends, kind)| Fault {
        at,
        lasts,
        ends,
        kind,
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => whom().prop_map(Kind::Crash),
        1 => any::<u16>().prop_map(Kind::CrashAndRestart),
        2 => whom().prop_map(Kind::Pause),
        2 => vec(0..3usize, 10).prop_map(Kind::Partition),
        1 => whom().prop_map(Kind::Isolate),
        1 => (whom(), whom()).prop_map(|(from, to)| Kind::OneWay(from, to)),
        1 => (5..95u64).prop_map(Kind::Loss),
        1 => law(600_000).prop_map(Kind::Latency),
    ]
}

fn whom() -> impl Strategy<Value = Whom> {
    prop_oneof![
        2 => Just(Whom::Leader),
        1 => Just(Whom::Followers),
        1 => Just(Whom::Servers),
        4 => any::<u16>().prop_map(Whom::Nodes),
    ]
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Law::Constant(span) => write!(f, "\"{span}us\""),
            Law::Uniform(from, to) => write!(f, "\"{from}us..{to}us\""),
            Law::Exponential(mean) => write!(f, "{{ exponential = {{ mean = \"{mean}us\" }} }}"),
            Law::Lognormal(median, tail) => {
                let p99 = median * (tail + 1);
                write!(f, "{{ lognormal = {{ median = \"{median}us\", p99 = \"{p99}us\" }} }}")
            }
            Law::Pareto(shortest, exponent) => {
                let (whole, rest) = (exponent / 100, exponent % 100);
                write!(f, "{{ pareto = {{ shortest = \"{shortest}us\", ")?;
                write!(f, "exponent = {whole}.{rest:02} }} }}")
            }
            Law::Mixture(one, other, share) => {
                let rest = 100 - share;
                write!(f, "{{ mixture = [{{ share = 0.{rest:02}, law = \"{one}us\" }}, ")?;
                write!(f, "{{ share = 0.{share:02}, law = \"{other}us\" }}] }}")
            }
        }
    }
}

impl Rehearsal {
    /// The same without one of its faults or links, each in turn.
    pub(crate) fn smaller(&self) -> Vec<Rehearsal> {
        let without_fault = (0..self.faults.len()).map(|at| {
            let mut smaller = self.clone();
            smaller.faults.remove(at);
            smaller
        });
        let without_link = (0..self.network.links.len()).map(|at| {
            let mut smaller = self.clone();
            smaller.network.links.remove(at);
            smaller
        });
        without_fault.chain(without_link).collect()
    }

    /// The scenario file, with the bugs of these names planted.
    pub(crate) fn toml(&self, ending: Ending, bugs: &[String]) -> String {
        let mut text = String::new();
        self.write(&mut text, ending, bugs).expect("writing to a string does not fail");
        text
    }

    fn write(&self, out: &mut String, ending: Ending, bugs: &[String]) -> fmt::Result {
        let length = if ending == Ending::Healed { HEALED + 8_000 } else { HEALED + 6_000 };
        writeln!(out, "title = \"A random rehearsal\"\nprotocol = \"raft\"")?;
        writeln!(out, "duration = \"{length}ms\"\nseed = {}", self.seed)?;
        if !bugs.is_empty() {
            writeln!(out, "bug = {bugs:?}")?;
        }
        writeln!(out, "\n[cluster]\nservers = {}\nclients = {}", self.servers, self.clients)?;
        let (least, most) = (self.election, self.election * 2);
        writeln!(out, "\n[raft]\nelection_timeout = \"{least}ms..{most}ms\"")?;
        // A promise to answer everything needs capacity for it.
        let max_batch = if ending == Ending::Healed { 64 } else { self.max_batch };
        writeln!(out, "heartbeat = \"{}ms\"\nmax_batch = {max_batch}", least / 4)?;
        self.write_network(out)?;
        writeln!(out, "\n[disk]\nsync_latency = {}", self.disk)?;
        self.write_workload(out, ending)?;
        self.write_faults(out, ending)?;
        if ending == Ending::Healed {
            // Who crashed while a crash of the same nodes was under way may be down still.
            for role in ["servers", "clients"] {
                writeln!(out, "\n[[fault]]\nat = \"{HEALED}ms\"\nrestart = \"{role}\"")?;
            }
        }
        writeln!(out, "\n[[expect]]\nlinearizable = true\n[[expect]]\nleaders_at_most = 1")?;
        if ending == Ending::Healed {
            let (from, to) = (HEALED, HEALED + 1_500);
            writeln!(out, "[[expect]]\nprogress = true")?;
            writeln!(
                out,
                "[[expect]]\nerror_rate_at_most = 0\nduring = \"{from}ms..{to}ms\" # all answered"
            )?;
        }
        Ok(())
    }

    fn write_network(&self, out: &mut String) -> fmt::Result {
        let Network { latency, loss, duplicate, fifo, links } = &self.network;
        let order = |fifo: &bool| if *fifo { "fifo" } else { "reordering" };
        writeln!(out, "\n[network]\nlatency = {latency}\nloss = {}", share(*loss))?;
        writeln!(out, "duplicate = {}\norder = \"{}\"", share(*duplicate), order(fifo))?;
        for Link { from, to, latency, loss, fifo } in links {
            let (from, to) = (self.names(self.some(*from)), self.names(self.some(*to)));
            writeln!(out, "\n[[network.link]]\nfrom = {from:?}\nto = {to:?}")?;
            writeln!(out, "loss = {}\norder = \"{}\"", share(*loss), order(fifo))?;
            if let Some(latency) = latency {
                writeln!(out, "latency = {latency}")?;
            }
        }
        Ok(())
    }

    fn write_workload(&self, out: &mut String, ending: Ending) -> fmt::Result {
        writeln!(out, "\n[workload]")?;
        match &self.load {
            // Within what one batch in a tenth of a second can carry, even after an outage: an
            // overloaded cluster rightly answers late.
            Load::Open(rate) => {
                writeln!(out, "rate = \"{}/s\"", rate.min(&(4 * self.max_batch)))?;
            }
            Load::Closed(users, think) => writeln!(out, "users = {users}\nthink = {think}")?,
        }
        match self.keys {
            Keys::Uniform(count) => writeln!(out, "keys = {count}")?,
            Keys::Zipf(count) => {
                writeln!(out, "keys = {{ zipf = {{ count = {count}, exponent = 0.99 }} }}")?;
            }
        }
        let [get, put, cas, append] = self.mix;
        writeln!(out, "mix = {{ get = {get}, put = {put}, cas = {cas}, append = {append} }}")?;
        if ending == Ending::Healed {
            writeln!(out, "stop = \"{}ms\"", HEALED + 1_500)?;
        }
        Ok(())
    }

    /// The faults in the order of time.
    fn write_faults(&self, out: &mut String, ending: Ending) -> fmt::Result {
        let mut down = Down(vec![None; self.servers + self.clients]);
        for Strike { at, fault, restarts } in self.strikes() {
            down.pass(at);
            if let Some(nodes) = restarts {
                if let Some(names) = self.whom(&Whom::Nodes(down.restart(nodes))) {
                    writeln!(out, "\n[[fault]]\nat = \"{at}ms\"\nrestart = {names}")?;
                }
                continue;
            }
            let lasts = (fault.ends || ending == Ending::Healed).then_some(fault.lasts);
            let Some((key, value)) = self.fault(at, lasts, &fault.kind, &mut down) else {
                continue;
            };
            writeln!(out, "\n[[fault]]\nat = \"{at}ms\"\n{key} = {value}")?;
            match (&fault.kind, lasts) {
                (Kind::CrashAndRestart(_), _) | (_, None) => {}
                (Kind::Crash(_), Some(lasts)) => writeln!(out, "restart_after = \"{lasts}ms\"")?,
                (_, Some(lasts)) => writeln!(out, "for = \"{lasts}ms\"")?,
            }
        }
        Ok(())
    }

    /// What happens, and the restarts that are faults of their own, by time.
    fn strikes(&self) -> Vec<Strike<'_>> {
        let mut strikes = Vec::new();
        for fault in &self.faults {
            strikes.push(Strike { at: fault.at, fault, restarts: None });
            if let Kind::CrashAndRestart(nodes) = &fault.kind {
                let restarts = Some(self.some(*nodes));
                strikes.push(Strike { at: fault.at + fault.lasts, fault, restarts });
            }
        }
        strikes.sort_by_key(|strike| strike.at);
        strikes
    }

    /// Key and value of a fault; nothing when there is nobody left to hit.
    fn fault(
        &self,
        at: u64,
        lasts: Option<u64>,
        kind: &Kind,
        down: &mut Down,
    ) -> Option<(&'static str, String)> {
        let until = lasts.map_or(u64::MAX, |lasts| at + lasts);
        let (key, value) = match kind {
            Kind::Crash(Whom::Nodes(nodes)) => {
                ("crash", self.whom(&Whom::Nodes(down.crash(self.some(*nodes), until))))
            }
            Kind::Crash(whom) => {
                if *whom == Whom::Servers {
                    down.crash_again((1 << self.servers) - 1, until);
                }
                ("crash", self.whom(whom))
            }
            Kind::CrashAndRestart(nodes) => {
                ("crash", self.whom(&Whom::Nodes(down.crash(self.some(*nodes), u64::MAX))))
            }
            Kind::Pause(Whom::Nodes(nodes)) => {
                ("pause", self.whom(&Whom::Nodes(down.up(self.some(*nodes)))))
            }
            Kind::Pause(whom) => ("pause", self.whom(whom)),
            Kind::Partition(groups) => ("partition", self.groups(groups)),
            Kind::Isolate(whom) => ("isolate", self.isolated(whom)),
            Kind::OneWay(from, to) => ("one_way", self.one_way(from, to)),
            Kind::Loss(percent) => ("loss", Some(share(*percent))),
            Kind::Latency(law) => ("latency", Some(law.to_string())),
        };
        value.map(|value| (key, value))
    }

    /// The nodes that exist among those drawn; at least one.
    fn some(&self, nodes: u16) -> u16 {
        let all = self.servers + self.clients;
        match nodes & ((1 << all) - 1) {
            0 => 1 << (usize::from(nodes) % all),
            some => some,
        }
    }

    fn names(&self, nodes: u16) -> Vec<String> {
        let name = |node: usize| match node.checked_sub(self.servers) {
            None => format!("n{}", node + 1),
            Some(client) => format!("client{}", client + 1),
        };
        (0..self.servers + self.clients).filter(|n| nodes >> n & 1 == 1).map(name).collect()
    }

    /// Whom a fault hits; nothing when there is nobody left.
    fn whom(&self, whom: &Whom) -> Option<String> {
        Some(match whom {
            Whom::Leader => "\"leader\"".to_owned(),
            Whom::Followers => "\"followers\"".to_owned(),
            Whom::Servers => "\"servers\"".to_owned(),
            Whom::Nodes(0) => return None,
            Whom::Nodes(nodes) => format!("{:?}", self.names(*nodes)),
        })
    }

    /// Groups by number; whoever drew the last number is in none.
    fn groups(&self, groups: &[usize]) -> Option<String> {
        let group = |number: usize| {
            let all = 0..self.servers + self.clients;
            let members = all.filter(|node| groups[*node] == number);
            self.names(members.fold(0, |mask, node| mask | 1 << node))
        };
        let groups: Vec<Vec<String>> = (0..2).map(group).filter(|g| !g.is_empty()).collect();
        (groups.len() == 2).then(|| format!("{groups:?}"))
    }

    /// Some server is left to be isolated from.
    fn isolated(&self, whom: &Whom) -> Option<String> {
        let servers = (1 << self.servers) - 1;
        match whom {
            Whom::Servers => None,
            Whom::Nodes(nodes) if self.some(*nodes) & servers == servers => None,
            Whom::Nodes(nodes) => self.whom(&Whom::Nodes(self.some(*nodes))),
            rank => self.whom(rank),
        }
    }

    fn one_way(&self, from: &Whom, to: &Whom) -> Option<String> {
        let known = |whom: &Whom| match whom {
            Whom::Nodes(nodes) => Whom::Nodes(self.some(*nodes)),
            Whom::Servers => Whom::Nodes((1 << self.servers) - 1),
            rank => rank.clone(),
        };
        if known(from) == known(to) {
            return None;
        }
        let (from, to) = (self.whom(&known(from))?, self.whom(&known(to))?);
        Some(format!("{{ from = {from}, to = {to} }}"))
    }
}

/// One thing that happens.
struct Strike<'a> {
    at: u64,
    fault: &'a Fault,
    /// The nodes to restart, if that is what happens.
    restarts: Option<u16>,
}

/// Per node until when it is certainly down. Faults on named nodes that contradict each other are
/// errors of a scenario, so who is certainly down is left out of later crashes and pauses.
struct Down(Vec<Option<u64>>);

impl Down {
    fn pass(&mut self, now: u64) {
        self.0.iter_mut().for_each(|down| *down = down.filter(|until| *until > now));
    }

    fn up(&self, nodes: u16) -> u16 {
        let is_up = |node: &usize| nodes >> node & 1 == 1 && self.0[*node].is_none();
        (0..self.0.len()).filter(is_up).fold(0, |mask, node| mask | 1 << node)
    }

    /// Gives back whom it hits.
    fn crash(&mut self, nodes: u16, until: u64) -> u16 {
        let up = self.up(nodes);
        self.crash_again(up, until);
        up
    }

    /// By role, whoever is down already is no contradiction.
    fn crash_again(&mut self, nodes: u16, until: u64) {
        for (node, down) in self.0.iter_mut().enumerate() {
            if nodes >> node & 1 == 1 {
                *down = Some(until);
            }
        }
    }

    /// Gives back who was down.
    fn restart(&mut self, nodes: u16) -> u16 {
        let down = nodes & !self.up(nodes);
        let down = down & ((1 << self.0.len()) - 1);
        for (node, until) in self.0.iter_mut().enumerate() {
            if nodes >> node & 1 == 1 {
                *until = None;
            }
        }
        down
    }
}

/// A percentage as a share.
fn share(percent: u64) -> String {
    format!("0.{percent:02}")
}
