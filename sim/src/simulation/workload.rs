//! Applications: when they call, what they call, and what they heard.
//!
//! The workload is not a node. It calls operations on client nodes and hears their replies; an
//! open-loop operation counts from its arrival, whether or not its client can take it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::history::{Call, CallId, History};
use crate::law::{KeySampler, Sampler};
use crate::plan::{Load, Workload as Plan};
use crate::protocol::NodeId;
use crate::random::{Purpose, Seed, Stream};
use crate::service::{Ask, Operation, Outcome, Sequential, Service};
use crate::time::{SimTime, Span};

/// The laws of a plan's workload, compiled once and shared by every seed.
#[derive(Debug)]
pub(crate) struct WorkloadLaws {
    keys: KeySampler,
    /// The gap of an open loop, or the think time of a closed one.
    pace: Sampler,
    users: Option<u32>,
    mix: Vec<(usize, u64)>,
    /// The sum of the weights in `mix`.
    weights: u64,
    pub(crate) start: SimTime,
    stop: SimTime,
}

impl WorkloadLaws {
    pub(crate) fn compile(plan: &Plan, end: SimTime) -> WorkloadLaws {
        let (law, users) = match &plan.load {
            Load::Open { gap } => (gap, None),
            Load::Closed { users, think } => (think, Some(*users)),
        };
        WorkloadLaws {
            keys: plan.keys.compile(),
            pace: law.compile(),
            users,
            mix: plan.mix.clone(),
            weights: plan.mix.iter().map(|(_, weight)| weight).sum(),
            start: plan.start,
            stop: plan.stop.unwrap_or(end),
        }
    }
}

/// What the books keep of an operation until it ends.
#[derive(Debug)]
struct Asked {
    key: u64,
    writes: bool,
}

/// The applications of one run.
#[derive(Debug)]
pub(crate) struct Workload {
    laws: Arc<WorkloadLaws>,
    clients: Vec<NodeId>,
    next_client: usize,
    arrivals: Stream,
    mix: Stream,
    keys: Stream,
    asks: Stream,
    thinks: Vec<Stream>,
}

/// What was called and what was heard.
#[derive(Debug)]
pub(crate) struct Book<S: Service> {
    open: BTreeMap<CallId, Asked>,
    last_written: BTreeMap<u64, u64>,
    history: Option<History<S::Operation, S::Reply>>,
}

impl<S: Service> Book<S> {
    pub(crate) fn new(keep_history: bool) -> Book<S> {
        let history = keep_history.then(History::default);
        Book { open: BTreeMap::new(), last_written: BTreeMap::new(), history }
    }

    /// Notes every operation from now on.
    pub(crate) fn keep_history(&mut self) {
        self.history.get_or_insert_default();
    }

    /// Composes the operation of a call.
    pub(crate) fn compose(
        &mut self,
        call: CallId,
        client: NodeId,
        now: SimTime,
        (kind, key, draw): (usize, u64, u64),
    ) -> S::Operation {
        let last_written = self.last_written.get(&key).copied();
        // Serials start at 1: a zero reads like an empty value.
        let ask = Ask { kind, key, serial: call.0 + 1, last_written, draw };
        let operation = S::compose(&ask);
        if let Some(history) = &mut self.history {
            history.calls.push(Call {
                id: call,
                client: client.0,
                operation: operation.clone(),
                called: now,
                ended: None,
                outcome: Outcome::Unknown,
            });
        }
        let writes = !S::Model::is_read(&operation);
        self.open.insert(call, Asked { key, writes });
        operation
    }

    /// Notes how a call ended.
    pub(crate) fn end(&mut self, call: CallId, now: SimTime, outcome: Outcome<S::Reply>) {
        let Some(asked) = self.open.remove(&call) else { return };
        if matches!(outcome, Outcome::Ok(_)) && asked.writes {
            self.last_written.insert(asked.key, call.0 + 1);
        }
        if let Some(history) = &mut self.history {
            let place = usize::try_from(call.0).expect("calls fit in memory");
            history.calls[place].ended = Some(now);
            history.calls[place].outcome = outcome;
        }
    }

    /// The open calls, in the order they were called.
    pub(crate) fn open(&self) -> impl Iterator<Item = CallId> {
        self.open.keys().copied()
    }

    pub(crate) fn history(&self) -> Option<&History<S::Operation, S::Reply>> {
        self.history.as_ref()
    }
}

impl Workload {
    pub(crate) fn new(laws: Arc<WorkloadLaws>, seed: Seed, clients: Vec<NodeId>) -> Workload {
        let users = laws.users.unwrap_or(0);
        Workload {
            clients,
            next_client: 0,
            arrivals: Stream::new(seed, Purpose::Arrival, 0),
            mix: Stream::new(seed, Purpose::Mix, 0),
            keys: Stream::new(seed, Purpose::Key, 0),
            asks: Stream::new(seed, Purpose::Ask, 0),
            thinks: (0..users).map(|user| Stream::new(seed, Purpose::Think, user)).collect(),
            laws,
        }
    }

    /// The users of a closed loop; none in an open one.
    pub(crate) fn users(&self) -> Option<u32> {
        self.laws.users
    }

    pub(crate) fn start(&self) -> SimTime {
        self.laws.start
    }

    /// Whether operations may still be called at this instant.
    pub(crate) fn is_open(&self, now: SimTime) -> bool {
        now < self.laws.stop
    }

    /// The time to the next arrival of an open loop.
    pub(crate) fn gap(&mut self) -> Span {
        Span(self.laws.pace.draw(self.arrivals.next_u64()))
    }

    /// How long a user thinks before the next call.
    pub(crate) fn think(&mut self, user: u32) -> Span {
        Span(self.laws.pace.draw(self.thinks[user as usize].next_u64()))
    }

    /// The client node that takes the next operation.
    pub(crate) fn client(&mut self, user: Option<u32>) -> NodeId {
        let turn = user.map_or(self.next_client, |user| user as usize);
        self.next_client += 1;
        self.clients[turn % self.clients.len()]
    }

    /// What is called next: kind, key, and a draw of the operation's own. A closed-loop user draws
    /// from the same streams as the others, in the order of the calls.
    pub(crate) fn ask(&mut self) -> (usize, u64, u64) {
        let mut point = self.mix.below(self.laws.weights);
        let mut kind = 0;
        for (candidate, weight) in &self.laws.mix {
            kind = *candidate;
            if point < *weight {
                break;
            }
            point -= weight;
        }
        let key = self.laws.keys.draw(self.keys.next_u64());
        (kind, key, self.asks.next_u64())
    }
}

/// The index of a kind of operation by name.
pub(crate) fn kind_of<S: Service>(name: &str) -> Option<usize> {
    S::Operation::KINDS.iter().position(|kind| *kind == name)
}
