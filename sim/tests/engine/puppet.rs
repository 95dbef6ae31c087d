//! A protocol that does what its configuration says: per node and occasion a list of effects. What
//! it hears it notes, with its clock, so that a trace tells a test everything.

use rehearsal_sim::bug::{BugInfo, PlantedBug};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::effects::Effects;
use rehearsal_sim::history::CallId;
use rehearsal_sim::invariant::{Breach, Cluster, Invariant, Monitor, Note};
use rehearsal_sim::protocol::{
    Boot, Input, Message as IsMessage, NodeId, Protocol, Reach, RoleInfo, Standing, Survivor,
};
use rehearsal_sim::service::{Ask, Operation, Outcome, Sequential, Service};
use rehearsal_sim::time::Span;
use rehearsal_sim::view::View;
use rehearsal_sim::{kinds, mutant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const PUPPET: Entry = Entry::of::<Puppet>();

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Body {
    Ping(u32),
    Pong(u32),
    /// So many bytes.
    Bulk(u32),
}
kinds!(Body { Ping, Pong, Bulk });
impl IsMessage for Body {
    fn size(&self) -> u32 {
        match self {
            Body::Bulk(bytes) => *bytes,
            _ => 64,
        }
    }
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub(crate) enum Bell {
    Zulu(u8),
    Alpha(u8),
}
kinds!(Bell { Zulu, Alpha });

/// Fields are read by their `Debug` form only.
#[allow(dead_code)]
#[derive(Debug)]
pub(crate) enum Event {
    Booted {
        clock: u64,
        incarnation: u64,
        disk: Vec<u32>,
    },
    Heard {
        from: u32,
        body: Body,
        clock: u64,
    },
    Rang {
        bell: Bell,
        clock: u64,
    },
    Called {
        call: u64,
        clock: u64,
    },
    Refused {
        to: u32,
        kind: usize,
        clock: u64,
    },
    Said(u32),
    Picked(u64),
    /// Booted from a disk with unreadable records.
    Found {
        torn: usize,
        damaged: usize,
    },
    Wall(u64),
    Failed {
        lost: u64,
    },
}
kinds!(Event { Booted, Heard, Rang, Called, Said, Picked, Found, Wall, Failed, Refused });

/// On what a node does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum On {
    /// Every boot.
    Boot,
    /// The boot of this incarnation.
    Again(u64),
    Bell(Bell),
    Body(Body),
    Call,
    Refused,
    WriteFailed,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Do {
    Send(u32, Body),
    SendSynced(u32, Body),
    Say(u32),
    SaySynced(u32),
    /// Milliseconds.
    Arm(Bell, u64),
    ArmRange(Bell, u64, u64),
    ArmSynced(Bell, u64),
    Disarm(Bell),
    Append(u32),
    Truncate(usize),
    Clear,
    Pick(u64),
    /// Notes the wall clock.
    Wall,
    Count(u64),
    Gauge(i64),
    /// Ends the oldest open call.
    Reply,
    ReplyTwice,
    /// Ends the call of this number, whoever it was made on.
    End(u64),
    ReplySynced,
    Fail,
    GiveUp,
    /// Becomes leader of an epoch, or follower.
    Lead(u64),
    Follow(u64),
    Panic,
    Decide,
    Exit,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) rules: Vec<(u32, On, Vec<Do>)>,
    pub(crate) needs_majority: bool,
}
impl rehearsal_sim::protocol::Config for Config {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Server,
    Client,
}
impl rehearsal_sim::protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Server, RoleInfo::new("server", "servers", 3)),
        (Role::Client, RoleInfo::new("client", "clients", 3).called()),
    ];
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Op {
    Get(u64),
    Put(u64, u64),
}
impl Operation for Op {
    const KINDS: &'static [&'static str] = &["get", "put"];
    fn kind(&self) -> usize {
        matches!(self, Op::Put(..)).into()
    }
    fn object(&self) -> u64 {
        match self {
            Op::Get(key) | Op::Put(key, _) => *key,
        }
    }
}
/// A register per key.
#[derive(Debug)]
pub(crate) struct Registers;
impl Service for Registers {
    type Operation = Op;
    type Reply = u64;
    type Model = Registers;
    fn compose(ask: &Ask) -> Op {
        if ask.kind == 0 { Op::Get(ask.key) } else { Op::Put(ask.key, ask.serial) }
    }
}
impl Sequential for Registers {
    type Operation = Op;
    type Reply = u64;
    type State = u64;
    /// What every puppet answers.
    fn initial() -> u64 {
        7
    }
    fn apply(state: &u64, operation: &Op) -> (u64, u64) {
        match operation {
            Op::Get(_) => (*state, *state),
            Op::Put(_, value) => (*value, *value),
        }
    }
    fn is_read(operation: &Op) -> bool {
        operation.kind() == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    Seen,
    /// No decision asks for it.
    Never,
}
impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[Bug::Seen, Bug::Never];
    fn info(self) -> BugInfo {
        BugInfo {
            slug: "says-666",
            id: None,
            sentence: "a decision says what must not be said",
            source: "this test",
            property: "nothing_evil",
            hunt: None,
        }
    }
}

struct NothingEvil(Cluster);
impl Monitor<Event> for NothingEvil {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        match note.event {
            Event::Said(666) => Err(Breach {
                message: format!("{} says 666", self.0.name(note.node)),
                nodes: vec![note.node],
            }),
            Event::Said(999) => panic!("the monitor itself is broken"),
            _ => Ok(()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Puppet {
    calls: Vec<CallId>,
    standing: Standing,
    heard: u64,
}

impl Protocol for Puppet {
    const NAME: &'static str = "puppet";
    const SUMMARY: &'static str = "does what it is told";
    const INVARIANTS: &'static [Invariant<Event>] = &[Invariant {
        name: "nothing_evil",
        sentence: "nobody says 666",
        citation: "Revelation 13:18",
        new: |cluster| Box::new(NothingEvil(cluster.clone())),
    }];
    type Bug = Bug;
    type Config = Config;
    type Role = Role;
    type Service = Registers;
    type Message = Body;
    type Timer = Bell;
    type Record = u32;
    type Event = Event;

    fn boot(boot: Boot<'_, Puppet>, fx: &mut Effects<'_, Puppet>) -> Puppet {
        let value = |record: &Survivor<u32>| match record {
            Survivor::Intact(value) => Some(*value),
            Survivor::Torn | Survivor::Damaged => None,
        };
        let disk = boot.disk.iter().filter_map(value).collect();
        let count = |what| boot.disk.iter().filter(|record| **record == what).count();
        let (torn, damaged) = (count(Survivor::Torn), count(Survivor::Damaged));
        let incarnation = fx.incarnation();
        fx.note(Event::Booted { clock: fx.now().0, incarnation, disk });
        if torn + damaged > 0 {
            fx.note(Event::Found { torn, damaged });
        }
        let mut puppet = Puppet { calls: Vec::new(), standing: Standing::NONE, heard: 0 };
        puppet.follow(On::Boot, fx);
        puppet.follow(On::Again(incarnation), fx);
        puppet
    }

    fn step(&mut self, input: Input<Puppet>, fx: &mut Effects<'_, Puppet>) {
        let clock = fx.now().0;
        match input {
            Input::Message { from, body } => {
                self.heard += 1;
                fx.note(Event::Heard { from: from.0, body, clock });
                self.follow(On::Body(body), fx);
            }
            Input::Timer(bell) => {
                fx.note(Event::Rang { bell, clock });
                self.follow(On::Bell(bell), fx);
            }
            Input::Call { id, .. } => {
                fx.note(Event::Called { call: id.0, clock });
                self.calls.push(id);
                self.follow(On::Call, fx);
            }
            Input::Refused { to, kind } => {
                fx.note(Event::Refused { to: to.0, kind, clock });
                self.follow(On::Refused, fx);
            }
            Input::WriteFailed { lost } => {
                fx.note(Event::Failed { lost });
                self.follow(On::WriteFailed, fx);
            }
        }
    }

    fn standing(&self) -> Standing {
        self.standing
    }

    fn view(&self, view: &mut View) {
        view.field("heard", self.heard);
        view.log("calls", 0, self.calls.iter().map(|call| call.0.to_string()), 1);
    }

    fn missing_quorum(reach: &Reach<'_, Puppet>) -> Option<String> {
        reach.config.needs_majority.then(|| reach.missing_majority(Role::Server)).flatten()
    }
}

impl Puppet {
    fn follow(&mut self, on: On, fx: &mut Effects<'_, Puppet>) {
        let me = fx.me().0;
        let config = fx.config();
        for (_, _, acts) in config.rules.iter().filter(|(node, when, _)| (*node, *when) == (me, on))
        {
            acts.iter().for_each(|act| self.act(*act, fx));
        }
    }

    fn act(&mut self, act: Do, fx: &mut Effects<'_, Puppet>) {
        let call = self.calls.first().copied();
        match act {
            Do::Send(to, body) => fx.send(NodeId(to), body),
            Do::SendSynced(to, body) => fx.send_synced(NodeId(to), body),
            Do::Say(what) => fx.note(Event::Said(what)),
            Do::SaySynced(what) => fx.note_synced(Event::Said(what)),
            Do::Arm(bell, after) => fx.arm(bell, Span(after.saturating_mul(1_000_000))),
            Do::ArmRange(bell, lo, hi) => fx.arm(bell, Span::millis(lo)..Span::millis(hi)),
            Do::ArmSynced(bell, after) => fx.arm_synced(bell, Span::millis(after)),
            Do::Disarm(bell) => fx.disarm(bell),
            Do::Append(value) => fx.append(value),
            Do::Truncate(keep) => fx.truncate(keep),
            Do::Clear => fx.rewrite(Vec::new()),
            Do::Pick(n) => {
                let picked = fx.pick(n);
                fx.note(Event::Picked(picked));
            }
            Do::Wall => {
                let wall = fx.wall().0;
                fx.note(Event::Wall(wall));
            }
            Do::Count(by) => fx.count("things", by),
            Do::Gauge(value) => fx.gauge("depth", value),
            Do::Lead(epoch) => self.standing = Standing { rank: "leader", epoch },
            Do::Follow(epoch) => self.standing = Standing { rank: "follower", epoch },
            Do::Panic => panic!("told to panic"),
            Do::Decide => fx.note(Event::Said(mutant!(fx, Bug::Seen, 1, 666))),
            Do::Exit => fx.exit("told to end"),
            Do::End(call) => fx.reply(CallId(call), 7),
            Do::ReplyTwice => {
                fx.reply(call.expect("a call is open"), 7);
                fx.reply(call.expect("a call is open"), Outcome::Unknown);
                self.calls.clear();
            }
            Do::Reply | Do::ReplySynced | Do::Fail | Do::GiveUp => {
                let Some(call) = call else { return };
                self.calls.remove(0);
                match act {
                    Do::Reply => fx.reply(call, 7),
                    Do::ReplySynced => fx.reply_synced(call, 7),
                    Do::Fail => fx.reply(call, Outcome::Failed),
                    _ => fx.reply(call, Outcome::Unknown),
                }
            }
        }
    }
}
