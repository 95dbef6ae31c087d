//! One day, as a scenario file.

use std::fmt::{self, Write as _};
use std::sync::Arc;

/// One drawn day. Its `Display` is the scenario file, and so is its `Debug`, so that whatever fails
/// can be run, shared and kept.
#[derive(Clone)]
pub struct Day {
    pub(super) frame: Arc<Frame>,
    /// How many nodes there are of each role that was to be drawn, by its name in `[cluster]`.
    pub roles: Vec<(String, u32)>,
    /// The network.
    pub network: Network,
    /// How long a sync of a disk takes.
    pub sync_latency: Latency,
    /// What applications ask for.
    pub workload: Workload,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The seed of the run: what the scenario leaves open.
    pub seed: u64,
}

/// What all days of a test have in common.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) protocol: String,
    /// The first role's nodes are hit by faults on nodes; their number where it is not drawn.
    pub(super) hit: u32,
    /// Which of the drawn roles is the first of the protocol.
    pub(super) first_role: Option<usize>,
    /// Faults begin before this, in milliseconds, and as long again there is to recover.
    pub(super) half_ms: u64,
    pub(super) bug: Option<String>,
    /// Tables of the test's own.
    pub(super) tables: String,
    pub(super) expectations: Vec<String>,
}

/// What the network does to every message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// How long a message takes.
    pub latency: Latency,
    /// So many of a hundred copies are lost; below 100.
    pub loss: u32,
    /// So many of a hundred messages arrive twice; below 100.
    pub duplicate: u32,
    /// Whether messages of a link keep their order.
    pub is_fifo: bool,
}

impl Network {
    /// The same network, which loses so many of a hundred copies.
    #[must_use]
    pub fn losing(self, percent: u32) -> Network {
        Network { loss: percent.min(99), ..self }
    }
}

/// How long something takes, in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Latency {
    /// Always the same.
    Constant(u64),
    /// Anything from the first to the second.
    Uniform(u64, u64),
    /// Half of the draws are below `median`, one in a hundred is above `p99`.
    Lognormal { median: u64, p99: u64 },
}

/// What applications ask for: an open loop over some keys, every kind of operation alike unless the
/// test's own tables say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Operations a second.
    pub rate: u32,
    /// How many keys there are, from one on.
    pub keys: u32,
}

/// Something that goes wrong for a while. Nodes are numbers of the first role's nodes; where a day
/// has fewer of them, they are counted round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When it begins, in milliseconds.
    pub at_ms: u64,
    /// How long it lasts, in milliseconds; above zero.
    pub lasts_ms: u64,
    /// What it is.
    pub trouble: Trouble,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A node crashes, and restarts in the end.
    Crash(u32),
    /// A node stands still.
    Pause(u32),
    /// A node hears nobody, and nobody hears it.
    Isolate(u32),
    /// The second hears nothing from the first.
    OneWay(u32, u32),
    /// Two groups of nodes can not talk: those whose bit is set, and the others.
    Partition(u32),
    /// So many of a hundred copies are lost, on every link.
    Loss(u32),
    /// Every message takes so many milliseconds.
    Slow(u64),
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Latency::Constant(span) => write!(f, "\"{span}us\""),
            Latency::Uniform(from, to) => write!(f, "\"{from}us..{to}us\""),
            Latency::Lognormal { median, p99 } => {
                write!(f, "{{ lognormal = {{ median = \"{median}us\", p99 = \"{p99}us\" }} }}")
            }
        }
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = &self.frame;
        writeln!(f, "title = \"A drawn day of {}\"", frame.protocol)?;
        writeln!(f, "protocol = \"{}\"", frame.protocol)?;
        writeln!(f, "duration = \"{}ms\"\nseed = {}", 2 * frame.half_ms, self.seed)?;
        if let Some(bug) = &frame.bug {
            writeln!(f, "bug = \"{bug}\"")?;
        }
        if !self.roles.is_empty() {
            writeln!(f, "\n[cluster]")?;
            for (role, count) in &self.roles {
                writeln!(f, "{role} = {count}")?;
            }
        }
        let Network { latency, loss, duplicate, is_fifo } = &self.network;
        writeln!(f, "\n[network]\nlatency = {latency}")?;
        for (key, percent) in [("loss", loss), ("duplicate", duplicate)] {
            if *percent > 0 {
                writeln!(f, "{key} = 0.{:02}", percent.min(&99))?;
            }
        }
        if *is_fifo {
            writeln!(f, "order = \"fifo\"")?;
        }
        writeln!(f, "\n[disk]\nsync_latency = {}", self.sync_latency)?;
        let Workload { rate, keys } = self.workload;
        writeln!(f, "\n[workload]\nrate = \"{rate}/s\"\nkeys = {keys}")?;
        f.write_str(&self.fault_tables())?;
        if !frame.tables.is_empty() {
            writeln!(f, "\n{}", frame.tables.trim())?;
        }
        for expectation in &frame.expectations {
            writeln!(f, "\n[[expect]]\n{expectation}")?;
        }
        Ok(())
    }
}

impl Day {
    /// The scenario file.
    #[must_use]
    pub fn toml(&self) -> String {
        self.to_string()
    }

    /// How many nodes may be hit.
    fn nodes(&self) -> u32 {
        let drawn = self.frame.first_role.map(|first| self.roles[first].1);
        drawn.unwrap_or(self.frame.hit).max(1)
    }

    /// The faults in the order of time. Faults on named nodes may not contradict each other: who is
    /// down or paused is left alone until it is back.
    fn fault_tables(&self) -> String {
        let mut faults: Vec<&Fault> = self.faults.iter().collect();
        faults.sort_by_key(|fault| fault.at_ms);
        let mut busy_until = vec![0; self.nodes() as usize];
        let mut text = String::new();
        for Fault { at_ms, lasts_ms, trouble } in faults {
            let lasts_ms = lasts_ms.max(&1);
            if let Trouble::Crash(node) | Trouble::Pause(node) = trouble {
                let until = &mut busy_until[(node % self.nodes()) as usize];
                if *at_ms < *until {
                    continue;
                }
                *until = at_ms + lasts_ms + 1;
            }
            let Some(kind) = self.kind(trouble) else { continue };
            let ends = match trouble {
                Trouble::Crash(_) => "restart_after",
                _ => "for",
            };
            write!(text, "\n[[fault]]\nat = \"{at_ms}ms\"\n{kind}\n{ends} = \"{lasts_ms}ms\"\n")
                .expect("a string takes text");
        }
        text
    }

    /// Key and value of a fault; nothing where there are too few nodes for it.
    fn kind(&self, trouble: &Trouble) -> Option<String> {
        let name = |node: u32| format!("\"n{}\"", node % self.nodes() + 1);
        Some(match *trouble {
            Trouble::Crash(node) => format!("crash = {}", name(node)),
            Trouble::Pause(node) => format!("pause = {}", name(node)),
            Trouble::Isolate(_) if self.nodes() == 1 => return None,
            Trouble::Isolate(node) => format!("isolate = {}", name(node)),
            Trouble::OneWay(from, to) if name(from) == name(to) => return None,
            Trouble::OneWay(from, to) => {
                format!("one_way = {{ from = {}, to = {} }}", name(from), name(to))
            }
            Trouble::Partition(mask) => {
                let group = |bit: u32| {
                    let members = (0..self.nodes()).filter(|n| mask >> (n % 32) & 1 == bit);
                    members.map(name).collect::<Vec<_>>().join(", ")
                };
                let (one, other) = (group(1), group(0));
                if one.is_empty() || other.is_empty() {
                    return None;
                }
                format!("partition = [[{one}], [{other}]]")
            }
            Trouble::Loss(percent) => format!("loss = 0.{:02}", percent.min(99)),
            Trouble::Slow(span) => format!("latency = \"{span}ms\""),
        })
    }
}
