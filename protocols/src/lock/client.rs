//! A client: takes the lock, reads, writes one more, and gives the lock back.
//!
//! ```text
//!   Locks --Granted--> Reads --Fetched--> Writes --Written--> reply, release
//!     ^                  |                  |
//!     '---- Refused -----'                  '--- Refused ---> unknown
//! ```

use std::collections::BTreeMap;

use rehearsal_sim::check::model::{CounterOp, CounterReply, Keyed};
use rehearsal_sim::history::CallId;
use rehearsal_sim::protocol::{Input, NodeId};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::view::View;

use super::{Event, Fx, Lock, Message, Role, Timer};
use crate::parts::patience;
use crate::parts::roles::home;

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    next: u64,
    /// What is under way, by number.
    attempts: BTreeMap<u64, Attempt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    call: CallId,
    /// The lock, and the cell.
    name: u64,
    tries: u32,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Wants the lock.
    Locks,
    /// Wants the value; without a lock the token is 0.
    Reads { token: u64 },
    /// Has sent the next value.
    Writes { token: u64, value: i64 },
}

impl Client {
    pub(super) fn boot(fx: &Fx<'_>) -> Client {
        Client { next: fx.incarnation() << 32, attempts: BTreeMap::new() }
    }

    pub(super) fn step(&mut self, input: &Input<Lock>, fx: &mut Fx<'_>) {
        match *input {
            Input::Call { id, operation: Keyed { key, operation } } => {
                let phase = match operation {
                    CounterOp::Read => Phase::Reads { token: 0 },
                    CounterOp::Add(_) | CounterOp::AddAndGet(_) => Phase::Locks,
                };
                self.begin(Attempt { call: id, name: key, tries: 0, phase }, fx);
            }
            Input::Timer(Timer::Again(number)) => {
                fx.count("asked_again", 1);
                self.ask(number, fx);
            }
            Input::Message { from, body } => self.on_message(from, body, fx),
            // The timer asks again; a client writes nothing.
            Input::Refused { .. } | Input::WriteFailed { .. } => {}
        }
    }

    fn begin(&mut self, attempt: Attempt, fx: &mut Fx<'_>) {
        self.next += 1;
        self.attempts.insert(self.next, attempt);
        self.ask(self.next, fx);
    }

    fn ask(&mut self, number: u64, fx: &mut Fx<'_>) {
        let Some(attempt) = self.attempts.get_mut(&number) else { return };
        let name = attempt.name;
        let (role, message) = match attempt.phase {
            Phase::Locks => (Role::Server, Message::Acquire { number, lock: name }),
            Phase::Reads { token } => (Role::Store, Message::Fetch { number, cell: name, token }),
            Phase::Writes { token, value } => {
                (Role::Store, Message::Write { number, cell: name, token, value })
            }
        };
        fx.send(home(role, name, fx), message);
        fx.arm(Timer::Again(number), patience::wait(fx.config().timeout, attempt.tries));
        attempt.tries = attempt.tries.saturating_add(1);
    }

    fn go_on(&mut self, number: u64, phase: Phase, fx: &mut Fx<'_>) {
        if let Some(attempt) = self.attempts.get_mut(&number) {
            (attempt.phase, attempt.tries) = (phase, 0);
            self.ask(number, fx);
        }
    }

    fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        let phase = |number: u64| self.attempts.get(&number).map(|attempt| attempt.phase);
        match body {
            Message::Granted { number, lock, token } => match phase(number) {
                Some(Phase::Locks) => self.go_on(number, Phase::Reads { token }, fx),
                Some(_) => {}                           // a copy
                None => release(from, lock, token, fx), // nobody wants it any more
            },
            Message::Fetched { number, token, value } => match phase(number) {
                Some(Phase::Reads { token: 0 }) => self.end(number, CounterReply::Value(value), fx),
                Some(Phase::Reads { token: own }) if own == token => {
                    let value = value.saturating_add(1);
                    self.go_on(number, Phase::Writes { token, value }, fx);
                }
                _ => {}
            },
            Message::Written { number, token } => match phase(number) {
                Some(Phase::Writes { token: own, value }) if own == token => {
                    self.end(number, CounterReply::Value(value), fx);
                }
                _ => {}
            },
            Message::Refused { number, token } => match phase(number) {
                Some(Phase::Reads { token: own }) if own == token => self.start_over(number, fx),
                // An earlier copy of the write may have come in time.
                Some(Phase::Writes { token: own, .. }) if own == token => {
                    self.end(number, Outcome::Unknown, fx);
                }
                _ => {}
            },
            // Meant for servers and stores.
            Message::Acquire { .. }
            | Message::Release { .. }
            | Message::Fetch { .. }
            | Message::Write { .. } => {}
        }
    }

    /// The lease was over before anything was written: a new attempt, with a number of its own.
    fn start_over(&mut self, number: u64, fx: &mut Fx<'_>) {
        fx.disarm(Timer::Again(number));
        if let Some(attempt) = self.attempts.remove(&number) {
            self.begin(Attempt { phase: Phase::Locks, tries: 0, ..attempt }, fx);
        }
    }

    fn end(&mut self, number: u64, outcome: impl Into<Outcome<CounterReply>>, fx: &mut Fx<'_>) {
        let Some(attempt) = self.attempts.remove(&number) else { return };
        fx.disarm(Timer::Again(number));
        fx.reply(attempt.call, outcome);
        if let Phase::Writes { token, .. } = attempt.phase {
            release(home(Role::Server, attempt.name, fx), attempt.name, token, fx);
        }
    }

    pub(super) fn view(&self, view: &mut View) {
        let shown = |attempt: &Attempt| format!("{}: {:?}", attempt.name, attempt.phase);
        view.field("attempts", self.attempts.values().map(shown).collect::<Vec<_>>().join("; "));
    }
}

/// Gives a lock back. Where that gets lost, its lease ends.
fn release(server: NodeId, lock: u64, token: u64, fx: &mut Fx<'_>) {
    fx.note(Event::Released { lock, token });
    fx.send(server, Message::Release { lock, token });
}
