//! The service: a register that is written once, for each key.

use std::fmt;

use rehearsal_sim::service::{self, Accepts, Ask, Said, Sequential, Service, Told};
use rehearsal_sim::simulation::Digest;

/// What an application may call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Asks for a value, and is told what was chosen; answered by [`Reply::Chosen`].
    Propose {
        /// The decision.
        key: u64,
        /// The value.
        value: u64,
    },
    /// Asks what was chosen; answered by [`Reply::Chosen`] or [`Reply::Nothing`].
    Read {
        /// The decision.
        key: u64,
    },
}

impl Operation {
    /// The decision that it is about.
    pub(crate) fn key(self) -> u64 {
        let (Operation::Propose { key, .. } | Operation::Read { key }) = self;
        key
    }
}

impl service::Operation for Operation {
    const KINDS: &'static [&'static str] = &["propose", "read"];
    fn kind(&self) -> usize {
        usize::from(matches!(self, Operation::Read { .. }))
    }
    fn object(&self) -> u64 {
        self.key()
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Propose { key, value } => write!(f, "propose(k{key}, {value})"),
            Operation::Read { key } => write!(f, "read(k{key})"),
        }
    }
}

/// What an application gets back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// This value was chosen.
    Chosen(u64),
    /// Nothing was chosen when it was asked.
    Nothing,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Chosen(value) => write!(f, "{value}"),
            Reply::Nothing => f.write_str("nothing"),
        }
    }
}

/// The service: a register that is written once.
#[derive(Clone, Copy, Debug)]
pub enum Register {}

impl Service for Register {
    type Operation = Operation;
    type Reply = Reply;
    type Model = RegisterModel;

    fn compose(ask: &Ask) -> Operation {
        match ask.kind {
            0 => Operation::Propose { key: ask.key, value: ask.serial },
            _ => Operation::Read { key: ask.key },
        }
    }

    fn tell(operation: &Operation, reply: Option<&Reply>) -> Told {
        let value = match (reply, operation) {
            (Some(Reply::Chosen(value)), _) | (None, Operation::Propose { value, .. }) => {
                (*value).into()
            }
            (Some(Reply::Nothing), _) | (None, Operation::Read { .. }) => Said::Nothing,
        };
        let f = <Operation as service::Operation>::KINDS[service::Operation::kind(operation)];
        Told { f, key: Some(operation.key()), value, refused: None }
    }

    fn digest(reply: &Reply, digest: &mut Digest) {
        digest.word(match reply {
            Reply::Chosen(value) => *value,
            Reply::Nothing => u64::MAX,
        });
    }
}

/// The first value that is proposed is chosen, and stays.
#[derive(Clone, Copy, Debug)]
pub enum RegisterModel {}

impl Sequential for RegisterModel {
    type Operation = Operation;
    type Reply = Reply;
    type State = Option<u64>;

    fn initial() -> Option<u64> {
        None
    }

    fn apply(state: &Option<u64>, operation: &Operation) -> (Option<u64>, Reply) {
        match (*state, operation) {
            (Some(chosen), _) => (Some(chosen), Reply::Chosen(chosen)),
            (None, Operation::Propose { value, .. }) => (Some(*value), Reply::Chosen(*value)),
            (None, Operation::Read { .. }) => (None, Reply::Nothing),
        }
    }

    fn is_read(operation: &Operation) -> bool {
        matches!(operation, Operation::Read { .. })
    }

    fn accepts(operation: &Operation, reply: &Reply) -> Accepts<Option<u64>> {
        match (operation, reply) {
            // Nothing was chosen, or this very value.
            (Operation::Propose { value, .. }, Reply::Chosen(chosen)) if value == chosen => {
                Accepts::Unknown
            }
            (_, Reply::Chosen(chosen)) => Accepts::In(Some(*chosen)),
            (Operation::Read { .. }, Reply::Nothing) => Accepts::In(None),
            (Operation::Propose { .. }, Reply::Nothing) => Accepts::Nowhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Each promise of the model is compared with its `apply`.
        #[test]
        fn the_model_keeps_its_promises(
            states in proptest::collection::vec(proptest::option::of(0..4_u64), 1..6),
            ops in proptest::collection::vec((any::<bool>(), 0..4_u64), 1..6),
        ) {
            let of = |(reads, value)| match reads {
                true => Operation::Read { key: 1 },
                false => Operation::Propose { key: 1, value },
            };
            let ops: Vec<Operation> = ops.into_iter().map(of).collect();
            rehearsal_sim::check::check_promises::<RegisterModel>(&states, &ops);
        }
    }

    #[test]
    fn the_first_value_stays() {
        let propose = |value| Operation::Propose { key: 1, value };
        let (state, reply) = RegisterModel::apply(&None, &propose(7));
        assert_eq!((state, reply), (Some(7), Reply::Chosen(7)));
        assert_eq!(RegisterModel::apply(&state, &propose(8)), (Some(7), Reply::Chosen(7)));
        assert_eq!(
            RegisterModel::apply(&None, &Operation::Read { key: 1 }),
            (None, Reply::Nothing)
        );
    }
}
