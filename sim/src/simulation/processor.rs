//! The processor of one node: what waits for it, and what it is working on.
//!
//! One server, first come, first served. Two identities hold exactly and are compared when the books
//! are closed: Little's law over everything inside, and utilisation, the time in which the processor
//! worked against the sum of the work it did.

use std::collections::VecDeque;
use std::sync::Arc;

use super::queue::Handle;
use super::station::Station;
use crate::law::Sampler;
use crate::plan;
use crate::protocol::{Input, Protocol};
use crate::random::{Purpose, Seed, Stream};
use crate::time::{SimTime, Span};

/// The laws of a processor, compiled once and shared by every seed.
#[derive(Debug, Default)]
pub(crate) struct ProcessorLaws {
    step: Option<Sampler>,
    queue: Option<u32>,
    cold_start: Option<Sampler>,
}

impl ProcessorLaws {
    pub(crate) fn compile(plan: &plan::Processor) -> ProcessorLaws {
        ProcessorLaws {
            step: plan.step.as_ref().map(crate::law::Law::compile),
            queue: plan.queue,
            cold_start: plan.cold_start.as_ref().map(crate::law::Law::compile),
        }
    }
}

/// An input on its way through the processor.
#[derive(Debug)]
pub(crate) struct Job<P: Protocol> {
    pub(crate) input: Input<P>,
    /// In a traced run, the row of the input: what the step does follows from it.
    pub(crate) row: Option<u64>,
    came: SimTime,
}

/// The input that is worked on.
#[derive(Debug)]
struct Service<P: Protocol> {
    job: Job<P>,
    takes: Span,
    /// The work that was left when it went on last, and since when it goes on; nobody works while
    /// the node stands still.
    left: Span,
    since: Option<SimTime>,
    ends: Option<Handle>,
}

/// The processor of one node.
#[derive(Debug)]
pub(crate) struct Processor<P: Protocol> {
    laws: Arc<ProcessorLaws>,
    /// Faults that make it slow, in the order they began; the last one counts.
    slow: Vec<(usize, Arc<Sampler>)>,
    draws: Stream,
    starts: Stream,
    service: Option<Service<P>>,
    waiting: VecDeque<Job<P>>,
    /// How many of those that wait are timers.
    rung: usize,
    station: Station,
    /// Utilisation, from both sides: how long it worked, and the work that was done.
    busy: u128,
    worked: u128,
}

impl<P: Protocol> Processor<P> {
    pub(crate) fn new(laws: Arc<ProcessorLaws>, owner: u32, seed: Seed) -> Processor<P> {
        Processor {
            laws,
            slow: Vec::new(),
            draws: Stream::new(seed, Purpose::Processor, owner),
            starts: Stream::new(seed, Purpose::Start, owner),
            service: None,
            waiting: VecDeque::new(),
            rung: 0,
            station: Station::default(),
            busy: 0,
            worked: 0,
        }
    }

    /// Whether an input is taken at once and in no time.
    pub(crate) fn is_instant(&self) -> bool {
        self.service.is_none() && self.slow.is_empty() && self.laws.step.is_none()
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.service.is_some()
    }

    /// Whether a message or a call finds no room.
    pub(crate) fn is_full(&self) -> bool {
        let room = self.laws.queue.map_or(usize::MAX, |queue| queue as usize);
        self.service.is_some() && self.waiting.len() >= room
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Draws how long a process takes to start; `None` is no time.
    pub(crate) fn cold_start(&mut self) -> Option<Span> {
        let law = self.laws.cold_start.as_ref()?;
        Some(Span(law.draw(self.starts.next_u64())))
    }

    /// An input comes in, behind all others.
    pub(crate) fn enter(&mut self, now: SimTime, input: Input<P>, row: Option<u64>) {
        self.station.enter(now);
        self.rung += usize::from(matches!(input, Input::Timer(_)));
        self.waiting.push_back(Job { input, row, came: now });
    }

    /// Begins with the next input if it is free; gives back whether it did. The work goes on from
    /// [`Processor::goes_on`].
    pub(crate) fn begin(&mut self) -> bool {
        if self.service.is_some() {
            return false;
        }
        let Some(job) = self.waiting.pop_front() else { return false };
        self.rung -= usize::from(matches!(job.input, Input::Timer(_)));
        let law = self.slow.last().map(|(_, law)| &**law).or(self.laws.step.as_ref());
        let takes = law.map_or(Span::ZERO, |law| Span(law.draw(self.draws.next_u64())));
        self.service = Some(Service { job, takes, left: takes, since: None, ends: None });
        true
    }

    /// The work that is left when it goes on; `None` when there is none.
    pub(crate) fn left(&self) -> Option<Span> {
        self.service.as_ref().map(|service| service.left)
    }

    /// It works, until the event of this handle.
    pub(crate) fn goes_on(&mut self, now: SimTime, ends: Handle) {
        if let Some(service) = &mut self.service {
            (service.since, service.ends) = (Some(now), Some(ends));
        }
    }

    /// It stands still; gives back the event that does not come.
    pub(crate) fn stands_still(&mut self, now: SimTime) -> Option<Handle> {
        let service = self.service.as_mut()?;
        let since = service.since.take()?;
        let passed = now.since(since);
        self.busy += u128::from(passed.0);
        service.left = Span(service.left.0 - passed.0);
        service.ends.take()
    }

    /// It is done with an input, which it gives back.
    pub(crate) fn finish(&mut self, now: SimTime) -> Job<P> {
        self.stands_still(now);
        let Service { job, takes, left, .. } = self.service.take().expect("an input is worked on");
        debug_assert_eq!(left, Span::ZERO, "the work ends when all is done");
        self.worked += u128::from(takes.0);
        self.station.leave(now, job.came);
        job
    }

    /// The process dies: gives back the event that does not come, and what is lost.
    pub(crate) fn crash(&mut self, now: SimTime) -> (Option<Handle>, Vec<Job<P>>) {
        let ends = self.stands_still(now);
        let begun = self.service.take();
        if let Some(Service { takes, left, .. }) = &begun {
            self.worked += u128::from(takes.0 - left.0);
        }
        let jobs = begun.map(|service| service.job).into_iter().chain(self.waiting.drain(..));
        let lost: Vec<Job<P>> = jobs.collect();
        self.rung = 0;
        lost.iter().for_each(|job| self.station.leave(now, job.came));
        (ends, lost)
    }

    /// A timer that rang is stopped or set again before anybody looked.
    pub(crate) fn forget(&mut self, now: SimTime, timer: P::Timer) {
        if self.rung == 0 {
            return;
        }
        let station = &mut self.station;
        let rung = &mut self.rung;
        self.waiting.retain(|job| match job.input {
            Input::Timer(other) if other == timer => {
                station.leave(now, job.came);
                *rung -= 1;
                false
            }
            _ => true,
        });
    }

    /// A fault makes it slow; one that is under way is not made slower.
    pub(crate) fn slow_down(&mut self, strike: usize, law: Arc<Sampler>) {
        self.slow.push((strike, law));
    }

    /// That fault ends.
    pub(crate) fn speed_up(&mut self, strike: usize) {
        self.slow.retain(|(slow, _)| *slow != strike);
    }

    /// Writes work down that nobody did, to see it noticed.
    #[cfg(test)]
    pub(crate) fn plant(&mut self, work: u128) {
        self.worked += work;
    }

    /// Closes the books at the end of the run.
    ///
    /// Panics when they do not agree: then the simulator itself is wrong.
    pub(crate) fn close(&mut self, name: &str, now: SimTime) {
        self.stands_still(now);
        let begun = self.service.as_ref();
        let worked = begun.map_or(0, |service| u128::from(service.takes.0 - service.left.0));
        let (busy, worked) = (self.busy, self.worked + worked);
        assert_eq!(
            busy, worked,
            "utilisation of the processor of {name}: it was busy for {busy} ns and did the work of \
             {worked} ns"
        );
        let inside = begun.map(|service| &service.job).into_iter().chain(&self.waiting);
        let inside = inside.map(|job| job.came);
        self.station.clone().close(&format!("the processor of {name}"), now, inside);
    }
}
