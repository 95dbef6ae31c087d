//! Two simulations of one plan and seed in lockstep: the gate that nothing outside the seed passes.
//!
//! Both are alive at once, so that addresses, seeds of hash tables, counters and clocks that leak
//! into a protocol are different on the two sides. After each event everything that can be seen is
//! compared: the event itself, the trace rows with the contents of messages, events and replies, the
//! digest, the counters and what each node is. Rows are forgotten once they were compared, but for the
//! last few and for as many as the watch asks for.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::trace::Tracer;
use super::{Event, Simulation, World};
use crate::divergence::{COMMON_ROWS, Divergence, Side};
use crate::plan::{Plan, Watch};
use crate::protocol::{NodeId, Protocol};
use crate::record::{Record, TraceRow};
use crate::time::SimTime;

/// Runs a plan with a seed twice at once. Gives back the record of one of the two, traced as the watch
/// asks for, or the first difference.
pub(crate) fn twins<P: Protocol>(
    plan: &Plan,
    seed: u64,
    watch: &Watch,
) -> Result<Record, Box<Divergence>> {
    let mut first = Twin::<P>::new(plan, seed);
    let mut second = Twin::<P>::new(plan, seed);
    first.simulation.progress = watch.progress;
    let mut common = Common::new(watch.trace_rows);
    first.begin();
    second.begin();
    loop {
        if let Some(sides) = difference(&first, &second) {
            return Err(Box::new(describe(&first, &second, common.last, sides)));
        }
        common.take(&mut first.rows);
        first.forget();
        second.forget();
        if first.happening.is_none() && first.begun {
            break;
        }
        first.advance();
        second.advance();
    }
    first.simulation.arrive_at_the_end();
    let mut record = first.simulation.finish(seed, watch);
    common.take(&mut record.trace.rows().map(|row| row.to_row()).collect());
    record.trace = common.tracer.map(Tracer::finish).unwrap_or_default();
    Ok(record)
}

/// The rows that both had: the last few for a difference, and what a run that is watched like this
/// keeps, to be compared with one.
struct Common {
    last: VecDeque<TraceRow>,
    tracer: Option<Tracer>,
}

impl Common {
    fn new(trace_rows: usize) -> Common {
        let tracer = (trace_rows > 0).then(|| Tracer::new(trace_rows));
        Common { last: VecDeque::new(), tracer }
    }

    fn take(&mut self, rows: &mut Vec<TraceRow>) {
        if let Some(tracer) = &mut self.tracer {
            rows.iter().for_each(|row| tracer.copy(row));
        }
        self.last.extend(rows.drain(..));
        self.last.drain(..self.last.len().saturating_sub(COMMON_ROWS));
    }
}

/// What happens, as far as it can be told without the protocol's types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Happening {
    at: SimTime,
    what: &'static str,
    node: Option<NodeId>,
}

impl Happening {
    fn of<P: Protocol>(world: &World, event: &Event<P>) -> Happening {
        let what = match event {
            Event::Arrive(_) => "a message arrives",
            Event::ArriveSelf(_) => "a message to oneself arrives",
            Event::Ring(..) => "a timer rings",
            Event::Parcel(_) => "a message reaches a place",
            Event::Wire(_) => "a link has sent a message",
            Event::Refused(..) => "a message was refused",
            Event::Swizzle { .. } => "a clog begins or ends",
            Event::Synced(_) => "a sync ends",
            Event::Served(_) => "a processor is done with an input",
            Event::Started(_) => "a process is ready",
            Event::LoopTurns(..) => "a loop of crashes goes on",
            Event::Arrival => "an operation arrives",
            Event::User(_) => "a user calls",
            Event::FaultBegins(_) => "a fault begins",
            Event::FaultEnds(_) => "a fault ends",
            Event::StartAgain(..) => "a supervisor starts a process again",
        };
        Happening { at: world.now, what, node: event.node() }
    }
}

/// One of the two.
struct Twin<'a, P: Protocol> {
    simulation: Simulation<'a, P>,
    last: SimTime,
    at_this_instant: u64,
    /// Whether the first event was asked for: before it, nodes boot.
    begun: bool,
    /// The latest event; `None` before the first and behind the last.
    happening: Option<Happening>,
    /// The rows of the latest event.
    rows: Vec<TraceRow>,
    /// How many changes of standing were compared.
    standings: usize,
}

impl<'a, P: Protocol> Twin<'a, P> {
    fn new(plan: &'a Plan, seed: u64) -> Twin<'a, P> {
        let simulation = Simulation::new(plan, seed, usize::MAX);
        Twin {
            last: simulation.last_instant(),
            simulation,
            at_this_instant: 0,
            begun: false,
            happening: None,
            rows: Vec::new(),
            standings: 0,
        }
    }

    /// Boots the nodes.
    fn begin(&mut self) {
        let simulation = &mut self.simulation;
        let result = catch_unwind(AssertUnwindSafe(|| simulation.begin()));
        self.came_out(result.map(|_| ()));
    }

    /// Lets one event happen.
    fn advance(&mut self) {
        self.begun = true;
        let Twin { simulation, last, at_this_instant, happening, .. } = self;
        *happening = None;
        let result = catch_unwind(AssertUnwindSafe(|| {
            simulation.advance(*last, at_this_instant, |world, event| {
                *happening = Some(Happening::of(world, event));
            });
        }));
        self.came_out(result);
    }

    /// A protocol that panics does so on both sides, or that is the difference.
    fn came_out(&mut self, result: Result<(), Box<dyn Any + Send>>) {
        if let Err(panic) = result {
            self.simulation.panicked(panic);
        }
        self.rows = self.simulation.world.tracer.as_mut().expect("twins are traced").drain();
    }

    /// Gets ready for the next event, after what this one did was found to be the same.
    fn forget(&mut self) {
        self.rows.clear();
        self.standings = self.simulation.world.standings.len();
    }

    /// The event, or its absence, in words.
    fn event(&self) -> String {
        let Some(Happening { at, what, node }) = self.happening else {
            return "nothing more happens".to_owned();
        };
        let place = node
            .map_or_else(String::new, |node| format!(" on {}", self.simulation.world.name(node)));
        // To the nanosecond: one may be all the difference there is.
        format!("at {}.{:09}s {what}{place}", at.0 / 1_000_000_000, at.0 % 1_000_000_000)
    }
}

/// What differs behind the same number of events; `None` while nothing does.
fn difference<P: Protocol>(first: &Twin<'_, P>, second: &Twin<'_, P>) -> Option<[Side; 2]> {
    let same = first.rows.iter().zip(&second.rows).take_while(|(a, b)| a == b).count();
    let pair = [first, second];
    if first.happening != second.happening {
        return Some(pair.map(|twin| Side { fact: twin.event(), rows: twin.rows.clone() }));
    }
    if same < first.rows.len() || same < second.rows.len() {
        return Some(pair.map(|twin| match &twin.rows[same..] {
            [] => Side::fact("nothing more happens in this event"),
            rows => Side { fact: String::new(), rows: rows.to_vec() },
        }));
    }
    let worlds = pair.map(|twin| &twin.simulation.world);
    let [a, b] = worlds;
    if a.digest != b.digest {
        return Some(worlds.map(|world| Side::fact(format!("the digest is {}", world.digest))));
    }
    for (x, y) in [(&a.metrics, &b.metrics), (&a.gauges, &b.gauges)] {
        if x == y {
            continue;
        }
        let mut names = x.iter().chain(y.iter()).map(|(name, _)| name);
        if let Some(name) = names.find(|name| x.get(name) != y.get(name)) {
            return Some([x, y].map(|tally| match tally.get(name) {
                Some(value) => Side::fact(format!("the metric {name} is {value}")),
                None => Side::fact(format!("there is no metric {name}")),
            }));
        }
    }
    let became = pair.map(|twin| &twin.simulation.world.standings[twin.standings..]);
    (became[0] != became[1]).then(|| {
        let [a, b] = became;
        let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        became.map(|changes| {
            Side::fact(match changes.get(same) {
                Some(now) => {
                    let rank = if now.rank.is_empty() { "of no rank" } else { &now.rank };
                    let name = first.simulation.world.name(NodeId(now.node));
                    format!("{name} is {rank} in epoch {}", now.epoch)
                }
                None => "no node becomes anything else".to_owned(),
            })
        })
    })
}

/// Tells where the two part, and what they had in common before.
fn describe<P: Protocol>(
    first: &Twin<'_, P>,
    second: &Twin<'_, P>,
    mut common: VecDeque<TraceRow>,
    sides: [Side; 2],
) -> Divergence {
    if first.happening == second.happening {
        let same = first.rows.iter().zip(&second.rows).take_while(|(a, b)| a == b);
        common.extend(same.map(|(row, _)| row.clone()));
        common.drain(..common.len().saturating_sub(COMMON_ROWS));
    }
    let pair = [first, second];
    let next = pair.into_iter().filter_map(|twin| twin.happening).min_by_key(|next| next.at);
    let of_row = sides.iter().find_map(|side| side.rows.first()?.node);
    let of_event = next.and_then(|next| next.node).map(|node| node.0);
    let changed = first.simulation.world.standings.get(first.standings).map(|change| change.node);
    let is_same_event = first.happening == second.happening;
    let [one, other] = sides;
    let events = pair.map(|twin| twin.simulation.world.events);
    Divergence {
        event: Some(events[0].max(events[1])),
        at_ns: next.map_or(SimTime::ZERO, |next| next.at).0,
        node: of_row.filter(|_| is_same_event).or(of_event).or(changed),
        common: common.into(),
        first: one,
        second: other,
    }
}
