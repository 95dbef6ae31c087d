//! The stage on which single steps are driven by hand: what script files command.
//!
//! Nothing on a stage happens by itself: messages wait to be delivered, timers to be fired, disks
//! to be synced, and the clock moves on command. Everything else is as in a timed run: the same
//! protocol code, the same invariants, the same books.

use crate::record::Violation;

/// The commands of a stage, with what they take and do.
pub const COMMANDS: &[(&str, &str, &str)] = &[
    ("boot", "[NODE ..]", "starts nodes for the first time; all of them without names"),
    ("call", "NODE OPERATION KEY", "an application calls an operation on a client node"),
    ("fire", "NODE TIMER", "an armed timer rings"),
    ("advance", "DURATION", "moves the clock; nothing fires by itself"),
    ("sync", "NODE ..|all", "disks finish what they were handed"),
    ("deliver", "A->B KIND#N|A->B|all", "messages in flight arrive, in the order they were sent"),
    ("drop", "A->B KIND#N|A->B|all", "messages in flight are lost"),
    ("duplicate", "A->B KIND#N", "the network makes a second copy of a message in flight"),
    ("settle", "", "syncs and delivers until nothing is left to do"),
    ("cut", "NODE .. | NODE ..", "cuts the network into groups; `cut A -> B` cuts one direction"),
    ("heal", "", "ends every cut"),
    ("crash", "NODE ..", "processes die, with what their disks had not made durable"),
    ("restart", "NODE ..", "crashed processes start again from their disks"),
    ("show", "NODE ..", "describes nodes"),
];

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
