//! A branch: its accounts, and the money that has left them and may not have come.

use std::collections::BTreeMap;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::NodeId;
use rehearsal_sim::view::View;

use super::branch_of;
use super::{ACCOUNTS, Bug, Event, Fx, INITIAL, Message, Operation, Reply, Sheet, Timer, Wire};
use crate::parts::clerk::{Known, Sessions, Ticket};

/// What a branch writes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// Money leaves.
    Debit(Payment),
    /// There was too little.
    Refusal {
        /// Who asked.
        client: NodeId,
        /// What the request is known by.
        ticket: Ticket,
    },
    /// Money comes.
    Credit(Wire),
    /// The other branch has the money of this account.
    Settled {
        /// The account that paid.
        from: u64,
    },
}

/// A transfer that is under way, and who asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Payment {
    wire: Wire,
    client: NodeId,
    ticket: Ticket,
}

/// A branch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Branch {
    /// What is in each account.
    balances: BTreeMap<u64, u64>,
    /// How many records there are.
    version: u64,
    /// The transfers under way, by the account that pays.
    paying: BTreeMap<u64, Payment>,
    /// The number of each account's last transfer.
    numbers: BTreeMap<u64, u64>,
    /// The number of the last transfer that came from each account.
    taken: BTreeMap<u64, u64>,
    sessions: Sessions<Reply>,
}

impl Branch {
    pub(super) fn boot(records: &[&Record], fx: &mut Fx<'_>) -> Branch {
        let own = (0..ACCOUNTS).filter(|account| branch_of(*account, fx) == fx.me());
        let balances = own.map(|account| (account, INITIAL)).collect();
        let mut branch = Branch { balances, ..Branch::default() };
        records.iter().for_each(|record| branch.apply(**record));
        fx.count("transfer_resumed", u64::from(!branch.paying.is_empty()));
        let open: Vec<u64> = branch.paying.keys().copied().collect();
        branch.paying.values().for_each(|payment| fx.note(Event::Resumed(payment.wire)));
        for account in mutant!(fx, Bug::TransferForgotten, open, Vec::new()) {
            branch.pay(account, fx);
        }
        branch
    }

    /// What a record changes: now, and when the log is read again.
    fn apply(&mut self, record: Record) {
        self.version += 1;
        match record {
            Record::Debit(payment) => {
                let Wire { from, number, amount, .. } = payment.wire;
                let balance = self.balances.entry(from).or_default();
                *balance = balance.saturating_sub(amount);
                self.numbers.insert(from, number);
                self.paying.insert(from, payment);
            }
            Record::Refusal { client, ticket } => {
                self.sessions.remember(client, ticket, Reply::Refused);
            }
            Record::Credit(Wire { from, to, number, amount }) => {
                let balance = self.balances.entry(to).or_default();
                *balance = balance.saturating_add(amount);
                self.taken.insert(from, number);
            }
            Record::Settled { from } => {
                if let Some(Payment { client, ticket, .. }) = self.paying.remove(&from) {
                    self.sessions.remember(client, ticket, Reply::Done);
                }
            }
        }
    }

    fn write(&mut self, record: Record, fx: &mut Fx<'_>) {
        self.apply(record);
        fx.append(record);
    }

    pub(super) fn on_message(&mut self, from: NodeId, body: &Message, fx: &mut Fx<'_>) {
        match *body {
            Message::Request { ticket, operation } => self.on_request(from, ticket, operation, fx),
            Message::Credit(wire) => self.on_credit(from, wire, fx),
            Message::Taken(wire) => self.on_taken(wire, fx),
            Message::Collect { number, round } => {
                let balances = self.balances.iter().map(|(account, own)| (*account, *own));
                let sheet = Sheet {
                    version: self.version,
                    is_busy: !self.paying.is_empty(),
                    balances: balances.collect(),
                };
                // What it tells must not be undone by a crash, and its version given to another.
                fx.send_synced(from, Message::Collected { number, round, sheet });
            }
            Message::Answer { .. } | Message::Collected { .. } => {} // meant for clients
        }
    }

    fn on_request(
        &mut self,
        client: NodeId,
        ticket: Ticket,
        operation: Operation,
        fx: &mut Fx<'_>,
    ) {
        let Operation::Transfer { from, to, amount } = operation else { return };
        match self.sessions.recall(client, ticket) {
            Known::New => {}
            Known::Done(reply) => {
                fx.count("retry_known", 1);
                fx.send_synced(client, Message::Answer { number: ticket.number, reply });
                return;
            }
            Known::Over => return,
        }
        if self.paying.contains_key(&from) {
            return; // one at a time, perhaps this one; its client asks again
        }
        if self.balances.get(&from).is_none_or(|own| *own < amount) {
            fx.count("refused", 1);
            self.write(Record::Refusal { client, ticket }, fx);
            let reply = Reply::Refused;
            fx.send_synced(client, Message::Answer { number: ticket.number, reply });
            return;
        }
        fx.count("transfers", 1);
        let number = self.numbers.get(&from).copied().unwrap_or(0) + 1;
        let wire = Wire { from, to, number, amount };
        self.write(Record::Debit(Payment { wire, client, ticket }), fx);
        fx.note_synced(Event::Debited(wire));
        self.pay(from, fx);
    }

    /// Sends the money of an account, which is not sure to have come.
    pub(super) fn pay(&mut self, account: u64, fx: &mut Fx<'_>) {
        let Some(Payment { wire, .. }) = self.paying.get(&account).copied() else { return };
        let branch = branch_of(wire.to, fx);
        let credit = Message::Credit(wire);
        mutant!(
            fx,
            Bug::CreditBeforeDebit,
            fx.send_synced(branch, credit),
            fx.send(branch, credit)
        );
        fx.arm(Timer::PayAgain(account), fx.config().timeout);
    }

    /// An account's transfers come one after the other: the number of the last is enough to know one
    /// that comes again.
    fn on_credit(&mut self, from: NodeId, wire: Wire, fx: &mut Fx<'_>) {
        let is_known = self.taken.get(&wire.from).is_some_and(|last| wire.number <= *last);
        if mutant!(fx, Bug::CreditedTwice, is_known, false) {
            fx.count("credit_known", 1);
        } else {
            self.write(Record::Credit(wire), fx);
            fx.note_synced(Event::Credited(wire));
        }
        fx.send_synced(from, Message::Taken(wire));
    }

    fn on_taken(&mut self, wire: Wire, fx: &mut Fx<'_>) {
        let Some(payment) = self.paying.get(&wire.from).copied() else { return };
        if payment.wire.number != wire.number {
            return; // said of an earlier one
        }
        fx.disarm(Timer::PayAgain(wire.from));
        self.write(Record::Settled { from: wire.from }, fx);
        fx.note_synced(Event::Settled(wire));
        let number = payment.ticket.number;
        fx.send_synced(payment.client, Message::Answer { number, reply: Reply::Done });
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("balances", format!("{:?}", self.balances));
        view.field("paying", self.paying.len());
        view.field("version", self.version);
    }
}
