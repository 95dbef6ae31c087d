//! Bank: accounts on several branches, transfers between them, and audits that see all at once.
//!
//! **Problem.** An account lives on one branch. Money goes from one to another although messages get lost
//! and branches crash, and none may be made or lost on the way. Auditors add up all accounts while
//! transfers go on.
//! **Idea.** The branch that pays writes the debit down, then sends the money again and again until the
//! other branch, which writes it down and knows it when it comes twice, has it; until then the paying
//! account does nothing else (an outbox: Helland 2007, *Life beyond Distributed Transactions*). An audit
//! collects all balances twice: where no branch has changed anything in between and no money was under
//! way, that is what the bank was at some moment (Afek et al. 1993).
//!
//! ```text
//!   client1  transfer --.                                                     .--> ok
//!   n1 (a1)             '*-- debit logged --Credit--.           settled, logged
//!   n2 (a2)                                         '*-- logged --Taken--'
//! ```
//!
//! **What breaks without it.** Money that leaves before its debit is safe is there twice when the
//! branch crashes ([`Bug::CreditBeforeDebit`]), and so is money that comes twice and is not recognised
//! ([`Bug::CreditedTwice`]). An auditor who collects once sees one account before a transfer and the other
//! after it ([`Bug::AuditReadsOnce`]). And a transfer that nobody goes on with is money that nobody has
//! ([`Bug::TransferForgotten`]).
//!
//! Not modelled: accounts that move between branches, transfers of more than two accounts.

mod audit;
mod branch;
mod bugs;
mod invariants;
mod service;
#[cfg(test)]
mod tests;

use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{
    self, Boot, Input, NodeId, Probe, Protocol, Reach, Standing, explorable,
};
use rehearsal_sim::service::Service as _;
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;

pub use audit::Auditor;
pub use branch::{Branch, Record};
pub use bugs::Bug;
pub use service::{ACCOUNTS, BankModel, BankService, INITIAL, Operation, Reply};

use crate::parts::clerk::{Clerk, Errands, Ticket};
use crate::parts::disk;
use crate::parts::patience::Patience;
use crate::parts::roles::{Role, home};

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Bank {
    /// Keeps accounts.
    Branch(Branch),
    /// Transfers and audits.
    Client {
        /// Its transfers.
        clerk: Clerk<Operation>,
        /// Its audits.
        auditor: Auditor,
    },
    /// A branch whose disk is damaged: it takes no part.
    Damaged,
}
const _: () = explorable::<Bank>();

/// Money on its way. An account's transfers are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wire {
    /// The account that pays.
    pub from: u64,
    /// The account that gets it.
    pub to: u64,
    /// The how manieth transfer of the account that pays, from 1.
    pub number: u64,
    /// How much.
    pub amount: u64,
}

/// What nodes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Message {
    Request {
        ticket: Ticket,
        operation: Operation,
    },
    Credit(Wire),
    Taken(Wire),
    Answer {
        number: u64,
        reply: Reply,
    },
    /// An auditor wants to know everything; the round tells its questions apart.
    Collect {
        number: u64,
        round: u64,
    },
    /// Everything that a branch has.
    Collected {
        number: u64,
        round: u64,
        sheet: Sheet,
    },
}
kinds!(Message { Request, Credit, Taken, Answer, Collect, Collected });

/// What a branch tells an auditor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sheet {
    /// How often it has changed anything.
    version: u64,
    /// Whether money has left it that may not have come.
    is_busy: bool,
    /// Account and balance.
    balances: Vec<(u64, u64)>,
}

impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        match self {
            Message::Request { ticket, .. } => ticket.digest(digest),
            Message::Credit(wire) | Message::Taken(wire) => {
                let Wire { from, to, number, amount } = *wire;
                [from, to, number, amount].into_iter().for_each(|word| digest.word(word));
            }
            Message::Answer { number, reply } => {
                digest.word(*number);
                BankService::digest(reply, digest);
            }
            Message::Collect { number, round } => {
                digest.word(*number);
                digest.word(*round);
            }
            Message::Collected { number, round, sheet } => {
                digest.word(*number);
                digest.word(*round);
                digest.word(sheet.version);
            }
        }
    }
}

/// What a node may set to ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A client asks again for a transfer.
    Again(u64),
    /// An auditor begins a new round of an audit.
    CollectAgain(u64),
    /// A branch sends the money of this account again.
    PayAgain(u64),
}
kinds!(Timer { Again, CollectAgain, PayAgain });

/// What observers may know, noted by branches when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Debited(Wire),
    /// A branch restarts and finds a debit on its disk. It may not have come to say so before.
    Resumed(Wire),
    Credited(Wire),
    Settled(Wire),
}
kinds!(Event { Debited, Resumed, Credited, Settled });

pub(crate) type Fx<'a> = Effects<'a, Bank>;

impl Errands for Bank {
    fn server(operation: &Operation, fx: &mut Fx<'_>) -> NodeId {
        match *operation {
            Operation::Transfer { from, .. } => branch_of(from, fx),
            Operation::Audit => branch_of(0, fx), // auditors ask for themselves
        }
    }
    fn request(ticket: Ticket, operation: &Operation) -> Message {
        Message::Request { ticket, operation: *operation }
    }
    fn again(number: u64) -> Timer {
        Timer::Again(number)
    }
    fn timeout(config: &Patience) -> Span {
        config.timeout
    }
}

/// The branch that has an account.
pub(crate) fn branch_of(account: u64, fx: &Fx<'_>) -> NodeId {
    home(Role::Server, account, fx)
}

impl Protocol for Bank {
    const NAME: &'static str = "bank";
    const SUMMARY: &'static str = "branches keep accounts, move money, and are audited";
    const INVARIANTS: &'static [Invariant<Event>] = &[invariants::money_is_conserved::INVARIANT];
    const METRICS: &'static [&'static str] = &["audit_rounds", "paid_again", "transfers"];
    const PROBES: &'static [Probe] = &[
        Probe { name: "retry_known", sentence: "a transfer was asked for again and was over" },
        Probe { name: "credit_known", sentence: "money came that had come before" },
        Probe { name: "refused", sentence: "an account had too little" },
        Probe { name: "audit_disturbed", sentence: "an audit met a change, and collected again" },
        Probe { name: "transfer_resumed", sentence: "a branch restarted with money under way" },
    ];
    const RANKS: &'static [&'static str] = &[disk::DAMAGED];
    type Bug = Bug;
    type Config = Patience;
    type Role = Role;
    type Service = BankService;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Event = Event;

    fn boot(boot: Boot<'_, Bank>, fx: &mut Fx<'_>) -> Bank {
        if boot.role == Role::Client {
            return Bank::Client { clerk: Clerk::boot(fx), auditor: Auditor::default() };
        }
        match disk::restore(boot.disk, fx) {
            Some(records) => Bank::Branch(Branch::boot(&records, fx)),
            None => Bank::Damaged,
        }
    }

    fn step(&mut self, input: Input<Bank>, fx: &mut Fx<'_>) {
        match (self, input) {
            (Bank::Branch(branch), Input::Message { from, body }) => {
                branch.on_message(from, &body, fx);
            }
            (Bank::Branch(branch), Input::Timer(Timer::PayAgain(account))) => {
                fx.count("paid_again", 1);
                branch.pay(account, fx);
            }
            (Bank::Branch(_), Input::WriteFailed { .. }) => fx.exit("the disk refused a write"),
            (Bank::Client { clerk, auditor }, Input::Call { id, operation }) => match operation {
                Operation::Audit => auditor.begin(clerk.number(), id, fx),
                Operation::Transfer { .. } => clerk.call(id, operation, fx),
            },
            (Bank::Client { clerk, .. }, Input::Timer(Timer::Again(number))) => {
                clerk.ask(number, fx);
            }
            (Bank::Client { auditor, .. }, Input::Timer(Timer::CollectAgain(number))) => {
                auditor.collect(number, fx);
            }
            (Bank::Client { clerk, auditor }, Input::Message { from, body }) => match body {
                Message::Answer { number, reply } => clerk.answered(number, reply, fx),
                Message::Collected { number, round, sheet } => {
                    auditor.on_sheet(from, (number, round), sheet, fx);
                }
                // Meant for branches.
                Message::Request { .. }
                | Message::Credit(_)
                | Message::Taken(_)
                | Message::Collect { .. } => {}
            },
            // Clients write nothing and pay nothing, nobody calls branches, and who refuses is asked
            // again when the timer rings.
            (Bank::Damaged, _)
            | (Bank::Client { .. }, Input::WriteFailed { .. } | Input::Timer(Timer::PayAgain(_)))
            | (Bank::Branch(_), Input::Call { .. } | Input::Timer(_))
            | (_, Input::Refused { .. }) => {}
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Bank::Damaged => disk::STANDING_ASIDE,
            _ => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            Bank::Branch(branch) => branch.view(view),
            Bank::Client { clerk, auditor } => {
                view.field("transfers", clerk.waiting());
                view.field("audits", auditor.waiting());
            }
            Bank::Damaged => {}
        }
    }

    fn missing_quorum(reach: &Reach<'_, Bank>) -> Option<String> {
        disk::missing_server(reach, Role::Server)
    }
}
