//! What servers and clients say to each other.

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{self, NodeId};
use rehearsal_sim::service::Service;
use rehearsal_sim::simulation::Digest;

use super::log::{Proposal, Snapshot, Values};
use crate::events::consensus::Voter;
use crate::parts::ballot::Ballot;
use crate::parts::machine::{Machine, ReplyOf};
use crate::parts::session::{Request, Session};

/// What an acceptor has accepted, by slot.
pub type Reports<M> = Arc<[(u64, Proposal<M>)]>;

/// A message.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message<M: Machine> {
    /// A candidate asks for promises, for all slots from one on (phase 1a).
    Prepare {
        /// Its ballot.
        ballot: Ballot,
        /// The first slot of which it does not know what was chosen.
        first: u64,
    },
    /// An acceptor promises, and says what it has accepted from that slot on (phase 1b).
    Promise {
        /// The ballot that is promised.
        ballot: Ballot,
        /// What it has accepted.
        accepted: Reports<M>,
        /// Its snapshot, where that stands for some of the slots asked for.
        snapshot: Option<Arc<Snapshot<M>>>,
    },
    /// An acceptor has promised a higher ballot than that of a Prepare or an Accept.
    Reject {
        /// The ballot that comes too late.
        ballot: Ballot,
        /// What was promised.
        promised: Ballot,
    },
    /// A leader proposes values, for slots one after the other, or none as a heartbeat (phase 2a).
    Accept {
        /// Its ballot.
        ballot: Ballot,
        /// The slot of the first value.
        first: u64,
        /// The values.
        values: Values<M>,
        /// It knows what was chosen in all slots up to this one.
        commit: u64,
    },
    /// An acceptor has accepted (phase 2b), and says how far it knows what was chosen. It is also how a
    /// leader tells itself that its own acceptance is durable.
    Accepted {
        /// The ballot.
        ballot: Ballot,
        /// The first slot that was accepted.
        first: u64,
        /// How many.
        count: u64,
        /// The acceptor knows what was chosen in all slots up to this one.
        commit: u64,
    },
    /// A leader sends a follower what it can not propose to it any more, because its log begins later.
    Install {
        /// Its ballot.
        ballot: Ballot,
        /// The snapshot.
        snapshot: Arc<Snapshot<M>>,
    },
    /// A client asks for an operation, for the first time or again.
    Request(Request<M>),
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
}

kinds!(Message<M: Machine> {
    Prepare,
    Promise,
    Reject,
    Accept,
    Accepted,
    Install,
    Request,
    Response,
    Redirect,
});

/// Bytes of a snapshot for each session in it.
const SESSION_SIZE: usize = 64;

impl<M: Machine> protocol::Message for Message<M> {
    /// A header of 48 bytes, 16 for each value's ballot and length, and the values.
    fn size(&self) -> u32 {
        let snapshot = |snapshot: &Snapshot<M>| {
            u32::try_from(snapshot.replica.sessions() * SESSION_SIZE).unwrap_or(u32::MAX)
        };
        let body = match self {
            Message::Promise { accepted, snapshot: base, .. } => {
                let values: u32 = accepted.iter().map(|(_, one)| 24 + one.value.size()).sum();
                values.saturating_add(base.as_deref().map_or(0, snapshot))
            }
            Message::Accept { values, .. } => {
                values.as_slice().iter().map(|value| 16 + value.size()).sum()
            }
            Message::Install { snapshot: base, .. } => snapshot(base),
            Message::Request(request) => request.size(),
            _ => 0,
        };
        body.saturating_add(48)
    }

    fn digest(&self, digest: &mut Digest) {
        let mut words = |words: &[u64]| words.iter().for_each(|word| digest.word(*word));
        match self {
            Message::Prepare { ballot, first } => {
                words(&ballot.words());
                words(&[*first]);
            }
            Message::Promise { ballot, accepted, snapshot } => {
                words(&ballot.words());
                for (slot, proposal) in accepted.iter() {
                    words(&[*slot, proposal.value.digest()]);
                    words(&proposal.ballot.words());
                }
                words(&[snapshot.as_ref().map_or(0, |snapshot| snapshot.slot)]);
            }
            Message::Reject { ballot, promised } => {
                words(&ballot.words());
                words(&promised.words());
            }
            Message::Accept { ballot, first, values, commit } => {
                words(&ballot.words());
                words(&[*first, *commit]);
                values.as_slice().iter().for_each(|value| words(&[value.digest()]));
            }
            Message::Accepted { ballot, first, count, commit } => {
                words(&ballot.words());
                words(&[*first, *count, *commit]);
            }
            Message::Install { ballot, snapshot } => {
                words(&ballot.words());
                words(&[snapshot.slot, snapshot.prefix]);
            }
            Message::Request(request) => words(&[request.digest()]),
            Message::Response { session, serial, reply } => {
                words(&session.words());
                words(&[*serial]);
                M::Service::digest(reply, digest);
            }
            Message::Redirect { session, serial, leader } => {
                words(&session.words());
                words(&[*serial, leader.map_or(u64::MAX, |leader| u64::from(leader.0))]);
            }
        }
    }
}

/// Written for people: `Accept 2.n1 5..6 [put(k1, 7), noop] commit=4`.
impl<M: Machine> fmt::Debug for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Prepare { ballot, first } => write!(f, "Prepare {ballot:?} from={first}"),
            Message::Promise { ballot, accepted, snapshot } => {
                write!(f, "Promise {ballot:?} accepted=[")?;
                let shown = accepted
                    .iter()
                    .take(SHOWN)
                    .map(|(slot, one)| format!("{slot}@{:?} {:?}", one.ballot, one.value));
                write_list(f, shown, accepted.len())?;
                match snapshot {
                    Some(snapshot) => write!(f, "] snapshot={}", snapshot.slot),
                    None => write!(f, "]"),
                }
            }
            Message::Reject { ballot, promised } => {
                write!(f, "Reject {ballot:?} promised={promised:?}")
            }
            Message::Accept { ballot, first, values, commit } if values.is_empty() => {
                let _ = first;
                write!(f, "Accept {ballot:?} [] commit={commit}")
            }
            Message::Accept { ballot, first, values, commit } => {
                write!(f, "Accept {ballot:?} {first} [")?;
                let shown = values.as_slice().iter().take(SHOWN).map(|value| format!("{value:?}"));
                write_list(f, shown, values.as_slice().len())?;
                write!(f, "] commit={commit}")
            }
            Message::Accepted { ballot, count: 0, commit, .. } => {
                write!(f, "Accepted {ballot:?} nothing commit={commit}")
            }
            Message::Accepted { ballot, first, count: 1, commit } => {
                write!(f, "Accepted {ballot:?} {first} commit={commit}")
            }
            Message::Accepted { ballot, first, count, commit } => {
                write!(f, "Accepted {ballot:?} {first}..{} commit={commit}", first + count - 1)
            }
            Message::Install { ballot, snapshot } => {
                write!(f, "Install {ballot:?} snapshot={}", snapshot.slot)
            }
            Message::Request(Request { session, serial, operation }) => {
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
        }
    }
}

/// So many items of a list are shown.
const SHOWN: usize = 2;

/// The first items, and how many follow.
fn write_list(
    f: &mut fmt::Formatter<'_>,
    shown: impl Iterator<Item = String>,
    len: usize,
) -> fmt::Result {
    f.write_str(&shown.collect::<Vec<_>>().join(", "))?;
    match len.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, ", {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::Value;
    use super::*;
    use crate::parts::kv::{KeyValue, Operation};

    type Message = super::Message<KeyValue>;

    #[test]
    fn messages_print_like_a_lecture() {
        let ballot = Ballot { round: 2, node: NodeId(0) };
        let session = Session { client: NodeId(5), incarnation: 0, slot: 2 };
        let operation = Operation::Put { key: 1, token: 7 };
        let put = Value::Request(Request { session, serial: 9, operation });
        let one = Proposal { ballot, value: put.clone() };
        let many = |count| Values::of(vec![put.clone(); count]);
        let printed = [
            Message::Prepare { ballot, first: 3 },
            Message::Promise { ballot, accepted: vec![(3, one)].into(), snapshot: None },
            Message::Reject { ballot, promised: ballot },
            Message::Accept { ballot, first: 5, values: many(0), commit: 4 },
            Message::Accept { ballot, first: 5, values: many(3), commit: 4 },
            Message::Accepted { ballot, first: 5, count: 3, commit: 4 },
            Message::Accepted { ballot, first: 5, count: 1, commit: 4 },
        ]
        .map(|message| format!("{message:?}").replace("NodeId(0)", "n1"));
        let expected = [
            "Prepare 2.n1 from=3",
            "Promise 2.n1 accepted=[3@2.n1 put(k1, 7)]",
            "Reject 2.n1 promised=2.n1",
            "Accept 2.n1 [] commit=4",
            "Accept 2.n1 5 [put(k1, 7), put(k1, 7), 1 more] commit=4",
            "Accepted 2.n1 5..7 commit=4",
            "Accepted 2.n1 5 commit=4",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn messages_stay_small() {
        assert!(size_of::<Message>() <= 64, "{} bytes", size_of::<Message>());
    }
}
