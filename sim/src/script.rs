//! The stage on which single steps are driven by hand: what script files command.

use crate::plan::Plan;
use crate::protocol::Protocol;
use crate::record::Violation;

/// A cluster whose messages, timers and disks wait for commands.
pub trait Stage {
    /// Carries out one command and returns the reaction, a line each.
    ///
    /// # Errors
    /// The command makes no sense now (no such message in flight, unknown node); a sentence.
    fn command(&mut self, words: &[&str]) -> Result<Vec<String>, String>;
    /// What has been violated so far.
    fn violations(&self) -> &[Violation];
}

pub(crate) fn stage<P: Protocol>(_plan: &Plan) -> Box<dyn Stage> {
    unreachable!("{}", P::NAME)
}
