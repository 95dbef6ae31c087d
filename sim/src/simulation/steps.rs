//! Steps and their effects: the only place where a protocol's code is called.

use std::collections::BTreeMap;

use super::disk::Write;
use super::network::{Address, Drawn, Fate};
use super::parcels::{CUT, Parcels};
use super::queue::{EventQueue, Handle};
use super::timers::Armed;
use super::world::Tag;
use super::{Event, Flight, Laws, Node, Occasion, SelfMessage, Simulation};
use super::{Traced, Triggers, Watcher};
use crate::bug::BugSet;
use crate::catalog;
use crate::effects::{Effect, Effects, Recorded};
use crate::invariant::{Cluster, Note};
use crate::plan::{Expect, Plan};
use crate::protocol::{Boot, Input, Kinds, Message, NodeId, Protocol, Role, Standing};
use crate::random::Seed;
use crate::record::{RowKind, ViolationKind};
use crate::service::Operation;
use crate::simulation::judge::LINEARIZABLE;
use crate::simulation::workload::{Book, Workload};
use crate::simulation::world::World;
use crate::time::{LocalTime, SimTime, Span, SpanRange};

impl<'a, P: Protocol> Simulation<'a, P> {
    /// Sets the stage: nodes exist, nothing has booted.
    pub(crate) fn new(plan: &'a Plan, seed: u64, trace_rows: usize) -> Simulation<'a, P> {
        let seed = Seed(seed);
        let laws = Laws::of::<P>(plan);
        let kinds = <P::Message as Kinds>::KINDS;
        let world = World::new(plan, seed, &laws, kinds, trace_rows);
        let traced = world.tracer.is_some().then(|| Box::new(Traced::new(plan.nodes.len())));
        let roles: Vec<P::Role> = plan.nodes.iter().map(|node| P::Role::ALL[node.role].0).collect();
        let node = |(index, owner): (usize, &u32)| {
            let mut node = Node::new(*owner, seed);
            node.quirks = laws.machines.quirks(index, *owner, seed);
            node
        };
        let nodes = laws.owners.iter().enumerate().map(node).collect();
        let cluster = Cluster {
            names: laws.names.clone(),
            voters: plan.nodes.iter().filter(|node| node.role == 0).count(),
        };
        let watchers = P::INVARIANTS
            .iter()
            .map(|invariant| Watcher { invariant, monitor: (invariant.new)(&cluster) })
            .collect();
        let clients: Vec<NodeId> = (0u32..)
            .zip(&roles)
            .filter(|(_, role)| role.info().takes_calls)
            .map(|(id, _)| NodeId(id))
            .collect();
        let workload = laws
            .workload
            .as_ref()
            .filter(|_| !clients.is_empty())
            .map(|laws| Workload::new(laws.clone(), seed, clients));
        let mut simulation = Simulation {
            plan,
            laws,
            config: catalog::open::<P>(&plan.config),
            roles,
            world,
            nodes,
            queue: super::Wheel::default(),
            workload,
            book: Book::new(reads_history(plan)),
            watchers,
            bugs: BugSet::of(&plan.bugs),
            seed,
            strikes: Vec::new(),
            held: BTreeMap::new(),
            loops: BTreeMap::new(),
            disks_hit: BTreeMap::new(),
            triggers: Triggers::default(),
            buffer: Vec::new(),
            parcels: Parcels::default(),
            parked: BTreeMap::new(),
            inside: None,
            exiting: None,
            stopped: false,
            progress: None,
            tell_at: u64::MAX,
            traced,
        };
        simulation.limit_disks();
        simulation
    }

    /// Starts a node's process, for the first time or again.
    pub(super) fn boot(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        assert!(!node.is_up(), "a node that is up does not boot");
        let survivors = node.disk.read();
        let incarnation = node.incarnation;
        self.world.digest(Tag::Boot, u64::from(id.0), incarnation, survivors.len() as u64);
        self.misread(id, &survivors);
        self.trace_boot(id);
        self.world.trace(RowKind::Boot, Some(id), || {
            let records = survivors.len();
            match (incarnation, records) {
                (0, 0) => "boots".to_owned(),
                (_, 1) => "boots again, with 1 record on disk".to_owned(),
                _ => format!("boots again, with {records} records on disk"),
            }
        });
        let role = self.roles[id.index()];
        let standing = self.inside(id, Occasion::Boot, |state, fx| {
            state.insert(P::boot(Boot { role, disk: &survivors }, fx)).standing()
        });
        if self.traced.is_some() {
            self.trace_step(id, Occasion::Boot);
        }
        self.note_standing(id, standing, true);
        self.carry_out(id);
    }

    /// Gives a node one input. A node that stands still gets it when it goes on, one whose processor
    /// is busy when that is free.
    #[inline(never)]
    pub(super) fn step(&mut self, id: NodeId, input: Input<P>) {
        if self.nodes[id.index()].quirks.is_some() {
            self.take(id, input);
        } else {
            self.step_here(id, input);
        }
    }

    /// Gives a node one input that has come through its processor, or needs none.
    #[inline(never)]
    pub(super) fn step_now(&mut self, id: NodeId, input: Input<P>) {
        self.step_here(id, input);
    }

    /// The same in the place of the call: where the kind of the input is known there, whatever
    /// depends on it is decided beforehand.
    #[inline(always)]
    fn step_here(&mut self, id: NodeId, input: Input<P>) {
        let node = &mut self.nodes[id.index()];
        if node.paused.is_some() {
            node.inbox.push_back(input);
            if node.inbox.len() as u64 > self.plan.limits.waiting {
                self.piles_up(id);
            }
            self.trace_wait(id);
            return;
        }
        assert!(node.is_up(), "only nodes that are up take steps");
        let input = match input {
            Input::WriteFailed { lost } => self.told(id, lost),
            input => input,
        };
        let occasion = match &input {
            Input::Message { from, body } => Occasion::Message(*from, body.kind()),
            Input::Timer(timer) => Occasion::Timer(timer.kind()),
            Input::Call { operation, .. } => Occasion::Call(operation.kind()),
            Input::Refused { to, kind } => Occasion::Refusal(*to, *kind),
            Input::WriteFailed { .. } => Occasion::WriteFailed,
        };
        let standing = self.inside(id, occasion, |state, fx| {
            let state = state.as_mut().expect("the node is up");
            state.step(input, fx);
            state.standing()
        });
        if self.traced.is_some() {
            self.trace_step(id, occasion);
        }
        self.note_standing(id, standing, false);
        self.carry_out(id);
    }

    /// Runs the protocol's code on a node. What it records is in the buffer afterwards.
    #[inline(always)]
    fn inside<R>(
        &mut self,
        id: NodeId,
        occasion: Occasion,
        code: impl FnOnce(&mut Option<P>, &mut Effects<'_, P>) -> R,
    ) -> R {
        let node = &mut self.nodes[id.index()];
        let (now, wall) = (node.clock(self.world.now), node.wall(self.world.now));
        let outer = if P::Timer::EMBEDDED > 0 { node.outer.as_mut() } else { None };
        let (picks, inner_picks) = match outer {
            Some(outer) => (&mut outer.picks, Some(&mut node.picks)),
            None => (&mut node.picks, None),
        };
        let mut fx = Effects {
            me: id,
            config: self.config,
            roles: &self.roles,
            now,
            wall,
            incarnation: node.incarnation,
            bugs: &self.bugs,
            picks,
            inner_picks,
            out: &mut self.buffer,
        };
        self.inside = Some((id, occasion));
        let result = code(&mut node.state, &mut fx);
        self.inside = None;
        result
    }

    /// Carries out what a step recorded, in its order.
    #[inline(always)]
    fn carry_out(&mut self, id: NodeId) {
        for nth in 0..self.buffer.len() {
            // The two that happen all the time are read where they lie.
            match &mut self.buffer[nth] {
                Recorded { effect: Effect::Arm { timer, after }, held: false } => {
                    let (timer, after) = (*timer, *after);
                    self.arm(id, timer, after);
                }
                Recorded { effect: effect @ Effect::Send { .. }, held: false } => {
                    let sent = std::mem::replace(effect, Effect::Done);
                    let Effect::Send { to, body } = sent else { unreachable!("just seen") };
                    self.send(id, to, body);
                }
                Recorded { effect, held } => {
                    let (effect, held) = (std::mem::replace(effect, Effect::Done), *held);
                    self.effect_or_hold(id, effect, held);
                }
            }
        }
        self.buffer.clear();
        if self.exiting.is_some() {
            return self.exit(id);
        }
        self.begin_sync(id);
    }

    /// Carries out an effect, or holds it until the disk has caught up.
    #[inline(never)]
    fn effect_or_hold(&mut self, id: NodeId, effect: Effect<P>, held: bool) {
        if !held {
            self.effect(id, effect);
        } else if let Some(effect) = self.nodes[id.index()].disk.hold(effect) {
            self.effect(id, effect);
        }
    }

    fn effect(&mut self, id: NodeId, effect: Effect<P>) {
        let now = self.world.now;
        if self.traced.is_some() {
            self.trace_effect(id, &effect);
        }
        match effect {
            Effect::Send { to, body } => self.send(id, to, body),
            Effect::Reply { call, outcome } => self.reply(id, call, outcome),
            Effect::Note(event) => self.note(id, &event),
            Effect::Arm { timer, after } => self.arm(id, timer, after),
            Effect::Disarm(timer) => self.disarm(id, timer),
            Effect::Append(record) => {
                self.nodes[id.index()].disk.hand_over(now, Write::Append(record));
            }
            Effect::Truncate { keep } => {
                self.nodes[id.index()].disk.hand_over(now, Write::Truncate { keep });
            }
            Effect::Rewrite(records) => {
                self.nodes[id.index()].disk.hand_over(now, Write::Rewrite(records));
            }
            Effect::Count { name, by } => self.world.count(name, by),
            Effect::Exit(reason) => self.exiting = Some(reason),
            Effect::Done => {}
            Effect::Gauge { name, value } => {
                let most = self.world.gauges.of(name, value);
                *most = (*most).max(value);
            }
        }
    }

    fn send_self(&mut self, id: NodeId, body: P::Message) {
        let incarnation = self.nodes[id.index()].incarnation;
        self.world.causes(|causes| causes.sends_itself());
        let message = SelfMessage { node: id, incarnation, body };
        self.queue.push(self.world.now, Event::ArriveSelf(message));
    }

    #[inline(never)]
    fn send(&mut self, from: NodeId, to: NodeId, body: P::Message) {
        if from == to {
            return self.send_self(from, body);
        }
        let world = &mut self.world;
        let (at, drawn) = world.network.address(from, to, body.kind());
        world.messages.sent += 1;
        world.digest_address(Tag::Send, at, u64::from(body.size()));
        body.digest(&mut world.digest);
        world.trace_message(RowKind::Send, at, || format!("{body:?}"));
        if self.triggers.on_messages {
            self.message_sent(at);
        }
        let world = &mut self.world;
        // What is cut off never reaches the network that might copy it.
        let cut = world.network.is_cut(from, to);
        if world.by_hand || cut || !world.network.duplicates(at) {
            self.put_under_way(at, drawn, body);
            return;
        }
        self.send_twice(at, drawn, body);
    }

    /// The network makes a copy of a message.
    #[cold]
    fn send_twice(&mut self, at: Address, drawn: Drawn, body: P::Message) {
        self.put_under_way(at, drawn, body.clone());
        let world = &mut self.world;
        world.messages.duplicated += 1;
        world.digest_address(Tag::Duplicate, at, 0);
        world.trace_message(RowKind::Duplicate, at, || "the network makes a copy".to_owned());
        let copied = at.copied();
        let drawn = world.network.drawn(copied);
        self.put_under_way(copied, drawn, body);
    }

    /// Decides a copy's fate.
    #[inline(always)]
    pub(super) fn put_under_way(&mut self, at: Address, drawn: Drawn, body: P::Message) {
        let world = &mut self.world;
        let now = world.now;
        let fate = match world.by_hand {
            true if world.network.is_cut(at.from(), at.to()) => Fate::Cut,
            true => Fate::Arrives(now),
            false => world.network.fate(now, at, drawn),
        };
        match fate {
            Fate::Arrives(arrival) => {
                world.wire.enter(now);
                world.messages.in_flight += 1;
                let flight = || Flight { at, sent: now, body: Some(body) };
                if world.by_hand {
                    self.park(flight());
                } else {
                    self.queue.push_with(arrival, || Event::Arrive(flight()));
                }
            }
            Fate::Lost => {
                world.messages.dropped.loss += 1;
                world.drops(at, 1, "lost");
            }
            Fate::Cut => {
                world.messages.dropped.cut += 1;
                world.drops(at, 2, CUT);
            }
            fate @ (Fate::Spoils(_) | Fate::Undecided) => self.put_aside(at, fate, body),
        }
    }

    /// A copy arrives that was waiting elsewhere than in the queue.
    #[inline(never)]
    pub(super) fn land(&mut self, flight: Flight<P::Message>) {
        let Flight { at, sent, body } = flight;
        self.arrive(at, sent, body.expect("a message arrives once"));
    }

    /// A copy arrives: at a node that is up, or nowhere.
    #[inline(always)]
    pub(super) fn arrive(&mut self, at: Address, sent: SimTime, body: P::Message) {
        let world = &mut self.world;
        world.wire.leave(world.now, sent);
        world.messages.in_flight -= 1;
        let receiver = &self.nodes[at.to().index()];
        if !receiver.is_up() {
            return self.arrive_at_nobody(at);
        }
        if receiver.quirks.is_some() {
            return self.arrive_at_work(at, body);
        }
        world.messages.delivered += 1;
        world.digest_address(Tag::Deliver, at, 0);
        world.trace_message(RowKind::Deliver, at, || format!("{body:?}{}", receiver.waits()));
        if self.triggers.on_messages {
            self.message_delivered(at);
        }
        self.step_here(at.to(), Input::Message { from: at.from(), body });
    }

    pub(super) fn arrive_self(&mut self, message: SelfMessage<P::Message>) {
        let SelfMessage { node: id, incarnation, body } = message;
        let node = &self.nodes[id.index()];
        self.world.causes(|causes| causes.heard_itself());
        if node.is_up() && node.incarnation == incarnation {
            self.world.digest(Tag::SelfMessage, u64::from(id.0), body.kind() as u64, 0);
            self.world
                .trace(RowKind::SelfMessage, Some(id), || format!("{body:?}{}", node.waits()));
            self.step(id, Input::Message { from: id, body });
        }
    }

    #[inline(never)]
    fn arm(&mut self, id: NodeId, timer: P::Timer, after: SpanRange) {
        let node = &mut self.nodes[id.index()];
        let is_outer = P::Timer::EMBEDDED > 0 && timer.kind() >= P::Timer::EMBEDDED;
        let draws = match if is_outer { node.outer.as_mut() } else { None } {
            Some(outer) => &mut outer.timers,
            None => &mut node.timer_draws,
        };
        let span = draws.span_in(after);
        let clock = node.clock(self.world.now);
        let rings = LocalTime(clock.0.saturating_add(span.0));
        node.armed += 1;
        let nth = node.armed;
        // In scripts timers wait for commands, and while a node stands still for its going on.
        let waits = self.world.by_hand || node.paused.is_some();
        let scheduled = if waits {
            None
        } else {
            let at = match node.quirks {
                None => self.world.now.after(span),
                Some(_) => node.when(self.world.now, rings),
            };
            Some(self.queue.push_with(at, || Event::Ring(id, timer)))
        };
        let timers = &mut self.nodes[id.index()].timers;
        if let Some(before) = timers.set(timer, Armed { scheduled, rings, nth }) {
            debug_assert!(!waits, "a timer is scheduled while its node stands still");
            self.queue.cancel(before);
        }
        if self.nodes[id.index()].quirks.is_some() {
            self.forget_rung(id, timer);
        }
    }

    fn disarm(&mut self, id: NodeId, timer: P::Timer) {
        if let Some(armed) = self.nodes[id.index()].timers.remove(timer) {
            self.unschedule(armed.scheduled);
        }
        if self.nodes[id.index()].quirks.is_some() {
            self.forget_rung(id, timer);
        }
    }

    /// Takes a timer off the schedule.
    pub(super) fn unschedule(&mut self, scheduled: Option<Handle>) {
        if let Some(handle) = scheduled {
            self.queue.cancel(handle);
        }
    }

    /// A scheduled timer rings.
    #[inline(always)]
    pub(super) fn ring(&mut self, id: NodeId, timer: P::Timer) {
        self.nodes[id.index()].timers.remove(timer);
        self.fire(id, timer);
    }

    #[inline(always)]
    pub(super) fn fire(&mut self, id: NodeId, timer: P::Timer) {
        self.world.digest_timer(id, timer.kind());
        if self.traced.is_some() {
            self.trace_timer(id, timer);
        }
        if self.nodes[id.index()].quirks.is_some() {
            self.take(id, Input::Timer(timer));
        } else {
            self.step_here(id, Input::Timer(timer));
        }
    }

    /// Begins to make durable what a node's disk was handed.
    #[inline(always)]
    pub(super) fn begin_sync(&mut self, id: NodeId) {
        if self.nodes[id.index()].disk.begin_sync() && !self.world.by_hand {
            self.schedule_sync(id);
        }
    }

    fn schedule_sync(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        let draw = node.disk_draws.next_u64();
        let takes = node.disk.pace().unwrap_or(self.laws.sync_of(id)).draw(draw);
        let at = self.world.now.after(Span(takes));
        node.sync = Some(self.queue.push(at, Event::Synced(id)));
        self.sync_began(id);
    }

    /// A node's disk finished a sync: what waited for it happens now, unless the node stands still.
    pub(super) fn synced(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        node.sync = None;
        if node.disk.stalls() {
            return; // it ends when the stall does
        }
        let writes = match node.disk.end_sync(self.world.now) {
            Ok(writes) => writes,
            Err(lost) => return self.writes_failed(id, lost),
        };
        self.world.digest(Tag::Sync, u64::from(id.0), writes, 0);
        self.world.causes(|causes| causes.wrote(id, writes));
        self.world.trace(RowKind::Sync, Some(id), || match writes {
            1 => "1 write is durable".to_owned(),
            _ => format!("{writes} writes are durable"),
        });
        if self.nodes[id.index()].paused.is_none() {
            self.release(id);
        }
        self.begin_sync(id);
    }

    /// Carries out the held effects that wait for nothing any more.
    pub(super) fn release(&mut self, id: NodeId) {
        while let Some(effect) = self.nodes[id.index()].disk.release() {
            self.effect(id, effect);
        }
    }

    /// Observers hear of an event.
    fn note(&mut self, id: NodeId, event: &P::Event) {
        let world = &mut self.world;
        world.digest(Tag::Note, u64::from(id.0), event.kind() as u64, 0);
        world.trace(RowKind::Note, Some(id), || format!("{event:?}"));
        self.noted(event.kind(), id);
        let world = &mut self.world;
        let note = Note { at: world.now, node: id, event };
        for watcher in &mut self.watchers {
            if let Err(breach) = watcher.monitor.read(&note) {
                let Watcher { invariant, .. } = watcher;
                let (name, citation) = (invariant.name, invariant.citation);
                world.violate(name, ViolationKind::Safety, &breach.nodes, breach.message, citation);
                self.stopped = true;
            }
        }
    }

    /// Notices a change of what a node is.
    #[inline(always)]
    fn note_standing(&mut self, id: NodeId, standing: Standing, always: bool) {
        let node = &self.nodes[id.index()];
        if !always && standing.is(node.standing) {
            return;
        }
        self.new_standing(id, standing, always);
    }

    #[cold]
    fn new_standing(&mut self, id: NodeId, standing: Standing, always: bool) {
        let health = self.nodes[id.index()].health();
        let before = std::mem::replace(&mut self.nodes[id.index()].standing, standing);
        if standing.rank != before.rank {
            self.ranked(standing.rank, id);
        }
        self.world.stands(id, health, standing);
        if self.world.by_hand && !always {
            self.world.trace(RowKind::Note, Some(id), || {
                format!("{} in epoch {}", standing.rank, standing.epoch)
            });
        }
    }
}

/// Whether anything in the plan reads the operations' history.
pub(super) fn reads_history(plan: &Plan) -> bool {
    plan.expectations.iter().any(|expectation| match &expectation.expect {
        Expect::Linearizable => true,
        Expect::Holds(property) | Expect::Violates(property) => property == LINEARIZABLE,
        _ => false,
    })
}
