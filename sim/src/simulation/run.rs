//! The main loop, and the record it leaves behind.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::causes::Causes;
use super::ledger::{EVER, Ledger, latency};
use super::queue::EventQueue;
use super::station::Station;
use super::{Event, Flight, Occasion, Simulation, World};
use crate::metrics::Histogram;
use crate::plan::{Plan, Watch};
use crate::protocol::{Kinds, NodeId, Protocol};
use crate::record::{Head, Judgement, Record, ViolationKind};
use crate::service::{Operation, Service};
use crate::time::SimTime;

/// Events at one instant before the run counts as a livelock.
pub(super) const LIVELOCK: u64 = 1_000_000;

/// Events between two words about how far the run is.
const TELL_EVERY: u64 = 1 << 14;

/// Runs a plan with a seed.
pub(crate) fn run<P: Protocol>(plan: &Plan, seed: u64, watch: &Watch) -> Record {
    let mut simulation = Simulation::<P>::new(plan, seed, watch.trace_rows);
    simulation.progress = watch.progress;
    // The state behind the unwinding is thrown away but for plain books, which are kept in order
    // before the protocol's code is called.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| simulation.go())) {
        simulation.panicked(panic);
    }
    simulation.finish(seed, watch)
}

impl<P: Protocol> Simulation<'_, P> {
    /// Runs to the end of the plan, or to the first violation.
    pub(super) fn go(&mut self) {
        let last = self.begin();
        let mut at_this_instant = 0;
        while self.advance(last, &mut at_this_instant, |_, _| ()) {}
        self.arrive_at_the_end();
    }

    /// Schedules the plan's faults, boots the nodes and starts the workload; gives back the last
    /// instant that belongs to the run.
    pub(super) fn begin(&mut self) -> SimTime {
        self.schedule_faults();
        for id in 0..self.nodes.len() {
            self.boot(NodeId(u32::try_from(id).expect("few nodes")));
        }
        self.start_workload();
        self.tell_at = self.progress.map_or(u64::MAX, |_| TELL_EVERY);
        self.last_instant()
    }

    /// The end itself does not belong to the run.
    pub(super) fn last_instant(&self) -> SimTime {
        SimTime(self.world.end.0.saturating_sub(1))
    }

    /// Lets the next event happen, which `look` sees before; `false` when there is none. It counts
    /// how many there were `at_this_instant` before.
    #[inline(always)]
    pub(super) fn advance(
        &mut self,
        last: SimTime,
        at_this_instant: &mut u64,
        look: impl FnOnce(&World, &Event<P>),
    ) -> bool {
        if self.stopped {
            return false;
        }
        let Some((at, place)) = self.queue.next(last) else { return false };
        if at == self.world.now {
            *at_this_instant += 1;
            if *at_this_instant > LIVELOCK {
                // It stays in its place: the books count a message there as under way.
                let node = self.queue.event(place).node();
                self.livelocked(node);
                return false;
            }
        } else {
            *at_this_instant = 0;
        }
        self.world.now = at;
        self.world.events += 1;
        if self.world.events == self.tell_at {
            self.progress.iter().for_each(|tell| tell(at));
            self.tell_at += TELL_EVERY;
        }
        look(&self.world, self.queue.event(place));
        self.happen(place);
        if self.world.messages.in_flight > self.world.storm {
            self.stormed();
        }
        true
    }

    /// A run that nothing stopped lasts until its end.
    pub(super) fn arrive_at_the_end(&mut self) {
        if !self.stopped {
            self.world.now = self.world.end;
        }
    }

    fn start_workload(&mut self) {
        let Some(workload) = &mut self.workload else { return };
        let start = workload.start();
        match workload.users() {
            None => {
                let first = start.after(workload.gap());
                self.queue.push(first, Event::Arrival);
            }
            Some(users) => {
                for user in 0..users {
                    let first = start.after(workload.think(user));
                    self.queue.push(first, Event::User(user));
                }
            }
        }
    }

    /// What stands in a place of the queue happens.
    #[inline(always)]
    fn happen(&mut self, place: u32) {
        match *self.queue.event(place) {
            Event::Ring(id, timer) => {
                self.queue.vacate(place);
                self.ring(id, timer);
            }
            Event::Arrive(Flight { at, sent, ref mut body }) => {
                let body = body.take().expect("a message arrives once");
                self.queue.vacate(place);
                self.arrive(at, sent, body);
            }
            _ => self.happen_rarely(place),
        }
    }

    #[inline(never)]
    fn happen_rarely(&mut self, place: u32) {
        match self.queue.vacate(place).expect("the place holds an event") {
            Event::Ring(id, timer) => self.ring(id, timer),
            Event::Arrive(flight) => self.land(flight),
            Event::ArriveSelf(message) => self.arrive_self(message),
            Event::Parcel(number) => self.parcel(number),
            Event::Wire(number) => self.wire_sends(number),
            Event::Refused(at, incarnation) => self.refused(at, incarnation),
            Event::Swizzle { strike, node, clogs } => self.swizzles(strike as usize, node, clogs),
            Event::Synced(id) => self.synced(id),
            Event::Served(id) => self.served(id),
            Event::Started(id) => self.started(id),
            Event::LoopTurns(strike, id) => self.loop_turns(strike as usize, id),
            Event::Arrival => self.arrival(None),
            Event::User(user) => self.arrival(Some(user)),
            Event::FaultBegins(strike) => {
                self.world.causes(|causes| causes.strike_begins(strike));
                self.fault_begins(strike as usize);
                self.world.causes(Causes::strike_is_over);
            }
            Event::FaultEnds(strike) => {
                self.world.causes(|causes| causes.strike_ends(strike));
                self.fault_ends(strike as usize);
                self.world.causes(Causes::strike_is_over);
            }
            Event::StartAgain(id, incarnation) => self.start_again(id, incarnation),
        }
    }

    /// Time stands still while things go on happening, the last of them on some node.
    pub(super) fn livelocked(&mut self, node: Option<NodeId>) {
        let nodes: Vec<NodeId> = node.into_iter().collect();
        let message = format!("{LIVELOCK} events at one instant");
        self.world.violate("livelock", ViolationKind::Liveness, &nodes, message, "");
        self.stopped = true;
    }

    /// More messages are under way than any protocol means to send; the run ends before memory does.
    fn stormed(&mut self) {
        let message = format!("more than {} messages are in flight", self.world.storm);
        self.world.violate("message_storm", ViolationKind::Liveness, &[], message, "");
        self.stopped = true;
    }

    /// More waits at a node than any protocol means to let wait; the run ends before memory does.
    #[cold]
    pub(super) fn piles_up(&mut self, id: NodeId) {
        let most = self.plan.limits.waiting;
        let message = format!("more than {most} inputs wait at {}", self.world.name(id));
        self.world.violate("queue_growth", ViolationKind::Liveness, &[id], message, "");
        self.stopped = true;
    }

    /// The next operation of the workload.
    fn arrival(&mut self, user: Option<u32>) {
        let workload = self.workload.as_mut().expect("only a workload schedules arrivals");
        if !workload.is_open(self.world.now) {
            return;
        }
        let client = workload.client(user);
        let what = workload.ask();
        if user.is_none() {
            let next = self.world.now.after(workload.gap());
            self.queue.push(next, Event::Arrival);
        }
        self.call(client, user, what);
    }

    /// The protocol's code panicked: that is a violation. Ours did: that goes on up. Gives back the
    /// node.
    pub(super) fn panicked(&mut self, panic: Box<dyn Any + Send>) -> NodeId {
        let Some((id, occasion)) = self.inside.take() else { resume_unwind(panic) };
        let said = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        let what = match occasion {
            Occasion::Boot => "while booting".to_owned(),
            Occasion::Message(from, kind) => {
                let from = self.world.name(from);
                format!("on a message {} from {from}", <P::Message as Kinds>::KINDS[kind])
            }
            Occasion::Timer(kind) => format!("on the timer {}", <P::Timer as Kinds>::KINDS[kind]),
            Occasion::Refusal(to, kind) => {
                let (to, kinds) = (self.world.name(to), <P::Message as Kinds>::KINDS);
                format!("on the word that {to} refused a message {}", kinds[kind])
            }
            Occasion::Call(kind) => {
                let kinds = <<P::Service as Service>::Operation as Operation>::KINDS;
                format!("on a call of {}", kinds[kind])
            }
            Occasion::WriteFailed => "on a failed write".to_owned(),
        };
        let message = format!("{} panicked {what}: {said}", self.world.name(id));
        self.world.violate("panicked", ViolationKind::Panic, &[id], message, "");
        self.stopped = true;
        id
    }

    /// Closes the books, judges, and writes the record.
    pub(super) fn finish(mut self, seed: u64, watch: &Watch) -> Record {
        self.close_books();
        // What is judged at the end has no step that led to it.
        self.world.causes(|causes| causes.go_on(None));
        let judged = self.judge(watch);
        let world = self.world;
        let operations = world.ledger.counts();
        let seconds = world.now.0 as f64 / 1e9;
        let throughput = if seconds > 0.0 { operations.ok as f64 / seconds } else { 0.0 };
        let verdict = judged.verdict;
        let series = world.ledger.series(world.now);
        let latencies = world.ledger.sorted_latencies(EVER);
        let mut histogram = Histogram::default();
        latencies.iter().for_each(|latency| histogram.record(*latency));
        Record {
            head: Head {
                scenario: self.plan.scenario.clone(),
                title: self.plan.title.clone(),
                protocol: P::NAME.to_owned(),
                seed,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                verdict,
                violations: judged.violations,
                expectations: judged.measured,
                legally_stuck: judged.legally_stuck,
                digest: world.digest.to_string(),
                events: world.events,
                virtual_ns: world.now.0,
                messages: world.messages,
                operations,
                latency_ns: latency(&latencies),
                throughput_per_s: throughput,
                metrics: judged.metrics,
            },
            duration_ns: self.plan.duration.0,
            nodes: self.laws.infos.clone(),
            faults: world.bands,
            strikes: world.struck,
            series,
            latency_curve: Ledger::curve(&latencies),
            latencies: histogram,
            standings: world.standings,
            trace: world.tracer.map(super::trace::Tracer::finish).unwrap_or_default(),
        }
    }

    /// The exact identities that hold in every run; where one does not, the simulator is wrong.
    fn close_books(&mut self) {
        let world = &mut self.world;
        let now = world.now;
        let m = &world.messages;
        let (came, went) = (m.sent + m.duplicated, m.delivered + m.dropped.total() + m.in_flight);
        assert_eq!(came, went, "messages: sent + duplicated is {came}, all fates are {went}");
        let under_way = self.queue.iter().filter_map(|event| match event {
            Event::Arrive(flight) => Some(flight.sent),
            _ => None,
        });
        let under_way = under_way.chain(self.parcels.flights().map(|flight| flight.sent));
        std::mem::take::<Station>(&mut world.wire).close("messages", now, under_way);
        world.network.close_wires(now);
        world.ledger.close(now);
        for (node, planned) in self.nodes.iter_mut().zip(&self.plan.nodes) {
            node.disk.close(&planned.name, now);
            if let Some(processor) = node.processor_mut() {
                processor.close(&planned.name, now);
            }
        }
    }
}

/// What the judge made of a run.
pub(super) struct Judged {
    pub(super) verdict: Judgement,
    pub(super) violations: Vec<crate::record::Violation>,
    pub(super) measured: Vec<crate::record::Measured>,
    pub(super) legally_stuck: Option<String>,
    pub(super) metrics: BTreeMap<Cow<'static, str>, i64>,
}
