//! **rehearsal** rehearses the bad days of distributed systems: the same scenario and the same seed
//! give the same run, bit for bit.
//!
//! This crate joins the others: the simulated world ([`sim`]), the protocols that come with it
//! ([`protocols`]), the scenario language ([`scenarios`]), the reports ([`reports`]), and the
//! command line ([`cli`]), which serves a crate of one's own as well:
//!
//! ```no_run
//! use rehearsal::prelude::*;
//!
//! fn main() {
//!     // Every verb of the command line, for one's own catalog.
//!     rehearsal::cli::main(&[Entry::of::<rehearsal::protocols::ping::Ping>()])
//! }
//! ```
//!
//! In tests, [`check`] and [`check_file`] rehearse a scenario with many seeds, and say what was
//! violated; [`shrink`] makes what a seed violates smaller. `docs/adding-a-protocol.md` walks through a whole protocol.

#![deny(missing_docs)]

pub mod assertions;
pub mod cli;
pub mod formats;
#[cfg(feature = "prop")]
pub mod prop;
mod property;

pub use property::{check, check_file, shrink, try_check};

pub use rehearsal_protocols as protocols;
pub use rehearsal_reports as reports;
pub use rehearsal_scenarios as scenarios;
pub use rehearsal_sim as sim;

/// What an author of a protocol needs, and of its tests.
///
/// Three traits that most protocols name types of their own after are not here by name: write
/// `impl protocol::Role for Role`, and so for `protocol::Config` and `protocol::Message`.
pub mod prelude {
    pub use rehearsal_scenarios::{Loaded, Report, Request, load, load_text};
    pub use rehearsal_sim::bug::{BugInfo, NoBugs, PlantedBug};
    pub use rehearsal_sim::catalog::Entry;
    pub use rehearsal_sim::check::check_promises;
    pub use rehearsal_sim::effects::Effects;
    pub use rehearsal_sim::history::CallId;
    pub use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
    pub use rehearsal_sim::law::{Law, Sampler};
    pub use rehearsal_sim::plan::{Plan, Watch};
    pub use rehearsal_sim::protocol::{
        self, Boot, Explorable, Input, Kinds, NoConfig, NodeId, Probe, Protocol, Reach, Remark,
        RoleInfo, Standing, Survivor, explorable,
    };
    // For their methods.
    pub use rehearsal_sim::protocol::{Config as _, Message as _, Role as _};
    pub use rehearsal_sim::random::Chance;
    pub use rehearsal_sim::record::{Judgement, Record, Violation, ViolationKind};
    pub use rehearsal_sim::service::{Accepts, Ask, Operation, Outcome, Sequential, Service};
    pub use rehearsal_sim::time::{LocalTime, SimTime, Span, SpanRange};
    pub use rehearsal_sim::view::View;
    pub use rehearsal_sim::{kinds, mutant};
}
