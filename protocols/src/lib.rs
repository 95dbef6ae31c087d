//! The cast of rehearsal: protocols as deterministic state machines.
//!
//! One folder per protocol. [`parts`] holds building blocks that are no protocol by themselves,
//! [`events`] the vocabularies that several protocols share, so that one invariant judges them all,
//! and [`catalog`] names every protocol. This is teaching code: it is meant to be read next to the
//! papers it cites, and it keeps their names.

#![deny(missing_docs)]

pub mod bank;
pub mod catalog;
pub mod clock_sync;
pub mod controller;
pub mod counter;
pub mod events;
pub mod lock;
pub mod parts;
pub mod ping;
pub mod raft;
pub mod shared_set;
pub mod transfer;
pub mod work_queue;

#[cfg(test)]
mod testing;
