//! A server: it broadcasts, counts and applies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::{Fx, Message};
use crate::events::consensus::Event;
use crate::parts::clerk::{Known, Sessions, Ticket};
use crate::parts::digest;
use crate::parts::kv::{KeyValue, Operation, Reply};
use crate::parts::machine::Machine as _;
use crate::parts::roles::Role;

/// An operation, with whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Command {
    client: NodeId,
    ticket: Ticket,
    operation: Operation,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}.{} {:?}", self.client, self.ticket.number, self.operation)
    }
}

impl Command {
    pub(super) fn digest(&self) -> u64 {
        let operation = KeyValue::digest(&self.operation);
        digest::of(&[self.client.0.into(), self.ticket.number, operation])
    }

    fn id(&self) -> (NodeId, u64) {
        (self.client, self.ticket.number)
    }
}

/// A server's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Server {
    /// What was applied; all of it is on disk, after a delay.
    machine: KeyValue,
    applied: u64,
    sessions: Sessions<Reply>,
    /// Who has heard of what this server proposed.
    heard: BTreeMap<(NodeId, u64), (Command, BTreeSet<NodeId>)>,
}

impl Server {
    pub(super) fn boot(records: &[&Command], fx: &mut Fx<'_>) -> Server {
        fx.note(Event::started(0));
        let mut server = Server::default();
        records.iter().for_each(|command| server.take(**command, fx));
        server
    }

    pub(super) fn on_message(&mut self, from: NodeId, body: &Message, fx: &mut Fx<'_>) {
        match *body {
            Message::Request { ticket, operation } => {
                self.on_request(Command { client: from, ticket, operation }, fx);
            }
            Message::Propose(command) => {
                let (client, number) = command.id();
                fx.send(from, Message::Ack { client, number });
            }
            Message::Ack { client, number } => self.on_ack(from, (client, number), fx),
            Message::Apply(command) => self.on_apply(command, fx),
            Message::Answer { .. } => {}
        }
    }

    fn on_request(&mut self, command: Command, fx: &mut Fx<'_>) {
        match self.sessions.recall(command.client, command.ticket) {
            Known::New => {
                fx.note(Event::Requested { value: command.digest() });
                self.heard.entry(command.id()).or_insert((command, BTreeSet::new()));
                for server in fx.all(Role::Server) {
                    fx.send(server, Message::Propose(command));
                }
            }
            Known::Done(reply) => {
                let number = command.ticket.number;
                fx.send_synced(command.client, Message::Answer { number, reply });
            }
            Known::Over => {}
        }
    }

    /// A majority has heard of it: so it is agreed, one should think.
    fn on_ack(&mut self, from: NodeId, id: (NodeId, u64), fx: &mut Fx<'_>) {
        let Some((command, heard)) = self.heard.get_mut(&id) else { return };
        heard.insert(from);
        if heard.len() > fx.all(Role::Server).count() / 2 {
            let command = *command;
            self.heard.remove(&id);
            for server in fx.all(Role::Server) {
                fx.send(server, Message::Apply(command));
            }
        }
    }

    /// All servers answer; the client takes the first answer.
    fn on_apply(&mut self, command: Command, fx: &mut Fx<'_>) {
        if self.sessions.recall(command.client, command.ticket) != Known::New {
            return; // a copy
        }
        fx.append(command);
        self.take(command, fx);
        if let Known::Done(reply) = self.sessions.recall(command.client, command.ticket) {
            let number = command.ticket.number;
            fx.send_synced(command.client, Message::Answer { number, reply });
        }
    }

    fn take(&mut self, command: Command, fx: &mut Fx<'_>) {
        self.applied += 1;
        fx.note(Event::applied(self.applied, command.digest()));
        let reply = self.machine.apply(&command.operation);
        self.sessions.remember(command.client, command.ticket, reply);
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("applied", self.applied);
        view.field("proposed", self.heard.len());
        view.field("machine", format!("{:?}", self.machine));
    }
}
