//! A log service: the service, the sequential model that judges it, and the machine.
//!
//! Each key is a log of its own. `append` adds a token at the end and is told its index; `read` is told
//! the index and the token of the last entry. Whoever appends learns where, so a lost, doubled or
//! reordered entry is known by sight: two appends with one index, or an index left out.
//!
//! ```text
//!   append(k3, 17) -> 1      append(k3, 41) -> 2      read(k3) -> 41 at 2      read(k4) -> empty
//! ```

use std::collections::BTreeMap;
use std::fmt;

use rehearsal_sim::service::{self, Accepts, Ask, Said, Sequential, Service, Told};
use rehearsal_sim::simulation::Digest;

use crate::parts::digest;
use crate::parts::machine::Machine;

/// What an application may call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Adds an entry; answered by [`Reply::Index`].
    Append {
        /// The log.
        key: u64,
        /// The entry.
        token: u64,
    },
    /// Reads the last entry; answered by [`Reply::Last`].
    Read {
        /// The log.
        key: u64,
    },
}

impl service::Operation for Operation {
    const KINDS: &'static [&'static str] = &["append", "read"];

    fn kind(&self) -> usize {
        usize::from(matches!(self, Operation::Read { .. }))
    }

    fn object(&self) -> u64 {
        let (Operation::Append { key, .. } | Operation::Read { key }) = *self;
        key
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Append { key, token } => write!(f, "append(k{key}, {token})"),
            Operation::Read { key } => write!(f, "read(k{key})"),
        }
    }
}

/// What an application gets back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// The entry has this index, from 1.
    Index(u64),
    /// The last entry's index and token; nothing of an empty log.
    Last(Option<(u64, u64)>),
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Index(index) => write!(f, "{index}"),
            Reply::Last(Some((index, token))) => write!(f, "{token} at {index}"),
            Reply::Last(None) => f.write_str("empty"),
        }
    }
}

/// The service: [`Operation`]s, their [`Reply`]s, judged by [`AppendLogModel`].
#[derive(Clone, Copy, Debug)]
pub enum AppendLogService {}

impl Service for AppendLogService {
    type Operation = Operation;
    type Reply = Reply;
    type Model = AppendLogModel;
    const STARTS_CLOSED: bool = true;

    fn compose(ask: &Ask) -> Operation {
        match ask.kind {
            0 => Operation::Append { key: ask.key, token: ask.serial },
            _ => Operation::Read { key: ask.key },
        }
    }

    fn tell(operation: &Operation, reply: Option<&Reply>) -> Told {
        let pair = |index: u64, token: u64| Said::List(vec![index.into(), token.into()]);
        let (f, key, value) = match *operation {
            Operation::Append { key, token } => ("append", key, token.into()),
            Operation::Read { key } => ("read", key, Said::Nothing),
        };
        let value = match (reply, *operation) {
            (Some(Reply::Index(index)), Operation::Append { token, .. }) => pair(*index, token),
            (Some(Reply::Last(Some((index, token)))), _) => pair(*index, *token),
            _ => value,
        };
        Told { f, key: Some(key), value, refused: None }
    }

    fn digest(reply: &Reply, digest: &mut Digest) {
        match *reply {
            Reply::Index(index) => digest.word(index),
            Reply::Last(last) => {
                let (index, token) = last.unwrap_or_default();
                digest.word(index);
                digest.word(token);
            }
        }
    }
}

/// The sequential specification of one log. What lies before the last entry can not be read any more, so
/// its state is the last entry alone.
#[derive(Clone, Copy, Debug)]
pub enum AppendLogModel {}

impl Sequential for AppendLogModel {
    type Operation = Operation;
    type Reply = Reply;
    type State = Option<(u64, u64)>;

    fn initial() -> Option<(u64, u64)> {
        None
    }

    fn apply(last: &Option<(u64, u64)>, operation: &Operation) -> (Option<(u64, u64)>, Reply) {
        match *operation {
            Operation::Append { token, .. } => {
                let index = last.map_or(0, |(index, _)| index).saturating_add(1);
                (Some((index, token)), Reply::Index(index))
            }
            Operation::Read { .. } => (*last, Reply::Last(*last)),
        }
    }

    fn is_read(operation: &Operation) -> bool {
        matches!(operation, Operation::Read { .. })
    }

    fn accepts(operation: &Operation, reply: &Reply) -> Accepts<Option<(u64, u64)>> {
        match (operation, reply) {
            (Operation::Read { .. }, Reply::Last(last)) => Accepts::In(*last),
            (Operation::Append { .. }, Reply::Index(_)) => Accepts::Unknown,
            _ => Accepts::Nowhere,
        }
    }
}

/// The machine: the entries of each log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AppendLog {
    logs: BTreeMap<u64, Vec<u64>>,
}

impl Machine for AppendLog {
    type Service = AppendLogService;
    const RAFT: &'static str = "raft-log";
    const MULTI_PAXOS: &'static str = "multi-paxos-log";

    fn apply(&mut self, operation: &Operation) -> Reply {
        match *operation {
            Operation::Append { key, token } => {
                let log = self.logs.entry(key).or_default();
                log.push(token);
                Reply::Index(log.len() as u64)
            }
            Operation::Read { .. } => self.read(operation).unwrap_or(Reply::Last(None)),
        }
    }

    fn read(&self, operation: &Operation) -> Option<Reply> {
        let Operation::Read { key } = operation else { return None };
        let log = self.logs.get(key);
        Some(Reply::Last(log.and_then(|log| Some((log.len() as u64, *log.last()?)))))
    }

    fn digest(operation: &Operation) -> u64 {
        match *operation {
            Operation::Append { key, token } => digest::of(&[0, key, token]),
            Operation::Read { key } => digest::of(&[1, key]),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rehearsal_sim::service::Operation as _;

    use super::*;

    fn operations() -> impl Strategy<Value = Operation> {
        (any::<bool>(), 0..3_u64, 0..4_u64).prop_map(|(reads, key, token)| match reads {
            true => Operation::Read { key },
            false => Operation::Append { key, token },
        })
    }

    proptest! {
        /// Each promise of the model is compared with its `apply`.
        #[test]
        fn the_model_keeps_its_promises(
            states in proptest::collection::vec(proptest::option::of((1..4_u64, 0..4_u64)), 1..6),
            ops in proptest::collection::vec(operations(), 1..6),
        ) {
            rehearsal_sim::check::check_promises::<AppendLogModel>(&states, &ops);
        }

        /// The machine is the model, log by log.
        #[test]
        fn the_machine_is_one_model_per_log(
            ops in proptest::collection::vec(operations(), 0..40)
        ) {
            let mut machine = AppendLog::default();
            let mut states = BTreeMap::new();
            for op in ops {
                let state = states.entry(op.object()).or_insert_with(AppendLogModel::initial);
                let (next, reply) = AppendLogModel::apply(state, &op);
                *state = next;
                let read = machine.read(&op);
                prop_assert_eq!(read.is_some(), AppendLogModel::is_read(&op));
                prop_assert!(read.is_none_or(|read| read == reply));
                prop_assert_eq!(machine.apply(&op), reply);
            }
        }

        /// Observers tell operations apart by their digests.
        #[test]
        fn different_operations_have_different_digests(a in operations(), b in operations()) {
            prop_assert_eq!(a == b, AppendLog::digest(&a) == AppendLog::digest(&b));
        }
    }

    #[test]
    fn operations_and_replies_print_short() {
        let printed = [
            format!("{:?}", Operation::Append { key: 3, token: 17 }),
            format!("{:?}", Operation::Read { key: 3 }),
            format!("{:?} {:?}", Reply::Index(2), Reply::Last(Some((2, 41)))),
            format!("{:?}", Reply::Last(None)),
        ];
        assert_eq!(printed, ["append(k3, 17)", "read(k3)", "2 41 at 2", "empty"]);
    }
}
