//! Transfer: files are sent in packets, under a sliding window, until all is acknowledged.
//!
//! **Problem.** A file is to cross a network that loses, doubles, delays and reorders packets, whose
//! links take time to send and are shared with others.
//! **Idea.** Number the packets, let the receiver tick them off and acknowledge each, have no more of
//! them under way than a window, and send again what is not acknowledged in time (selective repeat
//! ARQ). It is the smallest protocol whose times follow from bandwidth, latency and window by formulas
//! of the textbook, and so what the network is checked with (`tests.rs`, `scenarios/transfer`).
//!
//! ```text
//!   n1         send --Packet 0--.--Packet 1--x  --Packet 2--.   (rings) --Packet 1--.
//!   receiver1                   '--Ack 0..1                 '--Ack 2..3             '--Ack 1..2
//! ```
//!
//! **What breaks without it.** Without numbers a duplicate passes for a packet that is missing. Without
//! the timer a lost packet is a file that never ends. Without the receiver's life in its
//! acknowledgements a sender takes for delivered what a crashed receiver has forgotten.
//!
//! Not modelled: congestion control, estimates of the round trip, back-off, handshakes, files on disk.

mod bugs;
mod config;
mod invariants;
mod service;
#[cfg(test)]
mod tests;
mod ticks;

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::effects::Effects;
use rehearsal_sim::history::CallId;
use rehearsal_sim::invariant::Invariant;
use rehearsal_sim::protocol::{self, Boot, Input, NodeId, Probe, Protocol, RoleInfo, explorable};
use rehearsal_sim::service::Outcome;
use rehearsal_sim::simulation::Digest;
use rehearsal_sim::time::LocalTime;
use rehearsal_sim::view::View;
use rehearsal_sim::{kinds, mutant};

pub use bugs::Bug;
pub use config::{Acks, Config};
pub use service::{Send, SendModel, SendService};
pub use ticks::Ticks;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// Sends files, on behalf of the applications that call it.
    Sender {
        /// The next file's number.
        next: u64,
        /// The files that are not acknowledged whole, by number.
        files: BTreeMap<u64, Sending>,
    },
    /// Takes files.
    Receiver {
        /// What has come of each file, by sender and number.
        files: BTreeMap<(NodeId, u64), Ticks>,
    },
}
const _: () = explorable::<Transfer>();

/// A file on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sending {
    call: CallId,
    to: NodeId,
    /// When it was called, by the sender's wall clock.
    began: LocalTime,
    /// The first packet that has not been sent yet.
    next: u32,
    /// The first packet that was never sent: after the receiver forgot, `next` begins anew.
    new: u32,
    /// The packets that were sent and not acknowledged.
    flying: BTreeSet<u32>,
    /// The life of the receiver that acknowledged last.
    life: Option<u64>,
}

/// What a node is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends.
    Sender,
    /// Receives.
    Receiver,
}

impl protocol::Role for Role {
    const ALL: &'static [(Role, RoleInfo)] = &[
        (Role::Sender, RoleInfo::new("sender", "senders", 1).called()),
        (Role::Receiver, RoleInfo::new("receiver", "receivers", 1)),
    ];
}

/// What nodes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// A packet of a file.
    Packet {
        /// The file's number; numbers are the sender's own.
        file: u64,
        /// Which packet, from 0.
        packet: u32,
        /// How many there are.
        packets: u32,
        /// When the file was called, by the sender's wall clock: what the receiver measures from.
        began: LocalTime,
        /// Its size on the wire.
        bytes: u32,
    },
    /// The packets from one up to before another have come.
    Ack {
        /// The file.
        file: u64,
        /// The first of them.
        from: u32,
        /// The first that is not meant.
        to: u32,
        /// How often the receiver booted before.
        life: u64,
        /// Its size on the wire.
        bytes: u32,
    },
}
kinds!(Message { Packet, Ack });
impl protocol::Message for Message {
    fn size(&self) -> u32 {
        let (Message::Packet { bytes, .. } | Message::Ack { bytes, .. }) = *self;
        bytes
    }
    fn digest(&self, digest: &mut Digest) {
        let words = match *self {
            Message::Packet { file, packet, packets, began, bytes: _ } => {
                [file, packet.into(), packets.into(), began.0]
            }
            Message::Ack { file, from, to, life, bytes: _ } => [file, from.into(), to.into(), life],
        };
        words.into_iter().for_each(|word| digest.word(word));
    }
}

/// What a sender may set to ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// This packet of this file is sent again.
    Again(u64, u32),
}
kinds!(Timer { Again });

/// What observers may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    /// A sender begins with a file.
    Began { file: u64, to: NodeId },
    /// A receiver takes a packet for new data.
    Took { from: NodeId, file: u64, packet: u32, life: u64 },
    /// A receiver has the whole file.
    Whole { from: NodeId, file: u64, packets: u32 },
    /// A sender knows that the receiver has the whole file.
    Done { file: u64 },
}
kinds!(Event { Began, Took, Whole, Done });

type Fx<'a> = Effects<'a, Transfer>;

impl Protocol for Transfer {
    const NAME: &'static str = "transfer";
    const SUMMARY: &'static str = "senders send files in packets, under a sliding window";
    const INVARIANTS: &'static [Invariant<Event>] =
        &[invariants::received_once_and_whole::INVARIANT];
    const METRICS: &'static [&'static str] =
        &["packets", "retransmissions", "files", "transfers_ns", "transfer_ns_max"];
    const PROBES: &'static [Probe] = &[
        Probe { name: "duplicate_packet", sentence: "a packet came that had come before" },
        Probe { name: "receiver_forgot", sentence: "a receiver crashed in the middle of a file" },
    ];
    type Bug = Bug;
    type Config = Config;
    type Role = Role;
    type Service = SendService;
    type Message = Message;
    type Timer = Timer;
    type Record = (); // nothing is written to disk
    type Event = Event;

    fn boot(boot: Boot<'_, Transfer>, fx: &mut Fx<'_>) -> Transfer {
        match boot.role {
            Role::Sender => {
                Transfer::Sender { next: fx.incarnation() << 32, files: BTreeMap::new() }
            }
            Role::Receiver => Transfer::Receiver { files: BTreeMap::new() },
        }
    }

    fn step(&mut self, input: Input<Transfer>, fx: &mut Fx<'_>) {
        match (self, input) {
            (Transfer::Sender { next, files }, Input::Call { id, operation }) => {
                let receivers: Vec<NodeId> = fx.all(Role::Receiver).collect();
                let place = operation.to.checked_rem(receivers.len() as u64);
                let to = place.and_then(|place| receivers.get(usize::try_from(place).ok()?));
                let Some(to) = to.copied() else {
                    fx.reply(id, Outcome::Failed); // there is no receiver
                    return;
                };
                let file = *next;
                *next += 1;
                fx.note(Event::Began { file, to });
                let sending = files.entry(file).or_insert(Sending::new(id, to, fx.wall()));
                sending.fill_window(file, fx);
            }
            (Transfer::Sender { files, .. }, Input::Timer(Timer::Again(file, packet))) => {
                if let Some(sending) = files.get_mut(&file) {
                    sending.send(file, packet, fx);
                }
            }
            (Transfer::Sender { files, .. }, Input::Message { body, .. }) => {
                let Message::Ack { file, from, to, life, .. } = body else { return };
                let Some(sending) = files.get_mut(&file) else { return };
                if sending.acknowledged(file, (from, to), life, fx) {
                    fx.note(Event::Done { file });
                    fx.reply(sending.call, ());
                    files.remove(&file);
                }
            }
            (Transfer::Receiver { files }, Input::Message { from, body }) => {
                let Message::Packet { file, .. } = body else { return };
                take(files.entry((from, file)).or_default(), from, body, fx);
            }
            // Packets that are refused are sent again when their timers ring; receivers set no timers
            // and take no calls, and nobody writes to a disk.
            (_, Input::Refused { .. } | Input::WriteFailed { .. })
            | (Transfer::Receiver { .. }, Input::Timer(_) | Input::Call { .. }) => {}
        }
    }

    fn view(&self, view: &mut View) {
        match self {
            Transfer::Sender { files, .. } => {
                let shown = |(file, sending): (&u64, &Sending)| {
                    let (sent, fly) = (sending.next, sending.flying.len());
                    format!("{file}: {sent} sent, {fly} fly")
                };
                view.field("files", files.iter().map(shown).collect::<Vec<_>>().join("; "));
            }
            Transfer::Receiver { files } => {
                view.field("files", files.len());
                let packets: u64 = files.values().map(|ticks| u64::from(ticks.below())).sum();
                view.field("packets", packets);
            }
        }
    }
}

impl Sending {
    fn new(call: CallId, to: NodeId, began: LocalTime) -> Sending {
        Sending { call, to, began, next: 0, new: 0, flying: BTreeSet::new(), life: None }
    }

    /// Sends as many packets as the window has room for.
    fn fill_window(&mut self, file: u64, fx: &mut Fx<'_>) {
        let (packets, window) = (fx.config().packets, fx.config().window as usize);
        while self.next < packets && (window == 0 || self.flying.len() < window) {
            let packet = self.next;
            self.next += 1;
            self.flying.insert(packet);
            self.send(file, packet, fx);
        }
    }

    fn send(&mut self, file: u64, packet: u32, fx: &mut Fx<'_>) {
        if packet < self.new {
            fx.count("retransmissions", 1);
        }
        self.new = self.new.max(packet + 1);
        fx.count("packets", 1);
        let &Config { packets, packet_size: bytes, timeout, .. } = fx.config();
        fx.send(self.to, Message::Packet { file, packet, packets, began: self.began, bytes });
        fx.arm(Timer::Again(file, packet), timeout);
    }

    /// The receiver has some packets; gives back whether it has them all.
    fn acknowledged(
        &mut self,
        file: u64,
        (from, to): (u32, u32),
        life: u64,
        fx: &mut Fx<'_>,
    ) -> bool {
        if self.life.is_some_and(|known| life < known) {
            return false; // said in a former life
        }
        if self.life.is_some_and(|known| life > known) {
            fx.count("receiver_forgot", 1);
            for packet in std::mem::take(&mut self.flying) {
                fx.disarm(Timer::Again(file, packet));
            }
            self.next = 0;
        }
        self.life = Some(life);
        let flying: Vec<u32> = self.flying.range(from..to.max(from)).copied().collect();
        for packet in flying {
            self.flying.remove(&packet);
            fx.disarm(Timer::Again(file, packet));
        }
        self.fill_window(file, fx);
        self.flying.is_empty()
    }
}

/// A packet reaches its receiver.
fn take(ticks: &mut Ticks, from: NodeId, body: Message, fx: &mut Fx<'_>) {
    let Message::Packet { file, packet, packets, began, .. } = body else { return };
    let life = fx.incarnation();
    let is_new = mutant!(fx, Bug::CountsDuplicates, ticks.tick(packet), ticks.tick_next());
    if is_new {
        fx.note(Event::Took { from, file, packet, life });
        if ticks.below() == packets {
            fx.note(Event::Whole { from, file, packets });
            let took = fx.wall().since(began).0;
            fx.count("files", 1);
            fx.count("transfers_ns", took);
            fx.gauge("transfer_ns", i64::try_from(took).unwrap_or(i64::MAX));
        }
    } else {
        fx.count("duplicate_packet", 1);
    }
    let (first, end) = match fx.config().acks {
        Acks::Each => (packet, packet + 1),
        Acks::Cumulative => (0, ticks.below()),
    };
    let bytes = fx.config().ack_size;
    fx.send(from, Message::Ack { file, from: first, to: end, life, bytes });
}
