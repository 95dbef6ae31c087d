//! What happens to processes: they die, start again, stand still and go on.

use crate::history::CallId;
use crate::protocol::{NodeId, Protocol};
use crate::record::{Health, RowKind};
use crate::service::Outcome;
use crate::simulation::Simulation;
use crate::simulation::queue::EventQueue;
use crate::simulation::world::Tag;

impl<P: Protocol> Simulation<'_, P> {
    /// A process dies: with its memory, its timers, and what its disk had not made durable. What it
    /// sent stays under way. Applications that waited for it can not know what became of it.
    pub(in crate::simulation) fn crash(&mut self, id: NodeId) {
        assert!(self.nodes[id.index()].is_up(), "a node that is down does not crash");
        self.let_go(id);
        let now = self.world.now;
        let node = &mut self.nodes[id.index()];
        node.state = None;
        if let Some(since) = node.paused.take() {
            node.stood_still = node.stood_still + now.since(since);
        }
        node.incarnation += 1;
        node.inbox.clear();
        let lost = node.disk.crash(now);
        if let Some(sync) = node.sync.take() {
            self.queue.cancel(sync);
        }
        for (_, armed) in std::mem::take(&mut node.timers).in_order() {
            self.unschedule(armed.scheduled);
        }
        self.lose_inbox(id);
        self.world.digest(Tag::Crash, u64::from(id.0), lost as u64, 0);
        self.world.count("crashes", 1);
        self.world.trace(RowKind::Fault, Some(id), || match lost {
            0 => "crashes".to_owned(),
            1 => "crashes, losing 1 write that was not durable".to_owned(),
            _ => format!("crashes, losing {lost} writes that were not durable"),
        });
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
        self.world.trace(RowKind::Fault, Some(id), || "goes on".to_owned());
        let standing = self.nodes[id.index()].standing;
        self.world.stands(id, Health::Up, standing);
        self.schedule_timers(id);
        self.go_on_working(id);
        self.release(id);
        self.begin_sync(id);
        while let Some(input) = self.nodes[id.index()].inbox.pop_front() {
            self.step(id, input);
        }
    }
}
