//! Processes that are worse than usual at what they do: slow processors, timers that ring early, and
//! processes that do not stay up.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Struck;
use crate::plan::{Fault, Target};
use crate::protocol::{Kinds, NodeId, Protocol};
use crate::random::{Purpose, Stream};
use crate::simulation::processor::Processor;
use crate::simulation::queue::EventQueue;
use crate::simulation::{Event, Simulation};
use crate::time::Span;

/// The process of one node in a loop of crashes.
#[derive(Debug)]
pub(crate) struct CrashLoop {
    draws: Stream,
    /// Whether it is down, or on its way up, because of the loop.
    crashed: bool,
}

/// Every process in a loop, by strike.
pub(crate) type CrashLoops = BTreeMap<(usize, NodeId), CrashLoop>;

impl<P: Protocol> Simulation<'_, P> {
    /// Processors take longer for each input that they begin with.
    pub(super) fn slow_down(&mut self, strike: usize, target: &Target) -> Option<Struck> {
        let nodes = self.resolve(target, strike, &mut self.choices(strike));
        let fault = self.strikes[strike].fault;
        let Fault::Slow { step, .. } = &self.plan.faults[fault].fault else { return None };
        let how = format!("{step} for each input");
        let begins = format!("the processor of {{}} is slow: {how}");
        let struck = self.mark(strike, "slow", &begins, &how, nodes)?;
        self.world.count("slow_windows", 1);
        let law = self.laws.faults[fault].own[0].clone();
        for id in self.strikes[strike].marks.clone() {
            let owner = self.laws.owners[id.index()];
            if self.nodes[id.index()].processor().is_none() {
                let mut processor = Processor::new(Arc::default(), owner, self.seed);
                // What came while the node stood still goes first.
                for input in std::mem::take(&mut self.nodes[id.index()].inbox) {
                    let row = self.row_of_waiting(id);
                    processor.enter(self.world.now, input, row);
                }
                let node = &mut self.nodes[id.index()];
                node.quirks().processor = Some(processor);
            }
            if let Some(processor) = self.nodes[id.index()].processor_mut() {
                processor.slow_down(strike, law.clone());
            }
            self.work(id);
        }
        Some(struck)
    }

    pub(super) fn speed_up(&mut self, strike: usize) {
        for id in self.strikes[strike].marks.clone() {
            if let Some(processor) = self.nodes[id.index()].processor_mut() {
                processor.speed_up(strike);
            }
        }
    }

    /// A timer of this kind rings now, on each node that has one set: the one that would ring first.
    pub(super) fn fire_all(
        &mut self,
        strike: usize,
        target: &Target,
        kind: usize,
    ) -> Option<Struck> {
        let mut fired = Vec::new();
        for id in self.resolve_up(target, strike) {
            let node = &mut self.nodes[id.index()];
            let is_due = |timer: &P::Timer| timer.kind() == kind;
            let timers = node.timers.in_order().into_iter().filter(|(timer, _)| is_due(timer));
            let first = timers.min_by_key(|(_, armed)| (armed.rings, armed.nth));
            let Some((timer, _)) = first.filter(|_| node.paused.is_none()) else { continue };
            let armed = node.timers.remove(timer);
            self.unschedule(armed.and_then(|armed| armed.scheduled));
            self.world.count("timers_fired", 1);
            fired.push(id);
            self.fire(id, timer);
        }
        let struck = self.struck("fire", fired)?;
        Some(Struck { is_instant: true, ..struck })
    }

    /// Processes begin to crash again and again.
    pub(super) fn begin_loop(&mut self, strike: usize, target: &Target) -> Option<Struck> {
        let nodes = self.resolve(target, strike, &mut self.choices(strike));
        let begins = "{} crashes again and again from here on";
        let struck = self.mark(strike, "crash-loop", begins, "", nodes)?;
        for id in self.strikes[strike].marks.clone() {
            let draws = self.loop_draws(strike, id);
            self.loops.insert((strike, id), CrashLoop { draws, crashed: false });
            self.turn_later(strike, id);
        }
        Some(struck)
    }

    /// The next turn of a loop: what is up crashes, and what the loop crashed starts again. What
    /// somebody else crashed is left alone.
    pub(in crate::simulation) fn loop_turns(&mut self, strike: usize, id: NodeId) {
        let Some(turning) = self.loops.get(&(strike, id)) else { return };
        let crashed = turning.crashed;
        self.world.causes(|causes| causes.strike_goes_on(strike));
        let node = &self.nodes[id.index()];
        let crashes = node.is_up();
        if crashes || crashed {
            self.turn(strike, id, crashes);
        }
        if crashes {
            self.crash(id);
        } else if crashed {
            self.restart(id);
        }
        if let Some(turning) = self.loops.get_mut(&(strike, id)) {
            turning.crashed = crashes;
        }
        self.turn_later(strike, id);
    }

    /// Waits for the next turn: as long as a process is to stay up, or down.
    fn turn_later(&mut self, strike: usize, id: NodeId) {
        let laws = self.laws.clone();
        let [up, down] = &laws.faults[self.strikes[strike].fault].own[..] else { return };
        let Some(turning) = self.loops.get_mut(&(strike, id)) else { return };
        let law = if turning.crashed { down } else { up };
        let wait = Span(law.draw(turning.draws.next_u64()).max(SHORTEST_TURN));
        let number = u32::try_from(strike).expect("fewer strikes than events");
        self.queue.push(self.world.now.after(wait), Event::LoopTurns(number, id));
    }

    /// The loop ends: whom it left down starts again.
    pub(super) fn end_loop(&mut self, strike: usize) {
        for id in self.strikes[strike].marks.clone() {
            if self.loops.remove(&(strike, id)).is_some_and(|turning| turning.crashed) {
                self.turn(strike, id, false);
                self.restart(id);
            }
        }
    }

    /// The draws of one node in a loop: those of other nodes and other strikes do not move them.
    fn loop_draws(&self, strike: usize, id: NodeId) -> Stream {
        let node = self.laws.owners[id.index()].wrapping_add(1).wrapping_mul(0x85EB_CA6B);
        let owner = self.owner_of(strike).wrapping_add(node);
        Stream::new(self.seed, Purpose::Loop, owner)
    }

    /// Marks the nodes that a strike changes until it ends, whatever happens to their processes. The
    /// names of the nodes stand in the place of `{}`.
    pub(super) fn mark(
        &mut self,
        strike: usize,
        kind: &'static str,
        begins: &str,
        how: &str,
        nodes: Vec<NodeId>,
    ) -> Option<Struck> {
        let names = self.label(&nodes);
        self.strikes[strike].marks.clone_from(&nodes);
        let struck = self.struck(kind, nodes)?;
        let label = format!("{names} {how}");
        let begins = begins.replace("{}", &names);
        let ends = format!("{kind} of {names} ends");
        Some(Struck { label: label.trim_end().to_owned(), begins, ends, ..struck })
    }
}

/// The shortest time that a process in a loop stays as it is.
const SHORTEST_TURN: u64 = 1_000;
