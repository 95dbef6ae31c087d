//! A server: a link of the chain.
//!
//! An entry leaves for the next server when it is on this one's disk, so that whoever stands before
//! another in the chain has at least as much as that one, whatever crashes. What the next one says it
//! has it will not forget; what it has not said is passed on again.

use std::collections::BTreeMap;

use rehearsal_sim::check::model::{CounterOp, CounterReply, Keyed};
use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::service::Sequential as _;
use rehearsal_sim::view::View;

use super::{Bug, CounterModel, Event, Fx, Message, Timer};
use crate::parts::clerk::{Known, Sessions, Ticket};
use crate::parts::roles::Role;

/// The most entries that are passed on again at once.
const BATCH: u64 = 32;

/// An update, with whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub(super) client: NodeId,
    pub(super) ticket: Ticket,
    pub(super) operation: Keyed<CounterOp>,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    before: Option<NodeId>,
    after: Option<NodeId>,
    /// All updates, in order. On disk, after a delay.
    log: Vec<Entry>,
    /// So many of them the next server has on its disk.
    passed: u64,
    counters: BTreeMap<u64, i64>,
    sessions: Sessions<CounterReply>,
}

impl Server {
    pub(super) fn boot(records: &[&Entry], fx: &mut Fx<'_>) -> Server {
        let me = fx.me();
        let mut server = Server {
            before: fx.all(Role::Server).filter(|other| *other < me).last(),
            after: fx.all(Role::Server).find(|other| *other > me),
            log: Vec::new(),
            passed: 0,
            counters: BTreeMap::new(),
            sessions: Sessions::default(),
        };
        records.iter().for_each(|entry| server.apply(**entry));
        // What the next server has it will say when it is given the first entry again.
        if server.after.is_some() && !server.log.is_empty() {
            fx.arm(Timer::PassAgain, fx.config().timeout);
        }
        server
    }

    pub(super) fn rank(&self) -> &'static str {
        match (self.before, self.after) {
            (None, _) => "head",
            (Some(_), Some(_)) => "middle",
            (Some(_), None) => "tail",
        }
    }

    pub(super) fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        match body {
            Message::Request { ticket, operation } => {
                let entry = Entry { client: from, ticket, operation };
                if CounterModel::is_read(&operation.operation) {
                    self.on_read(entry, fx);
                } else if self.before.is_none() {
                    self.on_update(entry, fx);
                }
            }
            Message::Pass { index, entry } => {
                if index == self.next() {
                    self.append(entry, fx);
                } else if index > self.next() {
                    fx.count("gap", 1);
                }
                fx.send_synced(from, Message::Have { next: self.next() });
            }
            Message::Have { next } => {
                self.passed = self.passed.max(next.min(self.next()));
                if self.passed == self.next() {
                    fx.disarm(Timer::PassAgain);
                }
            }
            Message::Remind { client, ticket } => {
                if let Known::Done(reply) = self.sessions.recall(client, ticket) {
                    fx.count("reminded", 1);
                    fx.send_synced(client, Message::Answer { number: ticket.number, reply });
                }
            }
            Message::Answer { .. } => {} // meant for clients
        }
    }

    /// A read waits for the disk: what a restarted tail had seen and not written it must not show
    /// first and then forget.
    fn on_read(&mut self, entry: Entry, fx: &mut Fx<'_>) {
        let value = self.counters.get(&entry.operation.key).copied().unwrap_or_default();
        let (_, reply) = CounterModel::apply(&value, &entry.operation.operation);
        fx.send_synced(entry.client, Message::Answer { number: entry.ticket.number, reply });
    }

    /// The head gives updates their order.
    fn on_update(&mut self, entry: Entry, fx: &mut Fx<'_>) {
        let known = self.sessions.recall(entry.client, entry.ticket);
        match mutant!(fx, Bug::RetryCountedTwice, known, Known::New) {
            Known::New => self.append(entry, fx),
            Known::Done(_) => {
                fx.count("retry_known", 1);
                let tail = fx.all(Role::Server).last().unwrap_or(fx.me());
                let (client, ticket) = (entry.client, entry.ticket);
                fx.send(tail, Message::Remind { client, ticket });
            }
            Known::Over => {}
        }
    }

    fn append(&mut self, entry: Entry, fx: &mut Fx<'_>) {
        let index = self.next();
        let Entry { client, ticket, .. } = entry;
        self.apply(entry);
        fx.append(entry);
        fx.note_synced(Event::Appended { index, client, number: ticket.number });
        if self.before.is_none() {
            fx.count("entries", 1);
        }
        let answers = mutant!(
            fx,
            Bug::HeadAnswers,
            self.after.is_none(),
            self.after.is_none() || self.before.is_none()
        );
        if answers && let Known::Done(reply) = self.sessions.recall(client, ticket) {
            fx.send_synced(client, Message::Answer { number: ticket.number, reply });
        }
        let Some(after) = self.after else {
            fx.note_synced(Event::Counted { client, number: ticket.number, index });
            return;
        };
        let pass = Message::Pass { index, entry };
        mutant!(fx, Bug::PassedOnBeforeSync, fx.send_synced(after, pass), fx.send(after, pass));
        if self.passed == index {
            fx.arm(Timer::PassAgain, fx.config().timeout); // it runs already for what waits longer
        }
    }

    fn apply(&mut self, entry: Entry) {
        let counter = self.counters.entry(entry.operation.key).or_default();
        let (next, reply) = CounterModel::apply(counter, &entry.operation.operation);
        *counter = next;
        self.sessions.remember(entry.client, entry.ticket, reply);
        self.log.push(entry);
    }

    /// The next server has not said that it has everything.
    pub(super) fn pass_again(&mut self, fx: &mut Fx<'_>) {
        let Some(after) = self.after else { return };
        let end = self.next().min(self.passed + BATCH);
        for index in self.passed..end {
            let entry = self.log[usize::try_from(index).expect("it is in memory")];
            fx.count("passed_again", 1);
            fx.send_synced(after, Message::Pass { index, entry });
        }
        if self.passed < self.next() {
            fx.arm(Timer::PassAgain, fx.config().timeout);
        }
    }

    fn next(&self) -> u64 {
        self.log.len() as u64
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("rank", self.rank());
        view.field("entries", self.log.len());
        view.field("passed", self.passed);
        view.field("counters", format!("{:?}", self.counters));
    }
}
