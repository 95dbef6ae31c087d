//! What sets a node apart from a plain one: a processor that takes time, clocks that are wrong.
//!
//! Plain nodes have nothing of this, and no step of theirs comes by here.

use std::sync::Arc;

use super::clock::{Clocks, WALL_START};
use super::network::Address;
use super::processor::{Processor, ProcessorLaws};
use super::queue::EventQueue;
use super::world::Tag;
use super::{Event, Node, Simulation};
use crate::plan::{self, Plan};
use crate::protocol::{Input, NodeId, Protocol};
use crate::random::{Purpose, Seed, Stream};
use crate::record::{FaultBand, RowKind};
use crate::skew::{Drift, Offset};
use crate::time::{LocalTime, SimTime, Span};

/// What sets one node apart.
#[derive(Debug)]
pub(crate) struct Quirks<P: Protocol> {
    pub(crate) clocks: Option<Clocks>,
    pub(crate) processor: Option<Processor<P>>,
    /// A process that is on its way up: the place of its band.
    pub(crate) starting: Option<usize>,
}

impl<P: Protocol> Default for Quirks<P> {
    fn default() -> Quirks<P> {
        Quirks { clocks: None, processor: None, starting: None }
    }
}

/// What a plan says of each node's processor and clocks. Empty where all nodes are plain.
#[derive(Debug)]
pub(crate) struct Machines(Vec<Machine>);

#[derive(Debug)]
struct Machine {
    processor: Option<Arc<ProcessorLaws>>,
    clock: plan::Clock,
}

impl Machines {
    pub(crate) fn compile(plan: &Plan) -> Machines {
        let plain = (plan::Processor::default(), plan::Clock::default());
        let laws = |processor: &plan::Processor| {
            (*processor != plain.0).then(|| Arc::new(ProcessorLaws::compile(processor)))
        };
        let shared = laws(&plan.processor);
        let machine = |node: &plan::PlannedNode| Machine {
            processor: node.processor.as_ref().map_or_else(|| shared.clone(), laws),
            clock: node.clock.unwrap_or(plan.clock),
        };
        let machines: Vec<Machine> = plan.nodes.iter().map(machine).collect();
        let is_plain = |machine: &Machine| machine.processor.is_none() && machine.clock == plain.1;
        Machines(if machines.iter().all(is_plain) { Vec::new() } else { machines })
    }

    /// What sets a node apart at the start of a run.
    pub(crate) fn quirks<P: Protocol>(
        &self,
        node: usize,
        owner: u32,
        seed: Seed,
    ) -> Option<Box<Quirks<P>>> {
        let Machine { processor, clock } = self.0.get(node)?;
        let processor = processor.clone().map(|laws| Processor::new(laws, owner, seed));
        let clocks = (*clock != plan::Clock::default()).then(|| {
            let mut stream = Stream::new(seed, Purpose::Clock, owner);
            let offset = clock.offset.draw(&mut stream);
            Clocks::new(offset, clock.drift.draw(&mut stream))
        });
        (processor.is_some() || clocks.is_some())
            .then(|| Box::new(Quirks { clocks, processor, starting: None }))
    }
}

impl<P: Protocol> Node<P> {
    /// Whether its process is on its way up.
    pub(crate) fn is_starting(&self) -> bool {
        self.quirks.as_ref().is_some_and(|quirks| quirks.starting.is_some())
    }

    pub(super) fn quirks(&mut self) -> &mut Quirks<P> {
        self.quirks.get_or_insert_default()
    }

    pub(crate) fn processor(&self) -> Option<&Processor<P>> {
        self.quirks.as_ref()?.processor.as_ref()
    }

    pub(crate) fn processor_mut(&mut self) -> Option<&mut Processor<P>> {
        self.quirks.as_mut()?.processor.as_mut()
    }

    /// Its clocks, to be made wrong.
    pub(super) fn clocks(&mut self) -> &mut Clocks {
        self.quirks().clocks.get_or_insert_with(|| Clocks::new(Offset(0), Drift(0)))
    }

    /// For how long the node did not stand still.
    pub(super) fn ran(&self, now: SimTime) -> SimTime {
        SimTime(self.paused.unwrap_or(now).0 - self.stood_still.0)
    }

    #[cold]
    pub(crate) fn wrong_clock(&self, ran: u64) -> LocalTime {
        let clocks = self.quirks.as_ref().and_then(|quirks| quirks.clocks.as_ref());
        clocks.map_or(LocalTime(ran), |clocks| clocks.monotonic(SimTime(ran)))
    }

    /// This node's wall clock.
    #[inline(always)]
    pub(crate) fn wall(&self, now: SimTime) -> LocalTime {
        match &self.quirks {
            None => LocalTime(WALL_START.saturating_add(now.0)),
            Some(quirks) => quirks.wall(now),
        }
    }

    /// The first instant, from now on, at which the node's clock shows a time, if it does not stand
    /// still from now on.
    pub(crate) fn when(&self, now: SimTime, shows: LocalTime) -> SimTime {
        let ran = self.ran(now);
        let clocks = self.quirks.as_ref().and_then(|quirks| quirks.clocks.as_ref());
        let reached = clocks.map_or(SimTime(shows.0), |clocks| clocks.when(shows));
        now.after(Span(reached.0.saturating_sub(ran.0)))
    }
}

impl<P: Protocol> Quirks<P> {
    #[cold]
    fn wall(&self, now: SimTime) -> LocalTime {
        let right = || LocalTime(WALL_START.saturating_add(now.0));
        self.clocks.as_ref().map_or_else(right, |clocks| clocks.wall(now))
    }
}

impl<P: Protocol> Simulation<'_, P> {
    /// A message arrives at a node that is set apart: it may find no room.
    #[inline(never)]
    pub(super) fn arrive_at_work(&mut self, at: Address, body: P::Message) {
        let id = at.to();
        let world = &mut self.world;
        if self.nodes[id.index()].processor().is_some_and(Processor::is_full) {
            world.messages.dropped.overflow += 1;
            world.count("processor_overflows", 1);
            world.drops(at, FULL, "the receiver's inbox is full");
            return;
        }
        world.messages.delivered += 1;
        world.digest_address(Tag::Deliver, at, 0);
        let waits = || self.nodes[id.index()].waits();
        world.trace_message(RowKind::Deliver, at, || format!("{body:?}{}", waits()));
        if self.triggers.on_messages {
            self.message_delivered(at);
        }
        self.take(id, Input::Message { from: at.from(), body });
    }

    /// Whether a node has no room for a call. It is counted.
    pub(super) fn turns_away(&mut self, id: NodeId) -> bool {
        let is_full = self.nodes[id.index()].processor().is_some_and(Processor::is_full);
        if is_full {
            self.world.count("processor_overflows", 1);
        }
        is_full
    }

    /// Gives an input to a node that is set apart: it is worked on as soon as the processor is free.
    #[inline(never)]
    pub(super) fn take(&mut self, id: NodeId, input: Input<P>) {
        let (now, row) = (self.world.now, self.row());
        let node = &mut self.nodes[id.index()];
        let paused = node.paused.is_some();
        let Some(processor) = node.processor_mut().filter(|p| paused || !p.is_instant()) else {
            return self.step_now(id, input);
        };
        processor.enter(now, input, row);
        self.work(id);
        let waiting = self.nodes[id.index()].processor().map_or(0, Processor::waiting);
        let most = self.world.gauges.of("processor_queue", 0);
        *most = (*most).max(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// The processor begins with the next input if it is free.
    pub(super) fn work(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        let paused = node.paused.is_some();
        let begins = node.processor_mut().is_some_and(Processor::begin);
        if begins && !paused {
            self.go_on_working(id);
        }
    }

    /// The processor goes on with what it works on.
    pub(super) fn go_on_working(&mut self, id: NodeId) {
        let now = self.world.now;
        let Some(processor) = self.nodes[id.index()].processor_mut() else { return };
        if let Some(left) = processor.left() {
            let ends = self.queue.push(now.after(left), Event::Served(id));
            processor.goes_on(now, ends);
        }
    }

    /// The processor stands still with its node.
    pub(super) fn stop_working(&mut self, id: NodeId) {
        let now = self.world.now;
        let ends = self.nodes[id.index()].processor_mut().and_then(|p| p.stands_still(now));
        self.unschedule(ends);
    }

    /// The processor is done with an input: the step happens, and the next begins.
    pub(super) fn served(&mut self, id: NodeId) {
        let now = self.world.now;
        let processor = self.nodes[id.index()].processor_mut().expect("it worked");
        let job = processor.finish(now);
        let left = processor.waiting() as u64;
        self.world.digest(Tag::Served, u64::from(id.0), left, 0);
        self.world.causes(|causes| causes.go_on(job.row));
        self.step_now(id, job.input);
        self.work(id);
    }

    /// What a processor held dies with its process.
    pub(super) fn lose_inbox(&mut self, id: NodeId) {
        let now = self.world.now;
        let Some(processor) = self.nodes[id.index()].processor_mut() else { return };
        let (ends, lost) = processor.crash(now);
        self.unschedule(ends);
        // They had arrived: the network has nothing to do with it.
        if !lost.is_empty() {
            self.world.count("inputs_lost", lost.len() as u64);
        }
    }

    /// A timer that rang is stopped or set again before the processor came to it.
    #[cold]
    pub(super) fn forget_rung(&mut self, id: NodeId, timer: P::Timer) {
        let now = self.world.now;
        if let Some(processor) = self.nodes[id.index()].processor_mut() {
            processor.forget(now, timer);
        }
    }

    /// A process is started: it boots when it is ready, which may be at once.
    pub(super) fn start(&mut self, id: NodeId) {
        let takes = self.nodes[id.index()].processor_mut().and_then(Processor::cold_start);
        let Some(takes) = takes else { return self.boot(id) };
        self.world.trace(RowKind::Fault, Some(id), || format!("starts, which takes {takes}"));
        self.nodes[id.index()].quirks().starting = Some(self.world.bands.len());
        let name = self.world.name(id).to_owned();
        self.world.bands.push(FaultBand {
            kind: "cold-start".to_owned(),
            label: name.clone(),
            from_ns: self.world.now.0,
            to_ns: None,
            nodes: vec![name],
        });
        self.queue.push(self.world.now.after(takes), Event::Started(id));
    }

    /// A process is ready.
    pub(super) fn started(&mut self, id: NodeId) {
        if let Some(band) = self.nodes[id.index()].quirks().starting.take() {
            self.world.bands[band].to_ns = Some(self.world.now.0);
        }
        self.boot(id);
    }

    /// Puts every timer of a node onto the schedule, by its clock as it is now, in the order in which
    /// they were set: that is how timers of one instant ring.
    pub(super) fn schedule_timers(&mut self, id: NodeId) {
        let now = self.world.now;
        let mut timers = std::mem::take(&mut self.nodes[id.index()].timers);
        let node = &self.nodes[id.index()];
        for (timer, armed) in timers.in_order() {
            let at = node.when(now, armed.rings);
            armed.scheduled = Some(self.queue.push(at, Event::Ring(id, timer)));
        }
        self.nodes[id.index()].timers = timers;
    }

    /// Takes every timer of a node off the schedule.
    pub(super) fn unschedule_timers(&mut self, id: NodeId) {
        for (_, armed) in self.nodes[id.index()].timers.in_order() {
            if let Some(handle) = armed.scheduled.take() {
                self.queue.cancel(handle);
            }
        }
    }
}

/// The digest's number for a message that finds no room at a processor.
const FULL: u64 = 10;
