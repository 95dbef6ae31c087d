//! The linearizability checker against hand-written histories, against trying every order, and
//! against the outages it has to cope with.

mod model;
mod oracle;
mod random;
