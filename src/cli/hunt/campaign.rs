//! One bug, many seeds, all cores. What is told does not depend on how many threads ran: finds are
//! kept by seed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;

use rehearsal_scenarios::Loaded;
use rehearsal_sim::plan::Watch;
use rehearsal_sim::record::{Judgement, ViolationKind};

use super::statistics::{Ratio, Split};
use crate::cli::progress::Seeds;
use crate::cli::{Failure, exec};

/// What is to be run.
pub(super) struct Campaign<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) seeds: Range<u64>,
    pub(super) jobs: usize,
    pub(super) check_budget: u64,
    /// End with the lowest seed that finds something.
    pub(super) until_found: bool,
}

/// What a seed did.
struct Row {
    /// The properties that it broke; empty where it found nothing.
    broke: Vec<(String, ViolationKind)>,
    inconclusive: bool,
    /// How often the planted decision was taken.
    evaluations: u64,
    /// The families of faults that were drawn, where each was on or off by a coin of its own.
    families: Option<Vec<&'static str>>,
}

/// What all seeds did.
#[derive(Debug, Default)]
pub(super) struct Catch {
    /// How many seeds ran.
    pub(super) seeds: u64,
    /// The seeds that found it, in order.
    pub(super) found: Vec<u64>,
    pub(super) inconclusive: u64,
    pub(super) evaluations: u64,
    /// In how many seeds the planted decision was taken at all.
    pub(super) reached: u64,
    /// By property: its kind, and how many seeds broke it.
    pub(super) caught_by: BTreeMap<String, (ViolationKind, u64)>,
    /// By family.
    splits: BTreeMap<&'static str, (u64, u64)>,
    /// Days on which families were on or off by coins, and how many of them found it.
    coins: (u64, u64),
}

impl Campaign<'_> {
    pub(super) fn go(&self) -> Result<Catch, Failure> {
        let next = AtomicU64::new(self.seeds.start);
        let lowest = AtomicU64::new(u64::MAX);
        let (sender, receiver) = channel();
        let mut rows = BTreeMap::new();
        let mut bar = Seeds::new(self.seeds.end - self.seeds.start, 0, 0);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                let (sender, next, lowest) = (sender.clone(), &next, &lowest);
                scope.spawn(move || self.work(next, lowest, &sender));
            }
            drop(sender);
            for (seed, row) in &receiver {
                let row: Result<Row, Failure> = row;
                let row = row.inspect_err(|_| lowest.store(0, Ordering::Relaxed))?;
                bar.finished(!row.broke.is_empty());
                bar.show();
                rows.insert(seed, row);
            }
            Ok(())
        })?;
        let last = lowest.load(Ordering::Relaxed);
        let mut catch = Catch::default();
        rows.into_iter()
            .filter(|(seed, _)| *seed <= last)
            .for_each(|(seed, row)| catch.take(seed, row));
        Ok(catch)
    }

    fn work(
        &self,
        next: &AtomicU64,
        lowest: &AtomicU64,
        out: &std::sync::mpsc::Sender<(u64, Result<Row, Failure>)>,
    ) {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !self.seeds.contains(&seed) || seed > lowest.load(Ordering::Relaxed) {
                return;
            }
            let row = catch_unwind(AssertUnwindSafe(|| self.run(seed)))
                .unwrap_or_else(|_| Err(Failure::OwnPanic(exec::own_panic())));
            if self.until_found && row.as_ref().is_ok_and(|row| !row.broke.is_empty()) {
                lowest.fetch_min(seed, Ordering::Relaxed);
            }
            if out.send((seed, row)).is_err() {
                return;
            }
        }
    }

    fn run(&self, seed: u64) -> Result<Row, Failure> {
        let drawn = exec::drawn(self.loaded, seed)?;
        let plan = drawn.as_ref().map_or(&self.loaded.plan, |drawn| &drawn.plan);
        let watch = Watch { check_budget: self.check_budget, ..Watch::QUIET };
        let head = exec::run(&self.loaded.entry, plan, seed, &watch)?.head;
        let found = head.violations.iter().filter(|one| one.kind != ViolationKind::Expectation);
        let by_coins = |profile: &str| ["swarm", "points"].contains(&profile);
        let evaluations = head.metrics.get("bug_evaluations").copied().unwrap_or(0);
        Ok(Row {
            broke: found.map(|one| (one.property.clone(), one.kind)).collect(),
            inconclusive: head.verdict == Judgement::Inconclusive,
            evaluations: u64::try_from(evaluations).unwrap_or(0),
            families: drawn.filter(|drawn| by_coins(drawn.profile)).map(|drawn| drawn.families),
        })
    }
}

impl Catch {
    fn take(&mut self, seed: u64, row: Row) {
        let found = u64::from(!row.broke.is_empty());
        self.seeds += 1;
        self.inconclusive += u64::from(row.inconclusive);
        self.evaluations = self.evaluations.saturating_add(row.evaluations);
        self.reached += u64::from(row.evaluations > 0);
        if found == 1 {
            self.found.push(seed);
        }
        let broke: BTreeMap<String, ViolationKind> = row.broke.into_iter().collect();
        for (property, kind) in broke {
            self.caught_by.entry(property).or_insert((kind, 0)).1 += 1;
        }
        if let Some(families) = row.families {
            self.coins.0 += 1;
            self.coins.1 += found;
            for family in families {
                let (on, found_on) = self.splits.entry(family).or_default();
                *on += 1;
                *found_on += found;
            }
        }
    }

    /// Adds what other, later seeds did.
    pub(super) fn join(&mut self, later: Catch) {
        self.seeds += later.seeds;
        self.found.extend(later.found);
        self.inconclusive += later.inconclusive;
        self.evaluations = self.evaluations.saturating_add(later.evaluations);
        self.reached += later.reached;
        for (property, (kind, seeds)) in later.caught_by {
            self.caught_by.entry(property).or_insert((kind, 0)).1 += seeds;
        }
        for (family, (on, found_on)) in later.splits {
            let known = self.splits.entry(family).or_default();
            *known = (known.0 + on, known.1 + found_on);
        }
        self.coins = (self.coins.0 + later.coins.0, self.coins.1 + later.coins.1);
    }

    /// The property that most seeds broke, with its kind.
    pub(super) fn property(&self) -> Option<(&str, ViolationKind)> {
        let most = self.caught_by.iter().rev().max_by_key(|(_, (_, seeds))| *seeds)?;
        Some((most.0, most.1.0))
    }

    /// The families of faults with which the bug is found more, or less, often than without; the
    /// strongest first.
    pub(super) fn ratios(&self) -> Vec<Ratio> {
        let (days, found) = self.coins;
        let ratio = |(family, (on, found_on)): (&&'static str, &(u64, u64))| {
            let (off, found_off) = (days - on, found - found_on);
            Ratio::of(family, Split { on: *on, found_on: *found_on, off, found_off })
        };
        let mut ratios: Vec<Ratio> = self.splits.iter().filter_map(ratio).collect();
        ratios.retain(|ratio| ratio.is_trigger() || ratio.is_suppressor());
        let strength = |ratio: &Ratio| ratio.ratio.max(0.01).ln().abs();
        ratios.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then(a.family.cmp(b.family)));
        ratios
    }
}
