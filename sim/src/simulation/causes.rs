//! What led to what: the books from which a row of the trace gets its cause.
//!
//! A row has at most one cause. What a step does has the row of its input; what arrives, rings or
//! ends later, the row from which it was sent, set or begun. All of it is kept beside the run and
//! only where it is traced.

use std::collections::{BTreeMap, VecDeque};

use super::network::Address;
use crate::protocol::NodeId;
use crate::record::RowKind;

/// The number of a row.
type RowId = u64;

/// The books of one traced run.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    /// The input of the step that happens, or the fault.
    now: Option<RowId>,
    /// The cause of the next row, where it was told in advance.
    told: Option<RowId>,
    /// The latest row, and the latest note.
    latest: Option<RowId>,
    note: Option<RowId>,
    /// The copies under way, by their address: the row that sent or made each.
    flights: BTreeMap<(u64, u64), RowId>,
    /// What sent the copy that died last.
    died: Option<RowId>,
    /// By their address, what sent the copies that were refused, until their senders hear of it.
    refusals: BTreeMap<(u64, u64), RowId>,
    /// The latest message that was sent: copies are made of it, even where it was lost.
    sent: Option<((u64, u64), RowId)>,
    /// The steps from which messages of nodes to themselves come, in the order they were sent.
    own: VecDeque<Option<RowId>>,
    /// By node, the steps that handed over each write that is not durable.
    writes: BTreeMap<NodeId, VecDeque<Option<RowId>>>,
    /// By node, its latest crash or the beginning of its latest pause.
    harm: BTreeMap<NodeId, RowId>,
    /// By strike of a fault, before it begins the row that triggered it, later its first row.
    strikes: BTreeMap<u32, RowId>,
    /// The strike that begins.
    begins: Option<u32>,
    /// What the strike that begins was triggered by, or the beginning of the one that ends.
    because: Option<RowId>,
    is_end: bool,
    /// By user of a closed loop, the end of its latest operation.
    users: BTreeMap<u32, RowId>,
}

fn key(at: Address) -> (u64, u64) {
    (at.link, at.which)
}

impl Causes {
    /// The input of the step that happens.
    pub(crate) fn now(&self) -> Option<RowId> {
        self.now
    }

    /// An earlier input is taken, or none.
    pub(crate) fn go_on(&mut self, from: Option<RowId>) {
        self.now = from;
    }

    /// The next row that begins something has this cause.
    pub(crate) fn tell(&mut self, cause: Option<RowId>) {
        self.told = cause;
    }

    /// The cause of a row that is about no message and gets the number `id`.
    pub(super) fn of(&mut self, kind: RowKind, id: RowId) -> Option<RowId> {
        match kind {
            RowKind::Boot
            | RowKind::Timer
            | RowKind::Sync
            | RowKind::Call
            | RowKind::SelfMessage => self.told.take(),
            RowKind::Fault => self.told.take().or(self.because),
            // An observer that finds a breach does so on hearing of an event.
            RowKind::Violation => {
                let just_noted = self.note.filter(|note| note.checked_add(1) == Some(id));
                just_noted.or(self.now)
            }
            RowKind::Send
            | RowKind::Deliver
            | RowKind::Drop
            | RowKind::Duplicate
            | RowKind::Refused
            | RowKind::Reply
            | RowKind::Note
            | RowKind::View => self.now,
        }
    }

    /// A row about no message was added.
    pub(super) fn came(&mut self, kind: RowKind, id: RowId) {
        self.latest = Some(id);
        match kind {
            RowKind::Boot
            | RowKind::Timer
            | RowKind::Sync
            | RowKind::Call
            | RowKind::SelfMessage => self.now = Some(id),
            RowKind::Fault => {
                self.now = Some(id);
                if let Some(strike) = self.begins.take() {
                    self.strikes.insert(strike, id);
                }
            }
            RowKind::Note => self.note = Some(id),
            _ => {}
        }
    }

    /// The cause of a row about a copy of a message.
    pub(super) fn of_message(&mut self, kind: RowKind, at: Address, id: RowId) -> Option<RowId> {
        self.latest = Some(id);
        match kind {
            RowKind::Send => {
                self.flights.insert(key(at), id);
                self.sent = Some((key(at), id));
                self.now
            }
            RowKind::Duplicate => {
                let original = self.flights.get(&key(at)).copied();
                let lost = self.sent.filter(|(sent, _)| *sent == key(at)).map(|(_, row)| row);
                self.flights.insert(key(at.copied()), id);
                original.or(lost)
            }
            RowKind::Deliver => {
                let cause = self.flights.remove(&key(at));
                self.now = Some(id);
                cause
            }
            RowKind::Refused => {
                self.now = Some(id);
                self.refusals.remove(&key(at)).or_else(|| self.flights.remove(&key(at)))
            }
            _ => {
                self.died = self.flights.remove(&key(at));
                self.died
            }
        }
    }

    /// The sender of the copy that just died will hear of it.
    pub(crate) fn refuses(&mut self, at: Address) {
        self.refusals.extend(self.died.map(|row| (key(at), row)));
    }

    /// The next fault comes from within the step that happens.
    pub(crate) fn comes_from_within(&mut self) {
        self.told = self.now;
    }

    /// A strike goes on to do something.
    pub(crate) fn strike_goes_on(&mut self, strike: usize) {
        let strike = u32::try_from(strike).ok();
        self.told = strike.and_then(|strike| self.strikes.get(&strike).copied());
    }

    /// A node sends a message to itself.
    pub(crate) fn sends_itself(&mut self) {
        self.own.push_back(self.now);
    }

    /// The message of a node to itself that was sent first arrives, or dies with its process.
    pub(crate) fn heard_itself(&mut self) {
        self.told = self.own.pop_front().flatten();
    }

    /// A node hands a write to its disk.
    pub(crate) fn writes(&mut self, id: NodeId) {
        self.writes.entry(id).or_default().push_back(self.now);
    }

    /// So many writes of a node have become durable: because of the step that wanted the first.
    pub(crate) fn wrote(&mut self, id: NodeId, writes: u64) {
        let mut first = None;
        if let Some(pending) = self.writes.get_mut(&id) {
            let count = usize::try_from(writes).unwrap_or(usize::MAX).min(pending.len());
            first = pending.drain(..count).next().flatten();
        }
        self.told = first;
    }

    /// A node crashed or stands still, as the latest row tells.
    pub(crate) fn harms(&mut self, id: NodeId) {
        self.harm.extend(self.latest.map(|row| (id, row)));
    }

    /// A node boots: because of what triggered that, or of its crash. What it had under way is gone.
    pub(crate) fn boots(&mut self, id: NodeId) {
        self.writes.remove(&id);
        let crash = self.harm.remove(&id);
        self.told = if self.is_end { crash.or(self.because) } else { self.because.or(crash) };
    }

    /// A node goes on: because of its pause.
    pub(crate) fn goes_on(&mut self, id: NodeId) {
        self.told = self.harm.remove(&id);
    }

    /// A user calls: after the end of its operation before.
    pub(crate) fn user_calls(&mut self, user: Option<u32>) {
        self.told = user.and_then(|user| self.users.remove(&user));
    }

    /// A user hears of the end of its operation, in the latest row.
    pub(crate) fn user_hears(&mut self, user: u32) {
        self.users.extend(self.latest.map(|row| (user, row)));
    }

    /// What the latest row tells triggers a strike, at once or later.
    pub(crate) fn triggers(&mut self, strike: u32) {
        self.strikes.extend(self.latest.map(|row| (strike, row)));
    }

    /// A strike begins: because of what triggered it, where something did.
    pub(crate) fn strike_begins(&mut self, strike: u32) {
        (self.begins, self.is_end) = (Some(strike), false);
        self.because = self.strikes.get(&strike).copied();
        (self.told, self.now) = (None, self.because);
    }

    /// A strike ends, which follows from its beginning.
    pub(crate) fn strike_ends(&mut self, strike: u32) {
        (self.begins, self.is_end) = (None, true);
        self.because = self.strikes.remove(&strike);
        (self.told, self.now) = (None, self.because);
    }

    /// A strike has begun, or has ended.
    pub(crate) fn strike_is_over(&mut self) {
        (self.begins, self.because, self.is_end) = (None, None, false);
        (self.told, self.now) = (None, None);
    }
}
