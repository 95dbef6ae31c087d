//! A simulation without time: every step waits for a command.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Simulation;
use super::network::{Address, CutShape};
use super::queue::EventQueue;
use super::run::LIVELOCK;
use super::workload::kind_of;
use super::world::Event;
use crate::plan::Plan;
use crate::protocol::{Kinds, NodeId, Protocol, Role};
use crate::record::{RowKind, TraceRow, Violation};
use crate::script::{COMMANDS, Stage};
use crate::service::{Operation, Service};
use crate::time::{SimTime, Span};
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
            Err(panic) => Ok(self.dies_of(panic)),
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
            ("fire", [node, timer @ ..]) if !timer.is_empty() => {
                self.fire_by_hand(node, &timer.join(" "))?;
            }
            ("advance", [span]) => {
                let now = self.world.now.0.checked_add(Span::parse(span)?.0);
                self.world.now = SimTime(now.ok_or("the clock ends after 584 years")?);
            }
            ("sync", names) if !names.is_empty() => self.sync_by_hand(names)?,
            ("deliver", rest) if !rest.is_empty() => {
                for slot in self.select(rest)? {
                    self.deliver_by_hand(slot);
                    self.drain_instant();
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
                let ids = self.nodes_called(names)?;
                if let Some(down) = ids.iter().find(|id| !self.nodes[id.index()].is_up()) {
                    return Err(format!("{} is down already", self.world.name(*down)));
                }
                ids.into_iter().for_each(|id| self.crash(id));
            }
            ("restart", names) if !names.is_empty() => {
                let ids = self.nodes_called(names)?;
                for id in &ids {
                    let (node, name) = (&self.nodes[id.index()], self.world.name(*id));
                    if node.is_up() {
                        return Err(format!("{name} is up; crash it first"));
                    }
                    if node.incarnation == 0 {
                        return Err(format!("{name} never ran; boot it"));
                    }
                }
                for id in ids {
                    self.restart(id);
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
        let mut events = 0;
        while let Some((_, event)) = self.world.queue.pop_until(self.world.now) {
            events += 1;
            match event {
                _ if events < LIVELOCK => self.handle(event),
                Event::ArriveSelf(slot) => {
                    if events == LIVELOCK {
                        self.livelocked(event);
                    }
                    self.selves.remove(slot);
                }
                _ => unreachable!("on a stage only messages to oneself are scheduled"),
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

    fn boot_all(&mut self, names: &[&str]) -> Result<(), String> {
        let ids = if names.is_empty() { self.all() } else { self.nodes_called(names)? };
        for id in &ids {
            let (node, name) = (&self.nodes[id.index()], self.world.name(*id));
            if node.is_up() {
                return Err(format!("{name} is up already"));
            }
            if node.incarnation > 0 {
                return Err(format!("{name} ran before; restart it"));
            }
        }
        ids.into_iter().for_each(|id| self.boot(id));
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
        if !self.roles[id.index()].takes_calls() {
            let takes = |id: &NodeId| self.roles[id.index()].takes_calls();
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
        let timers = &self.nodes[id.index()].timers;
        let named = |t: &&P::Timer| {
            <P::Timer as Kinds>::KINDS[t.kind()] == timer || format!("{t:?}") == timer
        };
        let list = |timers: &[P::Timer]| {
            let names: Vec<String> = timers.iter().map(|t| format!("{t:?}")).collect();
            names.join(", ")
        };
        let found: Vec<P::Timer> = timers.keys().filter(named).copied().collect();
        match found[..] {
            [timer] => {
                self.nodes[id.index()].timers.remove(&timer);
                self.fire(id, timer);
                Ok(())
            }
            [] if !self.nodes[id.index()].is_up() => Err(format!("{node} is down")),
            [] if timers.is_empty() => Err(format!("{node} has no armed timer")),
            [] => {
                let armed: Vec<P::Timer> = timers.keys().copied().collect();
                let armed = list(&armed);
                Err(format!("{node} has no armed timer \"{timer}\"; armed: {armed}"))
            }
            _ => Err(format!("\"{timer}\" names several timers of {node}: {}", list(&found))),
        }
    }

    fn sync_by_hand(&mut self, names: &[&str]) -> Result<(), String> {
        let all = names == ["all"];
        let ids = if all { self.all() } else { self.nodes_called(names)? };
        let idle = |id: &&NodeId| !self.nodes[id.index()].disk.is_syncing();
        if let Some(idle) = ids.iter().find(idle).filter(|_| !all) {
            return Err(format!("{} has nothing to sync", self.world.name(*idle)));
        }
        for id in ids {
            self.sync_whole(id);
            self.drain_instant();
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
        let mut ids: Vec<NodeId> = Vec::new();
        for name in names {
            let id = self.node_called(name)?;
            if ids.contains(&id) {
                return Err(format!("{name} is named twice"));
            }
            ids.push(id);
        }
        Ok(ids)
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
        if !fields.is_empty() {
            lines.push(format!("{name} {}", fields.join(" ")));
        }
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
