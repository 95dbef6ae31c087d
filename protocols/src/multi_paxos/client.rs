//! A client: what it does stands in [`Seeker`], as for every replicated service; here are the words
//! it is said in.

use rehearsal_sim::protocol::Input;
use rehearsal_sim::time::{Span, SpanRange};
use rehearsal_sim::view::View;

use super::{Config, Fx, Message, MultiPaxos, Role, Timer};
use crate::parts::machine::{Machine, OperationOf};
use crate::parts::seeker::{Led, Seeker};
use crate::parts::session::{Request, Session};

/// A client node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client<M: Machine> {
    seeker: Seeker<M>,
}

impl<M: Machine> Led<M> for MultiPaxos<M> {
    const SERVER: Role = Role::Server;
    fn request(session: Session, serial: u64, operation: OperationOf<M>) -> Message<M> {
        Message::Request(Request { session, serial, operation })
    }
    fn retry(slot: u32) -> Timer {
        Timer::Retry(slot)
    }
    fn patience(config: &Config) -> (Span, SpanRange) {
        (config.request_timeout, config.redirect_backoff)
    }
}

impl<M: Machine> Client<M> {
    pub(super) fn boot(fx: &mut Fx<'_, M>) -> Client<M> {
        Client { seeker: Seeker::boot(fx) }
    }

    pub(super) fn step(&mut self, input: Input<MultiPaxos<M>>, fx: &mut Fx<'_, M>) {
        match input {
            Input::Call { id, operation } => self.seeker.on_call(id, operation, fx),
            Input::Timer(Timer::Retry(slot)) => self.seeker.on_retry(slot, fx),
            Input::Message { from, body: Message::Response { session, serial, reply } } => {
                self.seeker.on_response(from, (session, serial), reply, fx);
            }
            Input::Message { from, body: Message::Redirect { session, serial, leader } } => {
                self.seeker.on_redirect(from, (session, serial), leader, fx);
            }
            Input::Refused { to, .. } => self.seeker.on_refusal(to, fx),
            // The timers and messages of servers; a client writes nothing to its disk.
            Input::Timer(Timer::Election | Timer::Heartbeat)
            | Input::Message { .. }
            | Input::WriteFailed { .. } => {}
        }
    }

    pub(super) fn view(&self, view: &mut View) {
        self.seeker.view(view);
    }
}
