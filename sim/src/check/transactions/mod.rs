//! Transactions: which isolation a history of them shows.

mod words;

pub use words::{Micro, Transaction, Transactions};
