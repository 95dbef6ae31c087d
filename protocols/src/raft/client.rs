//! A client: finds the leader, asks again, and keeps every operation in a session of its own
//! (Section 8; thesis, 6.2 and 6.3).
//!
//! ```text
//!   client1  --put--.            .--put--.        (no answer) --put--.            .--> ok
//!   n1       .......*--Redirect--'       |   (timeout: next server)  |            |
//!   n2 (leader) ........................x crashed                    |            |
//!   n3 (leader by now) ..............................................*--commit----'
//! ```
//!
//! Many operations are in flight at once, each in its own session, because a session's serials are
//! strictly one after the other. A call takes a session that is free or opens a new one.
//!
//! **What breaks without care.** A client that follows every redirect at once goes in circles
//! between two servers that take each other for the leader; one that comes back at once to servers
//! without a leader adds a storm to an election. So only a few redirects in a row are followed, and
//! then, or when nobody is named, it waits for a random moment, each time twice as long, up to the
//! request timeout. And a client that believes every hint is lost in a minority: a leader that is cut
//! off gives no answer, and its followers beside it name it again and again. So a hint to a server
//! that just kept silent is not followed; the next server is asked instead. A client never gives up:
//! whoever called decides how long to wait.

use rehearsal_sim::history::CallId;
use rehearsal_sim::protocol::{Input, NodeId};
use rehearsal_sim::view::View;

use crate::events::consensus::Voter;
use crate::parts::machine::{Machine, OperationOf, ReplyOf};
use crate::raft::log::Session;
use crate::raft::operator::Operator;
use crate::raft::{Fx, Message, Raft, Role, Timer};

/// Redirects followed in a row before the client waits.
const HOPS_AT_MOST: u32 = 3;

/// A client node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client<M: Machine> {
    /// The server it takes for the leader.
    leader: NodeId,
    /// Its sessions; a slot is used again when its operation has ended.
    slots: Vec<Slot<M>>,
    /// The slots without an operation.
    free: Vec<u32>,
    /// On the first client, where there is a plan: what is left of it.
    operator: Option<Operator>,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Slot<M: Machine> {
    /// The number of its latest operation, from 1.
    serial: u64,
    /// That operation, until it is answered.
    waiting: Option<Waiting<M>>,
}

/// An operation without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Waiting<M: Machine> {
    /// Whom to answer.
    call: CallId,
    /// What to ask, again and again in the same words: the serial makes it one operation.
    operation: OperationOf<M>,
    /// Who was asked last; `None` while the client waits before it asks again.
    asked: Option<NodeId>,
    /// Redirects followed since the timer last rang.
    hops: u32,
    /// How often it had to wait before asking again.
    waits: u32,
    /// The server that last gave no answer in time: hints to it are not followed.
    silent: Option<NodeId>,
}

impl<M: Machine> Client<M> {
    pub(super) fn boot(fx: &mut Fx<'_, M>) -> Client<M> {
        let first = fx.all(Role::Server).next().unwrap_or_else(|| panic!("no server to ask"));
        let operator = Operator::boot(first, fx);
        Client { leader: first, slots: Vec::new(), free: Vec::new(), operator }
    }

    pub(super) fn step(&mut self, input: Input<Raft<M>>, fx: &mut Fx<'_, M>) {
        match input {
            Input::Call { id, operation } => self.on_call(id, operation, fx),
            Input::Timer(Timer::Retry(slot)) => self.on_retry(slot, fx),
            Input::Timer(Timer::Plan) => {
                if let Some(operator) = &mut self.operator {
                    operator.on_timer(fx);
                }
            }
            Input::Message { from, body: Message::AdminDone { step } } => {
                if let Some(operator) = &mut self.operator {
                    operator.on_done(from, step, fx);
                }
            }
            Input::Message { from, body: Message::AdminRedirect { step, leader } } => {
                if let Some(operator) = &mut self.operator {
                    operator.on_redirect(from, step, leader, fx);
                }
            }
            Input::Message { from, body: Message::Response { session, serial, reply } } => {
                if self.awaits(session, serial, fx) {
                    self.on_response(from, session.slot, reply, fx);
                }
            }
            Input::Message { from, body: Message::Redirect { session, serial, leader } } => {
                if self.awaits(session, serial, fx) {
                    self.on_redirect(from, session.slot, leader, fx);
                }
            }
            Input::Refused { to, .. } => self.on_refusal(to, fx),
            // The timers and messages of servers; a client writes nothing to its disk.
            Input::Timer(Timer::Election | Timer::Heartbeat)
            | Input::Message { .. }
            | Input::WriteFailed { .. } => {}
        }
    }

    /// An application calls: take a free session, or open one. Sessions need no registration, a
    /// server knows one from its first operation on (thesis, 6.3, registers them to expire them).
    fn on_call(&mut self, call: CallId, operation: OperationOf<M>, fx: &mut Fx<'_, M>) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { serial: 0, waiting: None });
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 operations in flight")
        });
        let session = &mut self.slots[slot as usize];
        session.serial += 1;
        session.waiting =
            Some(Waiting { call, operation, asked: None, hops: 0, waits: 0, silent: None });
        self.ask(slot, fx);
    }

    /// Whether this is the operation that its session waits for, and not a late answer to an
    /// earlier one, perhaps of this client's life before a crash.
    fn awaits(&self, session: Session, serial: u64, fx: &Fx<'_, M>) -> bool {
        session.incarnation == fx.incarnation()
            && self
                .slots
                .get(session.slot as usize)
                .is_some_and(|slot| slot.serial == serial && slot.waiting.is_some())
    }

    /// Sends the operation of a slot to the supposed leader, and sets the timer that asks again.
    fn ask(&mut self, slot: u32, fx: &mut Fx<'_, M>) {
        let session = Session { client: fx.me(), incarnation: fx.incarnation(), slot };
        let Slot { serial, waiting } = &mut self.slots[slot as usize];
        let Some(waiting) = waiting else { return };
        waiting.asked = Some(self.leader);
        let operation = waiting.operation.clone();
        fx.send(self.leader, Message::Request { session, serial: *serial, operation });
        fx.arm(Timer::Retry(slot), fx.config().request_timeout);
    }

    /// No answer came in time, or the wait before asking again is over.
    ///
    /// The guess moves on only if it is still the server that did not answer. Were every operation
    /// in flight to move it, ten timeouts would turn the guess around ten times.
    fn on_retry(&mut self, slot: u32, fx: &mut Fx<'_, M>) {
        let Some(waiting) = &mut self.slots[slot as usize].waiting else { return };
        waiting.hops = 0;
        waiting.silent = waiting.asked.or(waiting.silent);
        if waiting.asked == Some(self.leader) {
            self.leader = server_after(self.leader, fx);
        }
        fx.count("retries", 1);
        self.ask(slot, fx);
    }

    /// The server asked is no leader. Follow its hint, but not in circles; otherwise wait a little
    /// and try the next one.
    fn on_redirect(&mut self, from: NodeId, slot: u32, hint: Option<NodeId>, fx: &mut Fx<'_, M>) {
        let Some(waiting) = &mut self.slots[slot as usize].waiting else { return };
        if waiting.asked != Some(from) {
            return; // a late answer: someone else was asked meanwhile
        }
        fx.count("redirects", 1);
        let believed = hint.filter(|server| waiting.silent != Some(*server));
        if self.leader == from {
            self.leader = believed.unwrap_or_else(|| server_after(from, fx));
        }
        if hint.is_some() && waiting.hops < HOPS_AT_MOST {
            waiting.hops += 1;
            self.ask(slot, fx);
        } else {
            self.ask_later(slot, fx);
        }
    }

    /// A server is not running, its host says so at once: there is nothing to wait for. What it was
    /// asked goes to the next one, but not round and round while all are down.
    fn on_refusal(&mut self, from: NodeId, fx: &mut Fx<'_, M>) {
        fx.count("refusals", 1);
        if self.leader == from {
            self.leader = server_after(from, fx);
        }
        for slot in 0u32..self.slots.len().try_into().expect("few operations in flight") {
            let Some(waiting) = &mut self.slots[slot as usize].waiting else { continue };
            if waiting.asked != Some(from) {
                continue;
            }
            waiting.silent = Some(from);
            if waiting.hops < HOPS_AT_MOST {
                waiting.hops += 1;
                self.ask(slot, fx);
            } else {
                self.ask_later(slot, fx);
            }
        }
    }

    /// Asks again after a random moment, each time twice as long.
    fn ask_later(&mut self, slot: u32, fx: &mut Fx<'_, M>) {
        let Some(waiting) = &mut self.slots[slot as usize].waiting else { return };
        waiting.asked = None;
        fx.arm(Timer::Retry(slot), fx.config().backoff(waiting.waits));
        waiting.waits += 1;
    }

    /// The operation is applied. Whoever answered is the leader, or was a moment ago.
    fn on_response(&mut self, from: NodeId, slot: u32, reply: ReplyOf<M>, fx: &mut Fx<'_, M>) {
        let Some(waiting) = self.slots[slot as usize].waiting.take() else { return };
        self.leader = from;
        self.free.push(slot);
        fx.disarm(Timer::Retry(slot));
        fx.reply(waiting.call, reply);
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("leader", Voter(self.leader));
        view.field("sessions", self.slots.len());
        view.field("in_flight", self.slots.len() - self.free.len());
        if let Some(operator) = &self.operator {
            operator.view(view);
        }
    }
}

/// The next server in the order of the ids, the first one after the last.
pub(super) fn server_after<M: Machine>(server: NodeId, fx: &Fx<'_, M>) -> NodeId {
    let mut servers = fx.all(Role::Server);
    servers.find(|next| *next > server).or(fx.all(Role::Server).next()).unwrap_or(server)
}
