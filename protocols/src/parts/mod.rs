//! Building blocks that are no protocol by themselves.

pub mod clerk;
pub mod configuration;
pub mod digest;
pub mod disk;
pub mod kv;
pub mod machine;
pub mod patience;
pub mod roles;
pub mod seeker;
pub mod session;
