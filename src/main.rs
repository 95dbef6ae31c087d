//! The rehearsal command.
fn main() {}
