//! Copies that have to wait, or to go from place to place.

use std::collections::BTreeSet;

use super::laws::{LinkLaw, WireLaw};
use super::wire::Wire;
use super::{Address, Drawn, Fate, Network, Scope};
use crate::protocol::NodeId;
use crate::random::KeyedPurpose;
use crate::time::{SimTime, Span};

/// One link in one direction: between two nodes, or between two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line(u64);

impl Line {
    /// No node has this number.
    const PLACES: u64 = (u32::MAX as u64) << 32;

    pub(super) fn between(at: Address) -> Line {
        Line(at.link)
    }

    pub(super) fn edge(number: usize) -> Line {
        Line(Line::PLACES | number as u64)
    }

    /// The link of the topology, by its number.
    fn as_edge(self) -> Option<usize> {
        let number = self.0.checked_sub(Line::PLACES)?;
        usize::try_from(number).ok()
    }

    #[allow(clippy::cast_possible_truncation, reason = "the halves of a link")]
    fn nodes(self) -> (NodeId, NodeId) {
        (NodeId((self.0 >> 32) as u32), NodeId(self.0 as u32))
    }
}

/// What a copy does next, at its sender or at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is cut off by a partition.
    Cut,
    /// It does not leave before a clog ends.
    Clogged,
    /// No route leads on from here.
    Nowhere,
    /// It goes over this link.
    Over(Line),
}

/// What a link does with a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It has been sent at once.
    AtOnce,
    /// It waits for its turn on this wire, or is being sent.
    Later(u32),
    /// There is no room for it.
    Overflows,
}

impl Network {
    /// Whether more is to be decided about a copy than what becomes of it on one link now.
    pub(super) fn goes_aside(&self, at: Address) -> bool {
        (self.is_faulty && self.weather.clogs(at))
            || self.place(at.from()) != self.place(at.to())
            || self.has_wire(Line::between(at), self.laws.of(at).wire)
    }

    fn has_wire(&self, line: Line, law: WireLaw) -> bool {
        self.rate(line, law).is_some() || {
            // A wire that has lost its rate may still be letting go of what it holds.
            let wire = self.wire_of.get(&line).map(|number| &self.wires[*number as usize].1);
            wire.is_some_and(|wire| !wire.is_idle_and_instant())
        }
    }

    /// The bandwidth of a link now.
    fn rate(&self, line: Line, law: WireLaw) -> Option<u64> {
        let is_about = |scope: &Scope| match line.as_edge() {
            Some(_) => scope.is_all(),
            None => {
                let (from, to) = line.nodes();
                scope.kinds.is_none() && scope.holds_link(from, to)
            }
        };
        let by_fault = if self.is_faulty { self.weather.bandwidth(is_about) } else { None };
        by_fault.or(law.bandwidth)
    }

    /// Where a node stands; all are at one place where there are none.
    pub(crate) fn place(&self, node: NodeId) -> usize {
        self.laws.topology.as_ref().map_or(0, |topology| topology.place_of(node))
    }

    /// What a copy does next; `hop` is how many links it has behind it.
    pub(crate) fn way(&self, at: Address, place: usize, hop: u32) -> Way {
        if hop == 0 && self.is_cut(at.from(), at.to()) {
            return Way::Cut;
        }
        if hop == 0 && self.is_faulty && self.weather.clogs(at) {
            return Way::Clogged;
        }
        let to = self.place(at.to());
        if place == to {
            return Way::Over(Line::between(at));
        }
        self.next(place, to).map_or(Way::Nowhere, |edge| Way::Over(Line::edge(edge)))
    }

    fn next(&self, place: usize, to: usize) -> Option<usize> {
        let topology = self.laws.topology.as_ref()?;
        self.detours.as_ref().unwrap_or(&topology.routes).next(place, to)
    }

    /// Hands a copy to a link.
    pub(crate) fn transmit(
        &mut self,
        now: SimTime,
        (at, line): (Address, Line),
        parcel: u32,
        bytes: u32,
    ) -> Sent {
        let law = self.law(at, line).wire;
        if !self.has_wire(line, law) {
            return Sent::AtOnce;
        }
        let rate = self.rate(line, law);
        let next = u32::try_from(self.wires.len()).expect("fewer wires than messages");
        let number = *self.wire_of.entry(line).or_insert(next);
        if number == next {
            self.wires.push((line, Wire::new(law, rate)));
        }
        let (_, wire) = &mut self.wires[number as usize];
        match wire.join(now, parcel, bytes) {
            true => Sent::Later(number),
            false => Sent::Overflows,
        }
    }

    fn law(&self, at: Address, line: Line) -> &LinkLaw {
        match (line.as_edge(), &self.laws.topology) {
            (Some(edge), Some(topology)) => &topology.edges[edge].law,
            _ => self.laws.of(at),
        }
    }

    pub(crate) fn wire(&mut self, number: u32) -> &mut Wire {
        &mut self.wires[number as usize].1
    }

    /// What becomes of a copy that a link has sent, and the place it comes to; `None` where that is
    /// its receiver's. `hop` is how many links it had behind it.
    pub(crate) fn emerge(
        &mut self,
        now: SimTime,
        at: Address,
        line: Line,
        hop: u32,
    ) -> (Fate, Option<usize>) {
        let Some(edge) = line.as_edge() else {
            return (self.over_link(now, at, self.drawn(at)), None);
        };
        if self.weather.cut_edges.iter().any(|(_, edges)| edges.contains(&edge)) {
            return (Fate::Cut, None);
        }
        let laws = self.laws.clone();
        let edge = &laws.topology.as_ref().expect("a link between places").edges[edge];
        let on_hop = at.on_hop(hop);
        let drawn: Drawn = self.drawn(on_hop);
        let by_fault = hop == 0 && self.lost_by_fault(at);
        let in_burst = self.burst_loses(edge.law.burst, at, on_hop, line);
        if edge.law.loss.hits(drawn.loss) || by_fault || in_burst {
            return (Fate::Lost, None);
        }
        let latency = self.weather.latency(at).unwrap_or(&edge.law.latency).draw(drawn.delay);
        let arrival = self.in_order(edge.law.order, line, now.after(Span(latency)));
        let by_fault = hop == 0 && self.corrupted_by_fault(at);
        if self.corrupts(edge.law.corrupt, on_hop) || by_fault {
            return (Fate::Spoils(arrival), None);
        }
        (Fate::Arrives(arrival), (edge.to != self.place(at.to())).then_some(edge.to))
    }

    /// Cuts links of the topology until the fault ends.
    pub(crate) fn cut_edges(&mut self, fault: usize, edges: Vec<usize>) {
        self.weather.cut_edges.push((fault, edges));
        self.weather_changes();
    }

    pub(super) fn find_detours(&mut self) {
        let cut: BTreeSet<usize> =
            self.weather.cut_edges.iter().flat_map(|(_, edges)| edges.iter().copied()).collect();
        self.detours = match &self.laws.topology {
            Some(topology) if !cut.is_empty() => Some(topology.routes_without(&cut)),
            _ => None,
        };
    }

    /// Whether messages get from one node to another.
    pub(crate) fn reaches(&self, from: NodeId, to: NodeId) -> bool {
        let (here, there) = (self.place(from), self.place(to));
        !self.is_cut(from, to)
            && !self.weather.clogs_all(from, to)
            && (here == there || self.next(here, there).is_some())
    }

    /// Lets the wires follow the weather; gives back those that send faster or slower from now on.
    pub(crate) fn retune(&mut self, now: SimTime) -> Vec<u32> {
        let rates: Vec<Option<u64>> =
            self.wires.iter().map(|(line, _)| self.rate(*line, self.wire_law(*line))).collect();
        let mut changed = Vec::new();
        for (number, ((_, wire), rate)) in (0u32..).zip(self.wires.iter_mut().zip(rates)) {
            if wire.rate() != rate {
                wire.set_rate(now, rate);
                changed.push(number);
            }
        }
        changed
    }

    /// What a plan says of the wire of a link, whatever is sent on it.
    fn wire_law(&self, line: Line) -> WireLaw {
        let (from, to) = line.nodes();
        match line.as_edge() {
            Some(_) => self.law(Address::new(NodeId(0), NodeId(0), 0, 0), line).wire,
            None => self.laws.of(Address::new(from, to, 0, 0)).wire,
        }
    }

    /// Whether a live host turns away what comes for a process that is down.
    pub(crate) fn refuses(&self) -> bool {
        self.laws.refuse
    }

    /// When the sender of a copy that was turned away hears of it; `None` when it never does. The word
    /// takes the latency of the way back, waits for no wire and is not lost.
    pub(crate) fn refusal(&self, now: SimTime, at: Address) -> Option<SimTime> {
        let back = Address::new(at.to(), at.from(), at.kind_number(), at.nth());
        if !self.reaches(back.from(), back.to()) {
            return None;
        }
        let (mut place, to) = (self.place(back.from()), self.place(back.to()));
        let (mut heard, mut hop) = (now, 0);
        loop {
            let line = match place == to {
                true => Line::between(back),
                false => Line::edge(self.next(place, to)?),
            };
            let law = self.law(back, line);
            let draw = self.draw(KeyedPurpose::Refusal, at.on_hop(hop))[0];
            heard =
                heard.after(Span(self.weather.latency(back).unwrap_or(&law.latency).draw(draw)));
            let edges = self.laws.topology.as_ref().map(|topology| &topology.edges);
            match (line.as_edge(), edges) {
                (Some(edge), Some(edges)) if edges[edge].to != to => place = edges[edge].to,
                _ => return Some(heard),
            }
            hop += 1;
        }
    }

    /// Closes the books of every wire at the end of the run.
    pub(crate) fn close_wires(&mut self, now: SimTime) {
        for (line, wire) in self.wires.drain(..) {
            let what = match line.as_edge() {
                Some(edge) => format!("the wire of place link {edge}"),
                None => format!("the wire {}->{}", line.nodes().0.0, line.nodes().1.0),
            };
            wire.close(&what, now);
        }
    }
}
