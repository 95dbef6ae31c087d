//! Pictures and pages of rehearsal, drawn from records alone.
//!
//! A [`Record`] goes in, one self-contained HTML page comes out: it opens from disk, asks the
//! network for nothing, runs no script, is readable in light and dark, and is made of the same
//! bytes for the same record. Nothing here knows a protocol; a record that was read from disk is
//! drawn like one that was just made.
//!
//! ```text
//! Record --> plot::ALL (a file per picture) --> page (head, violation, pictures, tables) --> HTML
//!                 |
//!               chart (margins, axes, colours, fault bands: shared, so that pictures line up)
//! ```
//!
//! [`order`] draws a history that no order of its operations explains.
//! [`trace::export`] gives the trace of a record as text, or for other programs to draw.
//! [`index::index`] makes one more page, over many runs: a table with a link to each.
//! Several variants, each with the runs of many seeds, are drawn over each other on one page:
//! [`comparison`].
//!
//! [`Record`]: rehearsal_sim::record::Record

#![deny(missing_docs)]

mod chart;
pub mod comparison;
mod format;
pub mod index;
pub mod order;
mod page;
pub mod plot;
pub mod trace;

pub use page::{Reproduce, is_page, report};
