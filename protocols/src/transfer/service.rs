//! The service: `send`, which ends when a file has been acknowledged whole.

use std::fmt;

use rehearsal_sim::service::{Ask, Operation, Sequential, Service};

/// The only operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Send {
    /// The file.
    pub file: u64,
    /// Whom it goes to: the key of the workload, taken modulo the number of receivers.
    pub to: u64,
}

impl fmt::Debug for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "send({}, to {})", self.file, self.to)
    }
}

impl Operation for Send {
    const KINDS: &'static [&'static str] = &["send"];
    fn kind(&self) -> usize {
        0
    }
    fn object(&self) -> u64 {
        self.file
    }
}

/// `send(file)` ends when every packet of the file has been acknowledged.
#[derive(Clone, Copy, Debug)]
pub enum SendService {}

impl Service for SendService {
    type Operation = Send;
    type Reply = ();
    type Model = SendModel;
    fn compose(ask: &Ask) -> Send {
        Send { file: ask.serial, to: ask.key }
    }
}

/// The sequential specification: there is no state, and nothing to be told. Whether files arrive is
/// judged by the invariant.
#[derive(Clone, Copy, Debug)]
pub enum SendModel {}

impl Sequential for SendModel {
    type Operation = Send;
    type Reply = ();
    type State = ();
    fn initial() {}
    fn apply((): &(), _: &Send) -> ((), ()) {
        ((), ())
    }
    fn is_read(_: &Send) -> bool {
        true
    }
}
