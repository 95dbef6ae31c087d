//! What is expected of a register: its sequential model, an invariant, and a bug that both catch.

use std::collections::BTreeSet;

use rehearsal::prelude::*;

use crate::Event;

/// What an application may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Access {
    Read,
    Write(u64),
}

impl Operation for Access {
    const KINDS: &'static [&'static str] = &["read", "write"];
    fn kind(&self) -> usize {
        usize::from(*self != Access::Read)
    }
    fn object(&self) -> u64 {
        0 // there is one register
    }
}

/// A read is answered by the value, a write by nothing.
#[derive(Clone, Copy, Debug)]
pub enum RegisterService {}

impl Service for RegisterService {
    type Operation = Access;
    type Reply = Option<u64>;
    type Model = RegisterService;
    fn compose(ask: &Ask) -> Access {
        if ask.kind == 0 { Access::Read } else { Access::Write(ask.serial) }
    }
}

impl Sequential for RegisterService {
    type Operation = Access;
    type Reply = Option<u64>;
    type State = u64;
    fn initial() -> u64 {
        0
    }
    fn apply(state: &u64, operation: &Access) -> (u64, Option<u64>) {
        match operation {
            Access::Read => (*state, Some(*state)),
            Access::Write(value) => (*value, None),
        }
    }
    fn is_read(operation: &Access) -> bool {
        *operation == Access::Read
    }
    fn is_blind_write(operation: &Access) -> bool {
        *operation != Access::Read
    }
    fn accepts(_: &Access, reply: &Option<u64>) -> Accepts<u64> {
        reply.map_or(Accepts::Nowhere, Accepts::In)
    }
}

pub(crate) const WRITTEN_ONCE: Invariant<Event> = Invariant {
    name: "written_once",
    sentence: "a write is done once, however often it is asked for",
    citation: "at-most-once calls: Birrell and Nelson, Implementing Remote Procedure Calls, 1984",
    new: |cluster| Box::new(WrittenOnce { cluster: cluster.clone(), written: BTreeSet::new() }),
};

struct WrittenOnce {
    cluster: Cluster,
    written: BTreeSet<(NodeId, u64)>,
}

impl Monitor<Event> for WrittenOnce {
    fn read(&mut self, note: &Note<'_, Event>) -> Result<(), Breach> {
        let Event::Written { client, number } = *note.event;
        if self.written.insert((client, number)) {
            return Ok(());
        }
        let (server, client) = (self.cluster.name(note.node), self.cluster.name(client));
        let message = format!("{server} did write {number} of {client} again");
        Err(Breach { message, nodes: vec![note.node] })
    }
}

/// One wrong decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A server does not look whether it did a write before.
    WritesAgain,
}

impl PlantedBug for Bug {
    const ALL: &'static [Bug] = &[Bug::WritesAgain];
    fn info(self) -> BugInfo {
        match self {
            Bug::WritesAgain => BugInfo {
                slug: "writes-again",
                id: None,
                sentence: "a server does a write as often as it is asked to",
                source: "retries over a server that keeps no sessions",
                property: "written_once",
                hunt: None,
            },
        }
    }
}
