//! What a transaction is made of.

use std::fmt;

use crate::history::History;

/// The micro operations of a transaction, in the order in which it made them.
pub type Transaction = Vec<Micro>;

/// Transactions as they were called, and what each of them got: the same micro operations once more,
/// with what the reads found. A transaction that failed or that nobody heard of again has no reply,
/// and what its reads say is not looked at.
pub type Transactions = History<Transaction, Transaction>;

/// One step of a transaction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Micro {
    /// Appends a value to a list. Every value is appended to a key at most once in a history.
    Append {
        /// Which list.
        key: u64,
        /// What is appended.
        value: u64,
    },
    /// Reads a whole list.
    ReadList {
        /// Which list.
        key: u64,
        /// What it held, oldest first. In a reply `None` is the list nobody appended to; in a call
        /// it is what nobody knows yet.
        values: Option<Vec<u64>>,
    },
    /// Overwrites a register. Every value is written to a key at most once in a history.
    Write {
        /// Which register.
        key: u64,
        /// What is in it then.
        value: u64,
    },
    /// Reads a register.
    Read {
        /// Which register.
        key: u64,
        /// What it held. In a reply `None` is the register nobody wrote; in a call it is what nobody
        /// knows yet.
        value: Option<u64>,
    },
}

impl Micro {
    /// The list or register it works on.
    pub fn key(&self) -> u64 {
        match *self {
            Micro::Append { key, .. }
            | Micro::ReadList { key, .. }
            | Micro::Write { key, .. }
            | Micro::Read { key, .. } => key,
        }
    }

    /// What it appends or writes; `None` for reads.
    pub fn written(&self) -> Option<u64> {
        match *self {
            Micro::Append { value, .. } | Micro::Write { value, .. } => Some(value),
            Micro::ReadList { .. } | Micro::Read { .. } => None,
        }
    }
}

/// Longer lists show their last elements only.
const SHOWN: usize = 8;

/// A list as people read it: `[1 2 3]`.
pub(super) fn list(values: &[u64]) -> String {
    let hidden = values.len().saturating_sub(SHOWN);
    let mut words: Vec<String> = values[hidden..].iter().map(u64::to_string).collect();
    if hidden > 0 {
        words.insert(0, format!("({hidden} more)"));
    }
    format!("[{}]", words.join(" "))
}

impl fmt::Debug for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Micro::Append { key, value } => write!(f, "append(k{key}, {value})"),
            Micro::ReadList { key, values: None } => write!(f, "read(k{key}) = []"),
            Micro::ReadList { key, values: Some(values) } => {
                write!(f, "read(k{key}) = {}", list(values))
            }
            Micro::Write { key, value } => write!(f, "write(k{key}, {value})"),
            Micro::Read { key, value: None } => write!(f, "read(k{key}) = nothing"),
            Micro::Read { key, value: Some(value) } => write!(f, "read(k{key}) = {value}"),
        }
    }
}
