//! The properties of [`WorkQueue`](super::WorkQueue), a file each.

pub(crate) mod handed_out_once;
