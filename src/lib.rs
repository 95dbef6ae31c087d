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
//! violated; [`shrink`] makes what a seed violates smaller; `prop` (a feature) draws the scenarios;
//! [`assert_linearizable!`] judges a history from anywhere. `docs/adding-a-protocol.md` walks through
//! a whole protocol, and this is a small one:
//!
//! ```
//! use rehearsal::prelude::*;
//! use rehearsal::sim::check::model::{Register, RegisterOp, RegisterReply};
//!
//! /// A server that holds a number in its memory only, and clients that send again until they hear.
//! #[derive(Clone, Debug, PartialEq, Eq, Hash)]
//! enum Note {
//!     Server(Option<u64>),
//!     Client(Vec<(CallId, Access)>),
//! }
//! const _: () = explorable::<Note>();
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Eq)]
//! enum Role { Server, Client }
//! impl protocol::Role for Role {
//!     const ALL: &'static [(Role, RoleInfo)] = &[
//!         (Role::Server, RoleInfo::new("server", "servers", 1)),
//!         (Role::Client, RoleInfo::new("client", "clients", 2).called()),
//!     ];
//! }
//!
//! /// What applications may call; the model that judges the answers comes with rehearsal.
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
//! struct Access(RegisterOp);
//! impl Operation for Access {
//!     const KINDS: &'static [&'static str] = &["read", "write"];
//!     fn kind(&self) -> usize { usize::from(self.0 != RegisterOp::Read) }
//!     fn object(&self) -> u64 { 0 }
//! }
//! #[derive(Debug)]
//! struct NoteService;
//! impl Sequential for NoteService {
//!     type Operation = Access;
//!     type Reply = RegisterReply;
//!     type State = Option<u64>;
//!     fn initial() -> Option<u64> { None }
//!     fn apply(state: &Option<u64>, ask: &Access) -> (Option<u64>, RegisterReply) {
//!         Register::apply(state, &ask.0)
//!     }
//! }
//! impl Service for NoteService {
//!     type Operation = Access;
//!     type Reply = RegisterReply;
//!     type Model = NoteService;
//!     fn compose(ask: &Ask) -> Access {
//!         Access(if ask.kind == 0 { RegisterOp::Read } else { RegisterOp::Write(ask.serial) })
//!     }
//! }
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
//! enum Message {
//!     Request(CallId, Access),
//!     Answer(CallId, RegisterReply),
//! }
//! kinds!(Message { Request, Answer });
//! impl protocol::Message for Message {}
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
//! enum Timer { Again }
//! kinds!(Timer { Again });
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
//! enum Event { Booted }
//! kinds!(Event { Booted });
//!
//! impl Protocol for Note {
//!     const NAME: &'static str = "note";
//!     const SUMMARY: &'static str = "a number in the memory of one server";
//!     const INVARIANTS: &'static [Invariant<Event>] = &[];
//!     type Bug = NoBugs;
//!     type Config = NoConfig;
//!     type Role = Role;
//!     type Service = NoteService;
//!     type Message = Message;
//!     type Timer = Timer;
//!     type Record = ();
//!     type Event = Event;
//!
//!     fn boot(boot: Boot<'_, Note>, fx: &mut Effects<'_, Note>) -> Note {
//!         fx.note(Event::Booted);
//!         if boot.role == Role::Server { Note::Server(None) } else { Note::Client(Vec::new()) }
//!     }
//!
//!     fn step(&mut self, input: Input<Note>, fx: &mut Effects<'_, Note>) {
//!         match (self, input) {
//!             (Note::Server(number), Input::Message { from, body: Message::Request(call, ask) }) => {
//!                 let (next, reply) = Register::apply(number, &ask.0);
//!                 *number = next;
//!                 fx.send(from, Message::Answer(call, reply));
//!             }
//!             (Note::Client(open), Input::Call { id, operation }) => {
//!                 open.push((id, operation));
//!                 send(open, fx);
//!             }
//!             (Note::Client(open), Input::Timer(Timer::Again)) => send(open, fx),
//!             (Note::Client(open), Input::Message { body: Message::Answer(call, reply), .. }) => {
//!                 if let Some(at) = open.iter().position(|(known, _)| *known == call) {
//!                     open.remove(at);
//!                     fx.reply(call, reply);
//!                 }
//!             }
//!             _ => {}
//!         }
//!     }
//! }
//!
//! fn send(open: &[(CallId, Access)], fx: &mut Effects<'_, Note>) {
//!     let server = fx.all(Role::Server).next().expect("there is a server");
//!     for (call, ask) in open {
//!         fx.send(server, Message::Request(*call, *ask));
//!     }
//!     if !open.is_empty() {
//!         fx.arm(Timer::Again, Span::millis(50));
//!     }
//! }
//!
//! // A run of a scenario with a seed, and its record.
//! const OWN: &[Entry] = &[Entry::of::<Note>()];
//! let quiet = "protocol = \"note\"\nduration = \"2s\"\nworkload.rate = \"50/s\"\n";
//! let loaded = load_text(quiet.as_bytes(), &Request::of("quiet"), OWN).unwrap();
//! let record = (loaded.entry.run)(&loaded.plan, 7, &Watch::QUIET);
//! assert_eq!(record.head.verdict, Judgement::Pass);
//! assert!(record.head.operations.ok > 80);
//!
//! // Properties over many seeds. What is in memory only does not survive a crash.
//! rehearsal::check(&format!("{quiet}[[expect]]\nlinearizable = true\n"), 0..20, OWN);
//! let crash = "[[fault]]\nat = \"1s\"\ncrash = \"n1\"\nrestart_after = \"100ms\"\n";
//! let bad_day = format!("{quiet}{crash}[[expect]]\nlinearizable = true\n");
//! let said = rehearsal::try_check(&bad_day, 0..20, OWN).unwrap_err();
//! assert!(said.contains("violated: linearizable"), "{said}");
//! ```

#![deny(missing_docs)]

pub mod assertions;
pub mod cli;
pub mod formats;
#[cfg(feature = "prop")]
pub mod prop;
mod property;

pub use property::{check, check_file, shrink, shrink_loaded, try_check};

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
    pub use rehearsal_sim::check::Act;
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
