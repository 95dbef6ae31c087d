//! The checkers of transactions against hand-written histories, against trying every order, and
//! against stores that are right.

#![allow(
    clippy::disallowed_methods,
    reason = "tests may be asked for more cases by the environment"
)]

mod history;
mod lists;
mod oracle;
mod planted;
mod store;
