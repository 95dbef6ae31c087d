//! What a client of a replicated service does: it finds the leader, asks again, and keeps every
//! operation in a session of its own (Ongaro & Ousterhout 2014, Section 8; Ongaro's thesis, 6.2 and
//! 6.3). Nothing in it depends on how the servers agree.
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

use rehearsal_sim::effects::Effects;
use rehearsal_sim::history::CallId;
use rehearsal_sim::protocol::{NodeId, Protocol};
use rehearsal_sim::time::{Span, SpanRange};
use rehearsal_sim::view::View;

use crate::events::consensus::Voter;
use crate::parts::machine::{Machine, OperationOf, ReplyOf};
use crate::parts::session::Session;

/// A protocol whose clients look for the server that takes their requests.
pub trait Led<M: Machine>: Protocol<Service = M::Service> {
    /// What its servers are started as.
    const SERVER: Self::Role;
    /// The message that asks for an operation.
    fn request(session: Session, serial: u64, operation: OperationOf<M>) -> Self::Message;
    /// The timer of the operation in a slot.
    fn retry(slot: u32) -> Self::Timer;
    /// How long a client waits for an answer before it asks the next server, and how long before it
    /// asks again after it was sent away by a server that knows no leader.
    fn patience(config: &Self::Config) -> (Span, SpanRange);
}

/// Redirects followed in a row before the client waits.
const HOPS_AT_MOST: u32 = 3;

/// A client's memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seeker<M: Machine> {
    /// The server it takes for the leader.
    leader: NodeId,
    /// Its sessions; a slot is used again when its operation has ended.
    slots: Vec<Slot<M>>,
    /// The slots without an operation.
    free: Vec<u32>,
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

impl<M: Machine> Seeker<M> {
    /// Begins by asking the first server.
    ///
    /// # Panics
    /// There is no server.
    pub fn boot<P: Led<M>>(fx: &Effects<'_, P>) -> Seeker<M> {
        let first = fx.all(P::SERVER).next().unwrap_or_else(|| panic!("no server to ask"));
        Seeker { leader: first, slots: Vec::new(), free: Vec::new() }
    }

    /// An application calls: take a free session, or open one. Sessions need no registration, a
    /// server knows one from its first operation on (thesis, 6.3, registers them to expire them).
    pub fn on_call<P: Led<M>>(
        &mut self,
        call: CallId,
        operation: OperationOf<M>,
        fx: &mut Effects<'_, P>,
    ) {
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
    fn awaits<P: Led<M>>(&self, session: Session, serial: u64, fx: &Effects<'_, P>) -> bool {
        session.incarnation == fx.incarnation()
            && self
                .slots
                .get(session.slot as usize)
                .is_some_and(|slot| slot.serial == serial && slot.waiting.is_some())
    }

    /// Sends the operation of a slot to the supposed leader, and sets the timer that asks again.
    fn ask<P: Led<M>>(&mut self, slot: u32, fx: &mut Effects<'_, P>) {
        let session = Session { client: fx.me(), incarnation: fx.incarnation(), slot };
        let Slot { serial, waiting } = &mut self.slots[slot as usize];
        let Some(waiting) = waiting else { return };
        waiting.asked = Some(self.leader);
        let operation = waiting.operation.clone();
        fx.send(self.leader, P::request(session, *serial, operation));
        fx.arm(P::retry(slot), P::patience(fx.config()).0);
    }

    /// No answer came in time, or the wait before asking again is over.
    ///
    /// The guess moves on only if it is still the server that did not answer. Were every operation
    /// in flight to move it, ten timeouts would turn the guess around ten times.
    pub fn on_retry<P: Led<M>>(&mut self, slot: u32, fx: &mut Effects<'_, P>) {
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
    pub fn on_redirect<P: Led<M>>(
        &mut self,
        from: NodeId,
        (session, serial): (Session, u64),
        hint: Option<NodeId>,
        fx: &mut Effects<'_, P>,
    ) {
        if !self.awaits(session, serial, fx) {
            return;
        }
        let slot = session.slot;
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
    pub fn on_refusal<P: Led<M>>(&mut self, from: NodeId, fx: &mut Effects<'_, P>) {
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
    fn ask_later<P: Led<M>>(&mut self, slot: u32, fx: &mut Effects<'_, P>) {
        let Some(waiting) = &mut self.slots[slot as usize].waiting else { return };
        waiting.asked = None;
        fx.arm(P::retry(slot), backoff(P::patience(fx.config()), waiting.waits));
        waiting.waits += 1;
    }

    /// The operation is applied. Whoever answered is the leader, or was a moment ago.
    pub fn on_response<P: Led<M>>(
        &mut self,
        from: NodeId,
        (session, serial): (Session, u64),
        reply: ReplyOf<M>,
        fx: &mut Effects<'_, P>,
    ) {
        if !self.awaits(session, serial, fx) {
            return;
        }
        let slot = session.slot;
        let Some(waiting) = self.slots[slot as usize].waiting.take() else { return };
        self.leader = from;
        self.free.push(slot);
        fx.disarm(P::retry(slot));
        fx.reply(waiting.call, reply);
    }

    /// Describes it.
    pub fn view(&self, view: &mut View) {
        view.field("leader", Voter(self.leader));
        view.field("sessions", self.slots.len());
        view.field("in_flight", self.slots.len() - self.free.len());
    }
}

/// How long a client waits that has waited so often before: each time twice as long, up to the
/// request timeout.
fn backoff((request_timeout, mut backoff): (Span, SpanRange), waits: u32) -> SpanRange {
    for _ in 0..waits {
        if backoff.hi * 2 > request_timeout {
            break;
        }
        backoff = SpanRange { lo: backoff.lo * 2, hi: backoff.hi * 2 };
    }
    backoff
}

/// The next server in the order of the ids, the first one after the last.
pub fn server_after<M: Machine, P: Led<M>>(server: NodeId, fx: &Effects<'_, P>) -> NodeId {
    let mut servers = fx.all(P::SERVER);
    servers.find(|next| *next > server).or(fx.all(P::SERVER).next()).unwrap_or(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_doubles_up_to_the_request_timeout() {
        let range = SpanRange { lo: Span::millis(10), hi: Span::millis(50) };
        let backoffs =
            [0, 1, 2, 3, 99].map(|waits| backoff((Span::millis(250), range), waits).to_string());
        assert_eq!(
            backoffs,
            ["10ms..50ms", "20ms..100ms", "40ms..200ms", "40ms..200ms", "40ms..200ms"]
        );
    }
}
