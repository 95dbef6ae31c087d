//! A bank: money moves between accounts, and every read of all of them finds the same total.
//!
//! The names are those of Jepsen's bank workload.

use std::fmt;

use super::problem::{Problems, about};
use crate::history::{Call, History};
use crate::service::Outcome;

/// What may be asked of a bank.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BankOp {
    /// Reads all accounts at once; answered by [`BankReply::Balances`].
    Read,
    /// Moves money; answered by [`BankReply::Done`]. One that was refused has failed.
    Transfer {
        /// The account it leaves.
        from: u64,
        /// The account it enters.
        to: u64,
        /// How much.
        amount: i64,
    },
}

/// What a bank answers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BankReply {
    /// The money is moved.
    Done,
    /// Accounts and what is in them; `None` for one that has no balance at all.
    Balances(Vec<(u64, Option<i64>)>),
}

/// What is known of a bank beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    /// Its accounts; empty where nobody knows, and then none is unexpected.
    pub accounts: Vec<u64>,
    /// What is in all of them together; `None` where nobody knows, and then the first read tells.
    pub total: Option<i64>,
    /// Whether an account may be overdrawn.
    pub may_be_negative: bool,
}

/// Judges every read that succeeded: `unexpected-key`, `nil-balance`, `wrong-total`,
/// `negative-value`. A total that does not fit 64 bits is a wrong one.
pub fn bank(history: &History<BankOp, BankReply>, bank: &Bank) -> Problems {
    let mut problems = Problems::default();
    let mut total = bank.total;
    let mut first: Option<&Call<BankOp, BankReply>> = None;
    for call in &history.calls {
        let Outcome::Ok(BankReply::Balances(balances)) = &call.outcome else { continue };
        let mut note = |name: &str, sentence: String, expected: &str| {
            let calls: Vec<_> = first.into_iter().chain([call]).collect();
            problems.note(name, false, || about(&calls, text, sentence, expected));
        };
        let client = call.client;
        let is_known = |account: &u64| bank.accounts.is_empty() || bank.accounts.contains(account);
        if let Some((account, _)) = balances.iter().find(|(account, _)| !is_known(account)) {
            let sentence =
                format!("client{client} read an account {account}, which does not exist");
            note("unexpected-key", sentence, "only the accounts of the bank");
        }
        if let Some((account, _)) = balances.iter().find(|(_, balance)| balance.is_none()) {
            let sentence = format!("client{client} found no balance in account {account}");
            note("nil-balance", sentence, "a number for every account");
            continue;
        }
        let sum: i128 = balances.iter().filter_map(|(_, b)| *b).map(i128::from).sum();
        let expected = *total.get_or_insert_with(|| i64::try_from(sum).unwrap_or(i64::MAX));
        if sum != i128::from(expected) {
            let sentence = format!(
                "client{client} read balances of {sum} in sum, where all money is {expected}"
            );
            note("wrong-total", sentence, "the same total in every read");
        }
        let overdrawn = balances.iter().find(|(_, balance)| balance.is_some_and(|b| b < 0));
        if let Some((account, Some(balance))) = overdrawn
            && !bank.may_be_negative
        {
            let sentence = format!("client{client} read {balance} in account {account}");
            note("negative-value", sentence, "no account below nothing");
        }
        if bank.total.is_none() && first.is_none() {
            first = Some(call);
        }
    }
    problems
}

fn text(call: &Call<BankOp, BankReply>) -> String {
    match &call.outcome {
        Outcome::Ok(reply) => format!("{:?} -> {reply:?}", call.operation),
        _ => format!("{:?}", call.operation),
    }
}

impl fmt::Debug for BankOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BankOp::Read => f.write_str("read"),
            BankOp::Transfer { from, to, amount } => {
                write!(f, "transfer({amount} from {from} to {to})")
            }
        }
    }
}

impl fmt::Debug for BankReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BankReply::Done => f.write_str("ok"),
            BankReply::Balances(balances) => {
                let word = |(account, balance): &(u64, Option<i64>)| match balance {
                    Some(balance) => format!("{account}: {balance}"),
                    None => format!("{account}: nothing"),
                };
                let words: Vec<String> = balances.iter().map(word).collect();
                write!(f, "{{{}}}", words.join(", "))
            }
        }
    }
}
