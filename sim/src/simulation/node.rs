//! One node: its state, its disk, its timers, and what waits while it stands still.

use std::collections::VecDeque;

use super::disk::Disk;
use super::processor::Processor;
use super::queue::Handle;
use super::quirks::Quirks;
use super::timers::Timers;
use crate::effects::Effect;
use crate::protocol::{Input, Kinds as _, Protocol, Standing};
use crate::random::{Purpose, Seed, Stream};
use crate::record::Health;
use crate::time::{LocalTime, SimTime, Span};

/// What every step needs comes first, side by side: a thousand nodes do not fit into the nearest
/// cache.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Node<P: Protocol> {
    /// `None` while the process is down.
    pub(crate) state: Option<P>,
    pub(crate) paused: Option<SimTime>,
    /// What sets it apart; `None` for a plain node.
    pub(crate) quirks: Option<Box<Quirks<P>>>,
    /// How long the node's monotonic clock stood still so far.
    pub(crate) stood_still: Span,
    /// How often the node booted before.
    pub(crate) incarnation: u64,
    pub(crate) standing: Standing,
    pub(crate) disk: Disk<P::Record, Effect<P>>,
    pub(crate) timers: Timers<P::Timer>,
    /// How many timers were set so far.
    pub(crate) armed: u64,
    pub(crate) picks: Stream,
    pub(crate) timer_draws: Stream,
    /// The draws of a protocol around another one, whose draws are the above.
    pub(crate) outer: Option<Box<OuterDraws>>,
    pub(crate) disk_draws: Stream,
    pub(crate) sync: Option<Handle>,
    pub(crate) inbox: VecDeque<Input<P>>,
}

/// What a protocol around another one draws from.
#[derive(Clone, Debug)]
pub(crate) struct OuterDraws {
    pub(crate) picks: Stream,
    pub(crate) timers: Stream,
}

impl<P: Protocol> Node<P> {
    pub(crate) fn new(owner: u32, seed: Seed) -> Node<P> {
        Node {
            state: None,
            paused: None,
            quirks: None,
            stood_still: Span::ZERO,
            incarnation: 0,
            disk: Disk::default(),
            sync: None,
            timers: Timers::default(),
            armed: 0,
            inbox: VecDeque::new(),
            standing: Standing::NONE,
            picks: Stream::new(seed, Purpose::Pick, owner),
            timer_draws: Stream::new(seed, Purpose::Timer, owner),
            outer: (P::Timer::EMBEDDED > 0).then(|| {
                Box::new(OuterDraws {
                    picks: Stream::new(seed, Purpose::OuterPick, owner),
                    timers: Stream::new(seed, Purpose::OuterTimer, owner),
                })
            }),
            disk_draws: Stream::new(seed, Purpose::Disk, owner),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state.is_some()
    }

    /// What a trace says of an input: one that meets a node standing still is taken later.
    pub(crate) fn waits(&self) -> &'static str {
        if self.paused.is_some() {
            " (waits until the node goes on)"
        } else if self.processor().is_some_and(Processor::is_busy) {
            " (waits for the processor)"
        } else {
            ""
        }
    }

    pub(crate) fn health(&self) -> Health {
        match (self.is_up(), self.paused) {
            (false, _) => Health::Down,
            (true, Some(_)) => Health::Paused,
            (true, None) => Health::Up,
        }
    }

    /// This node's monotonic clock: simulated time less the time it stood still, unless it is wrong.
    #[inline(always)]
    pub(crate) fn clock(&self, now: SimTime) -> LocalTime {
        let now = self.paused.unwrap_or(now);
        let ran = now.0 - self.stood_still.0;
        if self.quirks.is_some() { self.wrong_clock(ran) } else { LocalTime(ran) }
    }
}
