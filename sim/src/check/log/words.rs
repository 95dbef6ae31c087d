//! What is asked of logs, and what they answer.

use std::fmt;

use crate::history::History;

/// What is asked of a log service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogOp {
    /// From now on the client polls exactly these keys (partitions), chosen by itself.
    Assign(Vec<u64>),
    /// From now on the client polls of these keys whatever the service assigns to it.
    Subscribe(Vec<u64>),
    /// Sends and polls, in this order; several of them are one transaction.
    Steps(Vec<LogStep>),
}

/// One step of a [`LogOp::Steps`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogStep {
    /// Appends a value to the log of a key. Every value is sent to a key at most once.
    Send {
        /// Which log.
        key: u64,
        /// What is appended.
        value: u64,
        /// Where it was placed; in a call, and where nobody knows, `None`.
        offset: Option<u64>,
    },
    /// Takes what comes next in the logs the client polls. In a call it is empty.
    Poll(Vec<Batch>),
}

/// What one poll found in the log of one key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Batch {
    /// Which log.
    pub key: u64,
    /// Offset and value of each record, in the order in which they came. The offset is `None` where
    /// nobody knows it.
    pub records: Vec<(Option<u64>, u64)>,
}

/// Operations on logs, and what each of them got: the same operation once more, with offsets and
/// records filled in. Of a [`LogOp::Steps`] that nobody heard of again, the call tells what may have
/// been sent.
pub type LogHistory = History<LogOp, LogOp>;

impl fmt::Debug for LogOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |keys: &[u64]| {
            let names: Vec<String> = keys.iter().map(|key| format!("k{key}")).collect();
            names.join(", ")
        };
        match self {
            LogOp::Assign(keys) => write!(f, "assign({})", names(keys)),
            LogOp::Subscribe(keys) => write!(f, "subscribe({})", names(keys)),
            LogOp::Steps(steps) => {
                let words: Vec<String> = steps.iter().map(|step| format!("{step:?}")).collect();
                f.write_str(&words.join(" "))
            }
        }
    }
}

impl fmt::Debug for LogStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogStep::Send { key, value, offset: None } => write!(f, "send(k{key}, {value})"),
            LogStep::Send { key, value, offset: Some(offset) } => {
                write!(f, "send(k{key}, {value}) at {offset}")
            }
            LogStep::Poll(batches) if batches.is_empty() => f.write_str("poll"),
            LogStep::Poll(batches) => {
                let words: Vec<String> = batches.iter().map(|batch| format!("{batch:?}")).collect();
                write!(f, "poll = {{{}}}", words.join(", "))
            }
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |(offset, value): &(Option<u64>, u64)| match offset {
            Some(offset) => format!("{value} at {offset}"),
            None => value.to_string(),
        };
        let words: Vec<String> = self.records.iter().map(word).collect();
        write!(f, "k{}: [{}]", self.key, words.join(", "))
    }
}
