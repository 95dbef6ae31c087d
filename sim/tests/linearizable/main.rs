//! The linearizability checker against hand-written histories, against trying every order, and
//! against the outages and the lengths it has to cope with.

mod classics;
mod long;
mod model;
mod oracle;
mod outage;
mod random;
