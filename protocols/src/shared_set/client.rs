//! A client: two rounds for each operation, each with a majority.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::history::CallId;
use rehearsal_sim::mutant;
use rehearsal_sim::protocol::{Input, NodeId};

use super::{Act, Bug, Cell, Fx, Message, Operation, Reply, Round, SharedSet, Stamp, Timer};
use crate::parts::patience;
use crate::parts::roles::Role;

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    next: u64,
    /// The operations that are under way, by number.
    under_way: BTreeMap<u64, Errand>,
}

/// An operation that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Errand {
    call: CallId,
    operation: Operation,
    round: u64,
    tries: u32,
    phase: Phase,
    /// Who has answered in this round.
    heard: BTreeSet<NodeId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Looks for the latest.
    Asks {
        latest: Cell,
    },
    Stores {
        cell: Cell,
    },
}

impl Client {
    pub(super) fn boot(fx: &Fx<'_>) -> Client {
        Client { next: fx.incarnation() << 32, under_way: BTreeMap::new() }
    }

    pub(super) fn waiting(&self) -> usize {
        self.under_way.len()
    }

    pub(super) fn step(&mut self, input: &Input<SharedSet>, fx: &mut Fx<'_>) {
        match *input {
            Input::Call { id, operation } => {
                self.next += 1;
                let errand = Errand {
                    call: id,
                    operation,
                    round: 0,
                    tries: 0,
                    phase: Phase::Asks { latest: Cell::default() },
                    heard: BTreeSet::new(),
                };
                self.under_way.entry(self.next).or_insert(errand).ask(self.next, fx);
            }
            Input::Timer(Timer::Again(number)) => {
                let Some(errand) = self.under_way.get_mut(&number) else { return };
                fx.count("asked_again", 1);
                if mutant!(fx, Bug::RetryWithANewStamp, false, errand.stores()) {
                    errand.begin(Phase::Asks { latest: Cell::default() });
                }
                errand.ask(number, fx);
            }
            Input::Message { from, body } => self.on_message(from, body, fx),
            // The timer asks again; a client writes nothing.
            Input::Refused { .. } | Input::WriteFailed { .. } => {}
        }
    }

    fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        let (Message::Cell { round, .. } | Message::Stored { round }) = body else { return };
        let Some(errand) = self.under_way.get_mut(&round.number) else { return };
        if errand.round != round.round || !errand.heard.insert(from) {
            return;
        }
        if let (Phase::Asks { latest }, Message::Cell { cell, .. }) = (&mut errand.phase, body) {
            if errand.heard.len() > 1 && *latest != cell {
                fx.count("half_way", 1);
            }
            *latest = cell.max(*latest);
        }
        let servers = fx.all(Role::Server).count();
        let majority = mutant!(fx, Bug::QuorumOfHalf, servers / 2 + 1, servers.div_ceil(2));
        if errand.heard.len() < majority {
            return;
        }
        let reply = match errand.phase {
            Phase::Asks { latest } => errand.found(round.number, latest, fx),
            Phase::Stores { cell } => Some(errand.reply(cell)),
        };
        if let Some(reply) = reply {
            fx.disarm(Timer::Again(round.number));
            fx.reply(errand.call, reply);
            self.under_way.remove(&round.number);
        }
    }
}

impl Errand {
    fn stores(&self) -> bool {
        matches!(self.phase, Phase::Stores { .. })
    }

    /// Begins the next round.
    fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        self.round += 1;
        self.tries = 0;
        self.heard.clear();
    }

    /// Asks every server that has not answered in this round.
    fn ask(&mut self, number: u64, fx: &mut Fx<'_>) {
        let round = Round { number, round: self.round };
        let element = self.operation.element;
        for server in fx.all(Role::Server) {
            if !self.heard.contains(&server) {
                let message = match self.phase {
                    Phase::Asks { .. } => Message::Ask { round, element },
                    Phase::Stores { cell } => Message::Store { round, element, cell },
                };
                fx.send(server, message);
            }
        }
        fx.arm(Timer::Again(number), patience::wait(fx.config().timeout, self.tries));
        self.tries = self.tries.saturating_add(1);
    }

    /// A majority has said what it has: goes on to store, or gives back the reply of one that need
    /// not.
    fn found(&mut self, number: u64, latest: Cell, fx: &mut Fx<'_>) -> Option<Reply> {
        let is_read = self.operation.act == Act::Contains;
        if is_read && mutant!(fx, Bug::ReadWithoutWriteBack, false, true) {
            return Some(self.reply(latest));
        }
        let cell = if is_read {
            fx.count("written_back", 1);
            latest
        } else {
            let counter = latest.stamp.counter + 1;
            let stamp = Stamp { counter, client: fx.me().0, number };
            Cell { stamp, is_in: self.operation.act == Act::Add }
        };
        self.begin(Phase::Stores { cell });
        self.ask(number, fx);
        None
    }

    fn reply(&self, cell: Cell) -> Reply {
        match self.operation.act {
            Act::Contains => Reply::Has(cell.is_in),
            Act::Add | Act::Remove => Reply::Done,
        }
    }
}
