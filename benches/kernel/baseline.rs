//! What the engine is measured against: the loop that one writes by hand in an afternoon.
//!
//! A standard binary heap of (time, sequence, event), one random generator, nodes in a list, and
//! timers that are cancelled by forgetting them: an entry of an older generation is skipped when it
//! comes up. No digest, no faults, no books, no trace. The nodes do what those of [`crate::cast`] do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rehearsal::sim::time::Span;

use crate::laws::{BEAT, ELECTION, LATENCY, TICK};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event<M> {
    Message { from: u32, to: u32, body: M },
    Timer { node: u32, generation: u32 },
}

/// The world that nodes act on.
pub(crate) struct World<M> {
    now: u64,
    sequence: u64,
    heap: BinaryHeap<Reverse<(u64, u64, Event<M>)>>,
    /// Per node: which setting of its timer counts.
    generations: Vec<u32>,
    random: ChaCha8Rng,
}

impl<M: Copy + Ord> World<M> {
    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.random.next_u64()) * u128::from(n)) >> 64) as u64
    }

    fn draw(&mut self, range: &Range<Span>) -> u64 {
        range.start.0 + self.below(range.end.0 - range.start.0)
    }

    fn push(&mut self, at: u64, event: Event<M>) {
        self.sequence += 1;
        self.heap.push(Reverse((at, self.sequence, event)));
    }

    fn send(&mut self, from: u32, to: u32, body: M) {
        let at = self.now + self.draw(&LATENCY);
        self.push(at, Event::Message { from, to, body });
    }

    /// Sets a node's one timer; an earlier setting counts no more.
    fn arm(&mut self, node: u32, after: u64) {
        let generation = &mut self.generations[node as usize];
        *generation += 1;
        let generation = *generation;
        self.push(self.now + after, Event::Timer { node, generation });
    }

    fn other(&mut self, me: u32) -> u32 {
        let others = self.generations.len() as u64 - 1;
        let pick = u32::try_from(self.below(others)).expect("fewer than the nodes");
        pick + u32::from(pick >= me)
    }
}

/// A node of the loop.
pub(crate) trait Node: Sized {
    type Message: Copy + Ord;
    fn boot(me: u32, world: &mut World<Self::Message>) -> Self;
    fn message(
        &mut self,
        me: u32,
        from: u32,
        body: Self::Message,
        world: &mut World<Self::Message>,
    );
    fn ring(&mut self, me: u32, world: &mut World<Self::Message>);
}

/// Runs the loop, and gives back how many messages arrived and timers rang.
pub(crate) fn run<N: Node>(count: u32, duration: Span, seed: u64) -> u64 {
    let mut world = World {
        now: 0,
        sequence: 0,
        heap: BinaryHeap::new(),
        generations: vec![0; count as usize],
        random: ChaCha8Rng::seed_from_u64(seed),
    };
    let mut nodes: Vec<N> = (0..count).map(|me| N::boot(me, &mut world)).collect();
    let mut events = 0;
    while let Some(Reverse((at, _, event))) = world.heap.pop() {
        if at >= duration.0 {
            break;
        }
        world.now = at;
        match event {
            Event::Message { from, to, body } => {
                events += 1;
                nodes[to as usize].message(to, from, body, &mut world);
            }
            Event::Timer { node, generation } => {
                if world.generations[node as usize] == generation {
                    events += 1;
                    nodes[node as usize].ring(node, &mut world);
                }
            }
        }
    }
    std::hint::black_box(&nodes);
    events
}

/// Passes every parcel on to some other node.
pub(crate) struct Courier {
    carried: u64,
}

impl Node for Courier {
    type Message = u64;

    fn boot(me: u32, world: &mut World<u64>) -> Courier {
        let to = world.other(me);
        world.send(me, to, 0);
        Courier { carried: 0 }
    }

    fn message(&mut self, me: u32, _: u32, hops: u64, world: &mut World<u64>) {
        self.carried += 1;
        let to = world.other(me);
        world.send(me, to, hops + 1);
    }

    fn ring(&mut self, _: u32, _: &mut World<u64>) {}
}

/// Ticks every millisecond.
pub(crate) struct Metronome {
    ticks: u64,
}

impl Node for Metronome {
    type Message = ();

    fn boot(me: u32, world: &mut World<()>) -> Metronome {
        let first = world.below(TICK.0);
        world.arm(me, first);
        Metronome { ticks: 0 }
    }

    fn message(&mut self, _: u32, _: u32, (): (), _: &mut World<()>) {}

    fn ring(&mut self, me: u32, world: &mut World<()>) {
        self.ticks += 1;
        world.arm(me, TICK.0);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pulse {
    Beat(u64),
    Ack(u64),
}

/// Node 0 leads: it beats all others, who answer and put off their election.
pub(crate) struct Heart {
    beats: u64,
    acked: u64,
    elections: u64,
}

impl Node for Heart {
    type Message = Pulse;

    fn boot(me: u32, world: &mut World<Pulse>) -> Heart {
        let after = if me == 0 { 0 } else { world.draw(&ELECTION) };
        world.arm(me, after);
        Heart { beats: 0, acked: 0, elections: 0 }
    }

    fn message(&mut self, me: u32, from: u32, body: Pulse, world: &mut World<Pulse>) {
        match body {
            Pulse::Beat(beat) => {
                self.beats = self.beats.max(beat);
                let after = world.draw(&ELECTION);
                world.arm(me, after);
                world.send(me, from, Pulse::Ack(beat));
            }
            Pulse::Ack(beat) => self.acked = self.acked.max(beat),
        }
    }

    fn ring(&mut self, me: u32, world: &mut World<Pulse>) {
        if me != 0 {
            self.elections += 1;
            return;
        }
        self.beats += 1;
        world.arm(me, BEAT.0);
        for peer in 1..u32::try_from(world.generations.len()).expect("few nodes") {
            world.send(me, peer, Pulse::Beat(self.beats));
        }
    }
}
