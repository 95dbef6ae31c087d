//! Paxos: several nodes agree on one value (Lamport, *Paxos Made Simple*, 2001).
//!
//! **Problem.** Proposers ask for different values. One of them shall be chosen, everybody who asks shall
//! be told the same one, and no crash and no lost message may undo it.
//!
//! **Idea.** Acceptors decide by quorum, in numbered ballots. A proposer first asks a quorum to promise
//! to accept nothing in lower ballots, and to tell what it has accepted. If any of them has accepted
//! something, the value of the highest such ballot may have been chosen already, and the proposer asks
//! for that one instead of its own. Two quorums share an acceptor, so nothing that was chosen is missed.
//!
//! ```text
//!  proposer1 (7)  -- Prepare 1 --.          .--*-- Accept 1, 7 --.             .--*-- 7 is chosen
//!  n1             ...............*-- fsync -'                    *-- fsync ----|--'
//!  n2             ...............*-- fsync -'                    *-- fsync ----'
//!  n3             ...............x                               x
//!  proposer2 (9)                   Prepare 2 --*-- fsync --*-- told of 7@1: asks for 7 -- Accept 2, 7
//! ```
//!
//! Nothing here keeps two proposers from outbidding each other for ever (Fischer, Lynch & Paterson 1985
//! say that something like that must remain); random waits make it unlikely ([`Config::backoff`]).
//!
//! **What breaks without it.** A proposer that insists on its own value undoes a choice
//! ([`Bug::ProposerIgnoresValues`]), and so does an acceptor that forgets what it promised
//! ([`Bug::AcceptorForgetsPromise`]) or accepted ([`Bug::AcceptorAnswersEarly`]), a read that believes what a
//! single acceptor has ([`Bug::ReadUnfinished`]), and quorums that do not intersect (`unsafe_quorums`).
//!
//! Each key is a decision of its own, and has nothing to do with the others. `propose` asks for a value
//! and is told what was chosen; `read` asks only, and may be told that nothing was. A proposer trusts no
//! memory: each call runs both phases, also long after the choice.
//!
//! | where | what | paper |
//! |---|---|---|
//! | `acceptor.rs` | promising and accepting | 2.2: P1a, algorithm, phases 1b and 2b |
//! | `proposer.rs` | asking for promises, then for the value; outbidding, waiting | 2.2 and 2.4 |
//! | `learner.rs` | counting | 2.3 |
//! | `parts/quorum.rs` | quorums that are no majorities | Howard, Malkhi & Spiegelman 2016 |

mod acceptor;
mod bugs;
mod config;
mod learner;
mod proposer;
mod service;
#[cfg(test)]
mod tests;

use std::fmt;

use rehearsal_sim::effects::Effects;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::kinds;
use rehearsal_sim::protocol::{
    self, Boot, Input, Probe, Protocol, Reach, RoleInfo, Standing, explorable,
};
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::view::View;

pub use acceptor::Acceptor;
pub use bugs::Bug;
pub use config::Config;
pub use learner::Learner;
pub use proposer::Proposer;
pub use service::{Operation, Register, RegisterModel, Reply};

use crate::events::consensus::Event;
use crate::invariants::PAXOS;
use crate::parts::ballot::Ballot;
use crate::parts::disk;
use crate::parts::quorum::{self, Quorums};

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Paxos {
    /// Promises and accepts.
    Acceptor(Acceptor),
    /// Asks for values, on behalf of the applications that call it.
    Proposer(Proposer),
    /// Finds out what was chosen.
    Learner(Learner),
    /// A node whose disk is damaged: it does not know what it said, and takes no part.
    Damaged,
}
const _: () = explorable::<Paxos>();

pub(crate) type Fx<'a> = Effects<'a, Paxos>;

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Promises and accepts.
    Acceptor,
    /// Asks for values.
    Proposer,
    /// Finds out what was chosen.
    Learner,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Acceptor, RoleInfo::new("acceptor", "acceptors", 3)),
        (Role::Proposer, RoleInfo::new("proposer", "proposers", 2).called()),
        (Role::Learner, RoleInfo::new("learner", "learners", 1)),
    ];
}

/// What nodes say to each other. Every message is about one decision, named by its key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// A proposer asks for a promise (phase 1a).
    Prepare {
        /// The decision.
        key: u64,
        /// Its ballot.
        ballot: Ballot,
    },
    /// An acceptor promises (phase 1b).
    Promise {
        /// The decision.
        key: u64,
        /// The ballot that is promised.
        ballot: Ballot,
        /// What it has accepted last: the ballot and the value.
        accepted: Option<(Ballot, u64)>,
    },
    /// An acceptor has promised a higher ballot.
    Reject {
        /// The decision.
        key: u64,
        /// The ballot that comes too late.
        ballot: Ballot,
        /// What was promised.
        promised: Ballot,
    },
    /// A proposer asks for a value (phase 2a).
    Accept {
        /// The decision.
        key: u64,
        /// Its ballot.
        ballot: Ballot,
        /// The value.
        value: u64,
    },
    /// An acceptor has accepted (phase 2b).
    Accepted {
        /// The decision.
        key: u64,
        /// The ballot.
        ballot: Ballot,
        /// The value.
        value: u64,
    },
    /// A learner asks what an acceptor has accepted.
    Query {
        /// The decision.
        key: u64,
    },
}
kinds!(Message { Prepare, Promise, Reject, Accept, Accepted, Query });
impl protocol::Message for Message {
    fn digest(&self, digest: &mut Digest) {
        let mut words = |words: &[u64]| words.iter().for_each(|word| digest.word(*word));
        match *self {
            Message::Prepare { key, ballot } => {
                words(&[key]);
                words(&ballot.words());
            }
            Message::Promise { key, ballot, accepted } => {
                words(&[key]);
                words(&ballot.words());
                if let Some((ballot, value)) = accepted {
                    words(&ballot.words());
                    words(&[value]);
                }
            }
            Message::Reject { key, ballot, promised } => {
                words(&[key]);
                words(&ballot.words());
                words(&promised.words());
            }
            Message::Accept { key, ballot, value } | Message::Accepted { key, ballot, value } => {
                words(&[key, value]);
                words(&ballot.words());
            }
            Message::Query { key } => words(&[key]),
        }
    }
}

/// Written for people: `Promise k1 2.proposer2 accepted=7@1.proposer1`.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Message::Prepare { key, ballot } => write!(f, "Prepare k{key} {ballot:?}"),
            Message::Promise { key, ballot, accepted: Some((earlier, value)) } => {
                write!(f, "Promise k{key} {ballot:?} accepted={value}@{earlier:?}")
            }
            Message::Promise { key, ballot, accepted: None } => {
                write!(f, "Promise k{key} {ballot:?} accepted=nothing")
            }
            Message::Reject { key, ballot, promised } => {
                write!(f, "Reject k{key} {ballot:?} promised={promised:?}")
            }
            Message::Accept { key, ballot, value } => write!(f, "Accept k{key} {value}@{ballot:?}"),
            Message::Accepted { key, ballot, value } => {
                write!(f, "Accepted k{key} {value}@{ballot:?}")
            }
            Message::Query { key } => write!(f, "Query k{key}"),
        }
    }
}

/// What a node may set to ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A proposer tries again: it got no answer, or has waited after it was outbid.
    Again(u64),
    /// A learner asks what it may have missed.
    Ask(u64),
}
kinds!(Timer { Again, Ask });

/// One record of a disk.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    /// An acceptor takes part in no lower ballot from now on.
    Promised {
        /// The decision.
        key: u64,
        /// The ballot.
        ballot: Ballot,
    },
    /// An acceptor has accepted.
    Accepted {
        /// The decision.
        key: u64,
        /// The ballot.
        ballot: Ballot,
        /// The value.
        value: u64,
    },
    /// A proposer uses a round, and must not use it again.
    Tried {
        /// The decision.
        key: u64,
        /// The round.
        round: u64,
    },
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Record::Promised { key, ballot } => write!(f, "Promised k{key} {ballot:?}"),
            Record::Accepted { key, ballot, value } => {
                write!(f, "Accepted k{key} {value}@{ballot:?}")
            }
            Record::Tried { key, round } => write!(f, "Tried k{key} round {round}"),
        }
    }
}

impl Protocol for Paxos {
    const NAME: &'static str = "paxos";
    const SUMMARY: &'static str = "proposers and acceptors agree on one value for each key";
    const INVARIANTS: &'static [Invariant<Event>] = &PAXOS;
    const METRICS: &'static [&'static str] = &["ballots", "decisions", "outbid", "timeouts"];
    const PROBES: &'static [Probe] = &[
        Probe {
            name: "value_adopted",
            sentence: "a proposer asked for another's value, not its own",
        },
        Probe { name: "values_differed", sentence: "promises told a proposer of different values" },
        Probe {
            name: "old_proposal_refused",
            sentence: "an acceptor refused a value because it had promised a higher ballot meanwhile",
        },
        Probe { name: "read_nothing", sentence: "a read found that nothing was chosen" },
        Probe {
            name: "learner_asked",
            sentence: "a learner had heard of acceptances, but not of enough, and asked",
        },
    ];
    const RANKS: &'static [&'static str] = &[disk::DAMAGED];
    type Bug = Bug;
    type Config = Config;
    type Role = Role;
    type Service = Register;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Event = Event;

    fn boot(boot: Boot<'_, Paxos>, fx: &mut Fx<'_>) -> Paxos {
        let Some(records) = disk::restore(boot.disk, fx) else {
            fx.note(Event::FoundDamage { records: disk::damage(boot.disk) });
            return Paxos::Damaged;
        };
        fx.note(Event::started(0));
        match boot.role {
            Role::Acceptor => Paxos::Acceptor(Acceptor::boot(&records, fx)),
            Role::Proposer => Paxos::Proposer(Proposer::boot(&records)),
            Role::Learner => Paxos::Learner(Learner::default()),
        }
    }

    fn step(&mut self, input: Input<Paxos>, fx: &mut Fx<'_>) {
        match (self, input) {
            (Paxos::Acceptor(acceptor), Input::Message { from, body }) => {
                acceptor.on_message(from, body, fx);
            }
            (Paxos::Proposer(proposer), Input::Message { from, body }) => {
                proposer.on_message(from, body, fx);
            }
            (Paxos::Learner(learner), Input::Message { from, body }) => {
                learner.on_message(from, body, fx);
            }
            (Paxos::Proposer(proposer), Input::Call { id, operation }) => {
                proposer.on_call(id, operation, fx);
            }
            (Paxos::Proposer(proposer), Input::Timer(Timer::Again(key))) => {
                proposer.try_again(key, fx);
            }
            (Paxos::Learner(learner), Input::Timer(Timer::Ask(key))) => learner.ask(key, fx),
            (_, Input::WriteFailed { .. }) => fx.exit("the disk refused a write"),
            // Who refuses is asked again when the timer rings; the rest does not happen.
            (
                _,
                Input::Refused { .. }
                | Input::Call { .. }
                | Input::Timer(_)
                | Input::Message { .. },
            ) => {}
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Paxos::Damaged => disk::STANDING_ASIDE,
            _ => Standing::NONE,
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            Paxos::Acceptor(acceptor) => acceptor.view(view),
            Paxos::Proposer(proposer) => proposer.view(view),
            Paxos::Learner(learner) => learner.view(view),
            Paxos::Damaged => {}
        }
    }

    fn missing_quorum(reach: &Reach<'_, Paxos>) -> Option<String> {
        let acceptors = reach.roles.iter().filter(|role| **role == Role::Acceptor).count();
        let needed = reach.config.quorums(acceptors).larger();
        quorum::missing(reach, (Role::Acceptor, disk::DAMAGED), Role::Proposer, needed)
    }
}

/// How many acceptors are needed for what.
fn quorums(fx: &Fx<'_>) -> Quorums {
    fx.config().quorums(fx.all(Role::Acceptor).count())
}
