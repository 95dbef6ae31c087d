//! Checking a protocol on many drawn days.

use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use rehearsal_sim::catalog::Entry;
use rehearsal_sim::time::Span;

use super::day::{Day, Frame};
use super::{Fault, Latency, Network, Workload, fault, latency, network, regressions, workload};
use crate::property;

/// Stands for a property where a day could not even be run.
const NO_SCENARIO: &str = "this is no scenario";

/// Days of one protocol, and how to check them.
///
/// Without further words a day has the scenario's default number of nodes, 3 seconds in which up to
/// six faults begin and as long again to recover, and expects `linearizable = true`, together with
/// every invariant of the protocol.
#[derive(Clone, Debug)]
#[must_use = "days do nothing until they are checked"]
pub struct Days {
    frame: Frame,
    roles: Vec<(String, RangeInclusive<u32>)>,
    network: BoxedStrategy<Network>,
    sync_latency: BoxedStrategy<Latency>,
    workload: BoxedStrategy<Workload>,
    fault: Option<BoxedStrategy<Fault>>,
    most_faults: usize,
    cases: u32,
    regressions: Option<PathBuf>,
    does_expect: bool,
}

impl Days {
    /// Days of the protocol of this name.
    pub fn of(protocol: &str) -> Days {
        Days {
            frame: Frame {
                protocol: protocol.to_owned(),
                hit: 1,
                first_role: None,
                half_ms: 3_000,
                bug: None,
                tables: String::new(),
                expectations: vec!["linearizable = true".to_owned()],
            },
            roles: Vec::new(),
            network: network().boxed(),
            sync_latency: latency(5_000).boxed(),
            workload: workload().boxed(),
            fault: None,
            most_faults: 6,
            cases: 128,
            regressions: Some(PathBuf::from("tests/regressions")),
            does_expect: false,
        }
    }

    /// How many nodes there are of a role, by its name in `[cluster]`.
    pub fn role(mut self, plural: &str, count: RangeInclusive<u32>) -> Days {
        self.roles.retain(|(known, _)| known != plural);
        self.roles.push((plural.to_owned(), count));
        self
    }

    /// Which networks there are.
    pub fn network(mut self, network: impl Strategy<Value = Network> + 'static) -> Days {
        self.network = network.boxed();
        self
    }

    /// How long syncs of disks take.
    pub fn sync_latency(mut self, latency: impl Strategy<Value = Latency> + 'static) -> Days {
        self.sync_latency = latency.boxed();
        self
    }

    /// What applications ask for.
    pub fn workload(mut self, workload: impl Strategy<Value = Workload> + 'static) -> Days {
        self.workload = workload.boxed();
        self
    }

    /// What goes wrong.
    pub fn faults(mut self, fault: impl Strategy<Value = Fault> + 'static) -> Days {
        self.fault = Some(fault.boxed());
        self
    }

    /// At most so many faults a day; 0 for calm days.
    pub fn most_faults(mut self, count: usize) -> Days {
        self.most_faults = count;
        self
    }

    /// How long a day is: faults begin in its first half. At least 2 ms.
    pub fn lasting(mut self, span: Span) -> Days {
        self.frame.half_ms = (span.0 / 2_000_000).max(1);
        self
    }

    /// One more thing to expect, as a line under `[[expect]]`: `linearizable = true`. The first one
    /// takes the place of what is expected without it.
    pub fn expect(mut self, line: &str) -> Days {
        if !self.does_expect {
            self.frame.expectations.clear();
            self.does_expect = true;
        }
        self.frame.expectations.push(line.to_owned());
        self
    }

    /// Tables of one's own, in the scenario language: `"[raft]\nheartbeat = \"50ms\""`.
    pub fn tables(mut self, toml: &str) -> Days {
        self.frame.tables = toml.to_owned();
        self
    }

    /// Plants a bug, to see that it is found.
    pub fn bug(mut self, slug: &str) -> Days {
        self.frame.bug = Some(slug.to_owned());
        self
    }

    /// How many days are drawn; 128 unless said. The environment variable `PROPTEST_CASES` overrules
    /// it, and `REHEARSAL_CASES_SEED=7` draws other days.
    pub fn cases(mut self, cases: u32) -> Days {
        self.cases = cases;
        self
    }

    /// The folder that failing days are kept in and replayed from, `tests/regressions` in the crate
    /// under test unless said.
    pub fn regressions(mut self, folder: impl Into<PathBuf>) -> Days {
        self.regressions = Some(folder.into());
        self
    }

    /// No failing day is kept or replayed.
    pub fn unkept(mut self) -> Days {
        self.regressions = None;
        self
    }

    /// The days as a strategy, for a `proptest!` of one's own.
    pub fn strategy(&self) -> impl Strategy<Value = Day> + use<> {
        let counts: Vec<_> = self.roles.iter().map(|(_, count)| count.clone()).collect();
        let half_ms = self.frame.half_ms;
        let fault = self.fault.clone().unwrap_or_else(|| fault(half_ms).boxed());
        let names: Vec<String> = self.roles.iter().map(|(name, _)| name.clone()).collect();
        let frame = Arc::new(self.frame.clone());
        let world = (self.network.clone(), self.sync_latency.clone(), self.workload.clone());
        let faults = vec(fault, 0..=self.most_faults);
        (counts, world, faults, 0..1_000_000u64).prop_map(move |(counts, world, faults, seed)| {
            let (network, sync_latency, workload) = world;
            let roles = names.iter().cloned().zip(counts).collect();
            let frame = Arc::clone(&frame);
            Day { frame, roles, network, sync_latency, workload, faults, seed }
        })
    }

    /// Checks the protocol on the days that failed before, and then on days that are drawn.
    ///
    /// # Panics
    /// With the first day that fails, made as small as it goes: what was violated, the last steps
    /// before it, the scenario, and where it is kept.
    #[track_caller]
    pub fn check(self, catalog: &[Entry]) {
        if let Err(failure) = self.try_check(catalog) {
            panic!("{failure}");
        }
    }

    /// The same as a `Result`, for tests that something *is* found; see [`Days::unkept`].
    ///
    /// # Errors
    /// What [`Days::check`] panics with.
    pub fn try_check(self, catalog: &[Entry]) -> Result<(), String> {
        let (folder, protocol) = (self.regressions.clone(), self.frame.protocol.clone());
        if let Some(folder) = &folder {
            regressions::replay(folder, &protocol, catalog)?;
        }
        self.draw(catalog).map_err(|found| match (folder, found.property) {
            (Some(folder), Some(property)) => {
                regressions::keep(&folder, &protocol, &property, &found.text, &found.failure)
            }
            _ => found.failure,
        })
    }

    fn draw(mut self, catalog: &[Entry]) -> Result<(), Found> {
        self.find_first_role(catalog);
        let number =
            |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let cases = number("PROPTEST_CASES").and_then(|cases| u32::try_from(cases).ok());
        let config = Config {
            cases: cases.unwrap_or(self.cases),
            failure_persistence: None,
            max_shrink_iters: 2_048,
            ..Config::default()
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number("REHEARSAL_CASES_SEED").unwrap_or(0).to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let drawn = Cell::new(0);
        // What the first day that failed violated: a smaller day must violate the same.
        let property: RefCell<Option<String>> = RefCell::new(None);
        let outcome = TestRunner::new_with_rng(config, rng).run(&self.strategy(), |day| {
            let mut known = property.borrow_mut();
            drawn.set(drawn.get() + u32::from(known.is_none()));
            let found = property::violated(&day.to_string(), day.seed, catalog);
            match found.unwrap_or_else(|_| Some(NO_SCENARIO.to_owned())) {
                Some(found) if known.as_ref().is_none_or(|known| *known == found) => {
                    *known = Some(found);
                    Err(TestCaseError::fail("violated"))
                }
                _ => Ok(()),
            }
        });
        match outcome {
            Ok(()) => Ok(()),
            Err(TestError::Abort(why)) => Err(Found::of(why.to_string())),
            Err(TestError::Fail(_, day)) => {
                let property = property.into_inner().unwrap_or_default();
                Err(Found::new(&day, property, drawn.get(), catalog))
            }
        }
    }

    /// Faults on nodes hit those of the protocol's first role.
    fn find_first_role(&mut self, catalog: &[Entry]) {
        let Some(entry) = catalog.iter().find(|entry| entry.name == self.frame.protocol) else {
            return;
        };
        if let Some(first) = (entry.roles)().first() {
            self.frame.hit = first.default_count;
            self.frame.first_role = self.roles.iter().position(|(name, _)| name == first.plural);
        }
    }
}

/// A day that failed.
struct Found {
    /// What it violates; nothing if it could not even be run.
    property: Option<String>,
    /// The scenario, as small as it goes.
    text: String,
    /// What is told of it.
    failure: String,
}

impl Found {
    fn of(failure: String) -> Found {
        Found { property: None, text: String::new(), failure }
    }

    /// Proptest made the day small; what a scenario can do without beside that, it goes without.
    fn new(day: &Day, property: String, drawn: u32, catalog: &[Entry]) -> Found {
        let text = match crate::shrink(&day.to_string(), day.seed, catalog, property::BUDGET) {
            Ok(small) if small.violation.property == property => small.text,
            _ => day.to_string(),
        };
        let failure = match property::try_check_own_seed(&text, catalog) {
            Err(failure) => {
                format!("day {drawn} fails, and this is the smallest like it.\n\n{failure}")
            }
            Ok(()) => format!("{property} was violated and then was not; the day:\n\n{text}"),
        };
        let property = (property != NO_SCENARIO).then_some(property);
        Found { property, text, failure }
    }
}
