//! When faults strike: at a time, again and again, or when something happens.

use std::sync::Arc;

use crate::law::Sampler;
use crate::plan::{Occurrence, PlannedFault, When};
use crate::protocol::{NodeId, Protocol};
use crate::random::{Purpose, Stream};
use crate::simulation::network::Address;
use crate::simulation::queue::EventQueue;
use crate::simulation::{Digest, Event, Simulation};
use crate::time::{SimTime, Span};

/// The shortest time between two strikes of one fault.
const SHORTEST_GAP: u64 = 1_000;

/// What a fault of the plan draws from, compiled once and shared by every seed.
#[derive(Debug)]
pub(crate) struct FaultLaws {
    /// What its draws are keyed by: its text, and which of several faults of equal text it is.
    key: u32,
    /// The gap from one strike to the next, or the wait after what triggers it.
    pace: Option<Sampler>,
    /// The laws of the fault itself.
    pub(super) own: Vec<Arc<Sampler>>,
}

impl FaultLaws {
    pub(crate) fn compile(faults: &[PlannedFault]) -> Vec<FaultLaws> {
        let twin = |place: usize| faults[..place].iter().filter(|f| **f == faults[place]).count();
        let laws = |(place, planned): (usize, &PlannedFault)| FaultLaws {
            key: key(planned, twin(place) as u64),
            pace: match &planned.when {
                When::At(_) => None,
                When::Every { gap, .. } => Some(gap.compile()),
                When::On(trigger) => Some(trigger.after.compile()),
            },
            own: planned.fault.laws().into_iter().map(|law| Arc::new(law.compile())).collect(),
        };
        faults.iter().enumerate().map(laws).collect()
    }

    /// What the draws of a strike are keyed by: numbers far apart for strikes that follow each other.
    fn owner(&self, nth: u32) -> u32 {
        self.key.wrapping_add(nth.wrapping_mul(0x9E37_79B9))
    }
}

#[allow(clippy::cast_possible_truncation, reason = "half of a digest is enough of a name")]
fn key(planned: &PlannedFault, twin: u64) -> u32 {
    let mut digest = Digest::default();
    digest.text(&format!("{planned:?}"));
    digest.word(twin);
    digest.value() as u32
}

/// One strike of a fault of the plan.
#[derive(Debug)]
pub(crate) struct Strike {
    /// The fault, by its place in the plan.
    pub(super) fault: usize,
    /// How often the fault struck before.
    pub(super) nth: u32,
    /// What triggered it happened on this node, and, for a message, with that one.
    pub(super) subject: Option<(NodeId, Option<NodeId>)>,
    /// The nodes that it changes until it ends, whatever happens to their processes.
    pub(super) marks: Vec<NodeId>,
    /// Its place among the strikes that hit somebody.
    pub(super) kept: Option<usize>,
    /// Its band while it is under way.
    pub(super) band: Option<usize>,
    /// What the trace says when it ends.
    pub(super) ends: String,
}

/// The faults of the plan that wait for something to happen.
#[derive(Debug, Default)]
pub(crate) struct Triggers {
    armed: Vec<Armed>,
    /// Whether any of them waits for a message.
    pub(crate) on_messages: bool,
}

#[derive(Debug)]
struct Armed {
    fault: usize,
    /// How often it happened so far.
    seen: u32,
    /// How often the fault struck.
    struck: u32,
}

/// Something that just happened.
enum Happened<'a> {
    Noted(usize),
    Sent { kind: usize, to: NodeId },
    Delivered { kind: usize, from: NodeId },
    Rank(&'a str),
    SyncBegins,
}

impl Happened<'_> {
    /// Whether it is what a trigger waits for, when it happens on this node.
    fn is(&self, occurrence: &Occurrence, node: NodeId) -> bool {
        let among = |nodes: &[NodeId], node: NodeId| nodes.is_empty() || nodes.contains(&node);
        match (self, occurrence) {
            (Happened::Noted(a), Occurrence::Noted { kind, on }) => a == kind && among(on, node),
            (Happened::Sent { kind: a, to: b }, Occurrence::Sent { kind, from, to }) => {
                a == kind && among(from, node) && among(to, *b)
            }
            (
                Happened::Delivered { kind: a, from: b },
                Occurrence::Delivered { kind, from, to },
            ) => a == kind && among(from, *b) && among(to, node),
            (Happened::Rank(a), Occurrence::Rank { rank, on }) => a == rank && among(on, node),
            (Happened::SyncBegins, Occurrence::SyncBegins { on }) => among(on, node),
            _ => false,
        }
    }

    fn peer(&self) -> Option<NodeId> {
        match self {
            Happened::Sent { to, .. } => Some(*to),
            Happened::Delivered { from, .. } => Some(*from),
            _ => None,
        }
    }
}

impl<P: Protocol> Simulation<'_, P> {
    /// Schedules the strikes that are known beforehand, and sets the triggers.
    pub(in crate::simulation) fn schedule_faults(&mut self) {
        let plan = self.plan;
        for (fault, planned) in plan.faults.iter().enumerate() {
            match &planned.when {
                When::At(at) => self.schedule_strike(fault, 0, *at, None),
                When::Every { first, until, .. } => {
                    let at = first.unwrap_or_else(|| SimTime::ZERO.after(self.pace(fault, 0)));
                    if until.is_none_or(|until| at < until) {
                        self.schedule_strike(fault, 0, at, None);
                    }
                }
                When::On(trigger) => {
                    self.triggers.on_messages |= trigger.occurrence.is_of_a_message();
                    self.triggers.armed.push(Armed { fault, seen: 0, struck: 0 });
                }
            }
        }
    }

    /// A fault that strikes again and again has struck.
    pub(super) fn schedule_next(&mut self, fault: usize, nth: u32) {
        let plan = self.plan;
        let When::Every { times, until, .. } = &plan.faults[fault].when else { return };
        let struck = nth + 1;
        let at = self.world.now.after(self.pace(fault, struck));
        if times.is_none_or(|times| struck < times) && until.is_none_or(|until| at < until) {
            self.schedule_strike(fault, struck, at, None);
        }
    }

    fn schedule_strike(
        &mut self,
        fault: usize,
        nth: u32,
        at: SimTime,
        subject: Option<(NodeId, Option<NodeId>)>,
    ) {
        let healed = self.plan.heal.is_some_and(|heal| at >= heal);
        if healed && !self.plan.faults[fault].fault.repairs() {
            return;
        }
        let number = u32::try_from(self.strikes.len()).expect("fewer strikes than events");
        let (marks, ends) = (Vec::new(), String::new());
        self.strikes.push(Strike { fault, nth, subject, marks, kept: None, band: None, ends });
        self.queue.push(at, Event::FaultBegins(number));
        if subject.is_some() {
            self.world.causes(|causes| causes.triggers(number));
        }
    }

    /// The draws of one strike: the first is its time, the others are its own.
    fn draws(&self, fault: usize, nth: u32) -> Stream {
        Stream::new(self.seed, Purpose::Fault, self.laws.faults[fault].owner(nth))
    }

    /// What the draws of a strike are keyed by.
    pub(super) fn owner_of(&self, strike: usize) -> u32 {
        let Strike { fault, nth, .. } = self.strikes[strike];
        self.laws.faults[fault].owner(nth)
    }

    /// The time that is drawn for a strike.
    fn pace(&self, fault: usize, nth: u32) -> Span {
        let Some(pace) = &self.laws.faults[fault].pace else { return Span::ZERO };
        let span = pace.draw(self.draws(fault, nth).next_u64());
        let is_repeated = matches!(self.plan.faults[fault].when, When::Every { .. });
        Span(if is_repeated { span.max(SHORTEST_GAP) } else { span })
    }

    /// What a strike draws beside its time.
    pub(super) fn choices(&self, strike: usize) -> Stream {
        let Strike { fault, nth, .. } = self.strikes[strike];
        let mut draws = self.draws(fault, nth);
        draws.skip();
        draws
    }

    /// Lets the faults strike that waited for what just happened on a node.
    fn happened(&mut self, what: &Happened<'_>, node: NodeId) {
        let (plan, now) = (self.plan, self.world.now);
        for place in 0..self.triggers.armed.len() {
            let armed = &mut self.triggers.armed[place];
            let fault = armed.fault;
            let When::On(trigger) = &plan.faults[fault].when else { continue };
            let in_time = now >= trigger.from && trigger.until.is_none_or(|until| now < until);
            if armed.struck >= trigger.times || !in_time || !what.is(&trigger.occurrence, node) {
                continue;
            }
            armed.seen = armed.seen.saturating_add(1);
            if armed.seen < trigger.nth {
                continue;
            }
            let nth = armed.struck;
            armed.struck += 1;
            let at = now.after(self.pace(fault, nth));
            self.schedule_strike(fault, nth, at, Some((node, what.peer())));
        }
    }

    /// A node told its observers of an event.
    #[inline]
    pub(in crate::simulation) fn noted(&mut self, kind: usize, node: NodeId) {
        if !self.triggers.armed.is_empty() {
            self.happened(&Happened::Noted(kind), node);
        }
    }

    #[cold]
    pub(in crate::simulation) fn message_sent(&mut self, at: Address) {
        let (kind, to) = (at.kind(), at.to());
        self.happened(&Happened::Sent { kind, to }, at.from());
    }

    #[cold]
    pub(in crate::simulation) fn message_delivered(&mut self, at: Address) {
        let (kind, from) = (at.kind(), at.from());
        self.happened(&Happened::Delivered { kind, from }, at.to());
    }

    /// A node got another rank.
    pub(in crate::simulation) fn ranked(&mut self, rank: &str, node: NodeId) {
        if !self.triggers.armed.is_empty() {
            self.happened(&Happened::Rank(rank), node);
        }
    }

    /// The disk of a node begins a sync.
    #[inline]
    pub(in crate::simulation) fn sync_began(&mut self, node: NodeId) {
        if !self.triggers.armed.is_empty() {
            self.happened(&Happened::SyncBegins, node);
        }
    }
}
