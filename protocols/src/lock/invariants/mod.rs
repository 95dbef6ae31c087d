//! The properties of [`Lock`](super::Lock), a file each.

pub(crate) mod granted_when_free;
pub(crate) mod tokens_grow;
pub(crate) mod writes_follow_tokens;
