//! A server: primary or backup, as it believes.

use std::collections::BTreeMap;

use rehearsal_sim::protocol::{NodeId, Standing};
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;

use super::{Fx, Message, Role, Timer};
use crate::events::consensus::{Event, Voter};
use crate::parts::clerk::Known;
use crate::parts::kv::KeyValue;
use crate::parts::session::{Replica, Request};

/// The most operations that are sent again with one heartbeat.
const BATCH: usize = 32;

/// A server's memory. The operations are on disk, after a delay.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    log: Vec<Request<KeyValue>>,
    replica: Replica<KeyValue>,
    /// Whom it takes for the primary.
    primary: NodeId,
    /// Whether it takes itself for it.
    leads: bool,
    /// How many takeovers there were, as far as it knows.
    view: u64,
    /// Copies that came before the ones in front of them.
    early: BTreeMap<u64, Request<KeyValue>>,
    /// Of each other server how much it has, as long as a primary waits for it, and for how many
    /// heartbeats it has said nothing new.
    backups: BTreeMap<NodeId, (u64, u32)>,
    /// How many operations clients have been answered for.
    answered: u64,
}

impl Server {
    /// The first server is the primary, until it restarts: then another one should have taken over.
    pub(super) fn boot(records: &[&Request<KeyValue>], fx: &mut Fx<'_>) -> Server {
        fx.note(Event::started(0));
        let first = fx.all(Role::Server).next().unwrap_or(fx.me());
        let mut server = Server {
            log: Vec::new(),
            replica: Replica::default(),
            primary: first,
            leads: false,
            view: 0,
            early: BTreeMap::new(),
            backups: BTreeMap::new(),
            answered: 0,
        };
        records.iter().for_each(|request| server.apply((*request).clone(), fx));
        server.answered = server.last();
        if first == fx.me() && fx.incarnation() == 0 {
            server.lead(fx);
        } else {
            let me = fx.me();
            if first == me {
                let mut others = fx.all(Role::Server).filter(|other| *other != me);
                server.primary = others.next().unwrap_or(first);
            }
            fx.arm(Timer::Failover, server.patience(fx));
        }
        server
    }

    /// Who stands further back in the row waits longer, so that usually one takes over.
    fn patience(&self, fx: &Fx<'_>) -> Span {
        let place = fx.all(Role::Server).filter(|other| *other < fx.me()).count() as u64;
        Span(fx.config().failover.0.saturating_mul(place.max(1)))
    }

    /// Nothing was heard from the primary: it must be dead.
    pub(super) fn take_over(&mut self, fx: &mut Fx<'_>) {
        self.view += 1;
        self.primary = fx.me();
        fx.count("takeovers", 1);
        self.lead(fx);
    }

    fn lead(&mut self, fx: &mut Fx<'_>) {
        self.leads = true;
        let last_index = self.last();
        fx.note(Event::BecameLeader { term: self.view, last_index, last_term: 0 });
        let me = fx.me();
        let others = fx.all(Role::Server).filter(|other| *other != me);
        self.backups = others.map(|other| (other, (0, 0))).collect();
        self.answered = self.last();
        self.beat(fx);
    }

    pub(super) fn beat(&mut self, fx: &mut Fx<'_>) {
        if !self.leads {
            return;
        }
        let patience = fx.config().failover.0 / fx.config().heartbeat.0.max(1);
        let (last, before) = (self.last(), self.backups.len());
        self.backups.retain(|_, (has, silent)| {
            *silent += u32::from(*has < last);
            u64::from(*silent) <= patience
        });
        if self.backups.len() < before {
            fx.count("alone", 1);
        }
        let me = fx.me();
        for other in fx.all(Role::Server).filter(|other| *other != me) {
            fx.send(other, Message::Beat { view: self.view });
        }
        for (backup, (has, _)) in &self.backups {
            let first = usize::try_from(*has).expect("it is in memory");
            let again = self.log.iter().skip(first).take(BATCH);
            for (index, request) in (*has + 1..).zip(again) {
                fx.send(*backup, Message::Copy { index, request: request.clone() });
            }
        }
        self.answer(fx);
        fx.arm(Timer::Beat, fx.config().heartbeat);
    }

    pub(super) fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        match body {
            Message::Beat { view } => self.on_beat(from, view, fx),
            Message::Copy { index, request } => self.on_copy(from, index, request, fx),
            Message::Have { index } => {
                if let Some((has, silent)) = self.backups.get_mut(&from) {
                    *silent = if index > *has { 0 } else { *silent };
                    *has = index.max(*has);
                }
                self.answer(fx);
            }
            Message::Request(request) => self.on_request(&request, fx),
            Message::Response { .. } | Message::Redirect { .. } => {}
        }
    }

    /// Whoever took over last is right.
    fn on_beat(&mut self, from: NodeId, view: u64, fx: &mut Fx<'_>) {
        if (view, from) < (self.view, self.primary) {
            return;
        }
        if self.leads {
            fx.note(Event::SteppedDown { term: view });
            fx.disarm(Timer::Beat);
        }
        self.leads = false;
        self.view = view;
        self.primary = from;
        self.backups.clear();
        fx.arm(Timer::Failover, self.patience(fx));
    }

    fn on_copy(&mut self, from: NodeId, index: u64, request: Request<KeyValue>, fx: &mut Fx<'_>) {
        if from != self.primary {
            return;
        }
        if index > self.last() {
            self.early.insert(index, request);
        }
        while let Some(request) = self.early.remove(&(self.last() + 1)) {
            fx.append(request.clone());
            self.apply(request, fx);
        }
        fx.send_synced(from, Message::Have { index: self.last() });
    }

    fn on_request(&mut self, request: &Request<KeyValue>, fx: &mut Fx<'_>) {
        let (session, serial) = (request.session, request.serial);
        if !self.leads {
            let primary = self.primary;
            fx.send(session.client, Message::Redirect { session, serial, primary });
            return;
        }
        match self.replica.recall(session, serial) {
            Known::New => {
                fx.append(request.clone());
                self.apply(request.clone(), fx);
                let index = self.last();
                for backup in self.backups.keys() {
                    let request = request.clone();
                    fx.send_synced(*backup, Message::Copy { index, request });
                }
                self.answer(fx);
            }
            // Perhaps it is not on the backup yet: the answer comes when it is.
            Known::Done(reply) if self.answered == self.last() => {
                fx.send_synced(session.client, Message::Response { session, serial, reply });
            }
            Known::Done(_) | Known::Over => {}
        }
    }

    /// Answers what all backups have that it waits for.
    fn answer(&mut self, fx: &mut Fx<'_>) {
        let held = self.backups.values().map(|(has, _)| *has).min().unwrap_or(self.last());
        while self.answered < held.min(self.last()) {
            let place = usize::try_from(self.answered).expect("it is in memory");
            self.answered += 1;
            let (session, serial) = (self.log[place].session, self.log[place].serial);
            if let Known::Done(reply) = self.replica.recall(session, serial) {
                fx.send_synced(session.client, Message::Response { session, serial, reply });
            }
        }
    }

    fn apply(&mut self, request: Request<KeyValue>, fx: &mut Fx<'_>) {
        let index = self.last() + 1;
        fx.note(Event::applied(index, request.digest()));
        self.replica.apply(request.session, request.serial, &request.operation);
        self.log.push(request);
    }

    fn last(&self) -> u64 {
        self.log.len() as u64
    }

    /// The rank, and the number of takeovers.
    pub(super) fn standing(&self) -> Standing {
        Standing { rank: if self.leads { "leader" } else { "backup" }, epoch: self.view }
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("primary", Voter(self.primary));
        view.field("view", self.view);
        view.field("applied", self.last());
        view.field("answered", self.answered);
        view.field("waits_for", format!("{:?}", self.backups));
    }
}
