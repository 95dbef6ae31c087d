//! The timed engine.
use crate::plan::{Plan, Watch};
use crate::protocol::Protocol;
use crate::record::Record;
pub(crate) fn run<P: Protocol>(_plan: &Plan, _seed: u64, _watch: &Watch) -> Record {
    unreachable!("{}", P::NAME)
}
