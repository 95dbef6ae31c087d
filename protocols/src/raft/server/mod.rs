//! A server: its state, as Figure 2 lists it, and the rules that hold in every rank (Section 5.1).
//!
//! ```text
//!                 timeout: campaign              majority of votes
//!     boot --> Follower ----------> Candidate ---------------------> Leader
//!                 ^  ^                |   '--- timeout: campaign again  |
//!                 |  '----------------'  a leader of this term, or ...  |
//!                 '-----------------------------------------------------'
//!                                        ... a newer term, in any message
//! ```
//!
//! With `pre_vote` a pre-candidate stands between follower and candidate, still in the old term.
//!
//! Ranks live in memory only: a server that crashed as a leader comes back as a follower, or, where
//! its disk is damaged, as nothing of the three.

mod compaction;
mod election;
mod hints;
mod membership;
mod presence;
mod reads;
mod replication;
mod rounds;
mod sessions;
mod transfer;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rehearsal_sim::mutant;
use rehearsal_sim::protocol::{Input, NodeId, Standing, Survivor};
use rehearsal_sim::time::LocalTime;
use rehearsal_sim::view::View;

use crate::events::consensus::{Event, Logged, Voter};
use crate::parts::digest;
use crate::parts::disk::{DAMAGED, damage};
use crate::parts::machine::Machine;
use crate::parts::session::Replica;
use crate::raft::log::{Command, Entry, Log};
use crate::raft::snapshot::Snapshot;
use crate::raft::{Bug, Fx, Message, OUTSIDER, Raft, Record, Timer, probes};
use compaction::Transfer;
use membership::Membership;
use reads::Read;
use replication::Leader;

/// A server. The names are those of Figure 2.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server<M: Machine> {
    /// The latest term it has seen. On disk.
    current_term: u64,
    /// Whom it voted for in that term. On disk.
    voted_for: Option<NodeId>,
    /// The entries. On disk, after a delay: the tail may still be on its way there.
    log: Log<M>,
    /// The highest index known to be committed.
    commit_index: u64,
    /// The highest index applied to the replica.
    last_applied: u64,
    /// Follower, candidate or leader, with what each of them remembers.
    rank: Rank,
    /// What the log is applied to.
    replica: Replica<M>,
    /// The digest of what was applied; no server needs it, but observers compare it.
    prefix: u64,
    /// Who votes.
    membership: Membership,
    /// When it last heard a leader of its term, or started; `None` where nobody asks.
    heard_leader: Option<LocalTime>,
    /// What clients asked of this leader that waits for a round of heartbeats.
    reads: Vec<Read<M>>,
    /// What stands for the beginning of the log. On disk, as the log is.
    snapshot: Option<Arc<Snapshot<M>>>,
    /// What a follower has of a snapshot that is on its way.
    receiving: Option<Transfer<M>>,
    /// The followers to whom a leader sends a snapshot, and how far it has come.
    sending: BTreeMap<NodeId, Transfer<M>>,
}

/// What a server is in its current term (Figure 4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Rank {
    /// Answers, and waits for the election timeout.
    Follower {
        /// The leader of the current term, once it was heard of.
        leader: Option<NodeId>,
    },
    /// Asks whether it would be elected, in the term it is in.
    PreCandidate {
        /// Who said yes.
        votes: BTreeSet<NodeId>,
    },
    /// Collects votes.
    Candidate {
        /// Who granted one, as often as it was said.
        votes: Vec<NodeId>,
    },
    /// Replicates.
    Leader(Box<Leader>),
    /// Takes no part, because it does not know what it promised.
    Damaged,
}

impl<M: Machine> Server<M> {
    /// Starts as a follower with what the disk kept: everything else is volatile in Figure 2, and
    /// is found out again from the leader or by the next election.
    pub(super) fn boot(disk: &[Survivor<Record<M>>], fx: &mut Fx<'_, M>) -> Server<M> {
        let mut server = Server {
            current_term: 0,
            voted_for: None,
            log: Log::default(),
            commit_index: 0,
            last_applied: 0,
            rank: Rank::Follower { leader: None },
            replica: Replica::default(),
            prefix: digest::EMPTY,
            membership: Membership::at_start(fx),
            heard_leader: None,
            reads: Vec::new(),
            snapshot: None,
            receiving: None,
            sending: BTreeMap::new(),
        };
        let is_damaged = mutant!(fx, Bug::DamageIgnored, damage(disk) > 0, false);
        if is_damaged {
            server.stand_aside(damage(disk), fx);
            return server;
        }
        let mut intact = 0;
        for survivor in disk {
            let Survivor::Intact(record) = survivor else { break };
            server.restore(record, fx);
            intact += 1;
        }
        if intact < disk.len() {
            // Only the last record is half-written, and nothing that waited for it ever happened.
            // New ones must not stand behind it: the next start would find them behind damage.
            fx.truncate(intact);
            fx.count(probes::TORN_TAIL_DROPPED.name, 1);
        }
        let logged =
            |entry: &Entry<M>| Logged { term: entry.term, command: entry.command.digest() };
        let entries = server.log.iter().map(logged).collect();
        let (term, base) = (server.current_term, server.base());
        fx.note(Event::Restored { term, base, entries });
        server.configure_at_start(fx);
        fx.arm(Timer::Election, fx.config().election_timeout);
        // It may have heard a leader right before it crashed, and that leader may rely on it.
        server.hear_leader(fx);
        server.resume_leadership(fx);
        server
    }

    /// Nothing: a leader that crashed is a follower. What stands here is the bug of forgetting that.
    fn resume_leadership(&mut self, fx: &mut Fx<'_, M>) {
        let led = self.voted_for == Some(fx.me()) && self.log.last_term() == self.current_term;
        if led && mutant!(fx, Bug::LeadershipResumed, false, self.current_term > 0) {
            self.lead(fx);
        }
    }

    /// The disk lost what was durable: perhaps a vote, perhaps entries that were acknowledged. A
    /// server that took part without them could vote twice in a term, or help to elect a leader that
    /// lacks what it once helped to commit. So it keeps silent, and leaves the disk as it is: an
    /// operator may read more of it, or give the server a new identity (neither is simulated).
    ///
    /// Alagappan et al. (FAST 2018) call this *Crash* or *MarkNonVoting*. They go on to repair the
    /// log from the other servers, which needs to know that nobody voted with it meanwhile.
    fn stand_aside(&mut self, records: u64, fx: &mut Fx<'_, M>) {
        self.rank = Rank::Damaged;
        fx.note(Event::FoundDamage { records });
        fx.count(probes::SERVER_DAMAGED.name, 1);
    }

    /// Reads one record. The last ballot counts; an entry replaces what stood at its index, because
    /// a follower that repairs a conflict appends the new entries behind the old ones on disk.
    fn restore(&mut self, record: &Record<M>, fx: &Fx<'_, M>) {
        match record {
            Record::Ballot { term, voted_for } => {
                self.current_term = *term;
                self.voted_for = *voted_for;
            }
            Record::Entry { index, entry } => {
                self.log.truncate(*index);
                self.membership.truncate(*index, fx);
                self.log.push(entry.clone());
                if let Command::Configure(configuration) = &entry.command {
                    self.membership.append(*index, configuration.clone());
                }
            }
            Record::Snapshot(snapshot) => self.restore_snapshot(snapshot),
        }
    }

    /// One input. What may be done with it depends on the rank, and the handlers decide that: a
    /// timer or an answer that comes when the rank has changed meanwhile finds nothing to do.
    pub(super) fn step(&mut self, input: Input<Raft<M>>, fx: &mut Fx<'_, M>) {
        if let Rank::Damaged = self.rank {
            return;
        }
        match input {
            Input::Timer(Timer::Election) => self.on_election_timeout(fx),
            Input::Timer(Timer::Heartbeat) => self.send_heartbeats(fx),
            Input::Message { from, body } => self.on_message(from, body, fx),
            // Memory has what the disk has not, and nobody can say what. The next start reads the
            // disk, and knows.
            Input::WriteFailed { .. } => {
                mutant!(fx, Bug::WriteFailureIgnored, fx.exit("the disk refused a write"), ());
            }
            // Clients set that timer, and applications call clients. Whether a server's process runs
            // is for its followers' timers to find out, as on networks that refuse nothing.
            Input::Timer(Timer::Retry(_) | Timer::Plan)
            | Input::Call { .. }
            | Input::Refused { .. } => {}
        }
    }

    /// The term comes first in every message between servers: a newer one is adopted before the
    /// message is even looked at, an older one makes the message void.
    fn on_message(&mut self, from: NodeId, body: Message<M>, fx: &mut Fx<'_, M>) {
        match body {
            Message::RequestVote { term, last_index, last_term, transfer } => {
                self.on_request_vote(from, term, (last_index, last_term), transfer, fx);
            }
            Message::VoteReply { term, granted } => {
                self.observe(term, fx);
                self.on_vote_reply(from, term, granted, fx);
            }
            Message::AppendEntries { term, prev_index, prev_term, entries, commit, round } => {
                self.observe(term, fx);
                let prev = (prev_index, prev_term);
                self.on_append_entries(from, (term, round), prev, &entries, commit, fx);
            }
            Message::AppendReply { term, success, prev_index, last_index, round, conflict } => {
                self.observe(term, fx);
                self.on_round_answer(from, term, round, fx);
                if success {
                    self.on_append_success(from, term, last_index, fx);
                } else {
                    self.on_append_rejection(from, term, (prev_index, last_index), conflict, fx);
                }
            }
            Message::PreVote { term, last_index, last_term } => {
                self.on_pre_vote(from, term, (last_index, last_term), fx);
            }
            Message::PreVoteReply { term, granted: true } => self.on_pre_vote_grant(from, term, fx),
            Message::PreVoteReply { term, granted: false } => self.observe(term, fx),
            Message::TimeoutNow { term } => self.on_timeout_now(from, term, fx),
            Message::TransferLeadership { step, to } => self.on_transfer(from, step, to, fx),
            Message::Request { session, serial, operation } => {
                self.on_request(session, serial, operation, fx);
            }
            Message::InstallSnapshot { term, offset, length, snapshot } => {
                self.observe(term, fx);
                self.on_install_snapshot(from, term, (offset, length), &snapshot, fx);
            }
            Message::ChunkReply { term, index, arrived } => {
                self.observe(term, fx);
                self.on_chunk_reply(from, term, index, arrived, fx);
            }
            Message::ChangeMembers { step, members } => {
                self.on_change_members(from, step, members, fx);
            }
            // Meant for clients.
            Message::Response { .. }
            | Message::Redirect { .. }
            | Message::AdminDone { .. }
            | Message::AdminRedirect { .. } => {}
        }
    }

    /// "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to
    /// follower" (Figure 2, Rules for Servers). Terms are the logical clock of Raft (Section 5.1).
    fn observe(&mut self, term: u64, fx: &mut Fx<'_, M>) {
        if self.adopt(term, fx) {
            self.write_ballot(fx);
        }
    }

    /// Goes on to a newer term in memory; whether it was one.
    fn adopt(&mut self, term: u64, fx: &mut Fx<'_, M>) -> bool {
        let is_newer = term > self.current_term;
        if is_newer {
            self.current_term = term;
            self.voted_for = None;
            self.follow(None, fx);
        }
        is_newer
    }

    /// Becomes or remains a follower in the current term.
    ///
    /// Followers and candidates keep their election timer running: hearing of a newer term is no
    /// reason to wait longer for a leader. Only a leader has none, and must set it.
    fn follow(&mut self, leader: Option<NodeId>, fx: &mut Fx<'_, M>) {
        if matches!(self.rank, Rank::Leader(_)) {
            fx.note(Event::SteppedDown { term: self.current_term });
            fx.count(probes::LEADER_DEPOSED.name, 1);
            fx.disarm(Timer::Heartbeat);
            fx.arm(Timer::Election, fx.config().election_timeout);
            self.reads.clear(); // their clients ask again, somebody else
        }
        self.rank = Rank::Follower { leader };
    }

    /// A message of the leader of the current term is here: nobody else can lead it, so a candidate
    /// gives up (Section 5.2), and everybody waits for another election timeout.
    fn obey_leader(&mut self, leader: NodeId, fx: &mut Fx<'_, M>) {
        self.follow(Some(leader), fx);
        self.hear_leader(fx);
        fx.arm(Timer::Election, fx.config().election_timeout);
    }

    /// Whether these servers decide: a majority of the voters, or of each set of voters while there
    /// are two.
    fn is_quorum(&self, agrees: impl Fn(NodeId) -> bool, fx: &Fx<'_, M>) -> bool {
        let configuration = self.membership.current();
        let servers = configuration.everybody();
        let half = || servers.iter().filter(|node| agrees(*node)).count() * 2 >= servers.len();
        mutant!(fx, Bug::HalfIsMajority, configuration.has_quorum(&agrees), half())
    }

    /// The highest number that a quorum has reached; the numbers are indexed by server.
    fn agreed(&self, reached: &[u64], fx: &Fx<'_, M>) -> u64 {
        let holds = |n: u64| self.is_quorum(|node| reached[node.index()] >= n, fx);
        reached.iter().copied().filter(|n| holds(*n)).max().unwrap_or(0)
    }

    /// Hands term and vote to the disk. Whatever reveals them must be held back until they are
    /// there ("updated on stable storage before responding to RPCs", Figure 2).
    fn write_ballot(&mut self, fx: &mut Fx<'_, M>) {
        let voted_for = mutant!(fx, Bug::VoteNotPersisted, self.voted_for, None);
        let term = mutant!(fx, Bug::TermNotPersisted, self.current_term, 0);
        fx.append(Record::Ballot { term, voted_for });
    }

    /// The rank and term. Two leaders at once are normal, as long as their terms differ: the older
    /// one has not heard yet.
    pub(super) fn standing(&self) -> Standing {
        let rank = match self.rank {
            Rank::Follower { .. } if !self.membership.may_stand(self.commit_index) => OUTSIDER,
            Rank::Follower { .. } => "follower",
            Rank::PreCandidate { .. } => "pre-candidate",
            Rank::Candidate { .. } => "candidate",
            Rank::Leader(_) => "leader",
            Rank::Damaged => DAMAGED,
        };
        Standing { rank, epoch: self.current_term }
    }

    pub(super) fn view(&self, view: &mut View) {
        view.field("rank", self.standing().rank);
        if let Rank::Damaged = self.rank {
            return; // it knows nothing else
        }
        view.field("current_term", self.current_term);
        let name =
            |node: Option<NodeId>| node.map_or("nobody".to_owned(), |n| Voter(n).to_string());
        view.field("voted_for", name(self.voted_for));
        view.field("commit_index", self.commit_index);
        view.field("last_applied", self.last_applied);
        match &self.rank {
            Rank::Follower { leader } => view.field("leader", name(*leader)),
            Rank::PreCandidate { votes } => view.field("pre_votes", votes.len()),
            Rank::Candidate { votes } => {
                view.field("votes", votes.iter().collect::<BTreeSet<_>>().len());
            }
            Rank::Leader(leader) => {
                leader.view(view);
                if !self.reads.is_empty() {
                    view.field("reads", self.reads.len());
                }
            }
            Rank::Damaged => {}
        }
        let cells = self.log.iter().map(|entry| format!("{} {:?}", entry.term, entry.command));
        view.log("log", self.log.base_index() + 1, cells, self.commit_index);
    }
}
