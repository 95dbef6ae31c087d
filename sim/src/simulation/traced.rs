//! What a traced run keeps beside the run, as far as it depends on the protocol's types: from which
//! steps timers were set, what nodes that stand still have yet to take, and what nodes last showed.

use std::collections::{BTreeMap, VecDeque};

use super::{Occasion, Simulation};
use crate::effects::{Effect, Recorded};
use crate::protocol::{NodeId, Protocol};
use crate::record::{FieldChange, RowKind};
use crate::view::{Sketch, View};

/// See above. Numbers are those of rows.
pub(super) struct Traced<P: Protocol> {
    /// By timer, the step that set it last. Those that were stopped are still there.
    armed: BTreeMap<(NodeId, P::Timer), Option<u64>>,
    /// By node, the rows of the inputs in its inbox.
    inboxes: BTreeMap<NodeId, VecDeque<Option<u64>>>,
    /// By node, what it showed after its latest step.
    shown: Vec<Sketch>,
    /// To be written to, again and again.
    view: View,
}

impl<P: Protocol> Traced<P> {
    pub(super) fn new(nodes: usize) -> Traced<P> {
        Traced {
            armed: BTreeMap::new(),
            inboxes: BTreeMap::new(),
            shown: vec![Sketch::default(); nodes],
            view: View::sketch(),
        }
    }
}

impl<P: Protocol> Simulation<'_, P> {
    /// The row of the input that is taken; `None` where the run is not traced.
    pub(super) fn row(&self) -> Option<u64> {
        self.world.tracer.as_ref().and_then(|tracer| tracer.causes.now())
    }

    /// A node boots; what it had set and had yet to take is gone.
    #[cold]
    pub(super) fn trace_boot(&mut self, id: NodeId) {
        let Some(traced) = &mut self.traced else { return };
        traced.armed.retain(|(node, _), _| *node != id);
        traced.inboxes.remove(&id);
        traced.shown[id.index()].clear();
        self.world.causes(|causes| causes.boots(id));
    }

    /// A node's code has run, and nothing that it recorded was carried out yet.
    #[cold]
    #[inline(never)]
    pub(super) fn trace_step(&mut self, id: NodeId, occasion: Occasion) {
        let row = self.row();
        let Some(traced) = &mut self.traced else { return };
        for recorded in &self.buffer {
            match recorded {
                Recorded { effect: Effect::Arm { timer, .. }, held: false } => {
                    traced.armed.insert((id, *timer), row);
                }
                Recorded { effect: Effect::Disarm(timer), .. } => {
                    traced.armed.remove(&(id, *timer));
                }
                _ => {}
            }
        }
        // On a stage, whoever wants to see a node asks.
        if !self.world.by_hand {
            self.trace_view(id, occasion);
        }
    }

    /// Tells what a node shows of itself, as far as it is something else than after its last step.
    fn trace_view(&mut self, id: NodeId, occasion: Occasion) {
        let Some(traced) = &mut self.traced else { return };
        let Some(state) = &self.nodes[id.index()].state else { return };
        traced.view.sketched().clear();
        self.inside = Some((id, occasion));
        state.view(&mut traced.view);
        self.inside = None;
        let (now, before) = (traced.view.sketched(), &mut traced.shown[id.index()]);
        if now != before {
            let changes = now.changes(before);
            std::mem::swap(now, before);
            self.world.trace(RowKind::View, Some(id), || FieldChange::pack(&changes));
        }
    }

    /// An effect is carried out that is not among those of [`Simulation::trace_step`], or was held.
    #[cold]
    pub(super) fn trace_effect(&mut self, id: NodeId, effect: &Effect<P>) {
        match effect {
            Effect::Arm { timer, .. } => {
                let row = self.row();
                let traced = self.traced.as_mut().expect("it is traced");
                traced.armed.insert((id, *timer), row);
            }
            Effect::Append(_) | Effect::Truncate { .. } | Effect::Rewrite(_) => {
                self.world.causes(|causes| causes.writes(id));
            }
            _ => {}
        }
    }

    /// A timer rings.
    #[cold]
    #[inline(never)]
    pub(super) fn trace_timer(&mut self, id: NodeId, timer: P::Timer) {
        let traced = self.traced.as_mut().expect("it is traced");
        let cause = traced.armed.remove(&(id, timer)).flatten();
        self.world.causes(|causes| causes.tell(cause));
        self.world.trace(RowKind::Timer, Some(id), || format!("timer {timer:?} rings"));
    }

    /// A node that stands still gets an input, which it will take when it goes on.
    #[cold]
    pub(super) fn trace_wait(&mut self, id: NodeId) {
        let row = self.row();
        if let Some(traced) = &mut self.traced {
            traced.inboxes.entry(id).or_default().push_back(row);
        }
    }

    /// A node that goes on takes the next input.
    pub(super) fn trace_take(&mut self, id: NodeId) {
        let row = self.row_of_waiting(id);
        self.world.causes(|causes| causes.go_on(row));
    }

    /// The row of the next input in a node's inbox, which leaves it.
    pub(super) fn row_of_waiting(&mut self, id: NodeId) -> Option<u64> {
        self.traced.as_mut()?.inboxes.get_mut(&id)?.pop_front().flatten()
    }
}
