//! The properties of [`Bank`](super::Bank), a file each.

pub(crate) mod money_is_conserved;
