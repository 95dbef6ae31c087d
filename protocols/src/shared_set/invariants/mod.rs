//! The properties of [`SharedSet`](super::SharedSet), a file each.

pub(crate) mod stamps_grow;
