//! What applications may call: the time.

use std::fmt;

use rehearsal_sim::service::{Ask, Operation, Said, Sequential, Service, Told};
use rehearsal_sim::time::LocalTime;

/// The only operation: what time is it?
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Read {
    /// Which question this is; each is an object of its own.
    serial: u64,
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("now()")
    }
}

impl Operation for Read {
    const KINDS: &'static [&'static str] = &["now"];
    fn kind(&self) -> usize {
        0
    }
    fn object(&self) -> u64 {
        self.serial
    }
}

/// The answer, in nanoseconds since 1970. Any time is a legal one: how good it is the invariant
/// judges, which sees the true time. So all of them are equal to the model.
#[derive(Clone, Copy)]
pub struct Now(u64);

impl Now {
    /// The time of a wall clock and what to add to it.
    pub(super) fn at(wall: LocalTime, offset: i64) -> Now {
        Now(wall.0.saturating_add_signed(offset))
    }

    /// Nanoseconds since 1970.
    pub fn nanos(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}
impl PartialEq for Now {
    fn eq(&self, _: &Now) -> bool {
        true
    }
}
impl Eq for Now {}
impl PartialOrd for Now {
    fn partial_cmp(&self, other: &Now) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Now {
    fn cmp(&self, _: &Now) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}
impl std::hash::Hash for Now {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// Reads the time.
#[derive(Clone, Copy, Debug)]
pub enum Clock {}

impl Service for Clock {
    type Operation = Read;
    type Reply = Now;
    type Model = ClockModel;
    fn compose(ask: &Ask) -> Read {
        Read { serial: ask.serial }
    }
    fn tell(_: &Read, reply: Option<&Now>) -> Told {
        let value = reply.map_or(Said::Nothing, |now| now.nanos().into());
        Told { f: "read", key: None, value, refused: None }
    }
    fn digest(reply: &Now, digest: &mut rehearsal_sim::simulation::Digest) {
        digest.word(reply.0);
    }
}

/// The sequential specification: there is no state.
#[derive(Clone, Copy, Debug)]
pub enum ClockModel {}

impl Sequential for ClockModel {
    type Operation = Read;
    type Reply = Now;
    type State = ();
    fn initial() {}
    fn apply((): &(), _: &Read) -> ((), Now) {
        ((), Now(0))
    }
    fn is_read(_: &Read) -> bool {
        true
    }
}
