//! Building blocks that are no protocol by themselves.

pub mod digest;
pub mod kv;
pub mod machine;
