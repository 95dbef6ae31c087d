//! The properties of [`Transfer`](super::Transfer), a file each.

pub(crate) mod received_once_and_whole;
