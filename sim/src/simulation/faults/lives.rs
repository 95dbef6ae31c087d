//! What happens to processes: they die, start again, stand still and go on.

use std::fmt;

use super::Struck;
use crate::history::CallId;
use crate::plan::{Fault, Target};
use crate::protocol::{NodeId, Protocol};
use crate::record::{Health, RowKind};
use crate::service::Outcome;
use crate::simulation::Simulation;
use crate::simulation::disk::Remains;
use crate::simulation::queue::EventQueue;
use crate::simulation::world::Tag;

impl<P: Protocol> Simulation<'_, P> {
    pub(super) fn crash_all(
        &mut self,
        strike: usize,
        target: &Target,
        kind: &'static str,
    ) -> Option<Struck> {
        let hit = self.resolve_up(target, strike);
        hit.iter().for_each(|id| self.crash(*id));
        self.hold(strike, &hit);
        self.struck(kind, hit)
    }

    /// Whether the host of a node is dead, and not only its process.
    pub(in crate::simulation) fn is_off(&self, id: NodeId) -> bool {
        self.held.iter().any(|(strike, held)| {
            let fault = &self.plan.faults[self.strikes[*strike].fault].fault;
            matches!(fault, Fault::PowerOff(_)) && held.contains(&id)
        })
    }

    /// The processes that a crash still holds start again.
    pub(super) fn restart_held(&mut self, held: Vec<NodeId>) {
        for id in held {
            self.restart(id);
        }
    }

    pub(super) fn restart_all(&mut self, strike: usize, target: &Target) -> Option<Struck> {
        let mut dice = self.choices(strike);
        let found = self.resolve(target, strike, &mut dice);
        let hit: Vec<NodeId> = found.into_iter().filter(|id| self.restart(*id)).collect();
        let struck = self.struck("restart", hit)?;
        Some(Struck { is_instant: true, ..struck })
    }

    pub(super) fn pause_all(&mut self, strike: usize, target: &Target) -> Option<Struck> {
        let hit = self.resolve_up(target, strike);
        for id in &hit {
            // A node that stands still already does so until the last of its pauses ends.
            if self.nodes[id.index()].paused.is_none() {
                self.pause(*id);
            }
        }
        self.hold(strike, &hit);
        self.struck("pause", hit)
    }

    /// The nodes that a pause still holds go on, unless another pause holds them.
    pub(super) fn resume_held(&mut self, held: Vec<NodeId>) {
        for node in held {
            if !self.held.values().any(|held| held.contains(&node)) {
                self.resume(node);
            }
        }
    }

    /// The nodes of a target that are up.
    pub(super) fn resolve_up(&self, target: &Target, strike: usize) -> Vec<NodeId> {
        let found = self.resolve(target, strike, &mut self.choices(strike));
        found.into_iter().filter(|id| self.nodes[id.index()].is_up()).collect()
    }

    pub(super) fn struck(&self, kind: &'static str, hit: Vec<NodeId>) -> Option<Struck> {
        (!hit.is_empty()).then(|| Struck::nodes(kind, self.label(&hit), hit))
    }

    /// A process dies: with its memory, its timers, and what its disk had not made durable. What it
    /// sent stays under way. Applications that waited for it can not know what became of it.
    pub(in crate::simulation) fn crash(&mut self, id: NodeId) {
        let lost = self.die(id);
        self.world.digest(Tag::Crash, u64::from(id.0), lost.writes, 0);
        self.world.count("crashes", 1);
        self.world.trace(RowKind::Fault, Some(id), || format!("crashes{lost}"));
        self.bury(id);
    }

    /// Takes away what a process had.
    pub(in crate::simulation) fn die(&mut self, id: NodeId) -> Losses {
        assert!(self.nodes[id.index()].is_up(), "a node that is down does not die");
        self.let_go(id);
        let leaves_some = self.plan.disk_of(id).leaves_some();
        let remains = if leaves_some { self.remains(id) } else { Remains::default() };
        let now = self.world.now;
        let node = &mut self.nodes[id.index()];
        node.state = None;
        if let Some(since) = node.paused.take() {
            node.stood_still = node.stood_still + now.since(since);
        }
        node.incarnation += 1;
        node.inbox.clear();
        let writes = node.disk.crash(now) as u64;
        if let Some(sync) = node.sync.take() {
            self.queue.cancel(sync);
        }
        for (_, armed) in std::mem::take(&mut node.timers).in_order() {
            self.unschedule(armed.scheduled);
        }
        self.lose_inbox(id);
        Losses { writes, remains }
    }

    /// Tells the world of a death: those who look, and the applications that waited.
    pub(in crate::simulation) fn bury(&mut self, id: NodeId) {
        self.world.causes(|causes| causes.harms(id));
        let standing = self.nodes[id.index()].standing;
        self.world.stands(id, Health::Down, standing);
        let here = |call: &CallId| self.world.ledger.client(*call) == id;
        let open: Vec<CallId> = self.book.open().filter(here).collect();
        for call in open {
            self.end_call(id, call, Outcome::Unknown);
        }
    }

    /// A process starts again, unless it is up or starting.
    pub(in crate::simulation) fn restart(&mut self, id: NodeId) -> bool {
        let node = &self.nodes[id.index()];
        if node.is_up() || node.is_starting() {
            return false;
        }
        self.let_go(id);
        self.world.count("restarts", 1);
        self.start(id);
        true
    }

    /// A process stands still: no steps, and its monotonic clock stops.
    pub(in crate::simulation) fn pause(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        node.paused = Some(self.world.now);
        self.unschedule_timers(id);
        self.stop_working(id);
        self.world.digest(Tag::Pause, u64::from(id.0), 0, 0);
        self.world.count("pauses", 1);
        self.world.trace(RowKind::Fault, Some(id), || "stands still".to_owned());
        self.world.causes(|causes| causes.harms(id));
        let standing = self.nodes[id.index()].standing;
        self.world.stands(id, Health::Paused, standing);
    }

    /// A process goes on: first what its disk finished, then what arrived, in order; its timers
    /// have as much time left as when it stopped.
    pub(in crate::simulation) fn resume(&mut self, id: NodeId) {
        let now = self.world.now;
        let Some(since) = self.nodes[id.index()].paused.take() else { return };
        let node = &mut self.nodes[id.index()];
        node.stood_still = node.stood_still + now.since(since);
        self.world.digest(Tag::Resume, u64::from(id.0), 0, 0);
        self.world.causes(|causes| causes.goes_on(id));
        self.world.trace(RowKind::Fault, Some(id), || "goes on".to_owned());
        let standing = self.nodes[id.index()].standing;
        self.world.stands(id, Health::Up, standing);
        self.schedule_timers(id);
        self.go_on_working(id);
        self.release(id);
        self.begin_sync(id);
        while let Some(input) = self.nodes[id.index()].inbox.pop_front() {
            self.trace_take(id);
            self.step(id, input);
        }
    }
}

/// What the death of a process costs.
#[derive(Debug)]
pub(in crate::simulation) struct Losses {
    /// Writes that were not durable and are gone.
    pub(in crate::simulation) writes: u64,
    /// What is left of others.
    pub(in crate::simulation) remains: Remains,
}

/// As the end of a sentence.
impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.writes {
            0 => {}
            1 => f.write_str(", losing 1 write that was not durable")?,
            n => write!(f, ", losing {n} writes that were not durable")?,
        }
        match self.remains.kept {
            0 => {}
            1 => f.write_str("; 1 more had reached the disk")?,
            n => write!(f, "; {n} more had reached the disk")?,
        }
        if self.remains.torn { f.write_str("; the first lost one is half-written") } else { Ok(()) }
    }
}
