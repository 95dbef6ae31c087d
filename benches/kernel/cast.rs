//! The protocols that are measured: each does as little as it can, so that the engine is what costs.

use rehearsal::prelude::*;
use rehearsal::sim::kinds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::laws::{BEAT, ELECTION, TICK};

/// How many nodes take part, and how much each of them has under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Parts {
    /// The nodes that do something; those behind them are idle.
    pub(crate) active: u32,
    /// Messages or timers that each node keeps pending, for [`Pipe`] and [`Alarms`].
    pub(crate) depth: u32,
}
impl protocol::Config for Parts {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Peer,
}
impl protocol::Role for Peer {
    const ALL: &'static [(Peer, RoleInfo)] = &[(Peer::Peer, RoleInfo::new("peer", "peers", 5))];
}

#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    Parcel(u64),
}
kinds!(Parcel { Parcel });
impl protocol::Message for Parcel {}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Pulse {
    Beat(u64),
    Ack(u64),
}
kinds!(Pulse { Beat, Ack });
impl protocol::Message for Pulse {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Bell {
    Tick(u32),
    Beat,
    Election,
}
kinds!(Bell { Tick, Beat, Election });

#[derive(Debug)]
pub(crate) enum News {
    Election,
}
kinds!(News { Election });

/// Nobody calls anything here.
#[derive(Debug)]
pub(crate) struct Nothing;
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NoCall;
impl Operation for NoCall {
    const KINDS: &'static [&'static str] = &["nothing"];
    fn kind(&self) -> usize {
        0
    }
    fn object(&self) -> u64 {
        0
    }
}
impl Service for Nothing {
    type Operation = NoCall;
    type Reply = ();
    type Model = Nothing;
    fn compose(_: &Ask) -> NoCall {
        NoCall
    }
}
impl Sequential for Nothing {
    type Operation = NoCall;
    type Reply = ();
    type State = ();
    fn initial() {}
    fn apply((): &(), _: &NoCall) -> ((), ()) {
        ((), ())
    }
}

/// What all of them have in common.
macro_rules! plain {
    ($name:literal, $message:ty) => {
        const NAME: &'static str = $name;
        const SUMMARY: &'static str = "keeps an engine busy";
        const INVARIANTS: &'static [Invariant<News>] = &[];
        type Bug = NoBugs;
        type Config = Parts;
        type Role = Peer;
        type Service = Nothing;
        type Message = $message;
        type Timer = Bell;
        type Record = ();
        type Event = News;
    };
}

/// Passes every parcel on to some other node, and starts with one of its own.
#[derive(Debug)]
pub(crate) struct Courier {
    carried: u64,
}

impl Courier {
    /// Any other node that takes part, each as likely.
    fn other(fx: &mut Effects<'_, Courier>) -> NodeId {
        let others = u64::from(fx.config().active) - 1;
        let pick = u32::try_from(fx.pick(others)).expect("fewer than the nodes");
        NodeId(pick + u32::from(pick >= fx.me().0))
    }
}

impl Protocol for Courier {
    plain!("courier", Parcel);

    fn boot(_: Boot<'_, Courier>, fx: &mut Effects<'_, Courier>) -> Courier {
        if fx.me().0 < fx.config().active {
            let to = Courier::other(fx);
            fx.send(to, Parcel::Parcel(0));
        }
        Courier { carried: 0 }
    }

    fn step(&mut self, input: Input<Courier>, fx: &mut Effects<'_, Courier>) {
        if let Input::Message { body: Parcel::Parcel(hops), .. } = input {
            self.carried += 1;
            let to = Courier::other(fx);
            fx.send(to, Parcel::Parcel(hops + 1));
        }
    }
}

/// Ticks every millisecond.
#[derive(Debug)]
pub(crate) struct Metronome {
    ticks: u64,
}

impl Protocol for Metronome {
    plain!("metronome", Parcel);

    fn boot(_: Boot<'_, Metronome>, fx: &mut Effects<'_, Metronome>) -> Metronome {
        fx.arm(Bell::Tick(0), Span::ZERO..TICK);
        Metronome { ticks: 0 }
    }

    fn step(&mut self, input: Input<Metronome>, fx: &mut Effects<'_, Metronome>) {
        if let Input::Timer(bell) = input {
            self.ticks += 1;
            fx.arm(bell, TICK);
        }
    }
}

/// Node 0 leads: it beats all others, who answer and put off their election.
#[derive(Debug)]
pub(crate) struct Heart {
    beats: u64,
    acked: u64,
}

impl Protocol for Heart {
    plain!("heart", Pulse);

    fn boot(_: Boot<'_, Heart>, fx: &mut Effects<'_, Heart>) -> Heart {
        match fx.me() {
            NodeId(0) => fx.arm(Bell::Beat, Span::ZERO),
            _ => fx.arm(Bell::Election, ELECTION),
        }
        Heart { beats: 0, acked: 0 }
    }

    fn step(&mut self, input: Input<Heart>, fx: &mut Effects<'_, Heart>) {
        match input {
            Input::Message { from, body: Pulse::Beat(beat) } => {
                self.beats = self.beats.max(beat);
                fx.arm(Bell::Election, ELECTION);
                fx.send(from, Pulse::Ack(beat));
            }
            Input::Message { body: Pulse::Ack(beat), .. } => self.acked = self.acked.max(beat),
            Input::Timer(Bell::Beat) => {
                self.beats += 1;
                fx.arm(Bell::Beat, BEAT);
                let (me, beats) = (fx.me(), self.beats);
                for peer in fx.all(Peer::Peer).filter(|peer| *peer != me) {
                    fx.send(peer, Pulse::Beat(beats));
                }
            }
            Input::Timer(_) => fx.note(News::Election),
            Input::Call { .. } | Input::Refused { .. } | Input::WriteFailed { .. } => {}
        }
    }
}

/// Passes every parcel on to the next node, and starts with many: for what pending messages take.
#[derive(Debug)]
pub(crate) struct Pipe;

impl Pipe {
    fn next(fx: &Effects<'_, Pipe>) -> NodeId {
        NodeId((fx.me().0 + 1) % fx.config().active)
    }
}

impl Protocol for Pipe {
    plain!("pipe", Parcel);

    fn boot(_: Boot<'_, Pipe>, fx: &mut Effects<'_, Pipe>) -> Pipe {
        for _ in 0..fx.config().depth {
            fx.send(Pipe::next(fx), Parcel::Parcel(0));
        }
        Pipe
    }

    fn step(&mut self, input: Input<Pipe>, fx: &mut Effects<'_, Pipe>) {
        if let Input::Message { body: Parcel::Parcel(hops), .. } = input {
            fx.send(Pipe::next(fx), Parcel::Parcel(hops + 1));
        }
    }
}

/// Keeps many periodic timers: for what pending timers take.
#[derive(Debug)]
pub(crate) struct Alarms;

impl Protocol for Alarms {
    plain!("alarms", Parcel);

    fn boot(_: Boot<'_, Alarms>, fx: &mut Effects<'_, Alarms>) -> Alarms {
        for alarm in 0..fx.config().depth {
            fx.arm(Bell::Tick(alarm), Span::ZERO..TICK);
        }
        // A cluster in which nothing is pending has no later moment.
        if fx.me().0 + 1 == fx.config().active {
            crate::memory::note_resident();
        }
        Alarms
    }

    fn step(&mut self, input: Input<Alarms>, fx: &mut Effects<'_, Alarms>) {
        if let Input::Timer(bell) = input {
            fx.arm(bell, TICK);
        }
    }
}
