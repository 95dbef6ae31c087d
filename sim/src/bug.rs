//! Planted bugs: one wrong decision each, switched on by name, so that checkers can be tried.

use std::cell::Cell;
use std::fmt::Debug;

/// The bugs that can be planted into a protocol: a plain enum, usually in the protocol's `bugs.rs`.
pub trait PlantedBug: Copy + Debug + Eq + 'static {
    /// All of them, in the order of the enum; at most 64.
    const ALL: &'static [Self];
    /// What the world should know about this one.
    fn info(self) -> BugInfo;
}

/// A planted bug, described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BugInfo {
    /// The name that scenarios and `--bug` use: `vote-not-persisted`.
    pub slug: &'static str,
    /// Its number in the catalogue of known bugs, where it has one: `bug:E4`.
    pub id: Option<&'static str>,
    /// What is wrong, in a sentence.
    pub sentence: &'static str,
    /// Where it was seen or described.
    pub source: &'static str,
    /// The property that catches it.
    pub property: &'static str,
    /// The scenario that `rehearsal hunt` looks for it with, by name; left out, `<protocol>/swarm`.
    pub hunt: Option<&'static str>,
}

/// The bugs of a protocol that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBugs {}

impl PlantedBug for NoBugs {
    const ALL: &'static [NoBugs] = &[];
    fn info(self) -> BugInfo {
        match self {}
    }
}

/// The bugs that are on in a run, with how often each one's decision was reached: a bug whose line
/// was never reached has proved nothing.
#[derive(Clone, Debug, Default)]
pub struct BugSet {
    on: u64,
    reached: Cell<u64>,
    evaluations: Cell<u64>,
}

impl BugSet {
    /// No bug at all.
    #[allow(clippy::declare_interior_mutable_const)] // each use is a count of its own
    pub const NONE: BugSet = BugSet::with(0);

    /// The set with the bugs at these indexes of [`PlantedBug::ALL`].
    pub fn of(indexes: &[usize]) -> BugSet {
        BugSet::with(indexes.iter().fold(0, |on, i| on | 1 << i))
    }

    const fn with(on: u64) -> BugSet {
        BugSet { on, reached: Cell::new(0), evaluations: Cell::new(0) }
    }

    /// Whether any bug is on.
    pub fn any(&self) -> bool {
        self.on != 0
    }

    /// Whether the bug at this index is on; counts the question when it is.
    pub(crate) fn planted(&self, index: usize) -> bool {
        let on = self.on != 0 && self.on >> index & 1 == 1;
        if on {
            self.evaluations.set(self.evaluations.get() + 1);
            self.reached.set(self.reached.get() | 1 << index);
        }
        on
    }

    /// Whether a bug is on whose decision was never taken.
    pub(crate) fn misses(&self) -> bool {
        self.on & !self.reached.get() != 0
    }

    /// How often a planted decision was taken.
    pub fn evaluations(&self) -> u64 {
        self.evaluations.get()
    }
}

/// Plants a bug around one decision: `mutant!(fx, Bug::X, good, wrong)` is `good`, and `wrong`
/// while bug `X` is on. The only form in which bugs appear in code; lazy in both arms.
#[macro_export]
macro_rules! mutant {
    ($fx:expr, $bug:expr, $good:expr, $wrong:expr $(,)?) => {
        if $fx.planted($bug) { $wrong } else { $good }
    };
}
