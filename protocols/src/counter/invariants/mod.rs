//! The properties of [`Counter`](super::Counter), a file each.

pub(crate) mod counted_once;
pub(crate) mod same_entries;
