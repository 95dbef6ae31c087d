//! The bytes that a pending event takes, from the resident set of processes of their own.
//!
//! Two processes run the same nodes, one with little and one with much pending on each. What the
//! other has more, divided by the events more, is what an event takes with all that the engine keeps
//! about it.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use rehearsal::prelude::*;

use crate::cast::{Alarms, Parcel, Parts, Pipe};
use crate::workloads::plan;

/// What is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    Messages,
    Timers,
}

const NODES: u32 = 100_000;
/// Events pending on each node, where there are many.
const MANY: u32 = 10;
/// Events pending in all, where there are many.
pub(crate) const MOST: u32 = NODES * MANY;

impl Pending {
    pub(crate) const ALL: [Pending; 2] = [Pending::Messages, Pending::Timers];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Pending::Messages => "messages",
            Pending::Timers => "timers",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Pending> {
        Pending::ALL.into_iter().find(|pending| pending.name() == name)
    }

    /// The bytes of a pending event beyond the message itself, or why they can not be told.
    pub(crate) fn bytes(self) -> Result<f64, String> {
        let (few, message) = match self {
            // The link of a message stays when the message is gone: it is there on both sides.
            Pending::Messages => (1, size_of::<Parcel>()),
            // What a node keeps about a timer goes with the timer.
            Pending::Timers => (0, 0),
        };
        let more = self.ask(MANY)? as f64 - self.ask(few)? as f64;
        Ok(more / f64::from(NODES * (MANY - few)) - message as f64)
    }

    /// Asks another process for its resident bytes.
    fn ask(self, depth: u32) -> Result<u64, String> {
        let itself = std::env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new(itself)
            .args(["--bench", "--resident", self.name(), &depth.to_string()])
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        match said.trim().parse() {
            Ok(bytes) if bytes > 0 => Ok(bytes),
            _ => Err("memory is left out: only Linux tells what a process takes".to_owned()),
        }
    }

    /// The other side: the most resident bytes of a run with so much under way on each node.
    pub(crate) fn resident(self, depth: u32) -> u64 {
        let entry = match self {
            Pending::Messages => Entry::of::<Pipe>(),
            Pending::Timers => Entry::of::<Alarms>(),
        };
        let plan = plan(NODES, Parts { active: NODES, depth }, Span::millis(6));
        let watch = Watch { progress: Some(|_| note_resident()), ..Watch::QUIET };
        let head = (entry.run)(&plan, 1, &watch).head;
        assert!(head.violations.is_empty(), "the run broke off: {:?}", head.violations);
        MOST_RESIDENT.load(Ordering::Relaxed)
    }
}

static MOST_RESIDENT: AtomicU64 = AtomicU64::new(0);

/// Takes the present resident set into account.
pub(crate) fn note_resident() {
    MOST_RESIDENT.fetch_max(resident().unwrap_or(0), Ordering::Relaxed);
}

/// The resident bytes of this process, where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
