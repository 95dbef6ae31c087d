//! The simulated world of rehearsal.
pub mod check;
pub mod history;
pub mod law;
pub mod random;
pub mod service;
pub mod time;
