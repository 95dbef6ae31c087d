//! The service: a set, judged element by element.

use std::fmt;

use rehearsal_sim::service::{self, Accepts, Ask, Sequential, Service};
use rehearsal_sim::simulation::Digest;

/// What an application may call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// The element.
    pub element: u64,
    /// What is done with it.
    pub act: Act,
}

/// What may be done with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// From now on it is in the set.
    Add,
    /// From now on it is not.
    Remove,
    /// Asks whether it is.
    Contains,
}

impl service::Operation for Operation {
    const KINDS: &'static [&'static str] = &["add", "remove", "contains"];
    fn kind(&self) -> usize {
        self.act as usize
    }
    fn object(&self) -> u64 {
        self.element
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}({})",
            <Operation as service::Operation>::KINDS[self.act as usize],
            self.element
        )
    }
}

/// What an application gets back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// It is so from now on.
    Done,
    /// Whether the element is in the set.
    Has(bool),
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Done => f.write_str("ok"),
            Reply::Has(has) => write!(f, "{has}"),
        }
    }
}

/// The service: [`Operation`]s, their [`Reply`]s, judged by [`ElementModel`].
#[derive(Clone, Copy, Debug)]
pub enum SetService {}

impl Service for SetService {
    type Operation = Operation;
    type Reply = Reply;
    type Model = ElementModel;

    fn compose(ask: &Ask) -> Operation {
        let act = [Act::Add, Act::Remove, Act::Contains][ask.kind];
        Operation { element: ask.key, act }
    }

    fn digest(reply: &Reply, digest: &mut Digest) {
        digest.word(match reply {
            Reply::Done => 2,
            Reply::Has(has) => u64::from(*has),
        });
    }
}

/// The sequential specification of one element: it is in the set, or it is not. Nobody is told whether
/// an `add` or a `remove` changed anything, for the protocol does not find out.
#[derive(Clone, Copy, Debug)]
pub enum ElementModel {}

impl Sequential for ElementModel {
    type Operation = Operation;
    type Reply = Reply;
    type State = bool;

    fn initial() -> bool {
        false
    }
    fn apply(state: &bool, operation: &Operation) -> (bool, Reply) {
        match operation.act {
            Act::Add => (true, Reply::Done),
            Act::Remove => (false, Reply::Done),
            Act::Contains => (*state, Reply::Has(*state)),
        }
    }
    fn is_read(operation: &Operation) -> bool {
        operation.act == Act::Contains
    }
    fn is_blind_write(operation: &Operation) -> bool {
        operation.act != Act::Contains
    }
    fn accepts(operation: &Operation, reply: &Reply) -> Accepts<bool> {
        match (operation.act, reply) {
            (Act::Contains, Reply::Has(has)) => Accepts::In(*has),
            _ => Accepts::Unknown,
        }
    }
}
