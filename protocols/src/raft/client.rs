//! A client: what it does stands in [`Seeker`], as for every replicated service; here are the words
//! it is said in.

use rehearsal_sim::protocol::{Input, NodeId};
use rehearsal_sim::time::{Span, SpanRange};
use rehearsal_sim::view::View;

use crate::parts::machine::{Machine, OperationOf};
use crate::parts::seeker::{self, Led, Seeker};
use crate::parts::session::Session;
use crate::raft::operator::Operator;
use crate::raft::{Config, Fx, Message, Raft, Role, Timer};

/// A client node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client<M: Machine> {
    seeker: Seeker<M>,
    /// On the first client, where there is a plan: what is left of it.
    operator: Option<Operator>,
}

impl<M: Machine> Led<M> for Raft<M> {
    const SERVER: Role = Role::Server;
    fn request(session: Session, serial: u64, operation: OperationOf<M>) -> Message<M> {
        Message::Request { session, serial, operation }
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
        let first = fx.all(Role::Server).next().unwrap_or_else(|| panic!("no server to ask"));
        Client { seeker: Seeker::boot(fx), operator: Operator::boot(first, fx) }
    }

    pub(super) fn step(&mut self, input: Input<Raft<M>>, fx: &mut Fx<'_, M>) {
        match input {
            Input::Call { id, operation } => self.seeker.on_call(id, operation, fx),
            Input::Timer(Timer::Retry(slot)) => self.seeker.on_retry(slot, fx),
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
        if let Some(operator) = &self.operator {
            operator.view(view);
        }
    }
}

/// The next server in the order of the ids, the first one after the last.
pub(super) fn server_after<M: Machine>(server: NodeId, fx: &Fx<'_, M>) -> NodeId {
    seeker::server_after::<M, Raft<M>>(server, fx)
}
