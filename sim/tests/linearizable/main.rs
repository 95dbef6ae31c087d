//! The linearizability checker against hand-written histories, against trying every order, and
//! against the outages and the lengths it has to cope with.

// These tests measure themselves, and take their size from the environment.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod classics;
mod long;
mod model;
mod oracle;
mod outage;
mod random;
