//! What a sweep found, as one JSON object: `--json` prints it, `sweep.json` holds it, and
//! `--against` reads it.

use rehearsal_sim::record::{Head, Judgement, Latency};
use serde::{Deserialize, Serialize};

use super::against::Against;
use super::column::Band;
use super::tally::Hits;
use crate::cli::results::Host;

/// What a sweep found, in the order of the seeds.
#[derive(Serialize)]
pub(super) struct Summary {
    #[serde(flatten)]
    pub(super) facts: Facts,
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) inconclusive: u64,
    pub(super) legally_stuck: u64,
    /// How many seeds were run twice and compared.
    pub(super) repeated: u64,
    /// The latencies of all operations of all seeds together, percentiles to 1.6 %.
    pub(super) latency_ns: Latency,
    pub(super) probes: Vec<Hits>,
    /// What the scenario's swarm has to reach, and did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unreached: Vec<String>,
    /// Over the digests of all seeds, in order.
    pub(super) digest: String,
    /// Those that are described, the lowest seeds first.
    pub(super) failures: Vec<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) against: Option<Against>,
    /// What depends on the machine.
    pub(super) host: Host,
}

/// What a later sweep can be compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// The scenario's name or path, as the user wrote it.
    pub(super) scenario: String,
    pub(super) protocol: String,
    pub(super) version: String,
    /// Over the scenario with all it is made of.
    pub(super) fingerprint: String,
    /// The first seed, and the one behind the last.
    pub(super) seeds: [u64; 2],
    /// Set when `--fail-fast` ended the sweep here: the seeds that were asked for.
    pub(super) asked: Option<[u64; 2]>,
    pub(super) measures: Vec<Band>,
    pub(super) metrics: Vec<Band>,
    pub(super) failed_seeds: Vec<u64>,
    pub(super) inconclusive_seeds: Vec<u64>,
    /// Of each seed, in order.
    pub(super) digests: Vec<String>,
}

/// A run that something is to be told of.
#[derive(Serialize)]
pub(super) struct Outcome {
    pub(super) head: Head,
    pub(super) reproduce: String,
    /// The line that runs the smallest scenario that fails the same, where it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) minimal: Option<String>,
}

impl Summary {
    /// The judgement over all seeds.
    pub(super) fn verdict(&self) -> Judgement {
        if !self.unreached.is_empty() {
            return Judgement::Fail;
        }
        match (self.failed, self.inconclusive) {
            (0, 0) => Judgement::Pass,
            (0, _) => Judgement::Inconclusive,
            _ => Judgement::Fail,
        }
    }
}
