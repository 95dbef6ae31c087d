//! The fold of a sweep: rows come in the order of their seeds, and little of each is kept.

use std::collections::BTreeMap;

use rehearsal_sim::catalog::Entry;
use rehearsal_sim::metrics::is_span;
use rehearsal_sim::record::Judgement;
use rehearsal_sim::simulation::Digest;
use serde::{Deserialize, Serialize};

use super::column::{Band, Column};
use super::pooled::Pooled;
use super::row::{MEASURES, Row, Unit};

/// What the rows said so far. A run takes eight bytes and eight for each number that is not zero.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Rows taken.
    pub(super) runs: u64,
    /// Seeds that failed, in order.
    pub(super) failed: Vec<u64>,
    /// Seeds that could not be judged, in order.
    pub(super) inconclusive: Vec<u64>,
    /// Runs in which operations rightly waited at the end.
    pub(super) stuck: u64,
    /// Runs that were repeated and compared.
    pub(super) repeated: u64,
    /// Of each run.
    pub(super) digests: Vec<u64>,
    digest: Digest,
    pub(super) latencies: Pooled,
    measured: [Measured; MEASURES.len()],
    metrics: BTreeMap<String, Column>,
}

/// A measure, and how many runs have it.
#[derive(Debug, Default)]
struct Measured {
    column: Column,
    runs: u64,
}

/// How often a probe was hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hits {
    /// The probe.
    pub(super) name: String,
    /// What it stands for.
    pub(super) sentence: String,
    /// In how many seeds.
    pub(super) seeds: u64,
    /// How often in all of them together.
    pub(super) hits: i64,
    /// The first seed that had the most hits; `null` when it was never hit.
    pub(super) most_seed: Option<u64>,
}

/// The numbers of all runs, each name with its statistics.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) measures: Vec<Band>,
    pub(super) metrics: Vec<Band>,
    pub(super) probes: Vec<Hits>,
}

impl Tally {
    /// Takes the row of the next seed in.
    pub(super) fn take(&mut self, row: &Row) {
        let seed = row.seed;
        self.runs += 1;
        match row.verdict {
            Judgement::Pass => {}
            Judgement::Fail => self.failed.push(seed),
            Judgement::Inconclusive => self.inconclusive.push(seed),
        }
        self.stuck += u64::from(row.stuck);
        self.repeated += u64::from(row.repeated);
        self.digests.push(u64::from_str_radix(&row.digest, 16).expect("a digest is hexadecimal"));
        self.digest.text(&row.digest);
        self.latencies.merge(&row.latencies);
        for (measured, number) in self.measured.iter_mut().zip(row.numbers) {
            if let Some(number) = number {
                measured.column.take(number, seed);
                measured.runs += 1;
            }
        }
        for (name, value) in &row.metrics {
            match self.metrics.get_mut(name) {
                Some(column) => column.take(*value, seed),
                None => self.metrics.entry(name.clone()).or_default().take(*value, seed),
            }
        }
    }

    /// Over the digests of all runs, in order.
    pub(super) fn digest(&self) -> String {
        self.digest.to_string()
    }

    /// The statistics; the columns are used up.
    pub(super) fn numbers(&mut self, entry: &Entry) -> Numbers {
        let runs = self.runs;
        let probes = entry.probes.iter().map(|probe| {
            let column = self.metrics.remove(probe.name).unwrap_or_default();
            let (seeds, hits) = (column.hits(), column.sum());
            let most_seed = column.band(probe.name, Unit::Count, runs).most_seed;
            let (name, sentence) = (probe.name.to_owned(), probe.sentence.to_owned());
            Hits { name, sentence, seeds, hits, most_seed }
        });
        let probes = probes.collect();
        let measured = std::mem::take(&mut self.measured);
        let measures = MEASURES.iter().zip(measured);
        let measures = measures
            .map(|(measure, found)| found.column.band(measure.name, measure.unit, found.runs));
        let metrics = std::mem::take(&mut self.metrics);
        let metrics =
            metrics.into_iter().map(|(name, column)| column.band(&name, unit(&name), runs));
        Numbers { measures: measures.collect(), metrics: metrics.collect(), probes }
    }
}

/// What a metric counts; its name tells.
fn unit(metric: &str) -> Unit {
    if is_span(metric) { Unit::Ns } else { Unit::Count }
}
