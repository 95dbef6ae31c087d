//! The network: what becomes of every copy of every message.
//!
//! Loss, duplication, latency and cuts are decided when a message is sent, by draws that are keyed
//! by (seed, link, kind, n-th of that kind on that link): dropping one message moves no other draw.
//! Whether the receiver is up is decided on arrival. Each copy has exactly one fate.
//!
//! Most networks know latency and loss and nothing else. Where there is more, a copy may have to wait
//! (for a wire, or for a clog to end) or to go from place to place: then its fate is decided link by
//! link, when it comes out of each.

mod address;
mod cuts;
mod laws;
mod routes;
#[cfg(test)]
mod tests;
mod transit;
mod weather;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use address::Address;
pub(crate) use cuts::CutShape;
pub(crate) use laws::NetworkLaws;
pub(crate) use transit::{Sent, Way};
pub(crate) use weather::{Change, Marks, Scope};

use cuts::Cut;
use routes::Routes;
use transit::Line;
use weather::Weather;
use wire::Wire;

use super::Compiled;
use super::links::Counters;
use crate::law::Sampler;
use crate::plan::{Burst, Order};
use crate::protocol::NodeId;
use crate::random::{Chance, Keyed, KeyedPurpose};
use crate::time::{SimTime, Span};

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
    /// It arrives corrupt, and is thrown away then.
    Spoils(SimTime),
    /// It has to wait, or to go from place to place.
    Undecided,
}

/// The state of the network in one run.
#[derive(Debug)]
pub(crate) struct Network {
    keyed: Keyed,
    /// What each node's draws are keyed by; see [`Plan::owners`](crate::plan::Plan::owners).
    owners: Arc<[u32]>,
    laws: Arc<NetworkLaws>,
    /// Whether latency and loss are all there is to know: most networks are like that.
    is_plain: bool,
    /// Whether it is plain, and no fault changes it now.
    is_calm: bool,
    /// What holds on a link of a plain network.
    latency: Arc<Sampler>,
    loss: Chance,
    /// What is drawn for the next message of each kind on each link of a small cluster. It is known
    /// when the one before is sent, and made then, when nothing waits for it.
    ahead: Vec<Drawn>,
    /// Messages sent so far.
    sent: Counters,
    /// The latest arrival, for links that keep order; made at first use.
    latest: BTreeMap<Line, SimTime>,
    /// Whether any fault changes the network now.
    is_faulty: bool,
    weather: Weather,
    /// The links that are in a burst of losses, their own or that of a fault.
    bursts: BTreeMap<(Option<usize>, Line), bool>,
    /// Wires that were used, in the order of their first use.
    wires: Vec<(Line, Wire)>,
    wire_of: BTreeMap<Line, u32>,
    /// While links of the topology are cut: the routes over the others.
    detours: Option<Routes>,
}

impl Network {
    pub(crate) fn new(keyed: Keyed, compiled: &Compiled, kinds: usize) -> Network {
        let (laws, owners) = (compiled.network.clone(), compiled.owners.clone());
        let sent = Counters::new(owners.len(), kinds);
        Network {
            keyed,
            owners,
            is_plain: laws.are_plain(),
            is_calm: laws.are_plain(),
            latency: laws.base.latency.clone(),
            loss: laws.base.loss,
            laws,
            ahead: vec![Drawn::default(); sent.cells()],
            sent,
            latest: BTreeMap::new(),
            is_faulty: false,
            weather: Weather::default(),
            bursts: BTreeMap::new(),
            wires: Vec::new(),
            wire_of: BTreeMap::new(),
            detours: None,
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
        self.is_faulty && self.weather.cuts.iter().any(|cut| cut.shape.severs(from, to))
    }

    /// Whether the network makes a second copy of a message.
    #[inline(always)]
    pub(crate) fn duplicates(&self, at: Address) -> bool {
        !self.is_calm && self.duplicates_amid_rules(at)
    }

    #[inline(never)]
    fn duplicates_amid_rules(&self, at: Address) -> bool {
        let chance = self.laws.of(at).duplicate;
        let by_fault = self.weather.duplicate(at);
        if chance == Chance::NEVER && by_fault == Chance::NEVER {
            return false;
        }
        let [own, fault] = self.draw(KeyedPurpose::Duplicate, at);
        chance.hits(own) || by_fault.hits(fault)
    }

    /// Decides what becomes of a copy sent now.
    #[inline(always)]
    pub(crate) fn fate(&mut self, now: SimTime, at: Address, drawn: Drawn) -> Fate {
        if !self.is_calm {
            return self.fate_amid_rules(now, at, drawn);
        }
        if self.loss != Chance::NEVER && self.loss.hits(drawn.loss) {
            return Fate::Lost;
        }
        Fate::Arrives(now.after(Span(self.latency.draw(drawn.delay))))
    }

    /// The same where there is more to know than latency and loss.
    #[inline(never)]
    fn fate_amid_rules(&mut self, now: SimTime, at: Address, drawn: Drawn) -> Fate {
        if self.is_cut(at.from(), at.to()) {
            return Fate::Cut;
        }
        if self.goes_aside(at) {
            return Fate::Undecided;
        }
        self.over_link(now, at, drawn)
    }

    /// What becomes of a copy between two nodes when it leaves, once it has been sent.
    fn over_link(&mut self, now: SimTime, at: Address, drawn: Drawn) -> Fate {
        let laws = self.laws.clone();
        let law = laws.of(at);
        let line = Line::between(at);
        let bursts = self.burst_loses(law.burst, at, at, line);
        if law.loss.hits(drawn.loss) || self.lost_by_fault(at) || bursts {
            return Fate::Lost;
        }
        let stand_in = self.weather.latency(at);
        let latency = stand_in.unwrap_or(&law.latency).draw(drawn.delay);
        let arrival = self.in_order(law.order, line, now.after(Span(latency)));
        if self.corrupts(law.corrupt, at) || self.corrupted_by_fault(at) {
            return Fate::Spoils(arrival);
        }
        Fate::Arrives(arrival)
    }

    /// The arrival on a link that may have to keep order.
    fn in_order(&mut self, order: Order, line: Line, arrival: SimTime) -> SimTime {
        if order == Order::Reordering {
            return arrival;
        }
        let latest = self.latest.entry(line).or_default();
        *latest = arrival.max(*latest);
        *latest
    }

    /// Whether a fault that loses messages loses this copy: the worst of those under way decides.
    fn lost_by_fault(&self, at: Address) -> bool {
        let worst = self.weather.loss(at);
        worst != Chance::NEVER && worst.hits(self.draw(KeyedPurpose::Loss, at)[0])
    }

    fn corrupts(&self, chance: Chance, at: Address) -> bool {
        chance != Chance::NEVER && chance.hits(self.draw(KeyedPurpose::Corrupt, at)[0])
    }

    fn corrupted_by_fault(&self, at: Address) -> bool {
        let worst = self.weather.corrupt(at);
        worst != Chance::NEVER && worst.hits(self.draw(KeyedPurpose::Corrupt, at)[1])
    }

    /// Whether a burst loses a copy: one of the link's own, or one of a fault's. The copy steps both
    /// chains on.
    fn burst_loses(
        &mut self,
        own: Option<Burst>,
        at: Address,
        on_hop: Address,
        line: Line,
    ) -> bool {
        let by_fault = self.weather.burst(at);
        if own.is_none() && by_fault.is_none() {
            return false;
        }
        let own =
            own.is_some_and(|burst| self.burst(KeyedPurpose::Burst, None, burst, on_hop, line));
        let fault = by_fault.is_some_and(|(fault, burst)| {
            self.burst(KeyedPurpose::FaultBurst, Some(fault), burst, on_hop, line)
        });
        own || fault
    }

    fn burst(
        &mut self,
        purpose: KeyedPurpose,
        fault: Option<usize>,
        burst: Burst,
        at: Address,
        line: Line,
    ) -> bool {
        let [changes, loses] = self.draw(purpose, at);
        let within = self.bursts.entry((fault, line)).or_default();
        *within = match *within {
            true => !burst.ends.hits(changes),
            false => burst.begins.hits(changes),
        };
        *within && burst.loss.hits(loses)
    }

    pub(crate) fn cut(&mut self, fault: usize, shape: CutShape) {
        self.weather.cuts.push(Cut { fault, shape });
        self.weather_changes();
    }

    /// Changes something about some messages until the fault ends.
    pub(crate) fn change(&mut self, fault: usize, scope: Scope, change: Change) {
        self.weather.begin((fault, None), scope, change);
        self.weather_changes();
    }

    /// The same for one node of several that a fault hits one by one.
    pub(crate) fn change_part(&mut self, fault: usize, node: NodeId, scope: Scope, change: Change) {
        self.weather.begin((fault, Some(node)), scope, change);
        self.weather_changes();
    }

    /// Ends what a fault began for one node.
    pub(crate) fn heal_part(&mut self, fault: usize, node: NodeId) {
        self.weather.end_part(fault, node);
        self.weather_changes();
    }

    /// Ends what a fault began.
    pub(crate) fn heal(&mut self, fault: usize) {
        self.weather.end(fault);
        self.bursts.retain(|(of, _), _| *of != Some(fault));
        self.weather_changes();
    }

    fn weather_changes(&mut self) {
        self.is_faulty = !self.weather.is_calm();
        self.is_calm = self.is_plain && !self.is_faulty;
        self.find_detours();
    }

    #[inline(always)]
    fn draw(&self, purpose: KeyedPurpose, at: Address) -> [u64; 2] {
        let [from, to] = [at.from(), at.to()].map(|node| u64::from(self.owners[node.index()]));
        self.keyed.of_copy(purpose, from << 32 | to, at.which)
    }
}
