//! The properties of [`Ping`](super::Ping), a file each.

pub(crate) mod answers_match;
