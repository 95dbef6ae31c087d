//! Random histories of any model.

use std::mem::discriminant;

use rehearsal_sim::history::{Call, CallId, History};
use rehearsal_sim::service::{Outcome, Sequential};
use rehearsal_sim::time::SimTime;

/// Numbers without pattern: splitmix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.next() % len as u64).unwrap()
    }
}

pub(crate) type Log<M> = History<<M as Sequential>::Operation, <M as Sequential>::Reply>;

/// How a history is drawn.
pub(crate) struct Shape {
    pub(crate) clients: u64,
    pub(crate) count: u64,
    /// The longest span of an operation.
    pub(crate) width: u64,
    /// Of a hundred operations, so many have an end that nobody knows.
    pub(crate) doubt: u64,
    /// Whether a client always waits before it calls again: what is called at the instant of the end
    /// before is concurrent with it.
    pub(crate) is_apart: bool,
}

/// A history of a correct object: each operation takes effect at an instant of its span.
/// `operation` gets a number that no other operation of the history has, and the client's.
pub(crate) fn correct<M: Sequential>(
    dice: &mut Dice,
    shape: &Shape,
    mut operation: impl FnMut(&mut Dice, u64, u64) -> M::Operation,
) -> Log<M> {
    let mut clocks = vec![(0, 0); usize::try_from(shape.clients).unwrap()];
    let pause = if shape.is_apart { 1 } else { dice.below(2) };
    let mut drafts = Vec::new();
    for serial in 1..=shape.count {
        let place = dice.index(clocks.len());
        let (clock, incarnation) = clocks[place];
        let client = place as u64 + incarnation * shape.clients;
        let called = clock + dice.below(3);
        let ended = called + dice.below(shape.width);
        let is_open = dice.chance(shape.doubt);
        let effect = match is_open {
            true => called + dice.below(3 * shape.width),
            false => called + dice.below(ended - called + 1),
        };
        // A client that does not know how its operation ended comes back under another name.
        clocks[place] = (ended + pause.max(dice.below(2)), incarnation + u64::from(is_open));
        let operation = operation(dice, serial, client);
        drafts.push((effect, dice.next(), client, operation, called, ended, is_open));
    }
    drafts.sort();
    let mut log = Log::<M>::default();
    let mut state = M::initial();
    for (_, luck, client, operation, called, ended, is_open) in drafts {
        let (after, reply) = M::apply(&state, &operation);
        let (took, outcome) = match (is_open, luck % 16) {
            (true, _) => (luck % 3 > 0, Outcome::Unknown),
            (false, 0) => (false, Outcome::Failed),
            (false, _) => (true, Outcome::Ok(reply)),
        };
        if took {
            state = after;
        }
        log.calls.push(Call {
            id: CallId(0),
            client: u32::try_from(client).unwrap(),
            operation,
            called: SimTime(called),
            ended: (!is_open).then_some(SimTime(ended)),
            outcome,
        });
    }
    settle::<M>(&mut log);
    log
}

/// Exchanges replies of operations of one kind, moves spans, and turns outcomes here and there.
pub(crate) fn spoil<M: Sequential>(dice: &mut Dice, log: &mut Log<M>, changes: u64) {
    for _ in 0..changes {
        let (one, other) = (dice.index(log.calls.len()), dice.index(log.calls.len()));
        let is_alike =
            discriminant(&log.calls[one].operation) == discriminant(&log.calls[other].operation);
        let reply = log.calls[other].outcome.clone();
        let call = &mut log.calls[one];
        match (dice.below(5), &call.outcome, &reply) {
            (0..3, Outcome::Ok(_), Outcome::Ok(_)) if is_alike => {
                let former = std::mem::replace(&mut call.outcome, reply);
                if dice.chance(80) {
                    log.calls[other].outcome = former;
                }
            }
            (3, Outcome::Ok(_), _) => call.ended = Some(call.called),
            (4, Outcome::Unknown, _) if dice.chance(30) => call.outcome = Outcome::Failed,
            (4, Outcome::Ok(_), _) => {
                let later = SimTime(call.called.0 + dice.below(8));
                call.called = later;
                call.ended = call.ended.max(Some(later));
            }
            _ => {}
        }
    }
    settle::<M>(log);
}

/// Puts the calls into the order of their times and numbers them.
pub(crate) fn settle<M: Sequential>(log: &mut Log<M>) {
    log.calls.sort_by_key(|call| call.called);
    for (id, call) in log.calls.iter_mut().enumerate() {
        call.id = CallId(id as u64);
    }
}

/// An operation, its reply (`None`: nobody knows), its call and its end in microseconds.
pub(crate) type Line<M> =
    (<M as Sequential>::Operation, Option<<M as Sequential>::Reply>, u64, u64);

/// A history with a client for each operation.
pub(crate) fn log<M: Sequential>(lines: &[Line<M>]) -> Log<M> {
    let mut log = Log::<M>::default();
    for (client, (operation, reply, called, ended)) in (0..).zip(lines) {
        log.calls.push(Call {
            id: CallId(0),
            client,
            operation: operation.clone(),
            called: SimTime(*called * 1000),
            ended: reply.is_some().then_some(SimTime(*ended * 1000)),
            outcome: reply.clone().map_or(Outcome::Unknown, Outcome::Ok),
        });
    }
    settle::<M>(&mut log);
    log
}
