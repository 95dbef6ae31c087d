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
//!
//! Paxos agrees slot by slot, in ballots, and has words of its own for the way to a decision. What is
//! decided is applied in order, as everywhere:
//!
//! ```text
//!   proposer  Requested v  Proposed 1@2.n1 v                       Learned 1  Applied 1
//!   acceptor                        Promised 2.n1   Accepted 1@2.n1
//! ```

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::kinds;
use rehearsal_sim::protocol::NodeId;

use crate::parts::ballot::Ballot;
use crate::parts::configuration::Configuration;
use crate::parts::digest;

/// The digest of the command that does nothing.
pub const NOOP: u64 = digest::mix(digest::EMPTY, 0);

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
        /// Its log, from the index right behind the base; empty where logs may have holes, as those
        /// of Paxos.
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
        /// The entry's term; 0 where entries have none, as those of Paxos, which may be chosen in
        /// several ballots.
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
    /// A client's value or command reached a node that may propose it.
    Requested {
        /// Its digest.
        value: u64,
    },
    /// The node asks the acceptors for a value (Paxos, phase 2).
    Proposed {
        /// The decision it is about.
        slot: u64,
        /// The proposal's number.
        ballot: Ballot,
        /// The digest of the value.
        value: u64,
        /// So many acceptances make it chosen.
        quorum: u32,
    },
    /// The node will take part in no lower ballot; noted once that is durable.
    Promised {
        /// The decision it is about; `None` for all of them.
        slot: Option<u64>,
        /// The ballot.
        ballot: Ballot,
    },
    /// The node accepted a proposal; noted once that is durable.
    Accepted {
        /// The decision it is about.
        slot: u64,
        /// The proposal's number.
        ballot: Ballot,
        /// The digest of the value.
        value: u64,
    },
    /// The node started, and found on its disk that it had accepted a proposal. It may not have told
    /// anybody: a write can survive a crash that came before its end.
    Kept {
        /// The decision it is about.
        slot: u64,
        /// The proposal's number.
        ballot: Ballot,
        /// The digest of the value.
        value: u64,
    },
    /// The node knows what was chosen.
    Learned {
        /// The decision.
        slot: u64,
        /// The digest of the value.
        value: u64,
    },
}

/// What protocols without terms in their logs tell.
impl Event {
    /// The node started, in this term; what it has accepted it tells slot by slot, if at all.
    #[must_use]
    pub fn started(term: u64) -> Event {
        Event::Restored { term, base: Base::default(), entries: Vec::new().into() }
    }

    /// The node applied an entry.
    #[must_use]
    pub fn applied(index: u64, command: u64) -> Event {
        Event::Applied { index, term: 0, command, effect: true, answers: false }
    }

    /// The node's state machine is that of a snapshot.
    #[must_use]
    pub fn installed(index: u64, prefix: u64) -> Event {
        let base = Base { index, term: 0, prefix };
        Event::Installed { term: 0, base, last_index: index }
    }
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
    Requested,
    Proposed,
    Promised,
    Accepted,
    Kept,
    Learned,
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
            Event::Applied { index, term: 0, .. } => write!(f, "Applied {index}"),
            Event::Applied { index, term, .. } => write!(f, "Applied {index}@{term}"),
            Event::Snapshotted { base } => write!(f, "Snapshotted {}@{}", base.index, base.term),
            Event::Installed { term: 0, base, .. } => {
                write!(f, "Installed up to {}", base.index)
            }
            Event::Installed { term, base, last_index } => {
                write!(f, "Installed {}@{} last={last_index} term={term}", base.index, base.term)
            }
            Event::Configured { configuration } => write!(f, "Configured {configuration:?}"),
            Event::Requested { value } => write!(f, "Requested {}", Name(*value)),
            Event::Proposed { slot, ballot, value, .. } => {
                write!(f, "Proposed {slot}@{ballot:?} {}", Name(*value))
            }
            Event::Promised { slot: None, ballot } => write!(f, "Promised {ballot:?}"),
            Event::Promised { slot: Some(slot), ballot } => {
                write!(f, "Promised {slot}@{ballot:?}")
            }
            Event::Accepted { slot, ballot, value } => {
                write!(f, "Accepted {slot}@{ballot:?} {}", Name(*value))
            }
            Event::Kept { slot, ballot, value } => {
                write!(f, "Kept {slot}@{ballot:?} {}", Name(*value))
            }
            Event::Learned { slot, value } => write!(f, "Learned {slot} {}", Name(*value)),
        }
    }
}

/// A digest as people tell it from others: plain values are their own digest, of others the first four
/// digits in base 16 are enough.
struct Name(u64);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NOOP => f.write_str("noop"),
            plain if plain < 1 << 32 => write!(f, "{plain}"),
            digest => write!(f, "#{:04x}", digest >> 48),
        }
    }
}
