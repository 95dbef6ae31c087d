//! A lock server: grants locks, and writes down each grant before it is heard of.

use std::collections::BTreeMap;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::time::LocalTime;
use rehearsal_sim::view::View;

use super::{Bug, Event, Fx, Message, Record};

/// A lock that was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    lock: u64,
    token: u64,
    client: NodeId,
    /// The client's attempt.
    number: u64,
}

/// A lock server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Server {
    /// The highest token that was ever granted.
    last_token: u64,
    /// The locks that are held, and until when.
    held: BTreeMap<u64, (Grant, LocalTime)>,
}

impl Server {
    /// Leases that ran at the crash run anew: nobody knows how much of them is over.
    pub(super) fn boot(records: &[&Record], fx: &mut Fx<'_>) -> Server {
        let mut server = Server::default();
        let until = fx.now() + fx.config().lease;
        for record in records {
            match **record {
                Record::Grant(grant) => {
                    server.last_token = server.last_token.max(grant.token);
                    server.held.insert(grant.lock, (grant, until));
                }
                Record::Freed { lock, token } => server.free(lock, token),
                Record::Cell { .. } => {} // a store's
            }
        }
        fx.count("restarted_held", u64::from(!server.held.is_empty()));
        mutant!(fx, Bug::TokenForgotten, (), server.last_token = 0);
        mutant!(fx, Bug::LeaseForgotten, (), server.held.clear());
        server
    }

    fn free(&mut self, lock: u64, token: u64) {
        if self.held.get(&lock).is_some_and(|(grant, _)| grant.token == token) {
            self.held.remove(&lock);
        }
    }

    pub(super) fn on_message(&mut self, from: NodeId, body: Message, fx: &mut Fx<'_>) {
        match body {
            Message::Acquire { number, lock } => self.on_acquire(from, number, lock, fx),
            Message::Release { lock, token } => self.on_release(lock, token, fx),
            // Meant for stores and clients.
            Message::Granted { .. }
            | Message::Fetch { .. }
            | Message::Fetched { .. }
            | Message::Write { .. }
            | Message::Written { .. }
            | Message::Refused { .. } => {}
        }
    }

    /// Whoever finds the lock held hears nothing, and asks again.
    fn on_acquire(&mut self, client: NodeId, number: u64, lock: u64, fx: &mut Fx<'_>) {
        if let Some((grant, until)) = self.held.get(&lock) {
            let Grant { token, .. } = *grant;
            if (grant.client, grant.number) == (client, number) {
                fx.send_synced(client, Message::Granted { number, lock, token }); // a retry
                return;
            }
            if fx.now() < *until {
                return;
            }
            fx.count("lease_ended", 1);
            fx.note_synced(Event::Expired { lock, token }); // behind the grant itself
        }
        self.last_token += 1;
        let token = self.last_token;
        let grant = Grant { lock, token, client, number };
        self.held.insert(lock, (grant, fx.now() + fx.config().lease));
        fx.append(Record::Grant(grant));
        fx.count("grants", 1);
        fx.note_synced(Event::Granted { lock, token, to: client });
        fx.send_synced(client, Message::Granted { number, lock, token });
    }

    fn on_release(&mut self, lock: u64, token: u64, fx: &mut Fx<'_>) {
        let held = self.held.get(&lock).map(|(grant, _)| grant.token);
        let freed = mutant!(fx, Bug::UnlocksSuccessor, held.filter(|held| *held == token), held);
        match freed {
            Some(token) => {
                self.free(lock, token);
                fx.append(Record::Freed { lock, token });
            }
            None => fx.count("late_release", 1),
        }
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("last_token", self.last_token);
        let shown = |(grant, _): &(Grant, LocalTime)| format!("{}: {}", grant.lock, grant.token);
        view.field("held", self.held.values().map(shown).collect::<Vec<_>>().join("; "));
    }
}
