//! What a step does to the world: recorded here, carried out after the step returns.
//!
//! **Durability is a held effect.** `append` hands a record to the disk, which makes it durable
//! some time later. An effect of the `_synced` family waits until everything that was appended
//! before it is durable, and dies with a crash. Sending with `send` where `send_synced` belongs
//! *is* the bug of acknowledging before the write is safe.

use crate::bug::{BugSet, PlantedBug};
use crate::history::CallId;
use crate::law::Sampler;
use crate::protocol::{NodeId, Protocol, ReplyOf};
use crate::random::Stream;
use crate::service::Outcome;
use crate::time::{LocalTime, SpanRange};

/// One effect of a step, in the order of the calls.
#[derive(Debug)]
pub(crate) enum Effect<P: Protocol> {
    Send {
        to: NodeId,
        body: P::Message,
    },
    Reply {
        call: CallId,
        outcome: Outcome<ReplyOf<P>>,
    },
    Note(P::Event),
    Arm {
        timer: P::Timer,
        after: SpanRange,
    },
    Disarm(P::Timer),
    Append(P::Record),
    Truncate {
        keep: usize,
    },
    Rewrite(Vec<P::Record>),
    Count {
        name: &'static str,
        by: u64,
    },
    Gauge {
        name: &'static str,
        value: i64,
    },
    Exit(&'static str),
    /// Carried out already.
    Done,
}

/// An effect, and whether it waits for the disk.
#[derive(Debug)]
pub(crate) struct Recorded<P: Protocol> {
    pub(crate) effect: Effect<P>,
    pub(crate) held: bool,
}

/// The node's window to the world during one step.
pub struct Effects<'a, P: Protocol> {
    pub(crate) me: NodeId,
    pub(crate) config: &'a P::Config,
    pub(crate) roles: &'a [P::Role],
    pub(crate) now: LocalTime,
    pub(crate) wall: LocalTime,
    pub(crate) incarnation: u64,
    pub(crate) bugs: &'a BugSet,
    pub(crate) picks: &'a mut Stream,
    /// The draws of the protocol within this one.
    pub(crate) inner_picks: Option<&'a mut Stream>,
    pub(crate) out: &'a mut Vec<Recorded<P>>,
}

impl<'a, P: Protocol> Effects<'a, P> {
    /// This node.
    pub fn me(&self) -> NodeId {
        self.me
    }
    /// The protocol's parameters.
    pub fn config(&self) -> &'a P::Config {
        self.config
    }
    /// Every node of a role, in order.
    pub fn all(&self, role: P::Role) -> impl Iterator<Item = NodeId> + use<'a, P> {
        let roles = self.roles;
        (0u32..).zip(roles).filter(move |(_, r)| **r == role).map(|(id, _)| NodeId(id))
    }
    /// A node's role.
    pub fn role_of(&self, node: NodeId) -> P::Role {
        self.roles[node.index()]
    }
    /// This node's monotonic clock, by which its timers ring. It may drift, and stands still while the
    /// node is paused.
    pub fn now(&self) -> LocalTime {
        self.now
    }
    /// This node's wall clock, in nanoseconds since 1970; a run begins at 2001-09-09 01:46:40 UTC. It
    /// may be off, drift, jump and stand still.
    pub fn wall(&self) -> LocalTime {
        self.wall
    }
    /// How often this node booted before; it survives crashes, unlike everything else in memory.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }
    /// A uniform draw of this node's own: `0..n`. Panics when `n` is zero.
    pub fn pick(&mut self, n: u64) -> u64 {
        self.picks.below(n)
    }
    /// A draw of this node's own from a law.
    pub fn draw(&mut self, law: &Sampler) -> u64 {
        law.draw(self.picks.next_u64())
    }
    /// Whether a bug is planted here; used through [`mutant!`](crate::mutant) only.
    pub fn planted(&self, bug: P::Bug) -> bool {
        self.bugs.any()
            && P::Bug::ALL.iter().position(|b| *b == bug).is_some_and(|i| self.bugs.planted(i))
    }

    /// Sends a message. To oneself it arrives at the same instant, after what is queued there, and
    /// is never faulted.
    pub fn send(&mut self, to: NodeId, body: P::Message) {
        self.assert_exists(to);
        self.record(Effect::Send { to, body }, false);
    }
    /// Sends a message once everything appended so far is durable.
    pub fn send_synced(&mut self, to: NodeId, body: P::Message) {
        self.assert_exists(to);
        self.record(Effect::Send { to, body }, true);
    }
    /// Ends a call: with a reply, or with [`Outcome::Failed`] or [`Outcome::Unknown`].
    pub fn reply(&mut self, call: CallId, outcome: impl Into<Outcome<ReplyOf<P>>>) {
        self.record(Effect::Reply { call, outcome: outcome.into() }, false);
    }
    /// Ends a call once everything appended so far is durable.
    pub fn reply_synced(&mut self, call: CallId, outcome: impl Into<Outcome<ReplyOf<P>>>) {
        self.record(Effect::Reply { call, outcome: outcome.into() }, true);
    }
    /// Tells observers of an event.
    pub fn note(&mut self, event: P::Event) {
        self.record(Effect::Note(event), false);
    }
    /// Tells observers of an event once everything appended so far is durable.
    pub fn note_synced(&mut self, event: P::Event) {
        self.record(Effect::Note(event), true);
    }
    /// Sets a timer, by this node's clock; a range lets the engine draw. An armed timer of the same
    /// name is replaced.
    pub fn arm(&mut self, timer: P::Timer, after: impl Into<SpanRange>) {
        self.record(Effect::Arm { timer, after: forward(after.into()) }, false);
    }
    /// Sets a timer once everything appended so far is durable.
    pub fn arm_synced(&mut self, timer: P::Timer, after: impl Into<SpanRange>) {
        self.record(Effect::Arm { timer, after: forward(after.into()) }, true);
    }
    /// Stops a timer; nothing happens when it is not armed.
    pub fn disarm(&mut self, timer: P::Timer) {
        self.record(Effect::Disarm(timer), false);
    }
    /// Hands a record to the disk, behind all others.
    pub fn append(&mut self, record: P::Record) {
        self.record(Effect::Append(record), false);
    }
    /// Cuts the log on disk to its first `keep` records.
    pub fn truncate(&mut self, keep: usize) {
        self.record(Effect::Truncate { keep }, false);
    }
    /// Replaces the whole log on disk, atomically (compaction).
    pub fn rewrite(&mut self, records: Vec<P::Record>) {
        self.record(Effect::Rewrite(records), false);
    }
    /// The process ends itself when this step is over, and says why. Everything else that the step
    /// does happens; then it is as in a crash: memory is gone, and what the disk had not made
    /// durable. It stays down until a `restart` fault or the scenario's supervisor starts it again.
    pub fn exit(&mut self, reason: &'static str) {
        self.record(Effect::Exit(reason), false);
    }
    /// Adds to a counter of the protocol, summed over all nodes: `metric.<name>` in `[[expect]]`.
    pub fn count(&mut self, name: &'static str, by: u64) {
        self.record(Effect::Count { name, by }, false);
    }
    /// Sets a gauge of this node; the largest value of all nodes is reported as `<name>_max`.
    pub fn gauge(&mut self, name: &'static str, value: i64) {
        self.record(Effect::Gauge { name, value }, false);
    }

    fn record(&mut self, effect: Effect<P>, held: bool) {
        self.out.push(Recorded { effect, held });
    }

    /// Mistakes of a step panic in the step, where they can be told from ours.
    fn assert_exists(&self, node: NodeId) {
        let nodes = self.roles.len();
        assert!(node.index() < nodes, "node {} does not exist: there are {nodes}", node.0);
    }
}

fn forward(range: SpanRange) -> SpanRange {
    assert!(range.lo <= range.hi, "the range {range} ends before it begins");
    range
}
