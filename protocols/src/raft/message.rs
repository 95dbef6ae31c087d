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
use crate::parts::session::Session;
use crate::raft::log::Entries;
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
        /// Whether the leader asked it to stand (thesis, 3.10): who hears a leader votes all the same.
        transfer: bool,
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
        /// The leader's latest round of heartbeats; 0 where nobody counts them.
        round: u64,
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
        /// The round that is answered.
        round: u64,
        /// With a refusal, where hints are asked for: the term of the entry that conflicts, and the
        /// first index of that term in the follower's log (end of Section 5.3).
        conflict: Option<(u64, u64)>,
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
    /// The operator asks the leader to hand over to another server (thesis, 3.10).
    TransferLeadership {
        /// The step of its plan.
        step: u64,
        /// Who shall lead.
        to: NodeId,
    },
    /// What the operator asked for is done, or was given up.
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
    /// Would I be elected? (thesis, 9.6)
    PreVote {
        /// The term that the sender would stand in.
        term: u64,
        /// The index of its last entry.
        last_index: u64,
        /// The term of its last entry.
        last_term: u64,
    },
    /// The answer to a `PreVote`, which promises nothing.
    PreVoteReply {
        /// The term asked for, if it was granted; the server's own otherwise.
        term: u64,
        /// Whether the server would vote like that.
        granted: bool,
    },
    /// A leader asks a follower to stand for election at once (thesis, 3.10).
    TimeoutNow {
        /// The leader's term.
        term: u64,
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
    PreVote,
    PreVoteReply,
    TimeoutNow,
    TransferLeadership,
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
            Message::RequestVote { term, last_index, last_term, transfer } => {
                words(&[*term, *last_index, *last_term]);
                words(if *transfer { &[1] } else { &[] });
            }
            Message::PreVote { term, last_index, last_term } => {
                words(&[*term, *last_index, *last_term]);
            }
            Message::VoteReply { term, granted } | Message::PreVoteReply { term, granted } => {
                words(&[*term, u64::from(*granted)]);
            }
            Message::TimeoutNow { term } => words(&[*term]),
            Message::AppendEntries { term, prev_index, prev_term, entries, commit, round } => {
                words(&[*term, *prev_index, *prev_term, *commit]);
                words(if *round > 0 { std::slice::from_ref(round) } else { &[] });
                for entry in entries.as_slice() {
                    words(&[entry.term, entry.command.digest()]);
                }
            }
            Message::AppendReply { term, success, prev_index, last_index, round, conflict } => {
                words(&[*term, u64::from(*success), *prev_index, *last_index]);
                words(if *round > 0 { std::slice::from_ref(round) } else { &[] });
                conflict.iter().for_each(|(term, first)| words(&[*term, *first]));
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
            Message::TransferLeadership { step, to } => words(&[*step, u64::from(to.0)]),
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
            Message::RequestVote { term, last_index, last_term, transfer } => {
                write!(f, "RequestVote term={term} last={last_index}@{last_term}")?;
                f.write_str(if *transfer { " transfer" } else { "" })
            }
            Message::PreVote { term, last_index, last_term } => {
                write!(f, "PreVote term={term} last={last_index}@{last_term}")
            }
            Message::PreVoteReply { term, granted } => {
                let verdict = if *granted { "granted" } else { "refused" };
                write!(f, "PreVoteReply term={term} {verdict}")
            }
            Message::TimeoutNow { term } => write!(f, "TimeoutNow term={term}"),
            Message::VoteReply { term, granted } => {
                let verdict = if *granted { "granted" } else { "refused" };
                write!(f, "VoteReply term={term} {verdict}")
            }
            Message::AppendEntries { term, prev_index, prev_term, entries, commit, round } => {
                write!(f, "AppendEntries term={term} prev={prev_index}@{prev_term} entries=[")?;
                write_entries(f, *prev_index, entries)?;
                write!(f, "] commit={commit}")?;
                write_round(f, *round)
            }
            Message::AppendReply { term, success: true, last_index, round, .. } => {
                write!(f, "AppendReply term={term} match={last_index}")?;
                write_round(f, *round)
            }
            Message::AppendReply { term, prev_index, last_index, round, conflict, .. } => {
                write!(f, "AppendReply term={term} rejects prev={prev_index} last={last_index}")?;
                if let Some((term, first)) = conflict {
                    write!(f, " conflict={term} from={first}")?;
                }
                write_round(f, *round)
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
            Message::TransferLeadership { step, to } => {
                write!(f, "TransferLeadership step={step} to {}", Voter(*to))
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

/// Nothing where nobody counts rounds.
fn write_round(f: &mut fmt::Formatter<'_>, round: u64) -> fmt::Result {
    if round > 0 { write!(f, " round={round}") } else { Ok(()) }
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
        let (prev_index, prev_term) = (4, 2);
        Message::AppendEntries { term: 3, prev_index, prev_term, entries, commit: 4, round: 0 }
    }

    fn answer(success: bool, last_index: u64, round: u64, conflict: Option<(u64, u64)>) -> Message {
        Message::AppendReply { term: 3, success, prev_index: 4, last_index, round, conflict }
    }

    #[test]
    fn messages_print_like_a_lecture() {
        let session = Session { client: NodeId(5), incarnation: 0, slot: 2 };
        let (serial, operation) = (9, Operation::Get { key: 1 });
        let noop = Entry { term: 3, command: Command::Noop };
        let reply = Reply::Value(Value::of(&[7]));
        let printed = [
            Message::RequestVote { term: 3, last_index: 4, last_term: 2, transfer: false },
            Message::RequestVote { term: 3, last_index: 4, last_term: 2, transfer: true },
            Message::PreVote { term: 3, last_index: 4, last_term: 2 },
            Message::PreVoteReply { term: 3, granted: true },
            Message::TimeoutNow { term: 3 },
            Message::VoteReply { term: 3, granted: true },
            append(&[]),
            append(&[put(3, 7)]),
            append(&[noop, put(3, 7), put(3, 8), put(3, 9)]),
            answer(true, 5, 0, None),
            answer(true, 5, 7, None),
            answer(false, 2, 0, None),
            answer(false, 9, 7, Some((1, 3))),
            Message::Request { session, serial, operation },
            Message::Response { session, serial, reply },
            Message::Redirect { session, serial, leader: Some(NodeId(1)) },
            Message::Redirect { session, serial, leader: None },
        ]
        .map(|message| format!("{message:?}"));
        let expected = [
            "RequestVote term=3 last=4@2",
            "RequestVote term=3 last=4@2 transfer",
            "PreVote term=3 last=4@2",
            "PreVoteReply term=3 granted",
            "TimeoutNow term=3",
            "VoteReply term=3 granted",
            "AppendEntries term=3 prev=4@2 entries=[] commit=4",
            "AppendEntries term=3 prev=4@2 entries=[5@3 put(k1, 7)] commit=4",
            "AppendEntries term=3 prev=4@2 entries=[5@3 noop, 6@3 put(k1, 7), 2 more] commit=4",
            "AppendReply term=3 match=5",
            "AppendReply term=3 match=5 round=7",
            "AppendReply term=3 rejects prev=4 last=2",
            "AppendReply term=3 rejects prev=4 last=9 conflict=1 from=3 round=7",
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
