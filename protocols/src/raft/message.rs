//! What servers and clients say to each other: the RPCs of Figure 2, as pairs of messages, and the
//! conversation with clients of Section 8.

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{self, NodeId};
use rehearsal_sim::service::Service;
use rehearsal_sim::simulation::Digest;

use crate::events::consensus::Voter;
use crate::parts::configuration::Members;
use crate::parts::machine::{Machine, OperationOf, ReplyOf};
use crate::raft::log::{Entries, Session};
use crate::raft::snapshot::Snapshot;

/// A message. Sender and receiver are named by the envelope: the candidate of a `RequestVote` and
/// the leader of an `AppendEntries` are their senders.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message<M: Machine> {
    /// A candidate asks for a vote (Section 5.2).
    RequestVote {
        /// The candidate's term.
        term: u64,
        /// The index of its last entry.
        last_index: u64,
        /// The term of its last entry.
        last_term: u64,
    },
    /// The answer to a `RequestVote`.
    VoteReply {
        /// The voter's term.
        term: u64,
        /// Whether the candidate has the vote.
        granted: bool,
    },
    /// A leader sends entries, or none as a heartbeat (Section 5.3).
    AppendEntries {
        /// The leader's term.
        term: u64,
        /// The index of the entry right before the new ones.
        prev_index: u64,
        /// Its term.
        prev_term: u64,
        /// The new entries.
        entries: Entries<M>,
        /// The leader's commit index.
        commit: u64,
    },
    /// The answer to an `AppendEntries`; also how a leader tells itself that its own log is durable.
    AppendReply {
        /// The follower's term.
        term: u64,
        /// Whether the follower's log matched at `prev_index`.
        success: bool,
        /// The `prev_index` that is answered.
        prev_index: u64,
        /// On success the last index known to match. Otherwise the follower's last index, a hint of
        /// how far back the leader may go at once.
        last_index: u64,
    },
    /// A client asks for an operation, for the first time or again.
    Request {
        /// The session.
        session: Session,
        /// The operation's number in its session.
        serial: u64,
        /// The operation.
        operation: OperationOf<M>,
    },
    /// The operation was applied.
    Response {
        /// The session.
        session: Session,
        /// The operation's number in its session.
        serial: u64,
        /// What the state machine answered.
        reply: ReplyOf<M>,
    },
    /// The server asked is no leader.
    Redirect {
        /// The session.
        session: Session,
        /// The operation's number in its session.
        serial: u64,
        /// Who leads, as far as it knows.
        leader: Option<NodeId>,
    },
    /// A leader sends a chunk of its snapshot (Section 7, Figure 13).
    InstallSnapshot {
        /// The leader's term.
        term: u64,
        /// Where in the snapshot the chunk begins, in bytes.
        offset: u64,
        /// How many bytes it has.
        length: u32,
        /// The snapshot: a receiver uses it when all of its bytes have arrived.
        snapshot: Arc<Snapshot<M>>,
    },
    /// The answer to an `InstallSnapshot` that was not the last; the last one is answered by an
    /// `AppendReply`.
    ChunkReply {
        /// The follower's term.
        term: u64,
        /// The last entry that the snapshot stands for.
        index: u64,
        /// How many bytes of it have arrived without a gap.
        arrived: u64,
    },
    /// The operator asks for a change of the voters.
    ChangeMembers {
        /// The step of its plan.
        step: u64,
        /// Who shall vote.
        members: Members,
    },
    /// What the operator asked for is done.
    AdminDone {
        /// The step of its plan.
        step: u64,
    },
    /// The server that the operator asked is no leader.
    AdminRedirect {
        /// The step of its plan.
        step: u64,
        /// Who leads, as far as it knows.
        leader: Option<NodeId>,
    },
}

kinds!(Message<M: Machine> {
    RequestVote,
    VoteReply,
    AppendEntries,
    AppendReply,
    Request,
    Response,
    Redirect,
    ChangeMembers,
    AdminDone,
    AdminRedirect,
    InstallSnapshot,
    ChunkReply,
});

impl<M: Machine> protocol::Message for Message<M> {
    /// A header of 48 bytes, 16 for each entry's term and length, and the commands.
    fn size(&self) -> u32 {
        48u32.saturating_add(match self {
            Message::AppendEntries { entries, .. } => {
                entries.as_slice().iter().map(|entry| 16 + entry.command.size()).sum()
            }
            Message::Request { operation, .. } => M::size(operation),
            Message::InstallSnapshot { length, .. } => 32u32.saturating_add(*length),
            Message::ChangeMembers { members, .. } => {
                u32::try_from(members.len()).unwrap_or(u32::MAX).saturating_mul(8)
            }
            _ => 0,
        })
    }

    fn digest(&self, digest: &mut Digest) {
        let mut words = |words: &[u64]| words.iter().for_each(|word| digest.word(*word));
        match self {
            Message::RequestVote { term, last_index, last_term } => {
                words(&[*term, *last_index, *last_term]);
            }
            Message::VoteReply { term, granted } => words(&[*term, u64::from(*granted)]),
            Message::AppendEntries { term, prev_index, prev_term, entries, commit } => {
                words(&[*term, *prev_index, *prev_term, *commit]);
                for entry in entries.as_slice() {
                    words(&[entry.term, entry.command.digest()]);
                }
            }
            Message::AppendReply { term, success, prev_index, last_index } => {
                words(&[*term, u64::from(*success), *prev_index, *last_index]);
            }
            Message::Request { session, serial, operation } => {
                words(&session.words());
                words(&[*serial, M::digest(operation)]);
            }
            Message::Response { session, serial, reply } => {
                words(&session.words());
                words(&[*serial]);
                M::Service::digest(reply, digest);
            }
            Message::Redirect { session, serial, leader } => {
                words(&session.words());
                words(&[*serial, leader.map_or(u64::MAX, |leader| u64::from(leader.0))]);
            }
            Message::InstallSnapshot { term, offset, length, snapshot } => {
                let base = snapshot.base;
                words(&[*term, *offset, u64::from(*length), base.index, base.term, base.prefix]);
            }
            Message::ChunkReply { term, index, arrived } => words(&[*term, *index, *arrived]),
            Message::ChangeMembers { step, members } => {
                words(&[*step]);
                members.iter().for_each(|member| words(&[u64::from(member.0)]));
            }
            Message::AdminDone { step } => words(&[*step]),
            Message::AdminRedirect { step, leader } => {
                words(&[*step, leader.map_or(u64::MAX, |leader| u64::from(leader.0))]);
            }
        }
    }
}

/// Written for people: `AppendEntries term=3 prev=4@2 entries=[5@3 put(k1, 7)] commit=4`.
impl<M: Machine> fmt::Debug for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::RequestVote { term, last_index, last_term } => {
                write!(f, "RequestVote term={term} last={last_index}@{last_term}")
            }
            Message::VoteReply { term, granted } => {
                let verdict = if *granted { "granted" } else { "refused" };
                write!(f, "VoteReply term={term} {verdict}")
            }
            Message::AppendEntries { term, prev_index, prev_term, entries, commit } => {
                write!(f, "AppendEntries term={term} prev={prev_index}@{prev_term} entries=[")?;
                write_entries(f, *prev_index, entries)?;
                write!(f, "] commit={commit}")
            }
            Message::AppendReply { term, success: true, last_index, .. } => {
                write!(f, "AppendReply term={term} match={last_index}")
            }
            Message::AppendReply { term, success: false, prev_index, last_index } => {
                write!(f, "AppendReply term={term} rejects prev={prev_index} last={last_index}")
            }
            Message::Request { session, serial, operation } => {
                write!(f, "Request {session:?}#{serial} {operation:?}")
            }
            Message::Response { session, serial, reply } => {
                write!(f, "Response {session:?}#{serial} {reply:?}")
            }
            Message::Redirect { session, serial, leader: Some(leader) } => {
                write!(f, "Redirect {session:?}#{serial} to {}", Voter(*leader))
            }
            Message::Redirect { session, serial, leader: None } => {
                write!(f, "Redirect {session:?}#{serial} to nobody")
            }
            Message::InstallSnapshot { term, offset, length, snapshot } => {
                let (base, end) = (snapshot.base, offset.saturating_add(u64::from(*length)));
                write!(f, "InstallSnapshot term={term} {}@{} ", base.index, base.term)?;
                write!(f, "bytes={offset}..{end} of {}", snapshot.size)
            }
            Message::ChunkReply { term, index, arrived } => {
                write!(f, "ChunkReply term={term} snapshot={index} arrived={arrived}")
            }
            Message::ChangeMembers { step, members } => {
                write!(f, "ChangeMembers step={step} to {members:?}")
            }
            Message::AdminDone { step } => write!(f, "AdminDone step={step}"),
            Message::AdminRedirect { step, leader: Some(leader) } => {
                write!(f, "AdminRedirect step={step} to {}", Voter(*leader))
            }
            Message::AdminRedirect { step, leader: None } => {
                write!(f, "AdminRedirect step={step} to nobody")
            }
        }
    }
}

/// The first two entries, and how many follow.
fn write_entries<M: Machine>(
    f: &mut fmt::Formatter<'_>,
    prev_index: u64,
    entries: &Entries<M>,
) -> fmt::Result {
    const SHOWN: usize = 2;
    for (index, entry) in (prev_index + 1..).zip(entries.as_slice().iter().take(SHOWN)) {
        let gap = if index > prev_index + 1 { ", " } else { "" };
        write!(f, "{gap}{index}@{} {:?}", entry.term, entry.command)?;
    }
    match entries.as_slice().len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, ", {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::kv::{KeyValue, Operation, Reply, Value};
    use crate::raft::log::{Command, Entry};

    type Message = super::Message<KeyValue>;

    fn put(term: u64, token: u64) -> Entry<KeyValue> {
        let session = Session { client: NodeId(5), incarnation: 0, slot: 2 };
        let operation = Operation::Put { key: 1, token };
        Entry { term, command: Command::Apply { session, serial: 9, operation } }
    }

    fn append(entries: &[Entry<KeyValue>]) -> Message {
        let entries = Entries::of(entries);
        Message::AppendEntries { term: 3, prev_index: 4, prev_term: 2, entries, commit: 4 }
    }

    #[test]
    fn messages_print_like_a_lecture() {
        let session = Session { client: NodeId(5), incarnation: 0, slot: 2 };
        let (serial, operation) = (9, Operation::Get { key: 1 });
        let noop = Entry { term: 3, command: Command::Noop };
        let reply = Reply::Value(Value::of(&[7]));
        let printed = [
            Message::RequestVote { term: 3, last_index: 4, last_term: 2 },
            Message::VoteReply { term: 3, granted: true },
            append(&[]),
            append(&[put(3, 7)]),
            append(&[noop, put(3, 7), put(3, 8), put(3, 9)]),
            Message::AppendReply { term: 3, success: true, prev_index: 4, last_index: 5 },
            Message::AppendReply { term: 3, success: false, prev_index: 4, last_index: 2 },
            Message::Request { session, serial, operation },
            Message::Response { session, serial, reply },
            Message::Redirect { session, serial, leader: Some(NodeId(1)) },
            Message::Redirect { session, serial, leader: None },
        ]
        .map(|message| format!("{message:?}"));
        let expected = [
            "RequestVote term=3 last=4@2",
            "VoteReply term=3 granted",
            "AppendEntries term=3 prev=4@2 entries=[] commit=4",
            "AppendEntries term=3 prev=4@2 entries=[5@3 put(k1, 7)] commit=4",
            "AppendEntries term=3 prev=4@2 entries=[5@3 noop, 6@3 put(k1, 7), 2 more] commit=4",
            "AppendReply term=3 match=5",
            "AppendReply term=3 rejects prev=4 last=2",
            "Request NodeId(5).0.2#9 get(k1)",
            "Response NodeId(5).0.2#9 [7]",
            "Redirect NodeId(5).0.2#9 to n2",
            "Redirect NodeId(5).0.2#9 to nobody",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn sizes_grow_with_the_entries() {
        use rehearsal_sim::protocol::Message as _;
        assert_eq!(append(&[]).size(), 48);
        assert_eq!(append(&[put(3, 7), put(3, 8)]).size(), 48 + 2 * (16 + 24 + 24));
    }
}
