//! The monitors against trying every order, and against hand-written histories.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests may be asked for more cases by the environment"
)]

mod classics;
mod draw;
mod jepsen;
mod oracle;
mod random;
mod sessions;
