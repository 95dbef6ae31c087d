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

pub mod cli;

pub use rehearsal_protocols as protocols;
pub use rehearsal_reports as reports;
pub use rehearsal_scenarios as scenarios;
pub use rehearsal_sim as sim;

/// What an author of a protocol needs.
pub mod prelude {
    pub use rehearsal_sim::bug::{BugInfo, NoBugs, PlantedBug};
    pub use rehearsal_sim::catalog::Entry;
    pub use rehearsal_sim::effects::Effects;
    pub use rehearsal_sim::history::CallId;
    pub use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
    pub use rehearsal_sim::protocol::{
        Boot, Config, Explorable, Input, Kinds, Message, NoConfig, NodeId, Protocol, Reach, Remark,
        Role, Standing, Survivor, explorable,
    };
    pub use rehearsal_sim::service::{Ask, Operation, Outcome, Sequential, Service};
    pub use rehearsal_sim::time::{LocalTime, SimTime, Span, SpanRange};
    pub use rehearsal_sim::view::View;
    pub use rehearsal_sim::{kinds, mutant};
}
