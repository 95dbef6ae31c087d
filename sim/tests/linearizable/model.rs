//! A register that is read, overwritten, compared-and-set and appended to, as three models that
//! differ only in what they promise.

use rehearsal_sim::history::{Call, CallId, History};
use rehearsal_sim::service::{Accepts, Ask, Operation, Outcome, Sequential, Service};
use rehearsal_sim::time::SimTime;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Do {
    Get,
    Put(u64),
    Append(u64),
    Cas(u64, u64),
}

/// An operation on one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Op(pub(crate) u64, pub(crate) Do);

pub(crate) type Value = Option<Vec<u64>>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reply {
    Is(Value),
    Done,
    Swapped(bool),
}

impl Operation for Op {
    const KINDS: &'static [&'static str] = &["get", "put", "append", "cas"];
    fn kind(&self) -> usize {
        match self.1 {
            Do::Get => 0,
            Do::Put(_) => 1,
            Do::Append(_) => 2,
            Do::Cas(..) => 3,
        }
    }
    fn object(&self) -> u64 {
        self.0
    }
}

pub(crate) fn apply(state: &Value, operation: Do) -> (Value, Reply) {
    match operation {
        Do::Get => (state.clone(), Reply::Is(state.clone())),
        Do::Put(value) => (Some(vec![value]), Reply::Done),
        Do::Append(value) => {
            let mut list = state.clone().unwrap_or_default();
            list.push(value);
            (Some(list), Reply::Done)
        }
        Do::Cas(from, to) if *state == Some(vec![from]) => (Some(vec![to]), Reply::Swapped(true)),
        Do::Cas(..) => (state.clone(), Reply::Swapped(false)),
    }
}

/// Makes every promise there is.
#[derive(Debug)]
pub(crate) struct Full;

/// Does not say which states matter.
#[derive(Debug)]
pub(crate) struct Plain;

/// Promises nothing.
#[derive(Debug)]
pub(crate) struct Bare;

impl Sequential for Full {
    type Operation = Op;
    type Reply = Reply;
    type State = Value;
    fn initial() -> Value {
        None
    }
    fn apply(state: &Value, operation: &Op) -> (Value, Reply) {
        apply(state, operation.1)
    }
    fn is_read(operation: &Op) -> bool {
        matches!(operation.1, Do::Get)
    }
    fn is_blind_write(operation: &Op) -> bool {
        matches!(operation.1, Do::Put(_))
    }
    fn is_always_legal(operation: &Op) -> bool {
        matches!(operation.1, Do::Put(_) | Do::Append(_))
    }
    fn accepts(operation: &Op, reply: &Reply) -> Accepts<Value> {
        match (operation.1, reply) {
            (Do::Get, Reply::Is(value)) => Accepts::In(value.clone()),
            (Do::Cas(from, _), Reply::Swapped(true)) => Accepts::In(Some(vec![from])),
            (Do::Cas(from, _), Reply::Swapped(false)) => Accepts::NotIn(Some(vec![from])),
            _ => Accepts::Nowhere,
        }
    }
    fn origins(operation: &Op, after: &Value) -> Option<Vec<Value>> {
        let list = after.as_deref().unwrap_or_default();
        Some(match operation.1 {
            Do::Append(value) if list == [value] => vec![None, Some(Vec::new())],
            Do::Append(value) if list.last() == Some(&value) => {
                vec![Some(list[..list.len() - 1].to_vec())]
            }
            Do::Cas(from, to) if list == [to] => vec![Some(vec![from])],
            _ => Vec::new(),
        })
    }
}

impl Sequential for Plain {
    type Operation = Op;
    type Reply = Reply;
    type State = Value;
    fn initial() -> Value {
        None
    }
    fn apply(state: &Value, operation: &Op) -> (Value, Reply) {
        apply(state, operation.1)
    }
    fn is_read(operation: &Op) -> bool {
        Full::is_read(operation)
    }
    fn is_blind_write(operation: &Op) -> bool {
        Full::is_blind_write(operation)
    }
    fn is_always_legal(operation: &Op) -> bool {
        Full::is_always_legal(operation)
    }
}

impl Sequential for Bare {
    type Operation = Op;
    type Reply = Reply;
    type State = Value;
    fn initial() -> Value {
        None
    }
    fn apply(state: &Value, operation: &Op) -> (Value, Reply) {
        apply(state, operation.1)
    }
}

/// Makes every promise there is, and says which operations swap and append.
///
/// An empty sequence that was written is not told from one that was never written; no operation
/// writes one.
#[derive(Debug)]
pub(crate) struct Seq;

impl Sequential for Seq {
    type Operation = Op;
    type Reply = Reply;
    type State = Vec<u64>;
    fn initial() -> Vec<u64> {
        Vec::new()
    }
    fn apply(state: &Vec<u64>, operation: &Op) -> (Vec<u64>, Reply) {
        let value = (!state.is_empty()).then(|| state.clone());
        let (after, reply) = apply(&value, operation.1);
        (after.unwrap_or_default(), reply)
    }
    fn is_read(operation: &Op) -> bool {
        Full::is_read(operation)
    }
    fn is_blind_write(operation: &Op) -> bool {
        Full::is_blind_write(operation)
    }
    fn is_always_legal(operation: &Op) -> bool {
        Full::is_always_legal(operation)
    }
    fn accepts(operation: &Op, reply: &Reply) -> Accepts<Vec<u64>> {
        match (operation.1, reply) {
            (Do::Get, Reply::Is(Some(value))) if value.is_empty() => Accepts::Nowhere,
            (Do::Get, Reply::Is(value)) => Accepts::In(value.clone().unwrap_or_default()),
            (Do::Cas(from, _), Reply::Swapped(true)) => Accepts::In(vec![from]),
            (Do::Cas(from, _), Reply::Swapped(false)) => Accepts::NotIn(vec![from]),
            _ => Accepts::Nowhere,
        }
    }
    fn swaps(operation: &Op) -> Option<(Vec<u64>, Vec<u64>)> {
        match operation.1 {
            Do::Cas(from, to) => Some((vec![from], vec![to])),
            _ => None,
        }
    }
    fn appends(operation: &Op) -> Option<&[u64]> {
        match &operation.1 {
            Do::Append(value) => Some(std::slice::from_ref(value)),
            _ => None,
        }
    }
    fn sequence(state: &Vec<u64>) -> Option<&[u64]> {
        Some(state)
    }
}

impl Service for Full {
    type Operation = Op;
    type Reply = Reply;
    type Model = Full;
    fn compose(ask: &Ask) -> Op {
        Op(
            ask.key,
            match ask.kind {
                0 => Do::Get,
                1 => Do::Put(ask.serial),
                2 => Do::Append(ask.serial),
                _ => Do::Cas(ask.last_written.unwrap_or(0), ask.serial),
            },
        )
    }
}

pub(crate) type Log = History<Op, Reply>;

/// Adds a call on key 17.
pub(crate) fn note(
    log: &mut Log,
    client: u32,
    operation: Do,
    span: (u64, impl Into<Option<u64>>),
    outcome: impl Into<Outcome<Reply>>,
) {
    log.calls.push(Call {
        id: CallId(log.calls.len() as u64),
        client,
        operation: Op(17, operation),
        called: SimTime(span.0),
        ended: span.1.into().map(SimTime),
        outcome: outcome.into(),
    });
}

/// Puts the calls into the order of their times and numbers them.
pub(crate) fn settle(log: &mut Log) {
    log.calls.sort_by_key(|call| call.called);
    for (id, call) in log.calls.iter_mut().enumerate() {
        call.id = CallId(id as u64);
    }
}

pub(crate) fn is(values: &[u64]) -> Reply {
    Reply::Is(Some(values.to_vec()))
}

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
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = usize::try_from(self.below(i as u64 + 1)).unwrap();
            items.swap(i, j);
        }
    }
}
