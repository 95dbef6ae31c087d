//! The scenario language of rehearsal: TOML files in, resolved plans out, and a good explanation
//! where that fails.
//!
//! A scenario is gathered from texts (the file, what it `extends`, each `--set`), which are merged
//! into one tree whose keys and values remember where they were written. Sections of the tree are
//! read with serde, names are looked up, and the result is a [`Plan`](rehearsal_sim::plan::Plan).
//! Whatever is wrong is collected, not only the first mistake, and shown under the exact words that
//! caused it: a [`Report`].
//!
//! A scenario with a `[matrix]` is several plans at once, its points: [`load_all`] resolves them all,
//! [`load`] the one that was asked for.
//!
//! Protocols are known only as the [`Entry`](rehearsal_sim::catalog::Entry)s of a catalog that is
//! handed in, so that everybody can bring their own.

#![deny(missing_docs)]

mod amounts;
mod diagnose;
mod faults_page;
mod files;
mod language;
pub mod library;
mod load;
mod matrix;
mod overrides;
mod read;
mod reference;
mod report;
mod resolve;
mod schema;
pub mod shrink;
mod source;
mod starter;
mod suggest;
mod swarm;
mod toml_text;
mod tree;
mod values;

pub use faults_page::faults;
pub use load::{Loaded, Request, Variants, load, load_all, load_all_text, load_text};
pub use matrix::{Axis, MOST_POINTS, Point, Setting};
pub use reference::reference;
pub use report::{Finding, Place, Report, Severity};
pub use schema::schema;
pub use starter::starter;
pub use suggest::nearest;
pub use swarm::{Drawn, Swarm};
