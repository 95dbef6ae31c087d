//! The linearizability checker against hand-written histories, against trying every order, and
//! against the outages and the lengths it has to cope with.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests print how long they took, and may be asked for more cases by the environment"
)]

mod classics;
mod engines;
mod generate;
mod long;
mod model;
mod online;
mod oracle;
mod outage;
mod porcupine;
mod random;
mod recorded;
mod refused;
