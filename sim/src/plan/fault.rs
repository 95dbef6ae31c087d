//! What goes wrong: when, to whom, for how long.

use super::weather::{Change, Weather};
use crate::law::Law;
use crate::protocol::NodeId;
use crate::random::Chance;
use crate::skew::{Drift, Offset};
use crate::time::{SimTime, Span};

/// One fault of the plan.
///
/// Every time it strikes it draws from a stream of its own, named by its text and by how often it
/// struck before: taking another fault out of the plan moves none of its draws.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// When it strikes.
    pub when: When,
    /// How long it lasts; `None` is to the end of the run (and meaningless for what happens at once).
    pub lasts: Option<Span>,
    /// What it is.
    pub fault: Fault,
}

impl PlannedFault {
    /// A fault that strikes once.
    pub fn once(at: SimTime, lasts: Option<Span>, fault: Fault) -> PlannedFault {
        PlannedFault { when: When::At(at), lasts, fault }
    }
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// Once, at this instant.
    At(SimTime),
    /// Again and again.
    Every {
        /// The first time; `None` is one gap after the start.
        first: Option<SimTime>,
        /// The time from one strike to the next; draws below a microsecond are a microsecond.
        gap: Law,
        /// How often at most.
        times: Option<u32>,
        /// It does not strike from this instant on.
        until: Option<SimTime>,
    },
    /// When something happens.
    On(Trigger),
}

/// What a fault waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// What has to happen.
    pub occurrence: Occurrence,
    /// The fault strikes at the `nth` such occurrence, counted from 1.
    pub nth: u32,
    /// How often at most, once at each occurrence from the `nth` on.
    pub times: u32,
    /// Occurrences before this instant are not counted.
    pub from: SimTime,
    /// Nor are those from this instant on.
    pub until: Option<SimTime>,
    /// How long after it; at once means after the step it happened in, and after whatever else was
    /// scheduled for that instant before.
    pub after: Law,
}

/// Something that happens in a run, and that faults can be tied to. Where nodes are listed only what
/// happens on them counts; an empty list means everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// A node tells its observers of an event of this kind, an index into the protocol's event kinds.
    Noted {
        /// The kind of event.
        kind: usize,
        /// The nodes it may happen on.
        on: Vec<NodeId>,
    },
    /// A node sends a message of this kind to another node, an index into the protocol's messages.
    Sent {
        /// The kind of message.
        kind: usize,
        /// The senders.
        from: Vec<NodeId>,
        /// The receivers.
        to: Vec<NodeId>,
    },
    /// A copy of such a message reaches a node that is up.
    Delivered {
        /// The kind of message.
        kind: usize,
        /// The senders.
        from: Vec<NodeId>,
        /// The receivers.
        to: Vec<NodeId>,
    },
    /// A node gets this rank, which it did not have before.
    Rank {
        /// `leader`.
        rank: String,
        /// The nodes that count.
        on: Vec<NodeId>,
    },
    /// The disk of a node begins a sync.
    SyncBegins {
        /// The nodes that count.
        on: Vec<NodeId>,
    },
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Processes die and lose their memory and what their disks had not made durable. With `lasts`
    /// they restart after it, unless they did so before.
    Crash(Target),
    /// The same, and their hosts die with them: networks that refuse stay silent about them.
    PowerOff(Target),
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
    /// Something is different about some messages.
    Weather(Weather),
    /// Each of these nodes is clogged, both ways, from a random instant of the first half of the
    /// fault's time to a random one of its second half.
    Swizzle(Vec<Target>),
    /// The other servers fall into two halves, drawn, that hear each other only through these nodes.
    Bridge(Target),
    /// Every server hears a majority of the servers, and no two the same one: each hears its
    /// neighbours in a ring of drawn order.
    Ring,
    /// Links between places are cut: by their numbers in the plan's topology.
    CutLinks(Vec<usize>),
    /// Processors take this long for each input that they begin with.
    Slow {
        /// Whose.
        nodes: Target,
        /// How long; of several such faults the last to begin counts.
        step: Law,
    },
    /// Processes crash and start again, over and over. Whom it left down starts again at its end.
    CrashLoop {
        /// Whose.
        nodes: Target,
        /// How long a process stays up, at least a microsecond.
        up: Law,
        /// How long it stays down, at least a microsecond.
        down: Law,
    },
    /// Wall clocks jump, at once and for good.
    ClockJump {
        /// Whose.
        nodes: Target,
        /// Forward, or back.
        by: Offset,
    },
    /// Both clocks run faster, or slower; what they gained meanwhile they keep.
    ClockDrift {
        /// Whose.
        nodes: Target,
        /// On top of their own drift.
        by: Drift,
    },
    /// Wall clocks are off, and right again at its end.
    ClockOffset {
        /// Whose.
        nodes: Target,
        /// On top of their own offset.
        by: Offset,
    },
    /// Wall clocks stand still, and jump to where they would be at its end.
    ClockFreeze(Target),
    /// A timer that is set rings now, at once.
    Fire {
        /// Whose.
        nodes: Target,
        /// Its kind, an index into the protocol's timers; of several the one that would ring first.
        timer: usize,
    },
    /// Something is wrong with the disks of these nodes, whether they are up or down.
    Disk {
        /// Whose disks.
        target: Target,
        /// What it is.
        fault: DiskFault,
    },
}

/// What can be wrong with a disk. The first five last, and go on over crashes and restarts.
#[derive(Clone, Debug, PartialEq)]
pub enum DiskFault {
    /// No sync ends.
    Stall,
    /// Syncs that begin take this long.
    Slow(Law),
    /// There is no room for another record: syncs that need some fail.
    Full,
    /// Every sync that ends fails.
    WriteError,
    /// Of what a node reads when it starts, one record, drawn once, is unreadable.
    ReadError,
    /// Records that were durable become unreadable, and stay so.
    BitRot {
        /// How many on each disk, drawn.
        records: u64,
    },
    /// The next append of a node is written to the place of an earlier record, drawn.
    MisdirectedWrite,
    /// Nodes that are up crash, and all that was on the disks is gone. With `lasts` they restart
    /// after it.
    Wipe,
}

impl DiskFault {
    /// Whether it happens at once, and does not last.
    pub fn is_instant(&self) -> bool {
        matches!(self, DiskFault::BitRot { .. } | DiskFault::MisdirectedWrite | DiskFault::Wipe)
    }
}

impl Occurrence {
    /// Whether it is about a message, which has two ends.
    pub fn is_of_a_message(&self) -> bool {
        matches!(self, Occurrence::Sent { .. } | Occurrence::Delivered { .. })
    }
}

impl Fault {
    /// The laws that it draws from; a run has them compiled, in this order.
    pub(crate) fn laws(&self) -> Vec<&Law> {
        match self {
            Fault::Latency(law)
            | Fault::Weather(Weather { change: Change::Latency(law), .. })
            | Fault::Slow { step: law, .. }
            | Fault::Disk { fault: DiskFault::Slow(law), .. } => vec![law],
            Fault::CrashLoop { up, down, .. } => vec![up, down],
            _ => Vec::new(),
        }
    }

    /// Everybody it names.
    pub fn targets(&self) -> Vec<&Target> {
        match self {
            Fault::Crash(target)
            | Fault::PowerOff(target)
            | Fault::Restart(target)
            | Fault::Pause(target)
            | Fault::Slow { nodes: target, .. }
            | Fault::CrashLoop { nodes: target, .. }
            | Fault::ClockJump { nodes: target, .. }
            | Fault::ClockDrift { nodes: target, .. }
            | Fault::ClockOffset { nodes: target, .. }
            | Fault::ClockFreeze(target)
            | Fault::Fire { nodes: target, .. }
            | Fault::Disk { target, .. } => vec![target],
            Fault::Partition(groups) => groups.iter().flatten().collect(),
            Fault::OneWay { from, to } => vec![from, to],
            Fault::Weather(weather) => weather.scope.ends.targets(),
            Fault::Swizzle(targets) => targets.iter().collect(),
            Fault::Bridge(target) => vec![target],
            Fault::Loss(_) | Fault::Latency(_) | Fault::Ring | Fault::CutLinks(_) => Vec::new(),
        }
    }

    /// Whether it is over when the world heals. What happens to processes is not: those that are
    /// down stay down, unless they were to restart anyway.
    pub fn ends_when_the_world_heals(&self) -> bool {
        let is_of_lives = matches!(
            self,
            Fault::Crash(_)
                | Fault::PowerOff(_)
                | Fault::Restart(_)
                | Fault::Disk { fault: DiskFault::Wipe, .. }
        );
        !is_of_lives
    }

    /// Whether it may still strike in a world that has healed: it repairs.
    pub fn repairs(&self) -> bool {
        matches!(self, Fault::Restart(_))
    }
}

/// Whom a fault hits. Looked up when the fault strikes; a fault that finds nobody is counted
/// (`faults_missed`) and does nothing. `server` stands for the nodes of the protocol's first role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// The live node of the given rank with the highest epoch: `leader`.
    Leader,
    /// The other live nodes that have a rank.
    Followers,
    /// All live nodes of this rank.
    Rank(String),
    /// The largest part of the servers that is no majority: two of five, one of four, drawn.
    Minority,
    /// The smallest majority of the servers: three of five, three of four, drawn.
    Majority,
    /// One live server, drawn.
    Any,
    /// The servers that no other group of the same partition names.
    Others,
    /// The node that the fault's trigger happened on: for a message its sender when it is sent, its
    /// receiver when it is delivered.
    It,
    /// The other end of the message that the trigger was about.
    Peer,
}
