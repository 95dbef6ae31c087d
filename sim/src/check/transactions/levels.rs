//! The anomalies by name, and the isolation levels that forbid them.
//!
//! Names and levels are those of Adya (*Weak Consistency*, 1999) with the additions of Kingsbury
//! and Alvaro (*Elle*, VLDB 2020) and of Cerone, Bernardi and Gotsman (CONCUR 2015).

use std::fmt;

use super::graph::{Kinds, PROCESS, REAL_TIME, RW, WR, WW};

/// What a cycle of dependencies is made of, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cycle {
    /// Writes only: G0, a dirty write.
    G0,
    /// Writes and reads of them: G1c, information that flows in a circle.
    G1c,
    /// Exactly one read that missed a write: G-single, a read skew.
    GSingle,
    /// Two reads that saw two independent writes in opposite orders: a long fork. It is a case of
    /// G-nonadjacent with a name of its own.
    LongFork,
    /// Several reads that missed a write, never two of them in a row: G-nonadjacent.
    GNonadjacent,
    /// Two reads in a row that missed a write, or more: G2-item, a write skew.
    G2Item,
}

/// What, besides the data, a cycle needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Needs {
    /// Nothing.
    Data,
    /// That a process does one thing after the other.
    Process,
    /// That what ended before another thing was called comes before it.
    RealTime,
}

/// What the order of commits must respect, the least first (Biswas and Enea, *On the complexity of
/// checking transactional consistency*, OOPSLA 2019, figure 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axiom {
    /// Once a transaction has read from another one, it reads nothing that one had overwritten.
    ReadCommitted,
    /// A transaction reads nothing that was overwritten by one it reads from at all.
    ReadAtomic,
    /// A transaction reads nothing that was overwritten by one it depends on, directly or not.
    Causal,
}

/// What is wrong in a history, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anomaly {
    /// A value was read that nobody wrote.
    Garbage,
    /// A list holds one element twice.
    DuplicateElements,
    /// Two reads of a list that are not both its beginnings.
    IncompatibleOrder,
    /// The versions of a register follow each other in a circle.
    CyclicVersions,
    /// G1a: a transaction read what a failed transaction wrote.
    AbortedRead,
    /// A write was built on what a failed transaction wrote.
    DirtyUpdate,
    /// G1b: a transaction read what another one overwrote itself before it ended.
    IntermediateRead,
    /// A transaction read what it wrote only afterwards.
    FutureRead,
    /// A transaction did not see its own writes, or saw others' writes come in while it ran.
    Internal,
    /// A cycle of dependencies.
    Cycle(Cycle, Needs),
    /// Two transactions read one version and both replaced it.
    LostUpdate,
    /// No order of commits satisfies an axiom of Biswas and Enea.
    Axiom(Axiom, Needs),
    /// No order of the transactions explains what each of them read.
    NotSerializable,
    /// No order of the transactions and of their snapshots explains what each of them read.
    NotSnapshotIsolation,
}

impl Needs {
    fn told_of(self, name: &str) -> String {
        match self {
            Needs::Data => name.to_owned(),
            Needs::Process => format!("{name}-process"),
            Needs::RealTime => format!("{name}-realtime"),
        }
    }
}

impl Cycle {
    fn name(self) -> &'static str {
        match self {
            Cycle::G0 => "G0",
            Cycle::G1c => "G1c",
            Cycle::GSingle => "G-single",
            Cycle::LongFork => "long-fork",
            Cycle::GNonadjacent => "G-nonadjacent",
            Cycle::G2Item => "G2-item",
        }
    }
}

impl Axiom {
    fn name(self) -> &'static str {
        match self {
            Axiom::ReadCommitted => "not-read-committed",
            Axiom::ReadAtomic => "fractured-read",
            Axiom::Causal => "not-causal",
        }
    }
}

impl Anomaly {
    /// Its name: `G-single`, `G0-realtime`, `lost-update`.
    pub fn name(self) -> String {
        let name = match self {
            Anomaly::Garbage => "garbage-read",
            Anomaly::DuplicateElements => "duplicate-elements",
            Anomaly::IncompatibleOrder => "incompatible-order",
            Anomaly::CyclicVersions => "cyclic-versions",
            Anomaly::AbortedRead => "G1a",
            Anomaly::DirtyUpdate => "dirty-update",
            Anomaly::IntermediateRead => "G1b",
            Anomaly::FutureRead => "future-read",
            Anomaly::Internal => "internal",
            Anomaly::LostUpdate => "lost-update",
            Anomaly::NotSerializable => "not-serializable",
            Anomaly::NotSnapshotIsolation => "not-snapshot-isolation",
            Anomaly::Cycle(cycle, needs) => return needs.told_of(cycle.name()),
            Anomaly::Axiom(axiom, needs) => return needs.told_of(axiom.name()),
        };
        name.to_owned()
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// How strictly transactions are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// PL-1: no dirty writes.
    ReadUncommitted,
    /// PL-2: only what is committed is read. For registers also the axiom of Biswas and Enea, in
    /// which the order of commits respects sessions.
    ReadCommitted,
    /// All or nothing of a transaction is seen.
    ReadAtomic,
    /// What a transaction depends on, directly or not, is seen with it.
    Causal,
    /// Every transaction reads one snapshot and overwrites nothing that came after it.
    SnapshotIsolation,
    /// Snapshot isolation in which a snapshot holds what its own process did before.
    StrongSessionSnapshotIsolation,
    /// Snapshot isolation in which a snapshot holds all that ended before.
    StrongSnapshotIsolation,
    /// PL-2.99: serializable as far as items, not predicates, are concerned.
    RepeatableRead,
    /// PL-3: the same as one transaction after the other, in some order.
    Serializable,
    /// Serializable in an order that respects each process.
    StrongSessionSerializable,
    /// Serializable in an order that respects real time.
    StrictSerializable,
}

impl Level {
    /// All of them.
    pub const ALL: [Level; 11] = [
        Level::ReadUncommitted,
        Level::ReadCommitted,
        Level::ReadAtomic,
        Level::Causal,
        Level::SnapshotIsolation,
        Level::StrongSessionSnapshotIsolation,
        Level::StrongSnapshotIsolation,
        Level::RepeatableRead,
        Level::Serializable,
        Level::StrongSessionSerializable,
        Level::StrictSerializable,
    ];

    /// Its name: `snapshot-isolation`.
    pub fn name(self) -> &'static str {
        match self {
            Level::ReadUncommitted => "read-uncommitted",
            Level::ReadCommitted => "read-committed",
            Level::ReadAtomic => "read-atomic",
            Level::Causal => "causal",
            Level::SnapshotIsolation => "snapshot-isolation",
            Level::StrongSessionSnapshotIsolation => "strong-session-snapshot-isolation",
            Level::StrongSnapshotIsolation => "strong-snapshot-isolation",
            Level::RepeatableRead => "repeatable-read",
            Level::Serializable => "serializable",
            Level::StrongSessionSerializable => "strong-session-serializable",
            Level::StrictSerializable => "strict-serializable",
        }
    }

    /// The level of a name; `None` if there is none.
    pub fn named(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Whether a history with this anomaly is not of this level.
    pub fn forbids(self, anomaly: Anomaly) -> bool {
        match anomaly {
            Anomaly::Garbage | Anomaly::DuplicateElements | Anomaly::CyclicVersions => true,
            Anomaly::IncompatibleOrder
            | Anomaly::AbortedRead
            | Anomaly::DirtyUpdate
            | Anomaly::IntermediateRead
            | Anomaly::FutureRead => self > Level::ReadUncommitted,
            Anomaly::Internal => self > Level::ReadCommitted,
            Anomaly::Axiom(axiom, needs) => {
                // The weak levels are defined with sessions, the others know them by name.
                let is_weak = self <= Level::Causal;
                let in_time = if is_weak { Needs::Process } else { self.in_time() };
                needs <= in_time
                    && match axiom {
                        Axiom::ReadCommitted => self >= Level::ReadCommitted,
                        Axiom::ReadAtomic => self >= Level::ReadAtomic,
                        Axiom::Causal => self >= Level::Causal,
                    }
            }
            Anomaly::LostUpdate => self > Level::Causal,
            Anomaly::NotSerializable => self >= Level::RepeatableRead,
            Anomaly::NotSnapshotIsolation => self > Level::Causal && self != Level::RepeatableRead,
            Anomaly::Cycle(cycle, needs) => self.forbids_cycle(cycle, needs),
        }
    }

    /// The edges that an order of the transactions must keep to be of this level; of snapshot
    /// isolation there are histories without such an order as well.
    pub(super) fn saturates(self) -> Kinds {
        let data = WW | WR | RW;
        match self {
            Level::StrongSessionSnapshotIsolation | Level::StrongSessionSerializable => {
                data | PROCESS
            }
            Level::StrongSnapshotIsolation | Level::StrictSerializable => {
                data | PROCESS | REAL_TIME
            }
            _ => data,
        }
    }

    /// What its cycles may need.
    fn in_time(self) -> Needs {
        match self {
            Level::StrongSessionSnapshotIsolation | Level::StrongSessionSerializable => {
                Needs::Process
            }
            Level::StrongSnapshotIsolation | Level::StrictSerializable => Needs::RealTime,
            _ => Needs::Data,
        }
    }

    fn forbids_cycle(self, cycle: Cycle, needs: Needs) -> bool {
        let is_snapshot = self > Level::Causal && self < Level::RepeatableRead;
        needs <= self.in_time()
            && match cycle {
                Cycle::G0 => true,
                Cycle::G1c => self > Level::ReadUncommitted,
                Cycle::GSingle | Cycle::LongFork | Cycle::GNonadjacent => self > Level::Causal,
                Cycle::G2Item => self > Level::Causal && !is_snapshot,
            }
    }
}
