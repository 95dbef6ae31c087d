//! The service: transfers between a few accounts, and audits of all of them. The whole bank is one
//! object.

use std::fmt;

use rehearsal_sim::service::{self, Accepts, Ask, Sequential, Service};
use rehearsal_sim::simulation::Digest;

/// How many accounts there are.
pub const ACCOUNTS: u64 = 6;
/// What is in each at first.
pub const INITIAL: u64 = 100;

/// What an application may call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Moves money; answered by [`Reply::Done`], or by [`Reply::Refused`] where there is too little.
    Transfer {
        /// The account it is taken from.
        from: u64,
        /// Another account, which gets it.
        to: u64,
        /// How much.
        amount: u64,
    },
    /// Reads all accounts at once; answered by [`Reply::Balances`].
    Audit,
}

impl service::Operation for Operation {
    const KINDS: &'static [&'static str] = &["transfer", "audit"];
    fn kind(&self) -> usize {
        usize::from(*self == Operation::Audit)
    }
    fn object(&self) -> u64 {
        0
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Transfer { from, to, amount } => {
                write!(f, "transfer({amount} from a{from} to a{to})")
            }
            Operation::Audit => f.write_str("audit"),
        }
    }
}

/// What an application gets back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// The money is moved.
    Done,
    /// There was too little, and nothing has changed.
    Refused,
    /// What is in each account.
    Balances(Vec<u64>),
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Done => f.write_str("ok"),
            Reply::Refused => f.write_str("refused"),
            Reply::Balances(balances) => {
                let total = balances.iter().fold(0, |sum: u64, own| sum.saturating_add(*own));
                write!(f, "{balances:?}, {total} in sum")
            }
        }
    }
}

/// The service: [`Operation`]s, their [`Reply`]s, judged by [`BankModel`].
#[derive(Clone, Copy, Debug)]
pub enum BankService {}

impl Service for BankService {
    type Operation = Operation;
    type Reply = Reply;
    type Model = BankModel;
    const STARTS_CLOSED: bool = true;

    /// The key is the account that money is taken from. One transfer in three asks for so much that
    /// it may be refused.
    fn compose(ask: &Ask) -> Operation {
        if ask.kind == 1 {
            return Operation::Audit;
        }
        let from = ask.key % ACCOUNTS;
        let to = (from + 1 + ask.draw % (ACCOUNTS - 1)) % ACCOUNTS;
        let most = if (ask.draw >> 16).is_multiple_of(3) { 2 * INITIAL } else { INITIAL / 5 };
        Operation::Transfer { from, to, amount: 1 + (ask.draw >> 32) % most }
    }

    fn digest(reply: &Reply, digest: &mut Digest) {
        match reply {
            Reply::Done => digest.word(1),
            Reply::Refused => digest.word(2),
            Reply::Balances(balances) => balances.iter().for_each(|own| digest.word(*own)),
        }
    }
}

/// The sequential specification of the whole bank.
#[derive(Clone, Copy, Debug)]
pub enum BankModel {}

/// The place of an account in a state.
fn place(account: u64) -> usize {
    usize::try_from(account % ACCOUNTS).expect("there are few accounts")
}

impl Sequential for BankModel {
    type Operation = Operation;
    type Reply = Reply;
    /// What is in each account.
    type State = Vec<u64>;

    fn initial() -> Vec<u64> {
        (0..ACCOUNTS).map(|_| INITIAL).collect()
    }

    fn apply(state: &Vec<u64>, operation: &Operation) -> (Vec<u64>, Reply) {
        let mut next = state.clone();
        let Operation::Transfer { from, to, amount } = *operation else {
            return (next, Reply::Balances(state.clone()));
        };
        let [from, to] = [from, to].map(place);
        if next[from] < amount {
            return (next, Reply::Refused);
        }
        next[from] -= amount;
        next[to] = next[to].saturating_add(amount);
        (next, Reply::Done)
    }

    fn is_read(operation: &Operation) -> bool {
        *operation == Operation::Audit
    }

    fn accepts(operation: &Operation, reply: &Reply) -> Accepts<Vec<u64>> {
        match (operation, reply) {
            (Operation::Audit, Reply::Balances(balances)) => Accepts::In(balances.clone()),
            _ => Accepts::Unknown,
        }
    }
}
