//! The simulated world of rehearsal.
pub mod check;
pub mod history;
pub mod record;
pub mod service;
pub mod time;
