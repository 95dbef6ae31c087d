//! Copies under way that more happens to than that they arrive: they wait for a wire or for a clog to
//! end, go from place to place, or arrive corrupt. Plain networks have none.

use super::event::Flight;
use super::network::{Address, Fate, Sent, Way};
use super::queue::EventQueue;
use super::world::Tag;
use super::{Event, Simulation};
use crate::protocol::{Input, Message, NodeId, Protocol};
use crate::record::RowKind;
use crate::time::SimTime;

/// A copy under way, aside of the queue.
#[derive(Debug)]
struct Parcel<M> {
    flight: Flight<M>,
    /// The place it is at, or comes to next.
    place: usize,
    /// How many links it has behind it.
    hop: u32,
    /// Where it is.
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// At its sender, or on its way to a place.
    Goes,
    /// On a wire: the way it takes.
    OnWire(Way),
    /// At its sender, until a clog ends.
    Clogged,
    /// On its way to be thrown away.
    Spoilt,
}

/// All of them, by number; numbers are used again.
#[derive(Debug)]
pub(super) struct Parcels<M> {
    slots: Vec<Option<Parcel<M>>>,
    free: Vec<u32>,
    /// Those that wait for a clog to end, in the order they were sent.
    clogged: Vec<u32>,
}

impl<M> Default for Parcels<M> {
    fn default() -> Parcels<M> {
        Parcels { slots: Vec::new(), free: Vec::new(), clogged: Vec::new() }
    }
}

impl<M> Parcels<M> {
    fn put(&mut self, parcel: Parcel<M>) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("fewer copies than would be a storm")
        });
        self.slots[number as usize] = Some(parcel);
        number
    }

    fn take(&mut self, number: u32) -> Parcel<M> {
        self.free.push(number);
        self.slots[number as usize].take().expect(IS_THERE)
    }

    fn of(&mut self, number: u32) -> &mut Parcel<M> {
        self.slots[number as usize].as_mut().expect(IS_THERE)
    }

    /// The copies that are aside.
    pub(super) fn flights(&self) -> impl Iterator<Item = &Flight<M>> {
        self.slots.iter().flatten().map(|parcel| &parcel.flight)
    }
}

const IS_THERE: &str = "a parcel is there until it arrives or dies";

impl<P: Protocol> Simulation<'_, P> {
    /// A copy that was sent now does not simply arrive.
    #[inline(never)]
    pub(super) fn put_aside(&mut self, at: Address, fate: Fate, body: P::Message) {
        let now = self.world.now;
        self.world.wire.enter(now);
        self.world.messages.in_flight += 1;
        let flight = Flight { at, sent: now, body: Some(body) };
        let place = self.world.network.place(at.from());
        let stage = if matches!(fate, Fate::Spoils(_)) { Stage::Spoilt } else { Stage::Goes };
        let number = self.parcels.put(Parcel { flight, place, hop: 0, stage });
        match fate {
            Fate::Spoils(at) => self.queue_parcel(at, number),
            _ => self.send_on(number),
        }
    }

    fn queue_parcel(&mut self, at: SimTime, number: u32) {
        self.queue.push(at, Event::Parcel(number));
    }

    /// What was waited for comes to pass: a copy reaches a place, or is seen to be corrupt.
    pub(super) fn parcel(&mut self, number: u32) {
        match self.parcels.of(number).stage {
            Stage::Spoilt => {
                self.world.messages.dropped.corrupt += 1;
                self.drop_parcel(number, 7, "it arrives corrupt");
            }
            _ => self.send_on(number),
        }
    }

    /// A copy leaves its sender, or a place.
    fn send_on(&mut self, number: u32) {
        let now = self.world.now;
        let parcel = self.parcels.of(number);
        let (at, bytes) = (parcel.flight.at, parcel.flight.body().size());
        let way = self.world.network.way(at, parcel.place, parcel.hop);
        match way {
            Way::Cut => {
                self.world.messages.dropped.cut += 1;
                self.drop_parcel(number, 2, CUT);
            }
            Way::Nowhere => {
                self.world.messages.dropped.no_route += 1;
                self.drop_parcel(number, 4, "no route leads to the receiver");
            }
            Way::Clogged => {
                parcel.stage = Stage::Clogged;
                self.parcels.clogged.push(number);
            }
            Way::Over(line) => match self.world.network.transmit(now, (at, line), number, bytes) {
                Sent::AtOnce => self.emerge(number, way),
                Sent::Later(wire) => {
                    parcel.stage = Stage::OnWire(way);
                    self.schedule_wire(wire);
                }
                Sent::Overflows => {
                    self.world.messages.dropped.overflow += 1;
                    self.drop_parcel(number, 5, "the queue of the link is full");
                }
            },
        }
    }

    /// A link has sent a copy.
    fn emerge(&mut self, number: u32, way: Way) {
        let Way::Over(line) = way else { unreachable!("only links send") };
        let parcel = self.parcels.of(number);
        let (at, hop) = (parcel.flight.at, parcel.hop);
        let (fate, place) = self.world.network.emerge(self.world.now, at, line, hop);
        match (fate, place) {
            (Fate::Arrives(arrival), Some(place)) => {
                *parcel = Parcel {
                    flight: Flight { body: parcel.flight.body.take(), ..parcel.flight },
                    place,
                    hop: hop + 1,
                    stage: Stage::Goes,
                };
                self.queue_parcel(arrival, number);
            }
            (Fate::Arrives(arrival), None) => {
                let flight = self.parcels.take(number).flight;
                self.queue.push(arrival, Event::Arrive(flight));
            }
            (Fate::Spoils(arrival), _) => {
                parcel.stage = Stage::Spoilt;
                self.queue_parcel(arrival, number);
            }
            (Fate::Lost, _) => {
                self.world.messages.dropped.loss += 1;
                self.drop_parcel(number, 1, "lost");
            }
            (Fate::Cut, _) => {
                self.world.messages.dropped.cut += 1;
                self.drop_parcel(number, 2, "its link was cut");
            }
            (Fate::Undecided, _) => unreachable!("a link decides"),
        }
    }

    /// A copy dies on its way; it is counted by its cause already.
    fn drop_parcel(&mut self, number: u32, why: u64, text: &str) {
        let flight = self.parcels.take(number).flight;
        let world = &mut self.world;
        world.wire.leave(world.now, flight.sent);
        world.messages.in_flight -= 1;
        world.drops(flight.at, why, text);
    }

    /// A wire has sent what was due.
    pub(super) fn wire_sends(&mut self, wire: u32) {
        let now = self.world.now;
        let due = self.world.network.wire(wire);
        due.scheduled = None;
        for number in due.sent(now) {
            let Stage::OnWire(way) = self.parcels.of(number).stage else {
                unreachable!("only what is on a wire comes out of it");
            };
            self.emerge(number, way);
        }
        self.schedule_wire(wire);
    }

    /// Sees to it that something happens when a wire has sent its next copy, and not before.
    fn schedule_wire(&mut self, number: u32) {
        let wire = self.world.network.wire(number);
        let due = wire.due();
        if wire.scheduled.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        let before = wire.scheduled.take();
        if let Some((_, handle)) = before {
            self.queue.cancel(handle);
        }
        if let Some(at) = due {
            let handle = self.queue.push(at, Event::Wire(number));
            self.world.network.wire(number).scheduled = Some((at, handle));
        }
    }

    /// Faults of the network began or ended: wires take up their new rates, and what waited for a
    /// clog to end leaves.
    pub(super) fn weather_changed(&mut self) {
        for wire in self.world.network.retune(self.world.now) {
            self.schedule_wire(wire);
        }
        for number in std::mem::take(&mut self.parcels.clogged) {
            self.send_on(number);
        }
    }

    /// A copy arrives where nobody is.
    #[cold]
    pub(super) fn arrive_at_nobody(&mut self, at: Address) {
        let is_off = self.is_off(at.to());
        let world = &mut self.world;
        if world.by_hand || is_off || !world.network.refuses() {
            world.messages.dropped.down += 1;
            world.drops(at, 3, "the receiver is down");
            return;
        }
        world.messages.dropped.refused += 1;
        world.drops(at, 6, "the receiver's host refuses it: the process is down");
        if let Some(heard) = world.network.refusal(world.now, at) {
            let incarnation = self.nodes[at.from().index()].incarnation;
            self.queue.push(heard, Event::Refused(at, incarnation));
            self.world.causes(|causes| causes.refuses(at));
        }
    }

    /// The sender of a copy hears that it was turned away, if it has not crashed meanwhile.
    pub(super) fn refused(&mut self, at: Address, incarnation: u64) {
        let sender: NodeId = at.from();
        let node = &self.nodes[sender.index()];
        if node.is_up() && node.incarnation == incarnation {
            let waits = node.waits();
            self.world.digest_address(Tag::Refused, at, 0);
            self.world.trace_message(RowKind::Refused, at, || format!("was refused{waits}"));
            self.step(sender, Input::Refused { to: at.to(), kind: at.kind() });
        }
    }
}

/// What a trace says of a copy that a partition stops.
pub(super) const CUT: &str = "cut off by a partition";
