//! What goes wrong: when, to whom, for how long.

use crate::law::Law;
use crate::protocol::NodeId;
use crate::random::Chance;
use crate::time::{SimTime, Span};

/// One fault of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// When it begins.
    pub at: SimTime,
    /// How long it lasts; `None` is to the end of the run (and meaningless for `Restart`).
    pub lasts: Option<Span>,
    /// What it is.
    pub fault: Fault,
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Processes die and lose their memory and what their disks had not made durable. With `lasts`
    /// they restart after it, unless they did so before.
    Crash(Target),
    /// Crashed processes start again from their disks.
    Restart(Target),
    /// Processes stand still: no steps, and their monotonic clocks stop; messages wait. Of several
    /// pauses the last to end counts; a crash ends them all.
    Pause(Target),
    /// Messages between nodes of different groups are cut; nodes in no group reach everybody.
    Partition(Vec<Vec<Target>>),
    /// Messages in one direction are cut.
    OneWay {
        /// The senders whose messages are cut.
        from: Target,
        /// The receivers they do not reach.
        to: Target,
    },
    /// The network loses this share of copies, on top of its own loss.
    Loss(Chance),
    /// The network takes this latency instead of its own.
    Latency(Law),
}

/// Whom a fault hits. Ranks are looked up when the fault strikes; a fault that finds nobody is
/// counted (`faults_missed`) and does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// The live node of the given rank with the highest epoch: `leader`.
    Leader,
    /// The other live nodes that have a rank.
    Followers,
}
