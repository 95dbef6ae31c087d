//! The checkers of transactions against hand-written histories, against trying every order, and
//! against stores that are right.

#![allow(
    clippy::disallowed_methods,
    reason = "tests may be asked for more cases by the environment"
)]

mod axioms;
mod history;
mod lists;
mod logs;
mod oracle;
mod planted;
mod registers;
mod store;
mod workloads;
