//! A simulation without time: every step waits for a command.

mod describe;
mod select;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::network::CutShape;
use super::queue::EventQueue;
use super::workload::kind_of;
use super::{Node, Simulation};
use crate::plan::Plan;
use crate::protocol::{Kinds, NodeId, Protocol};
use crate::record::{RowKind, Violation};
use crate::script::{COMMANDS, Stage};
use crate::service::{Operation, Service};
use crate::time::Span;

/// The number that stands for every cut made by hand.
const BY_HAND: usize = usize::MAX;
/// Rounds of `settle` before it gives up.
const ROUNDS: usize = 1_000;

/// Opens a stage for a plan. Its network, workload and faults are not used.
pub(crate) fn stage<P: Protocol>(plan: &Plan) -> Box<dyn Stage + '_> {
    let mut simulation = Simulation::<P>::new(plan, plan.seed, usize::MAX);
    simulation.world.by_hand = true;
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
            Err(panic) => {
                self.panicked(panic);
                Ok(Vec::new())
            }
        };
        self.stop = None;
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
            ("fire", [node, timer]) => self.fire_by_hand(node, timer)?,
            ("advance", [span]) => self.world.now += Span::parse(span)?,
            ("sync", names) if !names.is_empty() => self.sync_by_hand(names)?,
            ("deliver" | "drop", ["all"]) if self.parked.is_empty() => {
                return Ok(self.show_flights());
            }
            ("deliver", rest) if !rest.is_empty() => {
                for slot in self.select(rest)? {
                    self.deliver_by_hand(slot);
                    self.drain_instant();
                }
            }
            ("drop", rest) if !rest.is_empty() => {
                self.select(rest)?.into_iter().for_each(|slot| self.drop_by_hand(slot));
            }
            ("duplicate", rest) if !rest.is_empty() => {
                self.select(rest)?.into_iter().for_each(|slot| self.duplicate_by_hand(slot));
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
                for id in ids {
                    self.restart(id);
                    self.drain_instant();
                }
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

    /// Messages of nodes to themselves arrive at the same instant, here too.
    fn drain_instant(&mut self) {
        while let Some((_, event)) = self.world.queue.pop_until(self.world.now) {
            self.handle(event);
        }
    }

    /// A node for which the command makes no sense stops it before it begins.
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
        for id in ids {
            self.boot(id);
            self.drain_instant();
        }
        Ok(())
    }

    fn call_by_hand(&mut self, client: &str, operation: &str, key: &str) -> Result<(), String> {
        let id = self.node_called(client)?;
        let kind = kind_of::<P::Service>(operation).ok_or_else(|| {
            let kinds = <<P::Service as Service>::Operation as Operation>::KINDS;
            format!("no operation \"{operation}\"; there are {}", kinds.join(", "))
        })?;
        let digits = key.trim_start_matches('k');
        let key = digits.parse().map_err(|_| format!("\"{key}\" is no key; write k7"))?;
        self.call(id, None, (kind, key, 0));
        Ok(())
    }

    fn fire_by_hand(&mut self, node: &str, timer: &str) -> Result<(), String> {
        let id = self.node_called(node)?;
        let timers = &self.nodes[id.index()].timers;
        let named = |t: &&P::Timer| {
            <P::Timer as Kinds>::KINDS[t.kind()] == timer || format!("{t:?}") == timer
        };
        let Some(found) = timers.keys().find(named).copied() else {
            let armed: Vec<String> = timers.keys().map(|t| format!("{t:?}")).collect();
            let armed = if armed.is_empty() { "none".to_owned() } else { armed.join(", ") };
            return Err(format!("{node} has no armed timer \"{timer}\"; armed: {armed}"));
        };
        self.nodes[id.index()].timers.remove(&found);
        self.fire(id, found);
        Ok(())
    }

    fn sync_by_hand(&mut self, names: &[&str]) -> Result<(), String> {
        let ids = self.nodes_called(names)?;
        if names != ["all"] {
            self.refuse(&ids, |node| !node.disk.is_syncing(), "has nothing to sync")?;
        }
        ids.into_iter().for_each(|id| self.sync_whole(id));
        Ok(())
    }

    /// Finishes the sync under way, and the next one for what came meanwhile.
    fn sync_whole(&mut self, id: NodeId) {
        while self.nodes[id.index()].disk.is_syncing() {
            self.synced(id);
            self.drain_instant();
        }
    }

    fn deliver_by_hand(&mut self, slot: u32) {
        self.parked.retain(|parked| *parked != slot);
        self.arrive(slot);
    }

    fn drop_by_hand(&mut self, slot: u32) {
        self.parked.retain(|parked| *parked != slot);
        let flight = self.flights.remove(slot);
        let world = &mut self.world;
        world.wire.leave(world.now, flight.sent);
        world.messages.in_flight -= 1;
        world.messages.dropped.loss += 1;
        world.trace_message(RowKind::Drop, flight.at, || "lost".to_owned());
    }

    fn duplicate_by_hand(&mut self, slot: u32) {
        let flight = self.flights.get(slot);
        let (at, body) = (flight.at, flight.body.clone());
        self.world.messages.duplicated += 1;
        self.world.trace_message(RowKind::Duplicate, at, || "gets a second copy".to_owned());
        self.put_under_way(at, 1, body);
    }

    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            let syncing: Vec<NodeId> = (0u32..)
                .zip(&self.nodes)
                .filter(|(_, node)| node.disk.is_syncing())
                .map(|(id, _)| NodeId(id))
                .collect();
            let flights = self.parked.clone();
            if syncing.is_empty() && flights.is_empty() {
                return Ok(());
            }
            for id in syncing {
                self.sync_whole(id);
            }
            for slot in flights {
                self.deliver_by_hand(slot);
                self.drain_instant();
            }
        }
        Err(format!("the cluster has not settled after {ROUNDS} rounds"))
    }

    fn cut_by_hand(&mut self, words: &[&str]) -> Result<(), String> {
        if let [from, "->", to] = words {
            let (from, to) = (self.node_called(from)?, self.node_called(to)?);
            let mark = |id: NodeId| (0..self.nodes.len()).map(|i| i == id.index()).collect();
            let shape = CutShape::OneWay { from: mark(from), to: mark(to) };
            self.world.network.cut(BY_HAND, shape);
        } else {
            let mut group_of = vec![None; self.nodes.len()];
            for (number, group) in (0u32..).zip(words.split(|word| *word == "|")) {
                for id in self.nodes_called(group)? {
                    if group_of[id.index()].replace(number).is_some() {
                        return Err(format!("{} is in two groups", self.world.name(id)));
                    }
                }
            }
            if !words.contains(&"|") {
                return Err("a cut has two sides: `cut n1 | n2 n3`".to_owned());
            }
            self.world.network.cut(BY_HAND, CutShape::Groups(group_of));
        }
        let label = words.join(" ");
        self.world.trace(RowKind::Fault, None, || format!("the network is cut: {label}"));
        Ok(())
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
