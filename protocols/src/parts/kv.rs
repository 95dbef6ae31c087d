//! A key-value store: the service, the sequential model that judges it, and the machine.
//!
//! Keys are numbers. A value is a *sequence of tokens*: `put` writes a sequence of one token,
//! `append` adds one at the end, and a key that nobody wrote holds the empty sequence. Workloads
//! give every write a token of its own, so a value shows its whole history of writes since the last
//! `put`, and a read that shows a lost, doubled or reordered write is known by sight:
//!
//! ```text
//!   put(k3, 17) -> ok     cas(k3, 17 -> 30) -> ok             get(k3) -> [30]
//!   append(k3, 41) -> ok  cas(k3, 30 -> 52) -> mismatch       get(k3) -> [30 41]
//! ```
//!
//! `cas` expects the whole value to be one token (or the key to be empty): what was appended to
//! matches no single token. So each reply of a `cas` names one state that it saw, or did not see,
//! which keeps histories cheap to judge.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rehearsal_sim::service::{Accepts, Ask, Said, Sequential, Service, Told};
use rehearsal_sim::simulation::Digest;

use crate::parts::digest;
use crate::parts::machine::Machine;

/// What an application may call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Reads a key; answered by [`Reply::Value`].
    Get {
        /// The key.
        key: u64,
    },
    /// Overwrites a key; answered by [`Reply::Done`].
    Put {
        /// The key.
        key: u64,
        /// The only token of its new value.
        token: u64,
    },
    /// Overwrites a key if its value is the expected token; answered by [`Reply::Done`] or
    /// [`Reply::Mismatch`].
    Cas {
        /// The key.
        key: u64,
        /// The only token of the value to replace; `None` expects the empty value.
        expected: Option<u64>,
        /// The only token of its new value.
        token: u64,
    },
    /// Adds a token at the end of a key's value; answered by [`Reply::Done`].
    Append {
        /// The key.
        key: u64,
        /// The token.
        token: u64,
    },
}

impl rehearsal_sim::service::Operation for Operation {
    const KINDS: &'static [&'static str] = &["get", "put", "cas", "append"];

    fn kind(&self) -> usize {
        match self {
            Operation::Get { .. } => 0,
            Operation::Put { .. } => 1,
            Operation::Cas { .. } => 2,
            Operation::Append { .. } => 3,
        }
    }

    /// Keys are independent of each other.
    fn object(&self) -> u64 {
        match *self {
            Operation::Get { key }
            | Operation::Put { key, .. }
            | Operation::Cas { key, .. }
            | Operation::Append { key, .. } => key,
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Get { key } => write!(f, "get(k{key})"),
            Operation::Put { key, token } => write!(f, "put(k{key}, {token})"),
            Operation::Cas { key, expected: Some(expected), token } => {
                write!(f, "cas(k{key}, {expected} -> {token})")
            }
            Operation::Cas { key, expected: None, token } => {
                write!(f, "cas(k{key}, empty -> {token})")
            }
            Operation::Append { key, token } => write!(f, "append(k{key}, {token})"),
        }
    }
}

/// A sequence of tokens. Copies share it; the empty one, which is the value of every key that
/// nobody wrote, needs no memory.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(Option<Arc<[u64]>>);

impl Value {
    /// The sequence of these tokens.
    #[must_use]
    pub fn of(tokens: &[u64]) -> Value {
        Value((!tokens.is_empty()).then(|| tokens.into()))
    }

    /// The tokens, oldest first.
    #[must_use]
    pub fn tokens(&self) -> &[u64] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The value a `cas` expects.
    fn expected(token: Option<u64>) -> Value {
        Value::of(token.as_slice())
    }

    fn with(&self, token: u64) -> Value {
        Value(Some(self.tokens().iter().copied().chain([token]).collect()))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.tokens().iter().map(u64::to_string).collect();
        write!(f, "[{}]", words.join(" "))
    }
}

/// What an application gets back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// What a `get` read.
    Value(Value),
    /// The write took effect.
    Done,
    /// The `cas` found another value and changed nothing.
    Mismatch,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Value(value) => write!(f, "{value:?}"),
            Reply::Done => f.write_str("ok"),
            Reply::Mismatch => f.write_str("mismatch"),
        }
    }
}

/// The service: [`Operation`]s, their [`Reply`]s, judged by [`KeyValueModel`].
#[derive(Clone, Copy, Debug)]
pub enum KeyValueService {}

impl Service for KeyValueService {
    type Operation = Operation;
    type Reply = Reply;
    type Model = KeyValueModel;

    /// Half of the `cas` operations expect the last acknowledged write and so have a fair chance;
    /// the others expect a token that was written recently, most likely to another key, and show
    /// that a mismatch really changes nothing.
    fn compose(ask: &Ask) -> Operation {
        let (key, token) = (ask.key, ask.serial);
        match ask.kind {
            0 => Operation::Get { key },
            1 => Operation::Put { key, token },
            2 if ask.draw.is_multiple_of(2) => {
                Operation::Cas { key, expected: ask.last_written, token }
            }
            2 => {
                let age = 1 + ask.draw / 2 % 16;
                Operation::Cas { key, expected: Some(token.saturating_sub(age)), token }
            }
            3 => Operation::Append { key, token },
            other => unreachable!("the key-value service has 4 kinds of operation, asked {other}"),
        }
    }

    const TOLD_AS: Option<&'static str> = Some("kv");

    /// As a register is told, key by key; a value of several tokens is a list of them.
    fn tell(operation: &Operation, reply: Option<&Reply>) -> Told {
        let told = |f, key, value: Said| Told { f, key: Some(key), value, refused: None };
        let told = match *operation {
            Operation::Get { key } => told("read", key, Said::Nothing),
            Operation::Put { key, token } => told("write", key, token.into()),
            Operation::Cas { key, expected, token } => {
                told("cas", key, Said::List(vec![expected.into(), token.into()]))
            }
            Operation::Append { key, token } => told("append", key, token.into()),
        };
        match reply {
            Some(Reply::Value(value)) => Told {
                value: match value.tokens() {
                    [] => Said::Nothing,
                    [only] => Said::Number(*only),
                    several => several.into(),
                },
                ..told
            },
            Some(Reply::Mismatch) => Told { refused: Some("mismatch"), ..told },
            Some(Reply::Done) | None => told,
        }
    }

    fn digest(reply: &Reply, digest: &mut Digest) {
        match reply {
            Reply::Value(value) => value.tokens().iter().for_each(|token| digest.word(*token)),
            Reply::Done => digest.word(1),
            Reply::Mismatch => digest.word(2),
        }
    }
}

/// The sequential specification of one key.
#[derive(Clone, Copy, Debug)]
pub enum KeyValueModel {}

impl Sequential for KeyValueModel {
    type Operation = Operation;
    type Reply = Reply;
    type State = Value;

    fn initial() -> Value {
        Value::default()
    }

    fn apply(state: &Value, operation: &Operation) -> (Value, Reply) {
        match *operation {
            Operation::Get { .. } => (state.clone(), Reply::Value(state.clone())),
            Operation::Put { token, .. } => (Value::of(&[token]), Reply::Done),
            Operation::Cas { expected, token, .. } => {
                if *state == Value::expected(expected) {
                    (Value::of(&[token]), Reply::Done)
                } else {
                    (state.clone(), Reply::Mismatch)
                }
            }
            Operation::Append { token, .. } => (state.with(token), Reply::Done),
        }
    }

    fn is_read(operation: &Operation) -> bool {
        matches!(operation, Operation::Get { .. })
    }

    fn is_blind_write(operation: &Operation) -> bool {
        matches!(operation, Operation::Put { .. })
    }

    fn is_always_legal(operation: &Operation) -> bool {
        matches!(operation, Operation::Put { .. } | Operation::Append { .. })
    }

    fn accepts(operation: &Operation, reply: &Reply) -> Accepts<Value> {
        match (*operation, reply) {
            (Operation::Get { .. }, Reply::Value(value)) => Accepts::In(value.clone()),
            (Operation::Cas { expected, .. }, Reply::Done) => {
                Accepts::In(Value::expected(expected))
            }
            (Operation::Cas { expected, .. }, Reply::Mismatch) => {
                Accepts::NotIn(Value::expected(expected))
            }
            // Always legal, or a reply that the operation never gives.
            (Operation::Put { .. } | Operation::Append { .. }, Reply::Done) => Accepts::Unknown,
            _ => Accepts::Nowhere,
        }
    }

    fn origins(operation: &Operation, after: &Value) -> Option<Vec<Value>> {
        Some(match (*operation, after.tokens()) {
            (Operation::Append { token, .. }, [before @ .., last]) if *last == token => {
                vec![Value::of(before)]
            }
            (Operation::Cas { expected, token, .. }, [only]) if *only == token => {
                vec![Value::expected(expected)]
            }
            _ => Vec::new(),
        })
    }

    fn swaps(operation: &Operation) -> Option<(Value, Value)> {
        match *operation {
            Operation::Cas { expected, token, .. } => {
                Some((Value::expected(expected), Value::of(&[token])))
            }
            _ => None,
        }
    }

    fn appends(operation: &Operation) -> Option<&[u64]> {
        match operation {
            Operation::Append { token, .. } => Some(std::slice::from_ref(token)),
            _ => None,
        }
    }

    fn sequence(state: &Value) -> Option<&[u64]> {
        Some(state.tokens())
    }
}

/// The machine: one [`Value`] per key, each treated as the model says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyValue {
    values: BTreeMap<u64, Value>,
}

impl Machine for KeyValue {
    type Service = KeyValueService;
    const RAFT: &'static str = "raft";
    const MULTI_PAXOS: &'static str = "multi-paxos";

    fn apply(&mut self, operation: &Operation) -> Reply {
        let key = rehearsal_sim::service::Operation::object(operation);
        let value = self.values.entry(key).or_default();
        let (next, reply) = KeyValueModel::apply(value, operation);
        *value = next;
        reply
    }

    /// Sixteen bytes a key and eight a token.
    fn snapshot_size(&self) -> u64 {
        self.values.values().map(|value| 16 + 8 * value.tokens().len() as u64).sum()
    }

    fn read(&self, operation: &Operation) -> Option<Reply> {
        let Operation::Get { key } = operation else { return None };
        Some(Reply::Value(self.values.get(key).cloned().unwrap_or_default()))
    }

    fn digest(operation: &Operation) -> u64 {
        match *operation {
            Operation::Get { key } => digest::of(&[0, key]),
            Operation::Put { key, token } => digest::of(&[1, key, token]),
            Operation::Cas { key, expected: None, token } => digest::of(&[2, key, token]),
            Operation::Cas { key, expected: Some(expected), token } => {
                digest::of(&[3, key, expected, token])
            }
            Operation::Append { key, token } => digest::of(&[4, key, token]),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rehearsal_sim::service::Operation as _;

    use super::*;

    /// Few keys and tokens, so that comparisons hit.
    fn operations() -> impl Strategy<Value = Operation> {
        (0..4_u8, 0..3_u64, 0..4_u64, proptest::option::of(0..4_u64)).prop_map(
            |(kind, key, token, expected)| match kind {
                0 => Operation::Get { key },
                1 => Operation::Put { key, token },
                2 => Operation::Cas { key, expected, token },
                _ => Operation::Append { key, token },
            },
        )
    }

    fn values() -> impl Strategy<Value = Value> {
        proptest::collection::vec(0..4_u64, 0..4).prop_map(|tokens| Value::of(&tokens))
    }

    proptest! {
        /// Each promise of the model is compared with its `apply`.
        #[test]
        fn the_model_keeps_its_promises(
            states in proptest::collection::vec(values(), 1..6),
            ops in proptest::collection::vec(operations(), 1..6),
        ) {
            rehearsal_sim::check::check_promises::<KeyValueModel>(&states, &ops);
        }

        /// The machine is the model, key by key.
        #[test]
        fn the_machine_is_one_model_per_key(
            ops in proptest::collection::vec(operations(), 0..40)
        ) {
            let mut machine = KeyValue::default();
            let mut states = BTreeMap::new();
            for op in ops {
                let state = states.entry(op.object()).or_insert_with(KeyValueModel::initial);
                let (next, reply) = KeyValueModel::apply(state, &op);
                *state = next;
                let read = machine.read(&op);
                prop_assert_eq!(read.is_some(), KeyValueModel::is_read(&op));
                prop_assert!(read.is_none_or(|read| read == reply));
                prop_assert_eq!(machine.apply(&op), reply);
            }
        }

        /// Observers tell operations apart by their digests.
        #[test]
        fn different_operations_have_different_digests(a in operations(), b in operations()) {
            prop_assert_eq!(a == b, KeyValue::digest(&a) == KeyValue::digest(&b));
        }
    }

    #[test]
    fn operations_and_replies_print_short() {
        let cas = |expected| Operation::Cas { key: 3, expected, token: 21 };
        let printed = [
            format!("{:?}", Operation::Get { key: 3 }),
            format!("{:?}", Operation::Put { key: 3, token: 17 }),
            format!("{:?} {:?}", cas(Some(17)), cas(None)),
            format!("{:?}", Operation::Append { key: 3, token: 18 }),
            format!("{:?} {:?}", Reply::Value(Value::of(&[3, 17])), Value::default()),
            format!("{:?} {:?}", Reply::Done, Reply::Mismatch),
        ];
        let expected = [
            "get(k3)",
            "put(k3, 17)",
            "cas(k3, 17 -> 21) cas(k3, empty -> 21)",
            "append(k3, 18)",
            "[3 17] []",
            "ok mismatch",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn composed_operations_write_their_serial_and_have_the_kind_asked_for() {
        for kind in 0..Operation::KINDS.len() {
            for draw in 0..8 {
                let ask = Ask { kind, key: 5, serial: 9, last_written: Some(4), draw };
                let operation = KeyValueService::compose(&ask);
                assert_eq!((operation.kind(), operation.object()), (kind, 5));
                match operation {
                    Operation::Get { .. } => {}
                    Operation::Put { token, .. } | Operation::Append { token, .. } => {
                        assert_eq!(token, 9);
                    }
                    Operation::Cas { expected, token, .. } => {
                        assert_eq!(token, 9);
                        assert_ne!(expected, Some(9), "nobody can expect what is not written yet");
                        assert!(draw % 2 == 1 || expected == Some(4));
                    }
                }
            }
        }
    }
}
