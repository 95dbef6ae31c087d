//! Generated histories: clients in a closed loop call one operation after the other on one object,
//! each of which takes effect at an instant of its span.

use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use rehearsal_sim::check::model::{
    Lock, LockOp, LockReply, Queue, QueueOp, QueueReply, Register, RegisterOp, RegisterReply, Set,
    SetOp, SetReply, Stack,
};
use rehearsal_sim::history::{Call, CallId};
use rehearsal_sim::service::{Outcome, Sequential};
use rehearsal_sim::time::SimTime;

/// SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// What a history is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// How many operations.
    pub(crate) operations: u64,
    /// How many clients call them.
    pub(crate) clients: u32,
    /// How many values are written; 0 stands for another one each time.
    pub(crate) values: u64,
    /// Compare-and-sets among the operations of a register, in percent.
    pub(crate) cas: u64,
    /// Operations during which the client crashes, in a thousand: nobody knows whether they took
    /// effect, and they may do so at any time later.
    pub(crate) crashes: u64,
    /// Whether one reply near the end is wrong.
    pub(crate) is_broken: bool,
}

/// An object that answers at once.
pub(crate) trait Object: Default {
    type Model: Sequential;
    fn choose(&mut self, dice: &mut Dice, kind: &Kind, serial: u64, client: u32)
    -> Operation<Self>;
    fn take_effect(&mut self, operation: &Operation<Self>) -> Reply<Self>;
    /// A reply that this operation can not have got, if there is one for sure.
    fn wrong(operation: &Operation<Self>) -> Option<Reply<Self>>;
}

pub(crate) type Operation<O> = <<O as Object>::Model as Sequential>::Operation;
pub(crate) type Reply<O> = <<O as Object>::Model as Sequential>::Reply;
pub(crate) type Calls<O> = Vec<Call<Operation<O>, Reply<O>>>;

/// The span of an operation.
struct Span {
    effect: u64,
    client: u32,
    called: u64,
    ended: u64,
    crashes: bool,
}

fn spans(dice: &mut Dice, kind: &Kind) -> Vec<Span> {
    let mut free: BinaryHeap<_> =
        (0..kind.clients).map(|client| std::cmp::Reverse((dice.below(100), client))).collect();
    let mut next_client = kind.clients;
    let mut spans = Vec::new();
    for _ in 0..kind.operations {
        let std::cmp::Reverse((called, client)) = free.pop().expect("there are clients");
        let ended = called + 1 + dice.below(100);
        let crashes = dice.below(1000) < kind.crashes;
        let goes_on = if crashes { next_client } else { client };
        next_client += u32::from(crashes);
        free.push(std::cmp::Reverse((ended + 1 + dice.below(20), goes_on)));
        let effect = called + dice.below(ended - called + 1);
        spans.push(Span { effect, client, called, ended, crashes });
    }
    spans.sort_by_key(|span| span.effect);
    spans
}

/// A history of this kind.
pub(crate) fn generate<O: Object>(seed: u64, kind: &Kind) -> Calls<O> {
    let mut dice = Dice(seed);
    let mut object = O::default();
    let mut calls: Calls<O> = Vec::new();
    for (serial, span) in (1..).zip(spans(&mut dice, kind)) {
        let operation = object.choose(&mut dice, kind, serial, span.client);
        let happens = !span.crashes || dice.below(2) == 0;
        let reply = happens.then(|| object.take_effect(&operation));
        let outcome = match reply {
            Some(reply) if !span.crashes => Outcome::Ok(reply),
            _ => Outcome::Unknown,
        };
        calls.push(Call {
            id: CallId(0),
            client: span.client,
            operation,
            called: SimTime(span.called),
            ended: (!span.crashes).then_some(SimTime(span.ended)),
            outcome,
        });
    }
    calls.sort_by_key(|call| call.called);
    for (number, call) in (0..).zip(&mut calls) {
        call.id = CallId(number);
    }
    if kind.is_broken {
        spoil::<O>(&mut calls);
    }
    calls
}

/// Makes one of the last replies wrong.
fn spoil<O: Object>(calls: &mut Calls<O>) {
    let near_the_end = calls.len() * 9 / 10;
    for call in &mut calls[near_the_end..] {
        if let (Outcome::Ok(_), Some(wrong)) = (&call.outcome, O::wrong(&call.operation)) {
            call.outcome = Outcome::Ok(wrong);
            return;
        }
    }
    panic!("no reply near the end can be made wrong");
}

#[derive(Default)]
pub(crate) struct ARegister(Option<u64>);

impl Object for ARegister {
    type Model = Register;

    fn choose(&mut self, dice: &mut Dice, kind: &Kind, serial: u64, _: u32) -> RegisterOp {
        let value = if kind.values == 0 { serial } else { dice.below(kind.values) };
        let roll = dice.below(100);
        if roll < kind.cas {
            let from = match kind.values {
                0 if dice.below(2) == 0 => self.0,
                0 => Some(dice.below(serial)),
                values => Some(dice.below(values)),
            };
            RegisterOp::Cas { from, to: value }
        } else if roll < kind.cas + (100 - kind.cas) / 2 {
            RegisterOp::Read
        } else {
            RegisterOp::Write(value)
        }
    }

    fn take_effect(&mut self, operation: &RegisterOp) -> RegisterReply {
        let (after, reply) = Register::apply(&self.0, operation);
        self.0 = after;
        reply
    }

    /// Whoever wrote before can not be undone.
    fn wrong(operation: &RegisterOp) -> Option<RegisterReply> {
        (*operation == RegisterOp::Read).then_some(RegisterReply::Value(None))
    }
}

#[derive(Default)]
pub(crate) struct AQueue(VecDeque<u64>);

impl Object for AQueue {
    type Model = Queue;

    fn choose(&mut self, dice: &mut Dice, _: &Kind, serial: u64, _: u32) -> QueueOp {
        if dice.below(2) == 0 { QueueOp::Put(serial) } else { QueueOp::Take }
    }

    fn take_effect(&mut self, operation: &QueueOp) -> QueueReply {
        match *operation {
            QueueOp::Put(value) => {
                self.0.push_back(value);
                QueueReply::Done
            }
            QueueOp::Take => QueueReply::Took(self.0.pop_front()),
        }
    }

    /// Nobody put zero.
    fn wrong(operation: &QueueOp) -> Option<QueueReply> {
        (*operation == QueueOp::Take).then_some(QueueReply::Took(Some(0)))
    }
}

#[derive(Default)]
pub(crate) struct AStack(Vec<u64>);

impl Object for AStack {
    type Model = Stack;

    fn choose(&mut self, dice: &mut Dice, _: &Kind, serial: u64, _: u32) -> QueueOp {
        if dice.below(2) == 0 { QueueOp::Put(serial) } else { QueueOp::Take }
    }

    fn take_effect(&mut self, operation: &QueueOp) -> QueueReply {
        match *operation {
            QueueOp::Put(value) => {
                self.0.push(value);
                QueueReply::Done
            }
            QueueOp::Take => QueueReply::Took(self.0.pop()),
        }
    }

    fn wrong(operation: &QueueOp) -> Option<QueueReply> {
        AQueue::wrong(operation)
    }
}

#[derive(Default)]
pub(crate) struct ASet(BTreeSet<u64>);

impl Object for ASet {
    type Model = Set;

    fn choose(&mut self, dice: &mut Dice, _: &Kind, serial: u64, _: u32) -> SetOp {
        let some = dice.below(serial);
        match dice.below(3) {
            0 => SetOp::Add(serial),
            1 => SetOp::Remove(some),
            _ => SetOp::Contains(some),
        }
    }

    fn take_effect(&mut self, operation: &SetOp) -> SetReply {
        SetReply::Was(match operation {
            SetOp::Add(element) => self.0.insert(*element),
            SetOp::Remove(element) => self.0.remove(element),
            SetOp::Contains(element) => self.0.contains(element),
            SetOp::Put(_) | SetOp::Read => false,
        })
    }

    /// Each element is added once.
    fn wrong(operation: &SetOp) -> Option<SetReply> {
        matches!(operation, SetOp::Add(_)).then_some(SetReply::Was(false))
    }
}

#[derive(Default)]
pub(crate) struct ALock(Option<u64>);

impl Object for ALock {
    type Model = Lock;

    fn choose(&mut self, _: &mut Dice, _: &Kind, _: u64, client: u32) -> LockOp {
        match self.0 == Some(u64::from(client)) {
            true => LockOp::Release(u64::from(client)),
            false => LockOp::Acquire(u64::from(client)),
        }
    }

    fn take_effect(&mut self, operation: &LockOp) -> LockReply {
        let granted = match *operation {
            LockOp::Acquire(client) => self.0.is_none() && self.0.replace(client).is_none(),
            LockOp::Release(client) => self.0 == Some(client) && self.0.take().is_some(),
        };
        if granted { LockReply::Granted } else { LockReply::Refused }
    }

    /// Only holders release.
    fn wrong(operation: &LockOp) -> Option<LockReply> {
        matches!(operation, LockOp::Release(_)).then_some(LockReply::Refused)
    }
}
