//! Calls of applications: how they reach a client node, and how they end.

use super::processor::Processor;
use super::queue::EventQueue;
use super::world::Tag;
use super::{Event, Simulation};
use crate::history::CallId;
use crate::protocol::{Input, NodeId, OperationOf, Protocol, ReplyOf};
use crate::record::{RowKind, ViolationKind};
use crate::service::{Operation as _, Outcome, Service};
use crate::simulation::ledger::Status;
use crate::time::Span;

impl<P: Protocol> Simulation<'_, P> {
    /// An application calls an operation on a client node.
    pub(super) fn call(&mut self, client: NodeId, user: Option<u32>, what: (usize, u64, u64)) {
        let now = self.world.now;
        let call = self.world.ledger.call(now, client, user);
        let operation: OperationOf<P> = self.book.compose(call, client, now, what);
        self.world.digest(Tag::Call, u64::from(client.0), call.0, operation.kind() as u64);
        let (_, key, draw) = what;
        self.world.digest.word(key);
        self.world.digest.word(draw);
        self.world.causes(|causes| causes.user_calls(user));
        self.world.trace(RowKind::Call, Some(client), || {
            format!("call {}: {operation:?}{}", call.0, self.nodes[client.index()].waits())
        });
        if self.nodes[client.index()].is_up() && !self.turns_away(client) {
            self.step(client, Input::Call { id: call, operation });
        } else {
            // Nobody takes the call: the application knows that it had no effect.
            self.end_call(client, call, Outcome::Failed);
        }
    }

    /// A node ends a call. Only the node it was made on can: any other would answer through a wire
    /// that takes no time and never fails.
    pub(super) fn reply(&mut self, node: NodeId, call: CallId, outcome: Outcome<ReplyOf<P>>) {
        match self.world.ledger.client_of(call) {
            Some(client) if client == node => self.end_call(node, call, outcome),
            client => {
                let made = client.map_or("never made".to_owned(), |client| {
                    format!("made on {}", self.world.name(client))
                });
                let name = self.world.name(node);
                let message = format!("{name} replied to call {}, which was {made}", call.0);
                self.world.violate("panicked", ViolationKind::Panic, &[node], message, "");
                self.stopped = true;
            }
        }
    }

    pub(super) fn end_call(&mut self, node: NodeId, call: CallId, outcome: Outcome<ReplyOf<P>>) {
        let status = match &outcome {
            Outcome::Ok(_) => Status::Ok,
            Outcome::Failed => Status::Failed,
            Outcome::Unknown => Status::Unknown,
        };
        let now = self.world.now;
        let Some(row) = self.world.ledger.end(now, call, status) else { return };
        let (user, client) = (row.user, row.client);
        self.world.digest(Tag::Reply, u64::from(node.0), call.0, status as u64);
        if let Outcome::Ok(reply) = &outcome {
            P::Service::digest(reply, &mut self.world.digest);
        }
        self.world.trace(RowKind::Reply, Some(node), || match &outcome {
            Outcome::Ok(reply) => format!("call {} ends: {reply:?}", call.0),
            Outcome::Failed => format!("call {} failed, without effect", call.0),
            Outcome::Unknown => format!("call {} ends, and nobody knows how", call.0),
        });
        self.book.end(call, now, outcome);
        if let (Some(user), Some(workload)) = (user, &mut self.workload) {
            self.world.causes(|causes| causes.user_hears(user));
            let mut wait = workload.think(user);
            let node = &self.nodes[client.index()];
            if !node.is_up() || node.processor().is_some_and(Processor::is_full) {
                wait = wait.max(LOOKS_AGAIN);
            }
            self.queue.push(now.after(wait), Event::User(user));
        }
    }
}

/// A user of a closed loop whose client is down, or turns calls away, looks again after this time at the earliest: without
/// it, one that does not think would ask for ever at one instant.
const LOOKS_AGAIN: Span = Span::millis(1);
