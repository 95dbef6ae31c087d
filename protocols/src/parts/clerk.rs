//! The two halves of operations that take effect at most once: a clerk asks again until it is
//! answered, and the server's session table knows what it did already.
//!
//! ```text
//!   client1  --Request 7--.            x--Answer 7--.   (rings) --Request 7--.        .--> reply
//!   n1       .............*-- done, remembered -----'                        '-known--'
//! ```
//!
//! Each request has a number, and says below which number its client has all answers: what lies below
//! the server may forget, and must not do again when a late copy comes (Lee et al., *Implementing
//! Linearizability at Large Scale and Low Latency*, SOSP 2015, do the same). A client that restarts
//! goes on above all its earlier numbers.

use std::collections::BTreeMap;
use std::fmt;

use rehearsal_sim::effects::Effects;
use rehearsal_sim::history::CallId;
use rehearsal_sim::protocol::{NodeId, OperationOf, Protocol, ReplyOf};
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::Span;

use super::patience;

/// What a request is known by, together with its client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// Its number; no other request of its client has it.
    pub number: u64,
    /// All requests with lower numbers have been answered.
    pub below: u64,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (from {})", self.number, self.below)
    }
}

impl Ticket {
    pub(crate) fn digest(self, digest: &mut Digest) {
        digest.word(self.number);
        digest.word(self.below);
    }
}

/// A protocol whose clients ask through a [`Clerk`].
pub trait Errands: Protocol {
    /// Whom to ask; asked anew for each try.
    fn server(operation: &OperationOf<Self>, fx: &mut Effects<'_, Self>) -> NodeId;
    /// The message.
    fn request(ticket: Ticket, operation: &OperationOf<Self>) -> Self::Message;
    /// The timer of a request.
    fn again(number: u64) -> Self::Timer;
    /// How long to wait for an answer.
    fn timeout(config: &Self::Config) -> Span;
}

/// A client's requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clerk<O> {
    next: u64,
    /// Without an answer, by number.
    waiting: BTreeMap<u64, Errand<O>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Errand<O> {
    call: CallId,
    operation: O,
    tries: u32,
}

impl<O> Clerk<O> {
    /// Starts behind all numbers of former lives.
    pub fn boot<P: Protocol>(fx: &Effects<'_, P>) -> Clerk<O> {
        Clerk { next: fx.incarnation() << 32, waiting: BTreeMap::new() }
    }

    /// A number that no other request of this client has.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// An application calls.
    pub fn call<P>(&mut self, call: CallId, operation: O, fx: &mut Effects<'_, P>)
    where
        P: Errands,
        P::Service: rehearsal_sim::service::Service<Operation = O>,
    {
        let number = self.number();
        self.waiting.insert(number, Errand { call, operation, tries: 0 });
        self.ask(number, fx);
    }

    /// Sends a request, and sets the timer that sends it again.
    pub fn ask<P>(&mut self, number: u64, fx: &mut Effects<'_, P>)
    where
        P: Errands,
        P::Service: rehearsal_sim::service::Service<Operation = O>,
    {
        let below = self.waiting.keys().next().copied().unwrap_or(number);
        let Some(errand) = self.waiting.get_mut(&number) else { return };
        let server = P::server(&errand.operation, fx);
        fx.send(server, P::request(Ticket { number, below }, &errand.operation));
        fx.arm(P::again(number), patience::wait(P::timeout(fx.config()), errand.tries));
        errand.tries = errand.tries.saturating_add(1);
    }

    /// An answer comes; a late copy finds nobody waiting.
    pub fn answered<P>(&mut self, number: u64, reply: ReplyOf<P>, fx: &mut Effects<'_, P>)
    where
        P: Errands,
        P::Service: rehearsal_sim::service::Service<Operation = O>,
    {
        if let Some(errand) = self.waiting.remove(&number) {
            fx.disarm(P::again(number));
            fx.reply(errand.call, reply);
        }
    }

    /// How many requests have no answer.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// What a server remembers of the requests it has done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sessions<R> {
    of: BTreeMap<NodeId, Session<R>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Session<R> {
    below: u64,
    replies: BTreeMap<u64, R>,
}

/// What a server knows about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<R> {
    /// It has not come before.
    New,
    /// It was done, with this reply.
    Done(R),
    /// Its client has the answer.
    Over,
}

impl<R> Default for Sessions<R> {
    fn default() -> Sessions<R> {
        Sessions { of: BTreeMap::new() }
    }
}

impl<R: Clone> Sessions<R> {
    /// Whether a request was done.
    pub fn recall(&self, client: NodeId, ticket: Ticket) -> Known<R> {
        let Some(session) = self.of.get(&client) else { return Known::New };
        match session.replies.get(&ticket.number) {
            Some(reply) => Known::Done(reply.clone()),
            None if ticket.number < session.below => Known::Over,
            None => Known::New,
        }
    }

    /// A request is done. Forgets what its client does not need any more.
    pub fn remember(&mut self, client: NodeId, ticket: Ticket, reply: R) {
        let new = || Session { below: 0, replies: BTreeMap::new() };
        let session = self.of.entry(client).or_insert_with(new);
        session.below = session.below.max(ticket.below);
        session.replies.insert(ticket.number, reply);
        session.replies = session.replies.split_off(&session.below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_knows_what_was_done_and_what_is_over() {
        let mut sessions = Sessions::default();
        let (client, other) = (NodeId(3), NodeId(4));
        let ticket = |number, below| Ticket { number, below };
        sessions.remember(client, ticket(1, 1), "one");
        sessions.remember(client, ticket(3, 1), "three");
        assert_eq!(sessions.recall(client, ticket(1, 1)), Known::Done("one"));
        assert_eq!(sessions.recall(client, ticket(2, 1)), Known::New, "they may come in any order");
        assert_eq!(sessions.recall(other, ticket(1, 1)), Known::New);
        sessions.remember(client, ticket(4, 3), "four");
        assert_eq!(sessions.recall(client, ticket(2, 1)), Known::Over, "a late copy");
        assert_eq!(sessions.recall(client, ticket(1, 1)), Known::Over);
        assert_eq!(sessions.recall(client, ticket(3, 1)), Known::Done("three"));
    }
}
