//! The linearizability checker against hand-written histories, against trying every order, and
//! against the outages it has to cope with.

mod classics;
mod model;
mod oracle;
mod outage;
mod random;
