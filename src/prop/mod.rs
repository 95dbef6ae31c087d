//! Bad days drawn by proptest, as scenarios that shrink well (feature `prop`).
//!
//! [`Days`] says what days may look like, and checks a protocol on many of them:
//!
//! ```
//! use rehearsal::prop::Days;
//! use rehearsal::protocols::catalog::CATALOG;
//!
//! Days::of("ping").role("servers", 1..=3).role("clients", 1..=2).cases(8).check(CATALOG);
//! ```
//!
//! A [`Day`] is a scenario file in parts: how many nodes there are, a [`Network`], a [`Workload`] and
//! some [`Fault`]s. Each part has a strategy of its own ([`network`], [`workload`], [`fault`]), so
//! that other tests can put days together as they like; a day is printed as the scenario it is:
//!
//! ```
//! use proptest::prelude::*;
//! use rehearsal::prop::{self, Days};
//! use rehearsal::protocols::catalog::CATALOG;
//!
//! proptest! {
//!     #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..Default::default() })]
//!     fn a_lossy_day_is_survived(
//!         day in Days::of("ping").network(prop::network().prop_map(|n| n.losing(20))).strategy()
//!     ) {
//!         rehearsal::check(&day.to_string(), [day.seed], CATALOG);
//!     }
//! }
//! # a_lossy_day_is_survived();
//! ```
//!
//! Values shrink towards the plain day: one node, a constant latency, no loss, no faults, little to
//! do. Faults go one by one; what is left becomes earlier and shorter.

mod day;
mod regressions;
mod runner;
mod strategies;

pub use day::{Day, Fault, Latency, Network, Trouble, Workload};
pub use runner::Days;
pub use strategies::{fault, latency, network, workload};
