//! The stage on which single steps are driven by hand: what script files command.
//!
//! Nothing on a stage happens by itself: messages wait to be delivered, timers to be fired, disks
//! to be synced, and the clock moves on command. Everything else is as in a timed run: the same
//! protocol code, the same invariants, the same books.
//!
//! Messages in flight are named by link, kind and number: `n1->n2 AppendEntries#3` is one,
//! `n1->n2 AppendEntries` all of a kind on a link, `n1->n2` all on a link, and `*` stands for any
//! node: `*->n3`. Several may stand in a row.

use crate::record::Violation;

/// The commands of a stage, with what they take and do.
pub const COMMANDS: &[(&str, &str, &str)] = &[
    ("boot", "[NODE ..]", "starts nodes for the first time; all of them without names"),
    ("call", "NODE OPERATION KEY", "an application calls an operation on a client node"),
    ("fire", "NODE TIMER", "an armed timer rings"),
    ("advance", "DURATION", "moves the clock; nothing fires by itself"),
    ("sync", "NODE ..|all", "disks finish what they were handed"),
    ("fail", "NODE ..", "disks refuse what they were handed, which is lost"),
    ("deliver", "MESSAGES ..|all", "messages in flight arrive, in the order they were sent"),
    ("drop", "MESSAGES ..|all", "messages in flight are lost"),
    (
        "refuse",
        "MESSAGES ..",
        "the receivers' hosts turn messages away, and the senders hear of it",
    ),
    ("duplicate", "MESSAGES ..", "the network makes second copies of messages in flight"),
    ("settle", "", "syncs and delivers until nothing is left to do"),
    ("cut", "NODE .. | NODE ..", "cuts the network into groups; `cut A -> B` cuts one direction"),
    ("heal", "", "ends every cut"),
    ("crash", "NODE ..", "processes die, with what their disks had not made durable"),
    ("restart", "NODE ..", "crashed processes start again from their disks"),
    ("rot", "NODE RECORD", "a record on a disk, counted from 1, becomes unreadable"),
    ("wipe", "NODE ..", "empties the disks of crashed nodes"),
    ("show", "NODE ..", "describes nodes"),
    ("logs", "[NODE ..]", "draws logs; a bar stands behind what a node knows to be committed"),
    ("disk", "NODE ..", "lists what disks hold, and what they may still lose"),
    ("in-flight", "", "lists the messages in flight"),
    ("quietly", "COMMAND ..", "carries out a command and shows violations only"),
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
