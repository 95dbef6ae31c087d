//! What replicated logs tell their observers.
//!
//! Every protocol that keeps a replicated log speaks these words, whatever it calls its leaders and
//! terms, and so the invariants that read them judge every such protocol. An event says what
//! *happened on one node*; it never carries a conclusion about the cluster. Conclusions are the
//! observers' work.
//!
//! ```text
//!   leader    BecameLeader  Appended 1   Stored 1 ....... Committed 1  Applied 1
//!   follower                       Appended 1 .. Stored 1 ......... Committed 1  Applied 1
//! ```
//!
//! Commands appear as digests: observers compare them, and never need their contents.

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::kinds;
use rehearsal_sim::protocol::NodeId;

use crate::parts::configuration::Configuration;
use crate::parts::digest;

/// One step in the life of a replicated log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// The node started, with what its disk kept. Everything observers believed of its memory
    /// before is void: it leads nothing, and has applied nothing.
    Restored {
        /// The term it remembers.
        term: u64,
        /// Where its log begins: what a snapshot stands for; nothing where it has none.
        base: Base,
        /// Its log, from the index right behind the base.
        entries: Arc<[Logged]>,
    },
    /// The node started and found records unreadable that were durable once. It does not know any
    /// more what it promised, so it takes no part: it leads nothing, has applied nothing, and votes
    /// for nobody.
    FoundDamage {
        /// How many records are unreadable.
        records: u64,
    },
    /// The node promised its vote; noted once the promise is durable.
    VoteGranted {
        /// In this term.
        term: u64,
        /// To this node.
        candidate: NodeId,
    },
    /// The node won an election. Its log at this moment ends as said here.
    BecameLeader {
        /// The term it leads.
        term: u64,
        /// The index of its last entry, 0 for an empty log.
        last_index: u64,
        /// The term of its last entry, 0 for an empty log.
        last_term: u64,
    },
    /// The node stopped leading, because it heard of a newer term or of a rival, or is no voter any
    /// more.
    SteppedDown {
        /// Its term from now on.
        term: u64,
    },
    /// The node put an entry into its log in memory.
    Appended {
        /// Where.
        index: u64,
        /// The entry's term.
        term: u64,
        /// The digest of its command.
        command: u64,
    },
    /// The node removed the entry at `from` and all behind it.
    Truncated {
        /// The first index that is gone.
        from: u64,
    },
    /// Everything up to `index` is durable on the node; noted with `note_synced`.
    Stored {
        /// The last durable index.
        index: u64,
        /// The term the node was in when it accepted the entry, which may be later than the
        /// entry's own: an old entry on a majority of disks is not committed yet (Raft, Figure 8).
        term: u64,
    },
    /// The node advanced its commit index.
    Committed {
        /// To this index.
        index: u64,
        /// The term it is in.
        term: u64,
        /// Whether it decided so itself, as the leader; followers only repeat what they heard.
        leader: bool,
    },
    /// The node applied an entry to its state machine.
    Applied {
        /// The entry's index.
        index: u64,
        /// The entry's term.
        term: u64,
        /// The digest of its command.
        command: u64,
        /// Whether the command had an effect. One that its session had had applied before has none.
        effect: bool,
        /// Whether the node answers, and so acknowledges the entry to whoever asked for it.
        answers: bool,
    },
    /// The node put a snapshot in the place of its log's beginning. It keeps the entries behind it.
    Snapshotted {
        /// What the snapshot stands for.
        base: Base,
    },
    /// The node took over a snapshot of another one: its state machine is that of the snapshot now,
    /// and everything up to there counts as applied.
    Installed {
        /// The term it is in.
        term: u64,
        /// What the snapshot stands for, with the digest of what was applied to its state machine.
        base: Base,
        /// The index of its last entry: that of the snapshot, unless it kept entries behind it.
        last_index: u64,
    },
    /// From now on the node counts votes and acknowledgements by this configuration. A node that has
    /// never said so counts by all nodes of the first role.
    Configured {
        /// The configuration.
        configuration: Configuration,
    },
}

/// What a snapshot stands for: all entries up to an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Base {
    /// The index of the last of them, 0 for none.
    pub index: u64,
    /// Its term, 0 for none.
    pub term: u64,
    /// The digest of all of them: [`Base::after`], entry by entry from [`digest::EMPTY`].
    ///
    /// [`digest::EMPTY`]: crate::parts::digest::EMPTY
    pub prefix: u64,
}

impl Base {
    /// The digest of a log that goes on by one entry.
    #[must_use]
    pub const fn after(prefix: u64, term: u64, command: u64) -> u64 {
        digest::mix(digest::mix(prefix, term), command)
    }
}

/// One entry of a restored log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Logged {
    /// Its term.
    pub term: u64,
    /// The digest of its command.
    pub command: u64,
}

kinds!(Event {
    Restored,
    VoteGranted,
    BecameLeader,
    SteppedDown,
    Appended,
    Truncated,
    Stored,
    Committed,
    Applied,
    FoundDamage,
    Snapshotted,
    Installed,
    Configured,
});

/// A voter's name as people know it: voters are the first role, and so node 0 is `n1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voter(pub NodeId);

impl fmt::Display for Voter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0.0 + 1)
    }
}

/// An entry reads `index@term` everywhere: `Appended 5@3`.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Restored { term, base, entries } => {
                let last_index = base.index + entries.len() as u64;
                let last_term = entries.last().map_or(base.term, |entry| entry.term);
                write!(f, "Restored term={term} last={last_index}@{last_term}")?;
                if base.index > 0 {
                    write!(f, " snapshot={}@{}", base.index, base.term)?;
                }
                Ok(())
            }
            Event::FoundDamage { records } => write!(f, "FoundDamage records={records}"),
            Event::VoteGranted { term, candidate } => {
                write!(f, "VoteGranted term={term} candidate={}", Voter(*candidate))
            }
            Event::BecameLeader { term, last_index, last_term } => {
                write!(f, "BecameLeader term={term} last={last_index}@{last_term}")
            }
            Event::SteppedDown { term } => write!(f, "SteppedDown term={term}"),
            Event::Appended { index, term, .. } => write!(f, "Appended {index}@{term}"),
            Event::Truncated { from } => write!(f, "Truncated from={from}"),
            Event::Stored { index, term } => write!(f, "Stored up to {index} term={term}"),
            Event::Committed { index, term, leader } => {
                let who = if *leader { " as leader" } else { "" };
                write!(f, "Committed up to {index} term={term}{who}")
            }
            Event::Applied { index, term, .. } => write!(f, "Applied {index}@{term}"),
            Event::Snapshotted { base } => write!(f, "Snapshotted {}@{}", base.index, base.term),
            Event::Installed { term, base, last_index } => {
                write!(f, "Installed {}@{} last={last_index} term={term}", base.index, base.term)
            }
            Event::Configured { configuration } => write!(f, "Configured {configuration:?}"),
        }
    }
}
