//! The simulated world of rehearsal: time, randomness, network, disks, faults, workload, history,
//! checkers and the record. It knows nothing of files, threads, command lines or wall clocks.

#![deny(missing_docs)]

pub mod bug;
pub mod catalog;
pub mod check;
pub mod divergence;
pub mod effects;
pub mod embed;
pub mod history;
pub mod invariant;
pub mod law;
pub mod metrics;
pub mod plan;
pub mod protocol;
pub mod random;
pub mod record;
pub mod script;
pub mod service;
pub mod skew;
pub mod time;
pub mod view;

pub mod simulation;
