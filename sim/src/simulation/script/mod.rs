//! A simulation without time: every step waits for a command.

mod describe;
mod select;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::network::{CutShape, Drawn};
use super::queue::EventQueue;
use super::run::LIVELOCK;
use super::workload::kind_of;
use super::{Event, Flight, Node, Simulation};
use crate::plan::Plan;
use crate::protocol::{Kinds, NodeId, Protocol, Role};
use crate::record::{RowKind, Violation};
use crate::script::{COMMANDS, Stage};
use crate::service::{Operation, Service};
use crate::time::{SimTime, Span};

/// The number that stands for every cut made by hand.
const BY_HAND: usize = usize::MAX;
/// Rounds of `settle` before it gives up.
const ROUNDS: usize = 1_000;

/// Opens a stage for a plan. Its network, processors, clocks,
/// workload and faults are not used.
pub(crate) fn stage<P: Protocol>(plan: &Plan) -> Box<dyn Stage + '_> {
    let mut simulation = Simulation::<P>::new(plan, plan.seed, usize::MAX);
    simulation.world.by_hand = true;
    // Where there is no time, clocks are right and nobody is slow.
    simulation.nodes.iter_mut().for_each(|node| node.quirks = None);
    Box::new(simulation)
}

impl<P: Protocol> Stage for Simulation<'_, P> {
    fn command(&mut self, words: &[&str]) -> Result<Vec<String>, String> {
        let (quietly, words) = match words {
            ["quietly", rest @ ..] if !rest.is_empty() => (true, rest),
            words => (false, words),
        };
        let result = catch_unwind(AssertUnwindSafe(|| self.obey(words)));
        let said = match result {
            Ok(said) => said,
            Err(panic) => Ok(self.dies_of(panic)),
        };
        self.stopped = false;
        let rows = self.world.tracer.as_mut().expect("a stage is traced").drain();
        let mut lines = self.reaction(&rows);
        lines.extend(said?);
        if quietly {
            lines.retain(|line| line.starts_with(describe::ALARM));
        }
        Ok(lines)
    }

    fn violations(&self) -> &[Violation] {
        &self.world.violations
    }
}

impl<P: Protocol> Simulation<'_, P> {
    fn obey(&mut self, words: &[&str]) -> Result<Vec<String>, String> {
        let [command, rest @ ..] = words else { return Err("an empty command".to_owned()) };
        self.world.events += 1;
        match (*command, rest) {
            ("boot", names) => self.boot_all(names)?,
            ("call", [client, operation, key]) => self.call_by_hand(client, operation, key)?,
            ("fire", [node, timer @ ..]) if !timer.is_empty() => {
                self.fire_by_hand(node, &timer.join(" "))?;
            }
            ("advance", [span]) => {
                let now = self.world.now.0.checked_add(Span::parse(span)?.0);
                self.world.now = SimTime(now.ok_or("the clock ends after 584 years")?);
            }
            ("sync", names) if !names.is_empty() => self.sync_by_hand(names)?,
            ("deliver" | "drop", ["all"]) if self.parked.is_empty() => {
                return Ok(self.show_flights());
            }
            ("deliver" | "drop" | "refuse" | "duplicate", rest) if !rest.is_empty() => {
                self.treat_by_hand(command, rest)?;
            }
            ("settle", []) => self.settle()?,
            ("cut", rest) if !rest.is_empty() => self.cut_by_hand(rest)?,
            ("heal", []) => {
                self.world.network.heal(BY_HAND);
                self.world.trace(RowKind::Fault, None, || "the network heals".to_owned());
            }
            ("crash", names) if !names.is_empty() => {
                let ids = self.nodes_called(names)?;
                self.refuse(&ids, |node| !node.is_up(), "is down already")?;
                ids.into_iter().for_each(|id| self.crash(id));
            }
            ("restart", names) if !names.is_empty() => {
                let ids = self.nodes_called(names)?;
                self.refuse(&ids, Node::is_up, "is up; crash it first")?;
                self.refuse(&ids, |node| node.incarnation == 0, "never ran; boot it")?;
                for id in ids {
                    self.restart(id);
                    self.drain_instant();
                }
            }
            ("fail", names) if !names.is_empty() => self.fail_by_hand(names)?,
            ("rot", [node, record]) => self.rot_by_hand(node, record)?,
            ("wipe", names) if !names.is_empty() => {
                let ids = self.nodes_called(names)?;
                self.refuse(&ids, Node::is_up, "is up; crash it first")?;
                ids.into_iter().for_each(|id| self.wipe(id));
            }
            ("show", names) if !names.is_empty() => {
                let ids = self.nodes_called(names)?;
                return Ok(ids.into_iter().flat_map(|id| self.show(id)).collect());
            }
            ("logs", names) => return Ok(self.logs(&self.nodes_called(or_all(names))?)),
            ("disk", names) if !names.is_empty() => {
                let ids = self.nodes_called(names)?;
                return Ok(ids.into_iter().flat_map(|id| self.show_disk(id)).collect());
            }
            ("in-flight", []) => return Ok(self.show_flights()),
            (command, _) => return Err(misused(command)),
        }
        self.drain_instant();
        Ok(Vec::new())
    }

    /// What a command does with messages in flight, one by one.
    fn treat_by_hand(&mut self, command: &str, rest: &[&str]) -> Result<(), String> {
        for number in self.select(rest)? {
            match command {
                "deliver" => self.deliver_by_hand(number),
                "drop" => self.drop_by_hand(number),
                "refuse" => self.refuse_by_hand(number),
                _ => self.duplicate_by_hand(number),
            }
            self.drain_instant();
        }
        Ok(())
    }

    /// Disks refuse what they are about to make durable.
    fn fail_by_hand(&mut self, names: &[&str]) -> Result<(), String> {
        let ids = self.nodes_called(names)?;
        self.refuse(&ids, |node| !node.disk.is_syncing(), "has nothing to sync")?;
        for id in ids {
            let lost = self.nodes[id.index()].disk.fail_sync(self.world.now);
            self.writes_failed(id, lost);
            self.drain_instant();
        }
        Ok(())
    }

    /// Messages of nodes to themselves arrive at the same instant, here too.
    fn drain_instant(&mut self) {
        let mut events = 0;
        while let Some((_, event)) = self.queue.pop_until(self.world.now) {
            let Event::ArriveSelf(message) = event else {
                unreachable!("on a stage only messages to oneself are scheduled");
            };
            events += 1;
            match events {
                ..LIVELOCK => self.arrive_self(message),
                LIVELOCK => self.livelocked(Some(message.node)),
                _ => {}
            }
        }
    }

    /// The protocol's code panicked, which is the end of that process; ours did, and that goes on up.
    fn dies_of(&mut self, panic: Box<dyn Any + Send>) -> Vec<String> {
        let id = self.panicked(panic);
        // A step that did not end has no effects.
        self.buffer.clear();
        if self.nodes[id.index()].is_up() {
            self.crash(id);
        }
        self.drain_instant();
        Vec::new()
    }

    /// A node for which a command makes no sense stops it before it begins.
    fn refuse(
        &self,
        ids: &[NodeId],
        is_wrong: impl Fn(&Node<P>) -> bool,
        why: &str,
    ) -> Result<(), String> {
        match ids.iter().find(|id| is_wrong(&self.nodes[id.index()])) {
            Some(id) => Err(format!("{} {why}", self.world.name(*id))),
            None => Ok(()),
        }
    }

    fn boot_all(&mut self, names: &[&str]) -> Result<(), String> {
        let ids = self.nodes_called(or_all(names))?;
        self.refuse(&ids, Node::is_up, "is up already")?;
        self.refuse(&ids, |node| node.incarnation > 0, "ran before; restart it")?;
        for id in ids {
            self.boot(id);
            self.drain_instant();
        }
        Ok(())
    }

    fn all(&self) -> Vec<NodeId> {
        (0u32..).take(self.nodes.len()).map(NodeId).collect()
    }

    fn call_by_hand(&mut self, client: &str, operation: &str, key: &str) -> Result<(), String> {
        let id = self.node_called(client)?;
        let kind = kind_of::<P::Service>(operation).ok_or_else(|| {
            let kinds = <<P::Service as Service>::Operation as Operation>::KINDS;
            format!("no operation \"{operation}\"; there are {}", kinds.join(", "))
        })?;
        if !self.roles[id.index()].info().takes_calls {
            let takes = |id: &NodeId| self.roles[id.index()].info().takes_calls;
            let clients: Vec<NodeId> = self.all().into_iter().filter(takes).collect();
            let clients = match self.world.names(&clients) {
                names if names.is_empty() => "nobody does".to_owned(),
                names => format!("call {}", names.join(", ")),
            };
            return Err(format!("{client} takes no calls; {clients}"));
        }
        let digits = key.strip_prefix('k').unwrap_or(key);
        let key = digits.parse().map_err(|_| format!("\"{key}\" is no key; write k7"))?;
        self.call(id, None, (kind, key, 0));
        Ok(())
    }

    fn fire_by_hand(&mut self, node: &str, timer: &str) -> Result<(), String> {
        let id = self.node_called(node)?;
        let timers = self.nodes[id.index()].timers.names();
        let named = |t: &&P::Timer| {
            <P::Timer as Kinds>::KINDS[t.kind()] == timer || format!("{t:?}") == timer
        };
        let list = |timers: &[P::Timer]| {
            let names: Vec<String> = timers.iter().map(|t| format!("{t:?}")).collect();
            names.join(", ")
        };
        let found: Vec<P::Timer> = timers.iter().filter(named).copied().collect();
        match found[..] {
            [timer] => {
                self.nodes[id.index()].timers.remove(timer);
                self.fire(id, timer);
                Ok(())
            }
            [] if !self.nodes[id.index()].is_up() => Err(format!("{node} is down")),
            [] if timers.is_empty() => Err(format!("{node} has no armed timer")),
            [] => {
                let armed = list(&timers);
                Err(format!("{node} has no armed timer \"{timer}\"; armed: {armed}"))
            }
            _ => Err(format!("\"{timer}\" names several timers of {node}: {}", list(&found))),
        }
    }

    fn sync_by_hand(&mut self, names: &[&str]) -> Result<(), String> {
        let ids = self.nodes_called(names)?;
        if names != ["all"] {
            self.refuse(&ids, |node| !node.disk.is_syncing(), "has nothing to sync")?;
        }
        ids.into_iter().for_each(|id| self.sync_whole(id));
        Ok(())
    }

    /// A record on a disk, counted from 1 as `disk` lists them, becomes unreadable.
    fn rot_by_hand(&mut self, node: &str, record: &str) -> Result<(), String> {
        let id = self.node_called(node)?;
        let records = self.nodes[id.index()].disk.durable().len();
        let place = record.parse::<usize>().ok().and_then(|nth| nth.checked_sub(1));
        match place.filter(|place| self.nodes[id.index()].disk.rot(*place)) {
            Some(_) => {
                self.rotted(id, 1);
                Ok(())
            }
            None if records == 0 => Err(format!("{node} has an empty disk")),
            None => Err(format!("{node} has no record {record}; there are 1 to {records}")),
        }
    }

    /// Finishes the sync under way, and the next one for what came meanwhile.
    fn sync_whole(&mut self, id: NodeId) {
        while self.nodes[id.index()].disk.is_syncing() {
            self.synced(id);
            self.drain_instant();
        }
    }

    /// A message waits for a command.
    pub(super) fn park(&mut self, flight: Flight<P::Message>) {
        let number = self.parked.last_key_value().map_or(0, |(last, _)| last + 1);
        self.parked.insert(number, flight);
    }

    fn unpark(&mut self, number: u32) -> Flight<P::Message> {
        self.parked.remove(&number).expect("a message that was selected is in flight")
    }

    fn deliver_by_hand(&mut self, number: u32) {
        let flight = self.unpark(number);
        self.land(flight);
    }

    fn drop_by_hand(&mut self, number: u32) {
        let flight = self.unpark(number);
        let world = &mut self.world;
        world.wire.leave(world.now, flight.sent);
        world.messages.in_flight -= 1;
        world.messages.dropped.loss += 1;
        world.trace_message(RowKind::Drop, flight.at, || "lost".to_owned());
    }

    fn refuse_by_hand(&mut self, number: u32) {
        let Flight { at, sent, .. } = self.unpark(number);
        let world = &mut self.world;
        world.wire.leave(world.now, sent);
        world.messages.in_flight -= 1;
        world.messages.dropped.refused += 1;
        let sender = &self.nodes[at.from().index()];
        let incarnation = sender.incarnation;
        if !sender.is_up() {
            self.world.trace_message(RowKind::Drop, at, || "refused".to_owned());
        }
        self.refused(at, incarnation);
    }

    fn duplicate_by_hand(&mut self, number: u32) {
        let flight = &self.parked[&number];
        let (at, body) = (flight.at, flight.body().clone());
        self.world.messages.duplicated += 1;
        self.world.trace_message(RowKind::Duplicate, at, || "gets a second copy".to_owned());
        self.put_under_way(at.copied(), Drawn::default(), body);
    }

    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            let syncing: Vec<NodeId> = (0u32..)
                .zip(&self.nodes)
                .filter(|(_, node)| node.disk.is_syncing())
                .map(|(id, _)| NodeId(id))
                .collect();
            let flights: Vec<u32> = self.parked.keys().copied().collect();
            if syncing.is_empty() && flights.is_empty() {
                return Ok(());
            }
            for id in syncing {
                self.sync_whole(id);
            }
            for number in flights {
                self.deliver_by_hand(number);
                self.drain_instant();
            }
        }
        Err(format!("the cluster has not settled after {ROUNDS} rounds"))
    }

    fn cut_by_hand(&mut self, words: &[&str]) -> Result<(), String> {
        let label = words.join(" ");
        let shape = match label.split_once("->") {
            Some((from, to)) => {
                let mark = |names: &str| -> Result<Vec<bool>, String> {
                    let names: Vec<&str> = names.split_whitespace().collect();
                    let ids = self.nodes_called(&names)?;
                    if ids.is_empty() {
                        return Err("a one-way cut has two ends: `cut n1 -> n2`".to_owned());
                    }
                    Ok(self.all().iter().map(|id| ids.contains(id)).collect())
                };
                CutShape::OneWay { from: mark(from)?, to: mark(to)? }
            }
            None => CutShape::Groups(self.groups(words)?),
        };
        self.world.network.cut(BY_HAND, shape);
        self.world.trace(RowKind::Fault, None, || format!("the network is cut: {label}"));
        Ok(())
    }

    /// Per node the group that a cut puts it into.
    fn groups(&self, words: &[&str]) -> Result<Vec<Option<u32>>, String> {
        let mut group_of = vec![None; self.nodes.len()];
        let groups: Vec<&[&str]> = words.split(|word| *word == "|").collect();
        for (number, group) in (0u32..).zip(&groups) {
            for id in self.nodes_called(group)? {
                if group_of[id.index()].replace(number).is_some() {
                    return Err(format!("{} is named twice", self.world.name(id)));
                }
            }
        }
        if groups.len() < 2 || groups.iter().any(|group| group.is_empty()) {
            return Err("a cut has two sides: `cut n1 | n2 n3`".to_owned());
        }
        Ok(group_of)
    }
}

fn misused(command: &str) -> String {
    match COMMANDS.iter().find(|(name, _, _)| *name == command) {
        Some((name, takes, does)) => format!("{name} {takes}: {does}"),
        None => {
            let names: Vec<&str> = COMMANDS.iter().map(|(name, _, _)| *name).collect();
            format!("no command \"{command}\"; there are {}", names.join(", "))
        }
    }
}

/// The names given, or all nodes.
fn or_all<'a>(names: &'a [&'a str]) -> &'a [&'a str] {
    if names.is_empty() { &["all"] } else { names }
}
