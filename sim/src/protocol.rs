//! The author's trait: a protocol is a deterministic state machine, one input in, effects out.
//!
//! Everything a protocol can do goes through [`Effects`]; everything it can hear of
//! comes in as an [`Input`]. It never sees a socket, a file, a thread or the simulation's clock,
//! and so the same code is run by the timed engine, by scripts, and by property tests.

use std::fmt::{self, Debug};
use std::hash::Hash;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bug::PlantedBug;
use crate::effects::Effects;
use crate::history::CallId;
use crate::invariant::Invariant;
use crate::random::Stream;
use crate::service::Service;
use crate::simulation::Digest;
use crate::time::Span;
use crate::view::View;

/// A node's number. Nodes are numbered role by role in the order of [`Role::ALL`], from 0.
///
/// Traces and scripts show names: where a message, event or view prints a node as `derive(Debug)`
/// does, `NodeId(3)`, the node's name is put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The number as an index into lists of nodes.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A closed set of names: what messages, timers and events are called in scripts, traces, drops
/// and digests.
pub trait Kinds {
    /// The names, in a fixed order.
    const KINDS: &'static [&'static str];
    /// How many of them, the first ones, are those of an embedded protocol.
    const EMBEDDED: usize = 0;
    /// This value's index in [`Kinds::KINDS`].
    fn kind(&self) -> usize;
}

/// The names of both, those of the embedded protocol first.
#[must_use]
pub const fn join<const N: usize>(
    inner: &[&'static str],
    own: &[&'static str],
) -> [&'static str; N] {
    assert!(inner.len() + own.len() == N, "as many names as kinds");
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = if at < inner.len() { inner[at] } else { own[at - inner.len()] };
        at += 1;
    }
    names
}

/// Implements [`Kinds`] for an enum whose variants are the kinds:
/// `kinds!(Message { Ping, Pong })`. Works for generic enums through a trailing parameter list:
/// `kinds!(Message<O: Clone> { Ping, Pong })`.
///
/// The kinds of an embedded protocol ([`embed`](crate::embed)) come first:
/// `kinds!(Message { in Raft(raft::Message<KeyValue>), Order })`.
#[macro_export]
macro_rules! kinds {
    ($name:ident { in $outer:ident($inner:ty) $(, $kind:ident)* $(,)? }) => {
        impl $crate::embed::Wraps<$inner> for $name {
            fn wrap(inner: $inner) -> $name {
                $name::$outer(inner)
            }
            fn unwrap(self) -> Result<$inner, $name> {
                #[allow(unreachable_patterns)]
                match self {
                    $name::$outer(inner) => Ok(inner),
                    other => Err(other),
                }
            }
        }
        impl $crate::protocol::Kinds for $name {
            const KINDS: &'static [&'static str] = {
                const INNER: &[&str] = <$inner as $crate::protocol::Kinds>::KINDS;
                const OWN: &[&str] = &[$(stringify!($kind)),*];
                const ALL: [&str; INNER.len() + OWN.len()] = $crate::protocol::join(INNER, OWN);
                &ALL
            };
            const EMBEDDED: usize = <$inner as $crate::protocol::Kinds>::KINDS.len();
            fn kind(&self) -> usize {
                #[allow(clippy::enum_variant_names, dead_code)]
                enum Index { $($kind),* }
                match self {
                    Self::$outer(inner) => $crate::protocol::Kinds::kind(inner),
                    $(Self::$kind { .. } => Self::EMBEDDED + Index::$kind as usize),*
                }
            }
        }
    };
    ($name:ident $(<$($p:ident : $b:path),+>)? { $($kind:ident),* $(,)? }) => {
        impl $(<$($p: $b),+>)? $crate::protocol::Kinds for $name $(<$($p),+>)? {
            const KINDS: &'static [&'static str] = &[$(stringify!($kind)),*];
            fn kind(&self) -> usize {
                #[allow(clippy::enum_variant_names, dead_code)]
                enum Index { $($kind),* }
                match self { $(Self::$kind { .. } => Index::$kind as usize),* }
            }
        }
    };
}

/// What nodes say to each other. The `Debug` form is what traces and scripts print: keep it short.
pub trait Message: Clone + Debug + Kinds + 'static {
    /// Bytes on the wire; bandwidth and queueing are charged by it.
    fn size(&self) -> u32 {
        64
    }

    /// Takes the contents into the digest of the run, in an encoding that is spelt out here, field
    /// by field, and so changes only on purpose. Without it the digest knows the message's time,
    /// link, kind, number and size.
    fn digest(&self, _digest: &mut Digest) {}
}

/// What a node may set to ring. Arming an armed timer replaces it.
pub trait Timer: Copy + Ord + Hash + Debug + Kinds + 'static {}
impl<T: Copy + Ord + Hash + Debug + Kinds + 'static> Timer for T {}

/// What a node may tell observers: invariants, traces, reports.
pub trait Event: Debug + Kinds + 'static {}
impl<T: Debug + Kinds + 'static> Event for T {}

/// What a node is started as. Roles are counted in `[cluster]` by their plural.
pub trait Role: Copy + Debug + Eq + 'static {
    /// All roles, and what scenarios know of each. Nodes of the first are named `n1`, `n2`, ...;
    /// others by role: `client1`.
    const ALL: &'static [(Self, RoleInfo)];

    /// What scenarios know of this role. Panics where [`Role::ALL`] leaves it out.
    fn info(self) -> &'static RoleInfo {
        let found = Self::ALL.iter().find(|(role, _)| *role == self);
        found.map_or_else(|| panic!("{self:?} is missing in Role::ALL"), |(_, info)| info)
    }
}

/// A role, described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleInfo {
    /// `server`.
    pub singular: &'static str,
    /// `servers`: its key in `[cluster]`.
    pub plural: &'static str,
    /// How many nodes of this role a scenario gets when it does not say.
    pub default_count: u32,
    /// Whether the workload calls operations on nodes of this role.
    pub takes_calls: bool,
}

impl RoleInfo {
    /// A role on whose nodes nobody calls operations.
    pub const fn new(singular: &'static str, plural: &'static str, default_count: u32) -> RoleInfo {
        RoleInfo { singular, plural, default_count, takes_calls: false }
    }
    /// The same, and the workload calls operations on its nodes.
    #[must_use]
    pub const fn called(self) -> RoleInfo {
        RoleInfo { takes_calls: true, ..self }
    }
}

/// The parameters of a protocol: one table of a scenario file. Derive the bounds, use
/// `#[serde(deny_unknown_fields, default)]`, and document each field with unit, range and source:
/// the comments become the reference.
pub trait Config:
    Serialize + DeserializeOwned + JsonSchema + Default + Clone + Debug + Send + Sync + 'static
{
    /// Looks for settings that can not work (errors) or are suspicious (warnings).
    /// `round_trip` is the median time to a peer and back under the scenario's network.
    fn review(&self, _round_trip: Span) -> Vec<Remark> {
        Vec::new()
    }

    /// The same where it depends on how many nodes there are: `counts` has a number for each role, in
    /// the order of [`Role::ALL`].
    fn review_cluster(&self, _counts: &[u32]) -> Vec<Remark> {
        Vec::new()
    }

    /// Draws other limits for a swarm, all of them legal: batches and windows small enough to
    /// overflow and timers as tight as they may be are faults, too. `round_trip` is the median time
    /// to a peer and back under the network that was drawn.
    fn vary(self, _dice: &mut Stream, _round_trip: Span) -> Self {
        self
    }

    /// Goes on drawing, what depends on how many nodes of the first role there are.
    fn vary_cluster(self, _dice: &mut Stream, _count: u32) -> Self {
        self
    }
}

/// The parameters of a protocol that has none.
#[derive(Clone, Debug, Default, Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}
impl Config for NoConfig {}

/// What [`Config::review`] has to say about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Whether the scenario can not be run like this.
    pub is_error: bool,
    /// The key inside the protocol's table: `election_timeout`.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// The cure.
    pub help: String,
}

/// A rare situation that a good campaign of seeds reaches at least once. A property that held in
/// runs which never came near the situation it is about has proved little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The name that nodes count with [`Effects::count`]: `split_vote`.
    pub name: &'static str,
    /// What the situation is, in a sentence.
    pub sentence: &'static str,
}

/// A protocol, with everything the world needs to know about it.
///
/// The node's state is the implementing type itself. Its volatile part is lost in a crash by
/// construction: [`Protocol::boot`] is the only door back, and it sees only what the disk kept.
pub trait Protocol: Sized + Debug + 'static {
    /// The kebab-case name: `raft`, `load-balancing`.
    const NAME: &'static str;
    /// One sentence for lists.
    const SUMMARY: &'static str;
    /// The properties that observers judge while a run goes on.
    const INVARIANTS: &'static [Invariant<Self::Event>];
    /// The counters that nodes count, and their gauges as `<name>_max`: reported even when zero, and
    /// a scenario that expects anything else of `metric` is told that there is no such name.
    const METRICS: &'static [&'static str] = &[];
    /// Rare situations, counted like the metrics and reported beside them, even when zero: a sweep
    /// tells which of them its seeds reached.
    const PROBES: &'static [Probe] = &[];
    /// The ranks that [`Standing::rank`] can show, as faults are aimed at them: `leader`.
    const RANKS: &'static [&'static str] = &[];
    /// The bugs that can be planted; [`crate::bug::NoBugs`] where there are none.
    type Bug: PlantedBug;
    /// The parameters; they live outside the node and are lent by [`Effects::config`].
    type Config: Config;
    /// What nodes are started as.
    type Role: Role;
    /// What applications may call, and the sequential model that judges the answers.
    type Service: Service;
    /// What nodes say to each other.
    type Message: Message;
    /// What a node may set to ring.
    type Timer: Timer;
    /// One durable record of a node's log on disk.
    type Record: Clone + Debug + 'static;
    /// What observers may know.
    type Event: Event;

    /// The first start of a node and every restart.
    fn boot(boot: Boot<'_, Self>, fx: &mut Effects<'_, Self>) -> Self;

    /// Takes one input. A step is atomic: its effects happen after it returns.
    fn step(&mut self, input: Input<Self>, fx: &mut Effects<'_, Self>);

    /// What the node is now; asked after every step, so it must be cheap.
    fn standing(&self) -> Standing {
        Standing::NONE
    }

    /// Describes the node for traces and pictures; called only where someone looks.
    fn view(&self, _view: &mut View) {}

    /// Names the quorum that the cluster lacks, when with these nodes and links it rightly makes no
    /// progress; `None` when it should be able to.
    fn missing_quorum(_reach: &Reach<'_, Self>) -> Option<String> {
        None
    }
}

/// Asked of protocols that can be forked, rewound and explored; keeps hash maps, floats and cells
/// out of the state of a node.
pub trait Explorable: Protocol + Clone + Eq + Hash + Send {}
impl<P: Protocol + Clone + Eq + Hash + Send> Explorable for P {}

/// Fails to compile when `P` is not [`Explorable`]: `const _: () = explorable::<Raft>();`
pub const fn explorable<P: Explorable>() {}

/// The service's operations, for short.
pub type OperationOf<P> = <<P as Protocol>::Service as Service>::Operation;
/// The service's replies, for short.
pub type ReplyOf<P> = <<P as Protocol>::Service as Service>::Reply;

/// Everything that can happen to a node.
pub enum Input<P: Protocol> {
    /// A message arrived.
    Message {
        /// Its sender.
        from: NodeId,
        /// What it says.
        body: P::Message,
    },
    /// A timer rang.
    Timer(P::Timer),
    /// An application calls an operation here; answer with [`Effects::reply`].
    Call {
        /// The call's number.
        id: CallId,
        /// The operation.
        operation: OperationOf<P>,
    },
    /// A message that this node sent was turned away by the receiver's host, because the process
    /// there is down. Only networks with `refuse` say so; elsewhere nothing is heard, as with a host
    /// that is dead. Nothing promises that it is heard: who crashed meanwhile is not told.
    Refused {
        /// Whom the message was for.
        to: NodeId,
        /// What kind of message it was, an index into its [`Kinds::KINDS`].
        kind: usize,
    },
    /// The disk refused to make something durable. Everything that was appended, truncated or
    /// rewritten since the last sync that succeeded is lost, on the disk and in its cache, and every
    /// effect that waited for it is gone. What comes next is written behind what is durable, and may
    /// succeed: a protocol that goes on as if nothing had happened promises what is on no disk.
    ///
    /// A sound protocol that can not tell what its memory has and its disk has not ends itself with
    /// [`Effects::exit`], and starts again from what the disk kept (Rebello et al., *Can Applications
    /// Recover from fsync Failures?*, USENIX ATC 2020).
    WriteFailed {
        /// How many writes are lost: appends, truncations and rewrites.
        lost: u64,
    },
}

impl<P: Protocol> Debug for Input<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Message { from, body } => write!(f, "message from {}: {body:?}", from.0),
            Input::Timer(timer) => write!(f, "timer {timer:?}"),
            Input::Call { id, operation } => write!(f, "call {}: {operation:?}", id.0),
            Input::Refused { to, kind } => {
                write!(f, "refused by {}: {}", to.0, <P::Message as Kinds>::KINDS[*kind])
            }
            Input::WriteFailed { lost } => write!(f, "{lost} writes failed"),
        }
    }
}

/// What a node is given when it starts.
pub struct Boot<'a, P: Protocol> {
    /// What it is started as.
    pub role: P::Role,
    /// The records that survived on its disk, oldest first; empty at the first start.
    pub disk: &'a [Survivor<P::Record>],
}

/// One record of a disk as it comes back after a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Survivor<R> {
    /// As it was written.
    Intact(R),
    /// Half-written when the node crashed; its checksum does not match. It was never durable, and so
    /// nothing that waited for it ever happened. It is the last record, unless a node wrote behind it.
    Torn,
    /// Durable once, unreadable now. What it said may have been promised to others.
    Damaged,
}

/// What a node is at this moment. Role is what it was started as, rank is what it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// `leader`, `candidate`, `follower`; empty where the role has no ranks. Faults aimed at
    /// `leader` hit the live node of that rank with the highest epoch, those aimed at `followers`
    /// the other live nodes that have a rank.
    pub rank: &'static str,
    /// The term, ballot or epoch it is in.
    pub epoch: u64,
}

impl Standing {
    /// No rank at all.
    pub const NONE: Standing = Standing { rank: "", epoch: 0 };

    /// Whether two are equal. Asked after every step: the texts are looked at last, and empty ones
    /// not at all, for comparing nothing through a pointer to nowhere takes 100 ns on some machines.
    #[inline(always)]
    pub(crate) fn is(self, other: Standing) -> bool {
        self.epoch == other.epoch
            && self.rank.len() == other.rank.len()
            && (self.rank.is_empty() || self.rank == other.rank)
    }
}

/// Which nodes are up and who reaches whom, for [`Protocol::missing_quorum`].
pub struct Reach<'a, P: Protocol> {
    /// Every node's role.
    pub roles: &'a [P::Role],
    /// The protocol's parameters.
    pub config: &'a P::Config,
    /// Whether a node is up.
    pub up: &'a dyn Fn(NodeId) -> bool,
    /// What a node is; of one that is down, what it was last.
    pub standing: &'a dyn Fn(NodeId) -> Standing,
    /// Whether messages pass from one node to another.
    pub passes: &'a dyn Fn(NodeId, NodeId) -> bool,
}

impl<P: Protocol> Reach<'_, P> {
    /// Explains why no majority of the nodes of `role` can talk to each other, if that is so.
    pub fn missing_majority(&self, role: P::Role) -> Option<String> {
        self.missing_majority_without(role, "")
    }

    /// The same where nodes of the rank `unfit` take no part, for example because their disks are
    /// damaged.
    pub fn missing_majority_without(&self, role: P::Role, unfit: &str) -> Option<String> {
        let all: Vec<NodeId> = (0u32..)
            .zip(self.roles)
            .filter(|(_, r)| **r == role)
            .map(|(id, _)| NodeId(id))
            .collect();
        let needed = all.len() / 2 + 1;
        let linked = |a: NodeId, b: NodeId| a == b || ((self.passes)(a, b) && (self.passes)(b, a));
        let is_unfit = |id: &NodeId| !unfit.is_empty() && (self.standing)(*id).rank == unfit;
        let takes_part = |id: &NodeId| (self.up)(*id) && !is_unfit(id);
        let best = all
            .iter()
            .filter(|a| takes_part(a))
            .map(|a| all.iter().filter(|b| takes_part(b) && linked(*a, **b)).count())
            .max()
            .unwrap_or(0);
        let left_out = all.iter().filter(|id| (self.up)(**id) && is_unfit(id)).count();
        (best < needed).then(|| {
            let mut text = format!(
                "a majority of {needed} of {} {} is needed, at most {best} are up and connected",
                all.len(),
                role.info().plural
            );
            if left_out > 0 {
                text += &format!(", and {left_out} more take no part: {unfit}");
            }
            text
        })
    }
}
