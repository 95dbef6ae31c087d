//! A simulation without time: every step waits for a command.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Simulation;
use super::network::{Address, CutShape};
use super::queue::EventQueue;
use super::workload::kind_of;
use crate::plan::Plan;
use crate::protocol::{Kinds, NodeId, Protocol};
use crate::record::{RowKind, TraceRow, Violation};
use crate::script::{COMMANDS, Stage};
use crate::service::{Operation, Service};
use crate::time::Span;
use crate::view::View;

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
        let mut lines: Vec<String> = rows.iter().map(|row| self.line(row)).collect();
        lines.extend(said?);
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
            ("deliver", rest) if !rest.is_empty() => {
                for slot in self.select(rest)? {
                    self.deliver_by_hand(slot);
                }
            }
            ("drop", rest) if !rest.is_empty() => {
                for slot in self.select(rest)? {
                    self.drop_by_hand(slot);
                }
            }
            ("duplicate", [link, message]) => self.duplicate_by_hand(link, message)?,
            ("settle", []) => self.settle()?,
            ("cut", rest) if !rest.is_empty() => self.cut_by_hand(rest)?,
            ("heal", []) => {
                self.world.network.heal(BY_HAND);
                self.world.trace(RowKind::Fault, None, || "the network heals".to_owned());
            }
            ("crash", names) if !names.is_empty() => {
                for id in self.nodes_called(names)? {
                    if !self.nodes[id.index()].is_up() {
                        return Err(format!("{} is down already", self.world.name(id)));
                    }
                    self.crash(id);
                }
            }
            ("restart", names) if !names.is_empty() => {
                for id in self.nodes_called(names)? {
                    if !self.restart(id) {
                        return Err(format!("{} is up; crash it first", self.world.name(id)));
                    }
                }
            }
            ("show", names) if !names.is_empty() => {
                let ids = self.nodes_called(names)?;
                return Ok(ids.into_iter().flat_map(|id| self.show(id)).collect());
            }
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

    fn boot_all(&mut self, names: &[&str]) -> Result<(), String> {
        let ids = if names.is_empty() {
            (0u32..).take(self.nodes.len()).map(NodeId).collect()
        } else {
            self.nodes_called(names)?
        };
        for id in ids {
            if self.nodes[id.index()].is_up() {
                return Err(format!("{} is up already", self.world.name(id)));
            }
            self.boot(id);
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
        let all = names == ["all"];
        let ids = if all {
            (0u32..).take(self.nodes.len()).map(NodeId).collect()
        } else {
            self.nodes_called(names)?
        };
        for id in ids {
            if self.nodes[id.index()].disk.is_syncing() {
                self.sync_whole(id);
            } else if !all {
                return Err(format!("{} has nothing to sync", self.world.name(id)));
            }
        }
        Ok(())
    }

    /// Finishes the sync under way, and the next one for what came meanwhile.
    fn sync_whole(&mut self, id: NodeId) {
        while self.nodes[id.index()].disk.is_syncing() {
            self.synced(id);
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

    fn duplicate_by_hand(&mut self, link: &str, message: &str) -> Result<(), String> {
        for slot in self.select(&[link, message])? {
            let flight = self.flights.get(slot);
            let (at, body) = (flight.at, flight.body.clone());
            self.world.messages.duplicated += 1;
            self.world.trace_message(RowKind::Duplicate, at, || "gets a second copy".to_owned());
            self.put_under_way(at, 1, body);
        }
        Ok(())
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
                self.drain_instant();
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

    /// The messages in flight that a command names, in the order they were sent.
    fn select(&self, words: &[&str]) -> Result<Vec<u32>, String> {
        let matches: Box<dyn Fn(Address) -> bool> = match words {
            ["all"] => Box::new(|_| true),
            [link] => {
                let (from, to) = self.link(link)?;
                Box::new(move |at| (at.from, at.to) == (from, to))
            }
            [link, message] => {
                let (from, to) = self.link(link)?;
                let (kind, nth) = message_address::<P>(message)?;
                Box::new(move |at| at == Address { from, to, kind, nth })
            }
            _ => return Err("name messages as `n1->n2 AppendEntries#3`".to_owned()),
        };
        let found: Vec<u32> = self
            .parked
            .iter()
            .copied()
            .filter(|slot| matches(self.flights.get(*slot).at))
            .collect();
        // Of two copies of one message, the first stands for the address.
        let found = if words.len() == 2 { found.into_iter().take(1).collect() } else { found };
        if found.is_empty() && words != ["all"] {
            return Err(format!("\"{}\" is not in flight; {}", words.join(" "), self.in_flight()));
        }
        Ok(found)
    }

    fn in_flight(&self) -> String {
        let text = |slot: &u32| self.world.address_text(self.flights.get(*slot).at);
        let all: Vec<String> = self.parked.iter().map(text).collect();
        if all.is_empty() {
            "nothing is".to_owned()
        } else {
            format!("in flight: {}", all.join(", "))
        }
    }

    fn link(&self, text: &str) -> Result<(NodeId, NodeId), String> {
        let Some((from, to)) = text.split_once("->") else {
            return Err(format!("\"{text}\" is no link; write n1->n2"));
        };
        Ok((self.node_called(from)?, self.node_called(to)?))
    }

    fn node_called(&self, name: &str) -> Result<NodeId, String> {
        let found = self.plan.nodes.iter().position(|node| node.name == name);
        found.map(|i| NodeId(u32::try_from(i).expect("few nodes"))).ok_or_else(|| {
            let names: Vec<&str> = self.plan.nodes.iter().map(|node| node.name.as_str()).collect();
            format!("no node \"{name}\"; there are {}", names.join(", "))
        })
    }

    fn nodes_called(&self, names: &[&str]) -> Result<Vec<NodeId>, String> {
        names.iter().map(|name| self.node_called(name)).collect()
    }

    fn show(&self, id: NodeId) -> Vec<String> {
        let node = &self.nodes[id.index()];
        let name = self.world.name(id);
        let Some(state) = &node.state else { return vec![format!("{name} is down")] };
        let mut view = View::default();
        state.view(&mut view);
        let mut lines = Vec::new();
        let fields: Vec<String> =
            view.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!("{name} {}", fields.join(" ")));
        for log in view.logs {
            let cells: Vec<String> = (log.first_index..)
                .zip(&log.cells)
                .map(|(index, cell)| {
                    let mark = if index <= log.committed { "" } else { "?" };
                    format!("{index}:{cell}{mark}")
                })
                .collect();
            lines.push(format!("{name} {} [{}]", log.name, cells.join(" ")));
        }
        let armed: Vec<String> = node.timers.keys().map(|timer| format!("{timer:?}")).collect();
        let unsynced = node.disk.unsynced();
        lines.push(format!(
            "{name} timers [{}] disk {} durable, {unsynced} not yet",
            armed.join(" "),
            node.disk.durable().len()
        ));
        lines
    }

    /// A row of the trace as a line of the reaction.
    fn line(&self, row: &TraceRow) -> String {
        let node = row.node.map_or(String::new(), |id| self.world.name(NodeId(id)).to_owned());
        match row.kind {
            RowKind::Send => format!("{} sent: {}", row.address, row.text),
            RowKind::Deliver => format!("{} arrives", row.address),
            RowKind::Drop => format!("{} dropped: {}", row.address, row.text),
            RowKind::Duplicate => format!("{} {}", row.address, row.text),
            RowKind::Note => format!("{node} * {}", row.text),
            RowKind::Violation => format!("!! {}", row.text),
            _ if node.is_empty() => row.text.clone(),
            _ => format!("{node} {}", row.text),
        }
    }
}

/// `AppendEntries#3`.
fn message_address<P: Protocol>(text: &str) -> Result<(usize, u32), String> {
    let kinds = <P::Message as Kinds>::KINDS;
    let (name, nth) = text
        .split_once('#')
        .ok_or_else(|| format!("\"{text}\" names no message; write {}#1", kinds[0]))?;
    let kind = kinds
        .iter()
        .position(|kind| *kind == name)
        .ok_or_else(|| format!("no kind of message \"{name}\"; there are {}", kinds.join(", ")))?;
    let nth = nth.parse().map_err(|_| format!("\"#{nth}\" is no number"))?;
    Ok((kind, nth))
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
