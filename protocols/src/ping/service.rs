//! The service: `echo`, which answers with the token it was given.

use std::fmt;

use rehearsal_sim::service::{Ask, Operation, Sequential, Service, Told};

/// The only operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Echo {
    /// What the answer must be.
    pub token: u64,
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "echo({})", self.token)
    }
}

impl Operation for Echo {
    const KINDS: &'static [&'static str] = &["echo"];
    fn kind(&self) -> usize {
        0
    }
    fn object(&self) -> u64 {
        self.token
    }
}

/// `echo(token)` is answered by `token`.
#[derive(Clone, Copy, Debug)]
pub enum EchoService {}

impl Service for EchoService {
    type Operation = Echo;
    type Reply = u64;
    type Model = EchoModel;
    fn compose(ask: &Ask) -> Echo {
        Echo { token: ask.serial }
    }
    fn tell(operation: &Echo, reply: Option<&u64>) -> Told {
        let value = *reply.unwrap_or(&operation.token);
        Told { f: "echo", key: None, value: value.into(), refused: None }
    }
}

/// The sequential specification: there is no state.
#[derive(Clone, Copy, Debug)]
pub enum EchoModel {}

impl Sequential for EchoModel {
    type Operation = Echo;
    type Reply = u64;
    type State = ();
    fn initial() {}
    fn apply((): &(), operation: &Echo) -> ((), u64) {
        ((), operation.token)
    }
    fn is_read(_: &Echo) -> bool {
        true
    }
}
